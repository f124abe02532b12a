"""COCO's evaluation: average precision and recall over IoU thresholds, classes, object sizes and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .._ext import coco as _kernels
from .coco_entries import IOU_TYPE, CocoDetections, CocoTruth, Source, read_detections, read_truth
from .matching import CLOSEST

# As linspace gives them: 0.01 · k is another double for some.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0, 1, 101)
MAX_DETECTIONS = (1, 10, 100)
AREA_NAMES = ("all", "small", "medium", "large")
AREA_RANGES = np.array([(0, 1e5**2), (0, 32**2), (32**2, 96**2), (96**2, 1e5**2)], np.float64)

_LIMIT = Range(low=1, high=2**31, integer=True)

# Words of 64 lanes hold so many thresholds with four area ranges.
_THRESHOLDS_AT_ONCE = 64 // len(AREA_NAMES)


@dataclass(frozen=True)
class CocoScores:
    """Result of `coco_evaluate`. A number is -1 where there is no truth to find.

    Attributes
    ----------
    AP, AP50, AP75 : float
        Average precision: mean over the thresholds, at IoU 0.5 and at 0.75.
    APs, APm, APl : float
        The mean for objects of less than 32² square pixels, 32² to 96², and more.
    AR1, AR10, AR100 : float
        Average recall with at most 1, 10 and 100 detections per image and class (or the limits asked for).
    ARs, ARm, ARl : float
        With the largest limit, for small, medium and large objects.
    iou_type : str
        ``"bbox"`` or ``"segm"``.
    iou_thresholds : (T,) float64 array
    recall_points : (R,) float64 array
        0, 0.01, … 1.
    class_ids : tuple, K long
        Category ids, ascending; ``class_names`` beside them.
    area_names : tuple of str, A long
    max_detections : tuple of int, M long
    precision : (T, R, K, A, M) float64 array
        Largest precision at the recall point or beyond, 0 where that recall is not reached.
    recall : (T, K, A, M) float64 array
        Recall of all detections.
    scores : (T, R, K, A, M) float64 array
        Score at which the recall point is reached.
    """

    AP: float
    AP50: float
    AP75: float
    APs: float
    APm: float
    APl: float
    AR1: float
    AR10: float
    AR100: float
    ARs: float
    ARm: float
    ARl: float
    iou_type: str
    class_ids: tuple[Any, ...] = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    iou_thresholds: Array = field(repr=False, compare=False)
    recall_points: Array = field(repr=False, compare=False)
    area_names: tuple[str, ...] = field(repr=False)
    max_detections: tuple[int, ...] = field(repr=False)
    precision: Array = field(repr=False, compare=False)
    recall: Array = field(repr=False, compare=False)
    scores: Array = field(repr=False, compare=False)

    @property
    def stats(self) -> dict[str, float]:
        """The twelve numbers by name, in COCO's order."""
        return {name: getattr(self, name) for name in STATS}

    def summary(self) -> str:
        """The twelve lines that COCO's tools print."""
        first, last = self.iou_thresholds[0], self.iou_thresholds[-1]
        lines = []
        for name, (kind, threshold, area, limit) in STATS.items():
            title = "Average Precision  (AP)" if kind == "AP" else "Average Recall     (AR)"
            iou = f"{first:.2f}:{last:.2f}" if threshold is None else f"{threshold:.2f}"
            most = self.max_detections[limit]
            value = getattr(self, name)
            lines.append(f" {title} @[ IoU={iou:<9} | area={area:>6s} | maxDets={most:>3d} ] = {value:0.3f}")
        return "\n".join(lines)

    def per_class(self) -> list[dict[str, Any]]:
        """Id, name and twelve numbers of each class, in the order of the ids."""
        found = []
        for k, (identity, name) in enumerate(zip(self.class_ids, self.class_names, strict=True)):
            numbers = _stats(self.precision[:, :, k : k + 1], self.recall[:, k : k + 1], self.iou_thresholds)
            found.append({"id": identity, "name": name, **numbers})
        return found

    def class_table(self) -> str:
        """AP, AP50, AP75, by size and AR of each class as text, one line for each."""
        shown = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100")
        names = [f"AR{self.max_detections[-1]}" if name == "AR100" else name for name in shown]
        rows = self.per_class()
        width = max([len("class"), *(len(row["name"]) for row in rows)])
        lines = [f"{'class':<{width}}" + "".join(f"{name:>8}" for name in names)]
        for row in rows:
            lines.append(f"{row['name']:<{width}}" + "".join(f"{row[name]:8.3f}" for name in shown))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: the numbers, the settings and the numbers of each class; the curves are left out."""
        return {
            "iou_type": self.iou_type,
            "iou_thresholds": self.iou_thresholds.tolist(),
            "max_detections": list(self.max_detections),
            "stats": self.stats,
            "per_class": self.per_class(),
        }


# Kind, IoU threshold (None: all), area range and index of the limit.
STATS: dict[str, tuple[str, float | None, str, int]] = {
    "AP": ("AP", None, "all", 2),
    "AP50": ("AP", 0.5, "all", 2),
    "AP75": ("AP", 0.75, "all", 2),
    "APs": ("AP", None, "small", 2),
    "APm": ("AP", None, "medium", 2),
    "APl": ("AP", None, "large", 2),
    "AR1": ("AR", None, "all", 0),
    "AR10": ("AR", None, "all", 1),
    "AR100": ("AR", None, "all", 2),
    "ARs": ("AR", None, "small", 2),
    "ARm": ("AR", None, "medium", 2),
    "ARl": ("AR", None, "large", 2),
}


def coco_evaluate(
    detections: Source | Sequence[Mapping[str, Any]] | CocoDetections,
    ground_truth: Source | CocoTruth,
    *,
    iou_type: Annotated[str, IOU_TYPE] = "bbox",
    iou_thresholds: Sequence[float] | Array | None = None,
    max_detections: Sequence[int] = MAX_DETECTIONS,
) -> CocoScores:
    """Evaluate detections as COCO does: the twelve numbers, the same per class, and the curves.

    Parameters
    ----------
    detections : path, sequence of dict, mapping from image id to Detections, or CocoDetections
        A JSON file of COCO's results format or its content: a list of ``{"image_id", "category_id", "score"}`` with
        ``"bbox"`` (x, y, width, height in pixels) or ``"segmentation"`` (run lengths, compressed or not, or
        polygons). Labels of `Detections` are category ids.
        `CocoDetections.load` reads any of these once for many evaluations.
    ground_truth : path, dict, mapping from image id to Detections, or CocoTruth
        A JSON file of COCO's format or its content: ``images`` with ``id`` (and ``height``, ``width`` for masks),
        ``categories`` with ``id`` and, if they have one, ``name``, ``annotations`` with ``image_id``, ``category_id``,
        ``area``, ``bbox`` or ``segmentation`` and, if they have them, ``iscrowd`` and ``ignore``. The classes of
        `Detections` are the labels that occur, areas those of the boxes, or of the masks for ``"segm"``.
        `CocoTruth.load` reads any of these once for many evaluations.
    iou_type : {"bbox", "segm"}, optional
        Whether boxes or masks are compared.
    iou_thresholds : sequence of float, optional
        From 0 to 1; 0.5, 0.55, … 0.95 by default.
    max_detections : three rising integers, optional
        How many detections of an image and class count, highest scores first.

    Returns
    -------
    CocoScores

    Raises
    ------
    TypeError
        An argument is of the wrong kind.
    ValueError
        A parameter or an entry is wrong: a key is missing, a value of the wrong kind, not finite or out of range, an
        image or category unknown, a run length inconsistent with its image. The sentence names the entry and field,
        and the file. Detections of categories that the truth does not list are left out, as in COCO's own program.
    OSError
        A file cannot be read.

    Notes
    -----
    For each class, IoU threshold, area range and limit: detections in falling order of score, each matched as in
    `match_detections` (COCO's rule); crowds, truths with ``ignore`` and truths out of the area range do not count,
    nor do detections matched with such, nor unmatched ones out of the range. Precision is tp / (tp + fp), made
    non-increasing from the right and read at the 101 points of recall; AP is its mean. Equal to pycocotools 2.0 to
    rounding of the means, all ties included: equal scores go by image id, then by order of input. For ``"segm"`` the
    area of a detection is its mask's, but the box's where the entry has a ``bbox`` as well: so it is there.

    Deliberate differences from pycocotools: an annotation with id 0 can be matched (there it is taken for "no
    match", and a perfect detection counts as false); ``ignore`` of an annotation is honoured (there it is overwritten
    by ``iscrowd``); ``iscrowd`` may be missing; ids of annotations are not used and may be missing or repeated; nothing
    handed in is modified, and no state is left for a second evaluation to depend on; truth that names
    unlisted images or categories is refused, not dropped; masks of another size than the image are refused, not
    taken for disjoint ones; AP is that of the largest limit, whatever it is; no detections at all are an ordinary case.

    One sweep over the detections of each class by falling score matches and counts them at all thresholds and
    area ranges at once, as bits of a word. Time O(N log N) for N detections with few truths per image and class,
    memory O(N) beside the curves.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: common objects in context, ECCV 2014; detection evaluation,
    https://cocodataset.org/#detection-eval.

    Examples
    --------
    >>> import imgproc
    >>> truth = {
    ...     "images": [{"id": 1}],
    ...     "categories": [{"id": 7, "name": "cat"}],
    ...     "annotations": [
    ...         {"image_id": 1, "category_id": 7, "bbox": [10, 10, 50, 50], "area": 2500, "iscrowd": 0}
    ...     ],
    ... }
    >>> found = [{"image_id": 1, "category_id": 7, "bbox": [10, 10, 50, 40], "score": 0.9}]
    >>> round(imgproc.coco_evaluate(found, truth).AP, 3)
    0.7
    """
    name = "coco_evaluate"
    iou_type = IOU_TYPE.check(name, "iou_type", iou_type)
    thresholds = IOU_THRESHOLDS if iou_thresholds is None else _check_thresholds(name, iou_thresholds)
    limits = _check_limits(name, max_detections)
    truth = read_truth(name, ground_truth, iou_type)
    found = read_detections(name, detections, truth)
    parts = []
    for first in range(0, len(thresholds), _THRESHOLDS_AT_ONCE):
        some = np.minimum(thresholds[first : first + _THRESHOLDS_AT_ONCE], CLOSEST)
        curves = (len(truth.class_ids), len(AREA_NAMES), len(limits), len(some))
        precision, scores = np.empty((*curves, len(RECALL_POINTS))), np.empty((*curves, len(RECALL_POINTS)))
        recall = np.empty(curves)
        _kernels.evaluate(
            found.items.columns(),
            truth.items.columns(),
            found.scores,
            truth.crowd,
            truth.ignored,
            len(truth.image_ids),
            some,
            AREA_RANGES,
            RECALL_POINTS,
            np.array(limits),
            precision,
            scores,
            recall,
        )
        # Threshold and point of recall go to the front, as users of COCO's arrays expect.
        parts.append(
            (
                np.moveaxis(precision, (3, 4), (0, 1)),
                np.moveaxis(scores, (3, 4), (0, 1)),
                np.moveaxis(recall, 3, 0),
            )
        )
    precision, scores, recall = (
        arrays[0] if len(arrays) == 1 else np.concatenate(arrays) for arrays in zip(*parts, strict=True)
    )
    for array in (precision, scores, recall):
        array.flags.writeable = False
    return CocoScores(
        **_stats(precision, recall, thresholds),
        iou_type=iou_type,
        class_ids=truth.class_ids,
        class_names=truth.class_names,
        iou_thresholds=thresholds.copy(),
        recall_points=RECALL_POINTS.copy(),
        area_names=AREA_NAMES,
        max_detections=limits,
        precision=precision,
        recall=recall,
        scores=scores,
    )


def _stats(precision: Array, recall: Array, thresholds: Array) -> dict[str, float]:
    """The twelve means over what is not -1."""
    numbers = {}
    for name, (kind, threshold, area, limit) in STATS.items():
        array = (precision if kind == "AP" else recall)[..., AREA_NAMES.index(area), limit]
        if threshold is not None:
            array = array[thresholds == threshold]
        some = array[array > -1]
        numbers[name] = float(some.mean()) if some.size else -1.0
    return numbers


def _check_thresholds(function: str, value: object) -> Array:
    must = "None or an array of numbers from 0 to 1 with one axis"
    if not isinstance(value, np.ndarray | list | tuple):
        raise wrong_type(function, "iou_thresholds", must, value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise wrong_value(function, "iou_thresholds", must, value) from None
    if array.dtype.kind not in "iuf" and array.size:
        raise wrong_type(function, "iou_thresholds", must, value)
    if array.ndim != 1 or array.size == 0 or not ((array >= 0) & (array <= 1)).all():
        raise wrong_value(function, "iou_thresholds", must, value)
    return array.astype(np.float64)


def _check_limits(function: str, value: object) -> tuple[int, ...]:
    must = "three rising integers >= 1"
    if not isinstance(value, np.ndarray | list | tuple):
        raise wrong_type(function, "max_detections", must, value)
    limits = tuple(_LIMIT.check(function, f"max_detections[{i}]", limit) for i, limit in enumerate(value))
    if len(limits) != 3 or not limits[0] < limits[1] < limits[2]:
        raise wrong_value(function, "max_detections", must, value)
    return limits
