"""Instances from mask queries: the surest pairs of a query and a class, each with its mask."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import numpy as np

from ..._core.box_arrays import INT64
from ..._core.images import FLOAT32, Array
from ..._core.packed_masks import PackedMasks, as_packed, frozen_masks, word_offsets
from ..._core.parameters import Range
from ..._core.threads import run_bands
from ..._ext import paste as paste_kernels
from ..._ext import query_masks as kernels
from ...detections import Detections
from ..geometry import Geometries, Geometry
from ..outputs import Keys, Outputs
from ..stable import sigmoid
from .query_masks import (
    PROBABILITY,
    RESAMPLE,
    SEMANTICS,
    SHARE,
    Queries,
    check_classes,
    read_queries,
    whole_map,
)
from .sampling import Axis, resizing

COUNT = Range(low=1, integer=True)

# Nanoseconds for a word of 64 pixels, half of them in the mask.
_WORD_COST = 40.0


def decode_query_instances(
    outputs: Outputs,
    geometries: Geometries,
    *,
    thing_labels: Collection[int] | None = None,
    max_detections: Annotated[int, COUNT] = 100,
    score_threshold: Annotated[float, SHARE] = 0.0,
    mask_threshold: Annotated[float, PROBABILITY] = 0.5,
    resample_to: Annotated[tuple[int, int] | None, RESAMPLE] = None,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Detections]:
    """Make detections with masks of the surest pairs of a query and a class.

    Parameters
    ----------
    outputs : mapping of str to array
        ``class_queries_logits`` ``(B, Q, C + 1)``, the last class none of them, and ``masks_queries_logits``
        ``(B, Q, h, w)``; also found as ``logits`` and ``pred_masks``. Floats.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    thing_labels : collection of int, optional
        Classes of things, where the network has others as well; pairs of the others go once the surest are chosen.
    max_detections : int, default 100
        How many pairs are chosen at most, by the probability of the class; at least 1.
    score_threshold : float, default 0
        Detections with a score of at least that are kept; 0 to 1.
    mask_threshold : float, default 0.5
        Pixels with a greater probability are in a mask; above 0, below 1.
    resample_to : (int, int), optional
        Height and width to which masks are resized, before they are to the image. transformers has 384, 384 for
        Mask2Former, and the size of the input for EoMT.
    semantics : {"paper", "transformers"}, default "paper"
        Where masks become bits; see Notes.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of Detections
        For each image, highest score first, ties by query and class. ``masks`` are `PackedMasks`, ``boxes`` lie
        around their pixels. A query may stand for several classes; masks may overlap; none is empty.

    Raises
    ------
    OutputMismatch
        A tensor is missing, of another shape or no float array, or has a number that is not finite.
    TypeError, ValueError
        A parameter of the wrong kind or out of range, or another number of geometries than of images.

    Notes
    -----
    The score is the probability of the class times the mean, over the pixels of the mask, of the mask's probability 1
    / (1 + exp(-x)). "paper": x is interpolated linearly between samples to the pixels of the image, as the code of
    Mask2Former does it. "transformers": mask and score are those of the samples, and the mask is stretched over the
    image by nearest neighbours.

    No image of floats is made for a query: rows of samples are stretched once, and pairs of them mixed, compared and
    summed 64 pixels at a time. Probabilities are of float32, and summed exactly in units of 2**-24. Memory beside the
    result is a bit for each pixel about the masks, but for copies of outputs that are not float32.

    References
    ----------
    B. Cheng et al., Masked-attention mask transformer for universal image segmentation, CVPR 2022, and its code.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_query_instances
    >>> classes = np.array([[[9.0, 0, 0], [0, 9, 0]]], np.float32)
    >>> masks = np.array([[[[5.0, 5, -5, -5]], [[-5, -5, 5, 5]]]], np.float32)
    >>> outputs = {"class_queries_logits": classes, "masks_queries_logits": masks}
    >>> found = decode_query_instances(outputs, Geometry((1, 8), (1, 4), (1, 0.5)), score_threshold=0.5)[0]
    >>> found.boxes, found.labels
    (array([[0., 0., 4., 1.],
           [4., 0., 8., 1.]], dtype=float32), array([0, 1], dtype=int32))
    """
    name = "decode_query_instances"
    things = check_classes(name, "thing_labels", thing_labels)
    max_detections = COUNT.check(name, "max_detections", max_detections)
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    mask_threshold = PROBABILITY.check(name, "mask_threshold", mask_threshold)
    resample_to = RESAMPLE.check(name, "resample_to", resample_to)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    least = np.nextafter(
        FLOAT32.type(np.log(mask_threshold) - np.log1p(-mask_threshold)), FLOAT32.type(np.inf)
    )
    masks_of = _paper if semantics == "paper" else _transformers
    return [
        _detections(
            queries, _surest(queries, max_detections, things), least, resample_to, masks_of, score_threshold
        )
        for queries in read_queries(name, outputs, geometries, keys)
    ]


def _surest(queries: Queries, count: int, things: set[int] | None) -> tuple[Array, Array, Array]:
    """Queries, classes and probabilities of pairs, highest first, ties by query and class."""
    chances = queries.chances[:, :-1]
    order = np.argsort(-chances, axis=None, kind="stable")[:count]
    query, label = order // chances.shape[1], order % chances.shape[1]
    if things is not None:
        wanted = np.isin(label, list(things))
        query, label = query[wanted], label[wanted]
    return query, label, chances[query, label]


def _detections(
    queries: Queries,
    surest: tuple[Array, Array, Array],
    least: Array,
    resample_to: tuple[int, int] | None,
    masks_of: object,
    score_threshold: float,
) -> Detections:
    query, label, chance = surest
    chosen, of_pair = np.unique(query, return_inverse=True)
    samples = queries.masks
    if resample_to is not None:
        samples = resizing(samples.shape[1], resample_to[0]) @ samples[chosen]
        samples = np.ascontiguousarray(samples @ resizing(samples.shape[2], resample_to[1]).T)
    places = chosen if resample_to is None else np.arange(len(chosen))
    masks, means = masks_of(samples, places, least, queries.geometry)  # type: ignore[operator]
    scores = (chance * means[of_pair]).astype(FLOAT32)
    kept = np.flatnonzero((masks.areas[of_pair] > 0) & (scores >= np.float32(score_threshold)))
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    which = of_pair[kept]
    return Detections(mask_boxes(masks)[which], scores[kept], label[kept], masks=masks[which])


def _paper(samples: Array, chosen: Array, least: Array, geometry: Geometry) -> tuple[PackedMasks, Array]:
    """Masks of the chosen queries, and the means of their probabilities."""
    rows = whole_map(samples, geometry)
    n, shape = len(chosen), geometry.image_shape
    reach = np.empty((n, 4), INT64)
    # Wider than where a sample reaches it by what interpolation may round.
    kernels.extents(samples, chosen, float(least - np.float32(1e-4) * abs(least)), reach)
    around = np.zeros((n, 4), INT64)
    around[:, 0], around[:, 1] = _pixels(rows.down, reach[:, 0], reach[:, 1])
    around[:, 2], around[:, 3] = _pixels(rows.across, reach[:, 2], reach[:, 3])
    around[(around[:, 0] >= around[:, 1]) | (around[:, 2] >= around[:, 3])] = 0
    around[:, 2] >>= 6
    around[:, 3] = (around[:, 3] + 63) >> 6
    offsets = word_offsets(around)
    words, sums = np.empty(offsets[-1], np.uint64), np.zeros(n, np.uint64)
    needed, areas = np.empty_like(around), np.empty(n, INT64)

    def band(n0: int, n1: int) -> None:
        kernels.bits(
            rows.values,
            rows.down.runs,
            rows.down.weights,
            rows.across.runs,
            rows.across.weights,
            chosen,
            float(least),
            around,
            offsets,
            words,
            sums,
            n0,
            n1,
        )
        paste_kernels.extents(words, offsets, around, needed, areas, n0, n1)

    if len(words):
        run_bands(band, n, _WORD_COST * len(words))
    else:
        needed[:], areas[:] = 0, 0
    kept_offsets = word_offsets(needed)
    kept = np.empty(kept_offsets[-1], np.uint64)
    paste_kernels.crop(words, offsets, around, kept, kept_offsets, needed)
    means = sums.astype(np.float64) / 2.0**24 / np.maximum(areas, 1)
    return frozen_masks((n, *shape), kept, kept_offsets, needed, areas), means


def _pixels(axis: Axis, first: Array, last: Array) -> tuple[Array, Array]:
    """The pixels that lie beside samples first to last - 1."""
    runs = axis.runs
    start, stop = np.zeros(len(first), INT64), np.zeros(len(first), INT64)
    for at, (low, high) in enumerate(zip(first, last, strict=True)):
        beside = runs[(runs[:, 0] >= low - 1) & (runs[:, 0] < high)]
        if high > low and len(beside):
            start[at], stop[at] = beside[:, 1].min(), beside[:, 2].max()
    return start, stop


def _transformers(
    samples: Array, chosen: Array, least: Array, geometry: Geometry
) -> tuple[PackedMasks, Array]:
    down, across = (
        np.minimum((np.arange(length) * np.float32(size / length)).astype(np.intp), size - 1)
        for length, size in zip(geometry.image_shape, samples.shape[1:], strict=True)
    )
    masks, means = [], np.zeros(len(chosen))
    for at, query in enumerate(chosen):
        small = samples[query] >= least
        if small.any():
            means[at] = sigmoid(samples[query])[small].mean(dtype=np.float64)
        large = np.ascontiguousarray(small[down][:, across])
        masks.append(as_packed("decode_query_instances", "masks", large[None]))
    if not masks:
        masks.append(as_packed("decode_query_instances", "masks", np.zeros((0, *geometry.image_shape), bool)))
    return PackedMasks.concat(masks), means


def mask_boxes(masks: PackedMasks) -> Array:
    """``(N, 4)`` float32 boxes about the pixels of masks; zeros where there are none."""
    boxes = np.zeros((len(masks), 4), FLOAT32)
    for at, (y0, y1, w0, w1) in enumerate(masks.boxes.tolist()):
        if y1 > y0:
            words = masks.words[masks.offsets[at] : masks.offsets[at + 1]].reshape(y1 - y0, w1 - w0)
            some = np.bitwise_or.reduce(words, axis=0)
            first, last = int(some[0]), int(some[-1])
            left = 64 * w0 + (first & -first).bit_length() - 1
            boxes[at] = left, y0, 64 * (w1 - 1) + last.bit_length(), y1
    return boxes
