"""Tables: the one way in which integer images go through a pointwise map."""

from __future__ import annotations

import numpy as np

from .._ext import tables as _tables
from .images import RGBA, UINT8, UINT16, Array, channel_count, rows
from .threads import run_bands

# Nanoseconds per sample, the slowest of the levels: only an estimate for the choice of threads.
_COST = {UINT8: 0.3, UINT16: 0.4}


def levels(dtype: np.dtype[np.generic]) -> int:
    """Number of values of an integer dtype."""
    return 1 << 8 * dtype.itemsize


def quantize(values: Array, dtype: np.dtype[np.generic]) -> Array:
    """float64 values rounded half to even and clipped to an integer dtype."""
    return np.clip(np.rint(values), 0, levels(dtype) - 1).astype(dtype)


def apply_tables(image: Array, table: Array, out: Array) -> Array:
    """``out[y, x, c] = table[c, image[y, x, c]]``; a table with one row serves all colour channels.

    ``table`` is ``(1, levels)`` or ``(colour channels, levels)`` of the image's dtype. Alpha is copied.
    """
    if channel_count(image) == RGBA:
        alpha = np.arange(levels(image.dtype), dtype=image.dtype)[None]
        table = np.concatenate([np.broadcast_to(table, (3, table.shape[1])), alpha])
    table = np.ascontiguousarray(table)
    src, dst = rows(image), rows(out)
    run_bands(
        lambda y0, y1: _tables.apply(src, dst, table, y0, y1), len(src), image.size * _COST[image.dtype]
    )
    return out
