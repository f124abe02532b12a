"""Matching of detections with the truth in one image: COCO's rule and Pascal VOC's."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from .._core.box_arrays import check_boxes, check_labels, check_scores
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Choice
from .._ext import coco as _kernels

RULE = Choice(("coco", "voc"))

CLOSEST = 1 - 1e-10
"""What COCO's rule takes for an IoU of 1: equal boxes reach it whatever their rounding."""


class Matches(NamedTuple):
    """What `match_detections` found; with an array of thresholds, each array has an axis of them in front."""

    truth_of_detection: Array
    """(N,) int64: row of the matched truth, -1 where there is none."""

    ignored: Array
    """(N,) bool: the matched truth does not count, so neither does the detection."""

    detection_of_truth: Array
    """(M,) int64: row of the matched detection, the one of highest score for a crowd, -1 where there is none."""


@operation("metrics", takes="boxes")
def match_detections(
    boxes: Array,
    scores: Array,
    truth: Array,
    *,
    iou_threshold: float | Array = 0.5,
    labels: Array | None = None,
    truth_labels: Array | None = None,
    crowd: Array | None = None,
    ignore: Array | None = None,
    rule: Annotated[str, RULE] = "coco",
) -> Matches:
    """Match the detections of one image with its true boxes, highest score first.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Detections, ``x1, y1, x2, y2`` in pixels.
    scores : (N,) array of float32 or float64
        Score of each; of equal scores the lower row goes first.
    truth : (M, 4) array of float32 or float64
        True boxes.
    iou_threshold : float or (T,) array, optional
        Least intersection over union of a match, 0 to 1, or several such.
    labels, truth_labels : (N,) and (M,) integer arrays, optional
        Classes: only equal ones match. Both or neither.
    crowd : (M,) bool array, optional
        True boxes around many objects, with COCO's rule only: any number of detections match, the overlap is divided by
        the area of the detection alone, and such matches are ignored.
    ignore : (M,) bool array, optional
        True boxes that do not count, like VOC's "difficult" ones: a detection that matches one is ignored.
    rule : {"coco", "voc"}, optional
        ``"coco"``: a detection takes the free truth of the largest IoU, and an ignored one only where no other
        reaches the threshold. ``"voc"``: it gets the truth of largest IoU alone, and is a false positive where a better
        detection has that one already.

    Returns
    -------
    Matches
        ``truth_of_detection``, ``ignored`` and ``detection_of_truth``. A detection is a true positive where its
        truth is not -1 and it is not ignored, a false positive where its truth is -1.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind, shape or value, labels are given for one side alone, or a crowd is given
        with VOC's rule.

    Notes
    -----
    IoU is computed in float64 and compared by ≥; boxes without area have IoU 0, so that they match at threshold 0
    alone. Under COCO's rule thresholds are at most 1 - 1e-10, and of truths with equal IoU the last is taken; VOC's
    rule takes the first. Unlike VOC's own program, no pixel is added to widths and heights. With VOC's rule an
    ignored truth may be met by many detections. Time O(N log N + N M), memory O(T (N + M)).

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: common objects in context, ECCV 2014; M. Everingham et al., The Pascal visual
    object classes (VOC) challenge, IJCV 88 (2), 2010, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> import imgproc
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], np.float32)
    >>> found = imgproc.match_detections(boxes, np.array([0.8, 0.9, 0.7]), boxes[:1])
    >>> found.truth_of_detection
    array([-1,  0, -1])
    >>> found.detection_of_truth
    array([1])
    """
    name = "match_detections"
    boxes = check_boxes(name, boxes).astype(np.float64, copy=False)
    scores = check_scores(name, scores, len(boxes))
    truth = check_boxes(name, truth, argument="truth", shape="(M, 4)").astype(np.float64, copy=False)
    rule = RULE.check(name, "rule", rule)
    thresholds = _check_thresholds(name, iou_threshold)
    if (labels is None) != (truth_labels is None):
        missing, given = ("labels", "truth_labels") if labels is None else ("truth_labels", "labels")
        raise wrong_value(name, missing, f"given where {given} is", None)
    empty = np.empty(0, np.int64)
    own = empty if labels is None else check_labels(name, labels, len(boxes))
    true = empty
    if truth_labels is not None:
        true = check_labels(name, truth_labels, len(truth), argument="truth_labels", beside="truth")
    if crowd is not None and rule == "voc":
        raise wrong_value(name, "crowd", 'None with rule "voc"', crowd)
    flags = [
        _check_flags(name, argument, value, len(truth))
        for argument, value in (("crowd", crowd), ("ignore", ignore))
    ]
    used = np.atleast_1d(thresholds)
    used = np.minimum(used, CLOSEST) if rule == "coco" else used
    truth_of = np.full((len(used), len(boxes)), -1)
    ignored = np.zeros((len(used), len(boxes)), np.uint8)
    detection_of = np.full((len(used), len(truth)), -1)
    order = np.argsort(-scores, kind="stable")
    _kernels.match(
        boxes, order, truth, own, true, *flags, used, rule == "voc", truth_of, ignored, detection_of
    )
    found = truth_of, ignored.view(bool), detection_of
    return Matches(*found) if thresholds.ndim else Matches(*(array[0] for array in found))


def _check_thresholds(function: str, value: object) -> Array:
    """As float64, of no axis for a single one."""
    must = "a number from 0 to 1, or an array of such with one axis"
    if isinstance(value, bool) or not isinstance(value, int | float | np.number | np.ndarray | list | tuple):
        raise wrong_type(function, "iou_threshold", must, value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise wrong_value(function, "iou_threshold", must, value) from None
    if array.dtype.kind not in "iuf":
        raise wrong_type(function, "iou_threshold", must, value)
    array = np.ascontiguousarray(array, np.float64) if array.ndim else array.astype(np.float64)
    if array.ndim > 1 or array.size == 0 or not ((array >= 0) & (array <= 1)).all():
        raise wrong_value(function, "iou_threshold", must, value)
    return array


def _check_flags(function: str, argument: str, flags: object, count: int) -> Array:
    """As uint8, all 0 for None."""
    must = f"None or a bool array of shape ({count},), one for each of the truth"
    if flags is None:
        return np.zeros(count, np.uint8)
    if not isinstance(flags, np.ndarray) or flags.dtype != np.bool_ or isinstance(flags, np.ma.MaskedArray):
        raise wrong_type(function, argument, must, flags)
    if flags.shape != (count,):
        raise wrong_value(function, argument, must, Got(f"shape {flags.shape}"))
    return np.ascontiguousarray(flags).view(np.uint8)
