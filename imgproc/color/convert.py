"""Conversions between RGB, luma, YUV and YIQ with the weights of ITU-R BT.601.

Chroma is stored around half the range in every dtype: 128, 32768 or 0.5.
"""

from __future__ import annotations

from .._core.images import (
    FLOAT32,
    RGB,
    RGBA,
    UINT8,
    UINT16,
    Array,
    channel_count,
    check_image,
    check_out,
    rows,
)
from .._core.operations import operation
from .._core.threads import run_bands
from .._ext import color as _color

# Nanoseconds per pixel with AVX-512: only an estimate for the choice of threads.
_COST = {
    _color.RGB_TO_GRAY: {UINT8: 0.05, UINT16: 0.09, FLOAT32: 0.15},
    _color.RGB_TO_YUV: {UINT8: 0.08, UINT16: 0.18, FLOAT32: 0.23},
    _color.YUV_TO_RGB: {UINT8: 0.07, UINT16: 0.16, FLOAT32: 0.23},
    _color.RGB_TO_YIQ: {UINT8: 0.9, UINT16: 0.9, FLOAT32: 0.23},
    _color.YIQ_TO_RGB: {UINT8: 0.9, UINT16: 0.9, FLOAT32: 0.23},
}


def _convert(function: str, conversion: int, image: Array, out: Array | None) -> Array:
    image = check_image(function, image, channels=(RGB, RGBA))
    gray = conversion == _color.RGB_TO_GRAY
    shape = image.shape[:2] if gray else image.shape
    out = check_out(function, out, shape, image.dtype, image, in_place=not gray)
    src, dst, channels = rows(image), rows(out), channel_count(image)
    run_bands(
        lambda y0, y1: _color.convert(src, dst, channels, conversion, y0, y1),
        len(src),
        image.size / channels * _COST[conversion][image.dtype],
        sure=True,
    )
    return out


@operation("color", channels=(RGB, RGBA))
def rgb_to_gray(image: Array, *, out: Array | None = None) -> Array:
    """Luma of an RGB image: ``0.299 R + 0.587 G + 0.114 B``.

    Parameters
    ----------
    image : (H, W, 3 or 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is dropped.
    out : (H, W) array, optional
        Where to write.

    Returns
    -------
    (H, W) array
        Same dtype.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    uint8 is OpenCV's ``COLOR_RGB2GRAY`` bit for bit: weights of 15 bits, ``(9798 R + 19235 G +
    3735 B + 16384) >> 15``, at most 0.51 from the formula. uint16 is the formula rounded half to even, in
    integers, without error. float32 sums the three products from the left in float32: at most 3e-7 of the
    largest absolute sample off. Values outside [0, 1] are not clipped; a NaN or infinity stays in its
    pixel.

    References
    ----------
    ITU-R BT.601-7, section 2.5.1: construction of luminance.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.rgb_to_gray(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    array([[ 76, 150,  29]], dtype=uint8)
    """
    return _convert("rgb_to_gray", _color.RGB_TO_GRAY, image, out)


@operation("color", channels=(RGB, RGBA), in_place=True)
def rgb_to_yuv(image: Array, *, out: Array | None = None) -> Array:
    """Luma and two colour differences: Y, ``U = 0.492 (B - Y) + half``, ``V = 0.877 (R - Y) + half``.

    Parameters
    ----------
    image : (H, W, 3 or 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is copied.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype; ``half`` is 128, 32768 or 0.5.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    Y = 0.299 R + 0.587 G + 0.114 B. uint8 is OpenCV's ``COLOR_RGB2YUV`` bit for bit (weights of
    14 bits). uint16 is exact: Y, U and V each rounded half to even, U and V from the rounded Y; OpenCV's
    fixed point is up to 2 levels from it. float32 rounds each product and sum in float32 (below 1e-6 off on
    [0, 1]) and clips nothing, so that V reaches [-0.115, 1.115]; a NaN or infinity stays in its pixel.

    In integers V would leave the range where ``|R - Y|`` is above 0.57 of it (strong reds and cyans) and is
    clipped: no way back is exact there. `yuv_to_rgb` says how close the round trip comes.

    References
    ----------
    ITU-R BT.601-7; C. Poynton, Digital Video and HD, 2nd ed., chapter 28: the scale factors 0.492 and 0.877.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.rgb_to_yuv(np.array([[[128, 128, 128], [0, 0, 255]]], np.uint8))
    array([[[128, 128, 128],
            [ 29, 239, 103]]], dtype=uint8)
    """
    return _convert("rgb_to_yuv", _color.RGB_TO_YUV, image, out)


