"""Files of detections: every format there and back, what others write, and what is refused with which words."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc import Detections, DetectionSet, read_detections, write_detections
from imgproc._core.runs import Runs, encode_runs
from imgproc.detections import (
    read_coco,
    read_csv,
    read_jsonl,
    read_voc,
    read_yolo,
    write_coco,
    write_coco_results,
    write_csv,
    write_jsonl,
    write_voc,
    write_yolo,
)

Path_ = str | os.PathLike[str]

# What an XML file can hold too; other signs have a test of their own.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), min_size=1, max_size=8).filter(
    lambda text: (
        text == text.strip()
        and len(text.splitlines()) == 1
        and "/" not in text
        and text[0] != "."
        and text != "classes"
    )
)


@st.composite
def sets(
    draw: Any,
    *,
    limit: float = 1e9,
    truth: bool | None = None,
    masks: bool = False,
    extremes: bool = True,
    width: int = 64,
) -> DetectionSet:
    names = [f"{name}.jpg" for name in draw(st.lists(texts, max_size=4, unique_by=str.casefold))]
    n = draw(st.integers(0, 6)) if names else 0
    number = st.floats(-limit, limit, allow_subnormal=extremes, width=width)  # type: ignore[arg-type]
    corners = [sorted([draw(number), draw(number)]) + sorted([draw(number), draw(number)]) for _ in range(n)]
    boxes = np.array([[x1, y1, x2, y2] for x1, x2, y1, y2 in corners], np.float64).reshape(-1, 4)
    is_truth = draw(st.booleans()) if truth is None else truth
    images = [draw(st.integers(0, len(names) - 1)) for _ in range(n)]
    runs = [draw(st.sampled_from([None, Runs((1, 2), (0, 2)), Runs((2, 3), (1, 4, 1))])) for _ in range(n)]
    classes = dict(zip(range(3), draw(st.lists(texts, min_size=3, max_size=3, unique=True)), strict=True))
    area = st.floats(0, 1e12)
    return DetectionSet(
        names,
        np.array(images, int),
        boxes,
        scores=None if is_truth or not n else np.array([draw(st.floats(-1e3, 1e3)) for _ in range(n)]),
        labels=np.array([draw(st.integers(0, 2)) for _ in range(n)], int),
        counts=np.array([draw(st.integers(1, 99)) for _ in range(n)], int),
        crowd=np.array([draw(st.booleans()) for _ in range(n)], bool),
        areas=np.array([draw(area) for _ in range(n)], float) if draw(st.booleans()) else None,
        masks=runs if masks and any(runs) else None,
        image_sizes=np.array(
            [draw(st.sampled_from([(0, 0), (3, 4), (480, 640)])) for _ in names], int
        ).reshape(-1, 2),
        image_ids=np.arange(len(names)) * 3 + draw(st.integers(-3, 2**40)),
        class_names=classes,
        params={"threshold": 0.5, "scales": [1, 2.5, None], "name": "ä"},
    )


def fields(found: DetectionSet, *names: str) -> list[Any]:
    return [
        getattr(found, name)
        if isinstance(getattr(found, name), tuple | None)
        else getattr(found, name).tolist()
        for name in names
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@settings(max_examples=50, deadline=None)
@given(found=sets(masks=True))
def test_jsonl_keeps_everything(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.jsonl"
    write_jsonl(path, found, overwrite=True)
    back = read_jsonl(path)
    assert back == found
    assert read_detections(path) == found


@settings(max_examples=50, deadline=None)
@given(found=sets(masks=True))
def test_coco_keeps_all_but_counts_and_params(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.json"
    write_coco(path, found, overwrite=True)
    back = read_coco(path, masks=True)
    kept = (
        "image_names",
        "images",
        "boxes",
        "scores",
        "labels",
        "crowd",
        "areas",
        "masks",
        "image_sizes",
        "image_ids",
    )
    assert fields(back, *kept) == fields(found, *kept)
    assert back.class_names == found.class_names
    json.loads(path.read_text("utf-8"))
    assert fields(read_detections(path), "boxes", "masks") == [found.boxes.tolist(), None]


@settings(max_examples=50, deadline=None)
@given(found=sets(truth=False, masks=True))
def test_coco_results_keep_boxes_scores_and_masks(folder: Path, found: DetectionSet) -> None:
    if found.scores is None:
        return
    path = folder / "results.json"
    write_coco_results(path, found, overwrite=True)
    back = read_coco(path, dataset=found, masks=True)
    kept = ("image_names", "images", "boxes", "scores", "labels", "masks", "image_sizes", "image_ids")
    assert fields(back, *kept) == fields(found, *kept)
    np.testing.assert_allclose(
        back.areas,
        (back.boxes[:, 2] - back.boxes[:, 0]) * (back.boxes[:, 3] - back.boxes[:, 1]),
        rtol=1e-6,
        atol=1e-6,
    )


@settings(max_examples=50, deadline=None)
@given(found=sets())
def test_csv_keeps_all_but_ids_and_params(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.csv"
    write_csv(path, found, overwrite=True)
    back = read_csv(path)
    kept = ("image_names", "images", "boxes", "scores", "labels", "counts", "crowd", "areas", "image_sizes")
    assert fields(back, *kept) == fields(found, *kept)
    assert back.class_names.items() <= found.class_names.items()


@settings(max_examples=50, deadline=None)
@given(found=sets())
def test_voc_keeps_boxes_scores_names_sizes_and_difficult(folder: Path, found: DetectionSet) -> None:
    if not len(found):
        return
    shutil.rmtree(folder / "voc", ignore_errors=True)
    write_voc(folder / "voc", found)
    back = read_voc(folder / "voc")
    assert sorted(back.image_names) == sorted(found.image_names)
    for position, name in enumerate(found.image_names):
        mine, theirs = found.rows(name), back.rows(name)
        for column in ("boxes", "crowd", *(() if found.scores is None else ("scores",))):
            assert getattr(back, column)[theirs].tolist() == getattr(found, column)[mine].tolist()
        named = [found.class_name(label) for label in found.labels[mine].tolist()]
        assert [back.class_name(label) for label in back.labels[theirs].tolist()] == named
        assert back.image_sizes[back.image_names.index(name)].tolist() == found.image_sizes[position].tolist()


@settings(max_examples=50, deadline=None)
@given(found=sets(limit=2**20))
def test_yolo_keeps_corners_to_rounding(folder: Path, found: DetectionSet) -> None:
    sizes = np.where(found.image_sizes == 0, 7, found.image_sizes)
    known = DetectionSet(
        found.image_names,
        found.images,
        found.boxes,
        scores=found.scores,
        labels=found.labels,
        image_sizes=sizes,
        class_names=found.class_names,
    )
    shutil.rmtree(folder / "yolo", ignore_errors=True)
    write_yolo(folder / "yolo", known)
    back = read_yolo(folder / "yolo", dict(zip(known.image_names, map(tuple, sizes.tolist()), strict=True)))
    kept = ("image_names", "images", "scores", "labels", "image_sizes")
    assert fields(back, *kept) == fields(known, *kept)
    assert back.class_names == known.class_names
    scale = np.maximum(
        np.tile(sizes[known.images][:, ::-1], 2), np.abs(known.boxes).max(axis=1, initial=0)[:, None]
    )
    assert (np.abs(back.boxes - known.boxes) <= 2.0**-49 * scale).all()
    assert fields(read_detections(folder / "yolo", dataset=known), *kept) == fields(known, *kept)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 4000, width=32)] * 4), min_size=1, max_size=5))
def test_float32_boxes_survive_every_format(folder: Path, corners: list[tuple[float, ...]]) -> None:
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners], np.float32)
    found = Detections(boxes, np.linspace(0, 1, len(boxes), dtype=np.float32))
    every = DetectionSet.of({"a.jpg": found}, image_sizes={"a.jpg": (3000, 4000)}, class_names={0: "x"})
    for kind, name in (
        ("jsonl", "b.jsonl"),
        ("csv", "b.csv"),
        ("coco", "b.json"),
        ("voc", "v"),
        ("yolo", "y"),
    ):
        if kind in ("voc", "yolo"):
            shutil.rmtree(folder / name, ignore_errors=True)
        write_detections(folder / name, every, format=kind, overwrite=True)
        back = read_detections(folder / name, dataset=every).detections("a.jpg")
        if kind == "yolo":  # but for coordinates whose neighbours are nearer than the rounding of a ratio
            np.testing.assert_allclose(back.boxes, boxes, rtol=1e-7, atol=1e-11)
        else:
            assert back == found


def test_numbers_are_written_short(tmp_path: Path) -> None:
    found = Detections(np.array([[0.1, 2, 20.4, 9]], np.float32), np.array([0.3], np.float32))
    every = DetectionSet.of({"a.jpg": found}, image_sizes={"a.jpg": (10, 40)}, class_names={0: "x"})
    write_jsonl(tmp_path / "a.jsonl", every)
    assert '"boxes": [[0.1, 2, 20.4, 9]], "scores": [0.3]' in (tmp_path / "a.jsonl").read_text()
    write_coco(tmp_path / "a.json", every)
    assert '"bbox": [0.1, 2, 20.3, 7], "score": 0.3' in (tmp_path / "a.json").read_text()
    write_csv(tmp_path / "a.csv", every)
    assert (
        (tmp_path / "a.csv")
        .read_text()
        .splitlines()[1]
        .startswith("a.jpg,10,40,0.1,2,20.4,9,0.3,0,x,1,0,142")
    )
    write_voc(tmp_path / "v", every)
    assert "<xmin>1.1</xmin>" in (tmp_path / "v/a.xml").read_text()
    write_yolo(tmp_path / "y", every)
    assert (tmp_path / "y/a.txt").read_text() == "0 0.25625 0.55 0.5075 0.7 0.3\n"
    assert (tmp_path / "y/classes.txt").read_text() == "x\n"


def test_names_of_any_kind(tmp_path: Path) -> None:
    names = [
        "é 日本.jpg",
        'say "hi", you.jpg',
        "a\nb.jpg",
        "\udcff.jpg",
        "=1+1.jpg",
        " lead.jpg",
        "x/y/z.jpg",
    ]
    found = DetectionSet.of({name: Detections(np.array([[0.0, 0, 1, 1]])) for name in names})
    write_jsonl(tmp_path / "a.jsonl", found)
    write_coco(tmp_path / "a.json", found)
    write_csv(tmp_path / "a.csv", found)
    for name in ("a.jsonl", "a.json", "a.csv"):
        assert read_detections(tmp_path / name).image_names == tuple(names)
    for name in ("a\nb.jpg", "a\rb.jpg", "a\r\nb.jpg", "\udcff.jpg", " lead.jpg", "\x07.jpg"):
        with pytest.raises(
            ValueError, match=r"^write_voc: names must be free of spaces around and of signs th"
        ):
            write_voc(tmp_path / "voc", DetectionSet.of({name: Detections.empty()}))
    with pytest.raises(
        ValueError, match=r"^write_csv: detections must be free of signs that UTF-8 cannot hold"
    ):
        write_csv(tmp_path / "b.csv", DetectionSet.of({"\ud800": Detections.empty()}))
    assert not (tmp_path / "voc").exists()
    assert not (tmp_path / "b.csv").exists()


def test_voc_names_images_without_their_folder(tmp_path: Path) -> None:
    found = DetectionSet.of({name: Detections(np.array([[0.0, 0, 1, 1]])) for name in ("a.jpg", "x/y/a.jpg")})
    write_voc(tmp_path / "v", found)
    assert "<filename>a.jpg</filename>" in (tmp_path / "v/x/y/a.xml").read_text()
    assert read_voc(tmp_path / "v").image_names == found.image_names


def small(**changes: Any) -> DetectionSet:
    found = Detections(np.array([[0.0, 0, 1, 1]]), np.array([0.5]))
    return DetectionSet.of({"a.jpg": found}, **({"image_sizes": {"a.jpg": (4, 5)}} | changes))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "coco", "coco-results", "yolo", "voc"])
def test_nothing_is_replaced_unless_asked_and_nothing_half_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    write_detections(path, small(), format=kind)
    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_detections(path, small(class_names={0: "cat"}), format=kind)
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space"):
            write_detections(path, small(class_names={0: "cat"}), format=kind, overwrite=True)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == files
    write_detections(path, small(class_names={0: "cat"}), format=kind, overwrite=True)


@pytest.mark.parametrize("write", [write_yolo, write_voc])
def test_images_that_would_share_a_file_or_leave_the_folder_are_refused(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    empty = Detections.empty()
    for names, sentence in (
        (["a.jpg", "a.png"], "different but for their suffix, as both belong in a."),
        (["x/a.jpg", "x/a.png"], "different but for their suffix, as both belong in x/a."),
        (["../a.jpg"], "below one folder, and not hidden, got '../a.jpg'"),
        (["/etc/a.jpg"], "below one folder, and not hidden, got '/etc/a.jpg'"),
        (["x/../../a.jpg"], "below one folder, and not hidden, got "),
        (["a\0.jpg"], "below one folder, and not hidden, got "),
    ):
        with pytest.raises(ValueError, match=rf"^{write.__name__}: image names must be ") as caught:
            write(tmp_path / "out", DetectionSet.of(dict.fromkeys(names, empty)))
        assert sentence in str(caught.value)
    assert not (tmp_path / "out").exists()
    write(tmp_path / "out", DetectionSet.of(dict.fromkeys(["x/a.jpg", "y/a.jpg"], empty)))
    found = sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("a.*"))
    assert [name[:3] for name in found] == ["x/a", "y/a"]


def test_what_writers_refuse(tmp_path: Path) -> None:
    truth = DetectionSet.of({"a.jpg": Detections.empty()}, truth=True)
    for write, found, sentence in (
        (
            write_coco_results,
            truth,
            "write_coco_results: detections must be detections with scores, got ground t",
        ),
        (write_yolo, small(image_sizes={}), "write_yolo: image_sizes must be known, got none of 'a.jpg'"),
        (write_yolo, small(class_names={0: "a\nb"}), "write_yolo: class names must be one line each"),
        (
            write_yolo,
            DetectionSet.of({"classes.jpg": Detections.empty()}, class_names={0: "a"}),
            "write_yolo: image names must be others",
        ),
        (
            write_jsonl,
            small(params={"a": object()}),
            "write_jsonl: detections.params must be what JSON can hold",
        ),
        (
            write_jsonl,
            small(params={"a": float("nan")}),
            "write_jsonl: detections.params must be what JSON can",
        ),
        (
            write_detections,
            small(),
            "write_detections: format must be given where the suffix is none of .jsonl",
        ),
    ):
        with pytest.raises(ValueError, match=r"^write_") as caught:
            write(tmp_path / "out", found)
        assert str(caught.value).startswith(sentence)
    for write in (write_jsonl, write_csv, write_coco, write_coco_results, write_yolo, write_voc):
        with pytest.raises(TypeError, match=rf"^{write.__name__}: detections must be a DetectionSet"):
            write(tmp_path / "out", [])
        with pytest.raises(TypeError, match=rf"^{write.__name__}: path must be a path, got 3"):
            write(3, small())
    with pytest.raises(ValueError, match=r"^write_detections: format must be None or one of"):
        write_detections(tmp_path / "a.json", small(), format="pickle")
    assert list(tmp_path.iterdir()) == []


def test_tables_that_others_write(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        '\ufefffile,x,y,w,h,label,ignore,note\r\nb.jpg,1.5,2,3,4,dog,1,"x, y"\r\na.jpg,0,0,.5,1e1,cat,0,\r\n'
    )
    found = read_csv(path)
    assert found.image_names == ("b.jpg", "a.jpg")
    assert found.boxes.tolist() == [[1.5, 2, 4.5, 6], [0, 0, 0.5, 10]]
    assert found.class_names == {0: "cat", 1: "dog"}
    assert found.labels.tolist() == [1, 0]
    assert found.crowd.tolist() == [True, False]
    assert found.scores is None
    path.write_text("Filename,Confidence,X1,Y1,X2,Y2,class\na,.5,0,0,1,1,cat\nb,.25,0,0,1,1,ant\n")
    found = read_detections(path)
    assert found.scores is not None
    assert found.scores.tolist() == [0.5, 0.25]
    assert found.class_names == {0: "ant", 1: "cat"}


SEGMENTATION = {"size": [2, 3], "counts": "141"}


def test_coco_of_others(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    images = [{"id": 5, "file_name": "v/a.jpg", "height": 4, "width": 6}, {"id": 0, "file_name": "b.jpg"}]
    annotation = {
        "id": 0,
        "image_id": 0,
        "category_id": 9,
        "bbox": [1, 2, 3.5, 4],
        "segmentation": [[1, 2, 3, 4]],
    }
    path.write_text(
        json.dumps({"images": images, "annotations": [annotation], "categories": [{"id": 9, "name": "c"}]})
    )
    found = read_coco(path, masks=True)
    assert found.image_ids.tolist() == [5, 0]
    assert found.images.tolist() == [1]
    assert found.areas.tolist() == [14]
    assert found.scores is found.masks is None
    results = tmp_path / "r.json"
    entry = {
        "image_id": 0,
        "category_id": 9,
        "bbox": [0, 0, 1, 1],
        "score": 1e-3,
        "segmentation": SEGMENTATION,
    }
    results.write_text(json.dumps([entry, entry | {"image_id": 5}]))
    named = read_coco(results, dataset=found, masks=True)
    assert named.image_names == ("v/a.jpg", "b.jpg")
    assert named.masks == (encode_runs(np.array([[0, 1, 1], [1, 1, 0]], bool)),) * 2
    assert read_coco(results).image_names == ("0", "5")
    del entry["bbox"]
    results.write_text(json.dumps([entry, entry | {"bbox": []}]))
    around = read_coco(results, dataset=found)
    assert (around.boxes.tolist(), around.areas.tolist(), around.masks) == ([[0, 0, 3, 2]] * 2, [6, 6], None)
    for segmentation in (None, [[1, 2, 3, 4, 5, 6]], {"size": [2, 3]}):
        results.write_text(json.dumps([entry | {"segmentation": segmentation}]))
        with pytest.raises(ValueError, match=r"^read_coco: file .*r\.json: \[0\]\S* must be .*, got "):
            read_coco(results)
    results.write_text("[]")
    assert len(read_coco(results, dataset=found).boxes) == 0


def test_yolo_of_others(tmp_path: Path) -> None:
    (tmp_path / "labels/sub").mkdir(parents=True)
    (tmp_path / "labels/a.txt").write_text("1 0.5 0.5 1 1\n\n0 .25 .5 .5 0\r\n")
    (tmp_path / "labels/sub/b.txt").write_text("")
    sizes = {"a.jpg": (10, 20), "sub/b.png": (1, 1), "c.jpg": (2, 2)}
    found = read_yolo(tmp_path / "labels", sizes, class_names=["cat", "dog"])
    assert found.boxes.tolist() == [[0, 0, 20, 10], [0, 5, 10, 5]]
    assert found.image_names == tuple(sizes)
    assert found.class_names == {0: "cat", 1: "dog"}
    assert found.scores is None
    with pytest.raises(ValueError, match=r"image_sizes must be given for YOLO's files"):
        read_detections(tmp_path / "labels")
    for wrong, sentence in (
        ([], "a mapping from image names"),
        ({"a": 3}, "a mapping from image names"),
        ({"a": (0, 1)}, "integers from 1 to"),
        ({"a.jpg": (1, 1), "a.png": (1, 1)}, "different but for their suffix"),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^read_yolo: image_sizes") as caught:
            read_yolo(tmp_path / "labels", wrong)  # type: ignore[arg-type]
        assert sentence in str(caught.value)


def test_formats_are_told_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in ("jsonl", "csv", "coco"):
        write_detections("file", small(class_names={0: "c"}), format=kind, overwrite=True)
        assert read_detections("file").boxes.tolist() == [[0, 0, 1, 1]]
        assert read_detections("file", format=kind).boxes.tolist() == [[0, 0, 1, 1]]
    write_detections("voc", small(class_names={0: "c"}), format="voc")
    Path("voc/README.txt").write_text("about")
    assert read_detections("voc") == read_detections("voc/a.xml")
    Path("empty").mkdir()
    for name, content, sentence in (
        ("x", b"", "must be JSON lines of imgproc, CSV, COCO's JSON or Pascal VOC's XML, got an empty file"),
        ("x", b"\x89PNG\r\n", "must be JSON lines of imgproc, CSV, COCO's JSON or Pascal VOC's XML, got '"),
        (
            "empty",
            None,
            "must be a folder of .txt files (YOLO) or of .xml files (Pascal VOC), got none of them",
        ),
    ):
        if content is not None:
            Path(name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"^read_detections: file {name} ") as caught:
            read_detections(name)
        assert sentence in str(caught.value)
    with pytest.raises(ValueError, match=r"^read_detections: format must be None or one of"):
        read_detections("file", format="pickle")
    with pytest.raises(TypeError, match=r"^read_detections: path must be a path, got 3"):
        read_detections(3)  # type: ignore[arg-type]
