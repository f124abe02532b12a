"""Panoptic maps: things and stuff in one map of segments that do not overlap."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .._core.box_arrays import INT64, check_labels, check_scores
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.packed_masks import Masks, PackedMasks, as_packed
from .._core.parameters import OrNone, Range
from .._ext import panoptic as kernels
from ..boxes.ranking import by_score
from ..detections.record import Detections

SCORE = OrNone(Range())
SHARE = Range(low=0, high=1)
AREA = Range(low=1, high=2**62, integer=True)
VOID = Range(low=-(2**31), high=2**31 - 1, integer=True)

# Labels of stuff are below it.
_MOST_LABELS = 65536
_DTYPES = tuple(np.dtype(name) for name in ("uint8", "uint16", "int32", "uint32", "int64"))


@dataclass(frozen=True)
class Segment:
    """One segment of a panoptic map.

    Attributes
    ----------
    id : int
        Its number in the map.
    label : int
        Its class.
    area : int
        Its pixels.
    is_thing : bool
        Whether it is one of the things, or stuff.
    score : float or None
        Of a thing, and of stuff that queries of a network gave.
    index : int or None
        Of a thing: its row among those that were handed in. Of what queries gave: the first of these.
    """

    id: int
    label: int
    area: int
    is_thing: bool
    score: float | None = None
    index: int | None = None


@dataclass(frozen=True, eq=False)
class PanopticSegments:
    """A panoptic map; made by `merge_panoptic`, and by decoders of `imgproc.neural`.

    Attributes
    ----------
    ids : (H, W) array of int32
        Id of the segment of each pixel, 0 where there is none.
    segments : tuple of Segment
        What the ids stand for: the one with id k at k − 1, each with at least one pixel.
    """

    ids: Array
    segments: tuple[Segment, ...]

    @property
    def classes(self) -> dict[int, int]:
        """Class of each segment by its id, as `panoptic_quality` takes it beside ``ids``."""
        return {segment.id: segment.label for segment in self.segments}


@operation("segmentation", takes="masks")
def merge_panoptic(
    things: Detections | Masks,
    stuff: Array,
    *,
    scores: Array | None = None,
    labels: Array | None = None,
    score_threshold: Annotated[float | None, SCORE] = 0.5,
    overlap_threshold: Annotated[float, SHARE] = 0.5,
    min_stuff_area: Annotated[int, AREA] = 4096,
    stuff_labels: Collection[int] | None = None,
    void: Annotated[int, VOID] = 0,
) -> PanopticSegments:
    """Merge masks of things and a label map of stuff into a panoptic map.

    Parameters
    ----------
    things : Detections with masks, (N, H, W) array of bool, or PackedMasks
        The objects; they may overlap, and N may be 0.
    stuff : (H, W) array of uint8, uint16, int32, uint32 or int64
        Class of each pixel, 0 to 65535 or ``void``.
    scores : (N,) array of float32 or float64, optional
        How sure each thing is; left out for Detections, which have their own.
    labels : (N,) integer array, optional
        Class of each thing; left out for Detections. Classes of things and of stuff are numbers of one list.
    score_threshold : float or None, default 0.5
        Things with a lower score are left out.
    overlap_threshold : float, default 0.5
        A thing of which a larger share is taken by those before it is left out; 0 to 1.
    min_stuff_area : int, default 4096
        Stuff with fewer pixels left is left out; at least 1.
    stuff_labels : collection of int, optional
        Which labels of ``stuff`` are classes of stuff, where it has others as well; all but ``void`` by default.
    void : int, default 0
        Label in ``stuff`` of pixels of no stuff.

    Returns
    -------
    PanopticSegments
        ``ids``, numbered from 1 without gaps, and the ``segments`` they stand for.

    Raises
    ------
    TypeError
        Wrong kind of array, number or collection; scores or labels beside Detections, or none beside masks.
    ValueError
        Other heights or widths, wrong shapes, a NaN score, a label of stuff or a number out of range, or Detections
        without masks.

    Notes
    -----
    The rule of Panoptic FPN. By falling score, ties by lower index, each thing takes the pixels of its mask that no
    thing before it has, unless the share it has lost exceeds ``overlap_threshold``, or it has none left. Then each
    class of stuff, by rising label, takes what is left of its pixels. Every thing is a segment with an id of its own,
    and every class of stuff one; `mask_nms` beforehand thins out doubles.

    Masks are bits, 64 pixels to a word: memory beside the result is that of the packed masks and one bit a pixel.

    References
    ----------
    A. Kirillov, R. Girshick, K. He, P. Dollár, Panoptic feature pyramid networks, CVPR 2019.
    A. Kirillov, K. He, R. Girshick, C. Rother, P. Dollár, Panoptic segmentation, CVPR 2019, appendix: the heuristic.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.zeros((2, 3, 6), bool)
    >>> masks[0, :2, :3] = masks[1, 1:, 2:4] = True
    >>> stuff = np.full((3, 6), 7, np.uint8)
    >>> merged = imgproc.merge_panoptic(
    ...     masks, stuff, scores=np.array([0.9, 0.8]), labels=np.array([1, 1]), min_stuff_area=1
    ... )
    >>> merged.ids
    array([[1, 1, 1, 3, 3, 3],
           [1, 1, 1, 2, 3, 3],
           [3, 3, 2, 2, 3, 3]], dtype=int32)
    >>> merged.classes
    {1: 1, 2: 1, 3: 7}
    """
    masks, scores, labels = _things(things, scores, labels)
    shape = masks.shape[1:]
    stuff = _check_stuff(stuff, shape)
    score_threshold = SCORE.check("merge_panoptic", "score_threshold", score_threshold)
    overlap_threshold = SHARE.check("merge_panoptic", "overlap_threshold", overlap_threshold)
    min_stuff_area = AREA.check("merge_panoptic", "min_stuff_area", min_stuff_area)
    known = _known_labels(stuff_labels)
    void = VOID.check("merge_panoptic", "void", void)

    ids, claimed = np.zeros(shape, np.int32), np.zeros(len(masks), INT64)
    order = by_score(scores, score_threshold)
    taken = np.zeros((shape[0], -(-shape[1] // 64)), np.uint64)
    kernels.claim(
        masks.words, masks.offsets, masks.boxes, masks.areas, order, overlap_threshold, taken, ids, claimed
    )
    kept = order[claimed[order] > 0]
    segments = [
        Segment(number, int(labels[i]), int(claimed[i]), True, float(scores[i]), int(i))
        for number, i in enumerate(kept, 1)
    ]
    counts = np.zeros(_MOST_LABELS, INT64)
    place = kernels.count_free(stuff, ids, void, counts)
    if place >= 0:
        y, x = divmod(place, shape[1])
        must = f"of labels from 0 to {_MOST_LABELS - 1} or void"
        raise wrong_value("merge_panoptic", "stuff", must, Got(f"{stuff[y, x]} at ({y}, {x})"))
    table = np.zeros(_MOST_LABELS, np.int32)
    for label in np.flatnonzero(counts >= min_stuff_area).tolist():
        if known is None or label in known:
            table[label] = len(segments) + 1
            segments.append(Segment(len(segments) + 1, label, int(counts[label]), False))
    kernels.paint_free(stuff, ids, void, table)
    return PanopticSegments(ids, tuple(segments))


def _things(things: object, scores: object, labels: object) -> tuple[PackedMasks, Array, Array]:
    if isinstance(things, Detections):
        for argument, given in (("scores", scores), ("labels", labels)):
            if given is not None:
                raise wrong_type("merge_panoptic", argument, "left out beside Detections", given)
        if things.masks is None:
            raise wrong_value("merge_panoptic", "things", "Detections with masks", Got("some without"))
        return as_packed("merge_panoptic", "things", things.masks), things.scores, things.labels
    masks = as_packed("merge_panoptic", "things", things)
    return (
        masks,
        check_scores("merge_panoptic", scores, len(masks), beside="things"),
        check_labels("merge_panoptic", labels, len(masks), beside="things"),
    )


def _check_stuff(stuff: object, shape: tuple[int, ...]) -> Array:
    names = ", ".join(map(str, _DTYPES))
    if not isinstance(stuff, np.ndarray) or isinstance(stuff, np.ma.MaskedArray):
        raise wrong_type("merge_panoptic", "stuff", f"an array of {names}", stuff)
    if stuff.dtype not in _DTYPES or not stuff.dtype.isnative:
        raise wrong_type("merge_panoptic", "stuff", f"of dtype {names}", Got(f"dtype {stuff.dtype}"))
    if stuff.shape != shape:
        must = f"of the height and width of the things, {shape}"
        raise wrong_value("merge_panoptic", "stuff", must, Got(f"shape {stuff.shape}"))
    array = stuff.view(np.ndarray)
    return array if array.flags.aligned else array.copy()


def _known_labels(labels: object) -> set[int] | None:
    must = "None or a collection of integers"
    if labels is None:
        return None
    if isinstance(labels, str | bytes) or not isinstance(labels, Collection | np.ndarray):
        raise wrong_type("merge_panoptic", "stuff_labels", must, labels)
    for label in labels:
        if not isinstance(label, int | np.integer) or isinstance(label, bool):
            raise wrong_type("merge_panoptic", "stuff_labels", must, labels)
    return {int(label) for label in labels}
