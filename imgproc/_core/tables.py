"""Tables: the one way in which integer images go through a pointwise map."""

from __future__ import annotations

import numpy as np

from .._ext import tables as _tables
from .images import UINT8, UINT16, Array, channel_count, rows
from .threads import run_bands

# Nanoseconds per sample: only an estimate for the choice of threads. Lookups of uint16 take as long at every level.
_COST = {UINT8: 0.15, UINT16: 0.24}
_LINE_COST = {UINT8: 0.08, UINT16: 0.25}

# Samples from which finding the straight line behind a table costs less than it saves.
_FIT_FROM = {UINT8: 1 << 17, UINT16: 1 << 19}


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
    table = np.ascontiguousarray(table)
    lines: Array | None = np.empty((len(table), 2))
    cost = _LINE_COST
    if image.size < _FIT_FROM[image.dtype] or not _tables.fit(table, lines):
        lines, cost = None, _COST
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _tables.apply(src, dst, table, lines, channels, y0, y1),
        len(src),
        image.size * cost[image.dtype],
        sure=lines is None and image.dtype == UINT16,
    )
    return out
