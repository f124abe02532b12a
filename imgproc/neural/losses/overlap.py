"""Losses of overlap: of masks and of boxes."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64, check_boxes
from ..._core.errors import Got, wrong_value
from ..._core.images import Array
from ..._core.parameters import Choice, Range
from ..stable import sigmoid
from ..training_checks import LIMIT, check_array, check_shares
from .reduction import REDUCTION, Loss, reduced

SMOOTH = Range(above=0, high=1e12)
DENOMINATOR = Choice(("sum", "squares"))
KIND = Choice(("iou", "giou"))


def dice_loss(
    logits: Array,
    targets: Array,
    *,
    smooth: Annotated[float, SMOOTH] = 1.0,
    denominator: Annotated[str, DENOMINATOR] = "sum",
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Dice loss of sigmoid masks: one less twice the overlap over the sum of both.

    Parameters
    ----------
    logits : (N, ...) array of float32 or float64
        One mask in each row, before the sigmoid, finite.
    targets : array of bool, integers or floats
        Of the same shape, 0 to 1.
    smooth : float, default 1
        Added above and below, above 0 and at most 1e12: two empty masks then agree.
    denominator : {"sum", "squares"}, default "sum"
        Of the probabilities, as in DETR, MaskFormer and Mask2Former, or of their squares, as in V-Net.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the masks; a mean over none is 0.

    Returns
    -------
    loss : float, or (N,) array for "none"
        Computed in float64.
    gradient : (N, ...) array
        With respect to ``logits``, in their dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, logits that are not finite, targets outside [0, 1], or a parameter out of range.

    Notes
    -----
    With ``p = s(x)``: ``loss = 1 - A / B``, ``A = 2 sum(p t) + smooth``, ``B = sum(p) + sum(t) + smooth`` (or
    ``sum(p**2) + sum(t**2) + smooth``), and ``d loss / d x = (A / B b - 2 t) / B · p (1 - p)`` with b = 1 (or 2 p).

    References
    ----------
    F. Milletari, N. Navab, S.-A. Ahmadi, V-Net: fully convolutional neural networks for volumetric medical image
    segmentation, 3DV 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> loss, _ = losses.dice_loss(np.array([[50.0, 50.0, -50.0]]), np.array([[1, 0, 0]]))
    >>> round(loss, 6)
    0.25
    """
    name = "dice_loss"
    x = check_array(name, "logits", logits, ("N", "..."))
    t = check_shares(name, "targets", targets, x.shape)
    smooth = SMOOTH.check(name, "smooth", smooth)
    squares = DENOMINATOR.check(name, "denominator", denominator) == "squares"
    reduction = REDUCTION.check(name, "reduction", reduction)
    p = sigmoid(x)
    axes = tuple(range(1, x.ndim))
    above = 2 * (p * t).sum(axis=axes, keepdims=True) + smooth
    below = (p * p + t * t if squares else p + t).sum(axis=axes, keepdims=True) + smooth
    quotient = above / below
    gradient = (quotient * (2 * p if squares else 1) - 2 * t) / below * p * sigmoid(-x)
    return reduced(1 - quotient.reshape(len(x)), gradient, reduction, logits.dtype)


