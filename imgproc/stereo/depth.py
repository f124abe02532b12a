"""What a disparity says: the depth of each pixel, and how well the right image explains the left one."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core import float_maps
from .._core.box_arrays import packed
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, GRAY, RGB, Array, channel_count, check_image, check_out
from .._core.operations import operation
from .._core.parameters import Range
from .._core.threads import run_bands
from .._ext import photometric as kernels
from ..filters.box import box_filter
from ..filters.warp import warp_backward
from .matching import check_pair

LENGTH = Range(above=0, high=1e9)
SHARE = Range(low=0, high=1)

# Nanoseconds per sample of the error: only an estimate for the choice of threads.
_COST = 0.5


def check_disparities(
    function: str, disparity: object, shape: tuple[int, ...] | None = None, argument: str = "disparity"
) -> Array:
    """(H, W) float32, of a shape where one is given."""
    must = f"a float32 array of shape {'(H, W)' if shape is None else shape}"
    if not isinstance(disparity, np.ndarray) or isinstance(disparity, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, disparity)
    if disparity.dtype != FLOAT32:
        raise wrong_type(function, argument, must, Got(f"dtype {disparity.dtype}"))
    wrong = disparity.ndim != 2 or disparity.size == 0 if shape is None else disparity.shape != shape
    if wrong:
        raise wrong_value(function, argument, must, Got(f"shape {disparity.shape}"))
    return disparity.view(np.ndarray)


@operation("stereo", takes="stereo")
def depth_from_disparity(
    disparity: Array,
    baseline: Annotated[float, LENGTH],
    focal: Annotated[float, LENGTH],
    *,
    out: Array | None = None,
) -> Array:
    """Turn disparities of a rectified pair into depths: ``z = baseline focal / disparity``.

    Parameters
    ----------
    disparity : (H, W) array of float32
        In pixels, as `disparity` gives them.
    baseline : float
        Distance between the cameras, in the unit that the depths shall have; above 0, at most 1e9.
    focal : float
        Focal length in pixels; above 0, at most 1e9.
    out : (H, W) array of float32, optional
        Where to write; may be ``disparity``.

    Returns
    -------
    (H, W) array of float32
        Depth along the optical axis: infinite where the disparity is 0 or below, NaN where it is NaN.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a length out of range, or an ``out`` that does not fit.

    Notes
    -----
    The product is rounded to float32 once and divided once: within 1.2e-7 of the exact depth, relatively. What float32
    does not hold is infinite. An error of the disparity by e pixels changes the depth by about
    ``z**2 e / (baseline focal)``. O(H W).

    References
    ----------
    R. Hartley, A. Zisserman, Multiple View Geometry in Computer Vision, 2nd edition, 2004, chapter 9.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> found = np.array([[8, 2, 0, np.nan]], np.float32)
    >>> imgproc.depth_from_disparity(found, 0.5, 640)
    array([[ 40., 160.,  inf,  nan]], dtype=float32)
    """
    disparity = check_disparities("depth_from_disparity", disparity)
    baseline = LENGTH.check("depth_from_disparity", "baseline", baseline)
    focal = LENGTH.check("depth_from_disparity", "focal", focal)
    out = check_out("depth_from_disparity", out, disparity.shape, FLOAT32, disparity, in_place=True)
    with np.errstate(all="ignore"):
        product = np.float32(baseline * focal)
    return float_maps.reciprocal(packed(disparity), float(product), out)


@operation("stereo", takes="stereo", channels=(GRAY, RGB))
def photometric_error(
    left: Array,
    right: Array,
    disparity: Array,
    *,
    ssim: Annotated[float, SHARE] = 0.85,
) -> Array:
    """Rebuild the left image from the right one by a disparity, and tell where it differs.

    Parameters
    ----------
    left, right : (H, W[, 3]) array of uint8, uint16 or float32
        A rectified pair of one shape and dtype. Integers are taken as parts of their largest value; floats are
        nominal in [0, 1].
    disparity : (H, W) array of float32
        In pixels of the left image; NaN where unknown.
    ssim : float, default 0.85
        Share of the structural dissimilarity, 0 to 1; the rest is the absolute difference.

    Returns
    -------
    (H, W) array of float32
        The error of each pixel, 0 where the rebuilt image is the left one. NaN where it, or with ``ssim`` above 0 a
        pixel of the 3 × 3 around it, is unknown: where the disparity is NaN, or leads out of the right image.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Images or disparities of different shapes, or a share out of range.

    Notes
    -----
    ``rebuilt[y, x] = right[y, x - disparity[y, x]]``, sampled bilinearly in float32 (`warp_backward`), and

    ``error = ssim mean(clip((1 - SSIM(left, rebuilt)) / 2, 0, 1)) + (1 - ssim) mean(abs(left - rebuilt))``

    with means over the channels and SSIM from unweighted 3 × 3 windows, reflected at the border, C1 = 0.01**2 and
    C2 = 0.03**2: the training loss of Monodepth, as a measure. It needs no ground truth. Its mean over what is known
    tells how well disparities explain a pair; a repeated or empty texture is explained by wrong ones too.

    Variances are differences of float32 means: within 1e-3 of the formula in exact numbers for samples in [0, 1].
    O(H W).

    References
    ----------
    C. Godard, O. Mac Aodha, G. J. Brostow, Unsupervised monocular depth estimation with left-right consistency,
    CVPR 2017, equation 2.
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, Image quality assessment: from error visibility to structural
    similarity, IEEE Transactions on Image Processing 13 (2004) 600-612.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> right = np.random.default_rng(0).integers(0, 256, (40, 80), np.uint8)
    >>> left = np.roll(right, 5, axis=1)
    >>> right_one, wrong_one = (np.full((40, 80), d, np.float32) for d in (5, 7))
    >>> errors = [imgproc.photometric_error(left, right, d) for d in (right_one, wrong_one)]
    >>> [round(float(np.nanmean(error)), 2) for error in errors]
    [0.0, 0.49]
    """
    left = check_image("photometric_error", left, argument="left", channels=(GRAY, RGB))
    right = check_image("photometric_error", right, argument="right", channels=(GRAY, RGB))
    check_pair("photometric_error", left, right)
    disparity = check_disparities("photometric_error", disparity, left.shape[:2])
    ssim = SHARE.check("photometric_error", "ssim", ssim)
    first, second = _parts(left), _parts(right)
    height, width = disparity.shape
    coordinates = np.empty((height, width, 2), np.float32)
    coordinates[..., 0] = np.arange(height, dtype=np.float32)[:, None]
    with np.errstate(all="ignore"):
        np.subtract(np.arange(width, dtype=np.float32), disparity, out=coordinates[..., 1])
        column = coordinates[..., 1]
        column[~((column >= 0) & (column <= width - 1))] = np.nan
        rebuilt = warp_backward(second, coordinates, border="edge")
        rebuilt[np.isnan(column)] = np.nan
        means = _window_means(first, rebuilt) if ssim > 0 else ()
    error = np.empty((height, width), np.float32)
    flat, channels = error.reshape(-1), channel_count(left)
    samples = [packed(array).reshape(-1) for array in (first, rebuilt)]
    run_bands(
        lambda y0, y1: kernels.error(*samples, means, flat, channels, 1 - ssim, ssim, y0 * width, y1 * width),
        height,
        first.size * _COST,
    )
    return error


def _parts(image: Array) -> Array:
    """Float32 samples, of integers as parts of the largest; without an axis of one channel."""
    if channel_count(image) == GRAY:
        image = image.reshape(image.shape[:2])
    return (
        image if image.dtype == FLOAT32 else image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)
    )


def _window_means(a: Array, b: Array) -> tuple[Array, ...]:
    """Of a, b, and their products a a, b b, a b."""
    return tuple(box_filter(array, 1, border="reflect").reshape(-1) for array in (a, b, a * a, b * b, a * b))
