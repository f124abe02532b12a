"""Gaussian blur, and the unsharp mask that is made of it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any

import numpy as np

from .._core.borders import BORDER
from .._core.errors import wrong_value
from .._core.images import UINT8, Array, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._core.parameters import Pair, Range
from .._ext import gaussian as kernels

SIGMA = Pair(Range(low=0, high=1000), ("y", "x"))
AMOUNT = Range(low=0, high=1000)

Sigma = float | tuple[float, float]


def _check_sigma(function: str, sigma: Any) -> tuple[float, float]:
    down, across = SIGMA.check(function, "sigma", sigma)
    if down == across == 0:
        raise wrong_value(function, "sigma", f"{SIGMA}, not both 0", sigma)
    return down, across


def _radius(sigma: float) -> int:
    return math.ceil(4 * sigma)


def _halo(*, sigma: tuple[float, float], **_: Any) -> int:
    return _radius(max(sigma))


def _kernel(sigma: float) -> Array:
    """exp(−k² / 2σ²) for k from −radius to radius, divided by their sum; [1] for sigma 0."""
    radius = _radius(sigma)
    if radius == 0:
        return np.ones(1)
    offsets = np.arange(-radius, radius + 1)
    with np.errstate(over="ignore"):
        weights: Array = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    return weights


def _integers(kernel: Array, bits: int) -> Array:
    """The symmetric integers nearest to ``kernel · 2**bits`` whose sum is 2**bits.

    What rounding leaves over goes to the pairs that it wronged most, and an odd unit to the centre.
    """
    scaled = np.ldexp(kernel, bits)
    weights = np.rint(scaled).astype(np.int64)
    radius = len(kernel) // 2
    missing = (1 << bits) - int(weights.sum())
    pairs, odd = divmod(abs(missing), 2)
    sign = 1 if missing > 0 else -1
    wronged = np.argsort(-sign * (scaled - weights)[:radius], kind="stable")[:pairs]
    weights[wronged] += sign
    weights[2 * radius - wronged] += sign
    weights[radius] += sign * odd
    return weights


def _bits(kernel: Array, most: int) -> int:
    """The largest scale up to ``most`` at which weights fit 16 signed bits, and the centre 16 unsigned ones."""
    centre = len(kernel) // 2
    if centre == 0:
        return min(most, 14)
    return min(most, math.frexp(min(65532 / kernel[centre], 32764 / max(kernel[centre - 1], 1e-9)))[1] - 1)


def _pairs(weights: Array) -> tuple[Array, int]:
    """Each weight with the next one in the upper half of a uint32, zeros around them; what the centre lacks."""
    centre = len(weights) // 2
    extra = max(0, int(weights[centre]) - 32767)
    padded = np.pad(weights, (kernels.MARGIN, kernels.MARGIN + 1)).astype(np.uint32)
    padded[kernels.MARGIN + centre] -= extra
    return padded[:-1] | padded[1:] << 16, extra


@lru_cache(maxsize=8)
def _fixed_point(sigma: tuple[float, float]) -> tuple[Array, Array, int, int, int, int, int]:
    """Integer weights of both passes, their scales, and the fractional bits of the rows between the passes.

    The rows and the horizontal weights share 24 bits. Of the ways to share them the one is taken that is
    expected to err least on noise of standard deviation 64.
    """
    down, across = map(_kernel, sigma)
    row_variance, weight_variance = float(np.square(across).sum()), 64.0**2 * len(across)
    _, fraction, across_bits = min(
        (row_variance * 4.0**-fraction + weight_variance * 4.0**-bits, fraction, bits)
        for fraction in range(2, 9)
        for bits in [_bits(across, 24 - fraction)]
    )
    down_bits = _bits(down, 24)
    vertical, vertical_extra = _pairs(_integers(down, down_bits))
    horizontal, horizontal_extra = _pairs(_integers(across, across_bits))
    return vertical, horizontal, vertical_extra, horizontal_extra, down_bits, across_bits, fraction


@lru_cache(maxsize=16)
def _floats(sigma: float) -> Array:
    """The centre and one side as float32 that sum, with the other side, to 1 exactly."""
    kernel = _kernel(sigma)
    bits = 24 - math.frexp(kernel.max())[1]
    weights: Array = np.ldexp(_integers(kernel, bits)[len(kernel) // 2 :], -bits).astype(np.float32)
    return weights


def _run(
    image: Array, sigma: tuple[float, float], border: str, fill: float, amount: float | None, out: Array
) -> Array:
    reach = _radius(sigma[0]), _radius(sigma[1])
    around = surroundings(image, reach, border, fill)
    if image.dtype == UINT8:
        fixed = _fixed_point(sigma)

        def integers(src: Array, dst: Array, channels: int, near: Surroundings, y0: int, y1: int) -> None:
            kernels.blur_u8(src, dst, channels, near.rows, near.columns, near.fill, *fixed, amount, y0, y1)

        return run_kernel(image, out, around, integers, 0.3 + 0.05 * sum(reach))
    vertical, horizontal = _floats(sigma[0]), _floats(sigma[1])

    def floats(src: Array, dst: Array, channels: int, near: Surroundings, y0: int, y1: int) -> None:
        kernels.blur_floats(
            src, dst, channels, near.rows, near.columns, near.fill, vertical, horizontal, amount, y0, y1
        )

    return run_kernel(image, out, around, floats, 0.5 + 0.07 * sum(reach))


@operation("filters", halo=_halo)
def gaussian_blur(
    image: Array,
    sigma: Annotated[Sigma, SIGMA],
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Blur an image with a Gaussian.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    sigma : float or (float, float)
        Standard deviation in pixels, 0 to 1000: one value for both axes or ``(y, x)``. There is no blur along
        an axis with 0; both 0 are refused.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The value outside with ``border="constant"``; an integer in range for integer images.
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
        ``sigma`` out of range or 0 along both axes, unknown ``border``, ``fill`` out of range, wrong shape, or
        an ``out`` that does not fit.

    Notes
    -----
    The kernel is ``exp(−(x² / 2σx² + y² / 2σy²))`` at whole pixels, up to radius ``ceil(4σ)`` along each axis, divided
    by its sum. What is cut off weighs less than 1e-4, so that uint8 results are those of the endless Gaussian
    to the rounding. A constant image stays as it is.

    The columns are blurred, then the rows: cost grows with σ, memory beside the result is O(W + σy) for each
    thread. Results have the same bits at every CPU level and for any number of threads.

    uint8 is computed in integers and less than 0.52 from the exact value, so it differs by at most 1 from the
    exact value rounded half to even; of photographs fewer than 0.2 % of the pixels do, and of uniform noise fewer
    than 0.2 % where σ >= 1, 0.3 % below. The same holds for uint16, which is computed in float32 with an error
    below 0.02.

    float32 is computed in float32, with r = ry + rx within ``(48 + r / 16) · 2**-24`` of the exact value, times the
    largest absolute value under the kernel. NaN and infinity reach as far as the kernel does, values above 1.7e38 may
    overflow.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.5: lowpass Gaussian filter kernels.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> image = np.zeros((9, 9), np.uint8)
    >>> image[4, 4] = 255
    >>> imgproc.gaussian_blur(image, 0.8)[4]
    array([ 0,  0,  3, 29, 63, 29,  3,  0,  0], dtype=uint8)
    """
    image = check_image("gaussian_blur", image)
    pair = _check_sigma("gaussian_blur", sigma)
    border = BORDER.check("gaussian_blur", "border", border)
    fill = check_fill("gaussian_blur", fill, image.dtype)
    out = check_out("gaussian_blur", out, image.shape, image.dtype, image)
    return _run(image, pair, border, fill, None, out)


