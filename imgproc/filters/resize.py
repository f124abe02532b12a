"""Resampling an image to another shape."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated

import numpy as np
import numpy.typing as npt

from .._core.array_parameters import Shape
from .._core.images import Array, channel_count, check_image, check_out, rows
from .._core.operations import operation
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import resize as kernels

SHAPE = Shape()
METHOD = Choice(("linear", "nearest", "area"))

Indices = npt.NDArray[np.int64]

# Nanoseconds per sample of the result by its size, and of the image for averages, with AVX-512 (areas: AVX2): only an
# estimate for the choice of threads.
_LINEAR_COST = {1: 0.2, 2: 0.27, 4: 0.3}
_DOUBLE_COST = 0.085
_NEAREST_COST = {1: 0.1, 2: 0.12, 4: 0.2}
_REPEAT_COST = {1: 0.025, 2: 0.04, 4: 0.06}
_HALVE_COST = {1: 0.0125, 2: 0.04, 4: 0.06}
_AREA_COST = 0.5


# The kernels by the size of a sample: to find one by its arguments takes a fifth of a microsecond on every call.
_SAMPLES = {1: "uint8_t", 2: "uint16_t", 4: "float"}
_KERNEL = {
    name: {size: getattr(kernels, name)[sample] for size, sample in _SAMPLES.items()}
    for name in ("linear", "nearest", "halve", "area")
}


def _linear(image: Array, out: Array) -> None:
    src, dst, channels = rows(image), rows(out), channel_count(image)
    height, width = image.shape[:2]
    if out.shape[0] == 2 * height and out.shape[1] == 2 * width and image.itemsize > 1:
        run_bands(
            lambda y0, y1: kernels.doubled(src, dst, channels, y0, y1),
            height + 1,
            dst.size * _DOUBLE_COST,
            sure=True,
        )
        return
    kernel, cost = _KERNEL["linear"][image.itemsize], dst.size * _LINEAR_COST[image.itemsize]
    run_bands(lambda y0, y1: kernel(src, dst, channels, y0, y1), len(dst), cost, sure=True)


def _nearest(image: Array, out: Array) -> None:
    src, dst, channels = rows(image), rows(out), channel_count(image)
    kernel = _KERNEL["nearest"][image.itemsize]
    costs = _REPEAT_COST if dst.size > src.size else _NEAREST_COST
    cost = dst.size * costs[image.itemsize]
    run_bands(lambda y0, y1: kernel(src, dst, channels, y0, y1), len(dst), cost, sure=True)


def _halve(image: Array, out: Array, even: bool) -> None:
    src, dst, channels = rows(image), rows(out), channel_count(image)
    kernel = _KERNEL["halve"][image.itemsize]
    cost = src.size * _HALVE_COST[image.itemsize]
    run_bands(lambda y0, y1: kernel(src, dst, channels, even, y0, y1), len(dst), cost, sure=True)


# Made by NumPy in some 30 µs, more than the whole of a small result takes; 32 bytes per target pixel.
@lru_cache(maxsize=16)
def _cover(n: int, m: int) -> tuple[Indices, npt.NDArray[np.float64], int, int]:
    """Source pixels under each target pixel with integer weights.

    ``(2, m)``: first and last pixel; their weights, the last's 0 where it is the first; the weight of a pixel between
    them; and the sum of all.
    """
    common = math.gcd(n, m)
    length, unit = n // common, m // common
    start = np.arange(m, dtype=np.int64) * length
    end = start + length
    first, last = start // unit, (end - 1) // unit
    single = first == last
    head = np.where(single, length, (first + 1) * unit - start)
    tail = np.where(single, 0, end - last * unit)
    pixels, weights = np.stack([first, last]), np.stack([head, tail]).astype(np.float64)
    pixels.flags.writeable = weights.flags.writeable = False
    return pixels, weights, unit, length


def _area(image: Array, out: Array) -> None:
    (height, width), (target_height, target_width) = image.shape[:2], out.shape[:2]
    if target_height % height == 0 and target_width % width == 0:
        _nearest(image, out)  # each new pixel lies within one
        return
    src, dst, channels = rows(image), rows(out), channel_count(image)
    down, down_ends, down_full, down_total = _cover(height, target_height)
    across, across_ends, across_full, across_total = _cover(width, target_width)
    total = float(down_total * across_total)
    kernel = _KERNEL["area"][image.itemsize]

    def band(y0: int, y1: int) -> None:
        columns, sums = np.empty(src.shape[1] + 4), np.empty(dst.shape[1] + 4)
        kernel(
            src,
            dst,
            channels,
            down,
            down_ends,
            down_full,
            across,
            across_ends,
            across_full,
            total,
            columns,
            sums,
            y0,
            y1,
        )

    run_bands(band, target_height, max(src.size, dst.size) * _AREA_COST)


@operation("filters", halo=None)
def resize(
    image: Array,
    shape: Annotated[tuple[int, int], SHAPE],
    *,
    method: Annotated[str, METHOD] = "linear",
    out: Array | None = None,
) -> Array:
    """Resample an image to another height and width.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA. All channels are resampled alike, alpha included; colours are taken as they are (straight
        alpha), so that those of transparent pixels have a part in their neighbours.
    shape : (int, int)
        Height and width of the result in pixels, each >= 1.
    method : {"linear", "nearest", "area"}, default "linear"
        ``"linear"`` interpolates between the four pixel centres around, without smoothing before: to shrink by
        much more than two without aliasing use ``"area"``, the mean over the part of the image that the new pixel
        covers. ``"nearest"`` takes the pixel in which the new centre lies, and makes no new values: for labels.
    out : array, optional
        Where to write, of the new shape; free of overlap with the image.

    Returns
    -------
    array
        ``shape`` and the image's channels and dtype. The image's own shape gives a copy.

    Raises
    ------
    TypeError
        Wrong kind of array or argument.
    ValueError
        Lengths below 1, an unknown method, wrong shape of the image, or an ``out`` that does not fit.

    Notes
    -----
    With n pixels to be m, the centre of new pixel d lies at ``x = (d + 1/2) n / m - 1/2`` in coordinates whose
    integers are the old centres; beyond the outermost centres the border pixel counts.

    ``"linear"``: uint8 is bit for bit what OpenCV's ``INTER_LINEAR`` gives, from weights of 11 bits: within 1.3
    levels of the exact value up to some 4000 pixels per axis, where OpenCV's float32 positions are still fine.
    uint16 is within 0.52 levels of the exact value, float32 within 4 units in the last place of the largest of the
    four samples; values above 1.7e38 may overflow.

    ``"nearest"``: pixel ``floor((d + 1/2) n / m)``, by integers, as Pillow and scikit-image do.

    ``"area"``: new pixel d covers ``[d n / m, (d + 1) n / m)``, of which each old pixel counts the share that it
    fills; also where images grow. Integers are the exact mean, rounded half to even, float32 is rounded once from
    float64. OpenCV's ``INTER_AREA`` agrees, but where images grow and a new pixel begins at the border of an old one:
    there its rounded positions may take the pixel before, up to the whole range away.

    NaN and infinity come out of every pixel that they have a weight in; for ``"linear"`` infinity may give NaN.

    O(new pixels) for ``"linear"`` and ``"nearest"``, O(old and new pixels) for ``"area"``. Memory beside the result:
    a few rows.

    References
    ----------
    G. Wolberg, Digital Image Warping, IEEE Computer Society Press, 1990, chapter 5.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.resize(np.array([[0, 100]], np.uint8), (1, 4))
    array([[  0,  25,  75, 100]], dtype=uint8)
    >>> imgproc.resize(np.array([[0, 100, 30]], np.uint8), (1, 2), method="area")
    array([[33, 53]], dtype=uint8)
    """
    image = check_image("resize", image)
    height, width = SHAPE.check("resize", "shape", shape)
    method = METHOD.check("resize", "method", method)
    before = image.shape
    out = check_out("resize", out, (height, width, *before[2:]), image.dtype, image)
    if height == before[0] and width == before[1]:
        np.copyto(out, image)
    elif method == "nearest":
        _nearest(image, out)
    elif before[0] == 2 * height and before[1] == 2 * width:
        _halve(image, out, method == "area")
    elif method == "linear":
        _linear(image, out)
    else:
        _area(image, out)
    return out
