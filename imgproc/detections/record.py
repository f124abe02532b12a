"""What a detector gives: boxes with scores, labels, counts and, where it has them, masks and keypoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .._core.box_arrays import check_boxes, check_scores, within_dtype
from .._core.coco_runs import runs_of
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.packed_masks import Masks, PackedMasks, as_bools, as_packed
from .._core.parameters import OrNone, Range
from .._core.rows import check_rows
from .checks import (
    BOOL,
    INT32,
    check_float32,
    check_int32,
    check_keypoints,
    check_label_choice,
    check_masks,
    listed_array,
    shortest,
    unfolded_masks,
)
from .printing import summary, table

if TYPE_CHECKING:
    import supervision

SCORE = OrNone(Range())
AREA = OrNone(Range(low=0))
COUNT = OrNone(Range(low=1, integer=True))


class Detections:
    """Boxes found in one image, with what is known of each; checked when made, and never changed after.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels: pixel edges, half-open, x1 <= x2 and y1 <= y2, finite. They may reach
        beyond the image. float64 is rounded to float32.
    scores : (N,) array of float32 or float64, optional
        How sure the detector is, greater for surer; any scale, finite. 1 by default.
    labels : (N,) integer array, optional
        Class of each, within int32. 0 by default.
    counts : (N,) integer array, optional
        How many windows or boxes each was merged from, at least 1. 1 by default.
    masks : (N, H, W) bool array or PackedMasks, optional
        Pixels of each, in the whole image; packed ones stay packed. None by default.
    keypoints : (N, K, 3) array of float32 or float64, optional
        ``x, y, score`` of K points of each: pixels, as for boxes, and how sure each is; finite. None by default.

    Attributes
    ----------
    boxes : (N, 4) float32 array
    scores : (N,) float32 array
    labels, counts : (N,) int32 array
    masks : (N, H, W) bool array, PackedMasks or None
    keypoints : (N, K, 3) float32 array or None
        All arrays are C-contiguous and read-only.

    Raises
    ------
    TypeError
        An argument is no array of such a dtype.
    ValueError
        A shape, length or value is wrong; of boxes and scores the row is named.

    Notes
    -----
    What is handed in is copied, but for masks that are read-only and no view. Indexing with an integer, slice, bool
    or integer array gives Detections again, a single one for an integer; iterating gives single ones. Slices share
    memory. Two are equal where all their arrays are; masks where their pixels are, packed or not.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> found = Detections(np.array([[0, 0, 8, 9], [2, 3, 6, 6]], np.float32), np.array([0.5, 0.75]))
    >>> found
    <Detections: 2 boxes, scores 0.5 to 0.75, labels 0>
    >>> found[found.scores > 0.6].boxes
    array([[2., 3., 6., 6.]], dtype=float32)
    >>> len(found.filter(min_area=20))
    1
    """

    __slots__ = ("_arrays",)
    __hash__ = None  # type: ignore[assignment]
    _arrays: tuple[Array, Array, Array, Array, Masks | None, Array | None]

    def __init__(
        self,
        boxes: Array,
        scores: Array | None = None,
        labels: Array | None = None,
        counts: Array | None = None,
        masks: Masks | None = None,
        keypoints: Array | None = None,
    ) -> None:
        name = "Detections"
        whole = check_boxes(name, boxes)
        n = len(whole)
        self._arrays = _frozen(
            check_float32(name, "boxes", whole),
            np.ones(n, FLOAT32)
            if scores is None
            else check_float32(name, "scores", check_scores(name, scores, n)),
            check_int32(name, "labels", labels, n, default=0, least=np.iinfo(INT32).min),
            check_int32(name, "counts", counts, n, default=1, least=1),
            None if masks is None else check_masks(name, masks, n),
            None if keypoints is None else check_keypoints(name, keypoints, n),
        )

    @classmethod
    def _of(cls, arrays: Iterable[Masks | None]) -> Detections:
        """From arrays that are checked, and nobody's to change."""
        made = cls.__new__(cls)
        made._arrays = _frozen(*arrays)
        return made

    @classmethod
    def empty(cls) -> Detections:
        """No boxes at all."""
        return cls(np.empty((0, 4), FLOAT32))

    @property
    def boxes(self) -> Array:
        return self._arrays[0]

    @property
    def scores(self) -> Array:
        return self._arrays[1]

    @property
    def labels(self) -> Array:
        return self._arrays[2]

    @property
    def counts(self) -> Array:
        return self._arrays[3]

    @property
    def masks(self) -> Masks | None:
        return self._arrays[4]

    @property
    def keypoints(self) -> Array | None:
        return self._arrays[5]

    @property
    def areas(self) -> Array:
        """(N,) float64 array of (x2 - x1) · (y2 - y1) in square pixels, exact but for one rounding."""
        x1, y1, x2, y2 = self.boxes.astype(np.float64).T
        areas: Array = (x2 - x1) * (y2 - y1)
        return areas

    def __len__(self) -> int:
        return len(self.boxes)

    def __iter__(self) -> Iterator[Detections]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, index: Any) -> Detections:
        rows = check_rows("Detections", index, len(self), "detections")
        return self._of(None if array is None else array[rows] for array in self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detections):
            return NotImplemented
        return all(map(_equal, self._arrays, other._arrays))

    def __reduce__(self) -> tuple[Any, ...]:
        return Detections, self._arrays

    def __repr__(self) -> str:
        return summary(self)

    def __str__(self) -> str:
        """The first rows as a table."""
        return table(self)

    def filter(
        self,
        *,
        min_score: Annotated[float | None, SCORE] = None,
        labels: int | Sequence[int] | Array | None = None,
        min_area: Annotated[float | None, AREA] = None,
        min_count: Annotated[int | None, COUNT] = None,
    ) -> Detections:
        """Those that meet all conditions given, in the same order.

        Parameters
        ----------
        min_score : float, optional
            Least score, itself included, as float32.
        labels : int or sequence of int, optional
            Classes to keep.
        min_area : float, optional
            Least area of the box in square pixels, itself included.
        min_count : int, optional
            Least count, itself included.

        Returns
        -------
        Detections

        Raises
        ------
        TypeError, ValueError
            A condition is of the wrong kind, or out of range.
        """
        name = "Detections.filter"
        kept = np.ones(len(self), BOOL)
        if (least := SCORE.check(name, "min_score", min_score)) is not None:
            kept &= self.scores >= within_dtype(least, self.scores)
        if labels is not None:
            kept &= np.isin(self.labels, check_label_choice(name, labels))
        if (least := AREA.check(name, "min_area", min_area)) is not None:
            kept &= self.areas >= least
        if (least := COUNT.check(name, "min_count", min_count)) is not None:
            kept &= self.counts >= least
        return self[kept]

    @classmethod
    def concat(cls, parts: Sequence[Detections]) -> Detections:
        """All boxes of several, one after the other.

        Parameters
        ----------
        parts : sequence of Detections
            Of one image. Those with boxes must all have masks, of one size, or none of them, and as many
            keypoints.

        Returns
        -------
        Detections
            With masks where the parts have them, packed where any are; empty where there are no parts.

        Raises
        ------
        TypeError
            Not a sequence of Detections.
        ValueError
            Some have masks and others none, or masks of two sizes, or other numbers of keypoints.
        """
        name = "Detections.concat"
        if isinstance(parts, Detections | str) or not isinstance(parts, Sequence):
            raise wrong_type(name, "parts", "a sequence of Detections", parts)
        for position, part in enumerate(parts):
            if not isinstance(part, Detections):
                raise wrong_type(name, f"parts[{position}]", "Detections", part)
        filled = [part for part in parts if len(part)]
        if not filled:
            return parts[0] if parts else cls.empty()
        shapes = {None if part.masks is None else part.masks.shape[1:] for part in filled}
        if len(shapes) > 1:
            got = " and ".join(sorted("none" if shape is None else str(shape) for shape in shapes))
            raise wrong_value(
                name, "parts", "all with masks of one size, or all without", Got(f"masks {got}")
            )
        numbers = {None if part.keypoints is None else part.keypoints.shape[1] for part in filled}
        if len(numbers) > 1:
            got = " and ".join(sorted("none" if number is None else str(number) for number in numbers))
            raise wrong_value(name, "parts", "all with as many keypoints", Got(got))
        return cls._of(map(_joined, zip(*(part._arrays for part in filled), strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """As plain lists, which JSON can hold.

        Returns
        -------
        dict
            ``boxes``, ``scores``, ``labels``, ``counts`` and, where there are masks, ``masks``: for each
            ``{"size": [height, width], "counts": […]}`` with the run lengths in COCO's order; ``keypoints`` where
            there are such. Numbers are the shortest that round to the same float32.
        """
        data: dict[str, Any] = {
            "boxes": shortest(self.boxes).tolist(),
            "scores": shortest(self.scores).tolist(),
            "labels": self.labels.tolist(),
            "counts": self.counts.tolist(),
        }
        if self.masks is not None:
            data["masks"] = [
                {"size": list(runs.size), "counts": list(runs.counts)}
                for runs in runs_of("Detections.to_dict", self.masks)
            ]
        if self.keypoints is not None:
            data["keypoints"] = shortest(self.keypoints).tolist()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Detections:
        """From what `to_dict` gives; all but ``boxes`` may be missing.

        Raises
        ------
        TypeError, ValueError
            As for `Detections`; the sentence names the entry.
        """
        name = "Detections.from_dict"
        if not isinstance(data, Mapping):
            raise wrong_type(name, "data", "a dict as to_dict gives it", data)
        known = ("boxes", "scores", "labels", "counts", "masks", "keypoints")
        if "boxes" not in data or not set(data) <= set(known):
            raise wrong_value(name, "data", f"a dict of {', '.join(known)}", Got(f"{sorted(map(str, data))}"))
        lists: dict[str, Any] = {}
        for entry, dtype in (
            ("boxes", np.float64),
            ("scores", np.float64),
            ("labels", np.int64),
            ("counts", np.int64),
            ("keypoints", np.float64),
        ):
            if entry in data:
                lists[entry] = listed_array(name, entry, data[entry], dtype)
        lists["boxes"] = lists["boxes"] if lists["boxes"].size else lists["boxes"].reshape(0, 4)
        if "masks" in data:
            lists["masks"] = unfolded_masks(name, data["masks"])
        try:
            return cls(**lists)
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).replace("Detections", name, 1)) from None

    def to_supervision(self) -> supervision.Detections:
        """As ``supervision.Detections``: label as ``class_id``, ``count`` and ``keypoints`` among its ``data``.

        Arrays are copies; packed masks are unpacked. ImportError where that library is not installed.
        """
        import supervision

        data = {"count": self.counts.copy()}
        if self.keypoints is not None:
            data["keypoints"] = self.keypoints.copy()
        return supervision.Detections(
            xyxy=self.boxes.copy(),
            mask=None if self.masks is None else as_bools(self.masks),
            confidence=self.scores.copy(),
            class_id=self.labels.astype(int),
            data=data,
        )

    @classmethod
    def from_supervision(cls, detections: supervision.Detections) -> Detections:
        """From ``supervision.Detections``; without ``confidence`` or ``class_id`` the defaults stand.

        Tracker ids and other data are left out. Boxes of any real dtype are taken, as that library takes
        them.
        """
        import supervision

        name = "Detections.from_supervision"
        if not isinstance(detections, supervision.Detections):
            raise wrong_type(name, "detections", "supervision.Detections", detections)
        count, keypoints = detections.data.get("count"), detections.data.get("keypoints")
        try:
            return cls(
                np.asarray(detections.xyxy, np.float64).reshape(-1, 4),
                None if detections.confidence is None else np.asarray(detections.confidence, np.float64),
                None if detections.class_id is None else np.asarray(detections.class_id, np.int64),
                None if count is None else np.asarray(count),
                None if detections.mask is None else np.asarray(detections.mask, BOOL),
                None if keypoints is None else np.asarray(keypoints, FLOAT32),
            )
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).replace("Detections", name, 1)) from None


def _frozen(*arrays: Masks | None) -> Any:
    for array in arrays:
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return arrays


def _equal(mine: Masks | None, theirs: Masks | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    if isinstance(mine, PackedMasks) or isinstance(theirs, PackedMasks):
        return as_packed("Detections", "masks", mine) == as_packed("Detections", "masks", theirs)
    return np.array_equal(mine, theirs)


def _joined(arrays: Sequence[Any]) -> Any:
    if arrays[0] is None:
        return None
    if any(isinstance(array, PackedMasks) for array in arrays):
        return PackedMasks.concat([as_packed("Detections", "masks", array) for array in arrays])
    return np.concatenate(arrays)