@operation("color", channels=(RGB, RGBA), in_place=True)
def yuv_to_rgb(image: Array, *, out: Array | None = None) -> Array:
    """The inverse of `rgb_to_yuv`.

    Parameters
    ----------
    image : (H, W, 3 or 4) array of uint8, uint16 or float32
        YUV, or YUV and alpha, which is copied.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    R = Y + V' / 0.877, B = Y + U' / 0.492, G = Y - 0.395 U' - 0.581 V' with U' and V' centred
    at 0 (the weights of G are 0.114 / (0.587 · 0.492) and 0.299 / (0.587 · 0.877)). uint8 is OpenCV's
    ``COLOR_YUV2RGB`` bit for bit, which rounds them to 2.032, 1.140, 0.395 and 0.581. uint16 is exact,
    rounded to nearest and clipped; float32 is not clipped; both use the exact inverse and so differ from
    OpenCV by up to 3e-4 of the colour difference.

    Round trip RGB, YUV, RGB: where V was not clipped, every R, G and B of uint8 and uint16 comes back
    within 1 level (uint8: tested for all colours, 98.3 % of which clip nothing; the worst of the rest, near
    pure red, is 34 levels off in R and 17 in G, and B is never more than 1 off). uint16 is at worst 0.131
    and 0.067 of the range off in R and G where V was clipped. float32 comes back within 1e-6 on [0, 1].

    References
    ----------
    See `rgb_to_yuv`.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.yuv_to_rgb(np.array([[[128, 128, 128], [29, 239, 103]]], np.uint8))
    array([[[128, 128, 128],
            [  0,   0, 255]]], dtype=uint8)
    """
    return _convert("yuv_to_rgb", _color.YUV_TO_RGB, image, out)


@operation("color", channels=(RGB, RGBA), in_place=True)
def rgb_to_yiq(image: Array, *, out: Array | None = None) -> Array:
    """Luma, and the two colour axes of NTSC: I from cyan to orange, Q from green to magenta.

    Parameters
    ----------
    image : (H, W, 3 or 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is copied.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype; I and Q are centred at 128, 32768 or 0.5.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    Y = 0.299 R + 0.587 G + 0.114 B, I = 0.59590059 R - 0.27455667 G - 0.32134392 B + half, Q =
    0.21153661 R - 0.52273617 G + 0.31119955 B + half: the matrix of scikit-image's ``rgb2yiq``, which adds
    no half. Integers are that in float64, rounded half to even and clipped: I clips above 0.84 of its
    extremes, Q above 0.957. float32 rounds each product and sum in float32 (below 1e-6 off on [0, 1]) and
    clips nothing; a NaN or infinity stays in its pixel.

    References
    ----------
    NTSC 1953; matrix as in scikit-image, ``skimage.color.yiq_from_rgb``.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.rgb_to_yiq(np.array([[[128, 128, 128], [255, 128, 0]]], np.uint8))
    array([[[128, 128, 128],
            [151, 245, 115]]], dtype=uint8)
    """
    return _convert("rgb_to_yiq", _color.RGB_TO_YIQ, image, out)


@operation("color", channels=(RGB, RGBA), in_place=True)
def yiq_to_rgb(image: Array, *, out: Array | None = None) -> Array:
    """The inverse of `rgb_to_yiq`.

    Parameters
    ----------
    image : (H, W, 3 or 4) array of uint8, uint16 or float32
        YIQ, or YIQ and alpha, which is copied.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    The inverse of that matrix in float64 for integers (rounded half to even and clipped), in
    float32 for float32.

    Round trip RGB, YIQ, RGB: where I and Q were not clipped, every R and G of uint8 and uint16 comes back
    within 1 level and B within 2 (uint8: tested for all colours, 99.4 % of which clip nothing; the worst of
    the rest is 24, 7 and 27 levels off in R, G and B). uint16 is at worst 0.092, 0.027 and 0.107 of the
    range off where I or Q was clipped. float32 comes back within 1e-6 on [0, 1].

    References
    ----------
    See `rgb_to_yiq`.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.yiq_to_rgb(np.array([[[128, 128, 128], [151, 245, 115]]], np.uint8))
    array([[[128, 128, 128],
            [255, 128,   0]]], dtype=uint8)
    """
    return _convert("yiq_to_rgb", _color.YIQ_TO_RGB, image, out)
