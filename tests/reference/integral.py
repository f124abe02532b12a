"""Slow twins of the integral images: each sum over its own pixels, from the definitions.

F. C. Crow, "Summed-area tables for texture mapping", SIGGRAPH 1984; R. Lienhart, J. Maydt, "An extended set of
Haar-like features for rapid object detection", ICIP 2002 (the tilted form, with the indices of OpenCV's `integral`).
Sums are Python's: of integers exact, of floats correctly rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def total(values: list[Any]) -> Any:
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)


def upright(plane: Any, squared: bool = False) -> Any:
    """II[i, j] = Σ I[y, x] over y < i, x < j; of one channel, as an array of Python numbers."""
    height, width = plane.shape
    values = powers(plane, squared)
    result = np.zeros((height + 1, width + 1), object)
    for i in range(height + 1):
        for j in range(width + 1):
            result[i, j] = total([values[y][x] for y in range(i) for x in range(j)])
    return result


def tilted(plane: Any, squared: bool = False) -> Any:
    """T[i, j] = Σ I[y, x] over y < i, |x − j + 1| <= i − y − 1."""
    height, width = plane.shape
    values = powers(plane, squared)
    result = np.zeros((height + 1, width + 1), object)
    for i in range(height + 1):
        for j in range(width + 1):
            result[i, j] = total(
                [
                    values[y][x]
                    for y in range(i)
                    for x in range(max(j - 1 - (i - y - 1), 0), min(j - 1 + (i - y - 1), width - 1) + 1)
                ]
            )
    return result


def powers(plane: Any, squared: bool) -> list[list[Any]]:
    return [[value * value if squared else value for value in row] for row in plane.tolist()]
