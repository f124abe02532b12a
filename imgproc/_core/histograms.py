"""Counts of the levels of integer images."""

from __future__ import annotations

import numpy as np

from .images import Array, color_count
from .tables import levels


def level_counts(image: Array, mask: Array | None) -> Array:
    """``(colours, levels)`` uint64: how many pixels with ``mask != 0`` hold each level."""
    samples = image.reshape(*image.shape[:2], -1)[..., : color_count(image)]
    chosen = samples.reshape(-1, samples.shape[2]) if mask is None else samples[mask != 0]
    counts = [np.bincount(channel, minlength=levels(image.dtype)) for channel in chosen.T]
    return np.stack(counts).astype(np.uint64)
