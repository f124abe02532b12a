"""Boxes of several models, or of several windows, joined into one for each object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Positives
from .._core.box_arrays import FLOAT64, INT64, check_boxes, check_labels, check_scores, within_dtype
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.operations import operation
from .._core.parameters import Choice, Flag, Range
from .._ext import fusion as kernels
from .ranking import IOU, by_score

SCORE = Range()
CONFIDENCE = Choice(("average", "max", "box_and_model_average", "absent_model_aware_average"))
NEIGHBORS = Range(low=0, high=2**62, integer=True)
EPS = Range(low=0.0, high=1e6)
FLAG = Flag()


@operation("boxes", takes="boxes")
def weighted_boxes_fusion(
    boxes: Sequence[Array],
    scores: Sequence[Array],
    labels: Sequence[Array] | None = None,
    *,
    weights: Sequence[float] | None = None,
    iou_threshold: Annotated[float, IOU] = 0.55,
    score_threshold: Annotated[float, SCORE] = 0.0,
    confidence: Annotated[str, CONFIDENCE] = "average",
    allow_overflow: Annotated[bool, FLAG] = False,
) -> tuple[Array, Array, Array]:
    """Fuse the boxes of several models: boxes that overlap become their mean, weighted by score.

    Parameters
    ----------
    boxes : sequence of (N, 4) arrays of float32 or float64
        One array for each model, rows ``x1, y1, x2, y2`` in pixels, with x1 <= x2 and y1 <= y2; N may differ and be 0.
    scores : sequence of (N,) arrays of float32 or float64
        The scores of each model's boxes, finite and >= 0.
    labels : sequence of (N,) arrays of integers, optional
        The labels of each model's boxes; boxes of different labels are never fused. All 0 by default.
    weights : sequence of float, optional
        How much each model counts, > 0; 1 each by default. Scores are multiplied by it.
    iou_threshold : float, default 0.55
        Boxes are fused where their IoU is above it, 0 to 1.
    score_threshold : float, default 0
        Boxes whose score (before the weights) is below it, rounded to the dtype of the scores, are left out.
    confidence : str, default "average"
        The score of a fused box: "average" of its boxes' weighted scores, times the share of models that found it;
        "max" of them; "box_and_model_average" and "absent_model_aware_average" as in Notes.
    allow_overflow : bool, default False
        For "average", whether a box found more often than there are models may exceed the average.

    Returns
    -------
    boxes : (K, 4) array
        Fused boxes, highest score first, ties by the place of their first box: float32 where all that was handed in is,
        else float64.
    scores : (K,) array
        Their scores, of the same dtype.
    labels : (K,) array of int64
        Their labels.

    Raises
    ------
    TypeError
        No sequences of arrays, another dtype, or a number or word of the wrong kind.
    ValueError
        Numbers of models that differ, wrong shapes, a box that is not finite or inverted, a score that is negative or
        not finite, or a number out of range; scores, weights and coordinates so large that their sums are not finite.

    Notes
    -----
    Boxes are gone through by falling weighted score ``s``, ties in the order in which they were handed in. Each joins
    the cluster of its label whose box it overlaps most, if that IoU is above the threshold (the earlier cluster where
    two overlap it equally), or founds one. A cluster's box is ``sum(s box) / sum(s)`` over its members, moved each time
    one joins; the plain mean where all scores are 0.

    With n boxes from models M in a cluster, weights w of the T models, W the sum of the weights of the n boxes:

    ==============================  ============================================================
    ``average``                     ``mean(s) min(n, T) / sum(w)``; ``mean(s) n / sum(w)`` where overflow is allowed
    ``max``                         ``max(s) / max(w)``
    ``box_and_model_average``       ``sum(s) / W · sum(w over M) / sum(w)``
    ``absent_model_aware_average``  ``sum(s) / (W + sum(w over the models not in M))``
    ==============================  ============================================================

    Sums are float64, in the order of joining. Coordinates are pixels of any range and are not clipped. A box without
    area overlaps nothing and stays as it is; boxes whose area exceeds the range of float64 do too.

    Time is O(N log N) for boxes that are spread out: only clusters near a box, and of a size that could reach the
    threshold, are compared with it. Memory is O(N).

    The package ensemble-boxes gives the same, but for these: it adds up in float32; it clips to [0, 1] and drops boxes
    without area; boxes of equal score come in no defined order there.

    References
    ----------
    R. Solovyev, W. Wang, T. Gabruseva, Weighted boxes fusion: Ensembling boxes from different object detection models,
    Image and Vision Computing 107 (2021) 104117.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> first = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    >>> second = np.array([[0, 0, 10, 14]], np.float32)
    >>> scores = [np.array([0.6, 0.8], np.float32), np.array([0.2], np.float32)]
    >>> imgproc.weighted_boxes_fusion([first, second], scores)
    (array([[ 0.,  0., 10., 11.],
           [50., 50., 60., 60.]], dtype=float32), array([0.4, 0.4], dtype=float32), array([0, 0]))
    """
    function = "weighted_boxes_fusion"
    box_arrays = [
        check_boxes(function, array, argument=f"boxes[{i}]")
        for i, array in enumerate(_models(function, "boxes", boxes))
    ]
    lengths = [len(array) for array in box_arrays]
    score_arrays = [
        _check_weights(function, array, lengths[i], i)
        for i, array in enumerate(_models(function, "scores", scores, len(lengths)))
    ]
    if labels is None:
        label_arrays = [np.zeros(length, INT64) for length in lengths]
    else:
        label_arrays = [
            check_labels(function, array, lengths[i], argument=f"labels[{i}]", beside=f"boxes[{i}]")
            for i, array in enumerate(_models(function, "labels", labels, len(lengths)))
        ]
    model_weights = np.ones(len(lengths))
    if weights is not None and lengths:
        model_weights = Positives(len(lengths)).check(function, "weights", weights)
    iou_threshold = IOU.check(function, "iou_threshold", iou_threshold)
    score_threshold = SCORE.check(function, "score_threshold", score_threshold)
    confidence = CONFIDENCE.check(function, "confidence", confidence)
    allow_overflow = FLAG.check(function, "allow_overflow", allow_overflow)

    single = all(array.dtype == FLOAT32 for array in (*box_arrays, *score_arrays))
    model = np.repeat(np.arange(len(lengths)), lengths)
    raw = np.concatenate([np.empty(0, np.float32), *score_arrays])
    enough = [array >= within_dtype(score_threshold, array) for array in score_arrays]
    chosen = np.flatnonzero(np.concatenate([np.empty(0, bool), *enough]))
    with np.errstate(over="ignore"):
        weighted = raw[chosen].astype(FLOAT64) * model_weights[model[chosen]]
    order = by_score(weighted)
    chosen, weighted = chosen[order], weighted[order]
    ordered = np.concatenate([np.empty((0, 4), np.float32), *box_arrays])[chosen].astype(FLOAT64)
    ordered_labels = np.concatenate([np.empty(0, INT64), *label_arrays])[chosen]
    _check_sums(function, ordered, weighted, model_weights)

    members, fused = np.empty(len(chosen), INT64), np.empty((len(chosen), 4))
    count = kernels.fuse(ordered, weighted, ordered_labels, iou_threshold, members, fused)
    founders = np.empty(count, INT64)
    founders[members[::-1]] = np.arange(len(members) - 1, -1, -1)  # of equal targets the last write stays
    confidences = _confidences(
        weighted, members, count, model[chosen], model_weights, confidence, allow_overflow
    )
    ranks = by_score(confidences)
    dtype = FLOAT32 if single else FLOAT64
    return (
        fused[:count][ranks].astype(dtype),
        confidences[ranks].astype(dtype),
        ordered_labels[founders][ranks],
    )


def _models(function: str, argument: str, arrays: object, count: int | None = None) -> Sequence[Array]:
    if not isinstance(arrays, list | tuple):
        raise wrong_type(function, argument, "a list or tuple with one array for each model", arrays)
    if count is not None and len(arrays) != count:
        must = f"a sequence of {count} arrays, one for each of the boxes"
        raise wrong_value(function, argument, must, Got(f"{len(arrays)}"))
    return arrays


def _check_weights(function: str, scores: object, count: int, model: int) -> Array:
    argument = f"scores[{model}]"
    array = check_scores(function, scores, count, argument=argument, beside=f"boxes[{model}]")
    wrong = ~((array >= 0) & (array < np.inf))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(function, argument, "finite and >= 0", Got(f"{array[row]} in row {row}"))
    return array


def _check_sums(function: str, boxes: Array, weighted: Array, model_weights: Array) -> None:
    """What no cluster can exceed, whichever boxes meet in it."""
    with np.errstate(over="ignore"):
        # Boxes of infinite area meet none.
        meeting = np.isfinite((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
        most = weighted.sum() * np.abs(boxes[meeting]).max(initial=1.0), model_weights.sum()
    if not np.isfinite(most).all():
        must = "small enough for the sums of weights and of weighted scores and boxes to be finite"
        raise wrong_value(function, "scores and weights", must, Got("sums beyond float64"))


def _confidences(
    weighted: Array,
    members: Array,
    count: int,
    model: Array,
    model_weights: Array,
    confidence: str,
    allow_overflow: bool,
) -> Array:
    """The score of each cluster; see the table of `weighted_boxes_fusion`."""
    models, total = len(model_weights), model_weights.sum()
    result: Array
    if confidence == "max":
        result = np.zeros(count)
        np.maximum.at(result, members, weighted)
        result /= model_weights.max(initial=0.0)
        return result
    sums = np.bincount(members, weighted, count)
    if confidence == "average":
        sizes = np.bincount(members, minlength=count)
        result = sums / sizes * (sizes if allow_overflow else np.minimum(sizes, models)) / total
        return result
    # Each model once for each cluster.
    pairs = np.unique(members * models + model)
    present = np.bincount(pairs // models, model_weights[pairs % models], count)
    of_boxes = np.bincount(members, model_weights[model], count)
    if confidence == "box_and_model_average":
        result = sums / of_boxes * present / total
    else:
        result = sums / (of_boxes + total - present)
    return result


@operation("boxes", takes="boxes")
def group_boxes(
    boxes: Array,
    min_neighbors: Annotated[int, NEIGHBORS],
    eps: Annotated[float, EPS] = 0.2,
    *,
    scores: Array | None = None,
    rounded: Annotated[bool, FLAG] = True,
) -> Any:
    """Group boxes that look alike into one box each, and drop groups that are too small or inside another.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2`` in pixels, with x1 <= x2 and y1 <= y2, such as the windows in which a sliding detector
        fired. N may be 0.
    min_neighbors : int
        Groups of more boxes than this are kept, >= 0. With 0 nothing is grouped: every box comes back as it was,
        counted once.
    eps : float, default 0.2
        How far boxes that look alike may be apart, as a share of their size, 0 to 1e6; 0 joins equal boxes alone.
    scores : (N,) array of float32 or float64, optional
        A score for each box; a group has the greatest of its boxes.
    rounded : bool, default True
        Whether the mean boxes are rounded to whole pixels, as OpenCV's are; if false they are the float64 means.

    Returns
    -------
    boxes : (K, 4) array
        The mean box of each group, in order of the groups' first boxes, of the dtype of ``boxes``.
    counts : (K,) array of int64
        How many boxes each group has.
    scores : (K,) array
        The greatest score of each group, of the dtype of ``scores``; only where those are handed in.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a box that is not finite or inverted, boxes so large that their sums are not finite, a NaN score,
        or a number out of range.

    Notes
    -----
    Two boxes look alike where all four coordinates differ by at most ``eps (min(w) + min(h)) / 2``, the smaller width
    and height of the two; a group is what such steps lead to. A group's box is the mean of x, y, w and h. It is dropped
    where it lies inside the box of another group of more than ``min_neighbors``, grown by eps times its width and
    height on each side, if that one has more than max(3, count) boxes or the inner one less than 3.

    This is OpenCV's ``groupRectangles``, with the same results in the same order: on whole pixels, with ``rounded``,
    bit for bit, also in its use of float32 for the mean (``float32(sum) * float32(1 / n)``, rounded half to even). Its
    sums overflow at 2**31; from there on ours are divided in float64. Boxes that are not on whole pixels are compared
    as they are.

    Boxes alike are found in a grid by place and size, and leave it when found, so that time is about O(N) also where
    thousands of boxes look alike; what costs is many boxes near each other in groups that never meet. Memory is O(N).

    References
    ----------
    P. Viola, M. Jones, Robust real-time face detection, International Journal of Computer Vision 57 (2004) 137-154,
    section 5.6: integration of multiple detections.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> windows = np.array([[10, 10, 30, 30], [11, 10, 31, 30], [90, 90, 99, 99], [12, 13, 32, 33]], np.float32)
    >>> imgproc.group_boxes(windows, 2)
    (array([[11., 11., 31., 31.]], dtype=float32), array([3]))
    """
    boxes = check_boxes("group_boxes", boxes)
    min_neighbors = NEIGHBORS.check("group_boxes", "min_neighbors", min_neighbors)
    eps = EPS.check("group_boxes", "eps", eps)
    rounded = FLAG.check("group_boxes", "rounded", rounded)
    if scores is not None:
        scores = check_scores("group_boxes", scores, len(boxes))
    if min_neighbors == 0:
        same = boxes.copy(), np.ones(len(boxes), INT64)
        return same if scores is None else (*same, scores.copy())

    windows = boxes.astype(FLOAT64)
    members = np.empty(len(boxes), INT64)
    groups = kernels.group(windows, eps, members)
    counts = np.bincount(members, minlength=groups)
    large = np.flatnonzero(counts > min_neighbors)
    means = _mean_windows(windows, members, counts, rounded)
    kept = large[_outermost(means[large], counts[large], eps, rounded)]
    x, y, width, height = means[kept].T
    result = np.stack([x, y, x + width, y + height], axis=1).astype(boxes.dtype), counts[kept]
    if scores is None:
        return result
    best = np.full(groups, -np.inf, scores.dtype)
    np.maximum.at(best, members, scores)
    return (*result, best[kept])


def _mean_windows(windows: Array, members: Array, counts: Array, rounded: bool) -> Array:
    """x, y, w, h of each group: float64, or in the steps of OpenCV."""
    with np.errstate(over="ignore", invalid="ignore"):
        corners = np.column_stack([windows[:, :2], windows[:, 2:] - windows[:, :2]])
        sums = np.column_stack([np.bincount(members, column, len(counts)) for column in corners.T])
    if not np.isfinite(sums).all():
        must = "small enough for their sums to be finite"
        raise wrong_value("group_boxes", "boxes", must, Got("sums beyond float64"))
    means: Array = sums / counts[:, None]
    if rounded:
        # Where its int32 sums do not overflow; float32 would, further on.
        theirs = np.abs(sums) < 2.0**31
        shares = np.float32(1) / counts[:, None].astype(np.float32)
        means = np.rint(np.where(theirs, np.where(theirs, sums, 0).astype(np.float32) * shares, means))
    return means


def _outermost(means: Array, counts: Array, eps: float, rounded: bool) -> Array:
    """Whether each group is in no other that counts more."""
    with np.errstate(over="ignore"):  # infinite ones hold everything
        margins = means[:, 2:] * eps
    if rounded:
        margins = np.rint(margins)
    order = np.argsort(-counts, kind="stable")
    keep = np.empty(len(counts), np.uint8)
    kernels.outermost(means[order], np.ascontiguousarray(margins[order]), counts[order], keep)
    result = np.empty(len(counts), bool)
    result[order] = keep
    return result
