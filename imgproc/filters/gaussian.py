"""Gaussian blur, and the unsharp mask that is made of it."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import numpy as np

from .._core.borders import BORDER
from .._core.errors import wrong_value
from .._core.images import UINT8, UINT16, Array, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._core.parameters import Pair, Range
from .._ext import gaussian as kernels

SIGMA = Pair(Range(low=0, high=1000), ("y", "x"))
AMOUNT = Range(low=0, high=1000)
NOISE = (256**2 - 1) / 12
"""The variance of uniform noise of 8 bits."""
MISROUNDED = 0.0018
"""The expected share of misrounded pixels above which the finer and slower kernel is taken."""
FINE_AMOUNT = 2
"""The amount of sharpening up to which float32 misrounds less than 0.2 % of 16-bit pixels."""

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


class _Integers(NamedTuple):
    """Symmetric integers near to ``kernel · 2**bits`` whose sum is 2**bits."""

    weights: Array
    bits: int
    power: float
    """The sum of the squares of their errors, scaled back."""
    along: float
    """The sum of the errors times the kernel."""


def _roundings(kernel: Array, bits: int) -> list[_Integers]:
    """The ways to round: what is left over goes to the pairs that rounding wronged most, and the rest to the centre."""
    scaled = np.ldexp(kernel, bits)
    nearest = np.rint(scaled).astype(np.int64)
    radius = len(kernel) // 2
    missing = (1 << bits) - int(nearest.sum())
    order = np.argsort((nearest - scaled)[:radius], kind="stable")  # first what was rounded down most
    ways = []
    for pairs in range(missing // 2 - 1, missing // 2 + 3):
        if abs(pairs) > radius:
            continue
        wronged = order[:pairs] if pairs >= 0 else order[pairs:]
        weights = nearest.copy()
        weights[wronged] += 1 if pairs > 0 else -1
        weights[2 * radius - wronged] = weights[wronged]
        weights[radius] += missing - 2 * pairs
        errors = np.ldexp(weights - scaled, -bits)
        ways.append(_Integers(weights, bits, float(errors @ errors), float(errors @ kernel)))
    return ways


def _nearest(kernel: Array, bits: int) -> Array:
    return min(_roundings(kernel, bits), key=lambda way: way.power).weights


def _bits(kernel: Array, most: int) -> int:
    """The largest scale up to ``most`` at which weights fit 16 signed bits, and the centre 16 unsigned ones."""
    centre = len(kernel) // 2
    if centre == 0:
        return min(most, 14)
    return min(most, math.frexp(min(65528 / kernel[centre], 32764 / max(kernel[centre - 1], 1e-9)))[1] - 1)


def _pairs(weights: Array) -> tuple[Array, int]:
    """Each weight with the next one in the upper half of a uint32, zeros around them; what the centre lacks."""
    centre = len(weights) // 2
    extra = max(0, int(weights[centre]) - 32767)
    padded = np.pad(weights, (kernels.MARGIN, kernels.MARGIN + 1))
    padded[kernels.MARGIN + centre] -= extra
    words = (padded & 0xFFFF).astype(np.uint32)
    return words[:-1] | words[1:] << 16, extra


@lru_cache(maxsize=8)
def _fixed_point(sigma: tuple[float, float]) -> tuple[tuple[Array, Array, int, int, int, int, int], float]:
    """Integer weights of both passes, their scales, and the fractional bits of the rows between the passes; the share
    of pixels that they are expected to misround.

    The rows and the horizontal weights share 24 bits. Of the roundings of both the ones are taken that together err
    least on uniform noise: the errors of the two centres add up, or cancel. An error misrounds a share of its mean
    absolute value, for one of standard deviation e that is sqrt(2 / π) · e.
    """
    down, across = map(_kernel, sigma)
    down_power, across_power = float(down @ down), float(across @ across)
    # The rows are cut, not rounded, where no pass follows.
    rounding = across_power / 12 if sigma[0] and sigma[1] else 0.0

    def variance(pair: tuple[_Integers, _Integers]) -> float:
        vertical, horizontal = pair
        weights = (
            vertical.power * across_power
            + horizontal.power * down_power
            + 2 * vertical.along * horizontal.along
        )
        return NOISE * weights + rounding * 4.0 ** -_fraction(horizontal.bits)

    most = _bits(down, 24)
    verticals = [way for bits in (most - 1, most) for way in _roundings(down, bits)]
    horizontals = [way for bits in range(10, _bits(across, 22) + 1) for way in _roundings(across, bits)]
    best = min(itertools.product(verticals, horizontals), key=variance)
    (vertical, vertical_extra), (horizontal, horizontal_extra) = (_pairs(way.weights) for way in best)
    extra, bits = (vertical_extra, horizontal_extra), (best[0].bits, best[1].bits)
    return (vertical, horizontal, *extra, *bits, _fraction(bits[1])), math.sqrt(2 / math.pi * variance(best))


def _fraction(bits: int) -> int:
    """The fractional bits of rows, which have 16 bits and meet weights of so many."""
    return min(8, 24 - bits)


@lru_cache(maxsize=8)
def _fine_point(sigma: float) -> tuple[Array, int, Array]:
    """Vertical weights of 24 bits as pairs of their upper 16 bits, what the centre lacks, and pairs of the rest."""
    weights = _nearest(_kernel(sigma), 24)
    upper = np.minimum((weights + 128) >> 8, 65532)
    pairs, extra = _pairs(upper)
    return pairs, extra, _pairs(weights - (upper << 8))[0]


@lru_cache(maxsize=16)
def _floats(sigma: float, differences: bool = False) -> Array:
    """The centre and one side as float32 that sum, with the other side, to 1 exactly.

    Of a kernel of few samples that meets ``differences`` from its centre the side is all that counts, and is as precise
    as it can be.
    """
    kernel = _kernel(sigma)
    if differences and len(kernel) // 2 <= kernels.FEW:
        side: Array = kernel[len(kernel) // 2 :].astype(np.float32)
        return side
    bits = 24 - math.frexp(kernel.max())[1]
    weights: Array = np.ldexp(_nearest(kernel, bits)[len(kernel) // 2 :], -bits).astype(np.float32)
    return weights


def _run(
    image: Array, sigma: tuple[float, float], border: str, fill: float, amount: float | None, out: Array
) -> Array:
    reach = _radius(sigma[0]), _radius(sigma[1])
    around = surroundings(image, reach, border, fill)
    if image.dtype == UINT8:
        fixed, misrounded = _fixed_point(sigma)
        if misrounded * (1 if amount is None else amount) <= MISROUNDED:

            def integers(src: Array, dst: Array, channels: int, near: Surroundings, y0: int, y1: int) -> None:
                kernels.blur_u8(
                    src, dst, channels, near.rows, near.columns, near.fill, *fixed, amount, y0, y1
                )

            return run_kernel(image, out, around, integers, 0.3 + 0.05 * sum(reach))
        fine = *_fine_point(sigma[0]), _floats(sigma[1])

        def finer(src: Array, dst: Array, channels: int, near: Surroundings, y0: int, y1: int) -> None:
            kernels.blur_u8_fine(
                src, dst, channels, near.rows, near.columns, near.fill, *fine, amount, y0, y1
            )

        return run_kernel(image, out, around, finer, 0.4 + 0.07 * sum(reach))
    if image.dtype == UINT16 and amount is not None and amount > FINE_AMOUNT:
        sides = tuple(_kernel(one)[radius:] for one, radius in zip(sigma, reach, strict=True))

        def doubles(src: Array, dst: Array, channels: int, near: Surroundings, y0: int, y1: int) -> None:
            kernels.sharpen_u16_fine(
                src, dst, channels, near.rows, near.columns, near.fill, *sides, amount, y0, y1
            )

        return run_kernel(image, out, around, doubles, 1 + 0.15 * sum(reach))
    differences = image.dtype == UINT16
    vertical, horizontal = _floats(sigma[0], differences), _floats(sigma[1], differences)

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
    exact value rounded half to even, and at any σ at most 0.2 % of the pixels do, of photographs as of uniform noise:
    the integer weights are those that err least on it. The same holds for uint16, which is computed in float32 with an
    error below 0.02.

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
    once: the blurred image is not. The result's error is ``amount`` times that of the blurred value, which is made
    smaller where the amount asks for it: at most 0.2 % of the pixels of uint8 and uint16 are off, by 1. Amounts above 2
    or so therefore take longer, in uint16 three times as long.

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
