"""Cascades for tests: random ones, of every kind of feature and tree, through which some windows of an image pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from imgproc.cascade import Cascade


def image(seed: int, height: int, width: int) -> np.ndarray:
    """Blobs of several sizes with noise on them, uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    total = rng.random((height, width)) * 40
    for _ in range(12):
        cy, cx, size = rng.random() * height, rng.random() * width, 2 + rng.random() * max(height, width) / 4
        total += rng.normal() * 90 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / size**2)
    total -= total.min()
    return np.uint8(255 * total / total.max())


def _haar(rng: np.random.Generator, height: int, width: int, tilted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two or three rectangles of one feature, and weights that cancel on a constant image."""
    boxes, weights = np.zeros((3, 4), np.int32), np.zeros(3, np.float32)
    count = int(rng.integers(2, 4))
    for k in range(count):
        while True:
            w, h = rng.integers(1, width), rng.integers(1, height)
            x, y = rng.integers(0, width), rng.integers(0, height)
            inside = (
                x - h >= 0 and x + w <= width and y + w + h <= height
                if tilted
                else x + w <= width and y + h <= height
            )
            if inside:
                break
        boxes[k] = x, y, w, h
    area = (2 if tilted else 1) * boxes[:, 2].astype(float) * boxes[:, 3]
    weights[0] = -1
    weights[1:count] = area[0] / area[1:count] / (count - 1)
    return boxes, weights


def random_cascade(
    seed: int,
    *,
    features: Any = "haar",
    tilted: bool = False,
    nodes: int = 1,
    window: tuple[int, int] = (11, 9),
) -> Cascade:
    """Three stages of a few trees of at most ``nodes`` nodes; each stage lets a good part of everything pass."""
    rng = np.random.default_rng(seed)
    height, width = window
    feature, left, right, thresholds, subsets, leaves, boxes, weights, turned = (
        [],
        [],
        [],
        [],
        [],
        [],
        [],
        [],
        [],
    )
    first_node, first_tree, limits = [0], [0], []
    for stage in range(3):
        for _ in range(stage + 2):
            count = int(rng.integers(1, nodes + 1))
            # A chain: each node's one child is the next, and all others are leaves in order.
            leaf = 0
            for n in range(count):
                children = []
                for side in rng.permutation(2):
                    if side and n + 1 < count:
                        children.append(n + 1)
                    else:
                        children.append(-leaf)
                        leaf += 1
                left.append(children[0])
                right.append(children[1])
                feature.append(len(boxes))
                thresholds.append(rng.normal() * 0.1)
                subsets.append(rng.integers(0, 2**32, 8, np.uint32))
                if features == "lbp":
                    w, h = rng.integers(1, width // 3 + 1), rng.integers(1, height // 3 + 1)
                    boxes.append(
                        [[rng.integers(0, width - 3 * w + 1), rng.integers(0, height - 3 * h + 1), w, h]]
                    )
                else:
                    turned.append(tilted and bool(rng.integers(0, 2)))
                    box, weight = _haar(rng, height, width, turned[-1])
                    boxes.append(box)
                    weights.append(weight)
            leaves += rng.normal(size=count + 1).tolist()
            first_node.append(len(feature))
        first_tree.append(len(first_node) - 1)
        limits.append(-1.0)
    haar = features == "haar"
    return Cascade(
        features=features,
        window=window,
        boxes=np.array(boxes),
        weights=np.array(weights, np.float32).reshape(-1, 3),
        tilted=np.array(turned, bool),
        node_feature=np.array(feature),
        node_left=np.array(left),
        node_right=np.array(right),
        node_thresholds=np.array(thresholds if haar else []),
        subsets=np.array(subsets if not haar else np.empty((0, 8)), np.uint32),
        leaves=np.array(leaves),
        first_node=np.array(first_node),
        first_tree=np.array(first_tree),
        thresholds=np.array(limits),
    )


KINDS: dict[str, dict[str, Any]] = {
    "haar stumps": {},
    "haar tilted stumps": {"tilted": True},
    "haar tilted trees": {"tilted": True, "nodes": 4},
    "lbp stumps": {"features": "lbp"},
    "lbp trees": {"features": "lbp", "nodes": 3},
    "wide window": {"window": (8, 21), "nodes": 2},
}
