"""Slow twins of the anchor functions: one box at a time, in scalars of the boxes' own dtype."""

from __future__ import annotations

import math

import numpy as np


def iou(a, b):
    """|A∩B| / (|A| + |B| − |A∩B|), each operation rounded to the dtype; 0 where the union has no area."""
    zero = a.dtype.type(0)
    across = max(min(a[2], b[2]) - max(a[0], b[0]), zero)
    down = max(min(a[3], b[3]) - max(a[1], b[1]), zero)
    inter = across * down
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter
    return inter / union if union > 0 else zero


def encode_boxes(boxes, anchors, weights):
    """Δx = (x − xa) / wa, Δw = ln(w / wa) on centres and sizes, in float64. Source: R-CNN, appendix C."""
    deltas = []
    for (x1, y1, x2, y2), (a1, b1, a2, b2) in zip(boxes.astype(float), anchors.astype(float), strict=True):
        w, h, wa, ha = x2 - x1, y2 - y1, a2 - a1, b2 - b1
        row = (
            ((x1 + x2) / 2 - (a1 + a2) / 2) / wa,
            ((y1 + y2) / 2 - (b1 + b2) / 2) / ha,
            math.log(w / wa),
            math.log(h / ha),
        )
        deltas.append([weight * delta for weight, delta in zip(weights, row, strict=True)])
    return np.array(deltas).reshape(-1, 4)


def decode_boxes(deltas, anchors, weights, max_log_ratio):
    """The inverse, Δw and Δh cut off at `max_log_ratio`, in float64."""
    boxes = []
    for row, (a1, b1, a2, b2) in zip(deltas.astype(float), anchors.astype(float), strict=True):
        dx, dy, dw, dh = (delta / weight for delta, weight in zip(row, weights, strict=True))
        wa, ha = a2 - a1, b2 - b1
        x, y = (a1 + a2) / 2 + dx * wa, (b1 + b2) / 2 + dy * ha
        w, h = wa * math.exp(min(dw, max_log_ratio)), ha * math.exp(min(dh, max_log_ratio))
        boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(boxes).reshape(-1, 4)


def generate_anchors(shape, stride, sizes, ratios, offset=0.0, rounded=False):
    """One anchor at a time in float64, rows, columns, ratios (height / width) and sizes from the slowest."""
    anchors = []
    for row in range(shape[0]):
        for column in range(shape[1]):
            for ratio in ratios:
                for size in sizes:
                    h, w = size * math.sqrt(ratio) / 2, size / math.sqrt(ratio) / 2
                    h, w = (round(h), round(w)) if rounded else (h, w)
                    y, x = (row + offset) * stride[0], (column + offset) * stride[1]
                    anchors.append((x - w, y - h, x + w, y + h))
    return np.array(anchors)


def assign_anchors(anchors, truth, positive=0.7, negative=0.3):
    """Faster R-CNN, section 3.1.2: the matrix of overlaps, then two rules for positives and one for negatives."""
    labels, matches = [], []
    overlaps = [[iou(anchor, box) for box in truth] for anchor in anchors]
    best_of_box = [max((row[t] for row in overlaps), default=0) for t in range(len(truth))]
    for row in overlaps:
        best = max(row, default=anchors.dtype.type(0))
        forced = any(value == goal and goal > 0 for value, goal in zip(row, best_of_box, strict=True))
        if forced or best >= anchors.dtype.type(positive):
            labels.append(1)
            matches.append(row.index(best))
        else:
            labels.append(0 if best < anchors.dtype.type(negative) else -1)
            matches.append(-1)
    return np.array(labels, np.int8), np.array(matches, np.int64)


def mean_overlap(sizes, anchors):
    """The mean over sizes of the IoU with the best anchor, boxes with a common corner: what k-means climbs."""
    total = 0.0
    for h, w in sizes:
        shared = [min(h, ha) * min(w, wa) for ha, wa in anchors]
        total += max(s / (h * w + ha * wa - s) for s, (ha, wa) in zip(shared, anchors, strict=True))
    return total / len(sizes)
