"""Rotated boxes: suppression and IoU of 500, 2,000 and 5,000."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .fusion import around_objects
from .harness import Array, Case
from .rivals import OPENCV, cv2

BOXES = {"512": 500, "1080p": 2_000, "4K": 5_000}


def cases(size: str) -> Iterator[Case]:
    count = BOXES[size]
    for name, objects in (("few objects", count // 50), ("many objects", count // 4)):
        yield _suppression(size, count, name, _turned(size, count, objects))
    rng = np.random.default_rng(6)
    heap = np.column_stack(
        [rng.normal(256, 10, (count, 2)), np.full((count, 2), (90, 50)), rng.uniform(0, 180, count)]
    )
    yield _suppression(size, count, "all overlapping", heap)


def _turned(size: str, count: int, objects: int) -> Array:
    """All of one size: OpenCV takes a box within another for the same."""
    boxes = around_objects(size, count, objects, 4)
    angles = np.random.default_rng(5).uniform(0, 180, count)
    return np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2, np.full((count, 2), (60, 30)), angles])


def _suppression(size: str, count: int, name: str, boxes: Array) -> Case:
    scores = np.random.default_rng(7).permutation(np.linspace(0.05, 0.95, count))
    rectangles = [((cx, cy), (w, h), -angle) for cx, cy, w, h, angle in boxes.tolist()]
    listed = scores.tolist()
    rivals = {}
    if cv2:
        rivals[OPENCV] = lambda: cv2.dnn.NMSBoxesRotated(rectangles, listed, 0.0, 0.5)
    return Case(
        f"rotated NMS, {count} boxes, {name}",
        size,
        count,
        lambda: imgproc.rotated_nms(boxes, scores),
        rivals,
        _nearly_the_same,
        boxes.nbytes + scores.nbytes,
    )


def _nearly_the_same(ours: Any, rival: Any) -> None:
    """It works in float32: a pair on the threshold may fall to the other side, and what follows with it."""
    different = set(ours.tolist()) ^ set(np.ravel(rival).tolist())
    assert len(different) <= 0.01 * len(ours) + 2, f"{len(different)} of {len(ours)} boxes differ"
