"""What the training-side references take: float arrays of a shape, classes, and shares between 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.box_arrays import FLOAT64, INT64, check_floats
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array

Axes = tuple[int | str, ...]

# Every float32 is below it, and no product of four such numbers leaves float64.
LIMIT = 1e75


def check_array(function: str, argument: str, array: object, shape: Axes) -> Array:
    """A float32 or float64 array of a shape, every number between -1e75 and 1e75, as float64.

    ``shape`` holds numbers, letters for lengths that are free, and "..." at its end for any further axes.
    """
    given = check_floats(function, argument, array, _text(shape))
    _check_shape(function, argument, given, shape)
    wide = given.astype(FLOAT64, copy=False)
    wrong = ~(np.abs(wide) <= LIMIT)
    if wrong.any():
        raise wrong_value(function, argument, f"finite and within ±{LIMIT:g}", _first(wide, wrong))
    return wide


def check_shares(function: str, argument: str, array: object, shape: Axes) -> Array:
    """Numbers from 0 to 1 as float64: of a bool, integer or float array."""
    must = f"a bool, integer or float array of shape {_text(shape)}"
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, array)
    if array.dtype.kind not in "biuf":
        raise wrong_type(function, argument, must, Got(f"dtype {array.dtype}"))
    _check_shape(function, argument, array, shape)
    wide = array.astype(FLOAT64)
    wrong = ~((wide >= 0) & (wide <= 1))
    if wrong.any():
        raise wrong_value(function, argument, "from 0 to 1", _first(wide, wrong))
    return wide


def check_classes(
    function: str, argument: str, array: object, shape: Axes, count: int, ignored: int | None = None
) -> Array:
    """Classes from 0 to ``count - 1``, or the one that is ignored, as int64."""
    must = f"an integer array of shape {_text(shape)}"
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, array)
    if array.dtype.kind not in "iu":
        raise wrong_type(function, argument, must, Got(f"dtype {array.dtype}"))
    _check_shape(function, argument, array, shape)
    wrong = (array < 0) | (array >= count)
    if ignored is not None:
        wrong &= array != ignored
    if wrong.any():
        also = "" if ignored is None else f" or the ignored {ignored}"
        raise wrong_value(function, argument, f"from 0 to {count - 1}{also}", _first(array, wrong))
    return array.astype(INT64)


def check_weights(function: str, argument: str, weights: object, count: int) -> Array:
    """One weight >= 0 for each, not all 0; ones for None."""
    if weights is None:
        return np.ones(count)
    must = f"None or {count} finite numbers >= 0, not all 0"
    try:
        given = np.asarray(weights)
    except ValueError:  # rows of different lengths
        raise wrong_type(function, argument, must, weights) from None
    if given.dtype.kind not in "iuf":
        raise wrong_type(function, argument, must, weights)
    array = given.astype(FLOAT64)
    if array.shape != (count,):
        raise wrong_value(function, argument, must, Got(f"shape {array.shape}"))
    if not ((array >= 0) & (array <= LIMIT)).all() or not array.any():
        raise wrong_value(function, argument, must, Got(f"{array.tolist()}"))
    return array


def _text(shape: Axes) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _check_shape(function: str, argument: str, array: Array, shape: Axes) -> None:
    free = shape[-1:] == ("...",)
    wanted = shape[:-1] if free else shape
    fits = array.ndim >= len(wanted) if free else array.ndim == len(wanted)
    lengths = zip(wanted, array.shape, strict=False)
    if not fits or any(isinstance(want, int) and want != got for want, got in lengths):
        raise wrong_value(function, argument, f"of shape {_text(shape)}", Got(f"shape {array.shape}"))


def _first(array: Array, wrong: Array) -> Got:
    place: Any = tuple(map(int, np.unravel_index(int(np.argmax(wrong)), wrong.shape)))
    return Got(f"{array[place]} at {place}" if place else f"{array[place]}")
