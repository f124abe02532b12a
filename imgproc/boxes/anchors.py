"""Anchors: the boxes that a detector corrects, the corrections, and which of them stand for a true box."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Positives, Shape
from .._core.box_arrays import check_boxes, check_floats
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Flag, Pair, Range
from .._core.threads import run_bands
from .._ext import anchors as kernels

WEIGHTS = Positives(4)
LOG_RATIO = Range(low=0)
GRID = Shape()
STRIDE = Pair(Range(above=0), ("down", "across"))
SIDES = Positives()
OFFSET = Range()
FLAG = Flag()

# Nanoseconds to encode or decode a box, measured: of float64, which is the slower.
_CODE_COST = 9.0


def _check_sized(function: str, argument: str, boxes: Array) -> None:
    """Boxes of finite width and height above 0."""
    for low, high in ((0, 2), (1, 3)):
        with np.errstate(over="ignore"):
            side = boxes[:, high] - boxes[:, low]
        wrong = ~((side > 0) & np.isfinite(side))
        if wrong.any():
            row = int(np.argmax(wrong))
            must = "of finite width and height > 0"
            raise wrong_value(function, argument, must, Got(f"{boxes[row].tolist()} in row {row}"))


def _factors(function: str, weights: Array, dtype: np.dtype[Any]) -> Array:
    """Weights in the dtype of the result, which may hold neither the largest nor the smallest of them."""
    with np.errstate(over="ignore"):
        factors = weights.astype(dtype)
    wrong = ~((factors > 0) & np.isfinite(factors))
    if wrong.any():
        raise wrong_value(function, "weights", f"{WEIGHTS} as {dtype}", Got(f"{weights[wrong][0]} in it"))
    return factors


def together(*arrays: Array) -> tuple[Array, ...]:
    """C-contiguous, float32 where all are, else float64."""
    dtype = np.result_type(*arrays)
    return tuple(np.ascontiguousarray(array, dtype) for array in arrays)


@operation("boxes", takes="boxes")
def encode_boxes(
    boxes: Array, anchors: Array, *, weights: Annotated[Any, WEIGHTS] = (1.0, 1.0, 1.0, 1.0)
) -> Array:
    """Give the deltas that lead from each anchor to its box: the targets of a box regression.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels, of positive width and height.
    anchors : (N, 4) array of float32 or float64
        One for each box, of positive width and height.
    weights : four numbers > 0, default (1, 1, 1, 1)
        Factors of Δx, Δy, Δw, Δh. The second stage of Faster R-CNN is trained with (10, 10, 5, 5).

    Returns
    -------
    (N, 4) array
        Δx, Δy, Δw, Δh without unit; float32 where both arrays are, else float64.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, NaN, infinity, inverted boxes, or a box or anchor without width or height, named by its row;
        weights that are not above 0.

    Notes
    -----
    With centres x, y, widths w and heights h, those of the anchor with index a:

    ``Δx = weights[0] (x − xa) / wa, Δy = weights[1] (y − ya) / ha, Δw = weights[2] ln(w / wa),
    Δh = weights[3] ln(h / ha)``

    All is computed in the dtype of the result, each delta with at most six roundings; the logarithm of float32 in
    float64, rounded once. What exceeds the range of that dtype becomes infinite. Cost: O(N). No boxes give no deltas.

    References
    ----------
    R. Girshick, J. Donahue, T. Darrell, J. Malik, Rich feature hierarchies for accurate object detection and semantic
    segmentation, CVPR 2014, appendix C.
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN, NIPS 2015, equation 2.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> anchors = np.array([[0.0, 0.0, 10.0, 20.0]])
    >>> imgproc.encode_boxes(np.array([[5.0, 0.0, 15.0, 40.0]]), anchors).round(3)
    array([[0.5  , 0.5  , 0.   , 0.693]])
    """
    boxes = check_boxes("encode_boxes", boxes)
    anchors = check_boxes("encode_boxes", anchors, argument="anchors")
    factors = WEIGHTS.check("encode_boxes", "weights", weights)
    if anchors.shape != boxes.shape:
        must = f"of shape {boxes.shape}, one for each of the boxes"
        raise wrong_value("encode_boxes", "anchors", must, Got(f"shape {anchors.shape}"))
    _check_sized("encode_boxes", "boxes", boxes)
    _check_sized("encode_boxes", "anchors", anchors)
    boxes, anchors = together(boxes, anchors)
    factors = _factors("encode_boxes", factors, boxes.dtype)
    deltas = np.empty_like(boxes)
    if len(boxes):
        run_bands(
            lambda y0, y1: kernels.encode(boxes, anchors, factors, deltas, y0, y1),
            len(boxes),
            len(boxes) * _CODE_COST,
        )
    return deltas


@operation("boxes", takes="boxes")
def decode_boxes(
    deltas: Array,
    anchors: Array,
    *,
    weights: Annotated[Any, WEIGHTS] = (1.0, 1.0, 1.0, 1.0),
    max_log_ratio: Annotated[float, LOG_RATIO] = math.log(1000 / 16),
) -> Array:
    """Apply predicted deltas to anchors: the inverse of ``encode_boxes``.

    Parameters
    ----------
    deltas : (N, 4) or (N, K, 4) array of float32 or float64
        Δx, Δy, Δw, Δh without unit, finite; K of them for each anchor where a network predicts one box per class.
    anchors : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels, of positive width and height.
    weights : four numbers > 0, default (1, 1, 1, 1)
        Factors that the deltas were encoded with.
    max_log_ratio : float, default ln(1000 / 16)
        Largest Δw and Δh, after division by their weights; 0 or more. It keeps an untrained network from boxes of
        infinite size.

    Returns
    -------
    array
        Boxes of the shape of ``deltas``, x1, y1, x2, y2 in pixels, not clipped to an image; float32 where both arrays
        are, else float64. ``x1 <= x2`` and ``y1 <= y2`` wherever they are finite.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, NaN or infinity, an inverted anchor or one without width or height, named by its row; weights or
        a largest logarithm out of range.

    Notes
    -----
    ``x = xa + wa Δx / weights[0], w = wa exp(min(Δw / weights[2], max_log_ratio))``, the same for y and h, and
    ``x1 = x − w / 2, x2 = x + w / 2``, all in the dtype of the result; the exponential of float32 in float64, rounded
    once.

    Decoding what ``encode_boxes`` gave returns the boxes within 8 units in the last place of their largest
    coordinate, as long as no side exceeds ``exp(max_log_ratio)`` times the anchor's. What exceeds the range of the
    dtype becomes infinite, or NaN where a centre and a side both do. Cost: O(N K).

    References
    ----------
    R. Girshick, J. Donahue, T. Darrell, J. Malik, Rich feature hierarchies for accurate object detection and semantic
    segmentation, CVPR 2014, appendix C.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> anchors = np.array([[0.0, 0.0, 10.0, 20.0]])
    >>> imgproc.decode_boxes(np.array([[0.5, 0.5, 0.0, np.log(2)]]), anchors)
    array([[ 5.,  0., 15., 40.]])
    """
    deltas = check_floats("decode_boxes", "deltas", deltas, "(N, 4) or (N, K, 4)")
    if deltas.ndim not in (2, 3) or deltas.shape[-1] != 4:
        raise wrong_value(
            "decode_boxes", "deltas", "of shape (N, 4) or (N, K, 4)", Got(f"shape {deltas.shape}")
        )
    flat = np.ascontiguousarray(deltas).reshape(-1, 4)
    flat = check_boxes("decode_boxes", flat, argument="deltas", ordered=False)
    anchors = check_boxes("decode_boxes", anchors, argument="anchors")
    factors = WEIGHTS.check("decode_boxes", "weights", weights)
    largest = LOG_RATIO.check("decode_boxes", "max_log_ratio", max_log_ratio)
    if len(anchors) != len(deltas):
        must = f"of shape ({len(deltas)}, 4), one for each of the deltas"
        raise wrong_value("decode_boxes", "anchors", must, Got(f"shape {anchors.shape}"))
    _check_sized("decode_boxes", "anchors", anchors)
    flat, anchors = together(flat, anchors)
    factors = _factors("decode_boxes", factors, flat.dtype)
    boxes = np.empty(deltas.shape, flat.dtype)
    if boxes.size:
        source, result = (array.reshape(len(deltas), -1, 4) for array in (flat, boxes))
        # A float32 holds no larger one; its exponential is infinite all the same.
        largest = min(largest, float(np.finfo(flat.dtype).max))
        run_bands(
            lambda y0, y1: kernels.decode(source, anchors, factors, largest, result, y0, y1),
            len(source),
            len(flat) * _CODE_COST,
        )
    return boxes


def generate_anchors(
    shape: Annotated[tuple[int, int], GRID],
    stride: Annotated[Any, STRIDE],
    sizes: Annotated[Any, SIDES],
    ratios: Annotated[Any, SIDES] = (0.5, 1.0, 2.0),
    *,
    offset: Annotated[float, OFFSET] = 0.0,
    rounded: Annotated[bool, FLAG] = False,
) -> Array:
    """Lay anchors of every size and ratio around every cell of a feature map.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the feature map.
    stride : float or (float, float)
        Pixels of the image for each cell, above 0: one number, or ``(down, across)``.
    sizes : sequence of numbers > 0
        Square roots of the anchors' areas, in pixels.
    ratios : sequence of numbers > 0, default (0.5, 1, 2)
        Height over width.
    offset : float, default 0
        Where in its cell an anchor's centre lies, in strides: 0 at the corner, as in torchvision, 0.5 in the middle.
    rounded : bool, default False
        Round the corners of the anchors around the origin to whole pixels, half to even, before they are moved to
        their cells. torchvision's ``AnchorGenerator`` always does.

    Returns
    -------
    (rows · columns · ratios · sizes, 4) array of float32
        x1, y1, x2, y2 in pixels, not clipped. The size runs fastest, then the ratio, the column and the row: the same
        order as torchvision's.

    Raises
    ------
    TypeError
        Wrong kind of number or sequence.
    ValueError
        A number out of range, an empty sequence, numbers that make anchors of no size or beyond float32, or more
        anchors than memory can be asked for.

    Notes
    -----
    ``h = size · √ratio, w = size / √ratio`` around ``((column + offset) · across, (row + offset) · down)``, so that all
    ratios of a size have the same area. All is float32, in the operations and the order of torchvision: with
    ``rounded`` the result is bit for bit that of its ``AnchorGenerator`` for one feature map. Cost: O(1) for each
    anchor, no memory beside the result.

    References
    ----------
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN: towards real-time object detection with region proposal networks,
    NIPS 2015, section 3.1.

    Examples
    --------
    >>> import imgproc
    >>> imgproc.generate_anchors((1, 2), 16, [32], [1.0])
    array([[-16., -16.,  16.,  16.],
           [  0., -16.,  32.,  16.]], dtype=float32)
    """
    rows, columns = GRID.check("generate_anchors", "shape", shape)
    steps = STRIDE.check("generate_anchors", "stride", stride)
    sides = SIDES.check("generate_anchors", "sizes", sizes)
    shapes = SIDES.check("generate_anchors", "ratios", ratios)
    place = OFFSET.check("generate_anchors", "offset", offset)
    rounded = FLAG.check("generate_anchors", "rounded", rounded)
    count = len(sides) * len(shapes)
    if rows * columns * count > 2**58:
        raise wrong_value("generate_anchors", "shape", f"one with at most 2**58 / {count} cells", shape)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        sides, shapes = sides.astype(np.float32), np.sqrt(shapes.astype(np.float32))
        heights = (shapes[:, None] * sides).ravel() / 2
        widths = ((1 / shapes)[:, None] * sides).ravel() / 2
        down = (np.arange(rows, dtype=np.float32) + np.float32(place)) * np.float32(steps[0])
        across = (np.arange(columns, dtype=np.float32) + np.float32(place)) * np.float32(steps[1])
        farthest = [
            np.abs(centres).max() + halves.max() for centres, halves in ((down, heights), (across, widths))
        ]
    # NaN compares false.
    if not (np.isfinite(farthest).all() and (heights > 0).all() and (widths > 0).all()):
        must = "such that all anchors have a size above 0 and lie within float32"
        raise wrong_value("generate_anchors", "stride, sizes, ratios and offset", must, Got("others"))
    around = (-widths, -heights, widths, heights)
    if rounded:
        around = tuple(np.rint(corner) for corner in around)  # type: ignore[assignment]
    anchors = np.empty((rows, columns * count, 4), np.float32)
    for column, corner in enumerate(around):
        if column % 2:
            np.add(down[:, None, None], corner, out=anchors.reshape(rows, columns, count, 4)[..., column])
        else:
            anchors[..., column] = (across[:, None] + corner).ravel()
    return anchors.reshape(-1, 4)
