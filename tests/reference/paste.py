"""The slow twin of pasting masks."""

from __future__ import annotations

from typing import Any

import numpy as np


def taps(size: int, count: int, at: int) -> tuple[int, int, np.float32]:
    """Places of ``size`` samples beside output ``at`` of ``count``: centres on centres, held at the ends."""
    f = np.float32
    place = max(f(f(f(size) / f(count)) * f(f(at) + f(0.5))) - f(0.5), f(0))
    low = min(int(place), size - 1)
    return low, min(low + 1, size - 1), min(f(place - f(low)), f(1))


def paste_mask(mask: Any, box: Any, shape: tuple[int, int], threshold: float, padding: int) -> Any:
    """Grow the box about its middle, cut its corners to integers, resize the padded mask to x2 - x1 + 1 by y2 - y1 + 1
    pixels, put it there, compare: what the code of K. He et al., Mask R-CNN, ICCV 2017, and torchvision do, in float32.
    """
    kind = box.dtype.type
    scale, half = kind((mask.shape[1] + 2 * padding) / mask.shape[1]), kind(0.5)
    corners = []
    for a, b in ((box[0], box[2]), (box[1], box[3])):
        middle, side = (b + a) * half, (b - a) * half * scale
        corners.append((int(middle - side), int(middle + side)))
    (left, right), (top, bottom) = corners
    padded = np.pad(mask, padding)
    out = np.zeros(shape, bool)
    for y in range(max(top, 0), min(bottom + 1, shape[0])):
        y0, y1, v = taps(padded.shape[0], bottom - top + 1, y - top)
        for x in range(max(left, 0), min(right + 1, shape[1])):
            x0, x1, u = taps(padded.shape[1], right - left + 1, x - left)
            one = np.float32(1)
            upper = padded[y0, x0] * (one - u) + padded[y0, x1] * u
            lower = padded[y1, x0] * (one - u) + padded[y1, x1] * u
            out[y, x] = upper * (one - v) + lower * v >= np.float32(threshold)
    return out
