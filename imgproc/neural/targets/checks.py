"""What targets are made of: boxes with an area, and their classes."""

from __future__ import annotations

import numpy as np

from ..._core.box_arrays import FLOAT64, check_boxes, check_labels
from ..._core.errors import Got, wrong_value
from ..._core.images import Array
from ..training_checks import LIMIT

BACKGROUND = -1
NEITHER = -2


def check_sized(function: str, argument: str, boxes: object) -> Array:
    array = check_boxes(function, boxes, argument=argument)
    wrong = (array[:, 2:] <= array[:, :2]).any(axis=1) | (
        np.abs(array.astype(FLOAT64, copy=False)) > LIMIT
    ).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = f"of width and height > 0, within ±{LIMIT:g}"
        raise wrong_value(function, argument, must, Got(f"{array[row].tolist()} in row {row}"))
    return array


def check_object_classes(function: str, labels: object, count: int, classes: int | None = None) -> Array:
    array = check_labels(function, labels, count)
    wrong = array < 0 if classes is None else (array < 0) | (array >= classes)
    if wrong.any():
        must = "at least 0" if classes is None else f"from 0 to {classes - 1}"
        row = int(np.argmax(wrong))
        raise wrong_value(function, "labels", must, Got(f"{array[row]} in row {row}"))
    return array
