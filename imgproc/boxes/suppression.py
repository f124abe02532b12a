"""Non-maximum suppression: one box for each object, hard or soft."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.box_arrays import FLOAT64, INT64, check_boxes, check_labels, check_scores, within_dtype
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Choice, Range
from .._ext import nms as kernels
from .ranking import COUNT, IOU, SCORE

KIND = Choice(("iou", "diou"))
METHOD = Choice(("linear", "gaussian"))
SIGMA = Range(above=0)
LEAST = Range(low=0)


@operation("boxes", takes="boxes")
def nms(
    boxes: Array,
    scores: Array,
    iou_threshold: Annotated[float, IOU] = 0.5,
    *,
    labels: Array | None = None,
    score_threshold: Annotated[float | None, SCORE] = None,
    max_output: Annotated[int | None, COUNT] = None,
    kind: Annotated[str, KIND] = "iou",
) -> Array:
    """Keep the best of the boxes that overlap: greedy non-maximum suppression.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2`` in pixels, finite, with x1 <= x2 and y1 <= y2.
    scores : (N,) array of float32 or float64
        The higher, the better; infinite allowed, NaN not.
    iou_threshold : float, default 0.5
        A box is dropped where its overlap with a better one that is kept is above this: 0 to 1.
    labels : (N,) array of integers, optional
        Boxes of different labels leave each other alone.
    score_threshold : float, optional
        Boxes with a score below it, rounded to the dtype of ``scores``, are left out before anything else; any finite
        number.
    max_output : int, optional
        How many boxes are kept at most, over all labels; at least 0. All by default.
    kind : {"iou", "diou"}, default "iou"
        Overlap: `iou_matrix` says how each is defined.

    Returns
    -------
    (K,) array of int64
        Indices of the boxes that are kept, highest score first; of equal scores the lower index first.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shapes, boxes that are not finite or inverted (the first such row is named), NaN scores, or a number
        out of range.

    Notes
    -----
    Boxes are met in the order of their scores, and each is kept unless ``overlap(kept, box) > iou_threshold`` for one
    that is kept already. Overlaps are computed in the dtype of the boxes as ``inter / (area_a + area_b - inter)``, each
    operation rounded, and compared with the threshold as float64: the result is that of ``torchvision.ops.nms``, ties
    included. Boxes of one label are compared as they are, without moving labels apart by an offset.

    A box without area overlaps nothing and is kept. So is one whose area is beyond the dtype (about 3.4e38 for
    float32), and two boxes whose areas add up to more than that do not overlap: take float64 where coordinates are
    that large. At threshold 1 nothing is dropped; at 0 all that share any area with a better one.

    Memory is O(N), some 100 bytes for each box. Time is that of sorting, plus for each box a look at those kept boxes
    that are near and of like size: on scattered boxes O(N log N) in all. Where thresholds near 0 or sizes far apart
    leave no such limit, all kept boxes are met, a vector at a time.

    References
    ----------
    A. Neubeck, L. Van Gool, Efficient non-maximum suppression, ICPR 2006: the greedy rule. Z. Zheng, P. Wang, W. Liu,
    J. Li, R. Ye, D. Ren, Distance-IoU loss, AAAI 2020: "diou".

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]], np.float32)
    >>> imgproc.nms(boxes, np.array([0.8, 0.9, 0.7], np.float32))
    array([1, 2])
    """
    boxes = check_boxes("nms", boxes)
    count = len(boxes)
    scores = check_scores("nms", scores, count)
    threshold = IOU.check("nms", "iou_threshold", iou_threshold)
    if labels is not None:
        labels = check_labels("nms", labels, count)
    least = SCORE.check("nms", "score_threshold", score_threshold)
    most = COUNT.check("nms", "max_output", max_output)
    distance = KIND.check("nms", "kind", kind) == "diou"
    kept = np.empty(count, INT64)
    found = kernels.nms(
        boxes,
        scores,
        labels,
        threshold,
        distance,
        -np.inf if least is None else within_dtype(least, scores),
        count if most is None else min(most, count),
        kept,
    )
    return kept[:found].copy()


@operation("boxes", takes="boxes")
def soft_nms(
    boxes: Array,
    scores: Array,
    iou_threshold: Annotated[float, IOU] = 0.5,
    *,
    method: Annotated[str, METHOD] = "linear",
    sigma: Annotated[float, SIGMA] = 0.5,
    score_threshold: Annotated[float, LEAST] = 0.001,
    labels: Array | None = None,
    max_output: Annotated[int | None, COUNT] = None,
) -> tuple[Array, Array]:
    """Lower the scores of boxes that overlap a better one, instead of dropping them.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2`` in pixels, finite, with x1 <= x2 and y1 <= y2.
    scores : (N,) array of float32 or float64
        The higher, the better; finite.
    iou_threshold : float, default 0.5
        Overlap from which on the linear method lowers scores, 0 to 1; the Gaussian does not use it.
    method : {"linear", "gaussian"}, default "linear"
        Multiply by ``1 - iou``, or by ``exp(-iou**2 / sigma)``.
    sigma : float, default 0.5
        How slowly the Gaussian falls; above 0.
    score_threshold : float, default 0.001
        Boxes are left out as soon as their score is below it, rounded to the dtype of ``scores``; at least 0.
    labels : (N,) array of integers, optional
        Boxes of different labels leave each other alone.
    max_output : int, optional
        How many boxes are chosen at most, over all labels; at least 0. All by default.

    Returns
    -------
    indices : (K,) array of int64
        Boxes in the order in which they are chosen: highest new score first; of equal scores the lower index first.
    new_scores : (K,) array
        The score of each when it was chosen, in the dtype of ``scores``.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shapes, boxes that are not finite or inverted (the first such row is named), scores that are not finite,
        or a number out of range.

    Notes
    -----
    The paper's loop: choose the box with the highest *present* score, multiply the scores of all that are left by
    ``1 - iou`` where ``iou >= iou_threshold`` (or by the Gaussian), and choose again. Implementations that lower all
    scores once, in the order of the first scores, give other results.

    Overlaps are those of `nms`; scores are kept in float64 in between. A Gaussian factor is within 2 units in the last
    place of float64; negative scores are always below ``score_threshold``. A box without area overlaps nothing.

    Memory is O(N). Boxes stand in blocks of neighbours, and a chosen one meets the blocks that it touches: N / 64
    rectangles and a few blocks for each choice on scattered boxes, O(N**2) vectorised steps where all overlap.

    References
    ----------
    N. Bodla, B. Singh, R. Chellappa, L. S. Davis, Soft-NMS: improving object detection with one line of code, ICCV
    2017.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [20, 20, 30, 30]], np.float32)
    >>> indices, scores = imgproc.soft_nms(boxes, np.array([0.9, 0.75, 0.5]))
    >>> indices
    array([0, 2, 1])
    >>> scores.round(6)
    array([0.9 , 0.5 , 0.25])
    """
    boxes = check_boxes("soft_nms", boxes)
    count = len(boxes)
    scores = check_scores("soft_nms", scores, count)
    if not np.isfinite(scores).all():
        row = int(np.argmin(np.isfinite(scores)))
        raise wrong_value("soft_nms", "scores", "finite", Got(f"{scores[row]} in row {row}"))
    threshold = IOU.check("soft_nms", "iou_threshold", iou_threshold)
    gaussian = METHOD.check("soft_nms", "method", method) == "gaussian"
    sigma = SIGMA.check("soft_nms", "sigma", sigma)
    least = LEAST.check("soft_nms", "score_threshold", score_threshold)
    if labels is not None:
        labels = check_labels("soft_nms", labels, count)
    most = COUNT.check("soft_nms", "max_output", max_output)
    order, result = np.empty(count, INT64), np.empty(count)
    found = kernels.soft_nms(
        boxes,
        scores.astype(FLOAT64, copy=False),
        labels,
        gaussian,
        threshold,
        sigma,
        within_dtype(least, scores),
        count if most is None else min(most, count),
        order,
        result,
    )
    order = order[:found].copy()
    return order, result[order].astype(scores.dtype)
