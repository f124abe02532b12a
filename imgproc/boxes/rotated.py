"""Rotated boxes: how much they overlap, and which to keep."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.box_arrays import FLOAT64, INT64, check_labels, check_rotated_boxes, check_scores
from .._core.images import FLOAT32, Array
from .._core.operations import operation
from .._core.threads import run_bands
from .._ext import rotated as kernels
from .ranking import COUNT, IOU, SCORE, by_score

# Nanoseconds for a pair: most are far apart, some overlap.
_COST = 20.0


@operation("boxes", takes="boxes")
def rotated_iou_matrix(a: Array, b: Array) -> Array:
    """Intersection over union of every rotated box of one set with every one of another.

    Parameters
    ----------
    a : (N, 5) array of float32 or float64
        Rows ``cx, cy, w, h, angle``: centre, width and height in pixels, and the angle in degrees by which the box is
        turned counter-clockwise as one sees it, with y pointing down. Width and height are >= 0; N may be 0.
    b : (M, 5) array of float32 or float64
        The other boxes.

    Returns
    -------
    (N, M) array
        0 to 1: float32 where both are, else float64.

    Raises
    ------
    TypeError
        Not an array, or of another dtype.
    ValueError
        Wrong shape, a value that is not finite, or a negative width or height.

    Notes
    -----
    ``area(A and B) / (area(A) + area(B) - area(A and B))``; 0 where either has no area.

    The smaller box is clipped in the frame of the larger one, against its four sides in turn, all in float64. Both
    orders give the same bits, a box with itself gives 1, and boxes that merely touch 0. A box turned by a multiple of
    90 degrees from the other needs no clipping and is exact to rounding. The result is within 1e-12 of the exact IoU of
    the two rectangles where their centres are no further from the origin than some thousand times their sides.

    The convention is that of torchvision's "cxcywhr" and of detectron2; OpenCV's ``RotatedRect`` turns clockwise. A
    pair whose upright boxes do not meet costs some nanoseconds, others about 100.

    References
    ----------
    I. E. Sutherland, G. W. Hodgman, Reentrant polygon clipping, Communications of the ACM 17 (1974) 32-42.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> square = np.array([[0, 0, 2, 2, 0]], np.float64)
    >>> turned = np.array([[0, 0, 2, 2, 45], [5, 0, 2, 2, 45]], np.float64)
    >>> imgproc.rotated_iou_matrix(square, turned).round(3)
    array([[0.707, 0.   ]])
    """
    a = check_rotated_boxes("rotated_iou_matrix", a, argument="a")
    b = check_rotated_boxes("rotated_iou_matrix", b, argument="b")
    dtype = FLOAT32 if a.dtype == b.dtype == FLOAT32 else FLOAT64
    out = np.empty((len(a), len(b)), dtype)
    rows, columns = a.astype(FLOAT64, copy=False), b.astype(FLOAT64, copy=False)
    run_bands(
        lambda y0, y1: kernels.matrix(rows, columns, out, y0, y1), len(rows), _COST * len(rows) * len(columns)
    )
    return out


@operation("boxes", takes="boxes")
def rotated_nms(
    boxes: Array,
    scores: Array,
    iou_threshold: Annotated[float, IOU] = 0.5,
    *,
    labels: Array | None = None,
    score_threshold: Annotated[float | None, SCORE] = None,
    max_output: Annotated[int | None, COUNT] = None,
) -> Array:
    """Keep the rotated boxes that no kept box of a higher score overlaps too much.

    Parameters
    ----------
    boxes : (N, 5) array of float32 or float64
        Rows ``cx, cy, w, h, angle``: centre, width and height in pixels, and the angle in degrees by which the box is
        turned counter-clockwise as one sees it, with y pointing down. Width and height are >= 0; N may be 0.
    scores : (N,) array of float32 or float64
        One for each box; infinite ones are allowed, NaN is not.
    iou_threshold : float, default 0.5
        A box goes where its IoU with a kept one is above this, 0 to 1.
    labels : (N,) array of integers, optional
        Boxes of different labels do not suppress each other.
    score_threshold : float, optional
        Boxes with a lower score are left out; rounded to the dtype of ``scores``.
    max_output : int, optional
        How many boxes are kept at most, over all labels; at least 0. All by default.

    Returns
    -------
    (K,) array of int64
        Indices of the kept boxes, highest score first, ties by lower index.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a value that is not finite, a negative width or height, a NaN score, or a number out of range.

    Notes
    -----
    Greedy: by falling score, a box is kept unless ``iou(box, kept) > iou_threshold`` for a box kept before it, with the
    IoU of `rotated_iou_matrix` in float64. A box without area overlaps nothing and is kept.

    Kept boxes stand in a grid by place and size, and a box is compared with those alone that could reach the threshold:
    about O(N log N) for boxes that are spread out, at most O(N K). Memory is O(N).

    References
    ----------
    A. Neubeck, L. Van Gool, Efficient non-maximum suppression, International Conference on Pattern Recognition 2006.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> boxes = np.array([[10, 10, 8, 4, 0], [10, 10, 8, 4, 10], [10, 10, 8, 4, 90]], np.float32)
    >>> imgproc.rotated_nms(boxes, np.array([0.5, 0.9, 0.7], np.float32))
    array([1, 2])
    """
    boxes = check_rotated_boxes("rotated_nms", boxes)
    scores = check_scores("rotated_nms", scores, len(boxes))
    iou_threshold = IOU.check("rotated_nms", "iou_threshold", iou_threshold)
    if labels is not None:
        labels = check_labels("rotated_nms", labels, len(boxes))
    score_threshold = SCORE.check("rotated_nms", "score_threshold", score_threshold)
    max_output = COUNT.check("rotated_nms", "max_output", max_output)
    order = by_score(scores, score_threshold)
    ordered_labels = np.zeros(len(order), INT64) if labels is None else labels[order]
    kept = np.empty(len(order), np.intp)
    limit = len(order) if max_output is None else min(max_output, len(order))
    count = kernels.suppress(boxes[order].astype(FLOAT64), ordered_labels, iou_threshold, limit, kept)
    return order[kept[:count]]
