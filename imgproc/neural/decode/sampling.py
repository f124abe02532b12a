"""Which samples of a map that a network gives lie beside each pixel of the image, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..._core.images import FLOAT32, Array
from ..geometry import Geometry

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


def sampling(geometry: Geometry, shape: tuple[int, int]) -> tuple[Axis, Axis]:
    """Down and across, for a map of that height and width over the whole input.

    The middles of pixels are put into the input, and there between the middles of the map's samples, held at those of
    its edge. Pixels in no part of the input are in no run.
    """
    return (
        _axis(geometry, shape[0], 0, flip=False),
        _axis(geometry, shape[1], 1, flip=geometry.flip),
    )


def _axis(geometry: Geometry, samples: int, axis: int, *, flip: bool) -> Axis:
    length = geometry.input_shape[axis]
    places = (np.arange(geometry.image_shape[axis]) + 0.5) * geometry.scale[axis] + geometry.offset[axis]
    places = length - places if flip else places
    inside = (places >= 0) & (places <= length)
    places = np.clip(places * (samples / length) - 0.5, 0, samples - 1)
    low = np.floor(places).astype(np.int32)
    return Axis(_runs(low, inside, _LONGEST[axis]), (places - low).astype(FLOAT32), samples)


def _runs(low: Array, inside: Array, longest: int) -> Array:
    """Pixels are inside in one stretch, since places grow or fall along it."""
    pixels = np.flatnonzero(inside)
    if not len(pixels):
        return np.empty((0, 3), np.int32)
    start, stop = pixels[0], pixels[-1] + 1
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
    places = np.clip((np.arange(length) + 0.5) * (samples / length) - 0.5, 0, samples - 1)
    low = np.floor(places).astype(np.intp)
    high, weights, rows = np.minimum(low + 1, samples - 1), places - low, np.arange(length)
    matrix = np.zeros((length, samples))
    matrix[rows, low] = 1 - weights
    matrix[rows, high] += weights
    return matrix.astype(FLOAT32)
