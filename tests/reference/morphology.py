"""Slow twins of flat morphology.

J. Serra, Image Analysis and Mathematical Morphology, 1982: erosion is the least value over the footprint B moved to the
pixel, dilation the greatest over its reflection.
"""

from __future__ import annotations

import math

import numpy as np


def before(a, b):
    """-0 stands below +0."""
    return a < b or (a == b and math.copysign(1, a) < math.copysign(1, b))


def best(values, greatest):
    """The least or the greatest; NaN where there is one."""
    found = None
    for value in values:
        if value != value:
            return value
        if found is None or (before(found, value) if greatest else before(value, found)):
            found = value
    return found


def flat(image, footprint, greatest, border="reflect", fill=0):
    """min over (i, j) in B of image[y + i, x + j], or max over B of image[y - i, x - j]; alpha is copied."""
    if greatest:
        footprint = footprint[::-1, ::-1]
    ry, rx = footprint.shape[0] // 2, footprint.shape[1] // 2
    pixels = image.reshape(*image.shape[:2], -1)
    constant = {"constant_values": fill} if border == "constant" else {}
    padded = np.pad(pixels, ((ry, ry), (rx, rx), (0, 0)), border, **constant)
    offsets = np.argwhere(footprint)
    out = pixels.copy()
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(min(out.shape[2], 3)):
                out[y, x, c] = best([padded[y + i, x + j, c] for i, j in offsets], greatest)
    return out.reshape(image.shape)


def two(image, footprint, first_greatest, border="reflect", fill=0):
    """Erosion then dilation, or the other way round; the border is applied at each step."""
    between = flat(image, footprint, first_greatest, border, fill)
    return flat(between, footprint, not first_greatest, border, fill)


def gradient(image, footprint, border="reflect", fill=0):
    """Dilation minus erosion, integers not below 0; alpha is copied."""
    most = flat(image, footprint, True, border, fill)
    least = flat(image, footprint, False, border, fill)
    with np.errstate(invalid="ignore"):
        out = np.where(most > least, most - least, 0) if image.dtype.kind == "u" else most - least
    out = out.astype(image.dtype)
    if image.ndim == 3 and image.shape[2] == 4:
        out[..., 3] = image[..., 3]
    return out
