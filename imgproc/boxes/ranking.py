"""What every suppression takes, and the order in which it looks at boxes: by score, equal scores as they came."""

from __future__ import annotations

import numpy as np

from .._core.box_arrays import within_dtype
from .._core.images import Array
from .._core.parameters import OrNone, Range

IOU = Range(low=0, high=1)
SCORE = OrNone(Range())
COUNT = OrNone(Range(low=0, integer=True))


def by_score(scores: Array, score_threshold: float | None = None) -> Array:
    """Indices of the scores of at least the threshold, highest first, ties by lower index, as int64."""
    if score_threshold is None:
        return np.argsort(-scores, kind="stable").astype(np.int64, copy=False)
    chosen = np.flatnonzero(scores >= within_dtype(score_threshold, scores))
    return chosen[np.argsort(-scores[chosen], kind="stable")].astype(np.int64, copy=False)
