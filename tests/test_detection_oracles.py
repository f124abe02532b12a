"""Detections of others: real data sets, pycocotools, supervision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from detection_records import three

from imgproc import Detections, read_detections
from imgproc.detections import read_coco, read_jsonl, write_coco, write_coco_results, write_jsonl


def test_real_files(data: Path, tmp_path: Path) -> None:
    truth = read_detections(data / "metrics_coco/instances_val2014_50.json")
    assert (len(truth), len(truth.boxes), int(truth.crowd.sum()), len(truth.class_names)) == (50, 377, 4, 80)
    found = read_detections(data / "metrics_coco/fakebbox_results.json", dataset=truth)
    segments = read_coco(data / "metrics_coco/fakesegm_results.json".replace("segm", "bbox"), dataset=truth)
    assert found == segments
    voc = read_detections(data / "voc_boxes")
    assert (len(voc), len(voc.boxes), len(voc.class_names)) == (50, 135, 19)
    first = voc.detections("2007_000027.jpg")
    assert first.boxes.tolist() == [[173, 100, 349, 351]]
    assert voc.class_name(int(first.labels[0])) == "person"
    plates = read_detections(data / "plates_ro/original")  # with fractions
    assert len(plates) == 45
    cells, table = (
        read_detections(data / "cells_bccd/original"),
        read_detections(data / "cells_bccd/boxes.csv"),
    )
    assert len(cells.boxes) == len(table.boxes) == 2590
    assert cells.class_names == table.class_names
    for every in (truth, found, voc, plates, cells, table):
        write_jsonl(tmp_path / "a.jsonl", every, overwrite=True)
        assert read_jsonl(tmp_path / "a.jsonl") == every
        write_coco(tmp_path / "a.json", every, overwrite=True)
        assert read_coco(tmp_path / "a.json") == every


def test_pycocotools_reads_what_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    source = data / "metrics_coco/instances_val2014_50.json"
    truth = read_coco(source)
    found = read_coco(data / "metrics_coco/fakebbox_results.json", dataset=truth)
    write_coco(tmp_path / "a.json", truth)
    write_coco_results(tmp_path / "r.json", found)
    original, ours = coco.COCO(str(source)), coco.COCO(str(tmp_path / "a.json"))
    assert sorted(ours.imgs) == sorted(original.imgs)
    assert {label: entry["name"] for label, entry in ours.cats.items()} == truth.class_names
    theirs = [(a["image_id"], a["category_id"], *a["bbox"], a["area"]) for a in original.anns.values()]
    assert sorted(
        (a["image_id"], a["category_id"], *a["bbox"], a["area"]) for a in ours.anns.values()
    ) == sorted(theirs)
    loaded = ours.loadRes(str(tmp_path / "r.json"))
    assert len(loaded.anns) == len(found.boxes)
    capsys.readouterr()


def test_supervision_there_and_back() -> None:
    supervision = pytest.importorskip("supervision")
    found = three()
    there = found.to_supervision()
    assert isinstance(there, supervision.Detections)
    np.testing.assert_array_equal(there.xyxy, found.boxes)
    np.testing.assert_array_equal(there.class_id, found.labels)
    there.xyxy[:] = 0  # theirs to change
    assert Detections.from_supervision(found.to_supervision()) == found
    assert Detections.from_supervision(three(masks=None).to_supervision()[1:]) == three(masks=None)[1:]
    assert Detections.from_supervision(supervision.Detections.empty()) == Detections.empty()
    bare = supervision.Detections(xyxy=np.array([[0, 0, 1, 1]]))
    assert Detections.from_supervision(bare) == Detections(np.array([[0.0, 0, 1, 1]]))
    with pytest.raises(TypeError, match=r"^Detections\.from_supervision: detections must be superv"):
        Detections.from_supervision(found)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^Detections\.from_supervision: boxes must be x1, y1, x2, y2"):
        Detections.from_supervision(supervision.Detections(xyxy=np.array([[1.0, 0, 0, 1]])))
