"""Detections or ground truth of many images, as files hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

from .._core.box_arrays import FLOAT64, check_boxes, check_flags, check_labels, check_scores
from .._core.coco_runs import runs_of
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.runs import Runs, decode_runs
from .checks import check_int32, listed_keypoints, shortest
from .record import Detections

_NAME = "DetectionSet"
INT64 = np.dtype(np.int64)
MAX_SIDE = 2**31 - 1
NO_SIZE = (0, 0)
"""Where the size of an image is not known."""


class DetectionSet:
    """Detections or ground truth of many images: one table of all boxes, with the images and classes they refer to.

    Parameters
    ----------
    image_names : sequence of str
        Each image once, those without boxes too: as files name them, with ``/`` between folders.
    images : (N,) integer array
        Position in ``image_names`` of each box's image. Boxes are sorted by it, and otherwise keep their order.
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels, half-open, x1 <= x2 and y1 <= y2, finite.
    scores : (N,) float array or None
        Finite; None for ground truth.
    labels : (N,) integer array, optional
        Class of each box, within int32. 0 by default.
    counts : (N,) integer array, optional
        Windows or boxes merged into each, at least 1. 1 by default.
    crowd : (N,) bool array, optional
        Regions that count neither as found nor as missed: COCO's ``iscrowd``, VOC's ``difficult``. None by default.
    areas : (N,) float array, optional
        Square pixels by which COCO's size ranges go, at least 0: in its ground truth those within the outline. Of
        the boxes by default.
    masks : sequence of (Runs or None), optional
        One for each box.
    keypoints : sequence of ((K, 3) float array or None), optional
        ``x, y, score`` of the points of each box, finite; in ground truth COCO's visibility takes the score's place.
    image_sizes : (M, 2) integer array, optional
        Height and width of each image; 0, 0 where they are not known.
    image_ids : (M,) integer array, optional
        Numbers by which COCO files know the images, all different. 1 to M by default.
    class_names : mapping from int to str, optional
        Names of labels, all different. A label without one is called by its number.
    params : mapping, optional
        How the detections were made; anything that JSON can hold.

    Attributes
    ----------
    image_names, images, boxes, scores, labels, counts, crowd, areas, masks, image_sizes, image_ids, class_names, params
    keypoints
        As above, float64 for floats, int64 for ``images``, ``image_sizes`` and ``image_ids``, int32 for ``labels`` and
        ``counts``. Arrays are read-only; keypoints are tuples.

    Raises
    ------
    TypeError
        An argument is of the wrong kind.
    ValueError
        A shape, length or value is wrong: names, ids or class names that occur twice, positions without an image,
        boxes, scores or areas that are not finite. Of arrays the row is named.

    Notes
    -----
    Boxes are float64 here and float32 in `Detections`, because a file's decimals are to be written again digit by
    digit, and because metrics are to see the numbers that other tools see. Both are one: what comes from
    `Detections` becomes the decimals of fewest digits that round to the same float32, so nothing is lost either way.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import DetectionSet, Detections
    >>> found = Detections(np.array([[0, 0, 8.5, 9]]), np.array([0.75]))
    >>> every = DetectionSet.of({"a.jpg": found, "b.jpg": Detections.empty()})
    >>> every
    <DetectionSet: 1 detection in 2 images>
    >>> every.detections("a.jpg") == found
    True
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        image_names: Sequence[str],
        images: Array,
        boxes: Array,
        *,
        scores: Array | None = None,
        labels: Array | None = None,
        counts: Array | None = None,
        crowd: Array | None = None,
        areas: Array | None = None,
        masks: Sequence[Runs | None] | None = None,
        keypoints: Sequence[Array | None] | None = None,
        image_sizes: Array | None = None,
        image_ids: Array | None = None,
        class_names: Mapping[int, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.image_names: Final = _names(image_names)
        m = len(self.image_names)
        ids = np.arange(1, m + 1) if image_ids is None else image_ids
        ids = check_labels(_NAME, ids, m, argument="image_ids", beside="images")
        if len(np.unique(ids)) != m:
            raise wrong_value(_NAME, "image_ids", "all different", Got(f"{_repeated(ids.tolist())} twice"))
        self.image_ids: Final = _frozen(ids)
        self.image_sizes: Final = _frozen(_sizes(image_sizes, m))

        checked = check_boxes(_NAME, boxes)
        n = len(checked)
        order = check_labels(_NAME, images, n, argument="images")
        if n and not (order.min() >= 0 and order.max() < m):
            must = f"positions in image_names, 0 to {m - 1}"
            raise wrong_value(_NAME, "images", must, Got(f"{order.min()} to {order.max()}"))
        rows = np.argsort(order, kind="stable")
        self.images: Final = _frozen(order[rows])
        self.boxes: Final = _frozen(checked[rows].astype(FLOAT64))
        self.scores: Final = None if scores is None else _frozen(_floats("scores", scores, n)[rows])
        least = int(np.iinfo(np.int32).min)
        self.labels: Final = _frozen(check_int32(_NAME, "labels", labels, n, default=0, least=least)[rows])
        self.counts: Final = _frozen(check_int32(_NAME, "counts", counts, n, default=1, least=1)[rows])
        self.crowd: Final = _frozen(check_flags(_NAME, crowd, n, argument="crowd")[rows])
        own = box_areas(checked.astype(FLOAT64)) if areas is None else areas
        self.areas: Final = _frozen(_floats("areas", own, n, least=0.0)[rows])
        runs = None if masks is None else _masks(masks, n)
        self.masks: Final = None if runs is None else tuple(runs[row] for row in rows)
        points = None if keypoints is None else listed_keypoints(_NAME, keypoints, n)
        self.keypoints: Final = None if points is None else tuple(points[row] for row in rows)
        self.class_names: Final = _class_names({} if class_names is None else class_names)
        if params is not None and not isinstance(params, Mapping):
            raise wrong_type(_NAME, "params", "None or a mapping", params)
        self.params: Final = dict(params or {})

    @classmethod
    def of(
        cls,
        detections: Mapping[str, Detections],
        *,
        image_sizes: Mapping[str, tuple[int, int]] | None = None,
        class_names: Mapping[int, str] | None = None,
        params: Mapping[str, Any] | None = None,
        truth: bool = False,
    ) -> DetectionSet:
        """From the `Detections` of each image.

        Parameters
        ----------
        detections : mapping from str to Detections
            By image name, in the order that files are to have.
        image_sizes : mapping from str to (height, width), optional
            Of the images where they are known; those with masks need none.
        class_names, params : mapping, optional
            As for the set.
        truth : bool, default False
            Whether these are ground truth, whose scores say nothing.

        Returns
        -------
        DetectionSet

        Raises
        ------
        TypeError, ValueError
            A record, name or size is of the wrong kind, or what `DetectionSet` refuses.
        """
        if not isinstance(detections, Mapping):
            raise wrong_type(
                "DetectionSet.of", "detections", "a mapping from names to Detections", detections
            )
        for name, found in detections.items():
            if not isinstance(found, Detections):
                raise wrong_type("DetectionSet.of", f"detections[{name!r}]", "Detections", found)
        parts = list(detections.values())
        known = {} if image_sizes is None else check_sizes("DetectionSet.of", image_sizes)
        sizes = [known.get(name, _mask_size(found)) for name, found in detections.items()]

        def column(name: str, empty: Array) -> Array:
            return np.concatenate([empty, *(getattr(part, name) for part in parts)])

        masks: list[Runs | None] = []
        points: list[Array | None] = []
        for found in parts:
            points.extend([None] * len(found) if found.keypoints is None else shortest(found.keypoints))
            masks += [None] * len(found) if found.masks is None else runs_of("DetectionSet.of", found.masks)
        return cls(
            tuple(detections),
            np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
            shortest(column("boxes", np.empty((0, 4), FLOAT32))),
            scores=None if truth else shortest(column("scores", np.empty(0, FLOAT32))),
            labels=column("labels", np.empty(0, np.int32)),
            counts=column("counts", np.empty(0, np.int32)),
            masks=masks if any(mask is not None for mask in masks) else None,
            keypoints=points if any(one is not None for one in points) else None,
            image_sizes=np.array(sizes, INT64).reshape(-1, 2),
            class_names=class_names,
            params=params,
        )

    @cached_property
    def _starts(self) -> Array:
        return np.searchsorted(self.images, np.arange(len(self.image_names) + 1))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.image_names)}

    def rows(self, image: int | str) -> slice:
        """Rows of the table that are of one image, by position or name."""
        position = self._positions.get(image, -1) if isinstance(image, str) else image
        if not 0 <= position < len(self.image_names):
            raise KeyError(f"DetectionSet: there is no image {image!r} among {len(self.image_names)}")
        return slice(int(self._starts[position]), int(self._starts[position + 1]))

    def detections(self, image: int | str) -> Detections:
        """The boxes of one image, by position or name; with masks where all of its boxes have one of one size, and with
        keypoints where all have as many.

        Scores of ground truth are 1.
        """
        rows = self.rows(image)
        masks = None
        if self.masks is not None:
            runs = self.masks[rows]
            if (
                runs
                and len({None if mask is None else mask.size for mask in runs} | {None}) == 2
                and None not in runs
            ):
                masks = np.stack([decode_runs(mask) for mask in runs if mask is not None])
                masks.setflags(write=False)
        scores = None if self.scores is None else self.scores[rows]
        points = [] if self.keypoints is None else self.keypoints[rows]
        alike = len({None if one is None else len(one) for one in points}) == 1 and None not in points
        keypoints = np.array(points).reshape(len(points), -1, 3) if alike else None
        return Detections(self.boxes[rows], scores, self.labels[rows], self.counts[rows], masks, keypoints)

    def class_name(self, label: int) -> str:
        """A label's name, or its number where it has none."""
        return self.class_names.get(label, str(label))

    def __len__(self) -> int:
        """Number of images."""
        return len(self.image_names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DetectionSet):
            return NotImplemented
        arrays = ("images", "boxes", "labels", "counts", "crowd", "areas", "image_sizes", "image_ids")
        return (
            self.image_names == other.image_names
            and self.class_names == other.class_names
            and self.params == other.params
            and self.masks == other.masks
            and self.keypoints == other.keypoints
            and (self.scores is None) == (other.scores is None)
            and (self.scores is None or np.array_equal(self.scores, np.asarray(other.scores)))
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)
        )

    def __repr__(self) -> str:
        n, m, k = len(self.boxes), len(self.image_names), len(self.class_names)
        noun = "detection" if self.scores is not None else "true box"
        plural = "s" if self.scores is not None else "es"
        parts = [f"{n} {noun}{plural if n != 1 else ''} in {m} image{'s' if m != 1 else ''}"]
        parts += [f"{k} class{'es' if k != 1 else ''}"] if k else []
        return f"<DetectionSet: {', '.join(parts)}>"


