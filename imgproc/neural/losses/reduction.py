"""How the losses of single items become one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.images import Array
from ..._core.parameters import Choice

REDUCTION = Choice(("mean", "sum", "none"))

Loss = tuple[Any, Array]


def reduced(losses: Array, gradient: Array, reduction: str, dtype: Any, whole: float | None = None) -> Loss:
    """The loss, and the gradient of the mean or, for "sum" and "none", of the sum, in the dtype of what was given.

    ``whole`` is what a mean divides by, the number of losses by default; a mean over nothing is 0.
    """
    with np.errstate(over="ignore"):
        if reduction == "none":
            return losses.astype(dtype), gradient.astype(dtype)
        if reduction == "sum":
            return float(losses.sum()), gradient.astype(dtype)
        whole = losses.size if whole is None else whole
        if not whole:
            return 0.0, np.zeros(gradient.shape, dtype)
        return float(losses.sum() / whole), (gradient / whole).astype(dtype)
