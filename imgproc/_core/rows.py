"""Which rows an index of a record picks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import wrong_type


def check_rows(function: str, index: Any, count: int, rows: str) -> Any:
    """An index that keeps the first axis, of ``count`` ``rows``."""
    must = "an integer, a slice, or a bool or integer array of one axis"
    if isinstance(index, int | np.integer) and not isinstance(index, bool | np.bool_):
        if not -count <= index < count:
            raise IndexError(f"{function}: index {int(index)} is out of range for {count} {rows}")
        row = int(index) % count
        return slice(row, row + 1)
    if isinstance(index, slice):
        return index
    if isinstance(index, list | range):
        index = np.asarray(index) if len(index) else np.empty(0, np.int64)
    if not isinstance(index, np.ndarray) or index.ndim != 1 or index.dtype.kind not in "biu":
        raise wrong_type(function, "index", must, index)
    if index.dtype == np.bool_ and len(index) != count:
        raise IndexError(f"{function}: a bool index of {len(index)} does not fit {count} {rows}")
    if (
        index.dtype != np.bool_
        and index.size
        and not (-count <= int(index.min()) and int(index.max()) < count)
    ):
        raise IndexError(
            f"{function}: an index in {index.min()} to {index.max()} is out of range for {count}"
        )
    return index
