"""What is made of erosion and dilation: opening, closing, gradient."""

from __future__ import annotations

from typing import Annotated, Any

from .._core.borders import BORDER, border_indices
from .._core.images import Array, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._ext import morphology as kernels
from .neighborhoods import FOOTPRINT, SIZE, Size, fill_row, neighborhood, reach


def _reach_of_two(**parameters: Any) -> int:
    return 2 * reach(**parameters)


@operation("morphology", halo=_reach_of_two)
def opening(
    image: Array,
    size: Annotated[Size, SIZE] = 3,
    *,
    footprint: Annotated[Array | None, FOOTPRINT] = None,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Open: erosion, then dilation; bright details smaller than the neighbourhood vanish.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; channels are opened apart, alpha is copied.
    size : int or (int, int), default 3
        Height and width of a rectangle: odd, >= 1, and as large as you like.
    footprint : (h, w) array of bool or integers, optional
        Another shape, true or non-zero, in place of the rectangle of ``size``, which is then not looked at. Both
        lengths are odd.
    border : str, default "reflect"
        What lies outside the image and outside the eroded image, in the words of ``numpy.pad``: "reflect",
        "symmetric", "edge", "wrap", "constant".
    fill : float, default 0
        Value outside for ``border="constant"``, in both steps; integers must fit the dtype.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even size, an empty footprint, an unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``dilate(erode(image))`` with the same arguments. The dilation takes the reflected footprint, so the result never
    exceeds the image, and opening twice is opening once. (That holds up to the rim for rectangles without "constant",
    and for any footprint with "wrap"; else as far from the rim as the steps reach.)

    Both steps run on a band of rows at a time: beside the result each thread holds the eroded rows that the dilation
    sees, four times the height of the neighbourhood of them, at least 64, and never the eroded image. NaN spreads as
    far as both steps reach.

    References
    ----------
    J. Serra, Image Analysis and Mathematical Morphology, 1982, chapter 2.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.opening(np.array([[0, 9, 0, 9, 9, 9, 0, 0]], np.uint8))
    array([[0, 0, 0, 9, 9, 9, 0, 0]], dtype=uint8)
    """
    return _opened("opening", image, size, footprint, border, fill, out, False)


@operation("morphology", halo=_reach_of_two)
def closing(
    image: Array,
    size: Annotated[Size, SIZE] = 3,
    *,
    footprint: Annotated[Array | None, FOOTPRINT] = None,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Close: dilation, then erosion; dark details smaller than the neighbourhood vanish.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; channels are closed apart, alpha is copied.
    size : int or (int, int), default 3
        Height and width of a rectangle: odd, >= 1, and as large as you like.
    footprint : (h, w) array of bool or integers, optional
        Another shape, true or non-zero, in place of the rectangle of ``size``, which is then not looked at. Both
        lengths are odd.
    border : str, default "reflect"
        What lies outside the image and outside the dilated image, in the words of ``numpy.pad``: "reflect",
        "symmetric", "edge", "wrap", "constant".
    fill : float, default 0
        Value outside for ``border="constant"``, in both steps; integers must fit the dtype.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even size, an empty footprint, an unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``erode(dilate(image))`` with the same arguments; the result is never below the image, and closing twice is closing
    once, where the same holds of `opening`. Memory and NaN as there.

    References
    ----------
    J. Serra, Image Analysis and Mathematical Morphology, 1982, chapter 2.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.closing(np.array([[9, 0, 9, 0, 0, 0, 9, 9]], np.uint8))
    array([[9, 9, 9, 0, 0, 0, 9, 9]], dtype=uint8)
    """
    return _opened("closing", image, size, footprint, border, fill, out, True)


@operation("morphology", halo=reach)
def morphological_gradient(
    image: Array,
    size: Annotated[Size, SIZE] = 3,
    *,
    footprint: Annotated[Array | None, FOOTPRINT] = None,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Give the morphological gradient: dilation minus erosion, bright along edges.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; each channel has its own gradient, alpha is copied.
    size : int or (int, int), default 3
        Height and width of a rectangle: odd, >= 1, and as large as you like.
    footprint : (h, w) array of bool or integers, optional
        Another shape, true or non-zero, in place of the rectangle of ``size``, which is then not looked at. Both
        lengths are odd.
    border : str, default "reflect"
        What lies outside the image, in the words of ``numpy.pad``: "reflect", "symmetric", "edge", "wrap", "constant".
    fill : float, default 0
        Value outside for ``border="constant"``; integers must fit the dtype.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even size, an empty footprint, an unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``dilate(image) - erode(image)`` with the same arguments. Integers are exact where the difference is not negative,
    which the pixel's own place in the footprint, or a symmetric footprint, makes sure of; elsewhere it is 0 where it
    would be negative. float32 is one subtraction, rounded once; NaN in the window gives NaN, and so does a window whose
    least and greatest are the same infinity.

    Both are found from one pass over the image, a band of rows at a time. Beside the result each thread holds three
    times the height of the neighbourhood in rows, at least 16.

    References
    ----------
    J.-F. Rivest, P. Soille, S. Beucher, Morphological gradients, Journal of Electronic Imaging 2, 1993, pp. 326-336.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.morphological_gradient(np.array([[5, 5, 5, 9, 9, 9]], np.uint8))
    array([[0, 0, 4, 4, 0, 0]], dtype=uint8)
    """
    function = "morphological_gradient"
    image = check_image(function, image)
    shape = neighborhood(function, size, footprint, image)
    border = BORDER.check(function, "border", border)
    fill = check_fill(function, fill, image.dtype)
    out = check_out(function, out, image.shape, image.dtype, image)
    around = surroundings(image, shape.reach, border, fill)
    fills, least, most = fill_row(image, around), shape.runs, shape.reflected.runs

    def kernel(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        kernels.gradient(
            src, dst, fills, channels, *around.reach, around.rows, around.columns, least, most, y0, y1
        )

    return run_kernel(image, out, around, kernel, 2 * shape.nanoseconds(image.dtype))


def _opened(
    function: str,
    image: Array,
    size: Size,
    footprint: Array | None,
    border: str,
    fill: float,
    out: Array | None,
    dilation_first: bool,
) -> Array:
    image = check_image(function, image)
    first = second = neighborhood(function, size, footprint, image)
    if dilation_first:
        first = first.reflected
    else:
        second = second.reflected
    border = BORDER.check(function, "border", border)
    fill = check_fill(function, fill, image.dtype)
    out = check_out(function, out, image.shape, image.dtype, image)
    around = surroundings(image, first.reach, border, fill)
    wraps = border == "wrap"
    first_rows = around.rows
    if wraps:  # around the first result lies what the first step makes of the rows further out
        reach_of_both = 2 * first.reach[0]
        first_rows = border_indices(image.shape[0], reach_of_both, reach_of_both, border)
    fills, first_runs, second_runs = fill_row(image, around), first.runs, second.runs

    def kernel(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        kernels.opened(
            src,
            dst,
            fills,
            channels,
            *around.reach,
            first_rows,
            around.rows,
            around.columns,
            first_runs,
            second_runs,
            dilation_first,
            wraps,
            y0,
            y1,
        )

    return run_kernel(image, out, around, kernel, 2 * first.nanoseconds(image.dtype))
