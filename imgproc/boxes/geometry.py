"""Boxes as corners or centres, inside an image, and how far they overlap."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import check_boxes, check_rows, wrong_row
from .._core.errors import Got, wrong_type
from .._core.images import Array, check_out
from .._core.operations import operation
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import box_checks as checks
from .._ext import iou as kernels

FORMAT = Choice(("xyxy", "xywh", "cxcywh"))
SHAPE = Shape()
KINDS = ("iou", "giou", "diou", "ciou")
KIND = Choice(KINDS)

# Nanoseconds for one pair, with AVX2: only an estimate for the choice of threads.
_COST = {"iou": 0.5, "giou": 0.8, "diou": 0.8, "ciou": 1.0}

# With a row as two pairs, each pair of the result: itself by a factor, plus the other by one; or itself alone.
_SAME = (1.0, 1.0), (0.0, 0.0)
_FACTORS = {
    ("xyxy", "xywh"): ((1.0, 1.0), (0.0, -1.0)),
    ("xyxy", "cxcywh"): ((0.5, 1.0), (0.5, -1.0)),
    ("xywh", "xyxy"): ((1.0, 1.0), (0.0, 1.0)),
    ("xywh", "cxcywh"): ((1.0, 1.0), (0.5, 0.0)),
    ("cxcywh", "xyxy"): ((1.0, 0.5), (-0.5, 1.0)),
    ("cxcywh", "xywh"): ((1.0, 1.0), (-0.5, 0.0)),
}


@operation("boxes", takes="boxes")
def convert_boxes(boxes: Array, source: Annotated[str, FORMAT], target: Annotated[str, FORMAT]) -> Array:
    """Rewrite boxes from one format into another.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows in the format of ``source``, finite, no width or height negative.
    source : {"xyxy", "xywh", "cxcywh"}
        Format of ``boxes``: two corners, the upper left corner with width and height, or the centre with them.
    target : {"xyxy", "xywh", "cxcywh"}
        Format of the result.

    Returns
    -------
    (N, 4) array
        A new array of the dtype of ``boxes``.

    Raises
    ------
    TypeError
        Wrong kind of array or word.
    ValueError
        Wrong shape, unknown format, or boxes that are not finite or inverted: the first such row is named.

    Notes
    -----
    Corners are ``x2 = x1 + w`` and ``x1 = cx - w / 2, x2 = cx + w / 2``; back again ``w = x2 - x1`` and
    ``cx = x1 / 2 + x2 / 2``, each operation rounded to the dtype. There and back is therefore exact only where the
    numbers are, such as integers and halves below 2**22 in float32. Results beyond the range of the dtype are infinite.

    References
    ----------
    The formats of ``torchvision.ops.box_convert``, whose results these are.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> imgproc.convert_boxes(np.array([[2.0, 3.0, 8.0, 7.0]]), "xyxy", "cxcywh")
    array([[5., 5., 6., 4.]])
    """
    source = FORMAT.check("convert_boxes", "source", source)
    target = FORMAT.check("convert_boxes", "target", target)
    boxes = check_rows("convert_boxes", boxes, "boxes", 4, "(N, 4)")
    own, other = _FACTORS.get((source, target), _SAME)
    factors = np.repeat(np.array([*own, *other], boxes.dtype), 2)
    out = np.empty_like(boxes)
    row = checks.rewrite(boxes, out, factors, source == "xyxy")
    if row >= 0:
        if source == "xyxy":
            raise wrong_row("convert_boxes", "boxes", boxes, row)
        raise wrong_row("convert_boxes", "boxes", boxes, row, f"{source} with width >= 0 and height >= 0")
    return out


@operation("boxes", takes="boxes")
def clip_boxes(boxes: Array, shape: Annotated[tuple[int, int], SHAPE]) -> Array:
    """Cut boxes off at the border of an image.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2`` in pixels, finite, with x1 <= x2 and y1 <= y2.
    shape : (int, int)
        Height and width of the image in pixels.

    Returns
    -------
    (N, 4) array
        A new array of the dtype of ``boxes``, x within [0, width] and y within [0, height].

    Raises
    ------
    TypeError
        Wrong kind of array or pair.
    ValueError
        Wrong shape, or boxes that are not finite or inverted: the first such row is named.

    Notes
    -----
    ``x = min(max(x, 0), width)`` and so on: a box outside the image becomes one without area on its border. Rows stay
    rows; ``boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]`` are those with area.

    References
    ----------
    ``torchvision.ops.clip_boxes_to_image``, whose result this is.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> imgproc.clip_boxes(np.array([[-3.0, 2.0, 8.0, 20.0]]), (10, 6))
    array([[ 0.,  2.,  6., 10.]])
    """
    boxes = check_rows("clip_boxes", boxes, "boxes", 4, "(N, 4)")
    height, width = SHAPE.check("clip_boxes", "shape", shape)
    out = np.empty_like(boxes)
    row = checks.clip(boxes, out, np.array([width, height, width, height], boxes.dtype))
    if row >= 0:
        raise wrong_row("clip_boxes", "boxes", boxes, row)
    return out


@operation("boxes", takes="boxes")
def iou_matrix(a: Array, b: Array, *, kind: Annotated[str, KIND] = "iou", out: Array | None = None) -> Array:
    """Measure the overlap of every box of one set with every box of another.

    Parameters
    ----------
    a : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2`` in pixels, finite, with x1 <= x2 and y1 <= y2.
    b : (M, 4) array
        As ``a``, of the same dtype.
    kind : {"iou", "giou", "diou", "ciou"}, default "iou"
        Intersection over union, or one of its generalisations that also order boxes which do not meet.
    out : (N, M) array, optional
        Where to write, C-contiguous, of the dtype of the boxes.

    Returns
    -------
    (N, M) array
        Of the dtype of the boxes: "iou" within [0, 1], "giou" and "diou" within [-1, 1], "ciou" within [-1.5, 1].

    Raises
    ------
    TypeError
        Wrong kind of array or word, or boxes of two dtypes.
    ValueError
        Wrong shape, an ``out`` that does not fit, or boxes that are not finite or inverted: the first such row is
        named.

    Notes
    -----
    With areas ``(x2 - x1) * (y2 - y1)``, E the smallest box around both, d the distance of their centres, c the
    diagonal of E, w and h the sides of each::

        iou  = inter / (area_a + area_b - inter)
        giou = iou - (area_E - union) / area_E
        diou = iou - d**2 / c**2
        ciou = diou - v**2 / (1 - iou + v),  v = 4 / pi**2 * (atan(w_a / h_a) - atan(w_b / h_b))**2

    computed in the dtype of the boxes, each operation rounded ("ciou" as ``diou - v / (1 - iou + v) * v``): the values
    of torchvision but for the 1e-7 that it adds to denominators, and for d, which comes from ``(x1_a - x1_b) / 2 +
    (x2_a - x2_b) / 2`` so that it stays exact far from the origin.

    A quotient without value, 0 / 0 or infinity / infinity, counts as 0, so that nothing is ever NaN: a box without
    area has IoU 0 with everything, itself too. That also holds where areas exceed the dtype, about 3.4e38 for float32:
    take float64 for coordinates that large. The angle of a box of one point is 0.

    Each operation errs by half a unit in the last place: "iou" is within 16 such units, 1e-6 in float32, of the exact
    value, "giou", "diou" and "ciou" within 3e-6, unless products are so small that they lose digits. Cost: N M pairs,
    and beside the result O(N + M) numbers.

    References
    ----------
    H. Rezatofighi, N. Tsoi, J. Gwak, A. Sadeghian, I. Reid, S. Savarese, Generalized intersection over union, CVPR
    2019.
    Z. Zheng, P. Wang, W. Liu, J. Li, R. Ye, D. Ren, Distance-IoU loss, AAAI 2020: "diou" and "ciou".

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> a = np.array([[0.0, 0.0, 2.0, 2.0]])
    >>> b = np.array([[0.0, 0.0, 2.0, 4.0], [3.0, 0.0, 5.0, 2.0]])
    >>> imgproc.iou_matrix(a, b)
    array([[0.5, 0. ]])
    >>> imgproc.iou_matrix(a, b, kind="giou")
    array([[ 0.5, -0.2]])
    """
    a = check_boxes("iou_matrix", a, argument="a", shape="(N, 4)")
    b = check_boxes("iou_matrix", b, argument="b", shape="(M, 4)")
    kind = KIND.check("iou_matrix", "kind", kind)
    if a.dtype != b.dtype:
        raise wrong_type("iou_matrix", "b", f"of dtype {a.dtype}, as a is", Got(f"dtype {b.dtype}"))
    out = check_out("iou_matrix", out, (len(a), len(b)), a.dtype, a, b)

    def band(i0: int, i1: int) -> None:
        scratch = np.empty(kernels.scratch_size(i1 - i0, len(b)), a.dtype)
        kernels.matrix_rows(a, b, scratch, out, KINDS.index(kind), i0, i1)

    if out.size:
        run_bands(band, len(a), out.size * _COST[kind] * a.itemsize / 4)
    return out
