"""The box contract: what boxes, scores and labels are, checked in one place.

Boxes are ``(N, 4)`` arrays of float32 or float64, each row ``x1, y1, x2, y2`` in pixels: pixel edges, half-open, so
that a box is ``x2 - x1`` wide. Any strides, read-only allowed, N may be 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._ext import box_checks as _checks
from .errors import Got, wrong_type, wrong_value
from .images import FLOAT32, Array

FLOAT64 = np.dtype(np.float64)
BOX_DTYPES = (FLOAT32, FLOAT64)
INT64 = np.dtype(np.int64)


def packed(array: Array) -> Array:
    """C-contiguous and aligned, as kernels read it: the array itself where it is."""
    array = np.ascontiguousarray(array)
    return array if array.flags.aligned else array.copy()


def check_floats(
    function: str, argument: str, array: object, shape: str, dtypes: tuple[np.dtype[Any], ...] = BOX_DTYPES
) -> Array:
    """An array of one of the float dtypes, native and without a mask of its own; its shape is the caller's to check."""
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        names = " or ".join(map(str, dtypes))
        raise wrong_type(
            function, argument, f"a {names} array of shape {shape}; numpy.asarray makes one", array
        )
    if array.dtype not in dtypes or not array.dtype.isnative:
        names = " or ".join(map(str, dtypes))
        raise wrong_type(function, argument, f"of dtype {names}", Got(f"dtype {array.dtype}"))
    return array.view(np.ndarray)


def check_rows(function: str, boxes: object, argument: str, columns: int, shape: str) -> Array:
    """The boxes, C-contiguous: an array of the shape; whether its numbers are right is left to the caller."""
    array = check_floats(function, argument, boxes, shape)
    if array.ndim != 2 or array.shape[1] != columns:
        raise wrong_value(function, argument, f"of shape {shape}", Got(f"shape {array.shape}"))
    return packed(array)


def wrong_row(
    function: str,
    argument: str,
    boxes: Array,
    row: int,
    must: str = "x1, y1, x2, y2 with x1 <= x2 and y1 <= y2",
) -> ValueError:
    """The error that names a row which is not finite or, where it is, not what it must be."""
    must = must if np.isfinite(boxes[row]).all() else "finite"
    return wrong_value(function, argument, must, Got(f"{boxes[row].tolist()} in row {row}"))


def check_boxes(
    function: str,
    boxes: object,
    *,
    argument: str = "boxes",
    columns: int = 4,
    shape: str = "(N, 4)",
    ordered: bool = True,
) -> Array:
    """The boxes, C-contiguous: finite everywhere, and where ``ordered`` with x1 <= x2 and y1 <= y2."""
    array = check_rows(function, boxes, argument, columns, shape)
    row = _checks.first_wrong(array, ordered)
    if row >= 0:
        raise wrong_row(function, argument, array, row)
    return array


def check_scores(
    function: str, scores: object, count: int, *, argument: str = "scores", beside: str = "boxes"
) -> Array:
    """One float score for each box, C-contiguous, none NaN."""
    array = check_floats(function, argument, scores, "(N,)")
    if array.shape != (count,):
        must = f"of shape ({count},), one for each of the {beside}"
        raise wrong_value(function, argument, must, Got(f"shape {array.shape}"))
    array = packed(array)
    row = _checks.first_nan(array)
    if row >= 0:
        raise wrong_value(function, argument, "free of NaN", Got(f"NaN in row {row}"))
    return array


def within_dtype(value: float, array: Array) -> float:
    """A threshold rounded to the dtype of what it is compared with, so that 0.7 as float32 is not below 0.7."""
    with np.errstate(over="ignore"):
        return float(array.dtype.type(value))


def check_labels(
    function: str, labels: object, count: int, *, argument: str = "labels", beside: str = "boxes"
) -> Array:
    """One integer label for each box, as C-contiguous int64."""
    must = f"an integer array of shape ({count},), one for each of the {beside}"
    if not isinstance(labels, np.ndarray) or isinstance(labels, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, labels)
    if labels.dtype.kind not in "iu":
        raise wrong_type(function, argument, must, Got(f"dtype {labels.dtype}"))
    if labels.shape != (count,):
        raise wrong_value(function, argument, must, Got(f"shape {labels.shape}"))
    if labels.dtype.kind == "u" and labels.size and int(labels.max()) > np.iinfo(np.int64).max:
        raise wrong_value(function, argument, f"{must}, below 2**63", Got(f"{int(labels.max())}"))
    return packed(labels.astype(INT64, copy=False))


def check_flags(function: str, flags: object, count: int, *, argument: str, beside: str = "boxes") -> Array:
    """One bool for each box, all False for None."""
    must = f"None or a bool array of shape ({count},), one for each of the {beside}"
    if flags is None:
        return np.zeros(count, np.bool_)
    if not isinstance(flags, np.ndarray) or isinstance(flags, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, flags)
    if flags.dtype != np.bool_:
        raise wrong_type(function, argument, must, Got(f"dtype {flags.dtype}"))
    if flags.shape != (count,):
        raise wrong_value(function, argument, must, Got(f"shape {flags.shape}"))
    return flags


def check_rotated_boxes(function: str, boxes: object, *, argument: str = "boxes") -> Array:
    """Rows ``cx, cy, w, h, angle``, C-contiguous: finite, with w >= 0 and h >= 0."""
    array = check_boxes(function, boxes, argument=argument, columns=5, shape="(N, 5)", ordered=False)
    wrong = (array[:, 2] < 0) | (array[:, 3] < 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "cx, cy, w, h, angle with w >= 0 and h >= 0"
        raise wrong_value(function, argument, must, Got(f"{array[row].tolist()} in row {row}"))
    return array
