"""Detectors whose sides are distributions: the raw heads of GFL, and of the YOLO family from version 8 on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Range
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Outputs
from ..stable import softmax
from .heads import CLASSES, COUNT, SHARE, Head, detections, greedy, least_logit, sigmoid

BINS = Range(low=2, integer=True)


def decode_dfl(
    outputs: Outputs,
    geometries: Geometries,
    *,
    heads: Sequence[str] | None = None,
    bins: Annotated[int, BINS] = 16,
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.25,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    candidates: Annotated[int, COUNT] = 30000,
    max_output: Annotated[int, COUNT] = 300,
) -> list[Detections]:
    """Turn raw heads trained by the distribution focal loss into detections.

    Parameters
    ----------
    outputs : mapping
        For each scale a tensor (B, 4 · bins + C, H, W), as the last convolutions give it: logits of the distances to
        the left, top, right and bottom side, ``bins`` each, then logits of C classes. Or two tensors for each scale,
        (B, 4 · bins, H, W) and (B, C, H, W).
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    heads : sequence of str, optional
        Names of the tensors, in any order; all outputs by default. Where C is ``4 · bins``, that of the sides comes
        before that of the classes.
    bins : int, default 16
        Distances that are told apart, 0, 1, … in strides; at least 2. YOLOv8, 9, 11 and 12 have 16, GFL has 17.
    classes : int, optional
        How many C must be; any number by default.
    score_threshold : float, default 0.25
        A score must be above it: 0 to 1.
    iou_threshold : float, default 0.45
        For the suppression within each class, 0 to 1.
    candidates : int, default 30000
        Boxes of an image that go on to the suppression, at most.
    max_output : int, default 300
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
        A tensor is missing, of another rank or size, or not finite: the name and what is wrong are told.

    Notes
    -----
    A distance is the mean of its distribution, ``d = Σ i softmax(logits)[i]`` in strides, in float64; the stride is
    the input's side by the map's. Sides lie that far from the middle of the cell, ``((column + 0.5) - d_left)
    stride`` and so on. The score is the sigmoid of the best class, of equal ones the first; no distribution is looked
    at but those of boxes above the threshold. Cost: one pass over the tensors.

    References
    ----------
    X. Li et al., Generalized focal loss: learning qualified and distributed bounding boxes for dense object detection,
    NeurIPS 2020, sections 3.1 and 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_dfl
    >>> head = np.full((1, 4 * 16 + 2, 4, 4), -30, np.float32)
    >>> head[0, [2, 16 + 1, 32 + 2, 48 + 1], 1, 2] = 30  # left and right 2 strides, top and bottom 1
    >>> head[0, 65, 1, 2] = 3
    >>> decode_dfl({"scale": head}, Geometry.stretched((64, 64), (32, 32)))[0].boxes
    array([[ 8.,  8., 64., 40.]], dtype=float32)
    """
    name = "decode_dfl"
    count = BINS.check(name, "bins", bins)
    wanted = CLASSES.check(name, "classes", classes)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    most = COUNT.check(name, "candidates", candidates)
    suppress = greedy(
        SHARE.check(name, "iou_threshold", iou_threshold), COUNT.check(name, "max_output", max_output)
    )
    named = _names(name, outputs, heads)
    scales = _scales(
        [Head(name, outputs, key, ("B", "4 · bins + C", "H", "W"), (), None) for key in named], count
    )
    first = scales[0][0]
    batch, number = len(first.array), scales[0][2].shape[1]
    for head, _, logits in scales:
        if logits.shape[1] != number or number < 1 or wanted not in (None, number):
            must = "C" if wanted is None and number < 1 else (wanted or number)
            head.refuse(f"of 4 · {count} channels and {must} classes", f"shape {head.array.shape}")
        if len(head.array) != batch:
            head.refuse(f"of the batch of the others, {batch}", f"shape {head.array.shape}")
    images = geometry_of_each(name, geometries, batch)
    least = FLOAT32.type(least_logit(threshold))
    found = []
    for row, image in enumerate(images):
        parts = [
            _above(sides[row], logits[row], image.input_shape, least, count) for _, sides, logits in scales
        ]
        boxes, best, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if len(best) > most:
            kept = np.sort(np.argsort(-best, kind="stable")[:most])
            boxes, best, labels = boxes[kept], best[kept], labels[kept]
        found.append(detections(boxes, sigmoid(best), labels, image, suppress))
    return found


def _above(
    sides: Array, logits: Array, shape: tuple[int, int], least: np.float32, bins: int
) -> tuple[Array, Array, Array]:
    """Boxes in the input, logits and classes of one scale of one image: of the cells whose best class counts."""
    rows, columns = logits.shape[1:]
    each = logits.reshape(len(logits), -1)
    best = each.max(axis=0)
    picked = np.flatnonzero(best >= least)
    chances = softmax(sides.reshape(4, bins, -1)[:, :, picked].astype(np.float64), 1)
    left, top, right, bottom = np.einsum("sbk,b->sk", chances, np.arange(bins, dtype=np.float64))
    y, x = (place + 0.5 for place in np.divmod(picked, columns))
    across, down = shape[1] / columns, shape[0] / rows
    boxes = np.column_stack(
        [(x - left) * across, (y - top) * down, (x + right) * across, (y + bottom) * down]
    )
    return boxes.astype(FLOAT32), best[picked], each[:, picked].argmax(axis=0)


def _scales(heads: list[Head], bins: int) -> list[tuple[Head, Array, Array]]:
    """Of each scale, the finest first, the tensor that is told of where it is wrong, its sides and its classes."""
    by_size: dict[tuple[int, int], list[Head]] = {}
    for head in heads:
        if 0 in head.array.shape[2:]:
            head.refuse("of at least one cell", f"shape {head.array.shape}")
        head.refuse_infinite()
        by_size.setdefault(head.array.shape[2:], []).append(head)
    scales = []
    for size in sorted(by_size, reverse=True):
        head, *others = by_size[size]
        if others and head.array.shape[1] != 4 * bins:
            head, others = others[0], [head, *others[1:]]
        if len(others) > 1:
            others[1].refuse("one of at most two of its height and width", f"shape {others[1].array.shape}")
        if head.array.shape[1] < 4 * bins or (others and head.array.shape[1] != 4 * bins):
            more = "" if others else " and those of classes"
            head.refuse(f"of 4 · {bins} channels{more}", f"shape {head.array.shape}")
        if others and len(others[0].array) != len(head.array):
            head.refuse(f"of the batch of the others, {len(others[0].array)}", f"shape {head.array.shape}")
        logits = others[0].array if others else head.array[:, 4 * bins :]
        scales.append((others[0] if others else head, head.array[:, : 4 * bins], logits))
    return scales


def _names(function: str, outputs: Any, heads: Any) -> list[str]:
    if not isinstance(outputs, Mapping):
        raise wrong_type(function, "outputs", "a mapping from names to arrays", outputs)
    if not outputs:
        raise OutputMismatch(function, "outputs", "at least one tensor", outputs)
    if heads is None:
        return list(outputs)
    must = "names of outputs, at least one and each once"
    if isinstance(heads, str | bytes) or not isinstance(heads, Sequence):
        raise wrong_type(function, "heads", must, heads)
    if not all(isinstance(one, str) for one in heads):
        raise wrong_type(function, "heads", must, heads)
    if not heads or len(set(heads)) != len(heads):
        raise wrong_value(function, "heads", must, tuple(heads))
    for one in heads:
        if one not in outputs:
            raise OutputMismatch(function, one, "among the outputs", Got(", ".join(map(str, outputs))))
    return list(heads)
