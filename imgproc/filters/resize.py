"""Resampling an image to another shape."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt

from .._core.array_parameters import Shape
from .._core.images import UINT8, Array, channel_count, check_image, check_out, rows
from .._core.operations import operation
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import resize as kernels

SHAPE = Shape()
METHOD = Choice(("linear", "nearest", "area"))

Indices = npt.NDArray[np.int64]

# Nanoseconds per sample of the result, and of the image for averages: only an estimate for the choice of threads.
_LINEAR_COST = 0.5
_NEAREST_COST = 0.3
_AREA_COST = 0.5

_WINDOW = 16
"""Bytes of a vector that a shuffle reads from."""
_WINDOWS = 4
"""Vectors that the kernel for nearest pixels reads at most for one of the result."""


def _cells(n: int, m: int) -> tuple[Indices, Indices, npt.NDArray[np.float64]]:
    """The pixels of an axis of length n around each of m centres, and the share of the second."""
    # Integers: (d + 1/2) n / m - 1/2 = ((2 d + 1) n - m) / 2 m.
    position = (2 * np.arange(m, dtype=np.int64) + 1) * n - m
    first, rest = np.divmod(position, 2 * m)
    fraction = rest / (2 * m)
    outside = (first < 0) | (first >= n - 1)
    fraction[outside] = 0
    first = np.clip(first, 0, n - 1)
    return first, first + (fraction > 0), fraction


def _cells_fixed(n: int, m: int, *, clip: bool) -> tuple[Indices, Indices, npt.NDArray[np.int16]]:
    """The same with weights of 2048 as OpenCV rounds them, positions in float32.

    Beyond the outermost centres OpenCV sets the fraction to 0 along x (``clip``), and along y takes the border row
    twice.
    """
    position = ((np.arange(m) + 0.5) * (1.0 / (m / n)) - 0.5).astype(np.float32)
    below = np.floor(position)
    fraction = position - below
    first = below.astype(np.int64)
    if clip:
        fraction[(first < 0) | (first >= n - 1)] = 0
    one, scale = np.float32(1), np.float32(2048)
    weights = np.rint(np.stack([one - fraction, fraction], axis=1) * scale).astype(np.int16)
    return np.clip(first, 0, n - 1), np.clip(first + 1, 0, n - 1), weights


def _samples(pixels: Indices, channels: int) -> Indices:
    """Indices of samples from those of pixels."""
    samples = pixels[..., None] * channels + np.arange(channels)
    return samples.reshape(*pixels.shape[:-1], pixels.shape[-1] * channels)


def _quads(left: Indices, right: Indices, source: int) -> tuple[Indices, Array]:
    """Windows of 16 bytes for groups of four samples, and the shuffles that make pairs of 16 bits of them.

    Empty where a group reaches further, or the row is shorter than a window.
    """
    count = len(left) // 16 * 4
    first, last = left[: 4 * count].reshape(-1, 4), right[: 4 * count].reshape(-1, 4)
    window = np.minimum(first.min(axis=1, initial=source), source - _WINDOW)
    if source < _WINDOW or np.any(last.max(axis=1, initial=0) - window >= _WINDOW):
        return np.empty(0, np.int64), np.empty((0, _WINDOW), np.uint8)
    shuffle = np.full((count, 4, 4), 0x80, np.uint8)
    shuffle[..., 0] = first - window[:, None]
    shuffle[..., 2] = last - window[:, None]
    return window, shuffle.reshape(-1, _WINDOW)


def _octets(left: Indices, source: int) -> tuple[Indices, npt.NDArray[np.int32], bool]:
    """Windows of 8 or 16 samples for groups of eight, where in them each is, and whether they are of 16.

    As many groups as lie a sample inside the row; none where one reaches further than 16.
    """
    count = len(left) // 8
    groups = left[: 8 * count].reshape(-1, 8)
    window = groups[:, 0]
    reach = int((groups[:, -1] - window).max(initial=0)) + 1
    wide = reach > 8
    inside = int(np.count_nonzero(window + (17 if wide else 9) <= source)) if reach <= 16 else 0
    return window[:inside].copy(), (groups - window[:, None])[:inside].astype(np.int32), wide


def _linear(image: Array, out: Array) -> None:
    src, dst, channels = rows(image), rows(out), channel_count(image)
    (height, width), (target_height, target_width) = image.shape[:2], out.shape[:2]
    room = 2 * (dst.shape[1] + 8)
    if image.dtype == UINT8:
        left, right, pixel_weights = _cells_fixed(width, target_width, clip=True)
        columns = _samples(np.stack([left, right]), channels)
        weights = np.repeat(pixel_weights, channels, axis=0)
        top, bottom, row_weights = _cells_fixed(height, target_height, clip=False)
        lines = np.stack([top, np.where(row_weights[:, 1] == 0, top, bottom)])
        window, shuffle = _quads(columns[0], columns[1], src.shape[1])

        def band(y0: int, y1: int) -> None:
            scratch = np.empty(room, np.int16)
            kernels.linear_fixed(
                src, dst, channels, columns, lines, weights, row_weights, window, shuffle, scratch, y0, y1
            )

    else:
        left, right, share = _cells(width, target_width)
        columns = _samples(np.stack([left, right]), channels)
        fraction = np.repeat(share.astype(np.float32), channels)
        top, bottom, row_share = _cells(height, target_height)
        lines, row_fraction = np.stack([top, bottom]), row_share.astype(np.float32)
        window, places, wide = _octets(columns[0] if channels == 1 else columns[0, :0], src.shape[1])

        def band(y0: int, y1: int) -> None:
            scratch = np.empty(room, np.float32)
            kernels.linear(
                src,
                dst,
                channels,
                columns,
                lines,
                fraction,
                row_fraction,
                window,
                places,
                wide,
                scratch,
                y0,
                y1,
            )

    run_bands(band, target_height, dst.size * _LINEAR_COST)


def _nearest(image: Array, out: Array) -> None:
    src, dst = rows(image).view(np.uint8), rows(out).view(np.uint8)
    pixel = channel_count(image) * image.itemsize
    (height, width), (target_height, target_width) = image.shape[:2], out.shape[:2]
    lines = (2 * np.arange(target_height, dtype=np.int64) + 1) * height // (2 * target_height)
    offsets = (2 * np.arange(target_width, dtype=np.int64) + 1) * width // (2 * target_width) * pixel
    window, places, windows = np.empty(0, np.int64), np.empty((0, _WINDOW), np.uint8), 0
    if pixel <= 2:
        each = _WINDOW // pixel
        groups = target_width // each
        starts = offsets[: groups * each].reshape(-1, each)
        reach = int((starts[:, -1] - starts[:, 0]).max(initial=0)) + pixel
        windows = -(-reach // _WINDOW)
        if windows <= _WINDOWS:
            # Windows inside the row, a prefix of the groups because offsets never fall.
            inside = int(np.count_nonzero(starts[:, 0] + windows * _WINDOW <= src.shape[1]))
            starts = starts[:inside]
            window = starts[:, 0].copy()
            places = _samples((starts - starts[:, :1]) // pixel, pixel).astype(np.uint8)

    def band(y0: int, y1: int) -> None:
        kernels.nearest(src, dst, pixel, offsets, lines, window, places, windows, y0, y1)

    run_bands(band, target_height, out.size * _NEAREST_COST)


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
    return np.stack([first, last]), np.stack([head, tail]).astype(np.float64), unit, length


def _area(image: Array, out: Array) -> None:
    (height, width), (target_height, target_width) = image.shape[:2], out.shape[:2]
    if target_height % height == 0 and target_width % width == 0:
        _nearest(image, out)  # each new pixel lies within one
        return
    src, dst, channels = rows(image), rows(out), channel_count(image)
    down, down_ends, down_full, down_total = _cover(height, target_height)
    across, across_ends, across_full, across_total = _cover(width, target_width)
    total = float(down_total * across_total)

    def band(y0: int, y1: int) -> None:
        columns, sums = np.empty(src.shape[1] + 4), np.empty(dst.shape[1] + 4)
        kernels.area(
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
    float64.

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
    out = check_out("resize", out, (height, width, *image.shape[2:]), image.dtype, image)
    if out.shape == image.shape:
        np.copyto(out, image)
    elif method == "nearest":
        _nearest(image, out)
    elif image.shape[:2] == (2 * height, 2 * width):
        src, dst, channels = rows(image), rows(out), channel_count(image)
        even = method == "area"
        run_bands(
            lambda y0, y1: kernels.halve(src, dst, channels, even, y0, y1), height, src.size * _NEAREST_COST
        )
    elif method == "linear":
        _linear(image, out)
    else:
        _area(image, out)
    return out
