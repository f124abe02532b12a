"""Masks as run lengths, in COCO's order: down the columns, the first run of pixels outside of the mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._ext import rle as _kernels
from .errors import Got, wrong_value
from .images import Array

MAX_PIXELS = 2**31
"""Of one mask read from a file: a few bytes of runs must not unfold to fill the memory."""


class Runs(NamedTuple):
    """A mask of ``size`` (height, width) as the lengths of its runs, alternately outside and inside."""

    size: tuple[int, int]
    counts: tuple[int, ...]


def encode_runs(mask: Array) -> Runs:
    """Of an ``(H, W)`` bool array."""
    height, width = mask.shape
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [flat.size]]) if flat.size else np.zeros(1, np.int64)
    counts = np.diff(ends).tolist()
    return Runs((height, width), tuple([0, *counts] if flat.size and flat[0] else counts))


def decode_runs(runs: Runs) -> Array:
    """The ``(H, W)`` bool array of checked runs."""
    inside = np.arange(len(runs.counts)) % 2 == 1
    return np.repeat(inside, runs.counts).reshape(runs.size, order="F")


def box_of_runs(runs: Runs) -> tuple[int, int, int, int]:
    """``x, y, width, height`` around the pixels of checked runs; zeros where there are none."""
    height = runs.size[0]
    ends = np.cumsum(runs.counts, dtype=np.int64)
    first, last = ends[:-1:2], ends[1::2] - 1
    first, last = first[first <= last], last[first <= last]
    if not len(first):
        return 0, 0, 0, 0
    x, right = int(first[0]) // height, int(last[-1]) // height
    # A run that goes on into the next column covers the top row and the bottom one.
    within = first // height == last // height
    y = int((first % height).min()) if within.all() else 0
    bottom = int((last % height).max()) if within.all() else height - 1
    return x, y, right - x + 1, bottom - y + 1


def check_runs(function: str, argument: str, value: object) -> Runs:
    """Runs from ``{"size": [height, width], "counts": …}`` with a list of lengths, or COCO's compressed text."""
    must = 'a mask {"size": [height, width], "counts": run lengths}'
    if not isinstance(value, dict) or not {"size", "counts"} <= value.keys():
        raise wrong_value(function, argument, must, value)
    size, counts = value["size"], value["counts"]
    if not isinstance(size, list | tuple) or len(size) != 2 or not all(_is_length(side) for side in size):
        raise wrong_value(function, f"{argument}.size", "two integers >= 0, height and width", size)
    height, width = size
    if height * width > MAX_PIXELS:
        raise wrong_value(function, f"{argument}.size", f"of at most {MAX_PIXELS:,} pixels", size)
    if isinstance(counts, str):
        counts = _uncompressed(function, f"{argument}.counts", counts, height * width)
    if not isinstance(counts, list | tuple) or not all(_is_length(count) for count in counts):
        raise wrong_value(function, f"{argument}.counts", "a list of integers >= 0", counts)
    if sum(counts) != height * width:
        must = f"run lengths of {height * width:,} pixels in all"
        raise wrong_value(function, f"{argument}.counts", must, Got(f"{sum(counts):,}"))
    return Runs((height, width), tuple(counts))


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_text(text: bytes, pixels: int) -> Array:
    """(n, 2) uint32 intervals of set pixels from COCO's compressed text; ValueError says what is wrong with it."""
    out = np.empty((len(text) // 2 + 1, 2), np.uint32)
    return out[: _kernels.decode_text(np.frombuffer(text, np.uint8), pixels, out)]


def _uncompressed(function: str, argument: str, text: str, pixels: int) -> list[int]:
    must = "run lengths compressed as COCO does it"
    if not text.isascii():
        raise wrong_value(function, argument, must, text)
    try:
        ends = read_text(text.encode(), pixels).ravel()
    except ValueError as error:
        raise wrong_value(function, argument, must, Got(str(error))) from None
    # The last run reaches the last pixel, whether inside or outside of the mask.
    last = [] if pixels == 0 or (len(ends) and ends[-1] == pixels) else [pixels]
    counts: list[int] = np.diff(np.concatenate([[0], ends, last]).astype(np.int64)).tolist()
    return counts
