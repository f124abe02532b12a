"""Panoptic quality: how well segments with classes are found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import FLOAT64, INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Range
from .._core.threads import run_bands
from .._ext import label_pairs as kernels
from .label_maps import LabelMap, check_label_maps, refuse_label

ID = Range(low=0, high=2**31 - 1, integer=True)
CLASS = Range(low=-(2**63), high=2**63 - 1, integer=True)

# Nanoseconds for a pixel, measured on real segments.
_COST = 0.5


@dataclass(frozen=True, eq=False)
class PanopticQuality:
    """Counts of matched and unmatched segments by class, and the qualities they give; results of images add up by +.

    Attributes
    ----------
    classes : (K,) array of int64
        Classes that occur in the truth or the prediction, in order.
    true_positives, false_positives, false_negatives : (K,) arrays of int64
        Matched pairs of segments, and predicted and true segments without a match.
    iou_sums : (K,) array of float64
        Sum of the IoU of the matched pairs.
    """

    classes: Array
    true_positives: Array
    false_positives: Array
    false_negatives: Array
    iou_sums: Array

    @cached_property
    def class_sq(self) -> Array:
        """Segmentation quality of each class: the mean IoU of its matched pairs, 0 without any."""
        return np.divide(
            self.iou_sums,
            self.true_positives,
            out=np.zeros(len(self.classes)),
            where=self.true_positives > 0,
        )

    @cached_property
    def class_rq(self) -> Array:
        """Recognition quality of each class: TP / (TP + FP / 2 + FN / 2); NaN for a class without counted segments."""
        return self._over_segments(self.true_positives)

    @cached_property
    def class_pq(self) -> Array:
        """Panoptic quality of each class: IoU sum / (TP + FP / 2 + FN / 2) = SQ · RQ; NaN as for RQ."""
        return self._over_segments(self.iou_sums)

    def _over_segments(self, part: Array) -> Array:
        whole = self.true_positives + 0.5 * self.false_positives + 0.5 * self.false_negatives
        quotient: Array = np.divide(part, whole, out=np.full(len(self.classes), np.nan), where=whole > 0)
        return quotient

    def _mean(self, values: Array) -> float:
        counted = values[~np.isnan(self.class_rq)]
        return float(counted.mean()) if len(counted) else float("nan")

    @property
    def pq(self) -> float:
        """Mean of ``class_pq`` over the classes with counted segments, NaN without any."""
        return self._mean(self.class_pq)

    @property
    def sq(self) -> float:
        """Mean of ``class_sq`` over the same classes."""
        return self._mean(self.class_sq)

    @property
    def rq(self) -> float:
        """Mean of ``class_rq`` over the same classes."""
        return self._mean(self.class_rq)

    def of(self, classes: Iterable[int]) -> PanopticQuality:
        """The same for some classes only, such as the things or the stuff."""
        return PanopticQuality(*(part[np.isin(self.classes, list(classes))] for part in self._parts()))

    def __add__(self, other: PanopticQuality) -> PanopticQuality:
        if not isinstance(other, PanopticQuality):
            return NotImplemented
        classes = np.union1d(self.classes, other.classes)
        parts = []
        for own, added in zip(self._parts()[1:], other._parts()[1:], strict=True):
            total = np.zeros(len(classes), own.dtype)
            total[np.searchsorted(classes, self.classes)] += own
            total[np.searchsorted(classes, other.classes)] += added
            parts.append(total)
        return PanopticQuality(classes, *parts)

    def __radd__(self, other: object) -> PanopticQuality:
        """For ``sum``, which begins with 0."""
        return self if other == 0 else NotImplemented

    def _parts(self) -> tuple[Array, ...]:
        return self.classes, self.true_positives, self.false_positives, self.false_negatives, self.iou_sums


@operation("metrics", takes="labels")
def panoptic_quality(
    pred: Array,
    truth: Array,
    pred_segments: Mapping[int, int],
    truth_segments: Mapping[int, int],
    *,
    crowd: Collection[int] = (),
    void: Annotated[int, ID] = 0,
) -> PanopticQuality:
    """Match predicted segments with true ones and give panoptic, segmentation and recognition quality.

    Parameters
    ----------
    pred : array of uint8, uint16, int32, uint32 or int64
        Id of the predicted segment of each pixel, 0 to 2**31 − 1; any number of axes, any strides.
    truth : array of uint8, uint16, int32, uint32 or int64
        Id of the true segment of each pixel; the same shape, its own dtype and its own ids.
    pred_segments : mapping of int to int
        Class of each predicted segment by its id.
    truth_segments : mapping of int to int
        Class of each true segment by its id.
    crowd : collection of int, default ()
        Ids of true segments that stand for many uncounted things.
    void : int, default 0
        Id, in both maps, of pixels of no segment.

    Returns
    -------
    PanopticQuality
        ``pq``, ``sq``, ``rq`` over all classes, ``class_pq``, ``class_sq``, ``class_rq`` by ``classes``, and the
        counts behind them. ``of(classes)`` restricts it (things, stuff); ``+`` joins images.

    Raises
    ------
    TypeError
        Wrong kind of array, table or id.
    ValueError
        Different shapes, no pixels, a negative or too large id (named by its position), an id that is in a map and
        not in its table or the other way round, or ``void`` in a table.

    Notes
    -----
    A predicted and a true segment of the same class match where their IoU exceeds 0.5, so that each has one match at
    most; the union leaves out what of the predicted segment lies on void pixels of the truth. Crowd segments are
    never matched and never missed. A predicted segment without a match is no false positive where more than half of it
    lies on void pixels and on crowd segments of its class. ``SQ = ΣIoU / TP``, ``RQ = TP / (TP + FP / 2 + FN / 2)``,
    ``PQ = SQ · RQ``; the overall values are means over classes with any of TP, FP and FN.

    These are the rules and the numbers of panopticapi. Where it remembers one crowd segment of each class, this adds
    up all of them; where it gives 0 for a class without segments, this gives NaN, which stays out of the means as
    there.

    Counts are exact, IoU is one float64 division. Cost: one pass over the pixels, fast inside segments, and one hash
    step at each of their edges; memory for the pairs of ids that occur, however large the ids.

    References
    ----------
    A. Kirillov, K. He, R. Girshick, C. Rother, P. Dollár, Panoptic segmentation, CVPR 2019, section 4.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> truth = np.array([[1, 1, 1, 1, 2, 2], [1, 1, 1, 1, 2, 2]], np.uint8)
    >>> pred = np.array([[7, 7, 7, 9, 9, 9], [7, 7, 7, 9, 9, 9]], np.uint8)
    >>> quality = imgproc.panoptic_quality(pred, truth, {7: 0, 9: 1}, {1: 0, 2: 1})
    >>> quality.class_pq.round(3), round(quality.pq, 3)
    (array([0.75 , 0.667]), 0.708)
    """
    predicted, true = check_label_maps("panoptic_quality", pred, truth)
    void = ID.check("panoptic_quality", "void", void)
    keys, shared = _pairs(predicted, true)
    true_ids, pred_ids = keys >> np.uint64(32), keys & np.uint64(2**32 - 1)
    own, own_class, own_of = _table("pred_segments", "pred", pred_segments, pred_ids, void)
    real, real_class, real_of = _table("truth_segments", "truth", truth_segments, true_ids, void)
    is_crowd = np.isin(real, _crowd_ids(crowd, real))

    # Segment -1 of each map is void.
    areas = np.zeros(len(own) + 1, INT64)
    np.add.at(areas, own_of, shared)
    true_areas = np.zeros(len(real) + 1, INT64)
    np.add.at(true_areas, real_of, shared)
    on_void = np.zeros(len(own) + 1, INT64)
    np.add.at(on_void, own_of[real_of < 0], shared[real_of < 0])

    inside = (own_of >= 0) & (real_of >= 0)
    o, r, both = own_of[inside], real_of[inside], shared[inside]
    same = own_class[o] == real_class[r]
    iou = both / (areas[o] + true_areas[r] - both - on_void[o])
    match = same & ~is_crowd[r] & (iou > 0.5)
    found, detected = np.zeros(len(real), bool), np.zeros(len(own), bool)
    found[r[match]] = True
    detected[o[match]] = True
    forgiven = on_void.copy()
    on_crowd = same & is_crowd[r]
    np.add.at(forgiven, o[on_crowd], both[on_crowd])
    false_positive = ~detected & ~(2 * forgiven[:-1] > areas[:-1])

    classes = np.union1d(own_class, real_class)

    def count(of: Array, weights: Array | None = None) -> Array:
        return np.bincount(np.searchsorted(classes, of), weights, len(classes))

    return PanopticQuality(
        classes,
        count(own_class[o[match]]),
        count(own_class[false_positive]),
        count(real_class[~found & ~is_crowd]),
        count(own_class[o[match]], iou[match]).astype(FLOAT64),
    )


def _pairs(predicted: LabelMap, true: LabelMap) -> tuple[Array, Array]:
    """Keys true id << 32 | predicted id that occur, in order, and the number of pixels of each."""
    maps = (true.bytes, true.kind, predicted.bytes, predicted.kind)

    def band(y0: int, y1: int) -> tuple[Array, Array]:
        row, keys, counts = kernels.pairs(*maps, y0, y1)
        if row < y1:
            for label_map in (true, predicted):
                must = "an id from 0 to 2147483647 in every pixel"
                refuse_label("panoptic_quality", label_map, row, _no_id, must)
        return np.frombuffer(keys, np.uint64), np.frombuffer(counts, INT64)

    bands = run_bands(band, len(true.bytes), true.array.size * _COST)
    keys, place = np.unique(np.concatenate([part for part, _ in bands]), return_inverse=True)
    counts = np.zeros(len(keys), INT64)
    np.add.at(counts, place, np.concatenate([part for _, part in bands]))
    return keys, counts


def _no_id(labels: Array) -> Any:
    return (labels < 0) | (labels > 2**31 - 1)


def _table(
    argument: str, map_name: str, segments: object, ids: Array, void: int
) -> tuple[Array, Array, Array]:
    """The ids of a table in order, their classes, and the place in it of each of ``ids``, -1 for void."""
    if not isinstance(segments, Mapping):
        raise wrong_type("panoptic_quality", argument, "a mapping of ids to classes", segments)
    known = _whole_numbers(f"each id in {argument}", list(segments), ID)
    classes = _whole_numbers(f"each class in {argument}", list(segments.values()), CLASS)
    order = np.argsort(known)
    known, classes = known[order], classes[order]
    if void in known:
        raise wrong_value("panoptic_quality", argument, f"a table without void, {void}", Got("one with it"))
    present = np.unique(ids).astype(INT64)
    missing = np.setdiff1d(present[present != void], known)
    if len(missing):
        must = f"a table of all ids in {map_name}"
        raise wrong_value("panoptic_quality", argument, must, Got(f"one without {missing[0]}"))
    absent = np.setdiff1d(known, present)
    if len(absent):
        must = f"a table of ids that are in {map_name}"
        raise wrong_value(
            "panoptic_quality", argument, must, Got(f"one with {absent[0]}, which has no pixel")
        )
    place = np.searchsorted(known, ids.astype(INT64))
    return known, classes, np.where(ids == void, -1, place)


def _whole_numbers(argument: str, values: list[Any], constraint: Range) -> Array:
    """As int64. Of plain integers only the least and the largest need a look."""
    try:
        numbers = np.array(values)
    except ValueError:  # sequences of different lengths among them
        numbers = np.array([], object)
    if numbers.dtype != INT64 or numbers.ndim != 1:
        return np.array([constraint.check("panoptic_quality", argument, value) for value in values], INT64)
    for number in (int(numbers.min()), int(numbers.max())):
        constraint.check("panoptic_quality", argument, number)
    return numbers


def _crowd_ids(crowd: object, known: Array) -> Array:
    must = "a collection of ids of true segments"
    if isinstance(crowd, str | bytes) or not isinstance(crowd, Collection):
        raise wrong_type("panoptic_quality", "crowd", must, crowd)
    ids = _whole_numbers("each id in crowd", list(crowd), ID)
    unknown = np.setdiff1d(ids, known)
    if len(unknown):
        raise wrong_value("panoptic_quality", "crowd", must, Got(f"{unknown[0]}, which truth_segments lacks"))
    return ids
