"""Boxes of the images of a batch, and the maps that they are read from: checked and sorted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._core.box_arrays import INT64, check_boxes, check_floats, packed
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array

RegionBoxes = Array | Sequence[Array]

_FARTHEST = 2.0**24


def within(name: str, boxes: Array, corners: Array) -> Array:
    wrong = ~(np.abs(corners) < _FARTHEST).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(
            name, "boxes", "within 2**24 pixels of the map", Got(f"{boxes[row].tolist()} in row {row}")
        )
    return corners


def check_features(name: str, argument: str, features: object) -> Array:
    array = check_floats(name, argument, features, "(N, C, H, W)", (FLOAT32,))
    if array.ndim != 4 or 0 in array.shape[1:]:
        must = "of shape (N, C, H, W), with channels and pixels"
        raise wrong_value(name, argument, must, Got(f"shape {array.shape}"))
    if (array.shape[2] + 1) * array.shape[3] >= 2**31:
        raise wrong_value(name, argument, "of less than 2**31 pixels", Got(f"shape {array.shape}"))
    return packed(array)


def check_regions(name: str, boxes: object, count: int) -> tuple[Array, Array]:
    """Image and corners of each box, float32."""
    if isinstance(boxes, np.ndarray):
        array = check_floats(name, "boxes", boxes, "(K, 5)")
        if array.ndim != 2 or array.shape[1] != 5:
            must = f"a list of {count} arrays of shape (K, 4), or an array of shape (K, 5)"
            raise wrong_value(name, "boxes", must, Got(f"shape {array.shape}"))
        images = array[:, 0]
        wrong = ~((images >= 0) & (images < count) & (images == np.floor(images)))
        if wrong.any():
            row = int(np.argmax(wrong))
            must = f"rows that begin with the number of an image, 0 to {count - 1}"
            raise wrong_value(name, "boxes", must, Got(f"{images[row]:g} in row {row}"))
        return images.astype(INT64), narrowed(name, "boxes", check_boxes(name, packed(array[:, 1:])))
    must = f"a list of {count} arrays of shape (K, 4), one for each image, or an array of shape (K, 5)"
    if isinstance(boxes, str) or not isinstance(boxes, Sequence):
        raise wrong_type(name, "boxes", must, boxes)
    if len(boxes) != count:
        raise wrong_value(name, "boxes", must, Got(f"{len(boxes)}"))
    parts = [
        narrowed(name, f"boxes[{i}]", check_boxes(name, part, argument=f"boxes[{i}]"))
        for i, part in enumerate(boxes)
    ]
    images = np.repeat(np.arange(count), [len(part) for part in parts])
    return images, np.concatenate([np.empty((0, 4), FLOAT32), *parts])


def narrowed(name: str, argument: str, boxes: Array) -> Array:
    with np.errstate(over="ignore"):
        narrow = boxes.astype(FLOAT32)
    wrong = ~np.isfinite(narrow).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(name, argument, "finite in float32", Got(f"{boxes[row].tolist()} in row {row}"))
    return narrow


def by_image(images: Array, corners: Array, rows: Array, count: int) -> tuple[Array, Array]:
    """Rows by image, in each from the top down so that what one has read is at hand for the next; and their starts."""
    order = rows[np.lexsort((corners[rows, 1], images[rows]))]
    return order, np.searchsorted(images[order], np.arange(count + 1))
