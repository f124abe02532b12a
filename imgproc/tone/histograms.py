"""Histograms and order statistics: what the tone maps are made from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np

from .._core.errors import wrong_value
from .._core.images import (
    FLOAT32,
    GRAY,
    UINT8,
    Array,
    channel_count,
    check_image,
    check_mask,
    color_count,
    rows,
)
from .._core.operations import operation
from .._core.parameters import Interval, OrNone, Range
from .._core.tables import levels
from .._core.threads import run_bands
from .._ext import histogram as _histogram

BINS = OrNone(Range(low=1, high=65536, integer=True))
RANGE = OrNone(Interval())

# Nanoseconds per sample, the slowest of the levels: only an estimate for the choice of threads.
_COST = {UINT8: 0.35, np.dtype(np.uint16): 0.8, FLOAT32: 2.0}
_EXTREMES_COST = 0.4


def _sum_bands(
    kernel: Callable[..., None], image: Array, mask: Array | None, shape: tuple[int, int], *more: Any
) -> Array:
    """Counts of ``shape``, each band of rows having counted for itself."""
    samples = rows(image)
    channels = channel_count(image)

    def count(y0: int, y1: int) -> Array:
        counts = np.zeros(shape, np.uint64)
        kernel(samples, mask, channels, counts, y0, y1, *more)
        return counts

    first, *others = run_bands(count, len(samples), image.size * _COST[image.dtype])
    for counts in others:
        first += counts
    return first


def _counts(image: Array, mask: Array | None, channels: int) -> Array:
    return _sum_bands(_histogram.count, image, mask, (channels, levels(image.dtype)))


def level_counts(image: Array, mask: Array | None) -> Array:
    """How often each value of an integer dtype occurs: ``(colour channels, levels)``, uint64.

    Arguments are checked ones; ``mask`` is what `check_mask` gives. Alpha is left out.
    """
    return _counts(image, mask, color_count(image))


def float_codes_counts(image: Array, mask: Array | None) -> Array:
    """How often each ``rint(clip(v, 0, 1) · 65535)`` occurs: ``(colour channels, 65536)``, uint64.

    The product is taken in float32. NaN and alpha are left out.
    """
    return _sum_bands(_histogram.count_levels, image, mask, (color_count(image), 65536))


def _key_values(keys: Array) -> Array:
    """The float32 values of sortable keys, −0 as 0."""
    keys = keys.astype(np.uint32)
    bits = np.where(keys >> 31, keys ^ np.uint32(1 << 31), ~keys)
    return bits.view(np.float32) + np.float32(0)


def float_extremes(image: Array, mask: Array | None) -> tuple[Array, Array]:
    """Least and greatest finite value of each colour channel, float32; NaN where there is none."""
    samples = rows(image)
    channels = color_count(image)

    def widen(y0: int, y1: int) -> tuple[Array, Array]:
        low, high = np.full(channels, 2**32 - 1, np.uint32), np.zeros(channels, np.uint32)
        _histogram.extremes(samples, mask, channel_count(image), low, high, y0, y1)
        return low, high

    bands = run_bands(widen, len(samples), image.size * _EXTREMES_COST)
    low, high = np.min([band[0] for band in bands], axis=0), np.max([band[1] for band in bands], axis=0)
    return tuple(np.where(low <= high, _key_values(keys), np.float32(np.nan)) for keys in (low, high))  # type: ignore[return-value]


def float_order_statistics(
    image: Array, mask: Array | None, ranks: Callable[[int], Sequence[int]], *, pooled: bool
) -> Array:
    """The values at two ranks of the sorted finite samples: ``(colour channels or 1, 2)``, float32.

    ``ranks(n)`` gives the two ranks, from 0, among n samples. ``pooled`` sorts all colour channels together.
    A row is NaN where no sample is finite.

    Exact, without a copy of the image: one pass counts the high halves of the samples' sortable keys, a
    second the low halves of those that share a high half with a wanted rank.
    """
    channels = color_count(image)
    high = _sum_bands(_histogram.count_high, image, mask, (channels, 65536))
    high = np.cumsum(high.sum(axis=0, keepdims=True) if pooled else high, axis=1)
    totals = [int(total) for total in high[:, -1]]
    wanted = np.array([ranks(total) if total else (0, 0) for total in totals], np.uint64)
    halves = np.array(
        [np.searchsorted(row, pair, side="right") for row, pair in zip(high, wanted, strict=True)]
    )
    halves = np.minimum(halves, 65535)
    before = np.take_along_axis(np.pad(high, ((0, 0), (1, 0))), halves, axis=1)

    targets = np.ascontiguousarray(np.broadcast_to(halves, (channels, 2)), np.uint32)
    low = _sum_bands(_histogram.count_low, image, mask, (channels * 2, 65536), targets).reshape(
        channels, 2, 65536
    )
    low = np.cumsum(low.sum(axis=0, keepdims=True) if pooled else low, axis=2)
    keys = np.zeros(wanted.shape, np.uint32)
    for index in np.ndindex(wanted.shape):
        rest = np.searchsorted(low[index], wanted[index] - before[index], side="right")
        keys[index] = (int(halves[index]) << 16) + min(int(rest), 65535)
    empty = np.array(totals)[:, None] == 0
    return np.where(empty, np.float32(np.nan), _key_values(keys))


def float_cut(
    image: Array, mask: Array | None, low_percent: float, high_percent: float, *, pooled: bool
) -> tuple[Array, Array]:
    """The least and the greatest finite value that remain once these shares are dropped from the ends.

    Of n finite samples ⌊n · percent / 100⌋ are dropped. Two float32 arrays, one value per colour channel or,
    where ``pooled``, one for all; NaN where no sample is finite. Where both shares together leave none, the
    low value may exceed the high one.
    """
    if low_percent == high_percent == 0:
        low, high = float_extremes(image, mask)
        if not pooled:
            return low, high
        return np.fmin.reduce(low, keepdims=True), np.fmax.reduce(high, keepdims=True)

    def ranks(n: int) -> tuple[int, int]:
        return min(int(n * low_percent // 100), n - 1), max(n - 1 - int(n * high_percent // 100), 0)

    cut = float_order_statistics(image, mask, ranks, pooled=pooled)
    return cut[:, 0], cut[:, 1]


def _bin_integers(counts: Array, bins: int, low: float, high: float) -> Array:
    """Counts of levels gathered into bins; exact, since every product is an integer below 2^53."""
    values = np.arange(counts.shape[1], dtype=np.float64)
    values = values[(values >= low) & (values <= high)]
    binned = np.zeros((len(counts), bins), np.uint64)
    if len(values):
        bin_of = np.minimum((values - low) * bins / (high - low), bins - 1).astype(np.intp)
        first = int(values[0])
        for channel, levels_of_channel in zip(binned, counts, strict=True):
            np.add.at(channel, bin_of, levels_of_channel[first : first + len(values)])
    return binned


@operation("tone", result="values", halo=None)
def histogram(
    image: Array,
    *,
    bins: Annotated[int | None, BINS] = 256,
    range: Annotated[tuple[float, float] | None, RANGE] = None,
    mask: Array | None = None,
) -> Array:
    """Count the samples of each channel in bins of equal width.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is counted as well.
    bins : int or None, default 256
        Number of bins, 1 to 65536. None: one bin per value of an integer dtype, 256 or 65536.
    range : (low, high), optional
        Numbers in units of the samples, ``low < high``, that the bins divide. By default ``(0, 255)`` for
        uint8, ``(0, 65535)`` for uint16, ``(0, 1)`` for float32.
    mask : (H, W) array of bool or uint8, optional
        Pixels to count, where not 0.

    Returns
    -------
    array of uint64
        ``(bins,)`` for gray, ``(C, bins)`` for RGB and RGBA.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, empty mask, ``bins`` or ``range`` out of bounds, ``bins=None`` for float32 or together
        with ``range``.

    Notes
    -----
    The rule of `numpy.histogram`: bin k holds the samples with ``k = ⌊(v − low) · bins / (high − low)⌋``; a
    sample equal to ``high`` falls into the last bin, one outside [low, high] into none, nor does NaN. The
    formula is evaluated in float64, which is exact for integer samples and integer ranges; elsewhere a value
    within float64 rounding of an edge may fall on either side of it.

    With the default range 256 bins hold one uint8 value each, or 256 consecutive uint16 values; 65536 bins
    hold one uint16 value each, as ``bins=None`` does.

    One pass over the image whatever the number of bins. Counters cannot overflow.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.3: histogram processing.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.histogram(np.array([[0, 1, 64, 255]], np.uint8), bins=4)
    array([2, 1, 0, 1], dtype=uint64)
    """
    image = check_image("histogram", image)
    bins = BINS.check("histogram", "bins", bins)
    limits = RANGE.check("histogram", "range", range)
    mask = check_mask("histogram", mask, image)
    channels = channel_count(image)
    if image.dtype == FLOAT32:
        if bins is None:
            raise wrong_value("histogram", "bins", "an integer for float32 images", bins)
        low, high = limits or (0.0, 1.0)
        width = high - low
        # The reciprocal of a power of two is exact, so that multiplying is dividing.
        inverse = 1 / width if math.frexp(width)[0] == 0.5 and 2**-64 < width < 2**64 else 0.0
        counts = _sum_bands(_histogram.count_bins, image, mask, (channels, 65536), bins, low, high, inverse)[
            :, :bins
        ]
        counts = np.ascontiguousarray(counts)
    else:
        if bins is None and limits is not None:
            raise wrong_value("histogram", "range", "None where bins is None", range)
        counts = _counts(image, mask, channels)
        top = levels(image.dtype) - 1
        low, high = limits or (0.0, float(top))
        if bins is not None and (bins, low, high) != (top + 1, 0, top):
            counts = _bin_integers(counts, bins, low, high)
    return counts[0] if channels == GRAY else counts
