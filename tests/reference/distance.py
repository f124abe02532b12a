"""The slow twin of the distance transform."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def distance_transform(mask: Any) -> Any:
    """``min over p with mask[p] = 0 of |x - p|``: the definition, over all pairs; the square of it is an integer."""
    zeros = [p for p in np.ndindex(*mask.shape) if not mask[p]]
    out = np.full(mask.shape, np.inf, np.float32)
    for x in itertools.product(*map(range, mask.shape)):
        squares = [sum((a - b) ** 2 for a, b in zip(x, p, strict=True)) for p in zeros]
        if squares:
            out[x] = np.float32(np.sqrt(np.float64(min(squares))))
    return out
