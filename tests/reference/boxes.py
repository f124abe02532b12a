"""Slow twins of `imgproc.boxes`: the definitions, a pair of boxes at a time.

Every operation on coordinates is one operation of the dtype of the boxes, rounded, in the order of the formula.
"""

from __future__ import annotations

import math

import numpy as np


def convert(box, source, target):
    """One box: corners in between. The centre is x1 / 2 + x2 / 2, which does not overflow."""
    half = box.dtype.type(0.5)
    a, b, c, d = box
    if source == target:
        return a, b, c, d
    if source == "xywh" and target == "cxcywh":
        return a + c * half, b + d * half, c, d
    if source == "cxcywh":
        x1, y1 = a - c * half, b - d * half
        return (x1, y1, a + c * half, b + d * half) if target == "xyxy" else (x1, y1, c, d)
    if source == "xywh":
        return a, b, a + c, b + d
    if target == "xywh":
        return a, b, c - a, d - b
    return a * half + c * half, b * half + d * half, c - a, d - b


def share(part, whole):
    """part / whole; 0 where that has no value or, by rounding, is negative."""
    with np.errstate(all="ignore"):
        quotient = part / whole
    return quotient if quotient >= 0 else quotient.dtype.type(0)


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(a, b, kind="iou"):
    """IoU of two boxes, or GIoU (Rezatofighi et al. 2019), DIoU or CIoU (Zheng et al. 2020)."""
    real = a.dtype.type
    with np.errstate(all="ignore"):
        w = max(min(a[2], b[2]) - max(a[0], b[0]), real(0))
        h = max(min(a[3], b[3]) - max(a[1], b[1]), real(0))
        inter = w * h
        union = area(a) + area(b) - inter
        iou = share(inter, union)
        if kind == "iou":
            return iou
        around_w = max(a[2], b[2]) - min(a[0], b[0])
        around_h = max(a[3], b[3]) - min(a[1], b[1])
        if kind == "giou":
            around = around_w * around_h
            return iou - share(around - union, around)
        half = real(0.5)
        dx = (a[0] - b[0]) * half + (a[2] - b[2]) * half
        dy = (a[1] - b[1]) * half + (a[3] - b[3]) * half
        diou = iou - share(dx * dx + dy * dy, around_w * around_w + around_h * around_h)
        if kind == "diou":
            return diou
        turn = real(math.atan2(a[2] - a[0], a[3] - a[1])) - real(math.atan2(b[2] - b[0], b[3] - b[1]))
        v = real(4 / math.pi**2) * (turn * turn)
        return diou - share(v, real(1) - iou + v) * v


def iou_matrix(a, b, kind="iou"):
    return np.array([[overlap(p, q, kind) for q in b] for p in a], a.dtype).reshape(len(a), len(b))


def best_first(scores):
    """Highest score first, of equal ones the lower index."""
    return sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i))


def nms(boxes, scores, threshold=0.5, labels=None, least=None, most=None, kind="iou"):
    """Greedy: a box stays unless one that stayed, of its label, overlaps it by more than the threshold (as float64)."""
    kept = []
    for i in best_first(scores):
        if least is not None and scores[i] < scores.dtype.type(least):
            continue
        rivals = [j for j in kept if labels is None or labels[i] == labels[j]]
        if not any(
            float(overlap(boxes[j], boxes[i])) > threshold
            and float(overlap(boxes[j], boxes[i], kind)) > threshold
            for j in rivals
        ):
            kept.append(i)
    return np.array(kept[:most], np.int64)


def soft_nms(boxes, scores, threshold, method, sigma=0.5, least=0.001, labels=None, most=None):
    """Bodla et al. 2017, figure 2: choose the highest present score, lower the others, and again."""
    present = {i: float(score) for i, score in enumerate(scores) if score >= least}
    chosen, results = [], []
    while present and (most is None or len(chosen) < most):
        best = max(present, key=lambda i: (present[i], -i))
        chosen.append(best)
        results.append(present.pop(best))
        for i in list(present):
            if labels is not None and labels[i] != labels[best]:
                continue
            iou = float(overlap(boxes[best], boxes[i]))
            if method == "gaussian":
                present[i] *= math.exp(-(iou**2) / sigma)
            elif iou >= threshold:
                present[i] *= 1 - iou
            if present[i] < least:
                del present[i]
    return np.array(chosen, np.int64), np.array(results)
