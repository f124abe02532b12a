"""Pointwise maps of float32 images: powers, straight lines and reciprocals, in place where ``out`` is the image."""

from __future__ import annotations

import math

import numpy as np

from .._ext import float_maps as _float_maps
from .images import FLOAT32, RGBA, UINT16, Array, channel_count, rows
from .threads import run_bands

# Nanoseconds per sample: only an estimate for the choice of threads.
_POWER_COST = 1.5
_AFFINE_COST = 0.3
_RECIPROCAL_COST = 0.1

_LARGEST = np.finfo(FLOAT32).max


def power(image: Array, gamma: float, gain: float, out: Array) -> Array:
    """``out = gain · image ** gamma`` within 2 + gamma / 8 units in the last place; alpha is copied.

    The power is rounded to float32 before ``gain`` multiplies it; ``gamma`` 1 makes it exact. Samples
    below 0 give 0, NaN stays, values above 1 follow the power law. With ``gain`` 0 all numbers give 0,
    infinity too.
    """
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _float_maps.power(src, dst, channels, gamma, gain, y0, y1),
        len(src),
        image.size * _POWER_COST,
    )
    return out


def power_levels(count: int, gamma: float, gain: float, margin: float) -> tuple[Array, Array]:
    """``rint(top · gain · (v / top) ** gamma)``, limited to ``top``, of the levels v up to ``top = count - 1``.

    They come from `power`. Second, the v whose product lies within ``margin`` times itself of a half, where
    the rounding is not sure.
    """
    table, near = np.empty(count, UINT16), np.empty(count, np.int32)
    found = _float_maps.levels(table, near, gamma, gain, margin)
    return table, near[:found]


def affine(image: Array, lows: Array, scales: Array, out: Array, *, clip: bool | Array = True) -> Array:
    """``out[y, x, c] = (image[y, x, c] - lows[c]) * scales[c]``, limited to [0, 1] where ``clip`` (of the channel).

    ``lows`` and ``scales`` hold one number or one per colour channel, and are rounded to float32 as each
    step is, scales beyond its range to its largest number. ``lows[c]`` itself becomes exactly 0;
    ``stretch_scales`` gives scales that end in exactly 1.
    NaN stays NaN, alpha is copied.
    """
    channels = channel_count(image)
    colors = np.empty((4, 4), np.float32)  # low, scale, least, most of each channel
    colors[0, :3] = lows
    colors[1, :3] = np.minimum(scales, _LARGEST)  # an infinite one would make NaN of 0
    colors[2, :3] = np.where(clip, 0, -math.inf)
    colors[3, :3] = np.where(clip, 1, math.inf)
    colors[:, RGBA - 1] = 0, 1, -math.inf, math.inf
    pattern = np.ascontiguousarray(colors[:, np.arange(_float_maps.AFFINE_PATTERN) % channels])
    src, dst = rows(image), rows(out)
    run_bands(
        lambda y0, y1: _float_maps.affine(src, dst, pattern, y0, y1), len(src), image.size * _AFFINE_COST
    )
    return out


def stretch_scales(lows: Array, highs: Array) -> Array:
    """The least float32 scales for ``affine`` that take each high, above its low, to at least 1.

    Clipped, a high is exactly 1. Ranges below 2**-126 get the largest finite scale; those that float32 cannot
    hold get one above 0, which takes differences that overflow to infinity.
    """
    wide = np.subtract(highs, lows, dtype=np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        spans = wide.astype(FLOAT32)
        # float64 has digits enough that rounding twice is rounding once.
        scales: Array = np.minimum(1 / np.where(np.isinf(spans), wide, spans), _LARGEST).astype(FLOAT32)
    return np.where(spans * scales < 1, np.nextafter(scales, _LARGEST), scales)


def reciprocal(array: Array, product: float, out: Array) -> Array:
    """``out = product / array``, of C-contiguous (H, W); infinite where ``array`` is 0 or below, NaN stays."""
    run_bands(
        lambda y0, y1: _float_maps.reciprocal(array, out, product, y0, y1),
        len(array),
        array.size * _RECIPROCAL_COST,
    )
    return out
