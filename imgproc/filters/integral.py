"""Integral images: the sum over any rectangle from four values."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from .._core.box_arrays import INT64, packed
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array, channel_count, check_image, check_out, rows
from .._core.operations import operation
from .._core.parameters import Flag
from .._ext import integral as kernels

FLAG = Flag()

_UINT32 = np.dtype(np.uint32)
_UINT64 = np.dtype(np.uint64)
_FLOAT64 = np.dtype(np.float64)


@operation("filters", result="values", halo=None)
def integral_image(
    image: Array,
    *,
    dtype: npt.DTypeLike | None = None,
    squared: Annotated[bool, FLAG] = False,
    tilted: Annotated[bool, FLAG] = False,
    out: Array | None = None,
) -> Array:
    """Sum all samples above and left of each pixel corner.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is summed as well, as a channel like the others.
    dtype : dtype, optional
        Of the result: uint32 or uint64 for integer images, float64 for float32 images. By default the
        narrowest that no image of this size and dtype can overflow.
    squared : bool, default False
        Sum the squares of the samples.
    tilted : bool, default False
        Sum over squares that stand on a corner, as OpenCV's ``tilted``.
    out : (H + 1, W + 1[, C]) array, optional
        C-contiguous array for the result, of the result's dtype, that shares no memory with the image.

    Returns
    -------
    (H + 1, W + 1[, C]) array of uint32, uint64 or float64
        ``II[i, j] = Σ I[:i, :j]``, with zeros in the first row and column. Tilted: ``T[i, j]`` is the sum of the
        ``I[y, x]`` with ``y < i`` and ``|x − j + 1| < i − y``: the pixel ``I[i − 1, j − 1]`` and all above it
        within 45 degrees. Its first row is zero, its first column is not.

    Raises
    ------
    TypeError
        Wrong kind of array, or ``dtype`` is none.
    ValueError
        Wrong shape, a ``dtype`` that does not suit the image or that an image of this size can overflow, or an
        image that overflows uint64.

    Notes
    -----
    The sum over rows y0 to y1 and columns x0 to x1 is ``II[y1, x1] − II[y0, x1] − II[y1, x0] + II[y0, x0]``,
    whatever its size: `box_sum`. Together with ``squared`` that gives the variance of any rectangle.

    Integer results are exact. uint32 serves up to 16.8 million pixels of uint8 and 65537 of uint16, for squares
    66051 and one; overflow is judged by the size, not by the samples.

    float64 results differ from the exact sum by ``(H + W) · 2⁻⁵³ · Σ |v|`` at most over the samples summed
    (tilted twice that), and are the same bits on every machine and for any number of threads. NaN and infinity
    reach all sums that hold them, and no other.

    One pass, on one thread: reading and writing is most of the work.

    References
    ----------
    F. C. Crow, "Summed-area tables for texture mapping", SIGGRAPH 1984.
    P. Viola, M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001.
    R. Lienhart, J. Maydt, "An extended set of Haar-like features for rapid object detection", ICIP 2002.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.integral_image(np.array([[1, 2], [3, 4]], np.uint8))
    array([[ 0,  0,  0],
           [ 0,  1,  3],
           [ 0,  4, 10]], dtype=uint32)
    """
    image = check_image("integral_image", image)
    squared = FLAG.check("integral_image", "squared", squared)
    tilted = FLAG.check("integral_image", "tilted", tilted)
    kind = _sum_dtype(image, dtype, squared)
    height, width, *tail = image.shape
    out = check_out("integral_image", out, (height + 1, width + 1, *tail), kind, image)
    src, channels = rows(image), channel_count(image)
    dst = out.reshape(height + 1, -1)
    if tilted:
        diagonals = np.zeros((width + 2) * channels, kind)
        kernels.tilted(src, dst, channels, squared, diagonals)
    else:
        kernels.upright(src, dst, channels, squared)
    return out


def _sum_dtype(image: Array, dtype: npt.DTypeLike | None, squared: bool) -> np.dtype[Any]:
    """The dtype asked for, once it is known to hold every sum, or the narrowest that does."""
    if image.dtype == FLOAT32:
        suitable: tuple[np.dtype[Any], ...] = (_FLOAT64,)
        wide_enough = suitable
    else:
        top = int(np.iinfo(image.dtype).max)
        largest = math.prod(image.shape[:2]) * (top * top if squared else top)
        suitable = (_UINT32, _UINT64)
        wide_enough = tuple(kind for kind in suitable if largest <= int(np.iinfo(kind).max))
        if not wide_enough:
            fewer = "a size whose sums fit uint64"
            raise wrong_value("integral_image", "image", fewer, Got(f"shape {image.shape} of {image.dtype}"))
    if dtype is None:
        return wide_enough[0]
    must = f"{' or '.join(map(str, suitable))} for {image.dtype} images"
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        raise wrong_type("integral_image", "dtype", must, dtype) from None
    if kind not in suitable:
        raise wrong_value("integral_image", "dtype", must, Got(str(kind)))
    if kind not in wide_enough:
        what = "squares" if squared else "samples"
        size = "x".join(map(str, image.shape[:2]))
        must = f"{wide_enough[0]}, as sums of {size} {image.dtype} {what} can overflow {kind}"
        raise wrong_value("integral_image", "dtype", must, Got(str(kind)))
    return kind


def box_sum(integral: Array, boxes: Array) -> Array:
    """Sum the samples within boxes of an image, from its integral image.

    Parameters
    ----------
    integral : (H + 1, W + 1[, C]) array of uint32, uint64 or float64
        What `integral_image` gives, not tilted.
    boxes : (N, 4) array of integers
        ``x0, y0, x1, y1`` in pixels, half-open: columns x0 to x1 and rows y0 to y1 without the last ones.
        An empty box has the sum 0.

    Returns
    -------
    (N,) or (N, C) array of the dtype of ``integral``

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape; a box that is inverted or reaches outside the image, which is named.

    Notes
    -----
    ``II[y1, x1] − II[y0, x1] − II[y1, x0] + II[y0, x0]``: four values per box and channel, whatever its size.
    Integer sums are exact. float64 sums are off by the rounding of the four values, which grows with all that lies
    above and left of the box; a NaN or infinity there makes them NaN, even where it lies outside the box.

    References
    ----------
    F. C. Crow, "Summed-area tables for texture mapping", SIGGRAPH 1984.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> table = imgproc.integral_image(np.ones((5, 7), np.uint8))
    >>> imgproc.box_sum(table, np.array([[0, 0, 7, 5], [1, 1, 3, 2]]))
    array([35,  2], dtype=uint32)
    """
    integral = _check_integral(integral)
    array = _check_boxes(boxes)
    table = integral if integral.ndim == 3 else integral[..., None]
    sums = np.empty((len(array), table.shape[2]), integral.dtype)
    # Numbers of 2**63 and more become negative, and are refused as those are.
    row = kernels.box_sums(
        table if table.flags.aligned else table.copy(), array.astype(INT64, copy=False), sums
    )
    if row >= 0:
        width, height = table.shape[1] - 1, table.shape[0] - 1
        inside = f"(x0, y0, x1, y1) with 0 <= x0 <= x1 <= {width} and 0 <= y0 <= y1 <= {height}"
        raise wrong_value("box_sum", f"boxes[{row}]", inside, tuple(array[row].tolist()))
    return sums if integral.ndim == 3 else sums[:, 0]


def _check_integral(integral: object) -> Array:
    kinds = (_UINT32, _UINT64, _FLOAT64)
    must = "an array of uint32, uint64 or float64, what integral_image gives"
    if not isinstance(integral, np.ndarray) or isinstance(integral, np.ma.MaskedArray):
        raise wrong_type("box_sum", "integral", must, integral)
    if integral.dtype not in kinds or not integral.dtype.isnative:
        raise wrong_type("box_sum", "integral", must, Got(f"dtype {integral.dtype}"))
    if integral.ndim not in (2, 3) or min(integral.shape) == 0:
        shape = "of shape (H + 1, W + 1) or (H + 1, W + 1, C)"
        raise wrong_value("box_sum", "integral", shape, Got(f"shape {integral.shape}"))
    return integral.view(np.ndarray)


def _check_boxes(boxes: object) -> Array:
    must = "an integer array of shape (N, 4)"
    if not isinstance(boxes, np.ndarray | list | tuple) or isinstance(boxes, np.ma.MaskedArray):
        raise wrong_type("box_sum", "boxes", must, boxes)
    try:
        array: Array = np.asarray(boxes)
    except (ValueError, OverflowError):  # rows of different lengths
        raise wrong_value("box_sum", "boxes", must, boxes) from None
    if array.dtype.kind not in "iu":
        raise wrong_type("box_sum", "boxes", must, Got(f"dtype {array.dtype}"))
    if array.ndim != 2 or array.shape[1] != 4:
        raise wrong_value("box_sum", "boxes", must, Got(f"shape {array.shape}"))
    return packed(array)
