"""Box filter: means and sums over rectangles, at a cost per pixel that does not depend on their size."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.borders import BORDER
from .._core.images import FLOAT32, RGBA, UINT8, UINT16, Array, channel_count, check_image, check_out, rows
from .._core.neighbors import FILL, check_fill, surroundings
from .._core.operations import operation
from .._core.parameters import Flag, Pair, Range
from .._core.threads import run_bands
from .._ext import box as kernels

# Sums of 131071 × 131071 uint16 samples are below 2^50, and float64 divides them exactly.
RADIUS = Pair(Range(low=0, high=65535, integer=True), ("ry", "rx"))
FLAG = Flag()

# By the area of the rectangle.
_COST = {UINT8: (0.06, 0.09, 0.13), UINT16: (0.12, 0.18, 0.2), FLOAT32: (0.18, 0.45, 0.55)}


def _reach(radius: tuple[int, int], **_: Any) -> int:
    return max(radius)


def _area(radius: tuple[int, int]) -> int:
    ry, rx = radius
    return (2 * ry + 1) * (2 * rx + 1)


def _result_dtype(dtype: np.dtype[Any], radius: tuple[int, int], normalize: bool) -> np.dtype[Any]:
    if normalize or dtype == FLOAT32:
        return dtype
    return np.dtype(np.uint32 if _area(radius) * np.iinfo(dtype).max < 2**32 else np.uint64)


def _nanoseconds(dtype: np.dtype[Any], radius: tuple[int, int]) -> float:
    """Measured time for one sample, with AVX-512."""
    area = _area(radius)
    return _COST[dtype][0 if area <= 25 else 1 if area <= 225 else 2]


@operation("filters", halo=_reach)
def box_filter(
    image: Array,
    radius: Annotated[Any, RADIUS],
    *,
    normalize: Annotated[bool, FLAG] = True,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Replace every pixel by the mean, or the sum, of the rectangle around it.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    radius : int or (int, int)
        Pixels that the rectangle reaches to each side: ``radius``, or ``(ry, rx)`` up and down, left and right;
        0 to 65535, also beyond the image. The rectangle has ``(2 ry + 1) (2 rx + 1)`` pixels.
    normalize : bool, default True
        Mean if true, else sum.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}
        What lies around the image, in the words of ``numpy.pad``.
    fill : float, default 0
        Value around the image where ``border`` is "constant".
    out : array, optional
        Where to write, of the dtype of the result; must not overlap ``image``.

    Returns
    -------
    array
        Same shape. Means have the dtype of the image; integers are the exact mean rounded to nearest (the area
        is odd, so there are no ties). Sums of integers are exact, in the narrower of uint32 and uint64 that
        cannot overflow with this dtype and radius; sums of float32 are float32.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Radius or fill out of range, unknown border, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``out[y, x] = sum(image[y + j, x + i] for |j| <= ry, |i| <= rx) / area``

    Time per pixel does not depend on the radius as long as the rectangle is smaller than the image. Each band of
    rows holds O((W + 2 rx) + W ry) numbers beside the result.

    Integers are added up in running sums. float32 is not, because a sum that a large value has entered and left
    is no longer what it was: blocks of rows, and then of columns, are added up in float64 from both ends, and a
    window is the tail of one block plus the head of the next. Nothing is subtracted, and no pixel outside the
    rectangle takes part. The float64 sum is within ``2 (2 ry + 2 rx + 2) 2**-53 S`` of the exact one, where S is
    the sum of the absolute values in the rectangle, and is multiplied by 1 / area and rounded to float32 once: for
    images without negative values and radii up to 200 the result is within 0.50001 units in the last place. A sum
    may exceed the range of float32 and is then infinite. NaN and infinity appear in every result whose rectangle
    holds one, and nowhere else.

    References
    ----------
    M. J. McDonnell, Box-filtering techniques, Computer Graphics and Image Processing 17 (1981) 65-70.
    M. van Herk, A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels,
    Pattern Recognition Letters 13 (1992) 517-521: the blocks.
    T. Granlund, P. L. Montgomery, Division by invariant integers using multiplication, PLDI 1994.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> image = np.zeros((3, 4), np.uint8)
    >>> image[1, 1] = 90
    >>> imgproc.box_filter(image, 1)
    array([[40, 20, 20,  0],
           [20, 10, 10,  0],
           [40, 20, 20,  0]], dtype=uint8)
    """
    image = check_image("box_filter", image)
    reach: tuple[int, int] = RADIUS.check("box_filter", "radius", radius)
    normalize = FLAG.check("box_filter", "normalize", normalize)
    border = BORDER.check("box_filter", "border", border)
    fill = check_fill("box_filter", fill, image.dtype)
    dtype = _result_dtype(image.dtype, reach, normalize)
    out = check_out("box_filter", out, image.shape, dtype, image)
    if reach == (0, 0):
        np.copyto(out, image)
        return out
    around = surroundings(image, reach, border, fill)
    src, dst, channels = rows(image), rows(out), channel_count(image)

    def band(y0: int, y1: int) -> None:
        kernels.box_rows(
            src,
            dst.view(UINT8),
            channels,
            around.rows,
            around.columns,
            *reach,
            normalize,
            around.fill,
            y0,
            y1,
        )
        if channels == RGBA:
            dst[y0:y1, 3::4] = src[y0:y1, 3::4]

    run_bands(band, len(dst), _nanoseconds(image.dtype, reach) * dst.size, sure=True)
    return out
