"""Slow twin of `imgproc.box_filter`: the definition, window by window.

out[y, x] = sum(image[y + j, x + i] for |j| <= ry, |i| <= rx), divided by (2 ry + 1) (2 rx + 1) for a mean.
"""

from __future__ import annotations

import math

import numpy as np


def index(position, n, border):
    """The pixel that stands at a position on an axis of n pixels, None for fill."""
    if 0 <= position < n:
        return position
    if border == "constant":
        return None
    if border == "edge":
        return min(max(position, 0), n - 1)
    if border == "wrap":
        return position % n
    period = 2 * n if border == "symmetric" else max(2 * n - 2, 1)
    position %= period
    mirrored = 2 * n - 1 - position if border == "symmetric" else 2 * n - 2 - position
    return position if position < n else mirrored


def window(plane, y, x, radius, border, fill):
    """The samples of one rectangle, as Python numbers."""
    (height, width), (ry, rx) = plane.shape, radius
    rows = [index(y + j, height, border) for j in range(-ry, ry + 1)]
    columns = [index(x + i, width, border) for i in range(-rx, rx + 1)]
    return [
        fill if row is None or column is None else plane[row, column].item()
        for row in rows
        for column in columns
    ]


def box_filter(image, radius, normalize=True, border="reflect", fill=0.0):
    """Integers as Python integers, exact; float32 as float64, rounded once (math.fsum)."""
    planes = image[..., None] if image.ndim == 2 else image
    out = np.empty(planes.shape, np.float64 if image.dtype == np.float32 else object)
    area = (2 * radius[0] + 1) * (2 * radius[1] + 1)
    for y, x, c in np.ndindex(planes.shape):
        samples = window(planes[..., c], y, x, radius, border, fill)
        if image.dtype == np.float32:
            out[y, x, c] = math.fsum(samples) / (area if normalize else 1)
        else:
            total = sum(map(int, samples))
            # The area is odd, so that no mean lies between two integers.
            out[y, x, c] = (2 * total + area) // (2 * area) if normalize else total
    if planes.shape[-1] == 4:
        out[..., 3] = planes[..., 3]
    return out.reshape(image.shape)
