"""Codes: float32 values in [0, 1] as 65536 levels, where a float image needs a histogram or a table."""

from __future__ import annotations

import numpy as np

from .._ext import codes as _codes
from .images import Array, channel_count, rows
from .threads import run_bands

CODES = 65536
_COST = 2.0  # nanoseconds per sample, only an estimate for the choice of threads


def apply(image: Array, table: Array, out: Array) -> Array:
    """``out[y, x, c] = table[c, rint(65535 · clip(image[y, x, c], 0, 1))]``; alpha and NaN are copied.

    ``table`` is float32, ``(1, 65536)`` or ``(colour channels, 65536)``; where it holds NaN the value is copied.
    """
    table = np.ascontiguousarray(table)
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(lambda y0, y1: _codes.apply(src, dst, table, channels, y0, y1), len(src), image.size * _COST)
    return out
