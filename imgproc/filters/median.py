"""Median filter: networks for the smallest windows, histograms or ranks for the others."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.borders import BORDER
from .._core.images import FLOAT32, UINT8, UINT16, Array, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._core.parameters import Pair, Range
from .._ext import median as _median

# A window of the largest radius holds less than 2**32 samples.
RADIUS = Pair(Range(low=0, high=32767, integer=True), ("ry", "rx"))

# Nanoseconds per sample for the square windows of radius 1, 2, 3, 4, by dtype; only for the choice of threads. The
# first two with AVX-512, as whole images of them take about a millisecond; the others with AVX2.
_SURE_RADIUS = 2
_NETWORK_COST = {UINT8: (0.04, 0.1, 1.5, 2.2), UINT16: (0.08, 0.2, 3.0, 4.5), FLOAT32: (0.18, 0.5, 6.0, 9.0)}
_HISTOGRAM_COST = 8.0
_RANK_COST = 30.0


def _halo(radius: tuple[int, int], **_: object) -> int:
    return max(radius)


@operation("filters", halo=_halo)
def median_filter(
    image: Array,
    radius: Annotated[int | tuple[int, int], RADIUS],
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Replace each sample by the median of the rectangle around it: removes specks and keeps edges.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    radius : int or (int, int)
        Pixels from the centre to the edge of the window, 0 to 32767: one value for both directions or
        ``(ry, rx)``. The window is ``(2 ry + 1, 2 rx + 1)``; it may be larger than the image.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The samples outside for ``border="constant"``, in the units of the image.
    out : array, optional
        Where to write; may not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype. Each channel is filtered on its own.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        ``radius`` or ``fill`` out of range, unknown ``border``, wrong shape, or an ``out`` that does not fit.
    MemoryError
        uint16 or float32, and a window so large that the samples around a block of results find no room.

    Notes
    -----
    The window has an odd number n of samples; the result is number ``n // 2`` of them in ascending order,
    counted from 0, hence always one of them and exact. In that order -0.0 comes before 0.0 and every NaN after
    infinity, as `numpy.sort` has it: NaN counts as a speck above all others, and the result is NaN only where
    more than half of the window is.

    Square windows of radius 1 to 4 are sorted by networks that neighbours share. Larger uint8 windows take a
    time that does not depend on the radius, from two-level histograms of columns; it is about 1.4 times as long where
    the window has more than 255 rows or 65535 samples. Other dtypes take a time in proportion to the window's
    width, from a set of the ranks of samples that are sorted in blocks of up to 256 × 256 results, with 20 bytes
    for each sample around a block.

    References
    ----------
    A. Adams, Fast median filters using separable sorting networks, ACM Transactions on Graphics 40 (2021).
    S. Perreault, P. Hebert, Median filtering in constant time, IEEE Transactions on Image Processing 16 (2007).
    J. Suomela, Median filtering is equivalent to sorting, arXiv:1406.1717 (2014).

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> speck = np.full((3, 4), 7, np.uint8)
    >>> speck[1, 1] = 255
    >>> imgproc.median_filter(speck, 1)
    array([[7, 7, 7, 7],
           [7, 7, 7, 7],
           [7, 7, 7, 7]], dtype=uint8)
    """
    image = check_image("median_filter", image)
    ry, rx = RADIUS.check("median_filter", "radius", radius)
    border = BORDER.check("median_filter", "border", border)
    fill = check_fill("median_filter", fill, image.dtype)
    out = check_out("median_filter", out, image.shape, image.dtype, image)
    if ry == rx == 0:
        np.copyto(out, image)
        return out

    def kernel(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        value = around.fill if src.dtype == FLOAT32 else int(around.fill)
        _median.median(src, dst, channels, ry, rx, around.rows, around.columns, value, y0, y1)

    if ry == rx <= _median.WINDOW_RADIUS:
        cost = _NETWORK_COST[image.dtype][rx - 1]
    else:
        cost = _HISTOGRAM_COST if image.dtype == UINT8 else _RANK_COST + 2 * rx
    around = surroundings(image, (ry, rx), border, fill)
    return run_kernel(image, out, around, kernel, cost, sure=ry == rx <= _SURE_RADIUS)
