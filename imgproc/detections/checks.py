"""What the records check of the arrays, indices and lists that they are made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.box_arrays import check_labels
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.runs import check_runs, decode_runs

INT32 = np.dtype(np.int32)
BOOL = np.dtype(np.bool_)


def shortest(array: Array) -> Array:
    """float32 numbers as float64, each the one of the fewest decimal digits that rounds to it.

    What is written of these is short, and reads as the same float32.
    """
    texts = np.array([str(value) for value in array.ravel()], dtype=object)
    return texts.astype(np.float64).reshape(array.shape)


def check_float32(function: str, argument: str, values: Array) -> Array:
    """A float32 copy, finite."""
    with np.errstate(over="ignore"):
        narrow = values.astype(FLOAT32)
    finite = np.isfinite(narrow)
    if not finite.all():
        row = int(np.argmin(finite.reshape(len(narrow), -1).all(axis=1)))
        raise wrong_value(
            function, argument, "finite in float32", Got(f"{values[row].tolist()} in row {row}")
        )
    return narrow


def check_int32(
    function: str, argument: str, values: Array | None, count: int, *, default: int, least: int
) -> Array:
    """An int32 copy of one integer for each box, or as many defaults."""
    if values is None:
        return np.full(count, default, INT32)
    whole = check_labels(function, values, count, argument=argument)
    most = np.iinfo(INT32).max
    wrong = (whole < least) | (whole > most)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = f"integers from {least} to {most}"
        raise wrong_value(function, argument, must, Got(f"{whole[row]} in row {row}"))
    return whole.astype(INT32)


def check_masks(function: str, masks: object, count: int) -> Array:
    must = f"None or a bool array of shape ({count}, H, W), one for each of the boxes"
    if not isinstance(masks, np.ndarray) or isinstance(masks, np.ma.MaskedArray):
        raise wrong_type(function, "masks", must, masks)
    if masks.dtype != BOOL:
        raise wrong_type(function, "masks", must, Got(f"dtype {masks.dtype}"))
    if masks.ndim != 3 or len(masks) != count:
        raise wrong_value(function, "masks", must, Got(f"shape {masks.shape}"))
    # A large array that nobody can change is kept as it is.
    kept = type(masks) is np.ndarray and masks.base is None and not masks.flags.writeable
    return masks if kept and masks.flags.c_contiguous else np.array(masks, BOOL, order="C")


def check_rows(index: Any, count: int) -> Any:
    """An index that keeps the first axis."""
    must = "an integer, a slice, or a bool or integer array of one axis"
    if isinstance(index, int | np.integer) and not isinstance(index, bool | np.bool_):
        if not -count <= index < count:
            raise IndexError(f"Detections: index {int(index)} is out of range for {count} detections")
        row = int(index) % count
        return slice(row, row + 1)
    if isinstance(index, slice):
        return index
    if isinstance(index, list | range):
        index = np.asarray(index) if len(index) else np.empty(0, np.int64)
    if not isinstance(index, np.ndarray) or index.ndim != 1 or index.dtype.kind not in "biu":
        raise wrong_type("Detections", "index", must, index)
    if index.dtype == BOOL and len(index) != count:
        raise IndexError(f"Detections: a bool index of {len(index)} does not fit {count} detections")
    if index.dtype != BOOL and index.size and not (-count <= int(index.min()) and int(index.max()) < count):
        raise IndexError(
            f"Detections: an index in {index.min()} to {index.max()} is out of range for {count}"
        )
    return index


def check_label_choice(function: str, labels: object) -> Array:
    must = "an integer or a sequence or set of integers"
    if isinstance(labels, str):
        raise wrong_type(function, "labels", must, labels)
    try:
        choice = np.atleast_1d(np.asarray(list(labels) if isinstance(labels, set | frozenset) else labels))
    except ValueError:  # rows of different lengths
        raise wrong_type(function, "labels", must, labels) from None
    if choice.size == 0:
        return np.empty(0, np.int64)
    if choice.dtype.kind not in "iu" or choice.ndim != 1:
        raise wrong_type(function, "labels", must, labels)
    return choice


def listed_array(function: str, entry: str, values: object, dtype: type) -> Array:
    kind = "integers" if dtype is np.int64 else "numbers"
    must = f"a list of {'rows of 4 ' if entry == 'boxes' else ''}{kind}"
    if not isinstance(values, list | tuple | np.ndarray):
        raise wrong_type(function, entry, must, values)
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise wrong_value(function, entry, must, values) from None
    if array.size and (array.dtype.kind not in "iuf" or (kind == "integers" and array.dtype.kind == "f")):
        raise wrong_type(function, entry, must, values)
    # Those beyond int64 stay what they are, for the check of their range.
    return array if array.dtype.kind == "u" and kind == "integers" else array.astype(dtype)


def unfolded_masks(function: str, masks: object) -> Array:
    if not isinstance(masks, list | tuple):
        raise wrong_type(function, "masks", "a list of run lengths", masks)
    runs = [check_runs(function, f"masks[{position}]", mask) for position, mask in enumerate(masks)]
    if len({mask.size for mask in runs}) > 1:
        raise wrong_value(function, "masks", "of one size", Got(f"{sorted({mask.size for mask in runs})}"))
    return np.stack([decode_runs(mask) for mask in runs]) if runs else np.empty((0, 0, 0), BOOL)
