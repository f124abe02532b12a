"""Images sampled at given positions."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.borders import BORDER
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array, channel_count, check_image, check_out, rows
from .._core.neighbors import FILL, check_fill
from .._core.operations import operation
from .._core.threads import run_bands
from .._ext import warp as kernels

# Nanoseconds per pixel, whatever its samples: only an estimate for the choice of threads.
_COST = 1.0

_MUST = "a float32 or float64 array of shape (height, width, 2)"


def _check_coordinates(function: str, coordinates: object) -> Array:
    if not isinstance(coordinates, np.ndarray) or isinstance(coordinates, np.ma.MaskedArray):
        raise wrong_type(function, "coordinates", _MUST, coordinates)
    if coordinates.dtype not in (FLOAT32, np.dtype(np.float64)) or not coordinates.dtype.isnative:
        raise wrong_type(function, "coordinates", _MUST, Got(f"dtype {coordinates.dtype}"))
    if coordinates.ndim != 3 or coordinates.shape[2] != 2 or coordinates.size == 0:
        raise wrong_value(function, "coordinates", _MUST, Got(f"shape {coordinates.shape}"))
    return coordinates.view(np.ndarray)


@operation("filters", halo=None, result="values")
def warp_backward(
    image: Array,
    coordinates: Array,
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Sample an image at given positions, bilinearly: ``out[y, x] = image[coordinates[y, x]]``.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; all channels are sampled alike, alpha included.
    coordinates : (H', W', 2) array of float32 or float64
        Where each pixel of the result comes from: row and column in pixels of ``image``, whose pixel centres are at
        the integers.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, as in `numpy.pad`; the pixels around a position are taken from there.
    fill : float, default 0
        Value of all channels outside for ``"constant"``, and wherever a coordinate is NaN or infinite.
    out : array, optional
        Where to write, ``(H', W'[, C])``; free of overlap with the image and the coordinates.

    Returns
    -------
    array
        ``(H', W'[, C])`` of the image's dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, an unknown border, a ``fill`` that the image's dtype does not hold, or an ``out`` that does not
        fit.

    Notes
    -----
    With ``r, c`` the position, ``fr, fc`` its fractions and a, b above c, d the four pixels around it:
    ``left = a + fr (c - a)``, ``right = b + fr (d - b)``, ``out = left + fc (right - left)``, in float32. Integers are
    rounded half to even, within 0.5001 of the exact value for uint8 and 0.52 for uint16; float32 is within 4 units in
    the last place of the largest of the four pixels, and values above 1.7e38 may overflow. A float32 coordinate of
    some thousands has itself a resolution of 2**-11 or less.

    Pixels of weight 0 have no part: coordinates at pixel centres give those pixels bit for bit. NaN and infinity
    come out of every position that gives them a weight; infinity may give NaN.

    Any finite position is taken, and is brought into the image without rounding. O(H' W'); no memory beside the
    result unless image or coordinates are not packed along their rows.

    References
    ----------
    G. Wolberg, Digital Image Warping, IEEE Computer Society Press, 1990, chapter 3: inverse mapping.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> image = np.array([[0, 10], [20, 30]], np.uint8)
    >>> imgproc.warp_backward(image, np.array([[[0.5, 0.5], [1, 0], [0, 0.7]]], np.float32))
    array([[15, 20,  7]], dtype=uint8)
    """
    image = check_image("warp_backward", image)
    coordinates = _check_coordinates("warp_backward", coordinates)
    border = BORDER.check("warp_backward", "border", border)
    fill = check_fill("warp_backward", fill, image.dtype)
    shape = (*coordinates.shape[:2], *image.shape[2:])
    out = check_out("warp_backward", out, shape, image.dtype, image, coordinates)
    src, dst, positions, channels = rows(image), rows(out), rows(coordinates), channel_count(image)
    pixel = np.full(channels, fill, image.dtype)
    number = BORDER.words.index(border)

    def band(y0: int, y1: int) -> None:
        kernels.warp(src, positions, dst, channels, number, pixel, y0, y1)

    run_bands(band, len(dst), shape[0] * shape[1] * _COST)
    return out
