"""Markers on a regular grid."""

from __future__ import annotations

import math

import numpy as np

from .._core.images import Array


def grid_markers(shape: tuple[int, ...], count: int) -> Array:
    """Single pixels numbered from 1 in the order of memory, about ``count`` of them, as far apart along each axis."""
    markers = np.zeros(shape, np.int32)
    points = markers[_grid(shape, count)]
    points[...] = np.arange(1, points.size + 1).reshape(points.shape)
    return markers


def _grid(shape: tuple[int, ...], count: int) -> tuple[slice, ...]:
    """The step is the root of a point's share; an axis shorter than that gets one point, and the others share anew."""
    order = sorted(range(len(shape)), key=shape.__getitem__)
    lengths = [shape[axis] for axis in order]
    if math.prod(lengths) <= count:
        return (slice(None),) * len(shape)
    steps = [(math.prod(lengths) / count) ** (1.0 / len(lengths))] * len(lengths)
    for i in range(len(lengths)):
        if all(length >= step for length, step in zip(lengths, steps, strict=True)):
            break
        rest = lengths[i + 1 :]
        steps = [
            *steps[:i],
            float(lengths[i]),
            *[(math.prod(rest) / count) ** (1.0 / len(rest)) for _ in rest],
        ]
    slices = {axis: slice(int(step // 2), None, round(step)) for axis, step in zip(order, steps, strict=True)}
    return tuple(slices[axis] for axis in range(len(shape)))
