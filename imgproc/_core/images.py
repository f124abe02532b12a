"""The image contract: what an image, a mask and an ``out`` array are, checked in one place.

An image is ``(H, W)`` or ``(H, W, C)``, any strides, read-only allowed, of a native-endian dtype that the
operation takes. Kernels see it as rows: a 2-D array of H rows of W·C packed samples with any row stride.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Got, wrong_type, wrong_value

Array = npt.NDArray[Any]

UINT8 = np.dtype(np.uint8)
UINT16 = np.dtype(np.uint16)
FLOAT32 = np.dtype(np.float32)
DTYPES = (UINT8, UINT16, FLOAT32)

GRAY = 1
RGB = 3
RGBA = 4
CHANNELS = (GRAY, RGB, RGBA)

SHAPES = {GRAY: "(H, W) or (H, W, 1)", RGB: "(H, W, 3)", RGBA: "(H, W, 4)"}


def check_image(
    function: str,
    image: object,
    *,
    argument: str = "image",
    dtypes: tuple[np.dtype[Any], ...] = DTYPES,
    channels: tuple[int, ...] = CHANNELS,
) -> Array:
    """The image itself, once it is known to be one."""
    # Small results are made in microseconds: each check of the usual case is one comparison where it can be.
    if type(image) is not np.ndarray:
        if not isinstance(image, np.ndarray):
            names = ", ".join(map(str, dtypes))
            raise wrong_type(function, argument, f"a NumPy array ({names}); numpy.asarray makes one", image)
        if isinstance(image, np.ma.MaskedArray):
            raise wrong_type(
                function,
                argument,
                "an array without a mask of its own (hand that in as mask=)",
                Got("a MaskedArray"),
            )
        image = image.view(np.ndarray)
    if image.dtype not in dtypes:  # nor are those of another byte order
        hint = "" if image.dtype.isnative else "; image.astype(image.dtype.newbyteorder('=')) makes it native"
        names = ", ".join(map(str, dtypes))
        raise wrong_type(function, argument, f"of dtype {names}{hint}", Got(f"dtype {image.dtype}"))
    shape = image.shape
    if not (len(shape) == 2 and GRAY in channels) and not (len(shape) == 3 and shape[2] in channels):
        shapes = " or ".join(SHAPES[count] for count in channels)
        raise wrong_value(function, argument, f"of shape {shapes}", Got(f"shape {image.shape}"))
    if 0 in shape:
        raise wrong_value(function, argument, "at least one pixel large", Got(f"shape {image.shape}"))
    return image


def channel_count(image: Array) -> int:
    """1 for ``(H, W)``, else the length of the last axis."""
    return 1 if image.ndim == 2 else int(image.shape[2])


def color_count(image: Array) -> int:
    """Channels without alpha: 1 or 3."""
    return 1 if channel_count(image) == GRAY else RGB


def rows(array: Array) -> Array:
    """``(H, W·C)``: a view wherever the samples of each row are packed, else a C-contiguous copy."""
    if not array.flags.aligned:
        array = array.copy(order="C")  # ascontiguousarray would hand a packed one back as it is
    if array.ndim == 2 and array.strides[1] == array.itemsize:
        return array
    flat = array.reshape(array.shape[0], -1)  # copies by itself where no view exists
    if flat.shape[1] > 1 and flat.strides[1] != flat.itemsize:
        return np.ascontiguousarray(flat)
    return flat


def check_out(
    function: str,
    out: object,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *inputs: Array | None,
    in_place: bool = False,
) -> Array:
    """``out`` itself, checked, or a new array. It may be the first input where ``in_place``, and overlap none."""
    if out is None:
        return np.empty(shape, dtype)
    if type(out) is not np.ndarray and (
        not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray)
    ):
        raise wrong_type(function, "out", f"None or a {dtype} array of shape {shape}", out)
    if out.dtype != dtype or out.shape != shape:
        raise wrong_value(function, "out", f"a {dtype} array of shape {shape}", out)
    flags = out.flags
    if not flags.carray:  # writable, C-contiguous and aligned
        if not flags.writeable:
            raise wrong_value(function, "out", "writable", Got("a read-only array"))
        raise wrong_value(function, "out", "C-contiguous", Got(f"strides {out.strides}"))
    for number, array in enumerate(inputs):
        if array is None or (out is not array and flags.owndata and array.flags.owndata):
            continue  # each has memory of its own
        if not np.may_share_memory(out, array):
            continue
        if number == 0 and in_place and same_memory(out, array):
            continue
        if np.shares_memory(out, array):
            allowed = "the image itself or not overlap it" if in_place else "free of overlap with the image"
            raise wrong_value(function, "out", allowed, Got("an array that shares memory with an input"))
    return out


def same_memory(a: Array, b: Array) -> bool:
    """Both are the same samples in the same order."""
    return (
        a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
        and a.shape == b.shape
        and a.strides == b.strides
    )


def check_mask(function: str, mask: object, image: Array) -> Array | None:
    """``(H, W)`` as packed uint8 rows, non-zero where a pixel counts; None stays None."""
    if mask is None:
        return None
    shape = image.shape[:2]
    must = f"None or a bool or uint8 array of shape {shape}"
    if not isinstance(mask, np.ndarray) or mask.dtype not in (np.dtype(np.bool_), UINT8):
        raise wrong_type(function, "mask", must, mask)
    if mask.shape != shape:
        raise wrong_value(function, "mask", must, mask)
    if not mask.any():
        raise wrong_value(function, "mask", "true for at least one pixel", Got("a mask without any"))
    return rows(mask.view(np.ndarray)).view(np.uint8)
