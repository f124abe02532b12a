"""First derivatives of images, and their magnitude and direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from .._core.borders import BORDER
from .._core.errors import wrong_type
from .._core.images import FLOAT32, UINT8, Array, channel_count, check_image, check_out, rows
from .._core.neighbors import FILL, check_fill, surroundings
from .._core.operations import operation
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import gradients as kernels

OPERATOR = Choice(("sobel", "scharr", "prewitt", "central"))
_INT16 = np.dtype(np.int16)

Out = tuple[Array, Array] | None
Kernel = Callable[[Array, Array, Array, int, int, Array, Array, Array, int, int], None]


def _check_pair(
    function: str, out: Any, names: str, shape: tuple[int, ...], dtype: np.dtype[Any], image: Array
) -> tuple[Array, Array]:
    """A pair of arrays that overlap neither the image nor each other."""
    if out is not None and not (isinstance(out, tuple | list) and len(out) == 2):
        raise wrong_type(function, "out", f"None or a pair {names} of {dtype} arrays of shape {shape}", out)
    first, second = (None, None) if out is None else out
    if out is not None and (first is None or second is None):
        raise wrong_type(function, "out", f"None or a pair {names} of {dtype} arrays of shape {shape}", out)
    first = check_out(function, first, shape, dtype, image)
    return first, check_out(function, second, shape, dtype, image, first)


def _run(
    kernel: Kernel,
    image: Array,
    operator: str,
    border: str,
    fill: float,
    pair: tuple[Array, Array],
    nanoseconds: float,
) -> tuple[Array, Array]:
    """Run a kernel that writes two arrays; ``nanoseconds`` is its time for one sample on one thread."""
    src, first, second = rows(image), rows(pair[0]), rows(pair[1])
    around = surroundings(image, (1, 1), border, fill)
    # Never read but for "constant".
    outside = np.full(src.shape[1], fill, src.dtype) if border == "constant" else src[0]
    channels, number = channel_count(image), OPERATOR.words.index(operator)

    def band(y0: int, y1: int) -> None:
        kernel(src, first, second, channels, number, around.rows, around.columns, outside, y0, y1)

    run_bands(band, len(src), nanoseconds * src.size)
    return pair


@operation("gradients", result="values", halo=1)
def gradient(
    image: Array,
    operator: Annotated[str, OPERATOR] = "sobel",
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Out = None,
) -> tuple[Array, Array]:
    """First derivatives along x (to the right) and y (down).

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA. Every channel is derived by itself, alpha too.
    operator : {"sobel", "scharr", "prewitt", "central"}
        Difference of the two neighbours one way, weighted the other way.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}
        What stands outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The value outside for ``border="constant"``; one that the image's dtype holds.
    out : pair of arrays, optional
        Where to write ``gx`` and ``gy``.

    Returns
    -------
    gx, gy : arrays
        Same shape as ``image``; int16 for uint8, float32 for uint16 and float32. Not normalised: divide by the
        factor below for the derivative per pixel.

    Raises
    ------
    TypeError
        Wrong kind of array, word or number.
    ValueError
        An unknown operator or border, a ``fill`` that the dtype does not hold, wrong shape, or an ``out`` that
        does not fit.

    Notes
    -----
    ``gx[y, x] = Σ_k w[k] · (image[y + k, x + 1] − image[y + k, x − 1])`` for k = −1, 0, 1, and ``gy`` the same
    with the axes exchanged:

    ========  =========  ======  ==========================
    operator  weights w  factor  largest sum for uint8
    ========  =========  ======  ==========================
    sobel     1 2 1           8   1020
    scharr    3 10 3         32   4080
    prewitt   1 1 1           6   765
    central   0 1 0           2   255
    ========  =========  ======  ==========================

    Integer images give exact sums: int16 holds all of uint8's, float32 all of uint16's. float32 images give
    sums within ``4 · 2**-23 · Σ |w · image|`` of the exact ones, one for each rounding on the longest way, and a
    zero is never negative. NaN and infinity reach the pixels next to them and no further. Transposing the image
    exchanges ``gx`` and ``gy``, bit for bit. One pass; no copy of the image is made.

    References
    ----------
    I. Sobel, G. Feldman, A 3x3 isotropic gradient operator for image processing, Stanford AI project, 1968.
    J. M. S. Prewitt, Object enhancement and extraction, in: Picture Processing and Psychopictorics, 1970.
    H. Scharr, Optimale Operatoren in der digitalen Bildverarbeitung, doctoral thesis, Heidelberg, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import gradient
    >>> ramp = np.tile(np.arange(0, 50, 10, np.uint8), (3, 1))
    >>> gx, gy = gradient(ramp)
    >>> gx[1].tolist(), gy[1].tolist()
    ([0, 80, 80, 80, 0], [0, 0, 0, 0, 0])
    """
    image = check_image("gradient", image)
    operator = OPERATOR.check("gradient", "operator", operator)
    border = BORDER.check("gradient", "border", border)
    fill = check_fill("gradient", fill, image.dtype)
    dtype = _INT16 if image.dtype == UINT8 else FLOAT32
    pair = _check_pair("gradient", out, "(gx, gy)", image.shape, dtype, image)
    nanoseconds = 0.15 if image.dtype == UINT8 else 0.5
    return _run(kernels.gradient, image, operator, border, fill, pair, nanoseconds)


@operation("gradients", result="values", halo=1)
def gradient_polar(
    image: Array,
    operator: Annotated[str, OPERATOR] = "sobel",
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Out = None,
) -> tuple[Array, Array]:
    """Magnitude and direction of the gradient, in one pass.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA. Every channel is derived by itself, alpha too.
    operator : {"sobel", "scharr", "prewitt", "central"}
        Difference of the two neighbours one way, weighted the other way; see `gradient` for weights and factors.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}
        What stands outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The value outside for ``border="constant"``; one that the image's dtype holds.
    out : pair of arrays, optional
        Where to write magnitude and direction.

    Returns
    -------
    magnitude, direction : float32 arrays
        Same shape as ``image``. Magnitude in units of `gradient`'s sums; direction in radians from −π to π,
        0 to the right, π/2 down the image.

    Raises
    ------
    TypeError
        Wrong kind of array, word or number.
    ValueError
        An unknown operator or border, a ``fill`` that the dtype does not hold, wrong shape, or an ``out`` that
        does not fit.

    Notes
    -----
    ``magnitude = sqrt(gx² + gy²)`` and ``direction = arctan2(gy, gx)`` of what `gradient` gives: the full circle,
    which the arctangent of the quotient would fold in half. A gradient of zero has direction 0.

    The direction is within 1e-4 degrees of the exact one: 2.9e-7 radians come from the approximation, the others
    from rounding. The magnitude of uint8 images is within one unit in the last place (correctly rounded but for
    Scharr's), of others within 3.25 (subnormal ones: 4 of the smallest subnormal); it overflows only where the
    result does. All levels and thread counts give the same bits. Where a sum is NaN both results are.
    Cost: one division and one root for each sample. No image of derivatives is made: beside the results it takes
    8 bytes for each row, and some 5 kB on each thread.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 10.2: the image gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import gradient_polar
    >>> ramp = np.tile(np.arange(0, 50, 10, np.uint8)[:, None], (1, 3))
    >>> magnitude, direction = gradient_polar(ramp)
    >>> magnitude[2].tolist(), np.degrees(direction[2]).round(3).tolist()
    ([80.0, 80.0, 80.0], [90.0, 90.0, 90.0])
    """
    image = check_image("gradient_polar", image)
    operator = OPERATOR.check("gradient_polar", "operator", operator)
    border = BORDER.check("gradient_polar", "border", border)
    fill = check_fill("gradient_polar", fill, image.dtype)
    pair = _check_pair("gradient_polar", out, "(magnitude, direction)", image.shape, FLOAT32, image)
    return _run(kernels.polar, image, operator, border, fill, pair, 0.7)