def box_iou_loss(
    boxes: Array,
    targets: Array,
    *,
    kind: Annotated[str, KIND] = "giou",
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """One less the overlap of each box with its target.

    Parameters
    ----------
    boxes : (N, 4) array of float32 or float64
        Rows ``x1, y1, x2, y2``, finite, with x1 <= x2 and y1 <= y2.
    targets : (N, 4) array of float32 or float64
        The box that each should be.
    kind : {"giou", "iou"}, default "giou"
        The overlap: `iou_matrix` says how each is defined. "iou" has no gradient where boxes do not meet.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the boxes; a mean over none is 0.

    Returns
    -------
    loss : float, or (N,) array for "none"
        0 to 1 for each box, up to 2 for "giou"; computed in float64.
    gradient : (N, 4) array
        With respect to ``boxes``, in their dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array or word.
    ValueError
        Wrong shape, numbers that are not finite or beyond 1e75, or inverted boxes, named by their row.

    Notes
    -----
    ``iou = I / U`` with ``U = |A| + |B| - I``, and ``giou = iou - (E - U) / E`` with E the area of the smallest box
    around both: ``d iou = (dI - iou dU) / U`` and ``d (U / E) = (dU - U / E dE) / E``. (Lecture notes print the union
    for I in the denominator of U: a misprint.) Quotients 0 / 0 are 0, and their derivatives. Where an edge coincides
    with that of the target, the derivative is the mean of those on both sides; boxes that only touch count as apart.

    References
    ----------
    J. Yu, Y. Jiang, Z. Wang, Z. Cao, T. Huang, UnitBox: an advanced object detection network, ACM Multimedia 2016.
    H. Rezatofighi, N. Tsoi, J. Gwak, A. Sadeghian, I. Reid, S. Savarese, Generalized intersection over union, CVPR
    2019.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> losses.box_iou_loss(np.array([[1.0, 1.0, 3.0, 3.0]]), np.array([[0.0, 0.0, 4.0, 4.0]]), kind="iou")
    (0.75, array([[ 0.125,  0.125, -0.125, -0.125]]))
    """
    name = "box_iou_loss"
    a = _check_pairs(name, "boxes", boxes)
    b = _check_pairs(name, "targets", targets)
    if len(a) != len(b):
        raise wrong_value(
            name, "targets", f"of shape ({len(a)}, 4), one for each box", Got(f"shape {b.shape}")
        )
    generalised = KIND.check(name, "kind", kind) == "giou"
    reduction = REDUCTION.check(name, "reduction", reduction)
    # For each axis, and by its lower and upper edge: lengths and their derivatives.
    low, high, low_b, high_b = a[:, :2], a[:, 2:], b[:, :2], b[:, 2:]
    inside = np.minimum(high, high_b) - np.maximum(low, low_b)
    meet = (inside > 0).all(axis=1, keepdims=True)
    inside = np.where(meet, inside, 0.0)
    d_inside = np.where(meet, np.hstack([-_step(low, low_b), _step(high_b, high)]), 0.0)
    side = high - low
    d_side = np.hstack([-np.ones_like(low), np.ones_like(high)])
    around = np.maximum(high, high_b) - np.minimum(low, low_b)
    d_around = np.hstack([-_step(low_b, low), _step(high, high_b)])

    inter, d_inter = _area(inside, d_inside)
    area, d_area = _area(side, d_side)
    union, d_union = area + (high_b - low_b).prod(axis=1, keepdims=True) - inter, d_area - d_inter
    overlap, gradient = _quotient(inter, d_inter, union, d_union)
    if generalised:
        share, d_share = _quotient(union, d_union, *_area(around, d_around))
        # Where nothing is around, nothing is missing in it.
        overlap = overlap - np.where(around.all(axis=1, keepdims=True), 1 - share, 0.0)
        gradient = gradient + d_share
    return reduced(1 - overlap[:, 0], -gradient, reduction, boxes.dtype)


def _check_pairs(function: str, argument: str, boxes: Array) -> Array:
    array = check_boxes(function, boxes, argument=argument).astype(FLOAT64, copy=False)
    wrong = (np.abs(array) > LIMIT).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(
            function, argument, f"within ±{LIMIT:g}", Got(f"{array[row].tolist()} in row {row}")
        )
    return array


def _step(a: Array, b: Array) -> Array:
    """d max(a, b) / d a: 1 above, 0 below, a half where they are equal."""
    out: Array = np.where(a == b, 0.5, (a > b).astype(FLOAT64))
    return out


def _area(sides: Array, slopes: Array) -> tuple[Array, Array]:
    """``(N, 1)`` products of both sides, and ``(N, 4)`` derivatives by x1, y1, x2, y2."""
    area = sides[:, :1] * sides[:, 1:]
    derivative: Array = slopes * np.tile(sides[:, ::-1], 2)
    return area, derivative


def _quotient(part: Array, d_part: Array, whole: Array, d_whole: Array) -> tuple[Array, Array]:
    """``part / whole`` and its derivative, 0 where ``whole`` is."""
    safe = np.where(whole > 0, whole, 1.0)
    share = np.where(whole > 0, part / safe, 0.0)
    derivative: Array = np.where(whole > 0, (d_part - share * d_whole) / safe, 0.0)
    return share, derivative
