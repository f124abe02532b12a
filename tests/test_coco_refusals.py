"""COCO's evaluation: what it refuses, and how it says so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from coco_cases import small

import imgproc

NUMBER = [None, "0.5", True, float("nan"), float("inf"), 10**400, [1], 1j]
BOX = [
    None,
    5,
    "abcd",
    [],
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [1, 2, -3, 4],
    [1, 2, 3, float("nan")],
    [1, 2, 3, "4"],
    {},
]
IDENTITY = [None, 1.0, True, [1], 99, "other"]
FLAG = [None, "0", 2, -1, 0.5]


@pytest.mark.parametrize(
    ("field", "values"),
    [("score", NUMBER), ("bbox", BOX), ("image_id", IDENTITY), ("category_id", [None, 1.0, True, [1]])],
)
def test_bad_detections_are_named(field: str, values: list[Any], tmp_path: Path) -> None:
    found, truth = small()
    entries = [found[0], dict(found[0])]
    for value in values:
        entries[1][field] = value
        with pytest.raises(
            ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\].* must be .*, got '
        ):
            imgproc.coco_evaluate(entries, truth)
        if not isinstance(value, complex):
            path = tmp_path / "results.json"
            path.write_text(json.dumps(entries))
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\].* in .*results.json must'
            ):
                imgproc.coco_evaluate(path, truth)
    del entries[1][field]
    with pytest.raises(
        ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\] must be given, got '
    ):
        imgproc.coco_evaluate(entries, truth)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("area", NUMBER),
        ("bbox", BOX),
        ("image_id", IDENTITY),
        ("category_id", IDENTITY),
        ("iscrowd", FLAG),
        ("ignore", FLAG),
    ],
)
def test_bad_annotations_are_named(field: str, values: list[Any]) -> None:
    found, truth = small()
    entry = truth["annotations"][0]
    where = rf'^coco_evaluate: ground_truth\["annotations"\]\[0\]\["{field}"\]'
    for value in values:
        entry[field] = value
        with pytest.raises(ValueError, match=rf"{where}.* must be .*, got "):
            imgproc.coco_evaluate(found, truth)
    del entry[field]
    if field not in ("iscrowd", "ignore"):
        with pytest.raises(ValueError, match=rf"{where} must be given, got "):
            imgproc.coco_evaluate(found, truth)


def test_bad_lists_are_named() -> None:
    found, truth = small()
    for key in ("images", "categories", "annotations"):
        for value in (None, {}, "abc", [3], [[]], [np.float32(1)], [np.ones(2)]):
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\].* must be .*, got '
            ):
                imgproc.coco_evaluate(found, {**truth, key: value})
        with pytest.raises(ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\] must be given'):
            imgproc.coco_evaluate(found, {k: v for k, v in truth.items() if k != key})
    for key in ("images", "categories"):
        for value in (
            [{}],
            [{"id": None}],
            [{"id": 1.5}],
            [*truth[key], *truth[key]],
            [{"id": 1}, {"id": "1"}],
        ):
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\].* must be .*, got '
            ):
                imgproc.coco_evaluate(found, {**truth, key: value})
    for entries in ([3], [None], ["x"], [[1]]):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[0\] must be a dict, got "):
            imgproc.coco_evaluate(entries, truth)  # type: ignore[arg-type]


def test_bad_boxes_beside_masks_are_named() -> None:
    found, truth = small()
    square = [[0, 0, 50, 0, 50, 50]]
    entries = [found[0] | {"segmentation": square}]
    truth["annotations"][0]["segmentation"] = square
    assert imgproc.coco_evaluate(entries, truth, iou_type="segm").AR1 == 1
    for value in (5, True, 0.5, "abcd", {}, np.array(3), [1, 2, 3]):
        entries[0]["bbox"] = value
        with pytest.raises(ValueError, match=r'^coco_evaluate: detections\[0\]\["bbox"\] must be .*, got '):
            imgproc.coco_evaluate(entries, truth, iou_type="segm")
    entries[0]["bbox"] = []  # as some programs write it where there is none
    assert imgproc.coco_evaluate(entries, truth, iou_type="segm").AR1 == 1


def test_areas_beyond_float64_are_no_warning(tmp_path: Path) -> None:
    found, truth = small()
    entries = [*found, found[0] | {"bbox": [0, 0, 1e300, 1e300]}]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(entries))
    assert imgproc.coco_evaluate(entries, truth) == imgproc.coco_evaluate(path, truth)


COUNTS = ["", "0", "~~", "00", "PPPP", "é", [], [1, 2], [-1, 10001], [0.5, 9999.5], [10**30], None, 3, ["1"]]


def test_bad_masks_are_named() -> None:
    found, truth = small()
    polygon = [[0, 0, 50, 0, 50, 50]]
    truth["annotations"][0]["segmentation"] = polygon
    bad: list[Any] = [None, 3, "x", {}, {"size": [100, 100]}, {"counts": [10000]}]
    bad += [
        {"size": size, "counts": [10000]}
        for size in ([100, np.ones(2)], None, [100], [99, 100], "100", [100, 100, 1])
    ]
    bad += [{"size": [100, 100], "counts": counts} for counts in COUNTS]
    bad += [
        [],
        [[]],
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, 3, 4, 5, float("nan")]],
        [["a"] * 6],
        [[1e9] * 6],
    ]
    bad += [[polygon], [[[1], 2]]]
    for value in bad:
        found[0]["segmentation"] = value
        with pytest.raises(
            ValueError, match=r'^coco_evaluate: detections\[0\]\["segmentation"\].* must be .*, got '
        ):
            imgproc.coco_evaluate(found, truth, iou_type="segm")
    found[0]["segmentation"] = polygon
    imgproc.coco_evaluate(found, truth, iou_type="segm")
    for size in (
        {},
        {"height": 0, "width": 5},
        {"height": 2**17, "width": 2**16},
        {"height": 1.5, "width": 2},
    ):
        truth["images"] = [{"id": 1, **size}]
        with pytest.raises(
            ValueError, match=r'^coco_evaluate: ground_truth\["images"\]\[0\].* must be .*, got '
        ):
            imgproc.coco_evaluate(found, truth, iou_type="segm")


def test_bad_files_are_named(tmp_path: Path) -> None:
    _, truth = small()
    path = tmp_path / "broken.json"
    for data, where in (
        (b"", "line 1, column 1"),
        (b'[\n{"image_id": 1,,}]', "line 2, column"),
        (b"\xff\xfe\x00", "got"),
        (b"[" * 100_000, "got"),
        (b"1" * 5000, "got"),
        (b"{}", "must be a list of results"),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"^coco_evaluate: detections .*broken.json.*{where}"):
            imgproc.coco_evaluate(path, truth)
    path.write_bytes(b"[]")
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth in .*broken.json must be a dict"):
        imgproc.coco_evaluate([], path)
    with pytest.raises(FileNotFoundError, match=r"absent.json"):
        imgproc.coco_evaluate(tmp_path / "absent.json", truth)


def record(**changes: Any) -> SimpleNamespace:
    columns = {
        "boxes": np.array([[5, 5, 25, 25]], np.float32),
        "scores": np.ones(1, np.float32),
        "labels": np.array([7], np.int32),
        "masks": None,
    }
    return SimpleNamespace(**{**columns, **changes})


def test_bad_records_are_named() -> None:
    _, truth = small()
    for changes in (
        {"boxes": None},
        {"boxes": np.zeros((1, 3), np.float32)},
        {"boxes": np.full((1, 4), np.nan, np.float32)},
        {"scores": np.zeros(2, np.float32)},
        {"scores": np.full(1, np.inf, np.float32)},
        {"labels": np.zeros(1)},
    ):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[1\] must be .*, got "):
            imgproc.coco_evaluate({1: record(**changes)}, truth)
    with pytest.raises(
        ValueError, match=r"^coco_evaluate: detections must be of the 1 images .*, got image 2"
    ):
        imgproc.coco_evaluate({2: record()}, truth)
    masks = {1: record(masks=np.ones((1, 100, 100), bool))}
    for changes in ({}, {"masks": np.ones((1, 100, 100))}, {"masks": np.ones((1, 99, 100), bool)}):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[1\] must be .*, got "):
            imgproc.coco_evaluate({1: record(**changes)}, masks, iou_type="segm")
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth must be identified by .*, got both"):
        imgproc.coco_evaluate({}, {1: record(), "1": record()})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detections", 3),
        ("detections", None),
        ("ground_truth", 3),
        ("ground_truth", []),
        ("iou_type", "keypoints"),
        ("iou_type", None),
        ("iou_thresholds", 0.5),
        ("iou_thresholds", []),
        ("iou_thresholds", [1.5]),
        ("iou_thresholds", [float("nan")]),
        ("iou_thresholds", ["0.5"]),
        ("iou_thresholds", [[0.5], 1]),
        ("max_detections", 100),
        ("max_detections", (1, 10)),
        ("max_detections", (10, 1, 100)),
        ("max_detections", (0, 1, 2)),
        ("max_detections", (1, 2, 3.5)),
    ],
)
def test_bad_arguments(name: str, value: Any) -> None:
    found, truth = small()
    arguments: dict[str, Any] = {"detections": found, "ground_truth": truth, name: value}
    with pytest.raises((TypeError, ValueError), match=rf"^coco_evaluate: {name}\S* must be .*, got "):
        imgproc.coco_evaluate(**arguments)


def test_loaded_columns_belong_to_their_truth_and_kind() -> None:
    found, truth = small()
    loaded, other = imgproc.CocoTruth.load(truth), imgproc.CocoTruth.load(truth)
    columns = imgproc.CocoDetections.load(found, loaded)
    with pytest.raises(ValueError, match=r"^coco_evaluate: detections must be loaded against the truth"):
        imgproc.coco_evaluate(columns, other)
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth must be loaded with iou_type"):
        imgproc.coco_evaluate(found, loaded, iou_type="segm")
    with pytest.raises(TypeError, match=r"^CocoDetections.load: truth must be a CocoTruth"):
        imgproc.CocoDetections.load(found, truth)  # type: ignore[arg-type]
