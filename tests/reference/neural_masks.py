"""The slow twin of masks from prototypes: D. Bolya et al., YOLACT, ICCV 2019, section 3, one pixel after the other."""

from __future__ import annotations

import math

import numpy as np


def beside(place, size):
    """The two neighbours of a place among the centres of ``size`` pixels, held at the ends, and the second's share."""
    place = min(max(place, 0), size - 1)
    low = min(int(place), max(size - 2, 0))
    return low, min(low + 1, size - 1), place - low


def prototype_values(coefficients, prototypes, box, geometry, probabilities):
    """Of one detection: what is compared with the threshold, and -inf outside of the box."""
    mixed = np.tensordot(coefficients.astype(float), prototypes.astype(float), 1)
    if probabilities:
        mixed = 1 / (1 + np.exp(-mixed))
    height, width = geometry.image_shape
    (scale_y, scale_x), (top, left) = geometry.scale, geometry.offset
    out = np.full((height, width), -math.inf)
    for y in range(height):
        for x in range(width):
            if not (box[0] <= x + 0.5 < box[2] and box[1] <= y + 0.5 < box[3]):
                continue
            across = (x + 0.5) * scale_x + left
            across = geometry.input_shape[1] - across if geometry.flip else across
            v = ((y + 0.5) * scale_y + top) * mixed.shape[0] / geometry.input_shape[0] - 0.5
            u = across * mixed.shape[1] / geometry.input_shape[1] - 0.5
            (y0, y1, b), (x0, x1, a) = beside(v, mixed.shape[0]), beside(u, mixed.shape[1])
            upper = mixed[y0, x0] * (1 - a) + mixed[y0, x1] * a
            lower = mixed[y1, x0] * (1 - a) + mixed[y1, x1] * a
            out[y, x] = upper * (1 - b) + lower * b
    return out
