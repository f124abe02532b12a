"""Curves of a detector over the threshold on its scores, and the area under them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from .._core.box_arrays import FLOAT64, INT64, check_floats, check_scores
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Range

COUNT = Range(low=1, high=2**53, integer=True)
TIES = Choice(("order", "group"))
METHOD = Choice(("coco", "voc", "voc11"))

# What pycocotools reads precision at; 0.57 and a few others are not the nearest doubles to whole hundredths.
_COCO_RECALLS = np.linspace(0, 1, 101)
_VOC11_RECALLS = np.arange(11) / 10


class PrecisionRecall(NamedTuple):
    """Precision and recall of all detections down to each threshold, highest threshold first; float64 ``(P,)``."""

    precision: Array
    recall: Array
    thresholds: Array


class Roc(NamedTuple):
    """Detection rate and false positives per image down to each threshold, highest first; float64 ``(P,)``."""

    detection_rate: Array
    false_positives: Array
    thresholds: Array


def _counts(
    function: str, matched: object, scores: object, n_truth: object, ties: object
) -> tuple[Array, Array, Array, float]:
    """Matched and unmatched detections down to each threshold, the thresholds, and the number of true boxes."""
    must = "a bool array of shape (N,)"
    if not isinstance(matched, np.ndarray) or isinstance(matched, np.ma.MaskedArray):
        raise wrong_type(function, "matched", must, matched)
    if matched.dtype != np.bool_:
        raise wrong_type(function, "matched", must, Got(f"dtype {matched.dtype}"))
    if matched.ndim != 1:
        raise wrong_value(function, "matched", must, Got(f"shape {matched.shape}"))
    values = check_scores(function, scores, len(matched), beside="detections")
    count = COUNT.check(function, "n_truth", n_truth)
    grouped = TIES.check(function, "ties", ties) == "group"
    hits = int(np.count_nonzero(matched))
    if hits > count:
        raise wrong_value(function, "n_truth", f"at least the number of matched detections, {hits}", n_truth)
    order = np.argsort(-values, kind="stable")
    thresholds: Array = values[order].astype(FLOAT64)
    true: Array = np.cumsum(matched[order], dtype=INT64)
    false: Array = np.arange(1, len(matched) + 1) - true
    if grouped and len(values):
        last = np.append(thresholds[1:] != thresholds[:-1], True)
        true, false, thresholds = true[last], false[last], thresholds[last]
    return true, false, thresholds, float(count)


def precision_recall(
    matched: Array, scores: Array, n_truth: Annotated[int, COUNT], *, ties: Annotated[str, TIES] = "order"
) -> PrecisionRecall:
    """Give precision and recall of the detections above each threshold on their scores.

    Parameters
    ----------
    matched : (N,) array of bool
        Whether a detection is a true positive, in any order: of all images together, and of one class. Detections
        that count as neither (matched with what is to be ignored) are left out by the caller.
    scores : (N,) array of float32 or float64
        Confidence of each, free of NaN; higher is surer.
    n_truth : int
        True boxes in all images, 1 or more, found or not. Without any there is no recall.
    ties : {"order", "group"}
        What detections of the same score do. "order": each gives a point of its own, in the order of their rows, as
        in VOC and COCO; the curve then depends on that order. "group": together they give one point, as in
        scikit-learn, because no threshold can tell them apart.

    Returns
    -------
    PrecisionRecall
        A named tuple ``(precision, recall, thresholds)`` of float64 arrays, highest threshold first: with N points,
        or one for each different score. Point k is of all detections with scores of at least ``thresholds[k]`` (with
        ties="order": down to that rank). Without detections the arrays are empty.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, NaN among the scores, or fewer true boxes than matched detections.

    Notes
    -----
    ``precision = TP / (TP + FP)``, ``recall = TP / n_truth``, counts exact and each quotient rounded once.

    Along the ranking recall never falls, because true positives only add up. (Lecture notes that call it
    monotonically decreasing mean along a growing threshold.) Precision may rise and fall; ``average_precision`` takes
    its upper envelope. scikit-learn's ``precision_recall_curve`` has the same points for ties="group" in the opposite
    order, one more for recall 0 with precision 1, and counts the matched detections as all there is to find.

    Cost: one stable sort, O(N log N).

    References
    ----------
    M. Everingham et al., The Pascal visual object classes (VOC) challenge, IJCV 88 (2010), section 4.2.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> matched, scores = np.array([True, False, True]), np.array([0.9, 0.8, 0.7])
    >>> curve = imgproc.precision_recall(matched, scores, 4)
    >>> curve.precision.round(3), curve.recall
    (array([1.   , 0.5  , 0.667]), array([0.25, 0.25, 0.5 ]))
    """
    true, false, thresholds, count = _counts("precision_recall", matched, scores, n_truth, ties)
    return PrecisionRecall(true / (true + false), true / count, thresholds)


def average_precision(recall: Array, precision: Array, *, method: Annotated[str, METHOD] = "coco") -> float:
    """Give the area under the interpolated curve of precision over recall.

    Parameters
    ----------
    recall, precision : (P,) arrays of float32 or float64
        The curve along the ranking, as ``precision_recall`` gives it: from 0 to 1, recall never falling. P may be 0.
    method : {"coco", "voc", "voc11"}
        "coco": mean of the interpolated precision at the 101 recalls 0, 0.01 … 1. "voc": area under all of it, as in
        VOC 2010 and later. "voc11": mean at the 11 recalls 0, 0.1 … 1, as in VOC 2007.

    Returns
    -------
    float
        From 0 to 1; 0 without detections.

    Raises
    ------
    TypeError
        Wrong kind of array or word.
    ValueError
        Arrays of different or wrong shapes, NaN, values outside [0, 1], or recall that falls.

    Notes
    -----
    The interpolated precision at recall r is the largest precision of any point with a recall of at least r, 0 where
    there is none. "voc" adds up ``(recall[k] − recall[k − 1]) · interpolated(recall[k])`` from recall 0.
    scikit-learn's ``average_precision_score`` does the same with the precision itself, and is never larger.

    The recalls of "coco" are those of pycocotools, ``numpy.linspace(0, 1, 101)``, of which some, such as 0.57, lie one
    unit above the nearest double to the whole hundredth: a recall of exactly 57/100 does not reach them. Those of
    "voc11" are the nearest doubles, which a recall of k/10 reaches.

    Cost: O(P), float64.

    References
    ----------
    M. Everingham et al., The Pascal visual object classes (VOC) challenge, IJCV 88 (2010), section 4.2.
    T.-Y. Lin et al., Microsoft COCO: common objects in context, ECCV 2014; its evaluation code.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> recall, precision = np.array([0.25, 0.25, 0.5]), np.array([1.0, 0.5, 2 / 3])
    >>> [round(imgproc.average_precision(recall, precision, method=m), 4) for m in ("coco", "voc", "voc11")]
    [0.4224, 0.4167, 0.4545]
    """
    rates = [_check_rates(name, value) for name, value in (("recall", recall), ("precision", precision))]
    method = METHOD.check("average_precision", "method", method)
    along, heights = rates
    if len(along) != len(heights):
        must = f"of shape {along.shape}, one for each recall"
        raise wrong_value("average_precision", "precision", must, Got(f"shape {heights.shape}"))
    falls = np.flatnonzero(along[1:] < along[:-1])
    if len(falls):
        k = int(falls[0])
        got = Got(f"{along[k + 1]} after {along[k]} at {k + 1}")
        raise wrong_value("average_precision", "recall", "in the order of the ranking, never falling", got)
    envelope = np.append(np.maximum.accumulate(heights[::-1])[::-1], 0.0)
    if method == "voc":
        return float(np.sum(np.diff(along, prepend=0.0) * envelope[:-1]))
    reached = np.searchsorted(along, _COCO_RECALLS if method == "coco" else _VOC11_RECALLS)
    return float(envelope[reached].mean())


def _check_rates(argument: str, value: object) -> Array:
    rates = check_floats("average_precision", argument, value, "(P,)")
    if rates.ndim != 1:
        raise wrong_value("average_precision", argument, "of shape (P,)", Got(f"shape {rates.shape}"))
    wrong = ~((rates >= 0) & (rates <= 1))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise wrong_value("average_precision", argument, "from 0 to 1", Got(f"{rates[k]} at {k}"))
    return rates.astype(FLOAT64)


def roc_curve(
    matched: Array,
    scores: Array,
    n_truth: Annotated[int, COUNT],
    n_images: Annotated[int, COUNT],
    *,
    ties: Annotated[str, TIES] = "order",
) -> Roc:
    """Give the detection rate of a detector against its false positives per image.

    Parameters
    ----------
    matched : (N,) array of bool
        Whether a detection is a true positive, of all images together.
    scores : (N,) array of float32 or float64
        Confidence of each, free of NaN; higher is surer.
    n_truth : int
        True boxes in all images, 1 or more, found or not.
    n_images : int
        Images that the detector ran on, 1 or more, those without detections or true boxes too.
    ties : {"order", "group"}
        What detections of the same score do: see ``precision_recall``.

    Returns
    -------
    Roc
        A named tuple ``(detection_rate, false_positives, thresholds)`` of float64 arrays, highest threshold first:
        the share of true boxes found and the false positives per image of all detections down to each threshold.
        Neither ever falls. Without detections the arrays are empty.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, NaN among the scores, or fewer true boxes than matched detections.

    Notes
    -----
    ``detection_rate = TP / n_truth``, ``false_positives = FP / n_images``, counts exact and each quotient rounded once.
    A detector has no number of true negatives (any window might be one), so its false positives are counted per
    image and not as a rate; the horizontal axis may pass 1. Cost: one stable sort, O(N log N).

    References
    ----------
    P. Viola, M. Jones, Robust real-time face detection, IJCV 57 (2004), section 5.
    P. Dollár, C. Wojek, B. Schiele, P. Perona, Pedestrian detection: an evaluation of the state of the art, PAMI 34
    (2012), section 3.1: false positives per image.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> matched, scores = np.array([True, False, True]), np.array([0.9, 0.8, 0.7])
    >>> curve = imgproc.roc_curve(matched, scores, 4, 10)
    >>> curve.detection_rate, curve.false_positives
    (array([0.25, 0.25, 0.5 ]), array([0. , 0.1, 0.1]))
    """
    true, false, thresholds, count = _counts("roc_curve", matched, scores, n_truth, ties)
    images = float(COUNT.check("roc_curve", "n_images", n_images))
    return Roc(true / count, false / images, thresholds)