@operation("filters", halo=_halo)
def sharpen(
    image: Array,
    amount: Annotated[float, AMOUNT] = 1.0,
    *,
    sigma: Annotated[Sigma, SIGMA] = 2.0,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Sharpen an image by an unsharp mask: what a Gaussian blur takes away is added once more.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    amount : float, default 1
        Factor of the difference that is added, 0 to 1000; 0 changes nothing.
    sigma : float or (float, float), default 2
        Standard deviation of the blur in pixels, see `gaussian_blur`: the size of the details that gain.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The value outside with ``border="constant"``; an integer in range for integer images.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped; float32 is not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        ``amount`` or ``sigma`` out of range, ``sigma`` 0 along both axes, unknown ``border``, ``fill`` out of
        range, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    ``out = image + amount · (image − blurred)``, blurred as by `gaussian_blur` with the same cost, and rounded
    once: the blurred image is not. The bounds of `gaussian_blur` hold for the blurred value; the result's error is
    ``amount`` times that, so with ``amount`` 1 at most 0.3 % of the integers are off, by 1.

    NaN and infinity reach as far as the kernel does.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.6: unsharp masking.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.sharpen(np.array([[50, 50, 50, 100, 100, 100]], np.uint8), sigma=1)
    array([[ 50,  47,  35, 115, 103, 100]], dtype=uint8)
    """
    image = check_image("sharpen", image)
    amount = AMOUNT.check("sharpen", "amount", amount)
    pair = _check_sigma("sharpen", sigma)
    border = BORDER.check("sharpen", "border", border)
    fill = check_fill("sharpen", fill, image.dtype)
    out = check_out("sharpen", out, image.shape, image.dtype, image)
    return _run(image, pair, border, fill, amount, out)