def box_areas(boxes: Array) -> Array:
    """(N,) areas of (N, 4) boxes; infinite beyond float64."""
    with np.errstate(over="ignore"):
        areas: Array = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas


def check_sizes(function: str, sizes: object) -> dict[str, tuple[int, int]]:
    """Heights and widths of images by name."""
    must = "a mapping from image names to (height, width)"
    if not isinstance(sizes, Mapping):
        raise wrong_type(function, "image_sizes", must, sizes)
    checked = {}
    for name, size in sizes.items():
        if not isinstance(name, str) or not isinstance(size, tuple | list) or len(size) != 2:
            raise wrong_type(function, "image_sizes", must, Got(f"{name!r}: {size!r}"))
        whole = all(isinstance(side, int | np.integer) and not isinstance(side, bool) for side in size)
        if not whole or not all(0 < side <= MAX_SIDE for side in size):
            raise wrong_value(
                function, f"image_sizes[{name!r}]", f"integers from 1 to {MAX_SIDE}", tuple(size)
            )
        checked[name] = (int(size[0]), int(size[1]))
    return checked


def _frozen(array: Array) -> Array:
    array = array.copy() if array.base is not None or array.flags.writeable else array
    array.setflags(write=False)
    return array


def _names(names: object) -> tuple[str, ...]:
    must = "a sequence of names, each a str and not empty"
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise wrong_type(_NAME, "image_names", must, names)
    for name in names:
        if not isinstance(name, str) or not name:
            raise (wrong_value if name == "" else wrong_type)(_NAME, "image_names", must, name)
    if len(set(names)) != len(names):
        raise wrong_value(_NAME, "image_names", "all different", Got(f"{_repeated(names)!r} twice"))
    return tuple(names)


