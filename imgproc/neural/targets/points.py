"""What detectors without anchors are trained towards at each point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.box_arrays import FLOAT64, INT64
from ..._core.errors import wrong_type, wrong_value
from ..._core.images import Array
from ..._core.parameters import OrNone, Range
from .checks import BACKGROUND, check_object_classes, check_sized

STRIDE = Range(above=0, high=1e6)
RADIUS = OrNone(Range(above=0, high=1e6))
OFFSET = Range(low=0, high=1)
SHAPE = Shape()
LIMITS = (64.0, 128.0, 256.0, 512.0)


class PointTargets(NamedTuple):
    """Of `point_targets`: a class, four distances and a centredness for each point."""

    labels: Array
    distances: Array
    centredness: Array


def point_targets(
    shapes: Sequence[tuple[int, int]],
    strides: Sequence[float],
    boxes: Array,
    labels: Array,
    *,
    limits: Sequence[float] = LIMITS,
    radius: Annotated[float | None, RADIUS] = 1.5,
    offset: Annotated[float, OFFSET] = 0.5,
) -> PointTargets:
    """Say what each point of FCOS is to answer: a class, the distances to the sides of its box, and how central it is.

    Parameters
    ----------
    shapes : sequence of (int, int)
        Rows and columns of each level.
    strides : sequence of float
        Pixels of the image for each cell of a level, above 0 and up to 1e6.
    boxes : (M, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels, of positive width and height; M may be 0.
    labels : (M,) integer array
        Their classes, at least 0.
    limits : sequence of float, default (64, 128, 256, 512)
        Largest distance to a side in pixels that each level but the last answers for, growing; the next level begins
        there.
    radius : float or None, default 1.5
        Only points so near to the centre of a box, in strides along each axis, answer for it: above 0 and up to 1e6.
        None takes all points in the box, as the paper at first did.
    offset : float, default 0.5
        Where in its cell a point lies, 0 to 1: 0.5 in the paper, 0 in torchvision.

    Returns
    -------
    PointTargets
        ``labels``, (N,) int64, -1 for background, of all points: level by level, row by row. ``distances``, (N, 4)
        float64: left, top, right, bottom in strides, as `decode_fcos` reads them, 0 for background. ``centredness``,
        (N,) float64, 0 for background.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Numbers of levels that differ, wrong shapes, boxes that are not finite, inverted or without area, negative
        labels, or a number out of range.

    Notes
    -----
    A point ``((column + offset) stride, (row + offset) stride)`` inside a box (and within ``radius`` of its centre)
    with ``l, t, r, b`` to its sides belongs to it on the level with ``limit before <= max(l, t, r, b) <= limit``; of
    several boxes the one of least area, the first among equals. ``centredness = sqrt(min(l, r) / max(l, r) ·
    min(t, b) / max(t, b))``. Time and memory O(N M) for one level at a time.

    References
    ----------
    Z. Tian, C. Shen, H. Chen, T. He, FCOS: fully convolutional one-stage object detection, ICCV 2019, section 3; and
    its longer form in TPAMI 44 (2022) for the radius.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import targets
    >>> found = targets.point_targets([(1, 3)], [8], np.array([[0.0, 0.0, 16.0, 8.0]]), np.array([2]), limits=())
    >>> found.labels, found.distances[0], found.centredness.round(3)
    (array([ 2,  2, -1]), array([0.5, 0.5, 1.5, 0.5]), array([0.577, 0.577, 0.   ]))
    """
    name = "point_targets"
    levels = _levels(name, shapes, strides, limits)
    boxes = check_sized(name, "boxes", boxes).astype(FLOAT64, copy=False)
    labels = check_object_classes(name, labels, len(boxes))
    near = RADIUS.check(name, "radius", radius)
    place = OFFSET.check(name, "offset", offset)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    centres = boxes[:, :2] / 2 + boxes[:, 2:] / 2
    parts = []
    for (rows, columns), stride, low, high in levels:
        points = np.empty((rows, columns, 2))
        points[..., 0] = (np.arange(columns) + place) * stride
        points[..., 1] = ((np.arange(rows) + place) * stride)[:, None]
        flat = points.reshape(-1, 1, 2)
        sides = np.concatenate([flat - boxes[:, :2], boxes[:, 2:] - flat], axis=2)
        farthest = sides.max(axis=2)
        fits = (sides.min(axis=2) > 0) & (farthest >= low) & (farthest <= high)
        if near is not None:
            fits &= (np.abs(flat - centres) < near * stride).all(axis=2)
        parts.append(_of_smallest(sides / stride, np.where(fits, areas, np.inf), labels))
    found, distances = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    pairs = np.stack([distances[:, :2], distances[:, 2:]])
    quotients = pairs.min(axis=0) / np.maximum(pairs.max(axis=0), np.finfo(FLOAT64).tiny)
    return PointTargets(found, distances, np.sqrt(quotients.prod(axis=1)))


def _of_smallest(sides: Array, areas: Array, labels: Array) -> tuple[Array, Array]:
    """Class and distances of the box of least area at each point, where there is one."""
    found, distances = np.full(len(sides), BACKGROUND, INT64), np.zeros((len(sides), 4))
    if labels.size:
        best = areas.argmin(axis=1)
        points = np.arange(len(sides))
        inside = np.isfinite(areas[points, best])
        found[inside] = labels[best[inside]]
        distances[inside] = sides[points, best][inside]
    return found, distances


def _levels(
    function: str, shapes: Any, strides: Any, limits: Any
) -> list[tuple[tuple[int, int], float, float, float]]:
    for argument, value in (("shapes", shapes), ("strides", strides), ("limits", limits)):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise wrong_type(function, argument, "a sequence, with an entry for each level", value)
    count = len(shapes)
    if not count:
        raise wrong_value(function, "shapes", "of one level or more", shapes)
    if len(strides) != count:
        raise wrong_value(function, "strides", f"{count} numbers, one for each level", strides)
    if len(limits) != count - 1:
        raise wrong_value(function, "limits", f"{count - 1} numbers, one for each level but the last", limits)
    grids = [SHAPE.check(function, f"shapes[{i}]", shape) for i, shape in enumerate(shapes)]
    steps = [STRIDE.check(function, f"strides[{i}]", stride) for i, stride in enumerate(strides)]
    ends = [Range(above=0).check(function, f"limits[{i}]", limit) for i, limit in enumerate(limits)]
    if ends != sorted(ends):
        raise wrong_value(function, "limits", "growing", limits)
    return list(zip(grids, steps, [0.0, *ends], [*ends, np.inf], strict=True))
