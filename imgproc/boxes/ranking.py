"""The order in which boxes are looked at: by score, and what has the same score as it came."""

from __future__ import annotations

import numpy as np

from .._core.images import Array


def by_score(scores: Array, score_threshold: float | None = None) -> Array:
    """Indices of the scores of at least the threshold, highest first, ties by lower index, as int64."""
    if score_threshold is None:
        return np.argsort(-scores, kind="stable").astype(np.int64, copy=False)
    chosen = np.flatnonzero(scores >= score_threshold)
    return chosen[np.argsort(-scores[chosen], kind="stable")].astype(np.int64, copy=False)
