"""Masks of objects, turned with their image."""

from __future__ import annotations

import numpy as np

from ..._core.images import FLOAT32, Array
from ..._core.threads import run_bands
from ..._ext import masks as kernels
from ...filters.warp import warp_backward
from .sample import around

# Nanoseconds for a pixel of a mask: only an estimate for the choice of threads.
_EXTENT_COST = 0.02


def turned_masks(masks: Array | None, coordinates: Array, matrix: Array) -> Array | None:
    """Each sampled in the window alone that it can reach: most masks are small."""
    if masks is None:
        return None
    out = np.zeros(masks.shape, np.bool_)
    height, width = masks.shape[1:]
    for mask, result, (y0, y1, x0, x1) in zip(masks, out, _extents(masks), strict=True):
        if y0 == y1:
            continue
        box = around(np.array([[x0, y0, x1, y1]]), matrix)
        # Bilinear samples reach a pixel beyond.
        left, top = np.maximum(np.floor(box[0, :2]).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(box[0, 2:]).astype(int) + 1, (width, height))
        if left >= right or top >= bottom:
            continue
        window = np.s_[top:bottom, left:right]
        source = mask[y0:y1, x0:x1].astype(np.uint8) * 255
        places = coordinates[window] - np.array([y0, x0], FLOAT32)
        result[window] = warp_backward(source, places, border="constant") >= 128
    return out


def _extents(masks: Array) -> Array:
    """``(N, 4)`` rows y0, y1 and columns x0, x1 that hold all pixels of each mask, half-open; 0 without any."""
    out = np.empty((len(masks), 4), np.int64)
    pixels = np.ascontiguousarray(masks).view(np.uint8)
    run_bands(lambda n0, n1: kernels.extents(pixels, out, n0, n1), len(masks), masks.size * _EXTENT_COST)
    return out
