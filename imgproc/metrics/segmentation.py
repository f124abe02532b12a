"""Segmentation scores: how far two label maps agree, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import INT64
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import OrNone, Range
from .._core.threads import run_bands
from .._ext import label_pairs as kernels
from .label_maps import check_confusion, check_label_maps, refuse_label

# Cells of the confusion matrix are counted in 32 bits.
CLASSES = Range(low=1, high=46340, integer=True)
IGNORE = OrNone(Range(low=-(2**31) + 1, high=2**31 - 1, integer=True))

# Nanoseconds for a pixel, measured on real label maps.
_COST = 0.35


@dataclass(frozen=True, eq=False)
class SegmentationScores:
    """What a confusion matrix says, whole and for each of ``n`` classes; NaN where a quotient has nothing to divide by.

    Attributes
    ----------
    confusion : (n, n) array of int64
        Pixels by true class (row) and predicted class (column), without those ignored.
    accuracy : float
        Share of pixels whose class is right.
    precision, recall, f1, iou : (n,) arrays of float64
        Of each class: right pixels over those predicted, over those true, over the mean of both (F1, also called
        Dice), and over those that are either.
    mean_iou : float
        Mean of ``iou`` over the classes that occur in the truth or the prediction: mIoU.
    """

    confusion: Array
    accuracy: float
    precision: Array
    recall: Array
    f1: Array
    iou: Array
    mean_iou: float

    @classmethod
    def from_confusion(cls, confusion: Array) -> SegmentationScores:
        """The scores of a confusion matrix, such as the sum of those of many images.

        Parameters
        ----------
        confusion : (n, n) array of integers
            Counts by true class (row) and predicted class (column).

        Returns
        -------
        SegmentationScores
            With a copy of the matrix.

        Raises
        ------
        TypeError
            No integer array.
        ValueError
            Not square, without classes, negative counts, or 2**62 and more in all.
        """
        return cls._of(check_confusion("SegmentationScores.from_confusion", confusion))

    @classmethod
    def _of(cls, confusion: Array) -> SegmentationScores:
        right = np.diagonal(confusion).astype(np.float64)
        true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
        iou = _quotient(right, true + predicted - right)
        total = int(confusion.sum())
        found = iou[~np.isnan(iou)]
        return cls(
            confusion=confusion,
            accuracy=float(right.sum() / total) if total else float("nan"),
            precision=_quotient(right, predicted),
            recall=_quotient(right, true),
            f1=_quotient(2 * right, true + predicted),
            iou=iou,
            mean_iou=float(found.mean()) if len(found) else float("nan"),
        )


def _quotient(part: Array, whole: Array) -> Array:
    """NaN where the whole is nothing."""
    quotient: Array = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return quotient


@operation("metrics", takes="labels")
def segmentation_scores(
    pred: Array,
    truth: Array,
    n_classes: Annotated[int, CLASSES],
    *,
    ignore: Annotated[int | None, IGNORE] = None,
) -> SegmentationScores:
    """Compare a predicted label map with the true one: confusion matrix, accuracy, and scores of each class.

    Parameters
    ----------
    pred : array of uint8, uint16, int32, uint32 or int64
        Predicted class of each pixel, 0 … n_classes − 1; any number of axes, any strides.
    truth : array of uint8, uint16, int32, uint32 or int64
        True class of each pixel; the same shape, its own dtype.
    n_classes : int
        Number of classes, 1 to 46340.
    ignore : int, optional
        True label of pixels that do not count, whatever was predicted there (255 in many data sets); from -2**31 + 1
        to 2**31 - 1.

    Returns
    -------
    SegmentationScores
        ``confusion`` (true class by row), ``accuracy``, ``precision``, ``recall``, ``f1`` (= Dice), ``iou``,
        ``mean_iou``. Confusion matrices of several images add up: ``SegmentationScores.from_confusion`` of their sum
        has the scores of all.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Different shapes, no pixels, or a label outside 0 … n_classes − 1 at a pixel that counts, named by its
        position.

    Notes
    -----
    With TP right pixels of a class, FP wrongly predicted and FN missed: ``precision = TP / (TP + FP)``,
    ``recall = TP / (TP + FN)``, ``F1 = 2 TP / (2 TP + FP + FN)``, ``IoU = TP / (TP + FP + FN)``.

    A quotient 0 / 0 is NaN: a class that is absent from both maps has four of them and stays out of ``mean_iou``; one
    that is never predicted has no precision; one that is not in the truth has no recall, but an IoU and F1 of 0 that
    count. scikit-learn puts 0 for all of these unless told otherwise.

    Counts are exact, quotients float64. Cost: O(pixels + n_classes²), less inside segments, where 32 pixels of one
    class are counted at once. Memory: the matrix for each thread, and up to 2 MB.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015, section 5.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> truth = np.array([[0, 0, 1], [1, 1, 255]], np.uint8)
    >>> pred = np.array([[0, 1, 1], [1, 1, 0]], np.uint8)
    >>> scores = imgproc.segmentation_scores(pred, truth, 3, ignore=255)
    >>> scores.confusion
    array([[1, 1, 0],
           [0, 3, 0],
           [0, 0, 0]])
    >>> scores.iou, scores.mean_iou
    (array([0.5 , 0.75,  nan]), 0.625)
    """
    predicted, true = check_label_maps("segmentation_scores", pred, truth)
    n = CLASSES.check("segmentation_scores", "n_classes", n_classes)
    left_out = IGNORE.check("segmentation_scores", "ignore", ignore)
    maps = (true.bytes, true.kind, predicted.bytes, predicted.kind)

    def band(y0: int, y1: int) -> tuple[Array, int]:
        counts = np.zeros(n * n + 1, INT64)
        stopped = kernels.confusion(*maps, n, left_out is not None, left_out or 0, counts, y0, y1)
        return counts, -1 if stopped == y1 else stopped

    bands = run_bands(band, len(true.bytes), true.array.size * _COST)
    for _, row in bands:
        if row >= 0:
            _refuse(predicted, true, row, n, left_out)
    confusion = bands[0][0]
    for counts, _ in bands[1:]:
        confusion += counts
    return SegmentationScores._of(confusion[:-1].reshape(n, n))


def _refuse(predicted: Any, true: Any, row: int, n: int, left_out: int | None) -> None:
    """Raises for the first label out of range in this row."""
    kept = true.array.reshape(len(true.bytes), -1)[row] != left_out if left_out is not None else True

    def wrong(labels: Array) -> Any:
        return ((labels < 0) | (labels >= n)) & kept

    must = f"a class from 0 to {n - 1} in every pixel"
    kind = must if left_out is None else f"{must} that is not ignored"
    refuse_label("segmentation_scores", true, row, wrong, kind)
    refuse_label("segmentation_scores", predicted, row, wrong, kind)
