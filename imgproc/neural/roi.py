"""Regions of feature maps and images brought to one size: RoIAlign, RoIPool, the levels of a pyramid, crops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import INT64, check_boxes
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Flag, Pair, Range
from .._core.threads import run_bands
from .._ext import roi as kernels
from .regions import RegionBoxes, by_image, check_features, check_regions, narrowed, within

SIZE = Pair(Range(low=1, high=512, integer=True), ("height", "width"))
SCALE = Range(above=0)
RATIO = Range(low=0, high=256, integer=True)
LEVEL = Range(low=-32, high=32, integer=True)
FLAG = Flag()

_BLOCK = 16

# Nanoseconds for a bin of a channel.
_ALIGN_COST = 0.6
_POOL_COST = 1.0


def roi_align(
    features: Array,
    boxes: RegionBoxes,
    output_size: Annotated[Any, SIZE],
    *,
    spatial_scale: Annotated[float, SCALE] = 1.0,
    sampling_ratio: Annotated[int, RATIO] = 0,
    aligned: Annotated[bool, FLAG] = True,
) -> Array:
    """Sample each box of a feature map on a grid of bins, between pixels, and average the samples of each bin.

    Parameters
    ----------
    features : (N, C, H, W) array of float32
        Maps of N images.
    boxes : list of N (Ki, 4) arrays, or (K, 5) array, of float32 or float64
        ``x1, y1, x2, y2`` in pixels of the image, for each image of the batch; or the number of the image before them
        in each row. They may reach beyond the image.
    output_size : int or (int, int)
        Bins down and across, 1 to 512.
    spatial_scale : float, default 1.0
        Pixels of the map for one of the image: 1/16 for a map of stride 16.
    sampling_ratio : int, default 0
        Samples of a bin along each axis, at most 256; 0 for as many as it has pixels of the map, rounded up.
    aligned : bool, default True
        Whether pixels of the map have their centres half a pixel from their edges, as boxes take it. False is the first
        form of RoIAlign, half a pixel off, whose boxes are at least one pixel of the map large.

    Returns
    -------
    (K, C, height, width) array of float32
        In the order of the boxes.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a box that is not finite, out of order or farther than 2**24 pixels of the map, the number of an
        image that is not there, or a number out of range.

    Notes
    -----
    With n samples along an axis, those of bin b of size s lie at ``start + b s + (i + 1/2) s / n`` for i < n, where
    ``start = x1 · spatial_scale − 1/2`` if aligned. A sample is the bilinear mean of the four pixels around it; the
    outer pixels reach one pixel out, and what lies beyond counts 0. Positions are computed in torchvision's order in
    float32, so the same samples are taken as by its ``roi_align``; values differ by rounding alone, some 1e-6 of the
    largest value that has a part.

    Bilinear sampling is a product of the two axes: the rows of a bin are mixed first, once for all its columns, with
    one weight for each pixel however many samples touch it. Sixteen channels are worked on at a time, on a copy of the
    map that holds them side by side; only what the boxes read is copied where that is less than the whole. Pixels of
    weight 0 are left out, so that NaN and infinity reach the bins in which they count, and no others.

    Memory beside the result: sixteen channels of one map, and some bytes for each sample of one image's boxes.

    References
    ----------
    K. He, G. Gkioxari, P. Dollár, R. Girshick, Mask R-CNN, ICCV 2017, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import roi_align
    >>> ramp = np.arange(8, dtype=np.float32) * np.ones((1, 1, 8, 1), np.float32)
    >>> roi_align(ramp, [np.array([[2.0, 2.0, 6.0, 6.0]])], 2)[0, 0]
    array([[2.5, 4.5],
           [2.5, 4.5]], dtype=float32)
    """
    name = "roi_align"
    features = check_features(name, "features", features)
    images, corners = check_regions(name, boxes, len(features))
    size = SIZE.check(name, "output_size", output_size)
    scale = SCALE.check(name, "spatial_scale", spatial_scale)
    ratio = RATIO.check(name, "sampling_ratio", sampling_ratio)
    aligned = FLAG.check(name, "aligned", aligned)
    out = np.empty((len(corners), features.shape[1], *size), FLOAT32)
    _align(name, features, images, corners, np.arange(len(corners)), scale, ratio, aligned, out)
    return out


def roi_pool(
    features: Array,
    boxes: RegionBoxes,
    output_size: Annotated[Any, SIZE],
    *,
    spatial_scale: Annotated[float, SCALE] = 1.0,
    return_argmax: Annotated[bool, FLAG] = False,
) -> Array | tuple[Array, Array]:
    """Give the greatest value in each bin of each box of a feature map, with boxes and bins of whole pixels.

    Parameters
    ----------
    features : (N, C, H, W) array of float32
        Maps of N images.
    boxes : list of N (Ki, 4) arrays, or (K, 5) array, of float32 or float64
        As for `roi_align`.
    output_size : int or (int, int)
        Bins down and across, 1 to 512.
    spatial_scale : float, default 1.0
        Pixels of the map for one of the image.
    return_argmax : bool, default False
        Whether to tell where the values were found, too.

    Returns
    -------
    (K, C, height, width) array of float32
        In the order of the boxes; 0 in a bin that lies outside of the map.
    (K, C, height, width) array of int32, if ``return_argmax``
        ``y * W + x`` of the first pixel, by rows, that has the value; -1 where there is none.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        As for `roi_align`.

    Notes
    -----
    The rule of Fast R-CNN as torchvision's ``roi_pool`` has it, and the same bits: corners are multiplied by the scale
    and rounded, halves away from 0, and both belong to the box, which is ``n = max(x2 − x1 + 1, 1)`` pixels wide. Of P
    bins, bin b goes from ``floor(b n / P)`` to ``ceil((b + 1) n / P)``, so that bins share pixels. NaN is never the
    greatest; a bin of nothing else gives the least float32, and -1.

    References
    ----------
    R. Girshick, Fast R-CNN, ICCV 2015, section 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import roi_pool
    >>> grid = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    >>> roi_pool(grid, [np.array([[2.0, 2.0, 5.0, 5.0]])], 2)[0, 0]
    array([[27., 29.],
           [43., 45.]], dtype=float32)
    """
    name = "roi_pool"
    features = check_features(name, "features", features)
    images, corners = check_regions(name, boxes, len(features))
    size = SIZE.check(name, "output_size", output_size)
    scale = SCALE.check(name, "spatial_scale", spatial_scale)
    return_argmax = FLAG.check(name, "return_argmax", return_argmax)
    whole = within(name, corners, corners * FLOAT32.type(scale)).astype(np.float64)
    whole = np.copysign(np.floor(np.abs(whole) + 0.5), whole).astype(INT64)
    out = np.empty((len(corners), features.shape[1], *size), FLOAT32)
    arg = np.empty(out.shape if return_argmax else (0, 0, 0, 0), np.int32)
    down = _bins(whole[:, 1], whole[:, 3], size[0], features.shape[2])
    across = _bins(whole[:, 0], whole[:, 2], size[1], features.shape[3])
    order, starts = by_image(images, corners, np.arange(len(corners)), len(features))
    run_bands(
        lambda n0, n1: kernels.pool(features, order, starts, down, across, out, arg, n0, n1),
        _units(features),
        _POOL_COST * out.size,
    )
    return (out, arg) if return_argmax else out


def roi_levels(
    boxes: Array,
    *,
    lowest: Annotated[int, LEVEL],
    highest: Annotated[int, LEVEL],
    canonical_size: Annotated[float, SCALE] = 224.0,
    canonical_level: Annotated[int, LEVEL] = 4,
) -> Array:
    """Tell which level of a feature pyramid each box is read from.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels of the image.
    lowest, highest : int
        The first and the last level there is; level k has stride 2**k.
    canonical_size : float, default 224.0
        Side of the square that belongs to ``canonical_level``, in pixels.
    canonical_level : int, default 4
        The level of that square.

    Returns
    -------
    (N,) array of int64

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a box that is not finite or out of order, a number out of range, or no level between the two.

    Notes
    -----
    ``k = floor(canonical_level + log2(√(w h) / canonical_size))``, held between the two: the floor of the paper and of
    torchvision's ``LevelMapper``, whose 1e-6 is added and whose float32 is used, so that the same level comes out.

    References
    ----------
    T.-Y. Lin et al., Feature pyramid networks for object detection, CVPR 2017, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import roi_levels
    >>> roi_levels(np.array([[0.0, 0, 100, 100], [0, 0, 224, 224], [0, 0, 900, 900]]), lowest=2, highest=5)
    array([2, 4, 5])
    """
    name = "roi_levels"
    lowest = LEVEL.check(name, "lowest", lowest)
    highest = LEVEL.check(name, "highest", highest)
    if highest < lowest:
        raise wrong_value(name, "highest", f"an integer >= {lowest}, the lowest level", highest)
    corners = narrowed(name, "boxes", check_boxes(name, boxes))
    side = FLOAT32.type(SCALE.check(name, "canonical_size", canonical_size))
    level = FLOAT32.type(LEVEL.check(name, "canonical_level", canonical_level))
    with np.errstate(divide="ignore", over="ignore"):
        areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        found = np.floor(level + np.log2(np.sqrt(areas) / side) + FLOAT32.type(1e-6))
    levels: Array = np.clip(found, lowest, highest).astype(INT64)
    return levels


def multiscale_roi_align(
    levels: Sequence[Array],
    boxes: RegionBoxes,
    output_size: Annotated[Any, SIZE],
    *,
    strides: Sequence[int],
    sampling_ratio: Annotated[int, RATIO] = 2,
    aligned: Annotated[bool, FLAG] = True,
    canonical_size: Annotated[float, SCALE] = 224.0,
    canonical_level: Annotated[int, LEVEL] = 4,
) -> Array:
    """Sample each box from the level of a feature pyramid that fits its size.

    Parameters
    ----------
    levels : sequence of (N, C, Hi, Wi) arrays of float32
        The maps, the finest first, each with half the resolution of the one before.
    boxes : list of N (Ki, 4) arrays, or (K, 5) array, of float32 or float64
        As for `roi_align`, in pixels of the image.
    output_size : int or (int, int)
        Bins down and across, 1 to 512.
    strides : sequence of int
        Pixels of the image for one of each level: powers of two, each twice the one before.
    sampling_ratio : int, default 2
        As for `roi_align`.
    aligned : bool, default True
        As for `roi_align`. The networks of torchvision were trained with False.
    canonical_size : float, default 224.0
        As for `roi_levels`.
    canonical_level : int, default 4
        As for `roi_levels`.

    Returns
    -------
    (K, C, height, width) array of float32
        In the order of the boxes.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        As for `roi_align`; levels of other numbers of images or channels, or strides that do not fit.

    Notes
    -----
    `roi_levels` with `roi_align`, written into one result. Equal to torchvision's ``MultiScaleRoIAlign`` with
    ``aligned=False``, within the rounding of `roi_align`.

    References
    ----------
    T.-Y. Lin et al., Feature pyramid networks for object detection, CVPR 2017, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import multiscale_roi_align
    >>> pyramid = [np.full((1, 2, 64 >> k, 64 >> k), k, np.float32) for k in range(4)]
    >>> boxes = np.array([[0.0, 10, 10, 90, 90], [0, 0, 0, 250, 250]])
    >>> multiscale_roi_align(pyramid, boxes, 7, strides=(4, 8, 16, 32)).mean(axis=(1, 2, 3))
    array([0., 2.], dtype=float32)
    """
    name = "multiscale_roi_align"
    if isinstance(levels, np.ndarray) or not isinstance(levels, Sequence) or not levels:
        raise wrong_type(name, "levels", "a sequence of float32 arrays of shape (N, C, H, W)", levels)
    maps = [check_features(name, f"levels[{i}]", level) for i, level in enumerate(levels)]
    for position, level in enumerate(maps):
        if level.shape[:2] != maps[0].shape[:2]:
            must = f"of {maps[0].shape[0]} images and {maps[0].shape[1]} channels, as the first"
            raise wrong_value(name, f"levels[{position}]", must, Got(f"shape {level.shape}"))
    lowest = _check_strides(name, strides, len(maps))
    images, corners = check_regions(name, boxes, len(maps[0]))
    size = SIZE.check(name, "output_size", output_size)
    ratio = RATIO.check(name, "sampling_ratio", sampling_ratio)
    aligned = FLAG.check(name, "aligned", aligned)
    which = roi_levels(
        corners,
        lowest=lowest,
        highest=lowest + len(maps) - 1,
        canonical_size=SCALE.check(name, "canonical_size", canonical_size),
        canonical_level=LEVEL.check(name, "canonical_level", canonical_level),
    )
    out = np.empty((len(corners), maps[0].shape[1], *size), FLOAT32)
    for number, level in enumerate(maps, lowest):
        rows = np.flatnonzero(which == number)
        _align(name, level, images, corners, rows, 2.0**-number, ratio, aligned, out)
    return out


def _align(
    name: str,
    features: Array,
    images: Array,
    corners: Array,
    rows: Array,
    scale: float,
    ratio: int,
    aligned: bool,
    out: Array,
) -> None:
    """Those rows of the boxes, into those of ``out``; in torchvision's order of float32 operations."""
    one, half = FLOAT32.type(1), FLOAT32.type(0.5 if aligned else 0)
    placed = within(name, corners, corners * FLOAT32.type(scale) - half)
    sides = placed[:, 2:] - placed[:, :2]
    sides = (sides if aligned else np.maximum(sides, one))[:, ::-1]
    sizes = np.ascontiguousarray(sides / np.array(out.shape[2:], FLOAT32))
    grids = np.full(sizes.shape, ratio, INT64) if ratio else np.ceil(sizes).astype(INT64)
    scales = (1 / np.maximum(grids.prod(axis=1), 1)).astype(FLOAT32)
    origins = np.ascontiguousarray(placed[:, 1::-1])
    order, starts = by_image(images, placed, rows, len(features))
    run_bands(
        lambda n0, n1: kernels.align(features, order, starts, origins, sizes, grids, scales, out, n0, n1),
        _units(features),
        _ALIGN_COST * len(rows) * math.prod(out.shape[1:]),
    )


