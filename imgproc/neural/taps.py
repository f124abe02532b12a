"""Weights of resampling by filters, as Pillow computes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Tables = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Floats]

_BITS = 22
"""After the point of a weight for uint8."""


def _bilinear(x: Floats) -> Floats:
    weights: Floats = np.maximum(1 - np.abs(x), 0)
    return weights


def _bicubic(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _box(x: Floats) -> Floats:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _sinc(x: Floats) -> Floats:
    return np.divide(np.sin(x * math.pi), x * math.pi, out=np.ones_like(x), where=x != 0)


def _hamming(x: Floats) -> Floats:
    x = np.abs(x)
    # These two are float32 constants in Pillow's source.
    window = np.float64(np.float32(0.54)) + np.float64(np.float32(0.46)) * np.cos(x * math.pi)
    return np.where(x < 1, _sinc(x) * np.where(x == 0, 1, window), 0)


def _lanczos(x: Floats) -> Floats:
    return np.where((x >= -3) & (x < 3), _sinc(x) * _sinc(x / 3), 0)


FILTERS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "pillow": (_bilinear, 1),
    "pillow_bicubic": (_bicubic, 2),
    "pillow_box": (_box, 0.5),
    "pillow_hamming": (_hamming, 1),
    "pillow_lanczos": (_lanczos, 3),
}
"""By the name of the resampling: the filter and its support."""


# Some 0.3 ms for 1400 pixels.
@lru_cache(maxsize=32)
def filter_tables(name: str, n: int, m: int) -> Tables:
    """For m pixels from n: ``(m,)`` first source pixels, and ``(m, taps)`` weights in 22-bit fixed point and exact.

    All taps lie inside the source; those that the filter does not reach have weight 0.
    """
    weigh, support = FILTERS[name]
    scale = n / m
    stretched = max(scale, 1.0)
    support *= stretched
    centers = (np.arange(m) + 0.5) * scale
    first = np.maximum((centers - support + 0.5).astype(np.int64), 0)
    end = np.minimum((centers + support + 0.5).astype(np.int64), n)
    count = end - first
    taps = int(count.max())
    steps = np.arange(taps)
    inside = steps < count[:, None]
    shares: Any = weigh((steps + first[:, None] - centers[:, None] + 0.5) * (1.0 / stretched))
    shares = np.where(inside, shares, 0)
    # One after the other, as Pillow adds them: np.sum goes by pairs.
    total = np.add.accumulate(shares, axis=1)[:, -1:]
    shares = np.divide(shares, total, out=shares, where=total != 0)
    start = np.minimum(first, n - taps)
    for i in np.flatnonzero(first != start):  # a few at the end
        shares[i] = np.roll(shares[i], first[i] - start[i])  # only weights of 0 come round
    weights = np.trunc(shares * (1 << _BITS) + np.copysign(0.5, shares)).astype(np.int32)
    for table in (start, weights, shares):
        table.flags.writeable = False
    return start, weights, shares
