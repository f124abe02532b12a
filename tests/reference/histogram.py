"""Slow twins of the histograms: one sample at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def histogram(image: Array, bins: int, low: float, high: float, mask: Array | None = None) -> Array:
    """``(C, bins)`` counts: k = ⌊(v − low)·bins / (high − low)⌋ in float64, ``high`` in the last bin.

    Source: the documentation of `numpy.histogram`, uniform bins.
    """
    channels = image.reshape(*image.shape[:2], -1)
    counts = np.zeros((channels.shape[2], bins), np.uint64)
    for y, x, c in np.ndindex(channels.shape):
        value = float(channels[y, x, c])
        if (mask is None or mask[y, x]) and low <= value <= high:
            counts[c, min(math.floor((value - low) * bins / (high - low)), bins - 1)] += np.uint64(1)
    return counts


def float_codes(image: Array, mask: Array | None = None) -> Array:
    """``(colour channels, 65536)`` counts of rint(clip(v, 0, 1)·65535), without NaN; float32 product."""
    channels = image.reshape(*image.shape[:2], -1)[:, :, :3]
    counts = np.zeros((channels.shape[2], 65536), np.uint64)
    for y, x, c in np.ndindex(channels.shape):
        value = channels[y, x, c]
        if (mask is None or mask[y, x]) and not np.isnan(value):
            counts[c, int(np.rint(np.clip(value, np.float32(0), np.float32(1)) * np.float32(65535)))] += (
                np.uint64(1)
            )
    return counts


def float_cut(
    image: Array, low: float, high: float, pooled: bool, mask: Array | None = None
) -> tuple[Array, Array]:
    """Sort the finite samples, drop ⌊n·percent/100⌋ from each end, take the first and the last that remain.

    Source: ImageOps.autocontrast of Pillow, argument ``cutoff``.
    """
    channels = image.reshape(*image.shape[:2], -1)[:, :, :3]
    kept = channels[np.ones(image.shape[:2], bool) if mask is None else mask.astype(bool)]
    first, last = [], []
    for samples in [kept.ravel()] if pooled else list(kept.T):
        ordered = sorted(float(value) for value in samples if np.isfinite(value))
        n = len(ordered)
        first.append(ordered[min(int(n * low // 100), n - 1)] if n else math.nan)
        last.append(ordered[max(n - 1 - int(n * high // 100), 0)] if n else math.nan)
    return np.array(first, np.float32), np.array(last, np.float32)
