"""Pointwise tone maps: statistics, then a table, then one pass that applies it.

Integer images go through a table of all their values. Float images go through the same map as a formula
(gamma, autocontrast) or through 65536 codes over [0, 1] (equalisation).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from .._core import codes, float_maps, histograms, luma
from .._core.images import FLOAT32, RGB, UINT8, Array, check_image, check_mask, check_out, color_count
from .._core.operations import operation
from .._core.parameters import Choice, Pair, Range
from .._core.tables import apply_tables, levels, quantize

GAMMA = Range(above=0)
GAIN = Range(low=0)
CUTOFF = Pair(Range(low=0, high=100), ("low", "high"))
CHANNEL = Choice(("luma", "each", "pooled"))

Histograms = Callable[[], Array]


def _channel_counts(counts: Array, channel: str) -> Array | None:
    """The histograms that a channel mode needs, from one per colour channel; None for luma of a colour image."""
    if len(counts) == RGB and channel == "luma":
        return None
    return counts.sum(axis=0, keepdims=True) if channel == "pooled" else counts


def _apply(
    image: Array, mask: Array | None, channel: str, to_tables: Callable[[Array], Array], out: Array
) -> Array:
    """Histograms of an integer image, tables from them, and the pass that applies the tables."""
    if channel == "luma" and color_count(image) == RGB:
        return luma.shift_luma_by_table(
            image, to_tables(histograms.level_counts(image, mask, luma=True)), out
        )
    counts = histograms.level_counts(image, mask)
    if channel == "pooled":
        counts = counts.sum(axis=0, keepdims=True)
    return apply_tables(image, to_tables(counts), out)


def _scaled_powers(value: Array, top: int, gamma: float, gain: float) -> Array:
    """``top · gain · (value / top) ** gamma`` in float64."""
    powers = (value / top) ** gamma
    with np.errstate(over="ignore"):
        # An infinite factor would make NaN of 0, so it waits behind the powers.
        return top * gain * powers if math.isfinite(top * gain) else gain * powers * top


def _gamma_tables(histograms: Histograms, dtype: np.dtype[Any], *, gamma: float, gain: float = 1.0) -> Array:
    top = levels(dtype) - 1
    # float32 powers are many times faster. Their error, of which 2 + gamma / 8 units come from the power and gamma / 2
    # from the base, matters only for values so close to a half; those are computed again.
    margin = (3 + gamma) * 2**-23
    if dtype == UINT8 or margin * top > 0.1:
        return quantize(_scaled_powers(np.arange(top + 1), top, gamma, gain), dtype)[None]
    table, near = float_maps.power_levels(top + 1, gamma, gain, margin)
    table[near] = quantize(_scaled_powers(near, top, gamma, gain), dtype)
    return table[None]


@operation("tone", command="gamma", in_place=True, tables=_gamma_tables)
def gamma_correct(
    image: Array,
    gamma: Annotated[float, GAMMA],
    *,
    gain: Annotated[float, GAIN] = 1.0,
    out: Array | None = None,
) -> Array:
    """Raise an image to a power: ``out = gain · image ** gamma`` on the normalised range.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    gamma : float
        Exponent, > 0. Below 1 brightens, above 1 darkens.
    gain : float, default 1
        Factor, >= 0, applied after the power.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are scaled to [0, 1] by their largest value, mapped, scaled back,
        rounded half to even and clipped. float32 is not clipped: values above 1 follow the power law.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        ``gamma <= 0``, NaN or infinite, ``gain < 0``, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    Integers go through a table of all their values, computed in float64: exact. float32 is within
    2 + gamma / 8 units in the last place (2.5 + gamma / 8 with a gain), subnormal numbers included, and exact
    before its one rounding where ``gamma`` is 1. There samples below 0 give 0, NaN stays NaN, infinity stays
    infinity, and ``gain`` 0 gives 0 for all but NaN.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.2: power-law transformations.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.gamma_correct(np.array([[0, 64, 255]], np.uint8), 0.5)
    array([[  0, 128, 255]], dtype=uint8)
    """
    image = check_image("gamma_correct", image)
    gamma = GAMMA.check("gamma_correct", "gamma", gamma)
    gain = GAIN.check("gamma_correct", "gain", gain)
    out = check_out("gamma_correct", out, image.shape, image.dtype, image, in_place=True)
    if image.dtype == FLOAT32:
        return float_maps.power(image, gamma, gain, out)
    return apply_tables(image, _gamma_tables(lambda: image, image.dtype, gamma=gamma, gain=gain), out)


def _kept_range(counts: Array, cutoff: tuple[float, float]) -> tuple[int, int]:
    """Lowest and highest value left when the cutoff shares (percent) of the pixels are dropped at both ends."""
    total = int(counts.sum())
    below = np.cumsum(counts)
    above = np.cumsum(counts[::-1])
    low = int(np.searchsorted(below, total * cutoff[0] // 100, side="right"))
    high = len(counts) - 1 - int(np.searchsorted(above, total * cutoff[1] // 100, side="right"))
    return low, high


def _stretch_rows(counts: Array, dtype: np.dtype[Any], cutoff: tuple[float, float]) -> Array:
    top = levels(dtype) - 1
    tables = np.empty((len(counts), top + 1), dtype)
    for table, row in zip(tables, counts, strict=True):
        low, high = _kept_range(row, cutoff)
        if high <= low:
            table[:] = np.arange(top + 1)
            continue
        table[:low], table[high + 1 :] = 0, top
        # The product is an exact integer, so that the quotient is rounded once and ties are true ties.
        inside = np.arange(high - low + 1, dtype=np.float64)
        inside *= top
        inside /= high - low
        table[low : high + 1] = np.rint(inside, out=inside)
    return tables


def _stretch_floats(image: Array, low: Array, high: Array, of_luma: bool, out: Array) -> Array:
    """Stretch each channel from its range to [0, 1]; those without a range are copied."""
    stretched = high > low
    if not stretched.any():
        np.copyto(out, image)
        return out
    low, high = np.where(stretched, low, np.float32(0)), np.where(stretched, high, np.float32(1))
    if of_luma:
        # Y' − Y has lost Y' where Y is so large that Y − low overflows.
        scale = float_maps.stretch_scales(low, high)
        return luma.shift_luma_affine(image, float(low[0]), float(scale[0]), out)
    if np.any(high / 2 - low / 2 >= 2.0**126):
        # Differences may overflow: those of the sixteenths do not, and have the same digits.
        sixteenth = np.where(stretched, np.float32(1 / 16), np.float32(1))
        image = float_maps.affine(image, np.zeros(1), sixteenth, out, clip=False)
        low, high = low * sixteenth, high * sixteenth
    scale = float_maps.stretch_scales(low, high)
    return float_maps.affine(image, low, scale, out, clip=stretched)


def _autocontrast_tables(
    level_histograms: Histograms, dtype: np.dtype[Any], *, cutoff: Any = 0.0, channel: str = "luma"
) -> Array | None:
    counts = _channel_counts(level_histograms(), channel)
    return (
        None
        if counts is None
        else _stretch_rows(counts, dtype, CUTOFF.check("autocontrast", "cutoff", cutoff))
    )


@operation("tone", halo=None, in_place=True, tables=_autocontrast_tables)
def autocontrast(
    image: Array,
    *,
    cutoff: Annotated[float | tuple[float, float], CUTOFF] = 0.0,
    channel: Annotated[str, CHANNEL] = "luma",
    mask: Array | None = None,
    out: Array | None = None,
) -> Array:
    """Stretch the range of values that an image uses to the full range.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    cutoff : float or (float, float), default 0
        Percent of the darkest and of the brightest pixels to leave out of the range, 0 to 100: one value
        for both ends or ``(low, high)``. The pixels left out become 0 or the largest value.
    channel : {"luma", "each", "pooled"}, default "luma"
        ``"luma"`` stretches Y of YUV and keeps U and V, hence hues; ``"each"`` stretches every colour channel
        on its own, which also removes a colour cast; ``"pooled"`` uses one map, from all channels together.
        A gray image is the same in all three.
    mask : (H, W) array of bool or uint8, optional
        Pixels that count for the range (non-zero); the map is applied to all.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Where the range is empty (a constant image, or a cutoff that drops everything)
        the values come back unchanged.

    Raises
    ------
    TypeError
        Wrong kind of array, mask or number.
    ValueError
        ``cutoff`` outside 0 to 100, unknown ``channel``, wrong shape, a mask without pixels, or an ``out``
        that does not fit.

    Notes
    -----
    ``out = (v - lo) / (hi - lo)`` on the full range, clipped. With n pixels sorted by value, ``lo`` is number
    ``floor(n · low / 100)`` from below and ``hi`` number ``floor(n · high / 100)`` from above, counted from 0:
    Pillow's meaning of ``cutoff``. Integers are rounded half to even from the exact quotient.

    In luma mode Y' − Y is added to R, G and B and the sum clipped: U and V are linear in B − Y and R − Y, so
    they stay as they are. Y is what `rgb_to_gray` gives.

    Float images are stretched to [0, 1]; NaN stays NaN; infinities do not count for the range and are clipped.

    One pass for the histogram and one for the map; memory for the tables only.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.2: contrast stretching.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.autocontrast(np.array([[50, 100, 150]], np.uint8))
    array([[  0, 128, 255]], dtype=uint8)
    """
    image = check_image("autocontrast", image)
    cut = CUTOFF.check("autocontrast", "cutoff", cutoff)
    channel = CHANNEL.check("autocontrast", "channel", channel)
    chosen = check_mask("autocontrast", mask, image)
    out = check_out("autocontrast", out, image.shape, image.dtype, image, chosen, in_place=True)
    if image.dtype != FLOAT32:
        return _apply(image, chosen, channel, lambda counts: _stretch_rows(counts, image.dtype, cut), out)
    of_luma = channel == "luma" and color_count(image) == RGB
    low, high = histograms.float_range(image, chosen, cut, pooled=channel == "pooled", luma=of_luma)
    return _stretch_floats(image, low, high, of_luma, out)


def _equalized(counts: Array, top: float, dtype: np.dtype[Any]) -> Array | None:
    """One table row from one histogram: cdf − cdf_min over N − cdf_min, times the largest value.

    None where fewer than two values are present.
    """
    cdf = np.cumsum(counts).astype(np.int64)
    first = int(np.argmax(counts != 0))
    smallest, total = int(cdf[first]), int(cdf[-1])
    if smallest == total:
        return None
    cdf -= smallest
    cdf[:first] = 0
    if dtype == UINT8:
        # OpenCV's own arithmetic, product of two float32, so that results are equal to the bit.
        return cdf.astype(np.float32) * (np.float32(top) / np.float32(total - smallest))
    scaled = cdf.astype(np.float64)
    scaled *= top
    scaled /= total - smallest
    return scaled


def _equalize_rows(counts: Array, dtype: np.dtype[Any]) -> Array:
    tables = np.empty(counts.shape, dtype)
    for table, row in zip(tables, counts, strict=True):
        scaled = _equalized(row, counts.shape[1] - 1, dtype)
        table[:] = np.arange(len(table)) if scaled is None else np.rint(scaled, out=scaled)
    return tables


def _equalize_codes(counts: Array) -> Array:
    """float32 tables over the 65536 codes of [0, 1]; NaN rows mean: leave the channel as it is."""
    tables = np.full(counts.shape, np.nan, np.float32)
    for table, row in zip(tables, counts, strict=True):
        scaled = _equalized(row, 1.0, FLOAT32)
        if scaled is not None:
            table[:] = scaled
    return tables


def _equalize_tables(
    level_histograms: Histograms, dtype: np.dtype[Any], *, channel: str = "luma"
) -> Array | None:
    counts = _channel_counts(level_histograms(), channel)
    return None if counts is None else _equalize_rows(counts, dtype)


@operation("tone", command="equalize", halo=None, in_place=True, tables=_equalize_tables)
def equalize_histogram(
    image: Array,
    *,
    channel: Annotated[str, CHANNEL] = "luma",
    mask: Array | None = None,
    out: Array | None = None,
) -> Array:
    """Spread the values of an image so that all levels are used about equally often.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    channel : {"luma", "each", "pooled"}, default "luma"
        ``"luma"`` equalises Y of YUV and keeps U and V, hence hues; ``"each"`` every colour channel on its own;
        ``"pooled"`` uses one map, from all channels together. A gray image is the same in all three.
    mask : (H, W) array of bool or uint8, optional
        Pixels that count for the histogram (non-zero); the map is applied to all.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. A constant image comes back unchanged.

    Raises
    ------
    TypeError
        Wrong kind of array or mask.
    ValueError
        Unknown ``channel``, wrong shape, a mask without pixels, or an ``out`` that does not fit.

    Notes
    -----
    ``v`` becomes ``round((cdf(v) − cdf_min) / (N − cdf_min) · max)``, cdf_min being the count of the smallest
    value present. uint8 is computed in float32 as OpenCV's ``equalizeHist`` does and equal to it to the bit,
    so it may differ from the exact quotient where that is within 2e-5 of a half. uint16 has all 65536 levels and is the
    exact quotient rounded half to even.

    float32 is binned to 65536 codes, ``rint(65535 · clip(v, 0, 1))``, and becomes the quotient itself, in [0, 1];
    NaN does not count and stays NaN.

    In luma mode Y' − Y is added to R, G and B and the sum clipped, see `autocontrast`.

    One pass for the histogram and one for the map; memory for the tables only.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.3: histogram equalization.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.equalize_histogram(np.array([[10, 10, 20, 30]], np.uint8))
    array([[  0,   0, 128, 255]], dtype=uint8)
    """
    image = check_image("equalize_histogram", image)
    channel = CHANNEL.check("equalize_histogram", "channel", channel)
    chosen = check_mask("equalize_histogram", mask, image)
    out = check_out("equalize_histogram", out, image.shape, image.dtype, image, chosen, in_place=True)
    if image.dtype != FLOAT32:
        return _apply(image, chosen, channel, lambda counts: _equalize_rows(counts, image.dtype), out)
    if channel == "luma" and color_count(image) == RGB:
        table = _equalize_codes(histograms.code_counts(image, chosen, luma=True))
        if np.isnan(table[0, 0]):
            np.copyto(out, image)
            return out
        return luma.shift_luma_by_codes(image, table, out)
    counts = histograms.code_counts(image, chosen)
    if channel == "pooled":
        counts = counts.sum(axis=0, keepdims=True)
    return codes.apply(image, _equalize_codes(counts), out)
