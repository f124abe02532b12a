"""Several models joined into one answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Range
from ..boxes.fusion import weighted_boxes_fusion
from ..boxes.ranking import IOU
from ..boxes.suppression import nms
from ..detections.record import Detections
from .stable import softmax
from .training_checks import check_array, check_classes, check_weights
from .votes import count_votes

MODELS = Range(low=1, high=1000, integer=True)
ERROR = Range(low=0, high=1)
CLASSES = Range(low=1, high=2**31 - 1, integer=True)
MEAN = Choice(("probabilities", "logits"))
METHOD = Choice(("wbf", "nms"))


def majority_error(models: Annotated[int, MODELS], error: Annotated[float, ERROR]) -> float:
    """How often the majority of several independent models is wrong.

    Parameters
    ----------
    models : int
        How many, 1 to 1000.
    error : float
        How often each is wrong, 0 to 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        Wrong kind of number.
    ValueError
        A number out of range.

    Notes
    -----
    ``sum over i > n / 2 of C(n, i) e**i (1 - e)**(n - i)``: more than half of the n models are wrong. A tie of an even
    number is not counted as an error. Lecture notes print the sum from i = 0, which is 1 whatever the models are; ten
    models need i >= 6, and with e = 1/3 that gives 0.077 (the printed 0.043 fits neither). It holds for models that err
    independently: those that err together gain nothing.

    References
    ----------
    L. K. Hansen, P. Salamon, Neural network ensembles, IEEE TPAMI 12 (1990).

    Examples
    --------
    >>> from imgproc.neural import ensemble
    >>> round(ensemble.majority_error(10, 1 / 3), 3)
    0.077
    """
    n = MODELS.check("majority_error", "models", models)
    e: float = ERROR.check("majority_error", "error", error)
    if e in (0, 1):
        return e
    log_e, log_right = math.log(e), math.log1p(-e)
    return min(
        1.0,
        math.fsum(
            math.exp(
                math.lgamma(n + 1)
                - math.lgamma(i + 1)
                - math.lgamma(n - i + 1)
                + i * log_e
                + (n - i) * log_right
            )
            for i in range(n // 2 + 1, n + 1)
        ),
    )


def vote(votes: Array, classes: Annotated[int, CLASSES], *, weights: Sequence[float] | None = None) -> Array:
    """Class that most of several models give each item.

    Parameters
    ----------
    votes : (M, ...) integer array
        The class that each of M >= 1 models gives each item, 0 to ``classes - 1``; label maps too.
    classes : int
        How many classes, 1 or more.
    weights : sequence of M numbers >= 0, optional
        How much each model counts; 1 each by default.

    Returns
    -------
    (...) array of int64
        The class with the largest sum of weights, the lowest among equals.

    Raises
    ------
    TypeError
        Not an integer array, or wrong kind of number.
    ValueError
        Wrong shape, no model, a class out of range, or weights below 0 or all 0.

    Notes
    -----
    Memory: 8 bytes for each item and class.

    References
    ----------
    L. K. Hansen, P. Salamon, Neural network ensembles, IEEE TPAMI 12 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import ensemble
    >>> ensemble.vote(np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]]), 3)
    array([0, 2, 0])
    """
    classes = CLASSES.check("vote", "classes", classes)
    given = check_classes("vote", "votes", votes, ("M", "..."), classes)
    if not len(given):
        raise wrong_value("vote", "votes", "of one model or more", Got(f"shape {given.shape}"))
    model_weights = check_weights("vote", "weights", weights, len(given))
    flat = given.reshape(len(given), -1)
    winners: Array = count_votes(flat, classes, model_weights).argmax(axis=1)
    return winners.reshape(given.shape[1:]).astype(INT64, copy=False)


def average_logits(
    logits: Array,
    *,
    weights: Sequence[float] | None = None,
    axis: int = 1,
    mean: Annotated[str, MEAN] = "probabilities",
) -> Array:
    """Class probabilities of several models, averaged.

    Parameters
    ----------
    logits : (M, ...) array of float32 or float64
        What M >= 1 models give before the softmax, finite.
    weights : sequence of M numbers >= 0, optional
        How much each model counts; 1 each by default.
    axis : int, default 1
        Where the classes are, not 0: 1 in (M, K, H, W), -1 in (M, N, K).
    mean : {"probabilities", "logits"}, default "probabilities"
        What is averaged: probabilities (soft voting), or logits, which gives their geometric mean, in which one model
        that is sure that a class is not there counts more.

    Returns
    -------
    (...) array
        Probabilities, in the dtype given: the shape of ``logits`` without its first axis.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape or axis, no model or class, numbers that are not finite, or weights below 0 or all 0.

    Notes
    -----
    ``sum(w softmax(z)) / sum(w)``, or ``softmax(sum(w z) / sum(w))``, in float64, one model after the other.

    References
    ----------
    L. Breiman, Bagging predictors, Machine Learning 24 (1996), section 6.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import ensemble
    >>> ensemble.average_logits(np.array([[[0.0, 0.0]], [[0.0, np.log(3.0)]]]), axis=-1)
    array([[0.375, 0.625]])
    """
    name = "average_logits"
    z = check_array(name, "logits", logits, ("M", "..."))
    model_weights = check_weights(name, "weights", weights, len(z)) if len(z) else np.ones(0)
    if not len(z):
        raise wrong_value(name, "logits", "of one model or more", Got(f"shape {z.shape}"))
    axis = Range(low=-z.ndim, high=z.ndim - 1, integer=True).check(name, "axis", axis) % z.ndim
    if axis == 0:
        raise wrong_value(name, "axis", "one beside the first, along which the models are", axis)
    if not z.shape[axis]:
        raise wrong_value(name, "logits", "of one class or more", Got(f"shape {z.shape}"))
    of_logits = MEAN.check(name, "mean", mean) == "logits"
    shares = model_weights / model_weights.sum()
    out = np.zeros(z.shape[1:])
    for share, one in zip(shares, z, strict=True):
        out += share * (one if of_logits else softmax(one, axis - 1))
    return (softmax(out, axis - 1) if of_logits else out).astype(logits.dtype)


def merge_detections(
    parts: Sequence[Detections],
    *,
    method: Annotated[str, METHOD] = "wbf",
    iou_threshold: Annotated[float, IOU] = 0.55,
    weights: Sequence[float] | None = None,
) -> Detections:
    """Detections of one image by several models or in several views, joined into one for each object.

    Parameters
    ----------
    parts : sequence of Detections
        One of each model or view, in the same image; scores >= 0 for "wbf".
    method : {"wbf", "nms"}, default "wbf"
        Fuse boxes that overlap into their mean, or keep the best of them.
    iou_threshold : float, default 0.55
        Boxes of one label belong together where their IoU is above it, 0 to 1.
    weights : sequence of numbers > 0, optional
        How much each part counts; 1 each by default. "wbf" weighs its means by them, "nms" ranks scores times them.

    Returns
    -------
    Detections
        Highest score first. "wbf" keeps neither counts nor masks; "nms" keeps all of what it keeps.

    Raises
    ------
    TypeError
        Not a sequence of Detections, or wrong kind of number or word.
    ValueError
        A number out of range, a negative score, or as many weights as there are not parts.

    Notes
    -----
    `weighted_boxes_fusion` with its average confidence, which a box that only some models find loses by, or `nms` by
    label.

    References
    ----------
    R. Solovyev, W. Wang, T. Gabruseva, Weighted boxes fusion: ensembling boxes from different object detection models,
    Image and Vision Computing 107 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import ensemble
    >>> parts = [Detections(np.array([[0.0, 0, 10, y]]), np.array([0.5])) for y in (10, 12)]
    >>> ensemble.merge_detections(parts).boxes
    array([[ 0.,  0., 10., 11.]], dtype=float32)
    """
    name = "merge_detections"
    fuse = METHOD.check(name, "method", method) == "wbf"
    threshold = IOU.check(name, "iou_threshold", iou_threshold)
    if isinstance(parts, Detections | str) or not isinstance(parts, Sequence):
        raise wrong_type(name, "parts", "a sequence of Detections", parts)
    for number, part in enumerate(parts):
        if not isinstance(part, Detections):
            raise wrong_type(name, f"parts[{number}]", "Detections", part)
        if fuse and len(part) and part.scores.min() < 0:
            raise wrong_value(
                name, f"parts[{number}]", 'of scores >= 0 for "wbf"', Got(f"{part.scores.min()}")
            )
    factors = check_weights(name, "weights", weights, len(parts)) if parts else np.ones(0)
    if not (factors > 0).all():
        raise wrong_value(name, "weights", "above 0", Got(f"{factors.tolist()}"))
    if fuse:
        arrays = ([getattr(part, field) for part in parts] for field in ("boxes", "scores", "labels"))
        fused = weighted_boxes_fusion(*arrays, weights=factors.tolist(), iou_threshold=threshold)
        return Detections(*fused)
    whole = Detections.concat(parts)
    weighted = np.concatenate(
        [np.zeros(0), *(part.scores * w for part, w in zip(parts, factors, strict=True))]
    )
    return whole[nms(whole.boxes, weighted, threshold, labels=whole.labels)]
