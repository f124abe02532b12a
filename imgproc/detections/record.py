"""What a detector gives: boxes with scores, labels, counts and, where it has them, masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .._core.box_arrays import check_boxes, check_scores, within_dtype
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import OrNone, Range
from .._core.runs import encode_runs
from .checks import (
    BOOL,
    INT32,
    check_float32,
    check_int32,
    check_label_choice,
    check_masks,
    check_rows,
    listed_array,
    shortest,
    unfolded_masks,
)

if TYPE_CHECKING:
    import supervision

SCORE = OrNone(Range())
AREA = OrNone(Range(low=0))
COUNT = OrNone(Range(low=1, integer=True))

_SHOWN = 8
"""Rows that printing shows."""


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
    masks : (N, H, W) bool array, optional
        Pixels of each, in the whole image. None by default.

    Attributes
    ----------
    boxes : (N, 4) float32 array
    scores : (N,) float32 array
    labels, counts : (N,) int32 array
    masks : (N, H, W) bool array or None
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
    memory. Two are equal where all their arrays are.

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
    _arrays: tuple[Array, Array, Array, Array, Array | None]

    def __init__(
        self,
        boxes: Array,
        scores: Array | None = None,
        labels: Array | None = None,
        counts: Array | None = None,
        masks: Array | None = None,
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
        )

    @classmethod
    def _of(cls, arrays: Iterable[Array | None]) -> Detections:
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
    def masks(self) -> Array | None:
        return self._arrays[4]

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
        rows = check_rows(index, len(self))
        return self._of(None if array is None else array[rows] for array in self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detections):
            return NotImplemented
        return all(
            mine is theirs or (mine is not None and theirs is not None and np.array_equal(mine, theirs))
            for mine, theirs in zip(self._arrays, other._arrays, strict=True)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Detections, self._arrays

    def __repr__(self) -> str:
        parts = ["1 box" if len(self) == 1 else f"{len(self)} boxes"]
        if len(self):
            low, high = str(self.scores.min()), str(self.scores.max())
            parts.append(f"score {low}" if low == high else f"scores {low} to {high}")
            labels = np.unique(self.labels)
            more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
            parts.append(f"label{'s' * (len(self) > 1)} {' '.join(map(str, labels[:_SHOWN]))}{more}")
        if self.masks is not None:
            parts.append("masks {} × {}".format(*self.masks.shape[1:]))
        return f"<Detections: {', '.join(parts)}>"

    def __str__(self) -> str:
        """The first rows as a table."""
        rows = [["x1", "y1", "x2", "y2", "score", "label", "count"]]
        for box, *rest in zip(
            *(array[:_SHOWN] for array in self._arrays[:4] if array is not None), strict=True
        ):
            rows.append([*(f"{value:.1f}" for value in box), f"{rest[0]:.4g}", str(rest[1]), str(rest[2])])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        lines += [f"… {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([repr(self), *lines] if len(self) else [repr(self)])

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
            Of one image. Those with boxes must all have masks, of one size, or none of them.

        Returns
        -------
        Detections
            With masks where the parts have them; empty where there are no parts.

        Raises
        ------
        TypeError
            Not a sequence of Detections.
        ValueError
            Some have masks and others none, or masks of two sizes.
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
        columns = zip(*(part._arrays for part in filled), strict=True)
        return cls._of(None if arrays[0] is None else np.concatenate(arrays) for arrays in columns)

    def to_dict(self) -> dict[str, Any]:
        """As plain lists, which JSON can hold.

        Returns
        -------
        dict
            ``boxes``, ``scores``, ``labels``, ``counts`` and, where there are masks, ``masks``: for each
            ``{"size": [height, width], "counts": […]}`` with the run lengths in COCO's order. Numbers are the
            shortest that round to the same float32.
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
                for runs in map(encode_runs, self.masks)
            ]
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
        known = ("boxes", "scores", "labels", "counts", "masks")
        if "boxes" not in data or not set(data) <= set(known):
            raise wrong_value(name, "data", f"a dict of {', '.join(known)}", Got(f"{sorted(map(str, data))}"))
        lists: dict[str, Any] = {}
        for entry, dtype in (
            ("boxes", np.float64),
            ("scores", np.float64),
            ("labels", np.int64),
            ("counts", np.int64),
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
        """As ``supervision.Detections``: label as ``class_id``, count as ``data["count"]``.

        Arrays are copies. ImportError where that library is not installed.
        """
        import supervision

        masks = None if self.masks is None else self.masks.copy()
        return supervision.Detections(
            xyxy=self.boxes.copy(),
            mask=masks,
            confidence=self.scores.copy(),
            class_id=self.labels.astype(int),
            data={"count": self.counts.copy()},
        )

    @classmethod
    def from_supervision(cls, detections: supervision.Detections) -> Detections:
        """From ``supervision.Detections``; without ``confidence`` or ``class_id`` the defaults stand.

        Tracker ids, keypoints and other data are left out. Boxes of any real dtype are taken, as that library takes
        them.
        """
        import supervision

        name = "Detections.from_supervision"
        if not isinstance(detections, supervision.Detections):
            raise wrong_type(name, "detections", "supervision.Detections", detections)
        count = detections.data.get("count")
        try:
            return cls(
                np.asarray(detections.xyxy, np.float64).reshape(-1, 4),
                None if detections.confidence is None else np.asarray(detections.confidence, np.float64),
                None if detections.class_id is None else np.asarray(detections.class_id, np.int64),
                None if count is None else np.asarray(count),
                None if detections.mask is None else np.asarray(detections.mask, BOOL),
            )
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).replace("Detections", name, 1)) from None


def _frozen(*arrays: Array | None) -> Any:
    for array in arrays:
        if array is not None:
            array.setflags(write=False)
    return arrays
