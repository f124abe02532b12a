"""What the records check of the arrays, indices and lists that they are made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._core.box_arrays import check_floats, check_labels, packed
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.packed_masks import Masks, PackedMasks
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


def check_masks(function: str, masks: object, count: int) -> Masks:
    must = (
        f"None or a bool array of shape ({count}, H, W), one for each of the boxes, or what pack_masks gives"
    )
    if isinstance(masks, PackedMasks):
        if len(masks) != count:
            raise wrong_value(function, "masks", must, Got(f"PackedMasks of shape {masks.shape}"))
        return masks
    if not isinstance(masks, np.ndarray) or isinstance(masks, np.ma.MaskedArray):
        raise wrong_type(function, "masks", must, masks)
    if masks.dtype != BOOL:
        raise wrong_type(function, "masks", must, Got(f"dtype {masks.dtype}"))
    if masks.ndim != 3 or len(masks) != count:
        raise wrong_value(function, "masks", must, Got(f"shape {masks.shape}"))
    # A large array that nobody can change is kept as it is.
    kept = type(masks) is np.ndarray and masks.base is None and not masks.flags.writeable
    return masks if kept and masks.flags.c_contiguous else np.array(masks, BOOL, order="C")


def check_keypoints(function: str, keypoints: object, count: int) -> Array:
    """A float32 copy of as many points for each box, finite."""
    array = check_floats(function, "keypoints", keypoints, f"({count}, K, 3)")
    if array.ndim != 3 or len(array) != count or array.shape[2] != 3:
        must = f"of shape ({count}, K, 3), x, y and score of K points for each of the boxes"
        raise wrong_value(function, "keypoints", must, Got(f"shape {array.shape}"))
    return packed(check_float32(function, "keypoints", array))


Points = tuple[tuple[float, ...], ...]
"""The keypoints of one box: ``x, y, score`` each."""


def listed_keypoints(function: str, keypoints: object, count: int) -> list[Points | None]:
    """Those of each box as numbers that compare and hash, in float64."""
    must = f"None or a sequence of {count} arrays of shape (K, 3) or None, one for each of the boxes"
    if isinstance(keypoints, str | np.ndarray) or not isinstance(keypoints, Sequence):
        raise wrong_type(function, "keypoints", must, keypoints)
    if len(keypoints) != count:
        raise wrong_value(function, "keypoints", must, Got(f"{len(keypoints)}"))
    found: list[Points | None] = []
    for row, points in enumerate(keypoints):
        if points is None:
            found.append(None)
            continue
        array = check_floats(function, f"keypoints[{row}]", points, "(K, 3)").astype(np.float64)
        if array.ndim != 2 or array.shape[1] != 3 or not np.isfinite(array).all():
            got = Got(f"shape {array.shape}") if array.shape[1:] != (3,) else Got("NaN or infinity in it")
            raise wrong_value(function, f"keypoints[{row}]", "finite, of shape (K, 3)", got)
        found.append(tuple(map(tuple, array.tolist())))
    return found


def arrays_of(keypoints: Sequence[Points | None] | None) -> list[Array | None] | None:
    """As `DetectionSet` takes them."""
    if keypoints is None:
        return None
    return [None if points is None else np.array(points, np.float64).reshape(-1, 3) for points in keypoints]


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
    rows = {"boxes": "rows of 4 ", "keypoints": "lists of rows of 3 "}.get(entry, "")
    must = f"a list of {rows}{kind}"
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
