"""Slow twin of `imgproc.clahe`.

K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994, pp. 474-485.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def tile_size(height, width, tiles):
    """Tiles cover the image exactly, or reach beyond it by a part of a tile in both directions."""
    uneven = height % tiles[0] != 0 or width % tiles[1] != 0
    return height // tiles[0] + uneven, width // tiles[1] + uneven


def table(codes, levels, clip_limit):
    """round(max · cdf / pixels) of the clipped histogram; the identity where there is no pixel."""
    pixels = len(codes)
    if pixels == 0:
        return np.arange(levels)
    counts = np.bincount(codes, minlength=levels)
    limit = min(max(int(clip_limit * pixels / levels), 1), pixels) if clip_limit > 0 else pixels
    clipped = int(np.maximum(counts - limit, 0).sum())
    counts = np.minimum(counts, limit) + clipped // levels
    rest = clipped % levels
    if rest:
        counts[np.arange(rest) * (levels // rest)] += 1
    cdf = np.cumsum(counts)
    # float64 holds the product exactly, and its quotient is a half only where the exact one is.
    return np.rint(cdf * (levels - 1) / pixels).astype(np.int64)


def blend(plane, clip_limit, tiles):
    """The exact bilinear blend, in levels, of a plane of codes: integers, or floats with NaN."""
    height, width = plane.shape
    levels = 256 if plane.dtype == np.uint8 else 65536
    th, tw = tile_size(height, width, tiles)
    pad = ((0, th * tiles[0] - height), (0, tw * tiles[1] - width))
    padded = np.pad(plane, pad, mode="reflect")
    tables = {}
    for j in range(tiles[0]):
        for i in range(tiles[1]):
            tile = padded[j * th : (j + 1) * th, i * tw : (i + 1) * tw].ravel()
            tables[j, i] = table(tile[tile == tile].astype(np.int64), levels, clip_limit)
    out = np.full(plane.shape, np.nan)
    for y in range(height):
        top, fy = position(y, th, tiles[0])
        for x in range(width):
            left, fx = position(x, tw, tiles[1])
            v = plane[y, x]
            if math.isnan(v):
                continue
            a, b, c, d = (int(tables[j, i][int(v)]) for j in top for i in left)
            out[y, x] = float((a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy)
    return out


def position(i, tile, tiles):
    """The two tiles whose centres pixel i lies between, and the exact fraction of the way to the second."""
    place = Fraction(i, tile) - Fraction(1, 2)
    k = math.floor(place)
    return (max(k, 0), min(k + 1, tiles - 1)), place - k


def luma(image):
    """Y of RGB: OpenCV's 15-bit weights for uint8, exact for uint16, float32 sums from the left."""
    r, g, b = (image[..., c] for c in range(3))
    if image.dtype == np.uint8:
        r, g, b = (v.astype(np.int64) for v in (r, g, b))
        return ((9798 * r + 19235 * g + 3735 * b + 16384) >> 15).astype(np.uint8)
    if image.dtype == np.uint16:
        r, g, b = (v.astype(np.int64) for v in (r, g, b))
        return np.rint((299 * r + 587 * g + 114 * b) / 1000).astype(np.uint16)
    return np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b


def codes(plane):
    """float32 as 16-bit codes; NaN stays."""
    with np.errstate(invalid="ignore"):
        return np.rint(np.clip(plane, np.float32(0), np.float32(1)) * np.float32(65535)).astype(np.float64)


def clahe(plane, clip_limit, tiles):
    """Blend of one plane in its own units: levels, or 0 to 1 for float32, before any rounding."""
    if plane.dtype == np.float32:
        return blend(codes(plane), clip_limit, tiles) / 65535
    return blend(plane, clip_limit, tiles)
