"""Masks as run lengths, in COCO's order: down the columns, the first run of pixels outside of the mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
        counts = _uncompressed(function, f"{argument}.counts", counts)
    if not isinstance(counts, list | tuple) or not all(_is_length(count) for count in counts):
        raise wrong_value(function, f"{argument}.counts", "a list of integers >= 0", counts)
    if sum(counts) != height * width:
        must = f"run lengths of {height * width:,} pixels in all"
        raise wrong_value(function, f"{argument}.counts", must, Got(f"{sum(counts):,}"))
    return Runs((height, width), tuple(counts))


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _uncompressed(function: str, argument: str, text: str) -> list[int]:
    """COCO's text: each length in groups of 5 bits, least first, from the third on less the one two before it."""
    counts: list[int] = []
    value = shift = 0
    for sign in text:
        code = ord(sign) - 48
        if not 0 <= code < 64 or shift > 60:
            raise wrong_value(function, argument, "run lengths compressed as COCO does it", text)
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift  # the last group carries the sign
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise wrong_value(function, argument, "run lengths compressed as COCO does it, whole", text)
    return counts
