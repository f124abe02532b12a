"""What the decoders of dense heads share: which logits are worth a box, and from candidates to detections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, NoReturn

import numpy as np

from ..._core.box_arrays import INT64, check_boxes, packed
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, OrNone, Range
from ..._ext import dense_heads as kernels
from ...boxes import nms
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometry
from ..outputs import Keys, Outputs, name_among, tensor

SHARE = Range(low=0, high=1)
COUNT = Range(low=1, integer=True)
CLASSES = OrNone(COUNT)
CLASS = Range(low=0, integer=True)
SIDE = Range(low=0)
SEMANTICS = Choice(("paper", "torchvision"))


def sigmoid(logits: Array) -> Array:
    """1 / (1 + e^-x) as float32: computed in float64 and rounded once, so that it never falls while x grows."""
    with np.errstate(over="ignore"):
        values: Array = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return values.astype(FLOAT32)


@lru_cache(maxsize=64)
def least_logit(score_threshold: float) -> float:
    """The smallest float32 whose `sigmoid` is above a threshold, itself rounded to float32; infinite where none is.

    What is at least this logit is what ``sigmoid(logits) > score_threshold`` finds, bit for bit. Found by halving
    the range of float32, whose bits count up with their value; ln(t / (1 - t)) alone would be off by some units.
    """
    threshold = FLOAT32.type(score_threshold)

    def value(code: int) -> Array:
        return np.array([code if code >= 0 else -(2**31) - code], np.int32).view(FLOAT32)

    largest = int(np.array(np.finfo(FLOAT32).max, FLOAT32).view(np.int32))
    low, high = -largest - 1, largest  # codes of -FLT_MAX and FLT_MAX
    if not sigmoid(value(high))[0] > threshold:
        return float("inf")
    while low < high:
        middle = (low + high) // 2
        if sigmoid(value(middle))[0] > threshold:
            high = middle
        else:
            low = middle + 1
    return float(value(low)[0])


class Head:
    """One output of a network, by name, with the shape that was asked for; finite once it was looked through."""

    def __init__(
        self,
        function: str,
        outputs: Outputs,
        name: str,
        shape: tuple[int | str, ...],
        aliases: tuple[str, ...],
        keys: Keys,
    ) -> None:
        self.function, self.name = function, name_among(function, outputs, name, aliases, keys)
        self._asked: tuple[Any, ...] = (function, outputs, self.name, shape)
        self.array = tensor(*self._asked, finite=False)

    def refuse_infinite(self) -> None:
        """To be called where a kernel met a number that is not finite: says where."""
        tensor(*self._asked)

    def refuse(self, wanted: str, got: str) -> NoReturn:
        raise OutputMismatch(self.function, self.name, wanted, Got(got))

    def check_rows(self, count: int, of: str) -> None:
        if self.array.shape[1] != count:
            self.refuse(f"of shape (B, {count}, …), one row for each {of}", f"shape {self.array.shape}")

    def check_classes(self, classes: int | None, more: int = 0) -> int:
        """The columns, which stand for classes, where `classes` says how many."""
        found = int(self.array.shape[-1])
        if found - more < 1 or classes not in (None, found - more):
            wanted = "at least 1" if classes is None else f"{classes}"
            extra = f" and {more} other columns" if more else ""
            self.refuse(f"of {wanted} classes{extra}", f"shape {self.array.shape}")
        return found - more

    def check_background(self, background: Any) -> int:
        """The column that stands for no object: one of those there are, for else all would count as objects."""
        column: int = CLASS.check(self.function, "background", background)
        if column >= self.array.shape[-1]:
            must = f"an integer from 0 to {self.array.shape[-1] - 1}, the columns of {self.name}"
            raise wrong_value(self.function, "background", must, background)
        return column


def top_logits(head: Head, logits: Array, least: float, most: int) -> tuple[Array, Array]:
    """Flat indices and values of the best logits that are at least `least`, highest first, ties by lower index."""
    flat = logits.reshape(-1)
    room = min(most, flat.size)
    indices, values = np.empty(room, INT64), np.empty(room, FLOAT32)
    found = kernels.top(flat, least, indices, values)
    if found < 0:
        head.refuse_infinite()
    return indices[:found], values[:found]


def input_shape_of(function: str, geometries: Sequence[Geometry]) -> tuple[int, int]:
    """The one shape that all images of a batch have as input."""
    shapes = {geometry.input_shape for geometry in geometries}
    if len(shapes) > 1:
        got = Got(" and ".join(map(str, sorted(shapes))))
        raise wrong_value(function, "geometries", "of one input shape", got)
    return shapes.pop()


def level_anchors(function: str, anchors: Any) -> list[Array]:
    """Anchors that a user handed in, level by level, as float32."""
    must = "an (N, 4) array, or a sequence of such, one for each level"
    if isinstance(anchors, np.ndarray):
        return [check_boxes(function, anchors, argument="anchors").astype(FLOAT32, copy=False)]
    if not isinstance(anchors, Sequence) or isinstance(anchors, str) or not len(anchors):
        raise wrong_type(function, "anchors", must, anchors)
    return [
        check_boxes(function, level, argument=f"anchors[{i}]").astype(FLOAT32, copy=False)
        for i, level in enumerate(anchors)
    ]


def clipped(boxes: Array, geometry: Geometry) -> Array:
    """Boxes of the input, cut in place to where the image lies in it."""
    height, width = geometry.image_shape
    whole = np.array([[0.0, 0.0, width, height]])
    x1, y1, x2, y2 = geometry.boxes_to_input(whole)[0].astype(FLOAT32)
    boxes[:, 0::2] = boxes[:, 0::2].clip(x1, x2)
    boxes[:, 1::2] = boxes[:, 1::2].clip(y1, y2)
    return boxes


def with_area(boxes: Array, least: float = 0.0) -> Array:
    """Which have sides above 0, and of at least `least` pixels."""
    with np.errstate(over="ignore"):
        wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    side = FLOAT32.type(least)
    kept: Array = (wide >= side) & (high >= side) & (wide > 0) & (high > 0)
    return kept


def from_centres(centres: Array) -> Array:
    """x, y, w, h as x1, y1, x2, y2 in float32: computed in float64, ends beyond float32 at its last number."""
    wide = centres.astype(np.float64, copy=False)
    halves = wide[:, 2:] / 2
    boxes = np.concatenate([wide[:, :2] - halves, wide[:, :2] + halves], axis=1)
    largest = float(np.finfo(FLOAT32).max)
    return boxes.clip(-largest, largest).astype(FLOAT32)


Suppress = Callable[[Array, Array, Array], tuple[Array, Array]]
"""From boxes, scores and labels to the indices that stay, and their scores."""


def greedy(iou_threshold: float, most: int) -> Suppress:
    """NMS within each label."""

    def suppress(boxes: Array, scores: Array, labels: Array) -> tuple[Array, Array]:
        kept = nms(boxes, scores, iou_threshold, labels=labels, max_output=most)
        return kept, scores[kept]

    return suppress


def chosen(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, suppress: Suppress, *, empty: bool = False
) -> tuple[Detections, Array]:
    """Candidates, in pixels of the input, as detections in the image, and which candidate each was.

    ``boxes`` are overwritten. Those that the clip leaves without area stay where ``empty``.
    """
    boxes = clipped(boxes, geometry)
    own = np.arange(len(boxes)) if empty else np.flatnonzero(with_area(boxes))
    kept, new_scores = suppress(boxes[own], scores[own], labels[own])
    own = own[kept]
    return Detections(geometry.boxes_to_image(boxes[own]), new_scores, labels[own]), own


def detections(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, suppress: Suppress, *, empty: bool = False
) -> Detections:
    """The first of `chosen`."""
    return chosen(boxes, scores, labels, geometry, suppress, empty=empty)[0]


def join_levels(maps: Sequence[Array], columns: Annotated[int, COUNT]) -> Array:
    """Join the maps of a head's levels into one tensor with a row for each anchor.

    Parameters
    ----------
    maps : sequence of (B, A · columns, H, W) arrays of float32, float16 or float64
        What the head's convolution gives at each level: for each of A anchors its numbers, one after the other.
    columns : int
        Numbers for each anchor: classes, 4 for boxes, 1 for objectness or centredness.

    Returns
    -------
    (B, N, columns) array
        Rows in the order of the anchors: the anchor runs fastest, then the column, the row and the level.

    Raises
    ------
    TypeError, ValueError
        Not arrays of four axes, of one batch and dtype, or channels that ``columns`` does not divide.

    Notes
    -----
    ``(B, A · K, H, W) → (B, A, K, H, W) → (B, H, W, A, K) → (B, H · W · A, K)``: a copy that is as large as the maps.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import join_levels
    >>> join_levels([np.zeros((1, 18, 4, 4), np.float32), np.zeros((1, 18, 2, 2), np.float32)], 2).shape
    (1, 180, 2)
    """
    name = "join_levels"
    count = COUNT.check(name, "columns", columns)
    must = f"a sequence of float arrays of shape (B, A · {count}, H, W), of one batch and dtype"
    if isinstance(maps, np.ndarray) or not isinstance(maps, Sequence) or not len(maps):
        raise wrong_type(name, "maps", must, maps)
    for position, level in enumerate(maps):
        if not isinstance(level, np.ndarray) or level.dtype.kind != "f":
            raise wrong_type(name, f"maps[{position}]", must, level)
        same = level.ndim == 4 and level.shape[0] == maps[0].shape[0] and level.dtype == maps[0].dtype
        if not same or level.shape[1] % count:
            raise wrong_value(name, f"maps[{position}]", must, level)
    rows = []
    for level in maps:
        batch, channels, height, width = level.shape
        split = level.reshape(batch, channels // count, count, height, width).transpose(0, 3, 4, 1, 2)
        rows.append(split.reshape(batch, height * width * (channels // count), count))
    return packed(np.concatenate(rows, axis=1))
