"""Steps to the neighbours of a pixel, from a connectivity or a footprint, in the order in which they count."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .connectivity import CONNECTIVITY, connectivity_steps


def check_connectivity(function: str, connectivity: object, ndim: int) -> Array:
    """Steps to the neighbours as (slice, row, column): (K, 3), the nearest first, then in the order of memory."""
    if isinstance(connectivity, np.ndarray | list | tuple):
        return _steps_of(function, connectivity, ndim)
    try:
        count = CONNECTIVITY.check(function, "connectivity", connectivity)
    except TypeError:
        raise wrong_type(function, "connectivity", f"{CONNECTIVITY}; or a footprint", connectivity) from None
    return _steps_within(connectivity_steps(function, count, ndim), ndim)


def both_ways(steps: Array) -> Array:
    """The steps and their opposites, those that lead on in memory first, each in its order."""
    found = dict.fromkeys(map(tuple, np.concatenate([steps, -steps]).tolist()))
    ahead = [step for step in found if step > (0, 0, 0)]
    return np.array([*ahead, *([-part for part in step] for step in ahead)], np.intp)


def framed_size(shape: tuple[int, ...], steps: Array) -> int:
    """Pixels of a (D, H, W) volume with as many around it as the steps reach."""
    reach = np.abs(steps).max(axis=0).tolist()
    return math.prod(length + 2 * out for length, out in zip(shape, reach, strict=True))


@lru_cache
def _steps_within(connectivity: int, ndim: int) -> Array:
    offsets = [step for step in product((-1, 0, 1), repeat=ndim) if 0 < sum(map(abs, step)) <= connectivity]
    return _sorted(np.array(offsets))


def _steps_of(function: str, footprint: object, ndim: int) -> Array:
    must = f"a bool or integer array of {ndim} axes, each of odd length, true somewhere beside the middle"
    try:
        array = np.asarray(footprint)
    except ValueError:  # rows of different lengths
        raise wrong_value(function, "connectivity", must, footprint) from None
    if array.dtype.kind not in "biu":
        raise wrong_type(function, "connectivity", must, Got(f"dtype {array.dtype}"))
    if array.ndim != ndim or not all(length % 2 for length in array.shape):
        raise wrong_value(function, "connectivity", must, Got(f"shape {array.shape}"))
    offsets = np.argwhere(array) - np.array(array.shape) // 2
    offsets = offsets[offsets.any(axis=1)]
    if not len(offsets):
        raise wrong_value(function, "connectivity", must, Got("one without any"))
    return _sorted(offsets)


def _sorted(offsets: Array) -> Array:
    nearest = offsets[np.argsort((offsets**2).sum(axis=1), kind="stable")]
    steps = np.zeros((len(nearest), 3), np.intp)
    steps[:, 3 - nearest.shape[1] :] = nearest
    steps.flags.writeable = False
    return steps
