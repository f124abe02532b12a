"""EfficientDet: anchors at every place, the best of all levels together, Soft-NMS."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.images import Array
from ..._core.parameters import Choice, Range
from ...boxes import decode_boxes, soft_nms
from ...detections import Detections
from ..anchors import efficientdet_anchors
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads
from .dense import LOGITS, REGRESSION
from .heads import (
    CLASSES,
    COUNT,
    SHARE,
    Head,
    Suppress,
    detections,
    greedy,
    input_shape_of,
    least_logit,
    level_anchors,
    sigmoid,
    top_logits,
)

METHOD = Choice(("hard", "linear", "gaussian"))
SIGMA = Range(above=0)


@reads(LOGITS[0], REGRESSION[0])
def decode_efficientdet(
    outputs: Outputs,
    geometries: Geometries,
    *,
    anchors: Array | None = None,
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.0,
    candidates: Annotated[int, COUNT] = 5000,
    method: Annotated[str, METHOD] = "gaussian",
    iou_threshold: Annotated[float, SHARE] = 0.5,
    sigma: Annotated[float, SIGMA] = 0.5,
    max_output: Annotated[int, COUNT] = 100,
    keys: Keys = None,
) -> list[Detections]:
    """Turn the raw heads of an EfficientDet into detections.

    Parameters
    ----------
    outputs : mapping
        ``cls_logits``, (B, N, C) before the sigmoid, and ``bbox_regression``, (B, N, 4), in this network's order
        **Δy, Δx, Δh, Δw**: a row for each anchor. `join_levels` makes them of the maps of the five levels.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    anchors : (N, 4) array, optional
        x1, y1, x2, y2 in pixels of the input; `efficientdet_anchors` of the input by default.
    classes : int, optional
        How many C must be; any number by default.
    score_threshold : float, default 0
        A sigmoid must be above it, and what Soft-NMS leaves of it too: 0 to 1.
    candidates : int, default 5000
        How many pairs of anchor and class go on from all levels together, at most.
    method : {"hard", "linear", "gaussian"}, default "gaussian"
        Suppression within each class: `nms`, or `soft_nms` with that method.
    iou_threshold : float, default 0.5
        Of the hard and the linear method, 0 to 1.
    sigma : float, default 0.5
        Of the Gaussian method; above 0.
    max_output : int, default 100
        Detections of an image at most.
    keys : mapping, optional
        Names of the tensors where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it, columns of ``cls_logits`` as labels. The
        authors' code counts them from 1.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    ``x = xa + Δx wa, w = wa exp(Δw)``; Δw and Δh are cut at ln(1000 / 16), which a trained network never reaches and
    the authors' code leaves out. Boxes of which the clip leaves no area are dropped. Soft-NMS leaves out what falls
    below ``score_threshold``, or below 0.001 where that is 0.

    References
    ----------
    M. Tan, R. Pang, Q. V. Le, EfficientDet: scalable and efficient object detection, CVPR 2020, section 5.1.
    N. Bodla, B. Singh, R. Chellappa, L. S. Davis, Soft-NMS, ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_efficientdet, efficientdet_anchors
    >>> count = len(efficientdet_anchors((64, 64)))
    >>> logits = np.full((1, count, 3), -9, np.float32)
    >>> logits[0, 7, 2] = 1
    >>> heads = {"cls_logits": logits, "bbox_regression": np.zeros((1, count, 4), np.float32)}
    >>> decode_efficientdet(heads, Geometry((64, 64), (64, 64)), max_output=1)
    [<Detections: 1 box, score 0.7310586, label 2>]
    """
    name = "decode_efficientdet"
    logits = Head(name, outputs, LOGITS[0], ("B", "N", "C"), LOGITS[1], keys)
    columns = logits.check_classes(CLASSES.check(name, "classes", classes))
    batch, rows = logits.array.shape[:2]
    deltas = Head(name, outputs, REGRESSION[0], (batch, rows, 4), REGRESSION[1], keys)
    images = geometry_of_each(name, geometries, batch)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    least = least_logit(threshold)
    most = COUNT.check(name, "candidates", candidates)
    way = METHOD.check(name, "method", method)
    overlap = SHARE.check(name, "iou_threshold", iou_threshold)
    width = SIGMA.check(name, "sigma", sigma)
    count = COUNT.check(name, "max_output", max_output)
    suppress = greedy(overlap, count) if way == "hard" else _softly(way, overlap, width, threshold, count)
    if not images:
        return []
    if anchors is None:
        around = efficientdet_anchors(input_shape_of(name, images))
    else:
        around = np.concatenate(level_anchors(name, anchors))
    logits.check_rows(len(around), "anchor")
    deltas.refuse_infinite()
    found = []
    for own, moves, image in zip(logits.array, deltas.array, images, strict=True):
        places, values = top_logits(logits, own, least, most)
        picked, labels = np.divmod(places, columns)
        # Δy, Δx, Δh, Δw as Δx, Δy, Δw, Δh.
        boxes = decode_boxes(moves[picked][:, [1, 0, 3, 2]], around[picked])
        found.append(detections(boxes, sigmoid(values), labels, image, suppress))
    return found


def _softly(method: str, iou_threshold: float, sigma: float, least: float, most: int) -> Suppress:
    def suppress(boxes: Array, scores: Array, labels: Array) -> tuple[Array, Array]:
        return soft_nms(
            boxes,
            scores,
            iou_threshold,
            method=method,
            sigma=sigma,
            score_threshold=least or 0.001,
            labels=labels,
            max_output=most,
        )

    return suppress
