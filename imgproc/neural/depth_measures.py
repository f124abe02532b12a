"""How good predicted depths are: against a ground truth, and against a second view without one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .._core.box_arrays import check_floats
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Flag, OrNone, Range
from ..filters import warp_backward
from ..stereo import photometric_error

FLAG = Flag()
DISTANCE = Range(above=0)
DISTANCE_OR_NONE = OrNone(DISTANCE)
WEIGHT = Range(low=0)
SHARE = Range(low=0, high=1)


@dataclass(frozen=True)
class DepthScores:
    """Errors of predicted depths, over the pixels whose depth is known.

    Attributes
    ----------
    count : int
        How many these are; all others are NaN where there are none.
    abs_rel, sq_rel : float
        Means of ``|p - t| / t`` and of ``(p - t)**2 / t``.
    rmse, rmse_log : float
        Roots of the means of ``(p - t)**2`` and of ``(ln p - ln t)**2``.
    delta1, delta2, delta3 : float
        Shares with ``max(p / t, t / p)`` below 1.25, 1.25**2 and 1.25**3.
    """

    count: int
    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    delta1: float
    delta2: float
    delta3: float


def depth_scores(
    prediction: Array,
    truth: Array,
    *,
    valid: Array | None = None,
    minimum: Annotated[float, DISTANCE] = 1e-3,
    maximum: Annotated[float | None, DISTANCE_OR_NONE] = 80.0,
    median_scale: Annotated[bool, FLAG] = False,
) -> DepthScores:
    """Compare predicted depths with what they should be, as KITTI and NYU depth are evaluated.

    Parameters
    ----------
    prediction : (H, W) array of float32 or float64
        Predicted depths; NaN is taken as ``maximum``, or as ``minimum`` where there is none.
    truth : (H, W) array of float32 or float64
        Depths in the same unit; 0, NaN and infinity where not known.
    valid : (H, W) array of bool, optional
        Pixels that count, of those known: a crop as Eigen's or Garg's.
    minimum : float, default 1e-3
        Nearest depth: nearer truth does not count, nearer predictions are taken as this; above 0.
    maximum : float, optional
        Farthest depth, alike; None: none.
    median_scale : bool, default False
        Whether predictions are multiplied first by the median of the truth over theirs: for networks that know no
        scale. Not where theirs is not above 0.

    Returns
    -------
    DepthScores
        In float64.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Arrays of different shapes, or bounds out of range or order.

    Notes
    -----
    A pixel counts where ``minimum < truth < maximum``. Predictions are brought into the bounds after they are scaled.

    References
    ----------
    D. Eigen, C. Puhrsch, R. Fergus, Depth map prediction from a single image using a multi-scale deep network,
    NIPS 2014, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import depth_scores
    >>> scores = depth_scores(np.array([[1.0, 2, 6]]), np.array([[1.0, 4, 0]]))
    >>> scores.count, scores.abs_rel, scores.rmse, scores.delta1
    (2, 0.25, 1.4142135623730951, 0.5)
    """
    name = "depth_scores"
    prediction, truth = _pair(name, "prediction", prediction, "truth", truth)
    minimum = DISTANCE.check(name, "minimum", minimum)
    maximum = DISTANCE_OR_NONE.check(name, "maximum", maximum)
    median_scale = FLAG.check(name, "median_scale", median_scale)
    if maximum is not None and maximum <= minimum:
        raise wrong_value(name, "maximum", f"None or above minimum = {minimum}", maximum)
    farthest = math.inf if maximum is None else maximum
    with np.errstate(invalid="ignore"):
        counts = (truth > minimum) & (truth < farthest) & _valid(name, valid, truth.shape)
    t, p = truth[counts].astype(np.float64), prediction[counts].astype(np.float64)
    if not len(t):
        return DepthScores(0, *[math.nan] * 7)
    middle = np.median(p[np.isfinite(p)]) if median_scale and np.isfinite(p).any() else 0
    if middle > 0:
        p = p * (np.median(t) / middle)
    p = np.clip(np.where(np.isnan(p), minimum if maximum is None else maximum, p), minimum, maximum)
    apart, logs = p - t, np.log(p) - np.log(t)
    ratio = np.maximum(p / t, t / p)
    return DepthScores(
        len(t),
        float((np.abs(apart) / t).mean()),
        float((apart**2 / t).mean()),
        float(np.sqrt((apart**2).mean())),
        float(np.sqrt((logs**2).mean())),
        *(float((ratio < 1.25**power).mean()) for power in (1, 2, 3)),
    )


def align_scale_shift(prediction: Array, truth: Array, *, valid: Array | None = None) -> tuple[float, float]:
    """Find the scale and the shift that bring relative predictions closest to what they should be.

    Parameters
    ----------
    prediction : (H, W) array of float32 or float64
        As MiDaS, DPT and Depth Anything predict: inverse depth but for scale and shift.
    truth : (H, W) array of float32 or float64
        Of the same kind: inverse depths or disparities, for such a network. NaN and infinity where not known.
    valid : (H, W) array of bool, optional
        Pixels that count, of those where both are finite.

    Returns
    -------
    (float, float)
        Scale s and shift t with the least ``sum((s prediction + t - truth)**2)``. Where all predictions are equal
        s is 0 and t the mean of the truth.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Arrays of different shapes, or no pixel that counts.

    Notes
    -----
    The closed form, by deviations from the means in float64: ``s = sum(p' t') / sum(p' p')``. Metric depth is then
    ``1 / (s prediction + t)``, where that is above 0.

    References
    ----------
    R. Ranftl, K. Lasinger, D. Hafner, K. Schindler, V. Koltun, Towards robust monocular depth estimation: mixing
    datasets for zero-shot cross-dataset transfer, PAMI 44 (2022), equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import align_scale_shift
    >>> prediction = np.array([[0.0, 1, 2]])
    >>> align_scale_shift(prediction, 3 * prediction + 1)
    (3.0, 1.0)
    """
    name = "align_scale_shift"
    prediction, truth = _pair(name, "prediction", prediction, "truth", truth)
    counts = np.isfinite(prediction) & np.isfinite(truth) & _valid(name, valid, truth.shape)
    if not counts.any():
        raise wrong_value(name, "truth", "finite where the prediction is, somewhere", Got("no such pixel"))
    p, t = prediction[counts].astype(np.float64), truth[counts].astype(np.float64)
    p_mean, t_mean = p.mean(), t.mean()
    p -= p_mean
    spread = float(p @ p)
    scale = float(p @ (t - t_mean)) / spread if spread > 0 else 0.0
    return scale, float(t_mean - scale * p_mean)


def left_right_difference(left: Array, right: Array) -> Array:
    """Tell how far the disparities of the left image are from those of the right image that they lead to.

    Parameters
    ----------
    left, right : (H, W) array of float32
        Disparities of both images in pixels: what is at ``left[y, x]`` is seen at column ``x - left[y, x]`` of the
        right image, and from there back.

    Returns
    -------
    (H, W) array of float32
        ``|left[y, x] - right[y, x - left[y, x]]|``, between columns by linear interpolation; NaN where the disparity is
        NaN or leads out of the right image.

    Raises
    ------
    TypeError, ValueError
        Another dtype, or different shapes.

    Notes
    -----
    Large values tell what only one of the cameras sees. Mirrored arrays, with both swapped, give the check of the right
    image.

    References
    ----------
    C. Godard, O. Mac Aodha, G. J. Brostow, Unsupervised monocular depth estimation with left-right consistency,
    CVPR 2017, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import left_right_difference
    >>> left, right = np.full((1, 4), 1, np.float32), np.array([[1, 1, 3, 1]], np.float32)
    >>> left_right_difference(left, right)
    array([[nan,  0.,  0.,  2.]], dtype=float32)
    """
    name = "left_right_difference"
    left = check_floats(name, "left", left, "(H, W)", (FLOAT32,))
    right = check_floats(name, "right", right, "(H, W)", (FLOAT32,))
    if left.ndim != 2 or 0 in left.shape:
        raise wrong_value(
            name, "left", "of shape (H, W), at least one pixel large", Got(f"shape {left.shape}")
        )
    if right.shape != left.shape:
        raise wrong_value(name, "right", f"of shape {left.shape}, as left is", Got(f"shape {right.shape}"))
    height, width = left.shape
    places = np.empty((height, width, 2), FLOAT32)
    places[..., 0] = np.arange(height, dtype=FLOAT32)[:, None]
    with np.errstate(invalid="ignore"):
        columns = np.arange(width, dtype=FLOAT32) - left
        columns[~((columns >= 0) & (columns <= width - 1))] = np.nan
        places[..., 1] = columns
        met = warp_backward(np.ascontiguousarray(right), places, border="edge", fill=0.0)
        difference = np.abs(left - met)
    difference[np.isnan(columns)] = np.nan
    return np.asarray(difference)


@dataclass(frozen=True)
class MonodepthLoss:
    """What Monodepth minimises for one pair of images at one resolution: the means over both sides, added.

    Attributes
    ----------
    appearance, smoothness, consistency : float
        How unlike the rebuilt images are, how rough disparities are where images are smooth, and how far left and
        right disparities are apart, as parts of the width.
    total : float
        Their weighted sum.
    """

    appearance: float
    smoothness: float
    consistency: float
    total: float


def monodepth_loss(
    left: Array,
    right: Array,
    left_disparity: Array,
    right_disparity: Array,
    *,
    ssim: Annotated[float, SHARE] = 0.85,
    smoothness: Annotated[float, WEIGHT] = 0.1,
    consistency: Annotated[float, WEIGHT] = 1.0,
) -> MonodepthLoss:
    """Tell how well disparities of both images explain a rectified pair, as Monodepth is trained.

    Parameters
    ----------
    left, right : (H, W) or (H, W, 3) array of float32
        A rectified pair, nominal in [0, 1]; finite.
    left_disparity, right_disparity : (H, W) array of float32
        In pixels, at least 0; NaN where they are not known.
    ssim : float, default 0.85
        Share of the structural dissimilarity in the appearance, 0 to 1.
    smoothness, consistency : float, default 0.1 and 1.0
        What these count beside the appearance; at least 0.

    Returns
    -------
    MonodepthLoss
        Means over the pixels that can be compared; NaN where there are none.

    Raises
    ------
    TypeError, ValueError
        Another dtype, different shapes, or a number out of range.

    Notes
    -----
    Appearance is the mean of `photometric_error`. Smoothness is the mean of ``|dx d| exp(-|dx I|)`` and that of
    ``|dy d| exp(-|dy I|)``, by forward differences, image gradients averaged over channels, d as a part of the width.
    Consistency is the mean of `left_right_difference`, as a part of the width. The paper's code samples beyond the
    image by its border and lets those pixels count; here they do not.

    References
    ----------
    C. Godard, O. Mac Aodha, G. J. Brostow, Unsupervised monocular depth estimation with left-right consistency,
    CVPR 2017, equations 1 to 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import monodepth_loss
    >>> right = np.random.default_rng(0).random((20, 40), np.float32)
    >>> left = np.roll(right, 3, axis=1)
    >>> losses = [monodepth_loss(left, right, d, d) for d in (np.full((20, 40), d, np.float32) for d in (3, 5))]
    >>> losses[0].total < 1e-6, losses[1].total > 0.5
    (True, True)
    """
    name = "monodepth_loss"
    ssim = SHARE.check(name, "ssim", ssim)
    smoothness = WEIGHT.check(name, "smoothness", smoothness)
    consistency = WEIGHT.check(name, "consistency", consistency)
    _check_loss(name, left, right, left_disparity, right_disparity)
    sides = [
        (left, right, left_disparity, right_disparity),
        tuple(_mirror(one) for one in (right, left, right_disparity, left_disparity)),
    ]
    terms = np.zeros(3)
    for own, other, disparity, across in sides:
        width = own.shape[1]
        terms[0] += _mean(photometric_error(own, other, disparity, ssim=ssim))
        terms[1] += _roughness(disparity / np.float32(width), own)
        terms[2] += _mean(left_right_difference(disparity, across)) / width
    total = terms @ (1, smoothness, consistency)
    return MonodepthLoss(*map(float, (*terms, total)))


def _check_loss(function: str, left: Array, right: Array, *disparities: Array) -> None:
    for argument, image in (("left", left), ("right", right)):
        check_floats(function, argument, image, "(H, W) or (H, W, 3)", (FLOAT32,))
        if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,)) or 0 in image.shape:
            must = "of shape (H, W) or (H, W, 3), at least one pixel large"
            raise wrong_value(function, argument, must, Got(f"shape {image.shape}"))
        if not np.isfinite(image).all():
            raise wrong_value(function, argument, "finite", Got("NaN or infinity in it"))
    arrays = (("right", right), ("left_disparity", disparities[0]), ("right_disparity", disparities[1]))
    for argument, array in arrays:
        wanted = left.shape if argument == "right" else left.shape[:2]
        check_floats(function, argument, array, str(wanted), (FLOAT32,))
        if array.shape != wanted:
            raise wrong_value(function, argument, f"of shape {wanted}, as left", Got(f"shape {array.shape}"))


def _mirror(array: Array) -> Array:
    return np.ascontiguousarray(array[:, ::-1])


def _mean(array: Array) -> float:
    known = array[~np.isnan(array)]
    return float(known.mean(dtype=np.float64)) if len(known) else math.nan


def _roughness(disparity: Array, image: Array) -> float:
    total = 0.0
    for axis in (0, 1):
        steps = np.abs(np.diff(image.astype(np.float64), axis=axis))
        steps = steps if steps.ndim == 2 else steps.mean(axis=2)
        with np.errstate(invalid="ignore"):
            moves = np.abs(np.diff(disparity.astype(np.float64), axis=axis))
        known = np.isfinite(moves)
        if known.any():
            total += float((moves[known] * np.exp(-steps[known])).mean())
    return total


def _pair(function: str, first: str, a: object, second: str, b: object) -> tuple[Array, Array]:
    a, b = check_floats(function, first, a, "(H, W)"), check_floats(function, second, b, "(H, W)")
    if a.ndim != 2 or 0 in a.shape:
        must = "of shape (H, W), at least one pixel large"
        raise wrong_value(function, first, must, Got(f"shape {a.shape}"))
    if b.shape != a.shape:
        raise wrong_value(function, second, f"of shape {a.shape}, as {first} is", Got(f"shape {b.shape}"))
    return a, b


def _valid(function: str, valid: object, shape: tuple[int, ...]) -> Array:
    if valid is None:
        return np.ones(shape, np.bool_)
    must = f"None or a bool array of shape {shape}"
    if not isinstance(valid, np.ndarray) or valid.dtype != np.bool_:
        raise wrong_type(function, "valid", must, valid)
    if valid.shape != shape:
        raise wrong_value(function, "valid", must, Got(f"shape {valid.shape}"))
    return valid
