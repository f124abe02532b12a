"""COCO's evaluation against pycocotools: equal on random cases, and the faults that are not repeated."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_cases import random_case

import imgproc

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")
mask_tools = pytest.importorskip("pycocotools.mask")

# Of pycocotools' own arrays, from NumPy 2 on.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# The curves are equal bit for bit; means over them are summed in another order.
MEANS = 1e-12


def theirs(found: list[dict[str, Any]], truth: dict[str, Any], kind: str = "bbox") -> Any:
    """pycocotools' evaluation, of copies: it writes into what it is handed, and cannot load an empty list."""
    with contextlib.redirect_stdout(io.StringIO()):
        ground = coco.COCO()
        ground.dataset = copy.deepcopy(truth)
        ground.createIndex()
        results = ground.loadRes(copy.deepcopy(found)) if found else coco.COCO()
        evaluation = cocoeval.COCOeval(ground, results, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def check(found: list[dict[str, Any]], truth: dict[str, Any], kind: str = "bbox") -> None:
    expected = theirs(found, truth, kind)
    result = imgproc.coco_evaluate(found, truth, iou_type=kind)
    for name in ("recall", "precision", "scores"):
        np.testing.assert_array_equal(getattr(result, name), expected.eval[name], name)
    np.testing.assert_allclose(list(result.stats.values()), expected.stats, rtol=0, atol=MEANS)


@pytest.mark.parametrize("seed", range(10))
def test_random_boxes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        found, truth = random_case(rng)
        check(found, truth)


def with_masks(rng: np.random.Generator) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Truth as polygons, crowds as run lengths not compressed, detections as compressed ones."""
    height, width = (int(length) for length in rng.integers(1, 60, 2))
    truth: dict[str, Any] = {
        "images": [{"id": identity, "height": height, "width": width} for identity in (4, 2)],
        "categories": [{"id": 1}, {"id": 3}],
        "annotations": [],
    }
    found = []
    for identity in range(1, int(rng.integers(2, 14))):
        entry: dict[str, Any] = {
            "id": identity,
            "image_id": int(rng.choice([2, 4])),
            "category_id": int(rng.choice([1, 3])),
            "iscrowd": int(rng.random() < 0.2),
        }
        polygons = [polygon(rng, height, width) for _ in range(rng.integers(1, 4))]
        runs = mask_tools.merge(mask_tools.frPyObjects(polygons, height, width))
        entry["area"] = int(mask_tools.area(runs)) * float(rng.choice([1, 30]))
        entry["segmentation"] = polygons
        if entry["iscrowd"]:
            bitmap = mask_tools.decode(runs)
            edges = np.flatnonzero(np.diff(bitmap.T.ravel(), prepend=0))
            counts = np.diff([0, *edges.tolist(), height * width]).tolist()
            entry["segmentation"] = {"size": [height, width], "counts": counts}
        truth["annotations"].append(entry)
        for _ in range(rng.integers(0, 4)):
            bitmap = mask_tools.decode(runs).astype(bool)
            bitmap ^= rng.random(bitmap.shape) < rng.choice([0, 0.03, 0.3])
            coded = mask_tools.encode(np.asfortranarray(bitmap.astype(np.uint8)))
            found.append(
                {
                    "image_id": entry["image_id"],
                    "category_id": entry["category_id"],
                    "segmentation": {"size": coded["size"], "counts": coded["counts"].decode()},
                    "score": float(rng.integers(0, 8)) / 8,
                }
            )
    return found, truth


def polygon(rng: np.random.Generator, height: int, width: int) -> list[float]:
    """Any, crossing itself and the bounds of the image, with vertices on one another, on halves and on fifths."""
    points = rng.uniform(-0.2, 1.2, (int(rng.integers(3, 9)), 2)) * (width, height)
    step = float(rng.choice([0.01, 0.1, 0.2, 0.5, 1]))
    points = np.round(points / step) * step
    if rng.random() < 0.3:
        points[1] = points[0]
    return points.ravel().tolist()


@pytest.mark.parametrize("seed", range(8))
def test_random_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(15):
        check(*with_masks(rng), "segm")


def test_polygons_are_filled_alike() -> None:
    from imgproc._core.coco_runs import read_runs
    from imgproc.metrics.coco_source import Place

    rng = np.random.default_rng(1)
    for _ in range(600):
        height, width = (int(length) for length in rng.integers(1, 70, 2))
        polygons = [polygon(rng, height, width) for _ in range(rng.integers(1, 3))]
        runs = read_runs(Place("f", "polygons"), polygons, (height, width))
        ours = np.zeros(height * width, bool)
        for first, end in runs:
            ours[first:end] = True
        expected = mask_tools.decode(mask_tools.merge(mask_tools.frPyObjects(polygons, height, width)))
        np.testing.assert_array_equal(ours.reshape(width, height).T, expected.astype(bool))


def test_boxes_beside_masks_give_the_area() -> None:
    rng = np.random.default_rng(2)
    found, truth = with_masks(rng)
    while not found:
        found, truth = with_masks(rng)
    for entry in found:
        entry["bbox"] = [0, 0, 40, 40]
    check(found, truth, "segm")


def test_real_boxes_and_masks(data: Path) -> None:
    folder = data / "metrics_coco"
    truth = json.loads((folder / "instances_val2014_50.json").read_text())
    for kind in ("bbox", "segm"):
        check(json.loads((folder / f"fake{kind}_results.json").read_text()), truth, kind)


def perfect() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    truth = {
        "images": [{"id": 1}],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 5, 9, 9], "area": 81, "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [50, 5, 9, 9], "area": 81, "iscrowd": 0},
        ],
    }
    found = [
        {"image_id": 1, "category_id": 1, "bbox": entry["bbox"], "score": 0.9}
        for entry in truth["annotations"]
    ]
    return found, truth


def test_their_annotation_with_id_0_is_never_matched() -> None:
    found, truth = perfect()
    check(found, truth)
    truth["annotations"][0]["id"] = 0
    assert theirs(found, truth).stats[0] < 0.6
    assert pytest.approx(1) == imgproc.coco_evaluate(found, truth).AP


def test_they_overwrite_ignore() -> None:
    found, truth = perfect()
    truth["annotations"][0]["ignore"] = 1
    assert theirs(found[1:], truth).stats[8] == 0.5
    assert imgproc.coco_evaluate(found[1:], truth).AR100 == 1
    truth["annotations"][0]["iscrowd"] = 1
    check(found[1:], truth)


def test_they_write_into_what_they_are_handed() -> None:
    found, truth = perfect()
    before = copy.deepcopy(found)
    with contextlib.redirect_stdout(io.StringIO()):
        ground = coco.COCO()
        ground.dataset = truth
        ground.createIndex()
        ground.loadRes(found)
    assert found != before
    found = copy.deepcopy(before)
    imgproc.coco_evaluate(found, truth)
    assert found == before


def test_their_result_depends_on_an_evaluation_before() -> None:
    """After masks have been evaluated, the segmentations are others: polygons became run lengths."""
    found, truth = with_masks(np.random.default_rng(3))
    ground = coco.COCO()
    ground.dataset = copy.deepcopy(truth)
    with contextlib.redirect_stdout(io.StringIO()):
        ground.createIndex()
        cocoeval.COCOeval(ground, ground.loadRes(copy.deepcopy(found)), "segm").evaluate()
    assert ground.dataset != truth
    before = copy.deepcopy((found, truth))
    imgproc.coco_evaluate(found, truth, iou_type="segm")
    assert (found, truth) == before
