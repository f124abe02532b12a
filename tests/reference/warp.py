"""Bilinear samples at positions, one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def place(i: int, n: int, border: str) -> int | None:
    """The pixel that `numpy.pad` puts at position i of an axis of n, None for fill."""
    if 0 <= i < n:
        return i
    if border == "constant":
        return None
    if border == "edge":
        return min(max(i, 0), n - 1)
    if border == "wrap":
        return i % n
    if border == "symmetric":
        i %= 2 * n
        return min(i, 2 * n - 1 - i)
    i %= max(2 * n - 2, 1)
    return min(i, 2 * n - 2 - i)


def warp_backward(image: np.ndarray, coordinates: np.ndarray, border: str, fill: float) -> np.ndarray:
    """The exact value in float64, not rounded; pixels of weight 0 have no part."""
    height, width = image.shape[:2]
    result = np.empty((*coordinates.shape[:2], *image.shape[2:]), np.float64)
    for index in np.ndindex(*coordinates.shape[:2]):
        row, column = map(float, coordinates[index])
        if not (math.isfinite(row) and math.isfinite(column)):
            result[index] = fill
            continue
        r, c = math.floor(row), math.floor(column)
        total: Any = 0.0
        for y, fy in ((r, 1 - (row - r)), (r + 1, row - r)):
            for x, fx in ((c, 1 - (column - c)), (c + 1, column - c)):
                if fy * fx == 0:
                    continue
                j, i = place(y, height, border), place(x, width, border)
                value = fill if j is None or i is None else image[j, i].astype(np.float64)
                total = total + fy * fx * value
        result[index] = total
    return result