def _repeated(values: Sequence[Any]) -> Any:
    return next(value for position, value in enumerate(values) if value in values[:position])


def _sizes(sizes: object, count: int) -> Array:
    if sizes is None:
        return np.zeros((count, 2), INT64)
    must = f"None or an integer array of shape ({count}, 2), height and width of each image"
    if not isinstance(sizes, np.ndarray) or sizes.dtype.kind not in "iu":
        raise wrong_type(_NAME, "image_sizes", must, sizes)
    if sizes.shape != (count, 2):
        raise wrong_value(_NAME, "image_sizes", must, Got(f"shape {sizes.shape}"))
    wrong = (sizes < 0) | (sizes > MAX_SIDE) | ((sizes == 0) != (sizes[:, ::-1] == 0))
    if wrong.any():
        row = int(np.argmax(wrong.any(axis=1)))
        must = f"from 1 to {MAX_SIDE} each, or 0, 0 where not known"
        raise wrong_value(_NAME, "image_sizes", must, Got(f"{sizes[row].tolist()} in row {row}"))
    return sizes.astype(INT64)


def _floats(argument: str, values: object, count: int, least: float = -np.inf) -> Array:
    array = check_scores(_NAME, values, count, argument=argument).astype(FLOAT64)
    wrong = ~np.isfinite(array) | (array < least)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "finite" if least < 0 else f"finite and >= {least:g}"
        raise wrong_value(_NAME, argument, must, Got(f"{array[row]} in row {row}"))
    return array


