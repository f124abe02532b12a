"""Slow twin of `imgproc.box_filter`: the definition, one shifted image for each row and column of the window.

out[y, x] = sum(image[y + j, x + i] for |j| <= ry, |i| <= rx), divided by (2 ry + 1) (2 rx + 1) for a mean.
"""

from __future__ import annotations

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


def surrounded(image, radius, border, fill):
    """The planes as float64 or int64, with `radius` more rows and columns at each end."""
    planes = image.astype(np.float64 if image.dtype == np.float32 else np.int64)
    for axis, reach in enumerate(radius):
        n = image.shape[axis]
        places = [index(position, n, border) for position in range(-reach, n + reach)]
        planes = planes.take([place or 0 for place in places], axis)
        planes.swapaxes(0, axis)[[place is None for place in places]] = fill
    return planes


def box_filter(image, radius, normalize=True, border="reflect", fill=0.0):
    """Integers exact in int64; float32 in float64, of which each addition errs by 2**-53."""
    (ry, rx), (height, width) = radius, image.shape[:2]
    planes = surrounded(image, radius, border, fill)
    down = sum(planes[j : j + height] for j in range(2 * ry + 1))
    out = sum(down[:, i : i + width] for i in range(2 * rx + 1))
    area = (2 * ry + 1) * (2 * rx + 1)
    if normalize:
        # The area is odd, so that no mean lies between two integers.
        out = out / area if image.dtype == np.float32 else (2 * out + area) // (2 * area)
    if image.shape[2:] == (4,):
        out[..., 3] = image[..., 3]
    return out
