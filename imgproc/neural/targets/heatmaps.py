"""What detectors by heat maps are trained towards."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.box_arrays import FLOAT64, INT64, check_boxes
from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Range
from ..training_checks import LIMIT
from .checks import check_object_classes, check_sized

COUNT = Range(low=1, high=2**31 - 1, integer=True)
STRIDE = Range(above=0, high=1e6)
OVERLAP = Range(above=0, below=1)
SHAPE = Shape()


class HeatmapTargets(NamedTuple):
    """Of `heatmap_targets`: a map for each class, and for each box its cell, its offset in it and its size."""

    heatmap: Array
    cells: Array
    offsets: Array
    sizes: Array


def gaussian_radius(sizes: Array, *, min_overlap: Annotated[float, OVERLAP] = 0.7) -> Array:
    """How far corners may move so that a box still overlaps its own place enough: the radius of CenterNet's peaks.

    Parameters
    ----------
    sizes : (N, 2) array of float32 or float64
        Heights and widths (or widths and heights), finite and > 0.
    min_overlap : float, default 0.7
        Least IoU with the box itself, above 0 and below 1.

    Returns
    -------
    (N,) array of float64
        The radius of each, in the unit of the sizes, not rounded.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, sizes that are not finite or not above 0, or ``min_overlap`` out of range.

    Notes
    -----
    The least of three: both corners move inwards by r, ``(h - 2 r)(w - 2 r) = o h w``; outwards,
    ``h w = o (h + 2 r)(w + 2 r)``; or both the same way, ``(h - r)(w - r) = o (2 h w - (h - r)(w - r))``. Each is the
    smaller root of ``a r**2 - b r + c``, computed as ``2 c / (b + sqrt(b**2 - 4 a c))``, or the positive one outwards.
    The code of CornerNet and CenterNet divides the roots by 2 instead of 2 a, and adds the square root where it is to
    be subtracted: its radii are larger.

    References
    ----------
    H. Law, J. Deng, CornerNet: detecting objects as paired keypoints, ECCV 2018, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import targets
    >>> targets.gaussian_radius(np.array([[10.0, 10.0]])).round(4)
    array([0.8167])
    """
    name = "gaussian_radius"
    array = check_boxes(name, sizes, argument="sizes", columns=2, shape="(N, 2)", ordered=False)
    array = array.astype(FLOAT64, copy=False)
    wrong = ~((array > 0) & (array <= LIMIT)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(
            name, "sizes", f"above 0 and up to {LIMIT:g}", Got(f"{array[row].tolist()} in row {row}")
        )
    return _radius(array, OVERLAP.check(name, "min_overlap", min_overlap))


def _radius(sizes: Array, o: float) -> Array:
    # In units of the longer side, so that no product leaves float64.
    unit = sizes.max(axis=1)
    h, w = (sizes / unit[:, None]).T

    def root(a: float, b: Array, c: Array) -> Array:
        small: Array = 2 * c / (b + np.sqrt(np.maximum(b * b - 4 * a * c, 0)))
        return small

    along = root(1, h + w, h * w * (1 - o) / (1 + o))
    inwards = root(4, 2 * (h + w), (1 - o) * h * w)
    outwards = root(-4 * o, 2 * o * (h + w), (1 - o) * h * w)
    radius: Array = unit * np.minimum(np.minimum(along, inwards), outwards)
    return radius


def heatmap_targets(
    boxes: Array,
    labels: Array,
    shape: Annotated[tuple[int, int], SHAPE],
    classes: Annotated[int, COUNT],
    *,
    stride: Annotated[float, STRIDE] = 4.0,
    min_overlap: Annotated[float, OVERLAP] = 0.7,
) -> HeatmapTargets:
    """Draw the heat maps that CenterNet is trained towards, with the offset and size of each box.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels of the model's input, of positive width and height, their centres inside it.
    labels : (N,) integer array
        Their classes, 0 to ``classes - 1``.
    shape : (int, int)
        Rows and columns of the heat map.
    classes : int
        How many maps, 1 or more.
    stride : float, default 4
        Pixels of the input for each cell, above 0 and up to 1e6.
    min_overlap : float, default 0.7
        What `gaussian_radius` takes, above 0 and below 1.

    Returns
    -------
    HeatmapTargets
        ``heatmap``, (classes, rows, columns) float32; ``cells``, (N, 2) int64: row and column of each centre;
        ``offsets``, (N, 2) float32: x and y of the centre in its cell, in cells; ``sizes``, (N, 2) float32: width and
        height in cells.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shapes, boxes that are not finite, inverted, without area or with their centre elsewhere, classes or
        numbers out of range.

    Notes
    -----
    With the centre p in cells, ``q = floor(p)``: ``Y[q'] = max over the boxes of a class of
    exp(-|q' - q|**2 / (2 s**2))``, ``s = (2 floor(radius) + 1) / 6``, the offset ``p - q``. Back again the centre is
    ``(q + offset) · stride`` (lecture notes leave the stride out) and the size ``size · stride``. The Gaussian is not
    cut off: beyond three s, where CenterNet's code ends it, it is below 0.012. A centre on the far edge of the map is
    in its last cell. Time O(rows · columns) for each box.

    References
    ----------
    X. Zhou, D. Wang, P. Krähenbühl, Objects as points, arXiv 1904.07850 (2019), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import targets
    >>> found = targets.heatmap_targets(np.array([[2.0, 0.0, 12.0, 6.0]]), np.array([0]), (2, 4), 1)
    >>> found.heatmap.argmax(), found.cells, found.offsets, found.sizes
    (np.int64(1), array([[0, 1]]), array([[0.75, 0.75]], dtype=float32), array([[2.5, 1.5]], dtype=float32))
    """
    name = "heatmap_targets"
    wide = check_sized(name, "boxes", boxes).astype(FLOAT64, copy=False)
    classes = COUNT.check(name, "classes", classes)
    labels = check_object_classes(name, labels, len(wide), classes)
    rows, columns = SHAPE.check(name, "shape", shape)
    step = STRIDE.check(name, "stride", stride)
    overlap = OVERLAP.check(name, "min_overlap", min_overlap)
    centres = (wide[:, :2] / 2 + wide[:, 2:] / 2) / step
    outside = ((centres < 0) | (centres > (columns, rows))).any(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        must = f"with their centres within {columns * step:g} × {rows * step:g} pixels"
        raise wrong_value(name, "boxes", must, Got(f"{wide[row].tolist()} in row {row}"))
    sizes = (wide[:, 2:] - wide[:, :2]) / step
    corner = np.minimum(np.floor(centres), (columns - 1, rows - 1))
    spread = (2 * np.floor(_radius(sizes, overlap)) + 1) / 6
    heatmap = np.zeros((classes, rows, columns), FLOAT32)
    for label, (x, y), s in zip(labels, corner, spread, strict=True):
        down = np.exp(-((np.arange(rows) - y) ** 2) / (2 * s * s))
        across = np.exp(-((np.arange(columns) - x) ** 2) / (2 * s * s))
        np.maximum(heatmap[label], np.outer(down, across).astype(FLOAT32), out=heatmap[label])
    cells = corner[:, ::-1].astype(INT64)
    return HeatmapTargets(heatmap, cells, (centres - corner).astype(FLOAT32), sizes.astype(FLOAT32))
