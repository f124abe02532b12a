"""Instances from mask queries: the surest pairs of a query and a class, each with its mask."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from typing import Annotated, Any, NamedTuple

import numpy as np

from ..._core.box_arrays import INT64, packed
from ..._core.images import FLOAT32, Array
from ..._core.packed_masks import PackedMasks, as_packed, frozen_masks, word_offsets
from ..._core.parameters import Range
from ..._core.threads import run_bands
from ..._ext import paste as paste_kernels
from ..._ext import query_masks as kernels
from ...detections import Detections
from ..geometry import Geometries, Geometry
from ..outputs import Keys, Outputs, reads
from ..stable import sigmoid
from .mask_level import least_of_logits
from .query_masks import (
    PROBABILITY,
    QUERIES,
    RESAMPLE,
    SEMANTICS,
    SHARE,
    Queries,
    check_classes,
    read_queries,
)
from .sampling import Axis, resizing, sampling

COUNT = Range(low=1, integer=True)

# Nanoseconds for a word of 64 pixels, half of them in the mask.
_WORD_COST = 40.0


@reads(*QUERIES)
def decode_query_instances(
    outputs: Outputs,
    geometries: Geometries,
    *,
    thing_labels: Collection[int] | None = None,
    max_output: Annotated[int, COUNT] = 100,
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
    max_output : int, default 100
        How many pairs are chosen at most, by the probability of the class; at least 1.
    score_threshold : float, default 0
        Detections with a score of at least that are kept; 0 to 1.
    mask_threshold : float, default 0.5
        Pixels with at least that probability are in a mask; above 0, below 1.
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
    image by nearest neighbours; a pixel of exactly ``mask_threshold`` is not in it.

    No image of floats is made for a query: rows of samples are stretched once, and pairs of them mixed, compared and
    summed 64 pixels at a time; once more for those that are kept. Probabilities are of float32, and summed exactly in
    units of 2**-24. Memory beside the result is a bit for each pixel, but for copies of outputs that are not float32
    and what ``resample_to`` makes.

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
    max_output = COUNT.check(name, "max_output", max_output)
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    mask_threshold = PROBABILITY.check(name, "mask_threshold", mask_threshold)
    resample_to = RESAMPLE.check(name, "resample_to", resample_to)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    least: Any = FLOAT32.type(least_of_logits(mask_threshold))
    measure = _paper
    if semantics == "transformers":
        least, measure = np.nextafter(least, FLOAT32.type(np.inf)), _transformers
    return [
        _detections(
            queries, _surest(queries, max_output, things), least, resample_to, measure, score_threshold
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


class _Measured(NamedTuple):
    """Of the masks of some queries: pixels, means of their probabilities, and how to make those of a choice."""

    areas: Array
    means: Array
    masks: Callable[[Array], PackedMasks]


_Samples = Callable[[int], Array]
"""The ``(1, h, w)`` logits of one of the chosen queries."""


def _detections(
    queries: Queries,
    surest: tuple[Array, Array, Array],
    least: Array,
    resample_to: tuple[int, int] | None,
    measure: Callable[[_Samples, int, tuple[int, int], Array, Geometry], _Measured],
    score_threshold: float,
) -> Detections:
    query, label, chance = surest
    chosen, of_pair = np.unique(query, return_inverse=True)
    masks = queries.masks
    shape = masks.shape[1:] if resample_to is None else resample_to
    if resample_to is not None:
        down, across = (resizing(*lengths) for lengths in zip(masks.shape[1:], resample_to, strict=True))

    def samples(at: int) -> Array:
        one = masks[chosen[at]][None]
        return one if resample_to is None else packed(down @ one @ across.T)

    measured = measure(samples, len(chosen), shape, least, queries.geometry)
    scores = (chance * measured.means[of_pair]).astype(FLOAT32)
    kept = np.flatnonzero((measured.areas[of_pair] > 0) & (scores >= np.float32(score_threshold)))
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    found = measured.masks(of_pair[kept])
    return Detections(mask_boxes(found), scores[kept], label[kept], masks=found)


def _paper(
    samples: _Samples, count: int, shape: tuple[int, int], least: Array, geometry: Geometry
) -> _Measured:
    """Masks are measured one after the other, and made when it is known which are kept: memory is that of these."""
    down, across = sampling(geometry, shape)
    boxes, areas = np.zeros((count, 4), INT64), np.zeros(count, INT64)
    sums = np.zeros(count, np.uint64)
    # A sample below that makes no pixel reach the threshold, whatever interpolation rounds.
    reach = float(least - np.float32(1e-4) * abs(least))
    first = np.zeros(1, INT64)

    def write(values: Array, box: Array, words: Array, sums: Array | None) -> None:
        offsets = np.array([0, len(words)])
        kernels.bits(
            values,
            down.runs,
            down.weights,
            across.runs,
            across.weights,
            first,
            float(least),
            box,
            offsets,
            words,
            sums,
        )

    def measure(n0: int, n1: int) -> None:
        around = np.empty((1, 4), INT64)
        for at in range(n0, n1):
            values = samples(at)
            kernels.extents(values, first, reach, around)
            y0, y1, x0, x1 = around[0].tolist()
            y0, y1 = _pixels(down, y0, y1)
            x0, x1 = _pixels(across, x0, x1)
            if y0 < y1 and x0 < x1:
                around[0] = y0, y1, x0 >> 6, (x1 + 63) >> 6
                offsets = word_offsets(around)
                words = np.empty(offsets[1], np.uint64)
                write(values, around, words, sums[at : at + 1])
                paste_kernels.extents(words, offsets, around, boxes[at : at + 1], areas[at : at + 1], 0, 1)

    def masks(which: Array) -> PackedMasks:
        offsets = word_offsets(boxes[which])
        words = np.empty(offsets[-1], np.uint64)

        def band(n0: int, n1: int) -> None:
            for i in range(n0, n1):
                write(samples(which[i]), boxes[which[i : i + 1]], words[offsets[i] : offsets[i + 1]], None)

        run_bands(band, len(which), _WORD_COST / 4 * len(words))
        return frozen_masks((len(which), *geometry.image_shape), words, offsets, boxes[which], areas[which])

    height, width = geometry.image_shape
    run_bands(measure, count, _WORD_COST / 8 * count * height * (width / 64))
    return _Measured(areas, sums.astype(np.float64) / 2.0**24 / np.maximum(areas, 1), masks)


def _pixels(axis: Axis, first: int, last: int) -> tuple[int, int]:
    """The pixels that lie beside samples first to last - 1."""
    beside = axis.runs[(axis.runs[:, 0] >= first - 1) & (axis.runs[:, 0] < last)]
    if first >= last or not len(beside):
        return 0, 0
    return int(beside[:, 1].min()), int(beside[:, 2].max())


def _transformers(
    samples: _Samples, count: int, shape: tuple[int, int], least: Array, geometry: Geometry
) -> _Measured:
    areas, means = np.zeros(count, INT64), np.zeros(count)
    for at in range(count):
        logits = samples(at)
        inside = logits >= least
        areas[at] = inside.sum()
        if areas[at]:
            means[at] = sigmoid(logits[inside]).mean(dtype=np.float64)

    # By nearest neighbours, over the whole image.
    down, across = (
        np.minimum((np.arange(length) * np.float32(size / length)).astype(np.intp), size - 1)
        for length, size in zip(geometry.image_shape, shape, strict=True)
    )

    def stretched(at: int) -> Array:
        return np.ascontiguousarray((samples(at)[0] >= least)[down][:, across])[None]

    def masks(which: Array) -> PackedMasks:
        none = np.zeros((0, *geometry.image_shape), bool)
        return PackedMasks.concat(
            [
                as_packed("decode_query_instances", "masks", mask)
                for mask in chain([none], map(stretched, which))
            ]
        )

    return _Measured(areas, means, masks)


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
