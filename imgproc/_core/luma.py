"""Maps of luma that keep chroma: R, G and B get one difference added, so that U and V of YUV stay."""

from __future__ import annotations

import numpy as np

from .._ext import luma as _luma
from .images import UINT8, UINT16, Array, channel_count, rows
from .threads import run_bands

# Nanoseconds per pixel, the slowest of the levels: only an estimate for the choice of threads.
_TABLE_COST = {UINT8: 2.0, UINT16: 3.0}
_AFFINE_COST = 3.0
_CODES_COST = 4.0


def shift_luma_by_table(image: Array, table: Array, out: Array) -> Array:
    """Move luma Y of a uint8 or uint16 RGB(A) image to ``table[Y]``, with one entry for each level.

    Y is what ``rgb_to_gray`` gives. ``out`` may be ``image``.
    """
    table = np.ascontiguousarray(table).reshape(-1)
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _luma.table(src, dst, channels, table, y0, y1),
        len(src),
        image.size / channels * _TABLE_COST[image.dtype],
    )
    return out


def shift_luma_affine(image: Array, low: float, scale: float, out: Array) -> Array:
    """Move luma Y of a float32 RGB(A) image to ``(Y - low) * scale`` clipped to [0, 1].

    Samples are clipped to [0, 1]. A NaN makes its pixel's colours NaN; an infinite sample makes them 0, 1
    or NaN. ``out`` may be ``image``.
    """
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _luma.affine(src, dst, channels, low, scale, y0, y1),
        len(src),
        image.size / channels * _AFFINE_COST,
    )
    return out


def shift_luma_by_codes(image: Array, table: Array, out: Array) -> Array:
    """Move luma Y of a float32 RGB(A) image to ``table[rint(clip(Y, 0, 1) * 65535)]``, a float32 table.

    NaN, infinities and clipping as in `shift_luma_affine`. ``out`` may be ``image``.
    """
    table = np.ascontiguousarray(table).reshape(-1)
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _luma.codes(src, dst, channels, table, y0, y1),
        len(src),
        image.size / channels * _CODES_COST,
    )
    return out
