"""Weighted boxes fusion, and grouping of detections: 1,000, 10,000 and 20,000 boxes in images of each size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, equal
from .rivals import OPENCV, cv2, load, version_of

BOXES = {"512": 1_000, "1080p": 10_000, "4K": 20_000}
_MODELS = 3

ensemble_boxes = load("ensemble_boxes.ensemble_boxes_wbf")


def around_objects(size: str, count: int, objects: int, seed: int) -> Array:
    """Boxes as detectors give them: around objects, a little off in place and size."""
    rng = np.random.default_rng(seed)
    height, width = SIZES[size]
    centers, sizes = rng.uniform(0, (width, height), (objects, 2)), rng.uniform(24, 120, (objects, 2))
    which = np.random.default_rng(seed + count).integers(0, objects, count)
    center = centers[which] + rng.normal(0, 3, (count, 2))
    half = sizes[which] * np.exp(rng.normal(0, 0.08, (count, 2))) / 2
    return np.hstack([center - half, center + half])


def cases(size: str) -> Iterator[Case]:
    count = BOXES[size]
    for name, objects in (("few objects", count // 200), ("many objects", count // 4)):
        yield _fusion(size, count, name, objects)
        yield _grouping(size, count, name, objects)


def _fusion(size: str, count: int, name: str, objects: int) -> Case:
    scale = np.array([*SIZES[size][::-1]] * 2)
    boxes = np.array_split((around_objects(size, count, objects, 1) / scale).clip(0, 1), _MODELS)
    rng = np.random.default_rng(3)
    scores = np.array_split(rng.permutation(np.linspace(0.05, 0.95, count)), _MODELS)
    labels = [np.zeros(len(array), np.int64) for array in boxes]
    rivals = {}
    if ensemble_boxes is not None:
        rivals[version_of("ensemble-boxes")] = lambda: ensemble_boxes.weighted_boxes_fusion(
            boxes, scores, labels
        )
    return Case(
        f"weighted boxes fusion, {count} boxes, {name}",
        size,
        count,
        lambda: imgproc.weighted_boxes_fusion(boxes, scores, labels),
        rivals,
        _same_boxes,
        count * 2 * 40,
    )


def _same_boxes(ours: Any, rival: Any) -> None:
    """Its float32 sums drift by 1e-6 over a hundred boxes, and a pair at the threshold then falls to the other side."""
    assert abs(len(ours[0]) - len(rival[0])) <= 0.01 * len(ours[0])
    for mine, theirs in zip((ours[1], *ours[0].T), (rival[1], *rival[0].T), strict=True):
        near = np.abs(mine[:, None] - theirs).min(axis=1) < 1e-5
        assert near.mean() >= 0.97, f"{near.mean():.2%} of the clusters are the same"


def _grouping(size: str, count: int, name: str, objects: int) -> Case:
    boxes = np.rint(around_objects(size, count, objects, 2))
    corners = boxes.astype(np.int32)
    corners[:, 2:] -= corners[:, :2]
    rectangles = corners.tolist()

    def by_opencv() -> Any:
        found, counts = cv2.groupRectangles(rectangles, 3, 0.2)
        found = np.reshape(found, (-1, 4))
        return np.hstack([found[:, :2], found[:, :2] + found[:, 2:], np.reshape(counts, (-1, 1))])

    def ours() -> Any:
        found, counts = imgproc.group_boxes(boxes, 3)
        return np.hstack([found, counts[:, None]])

    rivals = {OPENCV: by_opencv} if cv2 and hasattr(cv2, "groupRectangles") else {}
    return Case(f"grouping, {count} boxes, {name}", size, count, ours, rivals, equal, boxes.nbytes)