def _masks(masks: object, count: int) -> Sequence[Runs | None]:
    must = f"None or a sequence of {count} Runs or None, one for each of the boxes"
    if isinstance(masks, str) or not isinstance(masks, Sequence):
        raise wrong_type(_NAME, "masks", must, masks)
    if len(masks) != count:
        raise wrong_value(_NAME, "masks", must, Got(f"{len(masks)}"))
    for mask in masks:
        if mask is not None and not isinstance(mask, Runs):
            raise wrong_type(_NAME, "masks", must, mask)
    return masks


def _class_names(names: Mapping[int, str]) -> dict[int, str]:
    must = "a mapping from integers to names, all different"
    if not isinstance(names, Mapping):
        raise wrong_type(_NAME, "class_names", must, names)
    for label, name in names.items():
        if isinstance(label, bool) or not isinstance(label, int) or not isinstance(name, str):
            raise wrong_type(_NAME, "class_names", must, Got(f"{label!r}: {name!r}"))
    if len(set(names.values())) != len(names):
        raise wrong_value(_NAME, "class_names", must, Got(f"{_repeated(list(names.values()))!r} twice"))
    return dict(names)


def _mask_size(found: Detections) -> tuple[int, int]:
    if found.masks is None or 0 in found.masks.shape[1:]:
        return NO_SIZE
    return found.masks.shape[1], found.masks.shape[2]
