"""Colours for numbers: a table of even steps whose lightness only rises, so that gray prints keep the order.

And colours for classes, of which those of neighbouring numbers are far apart.
"""

from __future__ import annotations

import colorsys
from functools import cache

import numpy as np

from .._core.images import Array

UNKNOWN = (0, 0, 0)
"""Where there is no number; the darkest colour of the table is lighter."""

_LEVELS = 256
# From OKLab to the cube roots of cone responses, and from these responses to linear sRGB: B. Ottosson, A perceptual
# color space for image processing, 2020.
_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@cache
def color_table() -> Array:
    """(256, 3) uint8: in OKLab, lightness rises evenly from 0.30 to 0.95 while the hue turns from violet to yellow.

    Chroma is 0.16 at both ends and 0.10 in the middle, where sRGB holds no more: every colour is one of sRGB.
    """
    part = np.linspace(0, 1, _LEVELS)
    hue = np.deg2rad(300 - 190 * part)
    chroma = 0.10 + 0.06 * (2 * part - 1) ** 2
    lab = np.stack([0.30 + 0.65 * part, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    linear = ((lab @ _TO_CONES.T) ** 3 @ _TO_RGB.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: Array = np.rint(255 * encoded).astype(np.uint8)
    return table


def colored(values: Array, high: float) -> Array:
    """(H, W) numbers as an (H, W, 3) picture: 0 and below the darkest colour, ``high`` and above the lightest."""
    known = np.isfinite(values)
    levels = np.where(known, values, 0).clip(0, high) * (np.float32(_LEVELS - 1) / np.float32(high))
    picture = color_table()[np.rint(levels).astype(np.intp)]
    picture[~known] = UNKNOWN
    return picture


def class_color(label: int) -> tuple[int, int, int]:
    """A light colour, so that dark letters can be read on it; class 0 is green."""
    hue = (0.42 + label * 0.381966) % 1.0  # golden section
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.62, 0.75))
    return red, green, blue


def class_colors(labels: Array) -> Array:
    """Integer labels of any shape, from -1 on, as colours along a further axis; black for -1."""
    colors = [UNKNOWN, *map(class_color, range(int(labels.max(initial=-1)) + 1))]
    picture: Array = np.array(colors, np.uint8)[labels + 1]
    return picture
