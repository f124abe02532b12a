"""The neighbourhoods of flat morphology: rectangles, and footprints as the runs of their rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .._core.array_parameters import Footprint
from .._core.images import Array, channel_count
from .._core.neighbors import Surroundings
from .._core.parameters import OrNone, Pair, Range

SIZE = Pair(Range(low=1, integer=True, odd=True), ("height", "width"))
FOOTPRINT = OrNone(Footprint())

Size = int | tuple[int, int]


@dataclass(frozen=True)
class Neighborhood:
    """Pixels around a centre."""

    reach: tuple[int, int]
    """``(ry, rx)``."""
    footprint: Array | None
    """bool ``(2 ry + 1, 2 rx + 1)``; None is all of them."""

    @property
    def size(self) -> tuple[int, int]:
        return 2 * self.reach[0] + 1, 2 * self.reach[1] + 1

    @cached_property
    def reflected(self) -> Neighborhood:
        return Neighborhood(self.reach, None if self.footprint is None else self.footprint[::-1, ::-1])

    @cached_property
    def runs(self) -> Array | None:
        """int64 ``(n, 3)``: row, first column and length of each run of true pixels, the shortest first."""
        if self.footprint is None:
            return None
        bounded = np.pad(self.footprint.astype(np.int8), ((0, 0), (1, 1)))
        edges = np.argwhere(np.diff(bounded, axis=1))
        runs = np.column_stack([edges[::2], edges[1::2, 1] - edges[::2, 1]]).astype(np.int64)
        return np.ascontiguousarray(runs[np.argsort(runs[:, 2], kind="stable")])

    def nanoseconds(self, dtype: np.dtype[Any]) -> float:
        """Of one thread for one sample, about."""
        runs = self.runs
        return float(dtype.itemsize * (0.1 if runs is None else 0.2 + 0.02 * len(runs)))


def neighborhood(function: str, size: Any, footprint: Any, image: Array) -> Neighborhood:
    """What ``size`` and ``footprint`` stand for; ``footprint`` decides where it is given."""
    height, width = image.shape[:2]
    if footprint is None and type(size) is int:
        return _square(function, size, height, width)
    pair: tuple[int, int] = SIZE.check(function, "size", size)
    if footprint is None:
        return _rectangle(pair, height, width)
    pixels: Array = FOOTPRINT.check(function, "footprint", footprint)
    found = _footprint(pixels) if pixels.size > _KEPT else _kept_footprint(pixels.tobytes(), pixels.shape)
    return found if found.footprint is not None else _rectangle(found.size, height, width)


def _footprint(pixels: Array) -> Neighborhood:
    """Without the rows and columns at the rim that hold nothing on either side."""
    centre = np.array(pixels.shape) // 2
    (ry, rx) = (int(reach) for reach in np.abs(np.argwhere(pixels) - centre).max(axis=0))
    cropped = pixels[centre[0] - ry : centre[0] + ry + 1, centre[1] - rx : centre[1] + rx + 1]
    return Neighborhood((ry, rx), None if cropped.all() else cropped)


# To find the runs of a footprint takes longer than to filter a small image.
_KEPT = 101 * 101


@lru_cache(maxsize=16)
def _kept_footprint(pixels: bytes, shape: tuple[int, ...]) -> Neighborhood:
    return _footprint(np.frombuffer(pixels, np.bool_).reshape(shape))


# A size that was right is not looked at again: a copy of a small image takes as long as that.
@lru_cache(maxsize=16)
def _square(function: str, size: int, height: int, width: int) -> Neighborhood:
    return _rectangle(SIZE.check(function, "size", size), height, width)


def _rectangle(size: tuple[int, int], height: int, width: int) -> Neighborhood:
    """A rectangle that reaches one pixel beyond the image on every side holds all that any larger one does."""
    return Neighborhood((min(size[0] // 2, height), min(size[1] // 2, width)), None)


def reach(*, size: tuple[int, int], footprint: Array | None, **_: Any) -> int:
    """The halo of one step."""
    height, width = size if footprint is None else footprint.shape
    return int(max(height, width)) // 2


def fill_row(image: Array, around: Surroundings) -> Array:
    n = image.shape[1] * channel_count(image)
    # Zeros, which are the default, take a fraction of the time of others; -0 is another number here.
    zero = around.fill == 0 and math.copysign(1, around.fill) > 0
    return np.zeros(n, image.dtype) if zero else np.full(n, around.fill, image.dtype)
