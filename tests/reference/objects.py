"""Slow twin of `imgproc.split_touching_objects`: distances, peaks that stand out, watershed.

A peak stands out where every way to a higher one, or to an earlier one of the same height, goes down by depth at least
(P. Soille, Morphological Image Analysis, 2003: its dynamics).
"""

from __future__ import annotations

import itertools

import numpy as np

from .distance import distance_transform
from .watershed import around, neighbours, watershed


def peaks(heights, depth):
    """From each pixel down, level by level, until a higher or earlier equal one is reached: that level decides."""
    steps = neighbours(heights.ndim, heights.ndim)
    found = np.zeros(heights.shape, np.int32)
    for start in np.ndindex(heights.shape):
        top = heights[start]
        if top <= 0:
            continue
        for level in sorted({float(h) for h in heights.ravel() if 0 < h <= top}, reverse=True):
            reached, waiting = {start}, [start]
            while waiting:
                for there in around(waiting.pop(), steps, heights.shape):
                    if heights[there] >= level and there not in reached:
                        reached.add(there)
                        waiting.append(there)
            if any((heights[p], *(-i for i in p)) > (top, *(-i for i in start)) for p in reached):
                found[start] = float(top) - level >= depth
                break
        else:
            found[start] = 1
    numbers = itertools.count(1)
    for pixel in np.argwhere(found):
        found[tuple(pixel)] = next(numbers)
    return found


def split_touching_objects(mask, depth):
    distance = distance_transform(mask)
    return watershed(-distance, peaks(distance, depth), mask, mask.ndim)
