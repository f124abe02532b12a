"""The usual JSON files of boxes, read without a Python object for each entry.

What is unusual in them, errors included, is left to the general way through the json module: these give None then.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .._core.images import Array
from .._ext import coco_files as _kernels

ENTRY = np.dtype(
    [
        ("image", "i8"),
        ("category", "i8"),
        ("box", "f8", 4),
        ("number", "f8"),
        ("crowd", "i8"),
        ("ignore", "i8"),
    ]
)

_SHORTEST = len('{"image_id":1,"category_id":1,"bbox":[1,1,1,1],"area":1}')


def read_results(data: bytes) -> Array | None:
    """`ENTRY` records of a file of results; their number is the score."""
    entries = _room(data)
    count = _kernels.read_results(data, _bytes(entries)) if data.isascii() else -1
    return None if count < 0 else entries[:count]


def read_truth(data: bytes) -> tuple[dict[str, Any], Array] | None:
    """Images and categories as JSON has them, and `ENTRY` records of the annotations; their number is the area."""
    entries = _room(data)
    found = _kernels.read_truth(data, _bytes(entries)) if data.isascii() else None
    if found is None:
        return None
    count, images, categories = found
    content = {
        "images": json.loads(data[slice(*images)]),
        "categories": json.loads(data[slice(*categories)]),
        "annotations": [],
    }
    return content, entries[:count]


def places(ids: Array, known: tuple[Any, ...]) -> Array | None:
    """The place of each id among the known ascending integers, -1 for others; None where those are no integers."""
    if not known:
        return np.full(len(ids), -1, np.int32)
    if not all(type(identity) is int and abs(identity) < 2**62 for identity in known):
        return None
    ordered = np.array(known)
    at = np.minimum(np.searchsorted(ordered, ids), len(ordered) - 1)
    return np.where(ordered[at] == ids, at, -1).astype(np.int32)


def _room(data: bytes) -> Array:
    """For as many entries as fit into the text; memory is touched only where it is used."""
    return np.empty(len(data) // _SHORTEST + 1, ENTRY)


def _bytes(entries: Array) -> Array:
    return entries.view(np.uint8).reshape(len(entries), -1)
