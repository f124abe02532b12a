"""Boxes from queries: DETR and its family."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.errors import Got
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, OrNone, Range
from ...boxes.ranking import by_score
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from ..stable import sigmoid, softmax

SCORES = Choice(("softmax", "sigmoid"))
SHARE = Range(low=0, high=1)
COUNT = OrNone(Range(low=1, integer=True))


@reads("logits", "pred_boxes")
def decode_detr(
    outputs: Outputs,
    geometries: Geometries,
    *,
    scores: Annotated[str, SCORES] = "softmax",
    score_threshold: Annotated[float, SHARE] = 0.5,
    max_output: Annotated[int | None, COUNT] = None,
    keys: Keys = None,
) -> list[Detections]:
    """Make detections of what DETR and its successors give for each query.

    Parameters
    ----------
    outputs : mapping of str to array
        ``logits`` ``(B, Q, C)`` and ``pred_boxes`` ``(B, Q, 4)``: centre x, y, width and height as shares of the input.
        Floats.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    scores : {"softmax", "sigmoid"}, default "softmax"
        "softmax" of DETR and YOLOS, whose last class is none of them: the best other one of each query. "sigmoid" of
        Conditional DETR, Deformable DETR, DAB-DETR, RT-DETR, RT-DETRv2 and D-FINE: each pair of a query and a class
        stands for itself.
    score_threshold : float, default 0.5
        Detections with a score above that are kept; 0 to 1.
    max_output : int, optional
        The surest that are kept, before ``score_threshold``; at least 1. By default as many as queries; 100 in
        transformers for Conditional and Deformable DETR.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of Detections
        For each image, highest score first, ties by query and class; boxes in pixels of the image and cut to it.

    Raises
    ------
    OutputMismatch
        A tensor is missing, of another shape or no float array, has a number that is not finite, or a box a negative
        size.
    TypeError, ValueError
        A parameter of the wrong kind or out of range, or another number of geometries than of images.

    Notes
    -----
    ``exp(x[c]) / sum(exp(x))`` over the classes of a query, or ``1 / (1 + exp(-x))``, of float64, rounded once to
    float32. No suppression: queries are trained not to double each other. Sigmoids are computed only of logits near
    or above that of the threshold. Boxes beside the image have no area.

    References
    ----------
    N. Carion et al., End-to-end object detection with transformers, ECCV 2020. X. Zhu et al., Deformable DETR, ICLR
    2021. Y. Zhao et al., DETRs beat YOLOs on real-time object detection, CVPR 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_detr
    >>> logits = np.array([[[0.0, 3, -2], [-3, -3, 2]]], np.float32)
    >>> boxes = np.array([[[0.5, 0.5, 0.5, 0.25], [0.5, 0.5, 1, 1]]], np.float32)
    >>> found = decode_detr({"logits": logits, "pred_boxes": boxes}, Geometry.stretched((40, 80), (64, 64)))[0]
    >>> found.boxes, found.labels
    (array([[20., 15., 60., 25.]], dtype=float32), array([1], dtype=int32))
    """
    name = "decode_detr"
    scores = SCORES.check(name, "scores", scores)
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    max_output = COUNT.check(name, "max_output", max_output)
    logits = tensor(name, outputs, "logits", ("B", "Q", "C"), keys=keys)
    fewest = 2 if scores == "softmax" else 1
    if logits.shape[2] < fewest:
        wanted = f"of at least {fewest} classes" + ", the last of them none" * (fewest == 2)
        raise OutputMismatch(name, "logits", wanted, Got(f"shape {logits.shape}"))
    boxes = tensor(name, outputs, "pred_boxes", (*logits.shape[:2], 4), keys=keys)
    if (boxes[..., 2:] < 0).any():
        image, row = (int(at) for at in np.argwhere((boxes[..., 2:] < 0).any(axis=2))[0])
        wanted = "of widths and heights >= 0"
        raise OutputMismatch(
            name, "pred_boxes", wanted, Got(f"{boxes[image, row].tolist()} at ({image}, {row})")
        )
    each = geometry_of_each(name, geometries, len(logits))
    most = logits.shape[1] if max_output is None else max_output
    rank = _best_classes if scores == "softmax" else _pairs
    found = []
    for one, box, geometry in zip(logits, boxes, each, strict=True):
        query, label, score = rank(one, most, score_threshold)
        found.append(Detections(_in_image(box[query], geometry), score, label))
    return found


def _best_classes(logits: Array, most: int, threshold: float) -> tuple[Array, Array, Array]:
    chances = softmax(logits.astype(np.float64), axis=1)[:, :-1].astype(FLOAT32)
    scores = chances.max(axis=1)
    order = by_score(scores)[:most]
    order = order[scores[order] > np.float32(threshold)]
    return order, chances[order].argmax(axis=1), scores[order]


def _pairs(logits: Array, most: int, threshold: float) -> tuple[Array, Array, Array]:
    flat = logits.ravel()
    with np.errstate(divide="ignore"):
        least = np.log(threshold) - np.log1p(-threshold)
    near = np.flatnonzero(flat >= least - 1e-3 * max(1.0, abs(least)) if np.isfinite(least) else flat > least)
    scores = sigmoid(flat[near].astype(np.float64)).astype(FLOAT32)
    # By logits: where float32 knows a score of 1 only, they still differ.
    order = by_score(flat[near])[:most]
    order = order[scores[order] > np.float32(threshold)]
    return near[order] // logits.shape[1], near[order] % logits.shape[1], scores[order]


def _in_image(boxes: Array, geometry: Geometry) -> Array:
    centre, half = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64) / 2
    corners = np.concatenate([centre - half, centre + half], axis=1)
    corners *= np.tile(geometry.input_shape[::-1], 2)
    return geometry.boxes_to_image(corners)
