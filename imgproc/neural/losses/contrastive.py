"""The loss of contrastive learning."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.errors import Got, wrong_value
from ..._core.images import Array
from ..._core.parameters import Range
from ..stable import log_softmax
from ..training_checks import check_array
from .reduction import REDUCTION, Loss, reduced

TEMPERATURE = Range(low=1e-6, high=1e6)


def nt_xent_loss(
    embeddings: Array,
    *,
    temperature: Annotated[float, TEMPERATURE] = 0.5,
    reduction: Annotated[str, REDUCTION] = "mean",
) -> Loss:
    """Normalised, temperature-scaled cross entropy (NT-Xent): two views of one image near, all others apart.

    Parameters
    ----------
    embeddings : (2 N, D) array of float32 or float64
        Rows i and i + N come from two views of image i; finite, none all 0. Of any length: only directions count.
    temperature : float, default 0.5
        Divides the similarities, 1e-6 to 1e6; the smaller, the more the nearest strangers count.
    reduction : {"mean", "sum", "none"}, default "mean"
        What becomes of the losses of the 2 N views; a mean over none is 0.

    Returns
    -------
    loss : float, or (2 N,) array for "none"
        Computed in float64.
    gradient : (2 N, D) array
        With respect to ``embeddings``, in their dtype: of the mean, else of the sum.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, an odd number of rows, numbers that are not finite, a row of zeros, or a temperature out of range.

    Notes
    -----
    With ``u = z / |z|`` and ``s_ij = u_i · u_j / temperature``, and j the other view of i:
    ``loss_i = -s_ij + ln sum over k != i of exp(s_ik)``. With ``G_ik = softmax(s_i)_k - [k = j]``, 0 for k = i:
    ``d loss / d u = (G + G') u / temperature`` and ``d / d z = (d - u (u · d)) / |z|`` for d = d loss / d u.
    One pair alone has loss 0. Time O(N**2 D), memory O(N**2).

    References
    ----------
    T. Chen, S. Kornblith, M. Norouzi, G. Hinton, A simple framework for contrastive learning of visual representations,
    ICML 2020, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import losses
    >>> views = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    >>> loss, gradient = losses.nt_xent_loss(views, temperature=1.0)
    >>> round(loss, 4)
    0.5514
    """
    name = "nt_xent_loss"
    z = check_array(name, "embeddings", embeddings, ("2 N", "D"))
    temperature = TEMPERATURE.check(name, "temperature", temperature)
    reduction = REDUCTION.check(name, "reduction", reduction)
    if len(z) % 2:
        raise wrong_value(name, "embeddings", "two rows for each image", Got(f"shape {z.shape}"))
    count = len(z) // 2
    empty = ~z.any(axis=1)
    if empty.any():
        raise wrong_value(
            name, "embeddings", "of rows with a direction", Got(f"zeros in row {empty.argmax()}")
        )
    if not count:
        return reduced(np.zeros(0), np.zeros(z.shape), reduction, embeddings.dtype)
    # Scaled first, so that squares of tiny numbers are not lost.
    scale = np.abs(z).max(axis=1, keepdims=True)
    unit = z / scale
    norm = np.sqrt((unit * unit).sum(axis=1, keepdims=True))
    unit /= norm
    similar = unit @ unit.T / temperature
    np.fill_diagonal(similar, -np.inf)
    log_p = log_softmax(similar, 1)
    rows, other = np.arange(2 * count), np.roll(np.arange(2 * count), count)
    pull = np.exp(log_p)
    pull[rows, other] -= 1
    slope = (pull + pull.T) @ unit / temperature
    gradient = (slope - unit * (unit * slope).sum(axis=1, keepdims=True)) / norm
    with np.errstate(over="ignore"):
        gradient = gradient / scale
    return reduced(-log_p[rows, other], gradient, reduction, embeddings.dtype)
