"""The slow twins of connected components and their statistics."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def connected_components(mask: Any, steps: int) -> tuple[Any, int]:
    """Pixels are neighbours where no index differs by more than 1, and at most ``steps`` indices differ.

    By rows, each pixel without a label gets the next one, with all that can be reached from it (A. Rosenfeld, J. L.
    Pfaltz, Sequential operations in digital picture processing, Journal of the ACM 13 (1966) 471-494: the definition).
    """
    offsets = [
        offset
        for offset in itertools.product((-1, 0, 1), repeat=mask.ndim)
        if 0 < np.abs(offset).sum() <= steps
    ]
    labels, count = np.zeros(mask.shape, np.int32), 0
    for seed in np.ndindex(*mask.shape):
        if not mask[seed] or labels[seed]:
            continue
        count += 1
        labels[seed] = count
        open_ = [seed]
        while open_:
            pixel = open_.pop()
            for offset in offsets:
                other = tuple(a + b for a, b in zip(pixel, offset, strict=True))
                inside = all(0 <= a < side for a, side in zip(other, mask.shape, strict=True))
                if inside and mask[other] and not labels[other]:
                    labels[other] = count
                    open_.append(other)
    return labels, count


def region_statistics(labels: Any, count: int) -> tuple[Any, Any, Any]:
    """Pixels, x, y(, z) of the least half-open box, and mean x, y(, z), of each label from 0."""
    areas, boxes, centroids = [], [], []
    for label in range(count + 1):
        places = np.argwhere(labels == label)[:, ::-1]
        areas.append(len(places))
        if len(places):
            boxes.append([*places.min(axis=0), *(places.max(axis=0) + 1)])
            centroids.append([sum(axis) / len(places) for axis in places.T.tolist()])
        else:
            boxes.append([0] * 2 * labels.ndim)
            centroids.append([np.nan] * labels.ndim)
    return np.array(areas), np.array(boxes), np.array(centroids)
