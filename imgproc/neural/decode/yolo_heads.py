"""The first YOLO and YOLOv3: from the raw grids of their last layers to detections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Positives
from ..._core.errors import wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads
from .heads import (
    CLASSES,
    COUNT,
    SHARE,
    Head,
    detections,
    from_centres,
    greedy,
    least_logit,
    sigmoid,
)

PREDICTIONS = ("predictions", ("output0", "output", "detections"))

YOLOV3_ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
"""Widths and heights in pixels, for strides 8, 16 and 32: the nine clusters of the YOLOv3 paper, section 2.3."""


@reads(PREDICTIONS[0])
def decode_yolov1(
    outputs: Outputs,
    geometries: Geometries,
    *,
    boxes: Annotated[int, COUNT] = 2,
    classes: Annotated[int, COUNT] = 20,
    score_threshold: Annotated[float, SHARE] = 0.2,
    iou_threshold: Annotated[float, SHARE] = 0.5,
    max_output: Annotated[int, COUNT] = 100,
    keys: Keys = None,
) -> list[Detections]:
    """Turn the grid of the first YOLO into detections.

    Parameters
    ----------
    outputs : mapping
        ``predictions``, (B, S, S, boxes · 5 + classes): for each cell x, y, √w, √h, confidence of each of its boxes,
        then the probabilities of the classes. x and y lie within the cell, w and h are shares of the input.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    boxes : int, default 2
        Boxes of a cell.
    classes : int, default 20
        Classes there are.
    score_threshold : float, default 0.2
        A score must be above it: 0 to 1.
    iou_threshold : float, default 0.5
        For the suppression within each class, 0 to 1.
    max_output : int, default 100
        Detections of an image at most.
    keys : mapping, optional
        ``{"predictions": …}`` where the tensor has another name.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        The tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    ``score = confidence · p(class)`` in float32 for every box and class, as in the paper's equation 1. The grid need be
    neither square nor 7 × 7. The thresholds are those of the authors' code; the paper gives none.

    References
    ----------
    J. Redmon, S. Divvala, R. Girshick, A. Farhadi, You only look once: unified, real-time object detection, CVPR 2016,
    section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolov1
    >>> grid = np.zeros((1, 7, 7, 30), np.float32)
    >>> grid[0, 3, 3, :5], grid[0, 3, 3, 10 + 14] = (0.5, 0.5, 0.5, 0.5, 0.8), 1
    >>> decode_yolov1({"predictions": grid}, Geometry((448, 448), (448, 448)))[0].boxes
    array([[168., 168., 280., 280.]], dtype=float32)
    """
    name = "decode_yolov1"
    each = COUNT.check(name, "boxes", boxes)
    count = COUNT.check(name, "classes", classes)
    cells = Head(name, outputs, PREDICTIONS[0], ("B", "S", "S", each * 5 + count), PREDICTIONS[1], keys)
    images = geometry_of_each(name, geometries, len(cells.array))
    threshold = FLOAT32.type(SHARE.check(name, "score_threshold", score_threshold))
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    cells.refuse_infinite()
    rows, columns = cells.array.shape[1:3]
    if not rows or not columns:
        cells.refuse("of at least one cell", f"shape {cells.array.shape}")
    found = []
    for grid, image in zip(cells.array, images, strict=True):
        own = grid[..., : 5 * each].reshape(rows, columns, each, 5)
        with np.errstate(over="ignore"):
            chances = own[..., 4, None] * grid[..., None, 5 * each :]
        row, column, box, labels = np.nonzero(chances > threshold)
        scores = chances[row, column, box, labels]
        if not np.isfinite(scores).all():
            cells.refuse("of scores within float32", "a product beyond it")
        x, y, width, height = own[row, column, box, :4].T.astype(np.float64)
        down, across = image.input_shape
        places = np.stack(
            [
                (x + column) * (across / columns),
                (y + row) * (down / rows),
                width**2 * across,
                height**2 * down,
            ],
            axis=1,
        )
        found.append(detections(from_centres(places), scores, labels, image, suppress))
    return found


def decode_yolov3(
    outputs: Outputs,
    geometries: Geometries,
    *,
    anchors: Sequence[Sequence[tuple[float, float]]] = YOLOV3_ANCHORS,
    heads: Sequence[str] | None = None,
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.5,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    max_output: Annotated[int, COUNT] = 100,
) -> list[Detections]:
    """Turn the raw heads of a YOLOv3 into detections.

    Parameters
    ----------
    outputs : mapping
        One tensor for each scale, (B, A · (5 + C), H, W), as the last convolution gives it: for each of A anchors tx,
        ty, tw, th, objectness and C classes.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    anchors : sequence of sequences of (float, float)
        Widths and heights in pixels of the input for each scale, the finest first; the paper's nine by default.
    heads : sequence of str, optional
        Names of the tensors, in any order; all outputs by default. The largest map is the finest scale.
    classes : int, optional
        How many C must be; any number by default.
    score_threshold : float, default 0.5
        A score must be above it: 0 to 1.
    iou_threshold : float, default 0.45
        For the suppression within each class, 0 to 1.
    max_output : int, default 100
        Detections of an image at most.

    Returns
    -------
    list of Detections
        One for each image, best first: boxes in the image, clipped to it.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite: the name and the place are told.

    Notes
    -----
    ``x = (σ(tx) + column) W_input / W, w = pw exp(tw)``, the same for y and h; ``score = σ(objectness) σ(class)`` in
    float32 for every class: classes do not exclude each other. What exceeds float32 ends at the image's edge. The
    thresholds are those of the authors' code; the paper gives none.

    References
    ----------
    J. Redmon, A. Farhadi, YOLOv3: an incremental improvement, arXiv 1804.02767, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolov3
    >>> head = np.full((1, 7, 2, 2), -9, np.float32)
    >>> head[0, :, 1, 0] = 0, 0, 0, 0, 9, -9, 9
    >>> found = decode_yolov3({"head": head}, Geometry((64, 64), (64, 64)), anchors=[[(32, 16)]])
    >>> found[0].boxes.tolist(), found[0].labels.tolist()
    ([[0.0, 40.0, 32.0, 56.0]], [1])
    """
    name = "decode_yolov3"
    sizes = _anchor_sizes(name, anchors)
    named = _head_names(name, outputs, heads, len(sizes))
    wanted = CLASSES.check(name, "classes", classes)
    scales = [Head(name, outputs, key, ("B", "A · (5 + C)", "H", "W"), (), None) for key in named]
    scales.sort(key=lambda head: -head.array.shape[2] * head.array.shape[3])
    batch, count = len(scales[0].array), scales[0].array.shape[1] // len(sizes[0]) - 5
    for head, own in zip(scales, sizes, strict=True):
        channels = head.array.shape[1]
        if 0 in head.array.shape[2:]:
            head.refuse("of at least one cell", f"shape {head.array.shape}")
        if channels != len(own) * (5 + count) or count < 1 or wanted not in (None, count):
            number = "C" if wanted is None and count < 1 else (wanted or count)
            head.refuse(f"of {len(own)} · (5 + {number}) channels", f"shape {head.array.shape}")
        if len(head.array) != batch:
            head.refuse(f"of the batch of the others, {batch}", f"shape {head.array.shape}")
    images = geometry_of_each(name, geometries, batch)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    least = least_logit(threshold)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    for head in scales:
        head.refuse_infinite()
    found = []
    for number, image in enumerate(images):
        parts = [
            _scale(head.array[number], own, image.input_shape, threshold, least)
            for head, own in zip(scales, sizes, strict=True)
        ]
        shapes, scores, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found.append(detections(shapes, scores, labels, image, suppress))
    return found


def _scale(
    maps: Array, anchors: Array, shape: tuple[int, int], threshold: float, least: float
) -> tuple[Array, Array, Array]:
    """Candidates of one scale of one image. A score is never above the objectness, so most cells need no more."""
    rows, columns = maps.shape[1:]
    grid = maps.reshape(len(anchors), -1, rows, columns)
    anchor, row, column = np.nonzero(grid[:, 4] >= FLOAT32.type(least))
    numbers = grid[anchor, :, row, column]
    scores = sigmoid(numbers[:, 4, None]) * sigmoid(numbers[:, 5:])
    picked, labels = np.nonzero(scores > FLOAT32.type(threshold))
    numbers, anchor, row, column = (array[picked] for array in (numbers, anchor, row, column))
    places = np.empty((len(picked), 4))
    places[:, 0] = (sigmoid(numbers[:, 0]) + column) * (shape[1] / columns)
    places[:, 1] = (sigmoid(numbers[:, 1]) + row) * (shape[0] / rows)
    with np.errstate(over="ignore"):
        places[:, 2:] = np.exp(numbers[:, 2:4].astype(np.float64)) * anchors[anchor]
    return from_centres(places), scores[picked, labels], labels


def _anchor_sizes(function: str, anchors: Any) -> list[Array]:
    must = "a sequence of scales, each a sequence of pairs (width, height) of finite numbers > 0"
    if not isinstance(anchors, list | tuple) or not anchors:
        raise wrong_type(function, "anchors", must, anchors)
    found = []
    for position, scale in enumerate(anchors):
        if not isinstance(scale, list | tuple) or not scale:
            raise wrong_type(function, f"anchors[{position}]", must, scale)
        pair = Positives(2)
        found.append(
            np.stack([pair.check(function, f"anchors[{position}][{i}]", one) for i, one in enumerate(scale)])
        )
    return found


def _head_names(function: str, outputs: Outputs, heads: Any, count: int) -> list[str]:
    if not isinstance(outputs, Mapping):
        raise wrong_type(function, "outputs", "a mapping from names to arrays", outputs)
    must = f"{count} names, one for each scale of the anchors"
    names = list(outputs) if heads is None else heads
    if isinstance(names, str | bytes) or not isinstance(names, Sequence):
        raise wrong_type(function, "heads", must, heads)
    if len(names) != count:
        if heads is None:
            raise OutputMismatch(function, "outputs", must, tuple(map(str, names)))
        raise wrong_value(function, "heads", must, tuple(heads))
    if heads is not None and not all(isinstance(one, str) for one in names):
        raise wrong_type(function, "heads", must, heads)
    return list(names)