def _units(features: Array) -> int:
    """Blocks of channels of all images."""
    return int(features.shape[0] * -(-features.shape[1] // _BLOCK))


def _bins(first: Array, last: Array, bins: int, extent: int) -> Array:
    """(K, 2, bins) first and end of each bin, within the map."""
    size = np.maximum(last - first + 1, 1).astype(FLOAT32) / FLOAT32.type(bins)
    number = np.arange(bins + 1).astype(FLOAT32)
    low = np.floor(number[:-1] * size[:, None]).astype(INT64) + first[:, None]
    high = np.ceil(number[1:] * size[:, None]).astype(INT64) + first[:, None]
    bounds: Array = np.clip(np.stack([low, high], axis=1), 0, extent).astype(np.int32)
    return bounds


def _check_strides(name: str, strides: object, count: int) -> int:
    """The number of the first level."""
    must = f"a sequence of {count} powers of two, each twice the one before"
    flat = not isinstance(strides, np.ndarray) or strides.ndim == 1
    if isinstance(strides, str) or not isinstance(strides, Sequence | np.ndarray) or not flat:
        raise wrong_type(name, "strides", must, strides)
    numbers = [SCALE.check(name, f"strides[{i}]", stride) for i, stride in enumerate(strides)]
    if len(numbers) != count:
        raise wrong_value(name, "strides", must, Got(f"{numbers}"))
    mantissa, first = math.frexp(numbers[0])
    if mantissa != 0.5 or abs(first) > 20 or numbers != [numbers[0] * 2**i for i in range(count)]:
        raise wrong_value(name, "strides", must, Got(f"{numbers}"))
    return first - 1
