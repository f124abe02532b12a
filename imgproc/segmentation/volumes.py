"""What masks of pixels or voxels may be, and how kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import UINT8, Array

BOOL = np.dtype(np.bool_)


def check_volume(
    function: str, argument: str, array: object, dtypes: tuple[np.dtype[Any], ...] = (BOOL, UINT8)
) -> Array:
    """The array itself, once it is known to have two or three axes, at least one pixel, and one of the dtypes."""
    names = ", ".join(map(str, dtypes))
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise wrong_type(function, argument, f"a NumPy array ({names}) without a mask of its own", array)
    if array.dtype not in dtypes or not array.dtype.isnative:
        raise wrong_type(function, argument, f"of dtype {names}", Got(f"dtype {array.dtype}"))
    if array.ndim not in (2, 3):
        raise wrong_value(function, argument, "of shape (H, W) or (D, H, W)", Got(f"shape {array.shape}"))
    if array.size == 0:
        raise wrong_value(function, argument, "at least one pixel large", Got(f"shape {array.shape}"))
    return array.view(np.ndarray)


def volume_bytes(mask: Array) -> Array:
    """A bool or uint8 array as (D, H, W) bytes, C-contiguous; D is 1 for an image."""
    packed = np.ascontiguousarray(mask).view(UINT8)
    return packed if packed.ndim == 3 else packed[None]
