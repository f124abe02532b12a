"""Pairs of images as two cameras see them, for the tests of stereo matching."""

from __future__ import annotations

from typing import Any

import numpy as np


def pair(rng: np.random.Generator, shape: tuple[int, int], dtype: Any = np.uint8) -> tuple[Any, Any]:
    """Left and right gray images of a textured scene in three depths, each with noise of its own."""
    height, width = shape
    room = width + 16
    texture = rng.integers(0, 256, (height, room)).astype(np.float64)
    texture = (texture[:, :-1] + texture[:, 1:]) / 2
    left, right = np.empty(shape), np.empty(shape)
    for y in range(height):
        shift = (3, 3, 7, 0)[y * 4 // height]
        left[y], right[y] = texture[y, :width], texture[y, shift : shift + width]
    images = (np.clip(image + rng.normal(0, 6, shape), 0, 255) for image in (left, right))
    if dtype == np.float32:
        a, b = (np.float32(image / 255) for image in images)
    else:
        a, b = ((image * (np.iinfo(dtype).max / 255)).astype(dtype) for image in images)
    return a, b
