"""Overlap and suppression of boxes; a larger image stands for more boxes: 100 and 1,000, 4,000 to 10,000, 100,000."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, equal, within
from .rivals import ENSEMBLE, OPENCV, TORCHVISION, cv2, ensemble_boxes, torchvision

COUNTS = {"512": (100, 1_000), "1080p": (4_000, 10_000), "4K": (100_000,)}
# The other scenes at 100,000 boxes would take OpenCV a minute for each call.
SCENES = {
    "512": ("clustered", "scattered", "heap"),
    "1080p": ("clustered", "scattered", "heap"),
    "4K": ("clustered", "heap"),
}


def _boxes(scene: str, count: int) -> Array:
    """Ten boxes around each object; each for itself; or all around one object."""
    rng = np.random.default_rng(count)
    if scene == "heap":
        middles, sizes = 500 + rng.normal(0, 10, (count, 2)), 200 + 100 * rng.random((count, 2))
    elif scene == "scattered":
        middles, sizes = rng.random((count, 2)) * 20 * count**0.5, np.exp(rng.normal(3.5, 0.5, (count, 2)))
    else:
        objects = count // 10
        which = rng.integers(0, objects, count)
        sizes = np.exp(rng.normal(4, 0.6, (objects, 2)))[which]
        middles = (rng.random((objects, 2)) * 60 * objects**0.5)[which] + rng.normal(
            0, 0.1, (count, 2)
        ) * sizes
        sizes = sizes * np.exp(rng.normal(0, 0.12, (count, 2)))
    return np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1).astype(np.float32)


def _scores(count: int) -> Array:
    """All different: peers break ties as it happens."""
    return np.random.default_rng(1).permutation(count).astype(np.float32) / np.float32(count) * 0.9 + 0.05


def _case(
    name: str, size: str, given: Array, moved: int, ours: Callable[[], Any], rule: Any, **rivals: Any
) -> Case:
    named = {"opencv": OPENCV, "torchvision": TORCHVISION, "ensemble": ENSEMBLE, "numpy": "numpy"}
    present = {named[key]: rival for key, rival in rivals.items() if rival is not None and named[key]}
    return Case(f"{name}, {len(given):,} boxes", size, len(given), ours, present, rule, moved)


def cases(size: str) -> Iterator[Case]:
    for count in COUNTS[size]:
        for scene in SCENES[size]:
            yield from _hard(size, scene, count)
        yield _by_label(size, count)
        if count <= 10_000:
            yield from _soft(size, count)
    if size == "1080p":
        yield _overlap(size)
    if size == "4K":
        yield from _written(size)


def _hard(size: str, scene: str, count: int) -> Iterator[Case]:
    boxes, scores = _boxes(scene, count), _scores(count)
    corners, tensors = imgproc.convert_boxes(boxes, "xyxy", "xywh"), _tensors(boxes, scores)
    for threshold in (0.5, 0.3):
        yield _case(
            f"NMS {scene} t={threshold}",
            size,
            boxes,
            boxes.nbytes + scores.nbytes,
            lambda threshold=threshold: imgproc.nms(boxes, scores, threshold),
            equal,
            opencv=lambda threshold=threshold: cv2.dnn.NMSBoxes(corners, scores, 0.0, threshold),
            torchvision=tensors
            and (lambda threshold=threshold: torchvision.ops.nms(*tensors, threshold).numpy()),
        )


def _by_label(size: str, count: int) -> Case:
    boxes, scores = _boxes("clustered", count), _scores(count)
    labels = np.random.default_rng(2).integers(0, 80, count)
    corners, tensors = imgproc.convert_boxes(boxes, "xyxy", "xywh"), _tensors(boxes, scores, labels)

    def same_boxes(ours: Array, rival: Array) -> None:
        # OpenCV gives one label after the other; offsets of torchvision round overlaps of a few boxes otherwise.
        assert len(np.setxor1d(ours, rival)) <= 0.001 * len(ours)

    return _case(
        "NMS 80 labels t=0.5",
        size,
        boxes,
        boxes.nbytes + scores.nbytes + labels.nbytes,
        lambda: imgproc.nms(boxes, scores, 0.5, labels=labels),
        same_boxes,
        opencv=lambda: cv2.dnn.NMSBoxesBatched(corners, scores, labels.astype(np.int32), 0.0, 0.5),
        torchvision=tensors and (lambda: torchvision.ops.batched_nms(*tensors, 0.5).numpy()),
    )


def _soft(size: str, count: int) -> Iterator[Case]:
    # Whole numbers, and a threshold that no overlap of them equals: float32 and float64 decide alike.
    boxes, scores = np.rint(_boxes("clustered", count)), _scores(count).astype(np.float64)
    wide = boxes.astype(np.float64)

    def same_boxes(ours: Array, rival: Array) -> None:
        np.testing.assert_array_equal(np.sort(ours), np.sort(rival))

    for number, method in enumerate(("linear", "gaussian"), 1):
        yield _case(
            f"soft-NMS {method}",
            size,
            boxes,
            boxes.nbytes + scores.nbytes,
            lambda method=method: imgproc.soft_nms(
                boxes, scores, 0.321, method=method, score_threshold=0.0123
            )[0],
            same_boxes,
            ensemble=ensemble_boxes
            and (
                lambda number=number: ensemble_boxes.ensemble_boxes_nms.cpu_soft_nms_float(
                    wide, scores.copy(), 0.321, 0.5, 0.0123, number
                )
            ),
        )


def _overlap(size: str) -> Case:
    a, b = _boxes("scattered", 10_000), _boxes("scattered", 1_000)
    out = np.empty((len(a), len(b)), np.float32)

    def plain() -> Array:
        corner, end = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
        w, h = np.moveaxis(np.maximum(end - corner, 0), -1, 0)
        area_a, area_b = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b))
        return w * h / (area_a[:, None] + area_b - w * h)

    tensors = _tensors(a, b)
    return _case(
        "IoU by 1,000",
        size,
        a,
        out.nbytes,
        lambda: imgproc.iou_matrix(a, b, out=out),
        within(0),
        numpy=plain,
        torchvision=tensors and (lambda: torchvision.ops.box_iou(*tensors).numpy()),
    )


def _written(size: str) -> Iterator[Case]:
    """NumPy does not look whether the boxes are right."""
    boxes = _boxes("scattered", 100_000)
    limits = np.array([1920, 1080, 1920, 1080], np.float32)

    def centred() -> Array:
        out = np.empty_like(boxes)
        np.multiply(boxes[:, :2] + boxes[:, 2:], np.float32(0.5), out=out[:, :2])
        np.subtract(boxes[:, 2:], boxes[:, :2], out=out[:, 2:])
        return out

    yield _case(
        "clipping",
        size,
        boxes,
        2 * boxes.nbytes,
        lambda: imgproc.clip_boxes(boxes, (1080, 1920)),
        equal,
        numpy=lambda: np.clip(boxes, np.float32(0), limits),
    )
    yield _case(
        "corners to centres",
        size,
        boxes,
        2 * boxes.nbytes,
        lambda: imgproc.convert_boxes(boxes, "xyxy", "cxcywh"),
        within(1e-3),
        numpy=centred,
    )


def _tensors(*arrays: Array) -> tuple[Any, ...] | None:
    if not torchvision:
        return None
    import torch

    return tuple(map(torch.from_numpy, arrays))
