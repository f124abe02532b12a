"""Erosion and dilation: the least and the greatest of the pixels around each."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.borders import BORDER
from .._core.images import Array, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._ext import morphology as kernels
from .neighborhoods import FOOTPRINT, SIZE, Size, fill_row, neighborhood, reach


@operation("morphology", halo=reach)
def erode(
    image: Array,
    size: Annotated[Size, SIZE] = 3,
    *,
    footprint: Annotated[Array | None, FOOTPRINT] = None,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Erode: each sample becomes the least of those around it.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; channels are eroded apart, alpha is copied.
    size : int or (int, int), default 3
        Height and width of a rectangle around the pixel: odd, >= 1, and as large as you like.
    footprint : (h, w) array of bool or integers, optional
        The neighbours that count, true or non-zero, in place of the rectangle of ``size``, which is then not looked at.
        Both lengths are odd; the pixel itself stands in the middle, and need not count.
    border : str, default "reflect"
        What lies outside the image, in the words of ``numpy.pad``: "reflect", "symmetric", "edge", "wrap", "constant".
    fill : float, default 0
        Value outside for ``border="constant"``; integers must fit the dtype.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype; every sample of it is one of the image, or ``fill``.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even size, an empty footprint, an unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``out[y, x] = min over (i, j) in B of image[y + i, x + j]``, with B the offsets of the footprint from its middle.

    Down the columns a rectangle costs about the same at any height; along the rows the work grows with the logarithm of
    its width, and small squares of up to 7 by 7 pixels are found in one pass. A footprint costs one comparison for each
    run of pixels in its rows, vectors at a time; ellipses and diamonds have one run to a row. Memory beside the result:
    some rows for each thread, an eighth of the rectangle's height of them, or for a footprint at most its height times
    the number of different lengths of its runs, of strips of the image so narrow that this is some hundred kB where it
    can be.

    NaN in the window gives NaN, and -0 is less than +0, so that the result is the same bits in any order of work.

    References
    ----------
    M. van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels, Pattern
    Recognition Letters 13, 1992, pp. 517-521. J. Gil, M. Werman, Computing 2-D min, median, and max filters, IEEE
    Transactions on Pattern Analysis and Machine Intelligence 15, 1993, pp. 504-507.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.erode(np.array([[9, 9, 3, 9, 9, 9]], np.uint8))
    array([[9, 3, 3, 3, 9, 9]], dtype=uint8)
    """
    return _flat("erode", image, size, footprint, border, fill, out, False)


@operation("morphology", halo=reach)
def dilate(
    image: Array,
    size: Annotated[Size, SIZE] = 3,
    *,
    footprint: Annotated[Array | None, FOOTPRINT] = None,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Dilate: each sample becomes the greatest of those around it.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; channels are dilated apart, alpha is copied.
    size : int or (int, int), default 3
        Height and width of a rectangle around the pixel: odd, >= 1, and as large as you like.
    footprint : (h, w) array of bool or integers, optional
        The shape that every pixel spreads over, true or non-zero, in place of the rectangle of ``size``, which is then
        not looked at. Both lengths are odd; the pixel itself stands in the middle, and need not count.
    border : str, default "reflect"
        What lies outside the image, in the words of ``numpy.pad``: "reflect", "symmetric", "edge", "wrap", "constant".
    fill : float, default 0
        Value outside for ``border="constant"``; integers must fit the dtype.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype; every sample of it is one of the image, or ``fill``.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even size, an empty footprint, an unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``out[y, x] = max over (i, j) in B of image[y - i, x - j]``, with B the offsets of the footprint from its middle: a
    bright pixel becomes the footprint. That is the adjoint of `erode` with the same footprint, as in
    `scipy.ndimage.grey_dilation`; ``cv2.dilate`` does not reflect, and agrees where the footprint is symmetric or is
    handed over as ``footprint[::-1, ::-1]``.

    Time and memory are those of `erode`. NaN in the window gives NaN, and -0 is less than +0, so that the result is the
    same bits in any order of work.

    References
    ----------
    J. Serra, Image Analysis and Mathematical Morphology, 1982. M. van Herk, A fast algorithm for local minimum and
    maximum filters on rectangular and octagonal kernels, Pattern Recognition Letters 13, 1992, pp. 517-521.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.dilate(np.array([[0, 0, 7, 0, 0, 0]], np.uint8), footprint=[[0, 1, 1]])
    array([[0, 0, 7, 7, 0, 0]], dtype=uint8)
    """
    return _flat("dilate", image, size, footprint, border, fill, out, True)


def _flat(
    function: str,
    image: Array,
    size: Size,
    footprint: Array | None,
    border: str,
    fill: float,
    out: Array | None,
    most: bool,
) -> Array:
    image = check_image(function, image)
    around_each = neighborhood(function, size, footprint, image)
    if most:
        around_each = around_each.reflected
    border = BORDER.check(function, "border", border)
    fill = check_fill(function, fill, image.dtype)
    out = check_out(function, out, image.shape, image.dtype, image)
    if around_each.reach == (0, 0):
        np.copyto(out, image)
        return out
    around = surroundings(image, around_each.reach, border, fill)
    fills, runs = fill_row(image, around), around_each.runs

    def kernel(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        kernels.flat(
            src, dst, fills, channels, *around.reach, around.rows, around.columns, runs, most, y0, y1
        )

    return run_kernel(image, out, around, kernel, around_each.nanoseconds(image.dtype))
