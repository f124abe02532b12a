"""Dense detectors with anchors or points at every place: RetinaNet and FCOS."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Positives
from ..._core.box_arrays import INT64
from ..._core.images import FLOAT32, Array
from ..._core.parameters import OrNone
from ..._ext import dense_heads as kernels
from ...boxes import decode_boxes
from ...detections import Detections
from ..anchors import PYRAMID, STRIDES, anchor_points, pyramid_anchors
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads
from .heads import (
    CLASSES,
    COUNT,
    SEMANTICS,
    SHARE,
    Head,
    detections,
    greedy,
    input_shape_of,
    least_logit,
    level_anchors,
    sigmoid,
    top_logits,
)

WEIGHTS = Positives(4)
MAYBE_SHARE = OrNone(SHARE)

LOGITS = ("cls_logits", ("class_logits", "logits"))
REGRESSION = ("bbox_regression", ("box_regression", "bbox_pred"))
CENTREDNESS = ("bbox_ctrness", ("ctrness", "centerness"))


@reads(LOGITS[0], REGRESSION[0])
def decode_retinanet(
    outputs: Outputs,
    geometries: Geometries,
    *,
    anchors: Array | Sequence[Array] | None = None,
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.05,
    candidates: Annotated[int, COUNT] = 1000,
    iou_threshold: Annotated[float, SHARE] = 0.5,
    max_output: Annotated[int, COUNT] = 300,
    weights: Annotated[Any, WEIGHTS] = (1.0, 1.0, 1.0, 1.0),
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Detections]:
    """Turn the raw heads of a RetinaNet into detections.

    Parameters
    ----------
    outputs : mapping
        ``cls_logits``, (B, N, C) before the sigmoid, and ``bbox_regression``, (B, N, 4), Δx, Δy, Δw, Δh: float arrays
        with a row for each anchor. `join_levels` makes them of a head's maps.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    anchors : (N, 4) array or sequence of such, optional
        x1, y1, x2, y2 in pixels of the input, one array for each level; `pyramid_anchors` of the input by default.
    classes : int, optional
        How many C must be; any number by default.
    score_threshold : float, default 0.05
        A sigmoid must be above it: 0 to 1.
    candidates : int, default 1000
        How many pairs of anchor and class go on from each level, at most.
    iou_threshold : float, default 0.5
        For the suppression within each class, 0 to 1.
    max_output : int, default 300
        Detections of an image at most.
    weights : four numbers > 0, default (1, 1, 1, 1)
        What the deltas were multiplied with in training.
    semantics : {"paper", "torchvision"}, default "paper"
        ``"torchvision"`` takes the anchors of its ``AnchorGenerator`` by default, and keeps boxes of which the clip
        leaves no area.
    keys : mapping, optional
        Names of the tensors where they are others: ``{"cls_logits": "output_0", …}``.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it, sigmoids as scores, columns of
        ``cls_logits`` as labels.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    No sigmoid is taken but of what is kept: a logit is compared with the least one whose sigmoid, computed in float64
    and rounded to float32, is above the threshold. torch's own sigmoid is up to 2 units in the last place off, so
    that a logit within as many of the threshold may fall on the other side there. Candidates are chosen and ordered
    by logit, of equal ones the lower index first: finer than by sigmoids, of which many are equal near 1.

    Cost: one pass over the logits at the speed of memory, O(1) memory for each candidate, no copy of float32 tensors.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, Focal loss for dense object detection, ICCV 2017, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_retinanet, pyramid_anchors
    >>> anchors = pyramid_anchors((64, 64), strides=(32,))
    >>> logits = np.full((1, len(anchors[0]), 2), -9, np.float32)
    >>> logits[0, 27 + 3, 1] = 2
    >>> heads = {"cls_logits": logits, "bbox_regression": np.zeros((1, len(anchors[0]), 4), np.float32)}
    >>> decode_retinanet(heads, Geometry((64, 64), (64, 64)), anchors=anchors)
    [<Detections: 1 box, score 0.8807971, label 1>]
    """
    name = "decode_retinanet"
    logits = Head(name, outputs, LOGITS[0], ("B", "N", "C"), LOGITS[1], keys)
    columns = logits.check_classes(CLASSES.check(name, "classes", classes))
    batch, rows = logits.array.shape[:2]
    deltas = Head(name, outputs, REGRESSION[0], (batch, rows, 4), REGRESSION[1], keys)
    images = geometry_of_each(name, geometries, batch)
    least = least_logit(SHARE.check(name, "score_threshold", score_threshold))
    most = COUNT.check(name, "candidates", candidates)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    factors = WEIGHTS.check(name, "weights", weights)
    theirs = SEMANTICS.check(name, "semantics", semantics) == "torchvision"
    if not images:
        return []
    levels: Sequence[Array]
    if anchors is None:
        levels = pyramid_anchors(input_shape_of(name, images), semantics=semantics)
    else:
        levels = level_anchors(name, anchors)
    logits.check_rows(sum(map(len, levels)), "anchor")
    deltas.refuse_infinite()
    found = []
    for own, moves, image in zip(logits.array, deltas.array, images, strict=True):
        parts, start = [], 0
        for level in levels:
            end = start + len(level)
            places, values = top_logits(logits, own[start:end], least, most)
            picked, labels = np.divmod(places, columns)
            boxes = decode_boxes(moves[start:end][picked], level[picked], weights=factors)
            parts.append((boxes, sigmoid(values), labels))
            start = end
        boxes, scores, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found.append(detections(boxes, scores, labels, image, suppress, empty=theirs))
    return found


@reads(LOGITS[0], REGRESSION[0], CENTREDNESS[0])
def decode_fcos(
    outputs: Outputs,
    geometries: Geometries,
    *,
    strides: Annotated[Any, STRIDES] = PYRAMID,
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float | None, MAYBE_SHARE] = None,
    candidates: Annotated[int, COUNT] = 1000,
    iou_threshold: Annotated[float, SHARE] = 0.6,
    max_output: Annotated[int, COUNT] = 100,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Detections]:
    """Turn the raw heads of an FCOS into detections.

    Parameters
    ----------
    outputs : mapping
        ``cls_logits``, (B, N, C), and ``bbox_ctrness``, (B, N, 1), before the sigmoid; ``bbox_regression``, (B, N, 4):
        distances to the left, upper, right and lower side in strides, of which negative ones count as 0. A row for
        each point, as `anchor_points` lays them.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    strides : sequence of numbers > 0, default (8, 16, 32, 64, 128)
        Pixels of the input for a cell of each level.
    classes : int, optional
        How many C must be; any number by default.
    score_threshold : float, optional
        0 to 1; 0.05 by default, 0.2 with ``"torchvision"``.
    candidates : int, default 1000
        How many pairs of point and class go on from each level, at most.
    iou_threshold : float, default 0.6
        For the suppression within each class, 0 to 1.
    max_output : int, default 100
        Detections of an image at most.
    semantics : {"paper", "torchvision"}, default "paper"
        In the paper a point lies in the middle of its cell, and the class's sigmoid alone must be above the
        threshold; in torchvision it lies at the corner, the score must be above it, and boxes without area stay.
    keys : mapping, optional
        Names of the tensors where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it, columns of ``cls_logits`` as labels.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    ``score = √(sigmoid(class) · sigmoid(centredness))``, each step rounded to float32; candidates are ordered by it. A
    row whose centredness leaves no class a chance is passed over by one comparison for each logit.

    References
    ----------
    Z. Tian, C. Shen, H. Chen, T. He, FCOS: fully convolutional one-stage object detection, ICCV 2019, and FCOS: a
    simple and strong anchor-free object detector, PAMI 2022: the square root.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_fcos
    >>> heads = {
    ...     "cls_logits": np.full((1, 4, 1), 3, np.float32),
    ...     "bbox_ctrness": np.array([[[9], [-9], [-9], [-9]]], np.float32),
    ...     "bbox_regression": np.full((1, 4, 4), 0.25, np.float32),
    ... }
    >>> found = decode_fcos(heads, Geometry((16, 16), (16, 16)), strides=(8,), max_output=1)
    >>> found[0].boxes.tolist()
    [[2.0, 2.0, 6.0, 6.0]]
    """
    name = "decode_fcos"
    logits = Head(name, outputs, LOGITS[0], ("B", "N", "C"), LOGITS[1], keys)
    columns = logits.check_classes(CLASSES.check(name, "classes", classes))
    batch, rows = logits.array.shape[:2]
    sides = Head(name, outputs, REGRESSION[0], (batch, rows, 4), REGRESSION[1], keys)
    centred = Head(name, outputs, CENTREDNESS[0], (batch, rows, 1), CENTREDNESS[1], keys)
    images = geometry_of_each(name, geometries, batch)
    steps = STRIDES.check(name, "strides", strides)
    theirs = SEMANTICS.check(name, "semantics", semantics) == "torchvision"
    threshold = MAYBE_SHARE.check(name, "score_threshold", score_threshold)
    threshold = (0.2 if theirs else 0.05) if threshold is None else threshold
    most = COUNT.check(name, "candidates", candidates)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    if not images:
        return []
    points, scales = anchor_points(input_shape_of(name, images), strides=steps, semantics=semantics)
    logits.check_rows(len(points), "point")
    sides.refuse_infinite()
    centred.refuse_infinite()
    least = -np.inf if theirs else least_logit(threshold)
    bar = float(np.nextafter(FLOAT32.type(threshold), FLOAT32.type(2))) if theirs else 0.0
    edges = [0, *(np.flatnonzero(np.diff(scales)) + 1), len(scales)]
    found = []
    for own, beside, reach, image in zip(
        logits.array, centred.array[..., 0], sides.array, images, strict=True
    ):
        parts = []
        for start, end in pairwise(edges):
            room = min(most, (end - start) * columns)
            places, scores = np.empty(room, INT64), np.empty(room, FLOAT32)
            count = kernels.top_beside(
                own[start:end], np.ascontiguousarray(beside[start:end]), least, bar, places, scores
            )
            if count < 0:
                logits.refuse_infinite()
            picked, labels = np.divmod(places[:count], columns)
            picked += start
            with np.errstate(over="ignore"):
                distances = np.maximum(reach[picked], 0) * scales[picked, None]
                boxes = np.concatenate(
                    [points[picked] - distances[:, :2], points[picked] + distances[:, 2:]], axis=1
                )
            parts.append((boxes, scores[:count], labels))
        boxes, scores, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found.append(detections(boxes, scores, labels, image, suppress, empty=theirs))
    return found
