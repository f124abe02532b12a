"""What networks with mask queries give, and the winners among the queries at each pixel of an image."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.errors import Got, wrong_type
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, OrNone, Range
from ..._core.threads import run_bands
from ..._ext import query_masks as kernels
from ..errors import OutputMismatch
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, tensor
from ..stable import softmax
from .mask_level import least_of_logits
from .sampling import Axis, parts, resizing, sampling

SEMANTICS = Choice(("paper", "transformers"))
SHARE = Range(low=0, high=1)
PROBABILITY = Range(above=0, below=1)
RESAMPLE = OrNone(Shape())
QUERIES = ("class_queries_logits", "masks_queries_logits")

# Bytes of masks that are resized, or of probabilities, at a time.
_PART_BYTES = 16 << 20

# Nanoseconds for a pixel of the image, and for a sample of a mask: only an estimate for the choice of threads.
_PIXEL_COST = 3.0
_SAMPLE_COST = 2.0


class Queries(NamedTuple):
    """Of one image: the probabilities ``(Q, C + 1)`` of classes in float64, the last of none of them, and the masks'
    logits ``(Q, h, w)``."""

    chances: Array
    masks: Array
    geometry: Geometry


def read_queries(function: str, outputs: Outputs, geometries: Geometries, keys: Keys) -> list[Queries]:
    of_classes, of_masks = QUERIES
    classes = tensor(function, outputs, of_classes, ("B", "Q", "C"), aliases=("logits",), keys=keys)
    if classes.shape[2] < 2:
        wanted = "of shape (B, Q, C + 1) with C >= 1, the last class none"
        raise OutputMismatch(function, of_classes, wanted, Got(f"shape {classes.shape}"))
    masks = tensor(
        function,
        outputs,
        of_masks,
        (*classes.shape[:2], "h", "w"),
        aliases=("pred_masks",),
        keys=keys,
    )
    if 0 in masks.shape[2:]:
        wanted = "at least one sample large"
        raise OutputMismatch(function, of_masks, wanted, Got(f"shape {masks.shape}"))
    each = geometry_of_each(function, geometries, len(classes))
    chances = softmax(classes.astype(np.float64), axis=2)
    return [Queries(*of_one) for of_one in zip(chances, masks, each, strict=True)]


def check_classes(function: str, argument: str, labels: object) -> set[int] | None:
    """A collection of classes, or None."""
    must = "None or a collection of integers"
    if labels is None:
        return None
    flat = not isinstance(labels, np.ndarray) or labels.ndim == 1
    if isinstance(labels, str | bytes) or not isinstance(labels, Collection) or not flat:
        raise wrong_type(function, argument, must, labels)
    for label in labels:
        if not isinstance(label, int | np.integer) or isinstance(label, bool):
            raise wrong_type(function, argument, must, labels)
    return {int(label) for label in labels}


class Rows(NamedTuple):
    """Samples of some rows of a map, and the pixels of the image that lie between them."""

    values: Array
    down: Axis
    across: Axis


def whole_map(masks: Array, geometry: Geometry, *, stretched: bool = False) -> Rows:
    """Masks as they are, none copied; ``stretched`` over the image, whatever the geometry."""
    down, across = sampling(geometry, masks.shape[1:], stretched=stretched)
    return Rows(masks, down, across)


def map_parts(
    masks: Array,
    geometry: Geometry,
    resample_to: tuple[int, int] | None,
    *,
    stretched: bool = False,
    more: int = 0,
) -> Iterator[Rows]:
    """Masks by parts of their rows, resized before where wished; ``more``: maps as large that the caller makes."""
    shape = masks.shape[1:] if resample_to is None else resample_to
    down, across = sampling(geometry, shape, stretched=stretched)
    if not len(across.runs):
        return
    maps = max(len(masks) + more, 1)
    most = max(2, _PART_BYTES // (4 * maps * max(shape[1], masks.shape[2])))
    for part in parts(down, most):
        if resample_to is None:
            yield Rows(masks[:, part.first : part.last], part.axis, across)
            continue
        rows = resizing(masks.shape[1], shape[0])[part.first : part.last]
        yield Rows(rows @ masks @ resizing(masks.shape[2], shape[1]).T, part.axis, across)


def new_codes(rows: Rows) -> Array:
    """A map of the image, -1 where no sample reaches."""
    shape = (len(rows.down.weights), len(rows.across.weights))
    if rows.down.covers_all and rows.across.covers_all:
        return np.empty(shape, np.int32)
    return np.full(shape, -1, np.int32)


def logit_rules(chances: Array, threshold: float) -> Array:
    """Masks' probabilities of interpolated logits; a pixel is in a mask where its probability reaches the threshold."""
    least = least_of_logits(threshold)
    cost = 1 / chances
    rules = np.empty((len(chances), 5), FLOAT32)
    rules[:, 0] = rules[:, 1] = cost
    rules[:, 2] = cost + cost * np.exp(-np.clip(least, -60, 60))
    rules[:, 3], rules[:, 4] = 1, least
    return rules


def chance_rules(chances: Array, threshold: float) -> Array:
    """Interpolated probabilities; a pixel is in a mask where that times the query's own reaches the threshold."""
    rules = np.zeros((len(chances), 5), FLOAT32)
    rules[:, 1], rules[:, 2], rules[:, 3], rules[:, 4] = -chances, -threshold, chances, threshold
    return rules


def win_pixels(rows: Rows, chosen: Array, rules: Array, kind: str, codes: Array) -> Any:
    """Codes of the pixels between those rows of samples, and how many each query won, as the kernel tells them."""

    def band(n0: int, n1: int) -> Array:
        counts = np.zeros((len(chosen), 3), np.int64)
        kernels.merge(
            rows.values,
            rows.down.runs,
            rows.down.weights,
            rows.across.runs,
            rows.across.weights,
            chosen,
            rules,
            kernels.KINDS[kind],
            codes,
            counts,
            n0,
            n1,
        )
        return counts

    if not len(rows.down.runs) or not len(rows.across.runs):
        return np.zeros((len(chosen), 3), np.int64)
    samples = len(chosen) * len(rows.down.runs) * rows.values.shape[2]
    cost = _PIXEL_COST * codes.size + _SAMPLE_COST * samples
    return sum(run_bands(band, len(rows.down.runs), cost))


def recode(codes: Array, table: Array, outside: int) -> None:
    """Codes by a table, in place, and what to write where no sample reaches."""
    run_bands(lambda y0, y1: kernels.recode(codes, table, outside, y0, y1), len(codes), 0.5 * codes.size)
