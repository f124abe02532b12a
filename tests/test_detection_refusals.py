"""Damaged files of detections: which words name file, line and field; mutants of each format by the hundred."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgproc import Detections, DetectionSet, read_detections, write_detections
from imgproc._core.runs import Runs
from imgproc.detections import read_coco, read_csv, read_jsonl, read_voc, read_yolo

HEADER = '{"format": "imgproc detections", "version": 1}\n'
CSV = "image,x1,y1,x2,y2,score,label,class\n"
SIZED = "image,x,y,w,h,height,width\n"
IMAGES = '"images": [{"id": 1, "file_name": "a"}], "categories": [{"id": 1, "name": "c"}]'
OBJECT = (
    "<annotation><filename>a</filename>\n<object><name>c</name>\n<bndbox>{}</bndbox></object></annotation>"
)
CORNERS = "<xmin>1</xmin><ymin>1</ymin><xmax>{}</xmax><ymax>9</ymax>"


def dataset(annotation: str) -> str:
    return f'{{{IMAGES}, "annotations": [{annotation}]}}'


def coco(**changes: Any) -> str:
    return dataset(json.dumps({"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]} | changes))


def line(**changes: Any) -> str:
    return HEADER + json.dumps({"image": "a", "boxes": [[0, 0, 1, 1]], "scores": [1]} | changes)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", "", ' must be a header with "format": "imgproc detections"'),
        ("a.jsonl", "nothing", ": line 1 must be JSON, got expecting value"),
        ("a.jsonl", "{}", ': line 1 must be a header with "format": "imgproc detections"'),
        ("a.jsonl", HEADER.replace("1}", "2}"), ": line 1: version must be 1, the version that this imgproc"),
        ("a.jsonl", HEADER.replace("1}", '1, "kind": 3}'), ': line 1: kind must be "detections" or "truth",'),
        ("a.jsonl", HEADER.replace("1}", '1, "classes": {"a": "b"}}'), ": line 1: classes must be integers "),
        ("a.jsonl", HEADER.replace("1}", '1, "classes": {"1": "b", "2": "b"}}'), ": class_names must be a m"),
        ("a.jsonl", HEADER.replace("1}", '1, "params": NaN}'), ": line 1 must be JSON of finite numbers, go"),
        ("a.jsonl", HEADER + "\n[]", ": line 3 must be an object with image, boxes, got list []"),
        ("a.jsonl", HEADER + '{"image": "a"}', ": line 2 must be an object with image, boxes, got none of t"),
        ("a.jsonl", line(image=""), ": line 2: image must be a text that is not empty, got ''"),
        ("a.jsonl", line() + "\n" + line().split("\n")[1], ": line 3: image must be an image that was not n"),
        ("a.jsonl", line(size=[4]), ": line 2: size must be a list of 2 integers, height and width"),
        ("a.jsonl", line(size=[4, 0]), ": line 2: size: width must be an integer from 1 to 2147483647, got "),
        ("a.jsonl", line(boxes=[[0, 0, 1]]), ": line 2: boxes[0] must be a list of 4 numbers, x1, y1, x2, y"),
        ("a.jsonl", line(boxes=[[0, 0, "1", 1]]).replace('"1"', "true"), ": line 2: boxes[0] must be four f"),
        ("a.jsonl", line(boxes=[[0, 0, -1, 1]]), ": line 2: boxes[0] must be a box with x1 <= x2 and y1 <= "),
        ("a.jsonl", line().replace("[[0", "[[1e999"), ": line 2: boxes[0] must be four finite numbers, got "),
        ("a.jsonl", line(scores=[]), ": line 2: scores must be a list of 1 values, one for each of the boxe"),
        ("a.jsonl", line(scores=["x"]), ": line 2: scores[0] must be a finite number, got 'x'"),
        ("a.jsonl", line(scores=[None]), ": line 2: scores[0] must be a finite number, got None"),
        ("a.jsonl", HEADER + '{"image": "a", "boxes": [[0, 0, 1, 1]]}', ": line 2: scores must be a list of"),
        ("a.jsonl", line(labels=[0.5]), ": line 2: labels[0] must be an integer within 32 bits, got 0.5"),
        ("a.jsonl", line(labels=[2**31]), ": line 2: labels[0] must be an integer within 32 bits, got 21474"),
        ("a.jsonl", line(counts=[0]), ": line 2: counts[0] must be an integer >= 1, got 0"),
        ("a.jsonl", line(crowd=[1]), ": line 2: crowd[0] must be true or false, got 1"),
        ("a.jsonl", line(areas=[-1]), ": line 2: areas[0] must be a number >= 0, got -1"),
        ("a.jsonl", line(masks=[{"size": [1, 1], "counts": [2]}]), ": line 2: masks[0].counts must be run l"),
        ("a.jsonl", line(keypoints=[3]), ": line 2: keypoints[0] must be a list of values, got 3"),
        (
            "a.jsonl",
            line(keypoints=[[[1, 2]]]),
            ": line 2: keypoints[0][0] must be a list of 3 numbers, x, y, sc",
        ),
        (
            "a.jsonl",
            line(keypoints=[[[1, 2, "x"]]]),
            ": line 2: keypoints[0][0] must be a finite number, got 'x'",
        ),
        ("a.jsonl", line(id=1) + "\n" + line(image="b").split("\n")[1], ": line 3: id must be given for all"),
        ("a.jsonl", line(id=1.5), ": line 2: id must be an integer, got 1.5"),
        ("a.csv", "", ": line 1 must be a header with the columns image and x1, y1, x2, y2 (or x, y, w, h),"),
        ("a.csv", "a,b\n", ": line 1 must be a header with the columns image and x1, y1, x2, y2 (or x, y, w"),
        ("a.csv", "file," + CSV, ": line 1 must be one column image, got 2"),
        ("a.csv", CSV + "a,0,0,1\n", ": line 2 must be 8 cells, as in the header, got 4"),
        ("a.csv", CSV + "a,0,0,1,x,1,0,c\n", ": line 2: y2 must be a finite number, got 'x'"),
        ("a.csv", CSV + "a,0,0,1,,1,0,c\n", ": line 2: y2 must be a finite number, got ''"),
        ("a.csv", CSV + "a,0,0,1,nan,1,0,c\n", ": line 2: y2 must be a finite number, got 'nan'"),
        ("a.csv", CSV + "a,0,0,1,1_0,1,0,c\n", ": line 2: y2 must be a finite number, got '1_0'"),
        ("a.csv", CSV + "a,0,0,1,-1,1,0,c\n", ": line 2: x1, y1, x2, y2 must be a box with x1 <= x2 and y1 "),
        ("a.csv", CSV + ",0,0,1,1,1,0,c\n", ": line 2: image must be the name of an image, got ''"),
        ("a.csv", CSV + "a,0,0,1,1,1,0,c\nb,0,0,1,1,,0,c\n", ": line 3: score must be a finite number, got "),
        ("a.csv", CSV + "a,0,0,1,1,1,0,c\na,0,0,1,1,1,0,d\n", ": line 3: class must be 'c', as on an earlie"),
        ("a.csv", CSV + "a,0,0,1,1,1,c,\na,0,0,1,1,1,,d\n", ": line 3: label must be the name of a class, a"),
        ("a.csv", CSV + "a,0,0,1,1,1,99999999999,c\n", ": line 2: label must be an integer within 32 bits, "),
        ("a.csv", CSV + '"a,0\n', ": line 2 must be CSV, got unexpected end of data"),
        ("a.csv", CSV + '"a"b,0,0,1,1,1,0,c\n', ": line 2 must be CSV, got ',' expected after '\"'"),
        ("a.csv", "image,x,y,w,h,crowd\na,0,0,1,1,2\n", ": line 2: crowd must be 0 or 1, got 2"),
        ("a.csv", "image,x,y,w,h,height\na,0,0,1,1,2\n", ": line 2: width must be an integer from 1 to 2147"),
        (
            "a.csv",
            SIZED + "a,0,0,1,1,2,3\na,0,0,1,1,2,4\n",
            ": line 3: height, width must be 2 × 3, as on an earlier line",
        ),
        ("a.json", "{", ": line 1 column 2 must be JSON, got expecting property name"),
        ("a.json", "{}", " must be a data set with images and annotations, or a list of results, got someth"),
        ("a.json", "[" * 100_000, " must be JSON that is not nested so deeply"),
        ("a.json", "[" + "9" * 5000 + "]", " must be JSON, got Exceeds the limit"),
        ("a.json", "[NaN]", " must be JSON of finite numbers, got NaN"),
        ("a.json", '{"images": 3, "annotations": []}', ": images must be a list of images, got 3"),
        ("a.json", '{"images": [3], "annotations": []}', ": images[0] must be an object with id, file_name,"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', ": images[0] must be an object with id, fi"),
        ("a.json", dataset("").replace("[{", '[{"id": 1, "file_name": "b"}, {', 1), ": images[1].id must be"),
        ("a.json", dataset("").replace("[{", '[{"id": 2, "file_name": "a"}, {', 1), ": images[1].file_name "),
        ("a.json", dataset("").replace('"a"', '"a", "width": 3'), ": images[0].height must be an integer fr"),
        ("a.json", dataset("").replace('1, "name"', 'true, "name"'), ": categories[0].id must be an integer"),
        ("a.json", coco(image_id=2), ": annotations[0].image_id must be the id of one of the images, got 2"),
        ("a.json", coco(category_id=2), ": annotations[0].category_id must be the id of one of the categori"),
        ("a.json", coco(bbox=[0, 0, 1]), ": annotations[0].bbox must be x, y, width and height, finite, wid"),
        ("a.json", coco(bbox=[0, 0, -1, 1]), ": annotations[0].bbox must be x, y, width and height, finite,"),
        ("a.json", coco(bbox=[0, 0, None, 1]), ": annotations[0].bbox must be x, y, width and height, finit"),
        ("a.json", coco(area=-1), ": annotations[0].area must be a number >= 0, got -1"),
        ("a.json", coco(iscrowd=2), ": annotations[0].iscrowd must be 0 or 1, got 2"),
        ("a.json", coco(score="high"), ": annotations[0].score must be a finite number, got 'high'"),
        ("a.json", '[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}]', ": [0] must be an object wi"),
        ("a.xml", "<annotation>", ": line 1 must be well-formed XML, got no element found"),
        ("a.xml", "<!DOCTYPE annotation><annotation/>", ": line 1 must be free of document type declaration"),
        ("a.xml", "<html/>", ": line 1 must be <annotation>, got <html>"),
        ("a.xml", "<annotation/>", ": line 1: annotation.filename must be a text that is not empty, got no "),
        ("a.xml", OBJECT.format(""), ": line 3: bndbox.xmin must be a text that is not empty, got no such e"),
        ("a.xml", OBJECT.format(CORNERS.format("")), ": line 3: bndbox.xmax must be a text that is not empt"),
        ("a.xml", OBJECT.format(CORNERS.format("x")), ": line 3: bndbox.xmax must be a finite number, got '"),
        ("a.xml", OBJECT.format(CORNERS.format(-5)), ": line 3: bndbox must be a box with x1 <= x2 and y1 <"),
        ("a.xml", OBJECT.replace("<name>c</name>", ""), ": line 2: object.name must be a text that is not e"),
        ("a.xml", OBJECT.replace("bndbox", "polygon"), ": line 2: object.bndbox must be there, got no such "),
        ("a.xml", OBJECT.format(CORNERS.format(9)).replace("</name>", "</name><difficult>x</difficult>"), ""),
        ("a.xml", OBJECT.format("").replace("<object>", "<size><width>3</width></size><object>"), ": line 2"),
    ],
)
def test_damaged_files_are_named_with_line_and_field(
    tmp_path: Path, name: str, content: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content)
    readers = {".jsonl": read_jsonl, ".csv": read_csv, ".json": read_coco, ".xml": read_voc}
    read = readers[Path(name).suffix]
    with pytest.raises(ValueError, match=r"^read_") as caught:
        read(name)
    assert type(caught.value) is ValueError
    assert str(caught.value).startswith(f"{read.__name__}: file {name}{sentence}")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", "0 1 1 1", ": line 1 must be class, centre x, centre y, width, height and of detections a"),
        ("a.txt", "0 1 1 1 1\n0 1 1 1 1 1", ": line 2 must be without a score, as the lines before, got 6 n"),
        ("a.txt", "x 1 1 1 1", ": line 1: class must be a class from 0 on, got 'x'"),
        ("a.txt", "-1 1 1 1 1", ": line 1: class must be a class from 0 on, got -1"),
        ("a.txt", "0 1 1 1 inf", ": line 1: height must be a finite number, got 'inf'"),
        ("a.txt", "0 1 1 -1 1", ": line 1: width must be a number >= 0, got -1"),
        ("a.txt", "0 1e300 1 1e308 1", ": line 1 must be a box with x1 <= x2 and y1 <= y2, of finite size"),
        ("b.txt", "0 1 1 1 1", " must be named like one of the images, got no image 'b'"),
        ("classes.txt", "a\n\nb\n", ": line 2 must be the name of a class, got ''"),
        ("classes.txt", "a\na\n", ": line 2 must be a name that no other class has, got 'a'"),
    ],
)
def test_damaged_yolo_files_are_named(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=r"^read_yolo: file ") as caught:
        read_yolo(tmp_path, {"a.jpg": (10, 10)})
    assert str(caught.value).startswith(f"read_yolo: file {tmp_path / name}{sentence}")
    (tmp_path / "classes.txt").write_text("a\nb\n")
    (tmp_path / "a.txt").write_text("2 1 1 1 1")
    with pytest.raises(ValueError, match=r"a\.txt: line 1: class must be a class from 0 to 1, got 2$"):
        read_yolo(tmp_path, {"a.jpg": (10, 10)})


@pytest.mark.parametrize("points", ["[1, 2]", '[1, 2, "x"]', "3", "[[1, 2, 3]]"])
def test_wrong_keypoints_of_coco_are_named(tmp_path: Path, points: str) -> None:
    """Where they are asked for: else they are passed over."""
    path = tmp_path / "a.json"
    path.write_text(coco().replace('"bbox"', f'"keypoints": {points}, "bbox"'))
    assert read_coco(path).keypoints is None
    with pytest.raises(ValueError, match=r": annotations\[0\]\.keypoints must be "):
        read_coco(path, keypoints=True)


def test_results_of_unknown_images_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('[{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]')
    with pytest.raises(
        ValueError, match=r"r\.json: \[0\]\.image_id must be the id of an image of the data set, got 7"
    ):
        read_coco(path, dataset=DetectionSet.of({"a.jpg": Detections.empty()}))


@pytest.mark.parametrize("read", [read_jsonl, read_csv, read_coco, read_voc, read_detections])
def test_what_is_not_there_or_no_file(tmp_path: Path, read: Callable[[Path], DetectionSet]) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        read(tmp_path / "missing")
    with pytest.raises(ValueError, match=r"must be a (file|folder)"):
        read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        with pytest.raises(ValueError, match="must be a file, got something else"):
            read(tmp_path / "pipe.csv")


def _mutants(seed: bytes, count: int) -> list[bytes]:
    rng = np.random.default_rng(20260101)
    words = [
        b"-1",
        b"1e999",
        b"nan",
        b"null",
        b"[]",
        b"{}",
        b'"',
        b",",
        b"\xff",
        b"\n",
        b"0",
        b"<",
        b">",
        b"99999999999",
    ]
    found = []
    for _ in range(count):
        data = bytearray(seed)
        for _ in range(int(rng.integers(1, 4))):
            at, length = int(rng.integers(len(data))), int(rng.integers(1, 12))
            match int(rng.integers(4)):
                case 0:
                    data[at] = int(rng.integers(256))
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = words[int(rng.integers(len(words)))]
                case _:
                    data[at:at] = data[int(rng.integers(len(data))) :][:length]
            data = data or bytearray(b"0")
        found.append(bytes(data))
    return found


@pytest.mark.parametrize("kind", ["jsonl", "csv", "coco", "coco-results", "yolo", "voc"])
def test_mutated_files_give_a_set_or_a_value_error_that_names_them(tmp_path: Path, kind: str) -> None:
    boxes = np.array([[0, 0.25, 3, 3.5], [1, 1, 2, 2]])
    runs = (Runs((2, 3), (1, 4, 1)), Runs((2, 3), (0, 6)))
    found = DetectionSet(
        ["a.jpg"],
        np.zeros(2, int),
        boxes,
        scores=np.array([0.5, 0.25]),
        masks=runs,
        keypoints=[np.full((2, 3), 1.5)] * len(runs),
        image_sizes=np.array([[4, 5]]),
        class_names={0: "cat", 1: "dog"},
        params={"a": 1.5},
    )
    target = tmp_path / "out"
    write_detections(target, found, format=kind)
    path = {"yolo": target / "a.txt", "voc": target / "a.xml"}.get(kind, target)
    read: dict[str, Callable[[], DetectionSet]] = {
        "jsonl": lambda: read_jsonl(path),
        "csv": lambda: read_csv(path),
        "coco": lambda: read_coco(path, masks=True, keypoints=True),
        "coco-results": lambda: read_coco(path, dataset=found, masks=True, keypoints=True),
        "yolo": lambda: read_yolo(target, {"a.jpg": (4, 5)}),
        "voc": lambda: read_voc(path),
    }
    refused = 0
    for data in _mutants(path.read_bytes(), 250):
        path.write_bytes(data)
        try:
            assert isinstance(read[kind](), DetectionSet)
        except ValueError as error:
            assert type(error) is ValueError, (data, error)
            assert f"file {path}" in str(error), (data, error)
            refused += 1
    assert 60 < refused < 250


def test_voc_files_that_name_one_image_or_have_scores_at_times(tmp_path: Path) -> None:
    text = OBJECT.format(CORNERS.format(9)).replace(
        "\n<object>", "<size><width>0</width><height>0</height></size><object>"
    )
    for name in ("x/a.xml", "y/a.xml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    found = read_voc(tmp_path)
    assert found.image_names == ("x/a", "y/a")
    assert found.image_sizes.tolist() == [[0, 0], [0, 0]]
    (tmp_path / "x/b.xml").write_text(text)
    with pytest.raises(
        ValueError, match=r"b\.xml: line 1: annotation.filename must be an image that no other file n"
    ):
        read_voc(tmp_path)
    (tmp_path / "x/b.xml").write_text(
        text.replace("</name>", "</name><score>1</score>").replace(">a<", ">b<")
    )
    with pytest.raises(
        ValueError, match=r"b\.xml: line 1: object\.score must be absent, as in the objects before"
    ):
        read_voc(tmp_path)
    (tmp_path / "x/b.xml").unlink()
    with pytest.raises(ValueError, match=r"must be a folder with \.xml files, got none in it"):
        (tmp_path / "none").mkdir()
        read_voc(tmp_path / "none")
    with pytest.raises(ValueError, match=r"a\.xml must be a folder, got a file"):
        read_yolo(tmp_path / "x/a.xml", {})
