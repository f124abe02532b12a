"""Which samples of a map that a network gives lie beside each pixel of the image, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..._core.images import FLOAT32, Array
from ..geometry import Geometry
from .label_axes import beside, placed_places, resized_places

# Runs of pixels are cut at these lengths, down and across: together the most pixels of a cell that kernels take.
_LONGEST = (16, 64)


class Axis(NamedTuple):
    """Pixels of an image along one axis between the samples of a map.

    Attributes
    ----------
    runs : (K, 3) array of int32
        The first of two neighbouring samples, and the pixels from first to last + 1 that lie between them.
    weights : (pixels,) array of float32
        What the second sample counts at each pixel.
    samples : int
        The length of the map; the last sample is its own neighbour.
    """

    runs: Array
    weights: Array
    samples: int

    @property
    def covers_all(self) -> bool:
        """Whether the map says something about each pixel."""
        runs = self.runs
        return bool(len(runs)) and runs[0, 1] == 0 and runs[-1, 2] == len(self.weights)


def sampling(geometry: Geometry, shape: tuple[int, int], *, stretched: bool = False) -> tuple[Axis, Axis]:
    """Down and across, for a map of that height and width over the whole input.

    The middles of pixels are put into the input, and there between the middles of the map's samples, held at those of
    its edge. Pixels in no part of the input are in no run. ``stretched``: the map is resized to the image, whatever
    the geometry.
    """
    down, across = (_axis(geometry, samples, axis, stretched) for axis, samples in enumerate(shape))
    return down, across


def _axis(geometry: Geometry, samples: int, axis: int, stretched: bool) -> Axis:
    length = geometry.image_shape[axis]
    if stretched:
        places, inside = resized_places(samples, length, False), slice(0, length)
    else:
        places, inside = placed_places(geometry, samples, axis, False)
    low, weights = beside(places, samples)
    return Axis(_runs(low, inside, _LONGEST[axis]), weights, samples)


def _runs(low: Array, inside: slice, longest: int) -> Array:
    start, stop = inside.start, inside.stop
    if start >= stop:
        return np.empty((0, 3), np.int32)
    edges = np.flatnonzero(np.diff(low[start:stop])) + start + 1
    edges = np.concatenate([[start], edges, [stop]])
    if np.diff(edges).max() > longest:
        pieces = [np.arange(first, last, longest) for first, last in pairwise(edges)]
        edges = np.concatenate([*pieces, [stop]])
    return np.stack([low[edges[:-1]], edges[:-1], edges[1:]], axis=1).astype(np.int32)


class Part(NamedTuple):
    """Some rows of a map: its samples from ``first`` to ``last`` + 1, and the runs of pixels between them."""

    first: int
    last: int
    axis: Axis


def parts(axis: Axis, most: int) -> Iterator[Part]:
    """An axis in parts of about ``most`` samples, each with the neighbour of its last."""
    runs = axis.runs
    start = 0
    while start < len(runs):
        # Going down, places grow.
        stop = max(int(np.searchsorted(runs[:, 0], runs[start, 0] + most)), start + 1)
        first, last = int(runs[start, 0]), min(int(runs[stop - 1, 0]) + 2, axis.samples)
        moved = runs[start:stop] - np.array([first, 0, 0], np.int32)
        yield Part(first, last, Axis(moved, axis.weights, last - first))
        start = stop


def resizing(samples: int, length: int) -> Array:
    """The ``(length, samples)`` matrix that resizes a map along one axis, linearly between the middles of samples."""
    low, weights = beside(resized_places(samples, length, False), samples)
    high, rows = np.minimum(low + 1, samples - 1), np.arange(length)
    matrix = np.zeros((length, samples), FLOAT32)
    matrix[rows, low] = 1 - weights
    matrix[rows, high] += weights
    return matrix
