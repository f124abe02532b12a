"""Masks of COCO's evaluation as runs, and the boxes around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.coco_runs import MOST_PIXELS, Size
from .._core.images import Array
from .coco_source import Place


def check_size(place: Place, height: Any, width: Any) -> Size:
    for length in (height, width):
        if not isinstance(length, int | np.integer) or isinstance(length, bool) or length < 1:
            raise place.wrong("a height and width of integers >= 1", (height, width))
    if int(height) * int(width) > MOST_PIXELS:
        raise place.wrong("a height and width of less than 2**32 pixels", (height, width))
    return int(height), int(width)


def bitmap_runs(mask: Array) -> Array:
    """(n, 2) uint32 intervals of an (H, W) bool mask."""
    columns = np.zeros(mask.size + 2, np.int8)
    columns[1:-1] = mask.T.ravel()
    return np.flatnonzero(np.diff(columns)).astype(np.uint32).reshape(-1, 2)


def boxes_of_runs(runs: Array, first_run: Array, heights: Array) -> Array:
    """(N, 4) x, y, width and height around the runs of each mask, 0 for an empty one."""
    boxes = np.zeros((len(first_run) - 1, 4))
    full = np.flatnonzero(np.diff(first_run))
    if not len(full):
        return boxes
    height = np.repeat(heights, np.diff(first_run))
    first, last = runs[:, 0].astype(np.int64), runs[:, 1].astype(np.int64) - 1
    left, right = first // height, last // height
    # A run that goes on into the next column covers the top row and the bottom one.
    top = np.where(left == right, first % height, 0)
    bottom = np.where(left == right, last % height, height - 1)
    starts = first_run[:-1][full]
    boxes[full, 0] = np.minimum.reduceat(left, starts)
    boxes[full, 1] = np.minimum.reduceat(top, starts)
    boxes[full, 2] = np.maximum.reduceat(right, starts) + 1 - boxes[full, 0]
    boxes[full, 3] = np.maximum.reduceat(bottom, starts) + 1 - boxes[full, 1]
    return boxes
