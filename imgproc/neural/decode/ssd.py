"""SSD and SSDlite: default boxes, a softmax over classes and background."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Positives
from ..._core.box_arrays import INT64
from ..._core.images import FLOAT32, Array
from ..._ext import dense_heads as kernels
from ...boxes import decode_boxes
from ...detections import Detections
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads
from ..ssd_boxes import usual_boxes
from .dense import LOGITS, REGRESSION
from .heads import (
    CLASS,
    CLASSES,
    COUNT,
    SEMANTICS,
    SHARE,
    Head,
    detections,
    greedy,
    input_shape_of,
    level_anchors,
)

WEIGHTS = Positives(4)


def above_softmax(head: Head, logits: Array, background: int, threshold: float) -> tuple[Array, Array, Array]:
    """Rows, columns and values above a threshold after a softmax over each row, but for the background."""
    places, values = np.empty(logits.size, INT64), np.empty(logits.size, FLOAT32)
    found = kernels.softmax(logits, background, threshold, places, values)
    if found < 0:
        head.refuse_infinite()
    rows, columns = np.divmod(places[:found], max(logits.shape[1], 1))
    return rows, columns, values[:found].copy()


def best_of_each(labels: Array, scores: Array, most: int) -> Array:
    """Indices of the ``most`` best of each label, ties by lower index; in the order of labels, best first."""
    order = np.lexsort((-scores, labels))
    sorted_labels = labels[order]
    first = np.searchsorted(sorted_labels, sorted_labels)
    kept: Array = order[np.arange(len(order)) - first < most]
    return kept


@reads(LOGITS[0], REGRESSION[0])
def decode_ssd(
    outputs: Outputs,
    geometries: Geometries,
    *,
    anchors: Array | None = None,
    classes: Annotated[int | None, CLASSES] = None,
    background: Annotated[int, CLASS] = 0,
    score_threshold: Annotated[float, SHARE] = 0.01,
    candidates: Annotated[int, COUNT] = 400,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    max_output: Annotated[int, COUNT] = 200,
    weights: Annotated[Any, WEIGHTS] = (10.0, 10.0, 5.0, 5.0),
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Detections]:
    """Turn the raw heads of an SSD or SSDlite into detections.

    Parameters
    ----------
    outputs : mapping
        ``cls_logits``, (B, N, C) before the softmax, background included, and ``bbox_regression``, (B, N, 4), Δx, Δy,
        Δw, Δh: a row for each default box.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    anchors : (N, 4) array, optional
        Default boxes, x1, y1, x2, y2 in pixels of the input; `default_boxes` makes them. By default those of SSD300 and
        SSD512 on COCO for inputs of 300 × 300 and 512 × 512, and of torchvision's SSDlite for 320 × 320.
    classes : int, optional
        How many C must be, background included; any number by default.
    background : int, default 0
        The column that stands for no object; one of the C.
    score_threshold : float, default 0.01
        A probability must be above it: 0 to 1.
    candidates : int, default 400
        How many boxes of each class go on, at most.
    iou_threshold : float, default 0.45
        For the suppression within each class, 0 to 1.
    max_output : int, default 200
        Detections of an image at most.
    weights : four numbers > 0, default (10, 10, 5, 5)
        What the deltas were multiplied with in training: the inverse of Caffe's variances.
    semantics : {"paper", "torchvision"}, default "paper"
        ``"torchvision"`` keeps boxes of which the clip leaves no area.
    keys : mapping, optional
        Names of the tensors where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it, columns of ``cls_logits`` as labels, of which
        ``background`` is none.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    The softmax is computed in float64 and rounded to float32 once. Cost: one exponential for each logit.

    References
    ----------
    W. Liu et al., SSD: single shot multibox detector, ECCV 2016, sections 2 and 3.7.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_ssd, default_boxes
    >>> logits = np.zeros((1, 8732, 3), np.float32)
    >>> logits[..., 0], logits[0, 40, 2] = 9, 11
    >>> heads = {"cls_logits": logits, "bbox_regression": np.zeros((1, 8732, 4), np.float32)}
    >>> decode_ssd(heads, Geometry.stretched((480, 640), (300, 300)))
    [<Detections: 1 box, score 0.8807841, label 2>]
    """
    name = "decode_ssd"
    logits = Head(name, outputs, LOGITS[0], ("B", "N", "C"), LOGITS[1], keys)
    logits.check_classes(CLASSES.check(name, "classes", classes))
    batch, rows = logits.array.shape[:2]
    deltas = Head(name, outputs, REGRESSION[0], (batch, rows, 4), REGRESSION[1], keys)
    images = geometry_of_each(name, geometries, batch)
    nothing = logits.check_background(background)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    most = COUNT.check(name, "candidates", candidates)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    factors = WEIGHTS.check(name, "weights", weights)
    theirs = SEMANTICS.check(name, "semantics", semantics) == "torchvision"
    if not images:
        return []
    shape = input_shape_of(name, images)
    around = usual_boxes(name, shape) if anchors is None else np.concatenate(level_anchors(name, anchors))
    logits.check_rows(len(around), "default box")
    deltas.refuse_infinite()
    found = []
    for own, moves, image in zip(logits.array, deltas.array, images, strict=True):
        picked, labels, scores = above_softmax(logits, own, nothing, threshold)
        kept = best_of_each(labels, scores, most)
        picked, labels, scores = picked[kept], labels[kept], scores[kept]
        boxes = decode_boxes(moves[picked], around[picked], weights=factors)
        found.append(detections(boxes, scores, labels, image, suppress, empty=theirs))
    return found
