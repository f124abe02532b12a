"""Label maps, and matrices of what they confuse: what they may be, and how kernels read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import UINT8, Array, rows
from .._ext import label_pairs as kernels

_DTYPES = ", ".join(kernels.KINDS)


@dataclass(frozen=True)
class LabelMap:
    """A map, and the bytes of its rows for the kernels."""

    name: str
    array: Array
    bytes: Array
    kind: int


def check_label_maps(function: str, pred: object, truth: object) -> tuple[LabelMap, LabelMap]:
    """Both maps: of an integer dtype, any number of axes, the same shape, and at least one pixel."""
    first, second = (_check(function, name, value) for name, value in (("pred", pred), ("truth", truth)))
    if first.array.shape != second.array.shape:
        must = f"of the shape of truth, {second.array.shape}"
        raise wrong_value(function, "pred", must, Got(f"shape {first.array.shape}"))
    return first, second


def _check(function: str, name: str, array: Any) -> LabelMap:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise wrong_type(function, name, f"an array of {_DTYPES}", array)
    if str(array.dtype) not in kernels.KINDS or not array.dtype.isnative:
        raise wrong_type(function, name, f"of dtype {_DTYPES}", Got(f"dtype {array.dtype}"))
    if array.size == 0 or array.ndim == 0:
        raise wrong_value(function, name, "at least one pixel large", Got(f"shape {array.shape}"))
    array = array.view(np.ndarray)
    packed = rows(array if array.ndim > 1 else array[None])
    return LabelMap(name, array, packed.view(UINT8), kernels.KINDS[str(array.dtype)])


def check_confusion(function: str, confusion: Any) -> Array:
    """A confusion matrix, copied to int64, whose rows and columns can be added up in it."""
    must = "an integer array of shape (n, n), none below 0, of less than 2**62 in all"
    if not isinstance(confusion, np.ndarray) or isinstance(confusion, np.ma.MaskedArray):
        raise wrong_type(function, "confusion", must, confusion)
    if confusion.dtype.kind not in "iu":
        raise wrong_type(function, "confusion", must, Got(f"dtype {confusion.dtype}"))
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or not confusion.size:
        raise wrong_value(function, "confusion", must, Got(f"shape {confusion.shape}"))
    if (confusion < 0).any():
        raise wrong_value(function, "confusion", must, Got(f"{confusion.min()} in it"))
    total = confusion.sum(dtype=np.float64)
    if total >= 2.0**62:
        raise wrong_value(function, "confusion", must, Got(f"{total:.3g} in all"))
    return confusion.astype(INT64)


def refuse_label(function: str, label_map: LabelMap, row: int, wrong: Any, must: str) -> None:
    """Raises for the first pixel in this row of which ``wrong(row's labels)`` is true, if there is one."""
    shape = label_map.array.shape
    height = len(label_map.bytes)
    labels = label_map.array.reshape(height, -1)[row]
    places = np.flatnonzero(wrong(labels))
    if len(places):
        at = np.unravel_index(row * labels.size + places[0], shape)
        position = ", ".join(str(int(index)) for index in at)
        raise wrong_value(function, label_map.name, must, Got(f"{labels[places[0]]} at ({position})"))
