"""Windows as the detector sees them: its own bilinear samples of an image at one size."""

from __future__ import annotations

import numpy as np

from .._core.images import Array

_BLOCK = 4096
"""Windows sampled at a time, so that the four neighbours of all their pixels stay small."""


def sample_windows(
    image: Array, x: Array, y: Array, scale: tuple[Array, Array], window: tuple[int, int]
) -> Array:
    """Cut windows out of a uint8 gray image, as (N, height, width) uint8.

    Pixel i of a window at ``y`` lies at ``scale * (y + i + 0.5) - 0.5`` of the image, as in the detector's scaled
    images where ``scale`` is the exact ratio of the two heights; weights have 8 bits, and the edges repeat. ``x``,
    ``y`` and the members of ``scale``, vertical first, are (N,) float64 arrays.
    """
    height, width = window
    out = np.empty((len(x), height, width), np.uint8)
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        top, down = _taps(y[part], scale[0][part], height, image.shape[0])
        left, across = _taps(x[part], scale[1][part], width, image.shape[1])
        corner = top[:, :, None] * image.shape[1] + left[:, None, :]
        across = across[:, None, :]
        flat = image.reshape(-1)
        below = image.shape[1] if image.shape[0] > 1 else 0
        beside = 1 if image.shape[1] > 1 else 0
        mixed = [
            flat[corner + side].astype(np.int32) * (256 - down[:, :, None])
            + flat[corner + side + below].astype(np.int32) * down[:, :, None]
            for side in (0, beside)
        ]
        out[part] = (mixed[0] * (256 - across) + mixed[1] * across + 32768) >> 16
    return out


def _taps(start: Array, scale: Array, count: int, length: int) -> tuple[Array, Array]:
    """The first of the two samples that each pixel is mixed of, and the weight of the second, of 256."""
    at = scale[:, None] * (start[:, None] + np.arange(count) + 0.5) - 0.5
    low = np.floor(at)
    weight = np.rint((at - low) * 256).astype(np.int32)
    last = max(length - 2, 0)
    weight[low < 0] = 0
    weight[low > last] = 256 if length > 1 else 0
    return np.clip(low, 0, last).astype(np.int64), weight
