"""Slow twins of `imgproc.weighted_boxes_fusion` and `imgproc.group_boxes`: plain loops over all pairs.

R. Solovyev, W. Wang, T. Gabruseva, Weighted boxes fusion, Image and Vision Computing 107 (2021): boxes by falling score
join the cluster whose box has the greatest IoU above the threshold; its box is sum(s box) / sum(s).

Groups: boxes whose four coordinates differ by at most eps (min(w) + min(h)) / 2 look alike; a group is a connected
component of that; its box is the mean of x, y, w, h; one that lies within another, grown by eps of its size, goes where
the other has more than max(3, n) boxes or it has fewer than 3.
"""

from __future__ import annotations

import math

import numpy as np


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def weighted_boxes_fusion(
    boxes,
    scores,
    labels,
    weights,
    iou_threshold=0.55,
    score_threshold=0.0,
    confidence="average",
    allow_overflow=False,
):
    """Rows (box, score, label), by falling score."""
    entries = [
        (float(score) * weight, model, [float(value) for value in box], int(label))
        for model, weight in enumerate(weights)
        for box, score, label in zip(boxes[model], scores[model], labels[model], strict=True)
        if score >= score_threshold
    ]
    entries.sort(key=lambda entry: -entry[0])
    clusters = []  # members, mean
    for entry in entries:
        best, most = None, iou_threshold
        for cluster in clusters:
            if cluster["label"] == entry[3] and iou(cluster["mean"], entry[2]) > most:
                best, most = cluster, iou(cluster["mean"], entry[2])
        if best is None:
            clusters.append({"label": entry[3], "mean": entry[2], "members": [entry]})
            continue
        best["members"].append(entry)
        shares = [member[0] for member in best["members"]]
        shares = shares if shares[0] > 0 else [1.0] * len(shares)
        best["mean"] = [
            sum(s * member[2][i] for s, member in zip(shares, best["members"], strict=True)) / sum(shares)
            for i in range(4)
        ]
    rows = [
        (
            cluster["mean"],
            _confidence(cluster["members"], weights, confidence, allow_overflow),
            cluster["label"],
        )
        for cluster in clusters
    ]
    return sorted(rows, key=lambda row: -row[1])


def _confidence(members, weights, confidence, allow_overflow):
    n, total = len(members), sum(weights)
    scores, found = [member[0] for member in members], {member[1] for member in members}
    of_boxes = sum(weights[member[1]] for member in members)
    present = sum(weights[model] for model in found)
    if confidence == "max":
        return max(scores) / max(weights)
    if confidence == "average":
        return sum(scores) / n * (n if allow_overflow else min(n, len(weights))) / total
    if confidence == "box_and_model_average":
        return sum(scores) / of_boxes * present / total
    return sum(scores) / (of_boxes + total - present)


def components(boxes, eps):
    """The group of each box, groups numbered by their first boxes."""

    def alike(a, b):
        delta = eps * (min(a[2] - a[0], b[2] - b[0]) + min(a[3] - a[1], b[3] - b[1])) * 0.5
        return all(abs(a[i] - b[i]) <= delta for i in range(4))

    groups = [-1] * len(boxes)
    for seed in range(len(boxes)):
        if groups[seed] >= 0:
            continue
        groups[seed] = max(groups, default=-1) + 1
        todo = [seed]
        while todo:
            i = todo.pop()
            for j in range(len(boxes)):
                if groups[j] < 0 and alike(boxes[i], boxes[j]):
                    groups[j] = groups[seed]
                    todo.append(j)
    return groups


def group_boxes(boxes, min_neighbors, eps=0.2, rounded=True):
    """Rows (x1, y1, x2, y2, count)."""
    boxes = [[float(value) for value in box] for box in boxes]
    if min_neighbors == 0:
        return [(*box, 1) for box in boxes]
    groups = components(boxes, eps)
    found = []
    for group in range(max(groups, default=-1) + 1):
        members = [box for box, its in zip(boxes, groups, strict=True) if its == group]
        sums = [
            math.fsum(values)
            for values in zip(*((x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in members), strict=True)
        ]
        if rounded:
            share = np.float32(1) / np.float32(len(members))
            mean = [float(np.rint(np.float32(value) * share)) for value in sums]
        else:
            mean = [value / len(members) for value in sums]
        if len(members) > min_neighbors:
            found.append((mean, len(members)))
    kept = []
    for i, ((x, y, w, h), n) in enumerate(found):
        for j, ((ox, oy, ow, oh), m) in enumerate(found):
            dx, dy = (round(ow * eps), round(oh * eps)) if rounded else (ow * eps, oh * eps)
            inside = x >= ox - dx and y >= oy - dy and x + w <= ox + ow + dx and y + h <= oy + oh + dy
            if i != j and inside and (m > max(3, n) or n < 3):
                break
        else:
            kept.append((x, y, x + w, y + h, n))
    return kept
