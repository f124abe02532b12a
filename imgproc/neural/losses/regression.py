"""Losses of numbers."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.images import Array
from ..._core.parameters import Range
from ..training_checks import check_array
from .reduction import REDUCTION, Loss, reduced

DELTA = Range(above=0, high=1e12)
BETA = Range(low=0, high=1e12)


def _residuals(function: str, predictions: Array, targets: Array) -> Array:
    x = check_array(function, "predictions", predictions, ("...",))
    residuals: Array = x - check_array(function, "targets", targets, x.shape)
    return residuals


def mean_squared_error(
    predictions: Array, targets: Array, *, reduction: Annotated[str, REDUCTION] = "mean"
) -> Loss:
    """Squared error.

    Parameters
    ----------
    predictions : (...) array of float32 or float64
        Finite, any shape.
    targets : array of float32 or float64
        Of the same shape, finite.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements; a mean over nothing is 0.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``predictions``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array or word.
    ValueError
        Wrong shape, or numbers that are not finite.

    Notes
    -----
    ``r**2`` with ``r = prediction - target``; derivative ``2 r``.

    References
    ----------
    C. F. Gauss, Theoria combinationis observationum erroribus minimis obnoxiae, 1823.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> losses.mean_squared_error(np.array([1.0, 4.0]), np.array([0.0, 1.0]))
    (5.0, array([1., 3.]))
    """
    r = _residuals("mean_squared_error", predictions, targets)
    reduction = REDUCTION.check("mean_squared_error", "reduction", reduction)
    return reduced(r * r, 2 * r, reduction, predictions.dtype)


def mean_absolute_error(
    predictions: Array, targets: Array, *, reduction: Annotated[str, REDUCTION] = "mean"
) -> Loss:
    """Absolute error.

    Parameters
    ----------
    predictions : (...) array of float32 or float64
        Finite, any shape.
    targets : array of float32 or float64
        Of the same shape, finite.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements; a mean over nothing is 0.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``predictions``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array or word.
    ValueError
        Wrong shape, or numbers that are not finite.

    Notes
    -----
    ``|r|`` with ``r = prediction - target``; derivative ``sign(r)``, 0 where r is 0.

    References
    ----------
    P. J. Huber, Robust statistics, Wiley 1981: its minimum is the median.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> losses.mean_absolute_error(np.array([1.0, 4.0]), np.array([1.0, 1.0]))
    (1.5, array([0. , 0.5]))
    """
    r = _residuals("mean_absolute_error", predictions, targets)
    reduction = REDUCTION.check("mean_absolute_error", "reduction", reduction)
    return reduced(np.abs(r), np.sign(r), reduction, predictions.dtype)


def _huber(r: Array, delta: float) -> tuple[Array, Array]:
    size = np.abs(r)
    losses = np.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return losses, np.clip(r, -delta, delta)


def huber_loss(
    predictions: Array,
    targets: Array,
    *,
    delta: Annotated[float, DELTA] = 1.0,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Huber loss: squared near 0, straight beyond.

    Parameters
    ----------
    predictions : (...) array of float32 or float64
        Finite, any shape.
    targets : array of float32 or float64
        Of the same shape, finite.
    delta : float, default 1
        Where the straight part begins, above 0 and at most 1e12.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements; a mean over nothing is 0.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``predictions``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, numbers that are not finite, or ``delta`` out of range.

    Notes
    -----
    With ``r = prediction - target``: ``r**2 / 2`` where ``|r| <= delta``, else ``delta (|r| - delta / 2)``; derivative
    ``min(max(r, -delta), delta)``.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> losses.huber_loss(np.array([0.5, -3.0]), np.zeros(2), delta=2.0, reduction="none")
    (array([0.125, 4.   ]), array([ 0.5, -2. ]))
    """
    r = _residuals("huber_loss", predictions, targets)
    delta = DELTA.check("huber_loss", "delta", delta)
    reduction = REDUCTION.check("huber_loss", "reduction", reduction)
    return reduced(*_huber(r, delta), reduction, predictions.dtype)


def smooth_l1_loss(
    predictions: Array,
    targets: Array,
    *,
    beta: Annotated[float, BETA] = 1.0,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Smooth L1 loss of Fast R-CNN: the Huber loss over its ``beta``, so that the straight part has slope 1.

    Parameters
    ----------
    predictions : (...) array of float32 or float64
        Finite, any shape.
    targets : array of float32 or float64
        Of the same shape, finite.
    beta : float, default 1
        Where the straight part begins, 0 to 1e12; 0 gives the absolute error. torchvision's box heads take 1/9.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the elements; a mean over nothing is 0.

    Returns
    -------
    loss : float, or array for "none"
        Computed in float64.
    gradient : array
        With respect to ``predictions``, in their shape and dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, numbers that are not finite, or ``beta`` out of range.

    Notes
    -----
    With ``r = prediction - target``: ``r**2 / (2 beta)`` where ``|r| <= beta``, else ``|r| - beta / 2``; derivative
    ``min(max(r / beta, -1), 1)``, or ``sign(r)`` for beta 0.

    References
    ----------
    R. Girshick, Fast R-CNN, ICCV 2015, equation 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> losses.smooth_l1_loss(np.array([0.5, -3.0]), np.zeros(2), beta=2.0, reduction="none")
    (array([0.0625, 2.    ]), array([ 0.25, -1.  ]))
    """
    r = _residuals("smooth_l1_loss", predictions, targets)
    beta = BETA.check("smooth_l1_loss", "beta", beta)
    reduction = REDUCTION.check("smooth_l1_loss", "reduction", reduction)
    if beta < 1e-150:  # its reciprocal times r could overflow, and no r but 0 is that small
        return reduced(np.abs(r), np.sign(r), reduction, predictions.dtype)
    losses, gradient = _huber(r, beta)
    return reduced(losses / beta, gradient / beta, reduction, predictions.dtype)
