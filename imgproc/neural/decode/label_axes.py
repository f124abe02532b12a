"""Where the pixels of an image lie among the logits of a network, laid out as the kernel of label maps takes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..._core.images import FLOAT32, Array
from ..._ext import label_map as kernels
from ..geometry import Geometry

INT32 = np.dtype(np.int32)


def resized_places(samples: int, length: int, align_corners: bool) -> Array:
    """Of the pixels along an axis that ``samples`` logits are resized to, in the float32 arithmetic of torch."""
    pixels = np.arange(length, dtype=FLOAT32)
    if align_corners:
        scale = np.float32(samples - 1) / np.float32(length - 1) if length > 1 else np.float32(0)
        return np.asarray(scale * pixels)
    half = np.float32(0.5)
    return np.asarray(np.float32(samples) / np.float32(length) * (pixels + half) - half)


def placed_places(geometry: Geometry, samples: int, axis: int, align_corners: bool) -> tuple[Array, slice]:
    """Of the image's pixels along an axis among ``samples`` logits of the whole input, and which lie in the input."""
    length = geometry.input_shape[axis]
    places = (np.arange(geometry.image_shape[axis]) + 0.5) * geometry.scale[axis] + geometry.offset[axis]
    if axis == 1 and geometry.flip:
        places = length - places
    inside = np.flatnonzero((places >= 0) & (places <= length))
    if align_corners:
        places = (places - 0.5) * ((samples - 1) / max(length - 1, 1))
    else:
        places = places * (samples / length) - 0.5
    # Places grow or fall along the axis, so those inside are neighbours.
    return places, slice(inside[0], inside[-1] + 1) if len(inside) else slice(0, 0)


class Rows(NamedTuple):
    """Rows of the result."""

    beside: Array
    """(2, H) int32: the rows of logits above and below."""

    weights: Array
    """(H,) float32: what the lower one counts."""


def rows_at(places: Array, samples: int) -> Rows:
    low, weights = beside(places, samples)
    return Rows(np.stack([low, np.minimum(low + 1, samples - 1)]), weights)


class Columns(NamedTuple):
    """Columns of the result in groups of slots: ext/simd/label_map.h says what these are."""

    slots: Array
    first: int
    last: int
    together: bool
    groups: Array
    phases: Array
    weights: Array
    place: Array


def columns_at(places: Array, samples: int) -> Columns:
    """Columns from left to right or from right to left, at places that grow or fall."""
    length, falling = len(places), places[0] > places[-1]
    if falling:
        places = places[::-1]
    low, weights = beside(places, samples)
    # Cell 0 is what lies left of the first logit, and the last cell what lies right of the last one.
    cell = np.where(places < 0, 0, low + 1)
    starts = _starts(cell)
    counts = np.diff(starts, append=length)
    slot = np.arange(len(starts)).repeat(counts)
    phase, lane = np.arange(length) - starts[slot], slot % kernels.GROUP

    most = np.maximum.reduceat(counts, np.arange(0, len(starts), kernels.GROUP))
    phases = np.concatenate([[0], np.cumsum(most)]).astype(INT32)
    across = np.zeros((phases[-1], kernels.GROUP), FLOAT32)
    across[phases[slot // kernels.GROUP] + phase, lane] = weights

    begin = starts[:: kernels.GROUP]
    groups = np.stack([begin, np.append(begin[1:], length)])
    place = kernels.GROUP * phase + lane
    if falling:
        groups, place = length - groups[::-1], place[::-1]

    left, right = _slots(cell[starts], samples)
    together = bool((right[:-1] == left[1:]).all())
    first, last = _rising(left) if together else (0, 0)
    return Columns(
        np.stack([left, right]),
        first,
        last,
        together,
        groups.astype(INT32),
        phases,
        across,
        place.astype(INT32),
    )


def beside(places: Array, samples: int) -> tuple[Array, Array]:
    """The first of two neighbouring samples, and what the second counts; held at the ends."""
    low = np.clip(np.floor(places), 0, samples - 1)
    return low.astype(INT32), np.clip(places - low, 0, 1).astype(FLOAT32)


def _starts(cell: Array) -> Array:
    """Where runs of one cell begin, cut at the most pixels that the kernel takes."""
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    counts = np.diff(starts, append=len(cell))
    if counts.max() <= kernels.PHASES:
        return starts
    pieces = -(-counts // kernels.PHASES)
    run = np.arange(len(starts)).repeat(pieces)
    within = np.arange(len(run)) - (np.cumsum(pieces) - pieces)[run]
    return np.asarray(starts[run] + kernels.PHASES * within)


def _slots(cells: Array, samples: int) -> tuple[Array, Array]:
    """The logits left and right of each slot; the last group is filled up with cells further to the right."""
    more = -len(cells) % kernels.GROUP
    cells = np.concatenate([cells, cells[-1] + 1 + np.arange(more)])
    left, right = np.clip(cells - 1, 0, samples - 1), np.clip(cells, 0, samples - 1)
    return left.astype(INT32), right.astype(INT32)


def _rising(left: Array) -> tuple[int, int]:
    """The slots from first to last + 1 of which each is one logit right of the one before."""
    steps = np.flatnonzero(np.diff(left))
    if not len(steps):
        return 0, 0
    return int(steps[0]), int(steps[-1]) + 2
