"""Edges by Canny's detector."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from .._core.errors import wrong_value
from .._core.images import UINT8, Array, channel_count, check_image, check_out, rows
from .._core.operations import operation
from .._core.parameters import Flag, Range
from .._core.threads import run_bands
from .._ext import canny as kernels

LOW = Range(low=0)
HIGH = Range(low=0)
SIGMA = Range(low=0)
L2 = Flag()

# Above every sum that int16 holds of uint8 images.
_INT16_LIMIT = 32767.0


def _threshold(value: float, dtype: np.dtype[np.generic], l2: bool) -> float:
    """The largest number of the kernel's type that is no larger than the threshold: the same pixels lie above it."""
    if dtype == UINT8 and not l2:
        return math.floor(min(value, _INT16_LIMIT))
    exact = min(value * value if l2 else value, float(np.finfo(np.float32).max))
    rounded = np.float32(exact)
    return float(np.nextafter(rounded, np.float32(0)) if float(rounded) > exact else rounded)


@operation("gradients", halo=None)
def canny(
    image: Array,
    low: Annotated[float, LOW],
    high: Annotated[float, HIGH],
    *,
    sigma: Annotated[float, SIGMA] = 0.0,
    l2: Annotated[bool, L2] = False,
    out: Array | None = None,
) -> Array:
    """Edges one pixel wide, by Canny's detector.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA. Of a colour image each pixel takes the channel with the largest gradient, the first
        among equals; alpha is ignored.
    low : float
        Gradients above it continue edges, >= 0 and no larger than `high`.
    high : float
        Gradients above it start edges, >= 0. In units of the image's unnormalised Sobel sums: at most 1530 for
        uint8 (1141 with `l2`), 257 times that for uint16, 6 for float32 in [0, 1].
    sigma : float, default 0
        Blur the image by `gaussian_blur` first, where above 0.
    l2 : bool, default False
        Gradients are ``sqrt(gx² + gy²)`` instead of ``|gx| + |gy|``.
    out : (H, W) array of uint8, optional
        Where to write.

    Returns
    -------
    (H, W) array of uint8
        255 at edges, 0 elsewhere.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A number out of range, ``low`` above ``high``, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    Sobel derivatives, with the outermost pixels repeated outside the image; pixels whose gradient is no less than
    both neighbours in its direction (taken as one of four, bounded at 22.5 and 67.5 degrees) and above `low`;
    of these, the connected groups of eight neighbours that hold one above `high`. Gradients are 0 outside.

    For uint8 images the edges are those of ``cv2.Canny`` with aperture 3, bit for bit, also with `l2`
    (``L2gradient``); which of two equal neighbours is kept follows it. Other dtypes are computed in float32 by
    the same rules, with `l2` in squares: below 1e-19 and above 1e19 those leave its range. Pixels whose gradient is
    NaN are no edges.

    Time is proportional to the number of pixels, however the edges wind. Memory beside the result: two bits for
    each pixel (0.56 MB at 1920 × 1080), at most one more for edges that wind much, and the blurred image where
    ``sigma > 0``. Finding the maxima runs on several threads, connecting them on one.

    References
    ----------
    J. Canny, A computational approach to edge detection, IEEE Transactions on Pattern Analysis and Machine
    Intelligence 8 (6), 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import canny
    >>> image = np.zeros((5, 6), np.uint8)
    >>> image[:, 3:] = 200
    >>> canny(image, 100, 300)[2].tolist()
    [0, 0, 255, 0, 0, 0]
    """
    image = check_image("canny", image)
    low, high = LOW.check("canny", "low", low), HIGH.check("canny", "high", high)
    if low > high:
        raise wrong_value("canny", "low", f"no larger than high, {high:g}", low)
    sigma = SIGMA.check("canny", "sigma", sigma)
    l2 = L2.check("canny", "l2", l2)
    out = check_out("canny", out, image.shape[:2], UINT8, image)
    if sigma > 0:
        from ..filters.gaussian import gaussian_blur

        image = gaussian_blur(image, sigma)
    src, channels = rows(image), channel_count(image)
    height, width = out.shape
    # A border of zeros around the words: no row or column needs a test.
    words = np.zeros((height + 2, -(-width // 64) + 2, 2), np.uint64)
    thresholds = [_threshold(value, image.dtype, l2) for value in (low, high)]

    def maxima(y0: int, y1: int) -> None:
        kernels.maxima(src, words, channels, *thresholds, l2, y0, y1)

    nanoseconds = 0.8 if image.dtype == UINT8 and not l2 else 1.6
    run_bands(maxima, height, nanoseconds * src.size)
    kernels.connect(words)
    run_bands(lambda y0, y1: kernels.draw(words, out, y0, y1), height, 0.1 * out.size)
    return out
