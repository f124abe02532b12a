"""Detections of networks that have their post-processing inside: boxes, scores and labels as they are given."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got
from ..._core.images import Array
from ..._core.parameters import Choice, Range
from ...boxes.geometry import convert_boxes
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, name_among, reads, tensor

SCORE = Range()
FORMAT = Choice(("xyxy", "xywh", "cxcywh"))
UNIT = Choice(("input", "input_share", "image", "image_share"))

_BOXES = ("detection_boxes", "pred_boxes", "bboxes")
_SCORES = ("detection_scores", "pred_scores", "confidences")
_LABELS = ("detection_classes", "pred_labels", "classes", "class_ids")


@reads("boxes", "scores", "labels")
def decode_given_boxes(
    outputs: Outputs,
    geometries: Geometries,
    *,
    score_threshold: Annotated[float, SCORE] = 0.5,
    format: Annotated[str, FORMAT] = "xyxy",
    unit: Annotated[str, UNIT] = "input",
    keys: Keys = None,
) -> list[Detections]:
    """Take boxes that a network gives ready, such as torchvision's detectors exported whole.

    Parameters
    ----------
    outputs : mapping of str to array
        ``boxes`` (B, K, 4), ``scores`` (B, K) and ``labels`` (B, K), of floats, ``labels`` also of integers; the axis B
        may be missing for a batch of one image. ``detection_boxes`` and the like are found too. Without ``labels``, all
        are 0.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input of the network.
    score_threshold : float, default 0.5
        Boxes with a lower score are left out; those that score as much are kept. As float32.
    format : {"xyxy", "xywh", "cxcywh"}, default "xyxy"
        What the four numbers are: corners, corner and size, or centre and size.
    unit : {"input", "input_share", "image", "image_share"}, default "input"
        Pixels of the network's input, shares of its sides, pixels of the image, or shares of its sides.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of Detections
        For each image, highest score first, ties in the order given; boxes in the image, clipped. Those that have no
        area there are left out.

    Raises
    ------
    OutputMismatch
        An output is missing, of another shape, not finite, or labels are no whole numbers.
    TypeError, ValueError
        Another argument is of the wrong kind or out of range.

    Notes
    -----
    Corners that are the wrong way round are exchanged: networks give such for what is nowhere. Time is O(K log K).

    References
    ----------
    None: the network has done it all.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_given_boxes
    >>> outputs = {
    ...     "boxes": np.array([[0, 0, 320, 160], [10, 10, 20, 20]], np.float32),
    ...     "scores": np.array([0.75, 0.25], np.float32),
    ...     "labels": np.array([3, 1]),
    ... }
    >>> (found,) = decode_given_boxes(outputs, Geometry.stretched((480, 640), (320, 320)))
    >>> found.boxes, found.labels
    (array([[  0.,   0., 640., 240.]], dtype=float32), array([3], dtype=int32))
    """
    name = "decode_given_boxes"
    least = np.float32(SCORE.check(name, "score_threshold", score_threshold))
    format = FORMAT.check(name, "format", format)
    unit = UNIT.check(name, "unit", unit)
    boxes = _batched(name, outputs, "boxes", _BOXES, 3, keys)
    count = len(boxes)
    each = geometry_of_each(name, geometries, count)
    scores = _batched(name, outputs, "scores", _SCORES, 2, keys)
    labels = _labels(name, outputs, scores.shape, keys)
    for array, wanted in ((scores, boxes.shape[:2]), (labels, boxes.shape[:2])):
        if array.shape != wanted:
            which = "scores" if array is scores else "labels"
            raise OutputMismatch(name, which, f"of shape {wanted}, as the boxes", Got(f"shape {array.shape}"))
    return [
        _one(boxes[row], scores[row], labels[row], least, format, unit, geometry)
        for row, geometry in enumerate(each)
    ]


def _batched(
    function: str, outputs: Outputs, name: str, aliases: tuple[str, ...], rank: int, keys: Keys
) -> Array:
    """An output with the axis of the batch, which networks for one image leave out."""
    shape: tuple[int | str, ...] = ("B", "K", 4)[:rank]
    found = outputs[name_among(function, outputs, name, aliases, keys)]
    if isinstance(found, np.ndarray) and found.ndim == rank - 1:
        return tensor(function, outputs, name, shape[1:], aliases=aliases, keys=keys)[None]
    return tensor(function, outputs, name, shape, aliases=aliases, keys=keys)


def _labels(function: str, outputs: Outputs, shape: tuple[int, ...], keys: Keys) -> Array:
    if not (keys and "labels" in keys) and not any(one in outputs for one in ("labels", *_LABELS)):
        return np.zeros(shape, np.int64)
    found = name_among(function, outputs, "labels", _LABELS, keys)
    array = outputs[found]
    if (
        isinstance(array, np.ndarray)
        and not isinstance(array, np.ma.MaskedArray)
        and array.dtype.kind in "iu"
    ):
        numbers = array[None] if array.ndim == 1 else array
    else:
        numbers = _batched(function, outputs, "labels", _LABELS, 2, keys)
    wrong = (numbers != np.rint(numbers)) | (numbers < -(2**31)) | (numbers >= 2**31)
    if wrong.any():
        raise OutputMismatch(function, found, "whole numbers within int32", Got(f"{numbers[wrong][0]}"))
    return numbers.astype(np.int64)


def _one(
    boxes: Array, scores: Array, labels: Array, least: np.float32, format: str, unit: str, geometry: Any
) -> Detections:
    rows = np.flatnonzero(scores >= least)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    boxes = boxes[rows]
    if format == "xyxy":
        boxes = np.concatenate(
            [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1
        )
    else:
        boxes[:, 2:] = boxes[:, 2:].clip(0)
        boxes = convert_boxes(boxes, format, "xyxy")
    height, width = geometry.image_shape if unit.startswith("image") else geometry.input_shape
    if unit.endswith("share"):
        boxes = boxes * np.array([width, height, width, height], boxes.dtype)
    if unit.startswith("input"):
        boxes = geometry.boxes_to_image(boxes)
    else:
        boxes = boxes.clip(0, np.array([width, height, width, height], boxes.dtype))
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return Detections(boxes[inside], scores[rows][inside], labels[rows][inside])
