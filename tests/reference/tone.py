"""Slow twins of the tone maps: one value at a time, from the formulas of Gonzalez & Woods, chapter 3.

Integers are Python's own and quotients are Fractions, so that no rounding but the stated one takes place.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Values = list[int]


def round_half_even(value: Fraction) -> int:
    return round(value)


def clip(value: int, top: int) -> int:
    return min(max(value, 0), top)


def gamma(value: int, top: int, exponent: float, gain: float) -> int:
    """s = gain · r ** exponent, r and s normalised (eq. 3-5)."""
    return clip(round(top * gain * (value / top) ** exponent), top)


def kept_range(values: Values, cutoff: tuple[float, float]) -> tuple[int, int]:
    """The order statistics that remain at both ends when the shares are dropped."""
    ordered = sorted(values)
    count = len(ordered)
    low = ordered[min(int(count * cutoff[0] // 100), count - 1)]
    high = ordered[max(count - 1 - int(count * cutoff[1] // 100), 0)]
    return low, high


def stretch(value: int, low: int, high: int, top: int) -> int:
    if high <= low:
        return value
    return clip(round_half_even(Fraction((value - low) * top, high - low)), top)


def equalize(value: int, values: Values, top: int) -> Fraction:
    """(cdf(v) − cdf_min) / (N − cdf_min) · max, before rounding; the value itself for a constant image."""
    smallest = min(values)
    if smallest == max(values):
        return Fraction(value)
    cdf_min = sum(v == smallest for v in values)
    cdf = sum(v <= value for v in values)
    return Fraction(max(cdf - cdf_min, 0) * top, len(values) - cdf_min)


def luma_uint8(pixel: Values) -> int:
    """Y of BT.601 in OpenCV's 15-bit weights."""
    return (9798 * pixel[0] + 19235 * pixel[1] + 3735 * pixel[2] + (1 << 14)) >> 15


def luma_uint16(pixel: Values) -> int:
    return round_half_even(Fraction(299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2], 1000))


def shift(pixel: Values, y: int, new_y: int, top: int) -> Values:
    """ΔY on all three: U and V are linear in B − Y and R − Y."""
    return [clip(value + new_y - y, top) for value in pixel]


def map_image(image: np.ndarray, channel: str, mask: np.ndarray | None, one) -> np.ndarray:
    """A map of values applied in a channel mode; ``one(value, values that count)`` is the map. Alpha is kept."""
    top = int(np.iinfo(image.dtype).max)
    chosen = np.ones(image.shape[:2], bool) if mask is None else mask.astype(bool)
    out = image.copy()
    if image.ndim == 2 or image.shape[2] == 1:
        values = [int(v) for v in image[chosen].ravel()]
        table = {v: one(v, values) for v in {int(v) for v in image.ravel()}}
        for index, value in np.ndenumerate(image):
            out[index] = table[int(value)]
        return out
    if channel in ("each", "pooled"):
        for c in range(3):
            counted = image[chosen][:, c] if channel == "each" else image[chosen][:, :3].ravel()
            values = [int(v) for v in counted]
            table = {v: one(v, values) for v in {int(v) for v in image[..., c].ravel()}}
            for y, x in np.ndindex(image.shape[:2]):
                out[y, x, c] = table[int(image[y, x, c])]
        return out
    luma = luma_uint8 if image.dtype == np.uint8 else luma_uint16
    lumas = np.array([[luma([int(v) for v in p[:3]]) for p in row] for row in image])
    values = [int(v) for v in lumas[chosen]]
    table = {v: one(v, values) for v in {int(v) for v in lumas.ravel()}}
    for y, x in np.ndindex(image.shape[:2]):
        before = int(lumas[y, x])
        out[y, x, :3] = shift([int(v) for v in image[y, x, :3]], before, table[before], top)
    return out
