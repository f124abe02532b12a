"""COCO's segmentations as runs: intervals of set pixels, counted down the columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._ext import rle as _kernels
from .box_arrays import INT64
from .errors import Got, wrong_value
from .images import Array
from .packed_masks import Masks, PackedMasks
from .places import Place
from .runs import Runs, encode_runs, read_text
from .threads import run_bands

Size = tuple[int, int]

MOST_PIXELS = 2**32 - 1
_FARTHEST = 1e6

# Nanoseconds for a word of 64 pixels.
_WORD_COST = 6.0


def read_runs(place: Place, segmentation: Any, size: Size) -> Array:
    """(n, 2) uint32 intervals of a segmentation as COCO's files have it: run lengths or polygons."""
    if isinstance(segmentation, dict):
        return run_lengths(place, segmentation, size)
    if isinstance(segmentation, list | tuple):
        return polygon_runs(place, segmentation, size)
    raise place.wrong("run lengths (a dict) or polygons (a list)", segmentation)


def run_lengths(place: Place, segmentation: dict[str, Any], size: Size) -> Array:
    for key in ("size", "counts"):
        if key not in segmentation:
            raise place.at(key).missing()
    given, counts = segmentation["size"], segmentation["counts"]
    whole = isinstance(given, list | tuple) and all(isinstance(side, int | np.integer) for side in given)
    if not whole or list(given) != list(size):
        raise place.at("size").wrong(f"{list(size)}, the height and width of the image", given)
    height, width = size
    place = place.at("counts")
    if isinstance(counts, str):
        if not counts.isascii():
            raise place.wrong("run lengths of ASCII characters", counts)
        counts = counts.encode()
    try:
        if isinstance(counts, bytes):
            return read_text(counts, height * width)
        if not isinstance(counts, list | tuple) or not all(type(count) is int for count in counts):
            raise place.wrong("a text or a list of integers", counts)
        out = np.empty((len(counts) // 2 + 1, 2), np.uint32)
        try:
            lengths = np.array(counts, np.int64)
        except OverflowError:
            raise ValueError("a count beyond 64 bits") from None
        return out[: _kernels.decode_counts(lengths, height * width, out)]
    except ValueError as error:
        if str(error).startswith(place.function):
            raise
        raise place.wrong("valid run lengths", Got(str(error))) from None


def polygon_runs(place: Place, polygons: Any, size: Size) -> Array:
    must = "a list of at least 6 numbers, x and y in turn"
    if not polygons:
        raise place.wrong("at least one polygon", polygons)
    parts = []
    for number, polygon in enumerate(polygons):
        try:
            part = np.asarray(polygon)
        except ValueError:  # rows of different lengths
            raise place.at(number).wrong(must, polygon) from None
        if part.ndim != 1 or part.dtype.kind not in "iuf" or len(part) < 6 or len(part) % 2:
            raise place.at(number).wrong(must, polygon)
        if not (np.abs(part) <= _FARTHEST).all():
            raise place.at(number).wrong(f"of numbers within {_FARTHEST:g}", polygon)
        parts.append(part.astype(np.float64))
    starts = np.cumsum([0, *(len(part) // 2 for part in parts)])
    xy = np.concatenate(parts).reshape(-1, 2)
    out = np.empty((1024, 2), np.uint32)
    found = _kernels.polygons(xy, starts, *size, out)
    if found > len(out):
        out = np.empty((found, 2), np.uint32)
        _kernels.polygons(xy, starts, *size, out)
    return out[:found].copy()


def counts_of(function: str, argument: str, masks: PackedMasks, *, compressed: bool) -> list[Any]:
    """The run lengths of each mask: COCO's text, or a list of integers."""
    _, height, width = masks.shape
    if height * width > MOST_PIXELS:
        raise wrong_value(function, argument, "of less than 2**32 pixels each", Got(f"{height} × {width}"))
    bands = run_bands(
        lambda n0, n1: _kernels.encode(
            masks.words, masks.offsets, masks.boxes, height, width, compressed, n0, n1
        ),
        len(masks),
        _WORD_COST * masks.words.size,
    )
    return [
        code.decode("ascii") if compressed else np.frombuffer(code, INT64).tolist()
        for band in bands
        for code in band
    ]


def runs_of(function: str, masks: Masks) -> list[Runs]:
    """The runs of each of many masks; packed ones are not unpacked."""
    if not isinstance(masks, PackedMasks):
        return [encode_runs(mask) for mask in masks]
    size = masks.shape[1:]
    return [
        Runs(size, tuple(counts) if 0 not in size else ())
        for counts in counts_of(function, "masks", masks, compressed=False)
    ]
