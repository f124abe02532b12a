"""Histograms and order statistics of checked images: what tone maps, illuminants and tables are made from.

``mask`` is what `check_mask` gives. Where ``luma`` is set, the one channel is the luma of an RGB or RGBA image,
computed in strips on the way; otherwise there is one for each colour channel. Alpha is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._ext import histogram as _histogram
from .codes import CODES
from .images import FLOAT32, UINT8, UINT16, Array, channel_count, color_count, rows
from .tables import levels
from .threads import run_bands

# Nanoseconds per sample, of integers at the fastest level: only an estimate for the choice of threads.
_COST = {UINT8: 0.08, UINT16: 0.1, FLOAT32: 2.0}
_EXTREMES_COST = 0.4

# Up to so many samples sorting is faster than counting in tables of 65536.
_FEW = 1 << 15


def sum_bands(
    kernel: Callable[..., None],
    image: Array,
    mask: Array | None,
    luma: bool,
    shape: tuple[int, int],
    *more: Any,
) -> Array:
    """Counts of ``shape``, each band of rows having counted for itself."""
    samples = rows(image)
    channels = channel_count(image)

    def count(y0: int, y1: int) -> Array:
        counts = np.zeros(shape, np.uint64)
        kernel(samples, mask, channels, luma, counts, y0, y1, *more)
        return counts

    first, *others = run_bands(
        count, len(samples), image.size * _COST[image.dtype], sure=image.dtype != FLOAT32
    )
    for counts in others:
        first += counts
    return first


def level_counts(
    image: Array, mask: Array | None = None, *, luma: bool = False, channels: int | None = None
) -> Array:
    """How often each value of an integer dtype occurs: ``(colour channels, levels)``, uint64.

    ``channels`` counts the first so many instead, alpha too.
    """
    counted = 1 if luma else channels or color_count(image)
    return sum_bands(_histogram.count, image, mask, luma, (counted, levels(image.dtype)))


def code_counts(image: Array, mask: Array | None, *, luma: bool = False) -> Array:
    """How often each code ``rint(65535 · clip(v, 0, 1))`` occurs: ``(colour channels, 65536)``, uint64.

    The product is taken in float32. NaN is left out.
    """
    counted = 1 if luma else color_count(image)
    return sum_bands(_histogram.count_levels, image, mask, luma, (counted, CODES))


def _key_values(keys: Array) -> Array:
    """The float32 values of sortable keys, −0 as 0."""
    keys = keys.astype(np.uint32)
    bits = np.where(keys >> 31, keys ^ np.uint32(1 << 31), ~keys)
    return bits.view(np.float32) + np.float32(0)


def float_extremes(image: Array, mask: Array | None, *, luma: bool = False) -> tuple[Array, Array]:
    """Least and greatest finite value of each colour channel, float32; NaN where there is none."""
    samples = rows(image)
    channels = 1 if luma else color_count(image)

    def widen(y0: int, y1: int) -> tuple[Array, Array]:
        low, high = np.full(channels, 2**32 - 1, np.uint32), np.zeros(channels, np.uint32)
        _histogram.extremes(samples, mask, channel_count(image), luma, low, high, y0, y1)
        return low, high

    bands = run_bands(widen, len(samples), image.size * _EXTREMES_COST)
    low, high = np.min([band[0] for band in bands], axis=0), np.max([band[1] for band in bands], axis=0)
    return tuple(np.where(low <= high, _key_values(keys), np.float32(np.nan)) for keys in (low, high))  # type: ignore[return-value]


def _sorted_statistics(
    image: Array, mask: Array | None, ranks: Callable[[int], Sequence[int]], pooled: bool
) -> Array:
    """`float_order_statistics` of a small image, by sorting."""
    colors = image.reshape(*image.shape[:2], -1)[..., : color_count(image)]
    pixels = colors.reshape(-1, colors.shape[2]) if mask is None else colors[mask != 0]
    rows_of = [pixels.ravel()] if pooled else list(pixels.T)
    statistics = np.full((len(rows_of), 2), np.nan, np.float32)
    for pair, samples in zip(statistics, rows_of, strict=True):
        ordered = np.sort(samples[np.isfinite(samples)])
        if ordered.size:
            pair[:] = ordered[list(ranks(ordered.size))]
    return statistics + np.float32(0)  # −0 as 0


def float_order_statistics(
    image: Array,
    mask: Array | None,
    ranks: Callable[[int], Sequence[int]],
    *,
    pooled: bool,
    luma: bool = False,
) -> Array:
    """The values at two ranks of the sorted finite samples: ``(colour channels or 1, 2)``, float32.

    ``ranks(n)`` gives the two ranks, from 0, among n samples. ``pooled`` sorts all colour channels together.
    A row is NaN where no sample is finite.

    Exact, without a copy of the image: one pass counts the high halves of the samples' sortable keys, a
    second the low halves of those that share a high half with a wanted rank.
    """
    channels = 1 if luma else color_count(image)
    if not luma and image.size <= _FEW:
        return _sorted_statistics(image, mask, ranks, pooled)
    high = sum_bands(_histogram.count_high, image, mask, luma, (channels, 65536))
    high = np.cumsum(high.sum(axis=0, keepdims=True) if pooled else high, axis=1)
    totals = [int(total) for total in high[:, -1]]
    wanted = np.array([ranks(total) if total else (0, 0) for total in totals], np.uint64)
    halves = np.array(
        [np.searchsorted(row, pair, side="right") for row, pair in zip(high, wanted, strict=True)]
    )
    halves = np.minimum(halves, 65535)
    before = np.take_along_axis(np.pad(high, ((0, 0), (1, 0))), halves, axis=1)

    targets = np.ascontiguousarray(np.broadcast_to(halves, (channels, 2)), np.uint32)
    low = sum_bands(_histogram.count_low, image, mask, luma, (channels * 2, 65536), targets).reshape(
        channels, 2, 65536
    )
    low = np.cumsum(low.sum(axis=0, keepdims=True) if pooled else low, axis=2)
    keys = np.zeros(wanted.shape, np.uint32)
    for index in np.ndindex(wanted.shape):
        rest = np.searchsorted(low[index], wanted[index] - before[index], side="right")
        keys[index] = (int(halves[index]) << 16) + min(int(rest), 65535)
    empty = np.array(totals)[:, None] == 0
    return np.where(empty, np.float32(np.nan), _key_values(keys))


def float_range(
    image: Array, mask: Array | None, cutoff: tuple[float, float], *, pooled: bool, luma: bool = False
) -> tuple[Array, Array]:
    """The least and the greatest finite value that remain once these shares are dropped from the ends.

    Of n finite samples ⌊n · percent / 100⌋ are dropped. Two float32 arrays, one value per colour channel or,
    where ``pooled``, one for all; NaN where no sample is finite. Where both shares together leave none, the
    low value may exceed the high one.
    """
    low_percent, high_percent = cutoff
    if low_percent == high_percent == 0:
        low, high = float_extremes(image, mask, luma=luma)
        if not pooled:
            return low, high
        return np.fmin.reduce(low, keepdims=True), np.fmax.reduce(high, keepdims=True)

    def ranks(n: int) -> tuple[int, int]:
        return min(int(n * low_percent // 100), n - 1), max(n - 1 - int(n * high_percent // 100), 0)

    cut = float_order_statistics(image, mask, ranks, pooled=pooled, luma=luma)
    return cut[:, 0], cut[:, 1]
