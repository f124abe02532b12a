"""What a network is trained towards, decoded again: the targets of all boxes give back these boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

import imgproc
from imgproc.neural import Geometry, anchor_points, decode_centernet, decode_fcos, decode_retinanet, targets

SHAPE = (128, 160)
WHOLE = Geometry(SHAPE, SHAPE)


def scene(rng: np.random.Generator) -> tuple[Any, Any]:
    """Boxes apart from each other, small to large, with classes."""
    boxes = np.array([[4, 6, 40, 50], [60, 10, 90, 30], [20, 70, 110, 120], [120, 60, 150, 110]], np.float32)
    return boxes + rng.uniform(-2, 2, (4, 4)).astype(np.float32), np.array([2, 0, 1, 2])


def certain(labels: Any, classes: int) -> Any:
    """Logits that say a class where there is one, and nothing elsewhere."""
    logits = np.full((1, len(labels), classes), -20, np.float32)
    rows = np.flatnonzero(labels >= 0)
    logits[0, rows, labels[rows]] = 20
    return logits


def assert_found(found: Any, boxes: Any, labels: Any, atol: float) -> None:
    assert len(found) == len(boxes)
    order, ours = np.lexsort(boxes.T), np.lexsort(found.boxes.T)
    np.testing.assert_allclose(found.boxes[ours], boxes[order], atol=atol)
    np.testing.assert_array_equal(found.labels[ours], labels[order])


def test_anchors(rng: np.random.Generator) -> None:
    boxes, labels = scene(rng)
    anchors = np.concatenate(
        [imgproc.generate_anchors((16, 20), 8, [24]), imgproc.generate_anchors((8, 10), 16, [48, 80])]
    )
    wanted = targets.anchor_targets(anchors, boxes, labels)
    heads = {"cls_logits": certain(wanted.labels, 3), "bbox_regression": wanted.deltas[None]}
    (found,) = decode_retinanet(heads, WHOLE, anchors=[anchors], score_threshold=0.5)
    assert_found(found, boxes, labels, 1e-3)


def test_points(rng: np.random.Generator) -> None:
    boxes, labels = scene(rng)
    wanted = targets.point_targets([(16, 20), (8, 10)], [8, 16], boxes, labels, limits=[48])
    points, _ = anchor_points(SHAPE, strides=(8, 16))
    assert len(points) == len(wanted.labels)
    heads = {
        "cls_logits": certain(wanted.labels, 3),
        "bbox_regression": wanted.distances[None].astype(np.float32),
        "bbox_ctrness": np.full((1, len(points), 1), 20, np.float32),
    }
    (found,) = decode_fcos(heads, WHOLE, strides=(8, 16), score_threshold=0.5)
    assert_found(found, boxes, labels, 1e-3)


def test_heat_maps(rng: np.random.Generator) -> None:
    boxes, labels = scene(rng)
    wanted = targets.heatmap_targets(boxes, labels, (32, 40), 3)
    offset, size = np.zeros((1, 2, 32, 40), np.float32), np.zeros((1, 2, 32, 40), np.float32)
    offset[0][:, *wanted.cells.T], size[0][:, *wanted.cells.T] = wanted.offsets.T, wanted.sizes.T
    heads = {"heatmap": wanted.heatmap[None], "offset": offset, "size": size}
    (found,) = decode_centernet(heads, WHOLE, sigmoid=False, score_threshold=0.99)
    assert_found(found, boxes, labels, 1e-3)
