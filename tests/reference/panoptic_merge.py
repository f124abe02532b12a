"""The slow twin of merging things and stuff."""

from __future__ import annotations

from typing import Any

import numpy as np


def merge_panoptic(
    masks: Any,
    scores: Any,
    labels: Any,
    stuff: Any,
    score_threshold: float | None,
    overlap_threshold: float,
    min_stuff_area: int,
    stuff_labels: Any,
    void: int,
) -> tuple[Any, list[tuple[int, int, int, bool, float | None, int | None]]]:
    """Things by falling score take what is free, those that lost too much are left out; then stuff by rising label.

    A. Kirillov, R. Girshick, K. He, P. Dollár, Panoptic feature pyramid networks, CVPR 2019, inference.
    """
    ids, segments = np.zeros(stuff.shape, np.int32), []
    for i in sorted(range(len(masks)), key=lambda i: (-scores[i], i)):
        if score_threshold is not None and scores[i] < scores.dtype.type(score_threshold):
            continue
        area, free = masks[i].sum(), masks[i] & (ids == 0)
        if not free.any() or (area - free.sum()) / area > overlap_threshold:
            continue
        segments.append((len(segments) + 1, int(labels[i]), int(free.sum()), True, float(scores[i]), i))
        ids[free] = len(segments)
    left = ids == 0
    for label in np.unique(stuff).tolist():
        free = (stuff == label) & left
        if label == void or free.sum() < min_stuff_area:
            continue
        if stuff_labels is None or label in stuff_labels:
            segments.append((len(segments) + 1, label, int(free.sum()), False, None, None))
            ids[free] = len(segments)
    return ids, segments
