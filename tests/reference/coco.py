"""Matching of detections and COCO's evaluation, one pair and one setting at a time.

Definition: T.-Y. Lin et al., Microsoft COCO, ECCV 2014, and https://cocodataset.org/#detection-eval; Pascal VOC: M.
Everingham et al., IJCV 88 (2), 2010.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np

AREAS = ((0, 1e5**2), (0, 32**2), (32**2, 96**2), (96**2, 1e5**2))
CLOSEST = 1 - 1e-10


def iou(detection: Any, truth: Any, crowd: bool = False) -> float:
    """Of boxes x, y, width, height: intersection over union, for a crowd over the area of the detection."""
    width = min(detection[0] + detection[2], truth[0] + truth[2]) - max(detection[0], truth[0])
    height = min(detection[1] + detection[3], truth[1] + truth[3]) - max(detection[1], truth[1])
    if width <= 0 or height <= 0:
        return 0.0
    common, own = width * height, detection[2] * detection[3]
    return common / (own if crowd else own + truth[2] * truth[3] - common)


def by_score(scores: Any) -> list[int]:
    """Indices, highest score first, equal scores in their order."""
    return sorted(range(len(scores)), key=lambda i: -scores[i])


def match_coco(
    ious: Any, order: list[int], crowd: Any, ignore: Any, threshold: float
) -> tuple[list[int], list[bool], list[int]]:
    """Truth of each detection, whether it is ignored, and the first detection of each truth; -1 for none.

    ``ious`` is (detections, truths). A detection takes the free truth of the largest IoU, the last of equals; one
    that counts before one that is ignored, whatever their IoU.
    """
    least = min(threshold, CLOSEST)
    truth_of, ignored, detection_of = [-1] * len(ious), [False] * len(ious), [-1] * len(crowd)
    for d in order:
        for flag in (False, True):
            best = -1
            for g in range(len(crowd)):
                if bool(ignore[g]) != flag or (detection_of[g] >= 0 and not crowd[g]) or ious[d][g] < least:
                    continue
                if best < 0 or ious[d][g] >= ious[d][best]:
                    best = g
            if best >= 0:
                truth_of[d], ignored[d] = best, flag
                detection_of[best] = d if detection_of[best] < 0 else detection_of[best]
                break
    return truth_of, ignored, detection_of


def match_voc(
    ious: Any, order: list[int], ignore: Any, threshold: float
) -> tuple[list[int], list[bool], list[int]]:
    """The same by Pascal VOC's rule: the truth of largest IoU, the first of equals, or none."""
    truth_of, ignored, detection_of = [-1] * len(ious), [False] * len(ious), [-1] * len(ignore)
    for d in order:
        best = max(range(len(ignore)), key=lambda g: ious[d][g], default=-1)
        if best < 0 or ious[d][best] < threshold or (detection_of[best] >= 0 and not ignore[best]):
            continue
        truth_of[d], ignored[d] = best, bool(ignore[best])
        detection_of[best] = d if detection_of[best] < 0 else detection_of[best]
    return truth_of, ignored, detection_of


def evaluate(
    detections: list[dict[str, Any]], truth: dict[str, Any], thresholds: Any, limits: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision (T, R, K, A, M), recall (T, K, A, M) and scores as precision."""
    images = sorted(image["id"] for image in truth["images"])
    classes = sorted(category["id"] for category in truth["categories"])
    points = np.linspace(0, 1, 101)
    shape = (len(thresholds), len(points), len(classes), len(AREAS), len(limits))
    precision, scores = np.full(shape, -1.0), np.full(shape, -1.0)
    recall = np.full((shape[0], *shape[2:]), -1.0)
    for k, label in enumerate(classes):
        for a, (low, high) in enumerate(AREAS):
            for t, threshold in enumerate(thresholds):
                rows: list[tuple[float, int, bool, bool]] = []  # score, rank in its image, matched, ignored
                total = 0
                for image in images:
                    true = [
                        x for x in truth["annotations"] if (x["image_id"], x["category_id"]) == (image, label)
                    ]
                    own = [x for x in detections if (x["image_id"], x["category_id"]) == (image, label)]
                    own = [own[i] for i in by_score([x["score"] for x in own])][: max(limits)]
                    crowd = [bool(x.get("iscrowd")) for x in true]
                    ignore = [
                        bool(x.get("iscrowd") or x.get("ignore")) or not low <= x["area"] <= high
                        for x in true
                    ]
                    total += ignore.count(False)
                    ious = [
                        [iou(d["bbox"], g["bbox"], c) for g, c in zip(true, crowd, strict=True)] for d in own
                    ]
                    truth_of, ignored, _ = match_coco(ious, list(range(len(own))), crowd, ignore, threshold)
                    for rank, d in enumerate(own):
                        matched = truth_of[rank] >= 0
                        outside = not low <= d["bbox"][2] * d["bbox"][3] <= high
                        rows.append((d["score"], rank, matched, ignored[rank] or (not matched and outside)))
                for m, limit in enumerate(limits):
                    if total:
                        some = [row for row in rows if row[1] < limit]
                        some = [some[i] for i in by_score([row[0] for row in some])]
                        recall[t, k, a, m], precision[t, :, k, a, m], scores[t, :, k, a, m] = curve(
                            some, total, points
                        )
    return precision, recall, scores


def curve(
    rows: list[tuple[float, int, bool, bool]], total: int, points: Any
) -> tuple[float, list[float], list[float]]:
    """Recall of all, and at each point of recall the largest precision there or beyond, and the score there."""
    hits = misses = 0
    recalls, precisions = [], []
    for _, _, matched, ignored in rows:
        hits += matched and not ignored
        misses += not matched and not ignored
        recalls.append(hits / total)
        precisions.append(hits / (hits + misses + np.spacing(1)))
    best, scores = [0.0] * len(points), [0.0] * len(points)
    for r, point in enumerate(points):
        first = bisect_left(recalls, point)
        if first < len(rows):
            best[r], scores[r] = max(precisions[first:]), rows[first][0]
    return (recalls[-1] if rows else 0.0), best, scores


def mask_of_counts(counts: list[int], height: int, width: int) -> np.ndarray:
    """The bitmap of COCO's run lengths: background and foreground in turn, down the columns."""
    pixels: list[bool] = []
    for index, count in enumerate(counts):
        pixels += [index % 2 == 1] * count
    return np.array(pixels).reshape(width, height).T


def text_of_counts(counts: list[int]) -> str:
    """COCO's compressed text: from the fourth on, the difference to the count two before; five bits a character."""
    text = ""
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + 32 * more)
    return text
