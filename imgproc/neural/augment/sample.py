"""An image with what is known of it, and what becomes of that when the image is moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._core.box_arrays import FLOAT64, check_boxes, check_floats, check_labels
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array, check_image
from ..._core.parameters import Range

VISIBLE = Range(low=0, high=1)

# So far no sum or product of coordinates overflows, nor is NaN made of them, in float32 either.
_FARTHEST = 1e9

_APART = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """An image and its true objects: whatever of them is known, one row for each object.

    Attributes
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    boxes : (N, 4) array of float32 or float64, optional
        x1, y1, x2, y2 in pixels: edges, half-open; they may reach beyond the image, up to a billion pixels.
    labels : (N,) integer array, optional
        Class of each.
    masks : (N, H, W) array of bool, optional
        Pixels of each.
    keypoints : (N, K, 3) array of float32 or float64, optional
        x, y in pixels, from the left and upper edge (the first pixel's centre is at 0.5), and visibility: 0 unknown, 1
        hidden, 2 visible, as in COCO. Those with 0 have no place and are never moved.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shapes, numbers of objects that differ, or numbers out of range.

    Notes
    -----
    Arrays are kept as they are handed in. No function of this package writes into them; results may share those that
    did not change.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.zeros((4, 6), np.uint8), boxes=np.array([[0, 0, 2, 4]], np.float32))
    >>> augment.flip(sample).boxes
    array([[4., 0., 6., 4.]], dtype=float32)
    """

    image: Array
    boxes: Array | None = None
    labels: Array | None = None
    masks: Array | None = None
    keypoints: Array | None = None

    def __post_init__(self) -> None:
        name = "Sample"
        check_image(name, self.image)
        count = self._count()
        if self.boxes is not None:
            _check_near(name, "boxes", check_boxes(name, self.boxes))
        if self.labels is not None:
            check_labels(name, self.labels, count, beside="objects")
        if self.masks is not None:
            _check_masks(name, self.masks, (count, *self.image.shape[:2]))
        if self.keypoints is not None:
            _check_keypoints(name, self.keypoints, count)

    def _count(self) -> int:
        for rows in (self.boxes, self.labels, self.masks, self.keypoints):
            if isinstance(rows, np.ndarray) and rows.ndim:
                return len(rows)
        return 0

    def __len__(self) -> int:
        """How many objects."""
        return self._count()


def _check_masks(function: str, masks: object, shape: tuple[int, ...]) -> None:
    must = f"None or a bool array of shape {shape}"
    if not isinstance(masks, np.ndarray) or isinstance(masks, np.ma.MaskedArray) or masks.dtype != np.bool_:
        raise wrong_type(function, "masks", must, masks)
    if masks.shape != shape:
        raise wrong_value(function, "masks", must, masks)


def _check_keypoints(function: str, keypoints: object, count: int) -> None:
    array = check_floats(function, "keypoints", keypoints, f"({count}, K, 3)")
    if array.ndim != 3 or array.shape[0] != count or array.shape[2] != 3:
        raise wrong_value(function, "keypoints", f"of shape ({count}, K, 3)", Got(f"shape {array.shape}"))
    _check_near(function, "keypoints", array)
    seen = array[..., 2]
    if not np.isin(seen, (0, 1, 2)).all():
        wrong = seen[~np.isin(seen, (0, 1, 2))][0]
        raise wrong_value(function, "keypoints", "of visibility 0, 1 or 2", Got(f"{wrong}"))


def _check_near(function: str, argument: str, array: Array) -> None:
    wrong = ~(np.abs(array) <= _FARTHEST)
    if wrong.any():
        raise wrong_value(
            function, argument, f"finite and within ±{_FARTHEST:g}", Got(f"{array[wrong][0]} in it")
        )


def check_sample(function: str, sample: object, argument: str = "sample") -> Sample:
    if not isinstance(sample, Sample):
        raise wrong_type(function, argument, "a Sample", sample)
    return sample


def moved_points(keypoints: Array | None, matrix: Array, shape: tuple[int, ...]) -> Array | None:
    """Keypoints through a (2, 3) matrix; those that leave the image have visibility 0 and keep their new place."""
    if keypoints is None:
        return None
    known = keypoints[..., 2] > 0
    places = apply(matrix, keypoints[..., :2])
    inside = ((places >= 0) & (places <= (shape[1], shape[0]))).all(axis=-1)
    out = keypoints.copy()
    out[known, :2] = places[known]
    out[known & ~inside, 2] = 0
    return out


def moved_boxes(boxes: Array | None, matrix: Array) -> Array | None:
    """Boxes around the corners of boxes, moved by a (2, 3) matrix; float64, not clipped."""
    return None if boxes is None else around(boxes, matrix)


def around(boxes: Array, matrix: Array) -> Array:
    """What `moved_boxes` gives of boxes."""
    corners = apply(matrix, boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2))
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])


def apply(matrix: Array, points: Array) -> Array:
    """``(..., 2)`` points x, y through ``(2, 3)``, in float64."""
    wide = points.astype(FLOAT64)
    out: Array = wide @ matrix[:, :2].T + matrix[:, 2]
    return out


def placed(
    sample: Sample,
    image: Array,
    boxes: Array | None,
    masks: Array | None,
    keypoints: Array | None,
    min_visible: float,
) -> Sample:
    """A sample of a new image and moved objects: boxes clipped, and those of which too little is left dropped.

    What is left is measured on boxes, where there are none on masks, and where there are none of these all stay.
    """
    height, width = image.shape[:2]
    if boxes is not None and sample.boxes is not None:
        clipped = boxes.clip(0, (width, height, width, height)).astype(sample.boxes.dtype)
        left, whole = _areas(clipped), _areas(boxes)
        boxes = clipped
    elif masks is not None and sample.masks is not None:
        left = _pixels(masks) if min_visible else _any_pixel(masks)
        whole = _pixels(sample.masks) if min_visible else left
    else:
        return replace(sample, image=image, masks=masks, keypoints=keypoints)
    kept: Any = (left > 0) & (left >= min_visible * whole)
    rows = [boxes, sample.labels, masks, keypoints]
    if not kept.all():
        rows = [None if row is None else row[kept] for row in rows]
    return Sample(image, *rows)


def _areas(boxes: Array) -> Array:
    areas: Array = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas


def _pixels(masks: Array) -> Array:
    """How many each mask has. One by one: NumPy counts a whole array some ten times as fast as along axes."""
    return np.array([np.count_nonzero(mask) for mask in masks], np.int64)


def _any_pixel(masks: Array) -> Array:
    """Which masks have one. Few of their rows show most objects; the others are looked through."""
    found = np.asarray(masks[:, ::_APART].reshape(len(masks), -1).any(axis=1))
    for at in np.flatnonzero(~found):
        found[at] = masks[at].any()
    return found
