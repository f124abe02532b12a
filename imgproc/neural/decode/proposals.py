"""Detectors of two stages: proposals, and the heads that look at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Positives
from ..._core.box_arrays import INT64, check_boxes
from ..._core.errors import wrong_type
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, Range
from ...boxes import decode_boxes, nms
from ...detections import Detections
from ..anchors import PYRAMID, pyramid_anchors
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads
from .heads import (
    CLASS,
    CLASSES,
    COUNT,
    SEMANTICS,
    SHARE,
    SIDE,
    Head,
    clipped,
    detections,
    greedy,
    input_shape_of,
    level_anchors,
    sigmoid,
    top_logits,
    with_area,
)
from .ssd import above_softmax

WEIGHTS = Positives(4)
ACTIVATION = Choice(("softmax", "none"))
SCORE = Range()

_STRIDES = tuple(stride // 2 for stride in PYRAMID)
_SIZES = tuple((8.0 * stride,) for stride in _STRIDES)


@reads("objectness", "bbox_regression")
def decode_rpn(
    outputs: Outputs,
    geometries: Geometries,
    *,
    anchors: Array | Sequence[Array] | None = None,
    candidates: Annotated[int, COUNT] = 1000,
    min_size: Annotated[float, SIDE] = 1e-3,
    iou_threshold: Annotated[float, SHARE] = 0.7,
    max_output: Annotated[int, COUNT] = 1000,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Detections]:
    """Turn the raw heads of a region proposal network into proposals.

    Parameters
    ----------
    outputs : mapping
        ``objectness``, (B, N, 1) before the sigmoid, and ``bbox_regression``, (B, N, 4), Δx, Δy, Δw, Δh: a row for each
        anchor. `join_levels` makes them of a head's maps.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    anchors : (N, 4) array or sequence of such, optional
        x1, y1, x2, y2 in pixels of the input, one array for each level. By default those of Faster R-CNN on a feature
        pyramid: `pyramid_anchors` with strides 4 to 64 and one size of eight strides.
    candidates : int, default 1000
        How many anchors go on from each level, at most.
    min_size : float, default 0.001
        Least width and height of a clipped proposal, in pixels of the input, itself included.
    iou_threshold : float, default 0.7
        For the suppression within each level, 0 to 1.
    max_output : int, default 1000
        Proposals of an image at most.
    semantics : {"paper", "torchvision"}, default "paper"
        Of the anchors that are the default.
    keys : mapping, optional
        Names of the tensors where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first, **in pixels of the model's input**, where the second stage pools from: clipped
        to the part that the image covers, sigmoids as scores, levels of the anchors as labels.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    Anchors are chosen by logit, of equal ones the lower index first, and only those chosen are decoded. Δw and Δh are
    cut at ln(1000 / 16).

    References
    ----------
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN: towards real-time object detection with region proposal networks,
    NIPS 2015, section 3. T.-Y. Lin et al., Feature pyramid networks for object detection, CVPR 2017, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_rpn, pyramid_anchors
    >>> anchors = pyramid_anchors((64, 64), strides=(32,), sizes=[(32,)], ratios=(1,))
    >>> heads = {
    ...     "objectness": np.array([[[-1], [0], [2], [-3]]], np.float32),
    ...     "bbox_regression": np.zeros((1, 4, 4), np.float32),
    ... }
    >>> decode_rpn(heads, Geometry((64, 64), (64, 64)), anchors=anchors, max_output=2)[0].boxes.tolist()
    [[0.0, 16.0, 16.0, 48.0], [16.0, 0.0, 48.0, 16.0]]
    """
    name = "decode_rpn"
    objectness = Head(name, outputs, "objectness", ("B", "N", 1), ("rpn_logits",), keys)
    batch, rows = objectness.array.shape[:2]
    deltas = Head(
        name, outputs, "bbox_regression", (batch, rows, 4), ("pred_bbox_deltas", "box_regression"), keys
    )
    images = geometry_of_each(name, geometries, batch)
    most = COUNT.check(name, "candidates", candidates)
    least = SIDE.check(name, "min_size", min_size)
    overlap = SHARE.check(name, "iou_threshold", iou_threshold)
    count = COUNT.check(name, "max_output", max_output)
    words = SEMANTICS.check(name, "semantics", semantics)
    if not images:
        return []
    levels: Sequence[Array]
    if anchors is None:
        shape = input_shape_of(name, images)
        levels = pyramid_anchors(shape, strides=_STRIDES, sizes=_SIZES, semantics=words)
    else:
        levels = level_anchors(name, anchors)
    objectness.check_rows(sum(map(len, levels)), "anchor")
    deltas.refuse_infinite()
    found = []
    for own, moves, image in zip(objectness.array, deltas.array, images, strict=True):
        parts, start = [], 0
        for number, level in enumerate(levels):
            end = start + len(level)
            places, values = top_logits(objectness, own[start:end], -np.inf, most)
            boxes = clipped(decode_boxes(moves[start:end][places], level[places]), image)
            kept = with_area(boxes, least)
            boxes, scores = boxes[kept], sigmoid(values[kept])
            parts.append((boxes, scores, np.full(len(boxes), number, INT64)))
            start = end
        boxes, scores, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        kept = nms(boxes, scores, overlap, labels=labels, max_output=count)
        found.append(Detections(boxes[kept], scores[kept], labels[kept]))
    return found


@reads("class_logits", "box_regression")
def decode_roi_heads(
    outputs: Outputs,
    proposals: Sequence[Array | Detections],
    geometries: Geometries,
    *,
    classes: Annotated[int | None, CLASSES] = None,
    background: Annotated[int, CLASS] = 0,
    activation: Annotated[str, ACTIVATION] = "softmax",
    score_threshold: Annotated[float, SCORE] = 0.05,
    min_size: Annotated[float, SIDE] = 0.01,
    iou_threshold: Annotated[float, SHARE] = 0.5,
    max_output: Annotated[int, COUNT] = 100,
    weights: Annotated[Any, WEIGHTS] = (10.0, 10.0, 5.0, 5.0),
    keys: Keys = None,
) -> list[Detections]:
    """Turn the heads that an R-CNN, Fast or Faster R-CNN has for each proposal into detections.

    Parameters
    ----------
    outputs : mapping
        ``class_logits``, (R, C) with the background, and ``box_regression``, (R, 4 · C) with Δx, Δy, Δw, Δh for
        each class in turn, or (R, 4) where all classes share them: a row for each proposal of all images.
    proposals : sequence of (R_i, 4) arrays or Detections
        One for each image: x1, y1, x2, y2 in pixels of the model's input, as `decode_rpn` gives them.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    classes : int, optional
        How many C must be, background included; any number by default.
    background : int, default 0
        The column that stands for no object; one of the C.
    activation : {"softmax", "none"}, default "softmax"
        What makes scores of the logits; none for the margins of R-CNN's support vector machines.
    score_threshold : float, default 0.05
        A score must be above it.
    min_size : float, default 0.01
        Least width and height of a clipped box, in pixels of the input, itself included.
    iou_threshold : float, default 0.5
        For the suppression within each class, 0 to 1; R-CNN has 0.3.
    max_output : int, default 100
        Detections of an image at most.
    weights : four numbers > 0, default (10, 10, 5, 5)
        What the deltas were multiplied with in training; R-CNN has (1, 1, 1, 1).
    keys : mapping, optional
        Names of the tensors where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it, columns of ``class_logits`` as labels, of
        which ``background`` is none.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    Only pairs of proposal and class above the threshold are decoded. The softmax is computed in float64 and rounded
    to float32 once. No proposals give no detections.

    References
    ----------
    R. Girshick, J. Donahue, T. Darrell, J. Malik, Rich feature hierarchies for accurate object detection and semantic
    segmentation, CVPR 2014. R. Girshick, Fast R-CNN, ICCV 2015. S. Ren et al., Faster R-CNN, NIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_roi_heads
    >>> heads = {
    ...     "class_logits": np.array([[0, 5], [5, 0]], np.float32),
    ...     "box_regression": np.zeros((2, 8), np.float32),
    ... }
    >>> proposals = [np.array([[8, 8, 24, 40], [0, 0, 9, 9]], np.float32)]
    >>> found = decode_roi_heads(heads, proposals, Geometry.stretched((100, 100), (50, 50)))
    >>> found[0].boxes.tolist()
    [[16.0, 16.0, 48.0, 80.0]]
    """
    name = "decode_roi_heads"
    logits = Head(name, outputs, "class_logits", ("R", "C"), ("cls_logits", "logits"), keys)
    columns = logits.check_classes(CLASSES.check(name, "classes", classes))
    deltas = Head(name, outputs, "box_regression", (len(logits.array), "4 · C"), ("bbox_regression",), keys)
    if deltas.array.shape[1] not in (4, 4 * columns):
        deltas.refuse(f"of {4 * columns} columns, or 4 for all classes", f"shape {deltas.array.shape}")
    own = _proposals(name, proposals)
    images = geometry_of_each(name, geometries, len(own))
    nothing = logits.check_background(background)
    soft = ACTIVATION.check(name, "activation", activation) == "softmax"
    # A share is never below 0, so that a lower threshold finds the same.
    threshold = SCORE.check(name, "score_threshold", score_threshold)
    least = SIDE.check(name, "min_size", min_size)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    factors = WEIGHTS.check(name, "weights", weights)
    total = sum(map(len, own))
    if total != len(logits.array):
        logits.refuse(f"of {total} rows, one for each proposal", f"shape {logits.array.shape}")
    deltas.refuse_infinite()
    if not soft:
        logits.refuse_infinite()
    moves = deltas.array.reshape(total, deltas.array.shape[1] // 4, 4)
    found, start = [], 0
    for boxes, image in zip(own, images, strict=True):
        end = start + len(boxes)
        part = logits.array[start:end]
        if soft:
            rows, labels, scores = above_softmax(logits, part, nothing, threshold)
        else:
            wanted = part > FLOAT32.type(threshold)
            wanted[:, nothing] = False
            rows, labels = np.nonzero(wanted)
            scores = part[rows, labels]
        shared = moves.shape[1] == 1
        decoded = decode_boxes(moves[start:end][rows, 0 if shared else labels], boxes[rows], weights=factors)
        decoded = clipped(decoded, image)
        kept = with_area(decoded, least)
        found.append(detections(decoded[kept], scores[kept], labels[kept], image, suppress))
        start = end
    return found


def _proposals(function: str, proposals: Any) -> list[Array]:
    must = "a sequence with an (N, 4) array or Detections for each image"
    if isinstance(proposals, np.ndarray | Detections) or not isinstance(proposals, Sequence):
        raise wrong_type(function, "proposals", must, proposals)
    return [
        check_boxes(
            function,
            one.boxes if isinstance(one, Detections) else one,
            argument=f"proposals[{i}]",
        ).astype(FLOAT32, copy=False)
        for i, one in enumerate(proposals)
    ]
