"""Statistics of the three colours of an image, over the pixels that count.

The bits of every result depend on the image alone, not on strides, threads or instruction sets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .._core.histograms import float_order_statistics, level_counts
from .._core.images import FLOAT32, RGB, UINT8, UINT16, Array, channel_count, rows
from .._core.tables import levels
from .._core.threads import run_bands
from .._ext import means as _means

# Nanoseconds per sample, the slowest of the levels: only estimates for the choice of threads.
_COST = {UINT8: 0.5, UINT16: 0.7, FLOAT32: 0.6}
_COST_OF_POWER = 2.5

# Pixels of a block; a float image is summed block by block. It decides how sums are rounded.
_BLOCK = 4096


def colour_sums(image: Array, mask: Array | None, saturation: float = 1.0) -> tuple[float, float, float]:
    """Sums of red, green and blue: exact integers, or floats with a relative error below 1e-12.

    A pixel counts where ``mask`` is not 0, ``(max - min) / max <= saturation`` (below 1) and all is finite.
    """
    src, channels = rows(image), channel_count(image)
    cost = image.size * _COST[image.dtype]
    if image.dtype == FLOAT32:

        def sum_blocks(height: int, sums: Array, b0: int, b1: int) -> None:
            _means.float_sums(src, channels, mask, saturation, height, sums, b0, b1)

        red, green, blue = _over_blocks(sum_blocks, image, cost).sum(axis=0).tolist()
        return red, green, blue
    factor = saturation_factor(saturation, levels(image.dtype))
    parts = run_bands(lambda y0, y1: _means.level_sums(src, channels, mask, factor, y0, y1), len(src), cost)
    red, green, blue = (sum(part) for part in zip(*parts, strict=True))
    return red, green, blue


@lru_cache(maxsize=64)
def saturation_factor(saturation: float, count: int) -> int:
    """The factor that makes an integer test of the one on quotients of levels below ``count``, exactly.

    ``(max - min) / max <= saturation`` in float64 where ``max - min <= max * factor // count**2``.

    One exists always. The quotients of two levels at or below ``saturation`` end with some p / q, and those
    above it start with some p' / q'; the two differ by 1 / (q · q') or more, which exceeds ``1 / count**2``,
    so a multiple of that lies at or behind the first and before the second.
    """
    if saturation >= 1:
        return count * count
    high = np.arange(1, count)
    spread = np.floor(saturation * high).astype(np.int64)
    # The product may be rounded across an integer; the quotient decides.
    spread -= spread / high > saturation
    spread += (spread + 1) / high <= saturation
    return int((-(-spread * count**2 // high)).max())


def level_sums(histograms: Array) -> tuple[int, ...]:
    """The sums of all pixels, from ``(colours, levels)`` counts: exact."""
    counts = histograms[:RGB].astype(np.uint64)
    return tuple((counts @ np.arange(counts.shape[1], dtype=np.uint64)).tolist())


def level_norms(histograms: Array, p: float) -> list[float]:
    """``(Σ v ** p) ** (1 / p)`` of each colour, from ``(colours, levels)`` counts."""
    norms = []
    for counts in histograms[:RGB]:
        present = np.flatnonzero(counts)
        peak = int(present[-1])
        # Divided by the peak, powers neither overflow nor all vanish.
        total = counts[present].astype(np.float64) @ _power(present / peak, p) if peak else 0.0
        norms.append(peak * float(total) ** (1 / p))
    return norms


def _power(base: Array, p: float) -> Array:
    """``base ** p``, by multiplications where p is a small integer: the same bits on every machine."""
    if p > 64 or p != int(p):
        return np.power(base, p)
    result, rest = np.ones_like(base), int(p)
    while rest:
        if rest & 1:
            result = result * base
        base = base * base
        rest >>= 1
    return result


def level_percentiles(histograms: Array, percentile: float) -> list[float]:
    """``numpy.percentile(channel, percentile)`` of each colour, from ``(colours, levels)`` counts."""
    values = []
    for counts in histograms[:RGB]:
        cumulative = np.cumsum(counts.astype(np.int64))
        lower, upper, share = _position(int(cumulative[-1]), percentile)
        low, high = np.searchsorted(cumulative, [lower, upper], side="right").tolist()
        values.append(_between(low, high, share))
    return values


def colour_norms(image: Array, mask: Array | None, p: float) -> list[float]:
    """``(Σ |v| ** p) ** (1 / p)`` of each colour."""
    if image.dtype != FLOAT32:
        return level_norms(level_counts(image, mask), p)
    src, channels = rows(image), channel_count(image)

    def find_peaks(height: int, out: Array, b0: int, b1: int) -> None:
        _means.float_peaks(src, channels, mask, height, out, b0, b1)

    peaks = _over_blocks(find_peaks, image, image.size * _COST[FLOAT32]).max(axis=0)
    scale = np.divide(1.0, peaks, where=peaks > 0, out=np.ones(RGB))

    def sum_blocks(height: int, sums: Array, b0: int, b1: int) -> None:
        _means.float_powers(src, channels, mask, scale, p, height, sums, b0, b1)

    sums = _over_blocks(sum_blocks, image, image.size * _COST_OF_POWER).sum(axis=0)
    return [total ** (1 / p) / factor for total, factor in zip(sums.tolist(), scale.tolist(), strict=True)]


def colour_percentiles(image: Array, mask: Array | None, percentile: float) -> list[float]:
    """Percentile of each colour as ``numpy.percentile`` gives it; finite samples only, 0 where there is none."""
    if image.dtype != FLOAT32:
        return level_percentiles(level_counts(image, mask), percentile)
    shares: list[float] = []

    def ranks(n: int) -> tuple[int, int]:
        lower, upper, share = _position(n, percentile)
        shares.append(share)
        return lower, upper

    pairs = float_order_statistics(image, mask, ranks, pooled=False).tolist()
    left = iter(shares)  # one for each colour with finite samples, in order
    return [0.0 if math.isnan(low) else _between(low, high, next(left)) for low, high in pairs]


def _position(n: int, percentile: float) -> tuple[int, int, float]:
    """Ranks of the samples on both sides of a percentile of n samples, and how far it lies between them."""
    position = (n - 1) * (percentile / 100)
    lower = int(position)
    return lower, min(lower + 1, n - 1), position - lower


def _between(low: float, high: float, share: float) -> float:
    """Linear interpolation, rounded as NumPy's."""
    if share >= 0.5:
        return high - (high - low) * (1 - share)
    return low + (high - low) * share


def _over_blocks(kernel: Callable[[int, Array, int, int], Any], image: Array, cost: float) -> Array:
    """``(blocks, 3)`` results of blocks of whole rows, which do not depend on how threads share them."""
    height = max(1, _BLOCK // image.shape[1])
    blocks = -(-image.shape[0] // height)
    results = np.empty((blocks, RGB))
    run_bands(lambda b0, b1: kernel(height, results, b0, b1), blocks, cost)
    return results
