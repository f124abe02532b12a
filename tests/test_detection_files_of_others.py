"""Files of detections as others write them, and formats told by content."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from detection_records import small

from imgproc import read_detections, write_detections
from imgproc._core.runs import encode_runs
from imgproc.detections import (
    read_coco,
    read_csv,
    read_yolo,
)


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
