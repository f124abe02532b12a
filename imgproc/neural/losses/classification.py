"""Losses of classes: cross entropies and focal losses."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array
from ..._core.parameters import Choice, OrNone, Range
from ..stable import log_sigmoid, log_softmax, sigmoid
from ..training_checks import check_array, check_classes, check_shares, check_weights
from .reduction import REDUCTION, Loss, reduced

SMOOTHING = Range(low=0, below=1)
SMOOTH_OVER = Choice(("all", "others"))
IGNORED = OrNone(Range(low=-(2**63), high=2**63 - 1, integer=True))
POSITIVE_WEIGHT = Range(above=0, high=1e12)
ALPHA = OrNone(Range(low=0, high=1))
EXPONENT = Range(low=0, high=100)


def cross_entropy(
    logits: Array,
    targets: Array,
    *,
    weight: Any = None,
    smoothing: Annotated[float, SMOOTHING] = 0.0,
    smooth_over: Annotated[str, SMOOTH_OVER] = "all",
    ignore_index: Annotated[int | None, IGNORED] = None,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Cross entropy of softmax probabilities with classes, with smoothed labels where asked.

    Parameters
    ----------
    logits : (N, K, ...) array of float32 or float64
        Scores of K >= 1 classes before the softmax, finite; further axes are positions, such as pixels.
    targets : (N, ...) integer array, or (N, K, ...) float array
        The class of each position, 0 to K - 1, or the probability of each class, 0 to 1.
    weight : sequence of K numbers >= 0, optional
        How much each class counts; 1 each by default.
    smoothing : float, default 0
        Share eps of each label that is spread over classes, at least 0 and below 1.
    smooth_over : {"all", "others"}, default "all"
        Over all K classes, eps / K each, as in the paper and torch, or over the K - 1 others, eps / (K - 1) each.
    ignore_index : int, optional
        Positions of this class count for nothing. torch's default is -100, ours is none.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the positions.

    Returns
    -------
    loss : float, or (N, ...) array for "none"
        Computed in float64.
    gradient : (N, K, ...) array
        With respect to ``logits``, in their dtype: of the mean, else of the sum of all losses.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word; ``ignore_index`` with probabilities.
    ValueError
        Wrong shape, numbers that are not finite, a class out of range, or a parameter out of range.

    Notes
    -----
    With labels q, weights w and ``p = softmax(z)``: ``loss = -sum_k w_k q_k ln p_k`` and
    ``d loss / d z_j = p_j sum_k(w_k q_k) - w_j q_j``. Smoothing makes of q: ``(1 - eps) q + eps / K``, or
    ``(1 - eps) q + eps (1 - q) / (K - 1)``. Lecture notes print the second; with it the right class gets 1 - eps, with
    the first 1 - eps + eps / K.

    As in torch the mean over classes divides by the sum of ``w[class]`` over the positions that count, that over
    probabilities by the number of positions; a mean over nothing is 0 (torch: NaN). ``ln p = z - max - ln sum
    exp(z - max)``, which neither overflows nor loses the digits of small losses. Memory: some arrays like ``logits``.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, Rethinking the Inception architecture for computer vision,
    CVPR 2016, section 7: label smoothing.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> loss, gradient = losses.cross_entropy(np.array([[2.0, 0.0]]), np.array([0]))
    >>> round(loss, 4), gradient.round(4)
    (0.1269, array([[-0.1192,  0.1192]]))
    """
    name = "cross_entropy"
    z = check_array(name, "logits", logits, ("N", "K", "..."))
    classes = z.shape[1]
    eps = SMOOTHING.check(name, "smoothing", smoothing)
    others = SMOOTH_OVER.check(name, "smooth_over", smooth_over) == "others"
    ignored = IGNORED.check(name, "ignore_index", ignore_index)
    reduction = REDUCTION.check(name, "reduction", reduction)
    if classes < (2 if others and eps else 1):
        least = "two classes, for there are others to smooth over" if others and eps else "one class"
        raise wrong_value(name, "logits", f"of at least {least}", Got(f"shape {z.shape}"))
    weights = check_weights(name, "weight", weight, classes).reshape(1, classes, *[1] * (z.ndim - 2))
    if isinstance(targets, np.ndarray) and targets.dtype.kind == "f":
        if ignored is not None:
            raise wrong_type(name, "targets", "of an integer dtype where ignore_index is given", targets)
        q = check_shares(name, "targets", targets, z.shape)
        whole = float(q.size // classes)
    else:
        classed = check_classes(name, "targets", targets, (len(z), *z.shape[2:]), classes, ignored)
        counted = np.ones(classed.shape, bool) if ignored is None else classed != ignored
        q = np.arange(classes).reshape(weights.shape) == classed[:, None]
        q = q.astype(np.float64)
        # An ignored class may be one of the K.
        weights = weights * counted[:, None]
        whole = float((weights * q).sum())
    if eps:
        q = (1 - eps) * q + (eps * (1 - q) / (classes - 1) if others else eps / classes)
    q *= weights
    log_p = log_softmax(z, 1)
    gradient = np.exp(log_p) * q.sum(axis=1, keepdims=True) - q
    return reduced(-(q * log_p).sum(axis=1), gradient, reduction, logits.dtype, whole)


def binary_cross_entropy(
    logits: Array,
    targets: Array,
    *,
    positive_weight: Annotated[float, POSITIVE_WEIGHT] = 1.0,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Binary cross entropy of sigmoid probabilities.

    Parameters
    ----------
    logits : (...) array of float32 or float64
        Scores before the sigmoid, finite, any shape.
    targets : array of bool, integers or floats
        Of the same shape: the probability that each is true, 0 to 1.
    positive_weight : float, default 1
        How much the true ones count, above 0 and at most 1e12; torch's ``pos_weight``.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements; a mean over nothing is 0.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``logits``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, logits that are not finite, targets outside [0, 1], or a parameter out of range.

    Notes
    -----
    ``loss = -(w t ln s(x) + (1 - t) ln s(-x))`` with the sigmoid s, and ``d loss / d x = (1 - t) s(x) - w t s(-x)``.
    ``ln s(x) = min(x, 0) - ln(1 + exp(-|x|))``, so that no logit is too large.

    References
    ----------
    I. Goodfellow, Y. Bengio, A. Courville, Deep learning, MIT Press 2016, section 6.2.2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> loss, gradient = losses.binary_cross_entropy(np.array([0.0, 800.0]), np.array([1, 0]), reduction="sum")
    >>> round(loss, 4), gradient
    (800.6931, array([-0.5,  1. ]))
    """
    name = "binary_cross_entropy"
    x = check_array(name, "logits", logits, ("...",))
    t = check_shares(name, "targets", targets, x.shape)
    weight = POSITIVE_WEIGHT.check(name, "positive_weight", positive_weight)
    reduction = REDUCTION.check(name, "reduction", reduction)
    losses = -(weight * t * log_sigmoid(x) + (1 - t) * log_sigmoid(-x))
    gradient = (1 - t) * sigmoid(x) - weight * t * sigmoid(-x)
    return reduced(losses, gradient, reduction, logits.dtype)


def focal_loss(
    logits: Array,
    targets: Array,
    *,
    alpha: Annotated[float | None, ALPHA] = 0.25,
    gamma: Annotated[float, EXPONENT] = 2.0,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Focal loss of sigmoid probabilities: cross entropy in which what is easy counts little.

    Parameters
    ----------
    logits : (...) array of float32 or float64
        Scores before the sigmoid, finite, any shape.
    targets : array of bool, integers or floats
        Of the same shape, each 0 or 1.
    alpha : float or None, default 0.25
        Weight of the true ones, 0 to 1; the false ones have ``1 - alpha``. None weighs all by 1.
    gamma : float, default 2
        How fast easy ones lose weight, 0 to 100; 0 gives the cross entropy.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements. The paper takes the sum over the number of positive anchors.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``logits``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, logits that are not finite, targets that are neither 0 nor 1, or a parameter out of range.

    Notes
    -----
    With ``u = x`` where the target is 1 and ``-x`` elsewhere, ``p = s(u)`` and ``q = s(-u) = 1 - p``:
    ``loss = -a q**gamma ln p`` and ``d loss / d u = a q**gamma (gamma p ln p - q)``. As q comes from its own sigmoid,
    losses of sure answers keep all their digits; forms with ``1 - p`` lose them.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, Focal loss for dense object detection, ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> loss, _ = losses.focal_loss(np.array([0.0, 3.0]), np.array([1, 1]), reduction="none")
    >>> loss.round(6).tolist()
    [0.043322, 2.7e-05]
    """
    name = "focal_loss"
    x = check_array(name, "logits", logits, ("...",))
    t = _zeros_and_ones(name, check_shares(name, "targets", targets, x.shape))
    balance = ALPHA.check(name, "alpha", alpha)
    gamma = EXPONENT.check(name, "gamma", gamma)
    reduction = REDUCTION.check(name, "reduction", reduction)
    sign = 2 * t - 1
    factor = np.ones(x.shape) if balance is None else np.where(t == 1, balance, 1 - balance)
    losses, slope = _focal(sign * x, gamma)
    return reduced(factor * losses, factor * sign * slope, reduction, logits.dtype)


def heatmap_focal_loss(
    logits: Array,
    targets: Array,
    *,
    alpha: Annotated[float, EXPONENT] = 2.0,
    beta: Annotated[float, EXPONENT] = 4.0,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Penalty-reduced focal loss of CornerNet and CenterNet, for heat maps with a peak at each object.

    Parameters
    ----------
    logits : (...) array of float32 or float64
        Scores before the sigmoid, finite, any shape.
    targets : array of bool, integers or floats
        Of the same shape, 0 to 1: 1 at the centre of an object and falling around it; `targets.heatmap_targets`
        makes it.
    alpha : float, default 2
        Exponent of the focal factor, 0 to 100.
    beta : float, default 4
        Exponent that lowers the penalty near a centre, 0 to 100.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements. "mean" divides their sum by the number of centres, or by 1 where
        there is none.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``logits``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, logits that are not finite, targets outside [0, 1], or a parameter out of range.

    Notes
    -----
    With ``p = s(x)`` and target Y: ``-(1 - p)**alpha ln p`` where Y is 1, elsewhere
    ``-(1 - Y)**beta p**alpha ln(1 - p)``. Derivatives: ``(1 - p)**alpha (alpha p ln p - (1 - p))`` and
    ``(1 - Y)**beta p**alpha (p - alpha (1 - p) ln(1 - p))``.

    References
    ----------
    H. Law, J. Deng, CornerNet: detecting objects as paired keypoints, ECCV 2018, equation 1.
    X. Zhou, D. Wang, P. Krähenbühl, Objects as points, arXiv 1904.07850 (2019), equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> loss, _ = losses.heatmap_focal_loss(np.zeros(3), np.array([1.0, 0.5, 0.0]), reduction="none")
    >>> loss.round(4)
    array([0.1733, 0.0108, 0.1733])
    """
    name = "heatmap_focal_loss"
    x = check_array(name, "logits", logits, ("...",))
    t = check_shares(name, "targets", targets, x.shape)
    alpha = EXPONENT.check(name, "alpha", alpha)
    beta = EXPONENT.check(name, "beta", beta)
    reduction = REDUCTION.check(name, "reduction", reduction)
    centre = t == 1
    sign = np.where(centre, 1.0, -1.0)
    factor = np.where(centre, 1.0, (1 - t) ** beta)
    losses, slope = _focal(sign * x, alpha)
    whole = max(1, int(np.count_nonzero(centre)))
    return reduced(factor * losses, factor * sign * slope, reduction, logits.dtype, whole)


def _focal(u: Array, gamma: float) -> tuple[Array, Array]:
    """``-s(-u)**gamma ln s(u)`` and its derivative."""
    log_p, p, q = log_sigmoid(u), sigmoid(u), sigmoid(-u)
    power = q**gamma
    # p is 0 long before ln p is infinite.
    return -power * log_p, power * (gamma * p * log_p - q)


def _zeros_and_ones(function: str, targets: Array) -> Array:
    wrong = (targets != 0) & (targets != 1)
    if wrong.any():
        raise wrong_value(function, "targets", "0 or 1 each", Got(f"{targets[wrong][0]} in it"))
    return targets
