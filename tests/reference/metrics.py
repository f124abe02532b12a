"""Slow twins of the metrics: one detection, one pixel, one segment at a time."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np


def ranked(matched, scores, grouped):
    """(threshold, TP, FP) of all detections down to each rank, or down to each different score."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    points, true, false = [], 0, 0
    for rank, i in enumerate(order):
        true += bool(matched[i])
        false += not matched[i]
        last = rank + 1 == len(order) or scores[order[rank + 1]] != scores[i]
        if last or not grouped:
            points.append((scores[i], true, false))
    return points


def precision_recall(matched, scores, n_truth, grouped=False):
    """precision = TP / (TP + FP), recall = TP / truth. Source: the VOC challenge, IJCV 88, section 4.2."""
    points = ranked(matched, scores, grouped)
    return [t / (t + f) for _, t, f in points], [t / n_truth for _, t, _ in points], [s for s, _, _ in points]


def average_precision(recall, precision, method):
    """From the definition: the largest precision at any recall of at least r, at 11 or 101 recalls or over all."""

    def interpolated(r):
        return max((p for p, reached in zip(precision, recall, strict=True) if reached >= r), default=0.0)

    if method == "voc11":
        return sum(interpolated(k / 10) for k in range(11)) / 11
    if method == "coco":
        return sum(interpolated(r) for r in np.linspace(0, 1, 101)) / 101
    edges = [0.0, *sorted(set(recall) - {0.0})]
    return sum((right - left) * interpolated(right) for left, right in pairwise(edges))


def confusion_matrix(pred, truth, n, ignore=None):
    """Pixels by true class (row) and predicted class (column)."""
    counts = np.zeros((n, n), np.int64)
    for t, p in zip(truth.ravel().tolist(), pred.ravel().tolist(), strict=True):
        if ignore is None or t != ignore:
            counts[t, p] += 1
    return counts


def segmentation_scores(confusion):
    """Precision, recall, F1 and IoU of each class from TP, FP, FN; NaN for 0 / 0."""

    def quotient(a, b):
        return float(Fraction(a, b)) if b else math.nan

    rows = []
    for k, row in enumerate(confusion.tolist()):
        tp, fn, fp = row[k], sum(row) - row[k], int(confusion[:, k].sum()) - row[k]
        rows.append(
            (
                quotient(tp, tp + fp),
                quotient(tp, tp + fn),
                quotient(2 * tp, 2 * tp + fp + fn),
                quotient(tp, tp + fp + fn),
            )
        )
    return np.array(rows).T


def panoptic_quality(pred, truth, pred_segments, truth_segments, crowd=(), void=0):
    """{class: [TP, FP, FN, IoU sum]} from sets of pixels. Source: Kirillov et al. 2019, section 4, and panopticapi."""
    pixels = {
        (name, label): set(np.flatnonzero(labels == label).tolist())
        for name, labels, table in (("p", pred.ravel(), pred_segments), ("t", truth.ravel(), truth_segments))
        for label in table
    }
    empty = set(np.flatnonzero(truth.ravel() == void).tolist())
    result = {cls: [0, 0, 0, 0.0] for cls in sorted({*pred_segments.values(), *truth_segments.values()})}
    found, detected = set(), set()
    for p, p_class in pred_segments.items():
        for t, t_class in truth_segments.items():
            if p_class != t_class or t in crowd:
                continue
            own, real = pixels["p", p], pixels["t", t]
            overlap = len(own & real) / len((own | real) - (own & empty))
            if overlap > 0.5:
                found.add(t)
                detected.add(p)
                result[p_class][0] += 1
                result[p_class][3] += overlap
    for t, t_class in truth_segments.items():
        if t not in found and t not in crowd:
            result[t_class][2] += 1
    for p, p_class in pred_segments.items():
        forgiven = set(empty)
        for t in crowd:
            if truth_segments[t] == p_class:
                forgiven |= pixels["t", t]
        own = pixels["p", p]
        if p not in detected and not len(own & forgiven) / len(own) > 0.5:
            result[p_class][1] += 1
    return result
