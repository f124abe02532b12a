"""The YOLO family from version 5 on: the one tensor that an exported model gives."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.box_arrays import INT64
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, Flag, Range
from ..._ext import dense_heads as kernels
from ...detections import Detections
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, reads
from .heads import (
    CLASSES,
    COUNT,
    SHARE,
    Head,
    chosen,
    from_centres,
    greedy,
    top_logits,
    with_area,
)

LAYOUT = Choice(("classes", "objectness", "end-to-end"))
FLAG = Flag()
MORE = Range(low=0, integer=True)
CANDIDATES = 30000
PREDICTIONS = ("predictions", ("output0", "output", "detections"))


@reads(PREDICTIONS[0])
def decode_yolo(
    outputs: Outputs,
    geometries: Geometries,
    *,
    layout: Annotated[str, LAYOUT] = "classes",
    classes: Annotated[int | None, CLASSES] = None,
    multi_label: Annotated[bool, FLAG] = False,
    score_threshold: Annotated[float, SHARE] = 0.25,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    candidates: Annotated[int, COUNT] = CANDIDATES,
    max_output: Annotated[int, COUNT] = 300,
    keys: Keys = None,
) -> list[Detections]:
    """Turn the one tensor of an exported YOLO, version 5 and later, into detections.

    Parameters
    ----------
    outputs : mapping
        ``predictions``, of one of the layouts below; ``output0`` and ``output`` are also known.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    layout : {"classes", "objectness", "end-to-end"}, default "classes"
        ``"classes"``: (B, 4 + C, N), rows x, y, w, h in pixels of the input, then the probability of each class
        (versions 8, 9, 11, 12). ``"objectness"``: (B, N, 5 + C), columns x, y, w, h, objectness and classes (versions
        5 and 7). ``"end-to-end"``: (B, N, 6), columns x1, y1, x2, y2, score and class, which need no suppression
        (version 10 and exports with one built in).
    classes : int, optional
        How many C must be; any number by default. It is needed where there are more classes than boxes.
    multi_label : bool, default False
        Whether a box may stand for every class above the threshold, or for the best alone.
    score_threshold : float, default 0.25
        A score must be above it: 0 to 1.
    iou_threshold : float, default 0.45
        For the suppression within each class, 0 to 1.
    candidates : int, default 30000
        Boxes of an image that go on to the suppression, at most.
    max_output : int, default 300
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
        The tensor is missing, of another rank or size, not finite, or its scores are above 1, which logits or boxes in
        another layout are: the name and what is wrong are told.

    Notes
    -----
    No layout is guessed from a shape: (N, 6) is also what one class with objectness gives. A score is the
    probability, or ``objectness · probability`` in float32; of equal classes the first is the best. Cost: one pass
    over the scores.

    References
    ----------
    No paper; the layouts are those of the files that are exchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolo
    >>> tensor = np.zeros((1, 4 + 3, 21), np.float32)
    >>> tensor[0, :, 5] = 40, 20, 16, 8, 0.1, 0.9, 0.3
    >>> decode_yolo({"output0": tensor}, Geometry.stretched((128, 128), (64, 64)))[0].boxes
    array([[64., 32., 96., 48.]], dtype=float32)
    """
    found = read_exported(
        "decode_yolo",
        outputs,
        geometries,
        0,
        layout=layout,
        classes=classes,
        multi_label=multi_label,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        candidates=candidates,
        max_output=max_output,
        keys=keys,
    )
    return [one for one, _ in found]


@reads(PREDICTIONS[0])
def decode_yolo_extras(
    outputs: Outputs,
    geometries: Geometries,
    extras: Annotated[int, MORE],
    *,
    layout: Annotated[str, LAYOUT] = "classes",
    classes: Annotated[int | None, CLASSES] = None,
    multi_label: Annotated[bool, FLAG] = False,
    score_threshold: Annotated[float, SHARE] = 0.25,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    candidates: Annotated[int, COUNT] = CANDIDATES,
    max_output: Annotated[int, COUNT] = 300,
    keys: Keys = None,
) -> list[tuple[Detections, Array]]:
    """Turn the tensor of an exported YOLO that gives more than boxes into detections and the rest.

    Parameters
    ----------
    outputs : mapping
        As for `decode_yolo`, with ``extras`` numbers after the last class, or after the sixth column of
        ``"end-to-end"``.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    extras : int
        How many: 32 coefficients of mask prototypes, three for each keypoint, an angle, …; 0 or more.
    layout, classes, multi_label, score_threshold, iou_threshold, candidates, max_output, keys
        As for `decode_yolo`.

    Returns
    -------
    list of (Detections, (K, extras) array of float32)
        For each image the detections, best first, and the numbers of each as the network gave them: where they are
        places, these are of the model's input.

    Raises
    ------
    TypeError, ValueError, OutputMismatch
        As for `decode_yolo`.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolo_extras
    >>> tensor = np.zeros((1, 4 + 1 + 2, 21), np.float32)
    >>> tensor[0, :, 5] = 40, 20, 16, 8, 0.75, -3, 5
    >>> found, numbers = decode_yolo_extras({"output0": tensor}, Geometry((64, 64), (64, 64)), 2)[0]
    >>> numbers
    array([[-3.,  5.]], dtype=float32)
    """
    name = "decode_yolo_extras"
    return read_exported(
        name,
        outputs,
        geometries,
        MORE.check(name, "extras", extras),
        layout=layout,
        classes=classes,
        multi_label=multi_label,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        candidates=candidates,
        max_output=max_output,
        keys=keys,
    )


def read_exported(
    name: str,
    outputs: Outputs,
    geometries: Geometries,
    extras: int,
    *,
    layout: str,
    classes: int | None,
    multi_label: bool,
    score_threshold: float,
    iou_threshold: float,
    candidates: int,
    max_output: int,
    keys: Keys,
) -> list[tuple[Detections, Array]]:
    """`decode_yolo_extras` for a caller of its own name."""
    words = LAYOUT.check(name, "layout", layout)
    wanted = CLASSES.check(name, "classes", classes)
    several = FLAG.check(name, "multi_label", multi_label)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    most = COUNT.check(name, "candidates", candidates)
    overlap = SHARE.check(name, "iou_threshold", iou_threshold)
    count = COUNT.check(name, "max_output", max_output)
    shapes: dict[str, tuple[int | str, ...]] = {
        "classes": ("B", "4 + C", "N"),
        "objectness": ("B", "N", "5 + C"),
        "end-to-end": ("B", "N", 6 + extras),
    }
    head = Head(name, outputs, PREDICTIONS[0], shapes[words], PREDICTIONS[1], keys)
    images = geometry_of_each(name, geometries, len(head.array))
    if words == "end-to-end":
        head.refuse_infinite()
        return [
            _finished(head, rows, image, wanted, threshold, count)
            for rows, image in zip(head.array, images, strict=True)
        ]
    number = _class_count(head, words, wanted, extras)
    suppress = greedy(overlap, count)
    found = []
    for own, image in zip(head.array, images, strict=True):
        if words == "classes":
            picked, scores, labels = _of_columns(head, own[4 : 4 + number], several, threshold, most)
        else:
            picked, scores, labels = _of_rows(head, own, number, several, threshold)
        _check_probabilities(head, scores)
        if len(scores) > most:
            best = np.sort(np.argsort(-scores, kind="stable")[:most])
            picked, scores, labels = picked[best], scores[best], labels[best]
        numbers = own[:, picked].T if words == "classes" else own[picked]
        if not np.isfinite(numbers).all():
            head.refuse_infinite()
        boxes = from_centres(numbers[:, :4])
        one, kept = chosen(boxes, scores, labels, image, suppress)
        found.append((one, np.ascontiguousarray(numbers[kept, numbers.shape[1] - extras :])))
    return found


def _class_count(head: Head, layout: str, classes: int | None, extras: int) -> int:
    before = 4 if layout == "classes" else 5
    columns, boxes = head.array.shape[1:] if layout == "classes" else head.array.shape[:0:-1]
    found = int(columns) - before - extras
    if found < 1 or classes not in (None, found) or (classes is None and boxes and found > boxes):
        wanted = f"of {before} numbers, {'at least 1' if classes is None else classes} classes"
        wanted += f" and {extras} more" if extras else ""
        hint = "; classes= says how many where there are more than boxes" if classes is None else ""
        head.refuse(f'{wanted} for each box in layout "{layout}"{hint}', f"shape {head.array.shape}")
    return found


def _check_probabilities(head: Head, scores: Array) -> None:
    if len(scores) and scores.max() > 1.0:
        head.refuse("of scores from 0 to 1: no logits, and no other layout", f"a score of {scores.max():g}")


def _of_columns(
    head: Head, scores: Array, several: bool, threshold: float, most: int
) -> tuple[Array, Array, Array]:
    limit = FLOAT32.type(threshold)
    boxes = scores.shape[1]
    if several:
        places, values = top_logits(head, scores, float(np.nextafter(limit, FLOAT32.type(2))), most)
        labels, picked = np.divmod(places, max(boxes, 1))
        return picked, values, labels
    picked, labels = np.empty((2, boxes), INT64)
    values = np.empty(boxes, FLOAT32)
    found = kernels.best_of_columns(scores, limit, picked, values, labels)
    if found < 0:
        head.refuse_infinite()
        # Finite, but beyond what sums of four can hold.
        head.refuse("of scores from 0 to 1: no logits, and no other layout", f"a score of {scores.max():g}")
    return picked[:found], values[:found], labels[:found]


def _of_rows(
    head: Head, rows: Array, classes: int, several: bool, threshold: float
) -> tuple[Array, Array, Array]:
    limit = FLOAT32.type(threshold)
    if several:
        head.refuse_infinite()
        near = np.flatnonzero(rows[:, 4] > limit)
        with np.errstate(over="ignore"):
            scores = rows[near, 4, None] * rows[near, 5:]
        own, labels = np.nonzero(scores > limit)
        return near[own], scores[own, labels], labels
    picked, labels = np.empty((2, len(rows)), INT64)
    values = np.empty(len(rows), FLOAT32)
    found = kernels.best_of_rows(rows, classes, limit, picked, values, labels)
    if found < 0:
        head.refuse_infinite()
    return picked[:found], values[:found], labels[:found]


def _finished(
    head: Head, rows: Array, image: Geometry, classes: int | None, threshold: float, most: int
) -> tuple[Detections, Array]:
    rows = rows[rows[:, 4] > FLOAT32.type(threshold)]
    _check_probabilities(head, rows[:, 4])
    kinds = np.rint(rows[:, 5])
    wrong = (kinds != rows[:, 5]) | (kinds < 0) | (kinds >= min(classes or 2**24, 2**24))
    if wrong.any():
        must = "of whole classes >= 0" if classes is None else f"of whole classes from 0 to {classes - 1}"
        head.refuse(must, f"{rows[np.argmax(wrong), 5]:g}")

    def best(boxes: Array, scores: Array, labels: Array) -> tuple[Array, Array]:
        order = np.argsort(-scores, kind="stable")[:most]
        return order, scores[order]

    rows = rows[with_area(rows[:, :4])]
    one, kept = chosen(rows[:, :4].copy(), rows[:, 4], rows[:, 5].astype(INT64), image, best)
    return one, rows[kept, 6:]
