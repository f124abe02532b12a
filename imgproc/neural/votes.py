"""Votes of several models, counted."""

from __future__ import annotations

import numpy as np

from .._core.images import Array


def count_votes(votes: Array, classes: int, weights: Array) -> Array:
    """``(N, classes)`` sums of the weights of the models that vote for each class."""
    items = votes.shape[1]
    places = votes + np.arange(items) * classes
    counts = np.bincount(places.ravel(), np.repeat(weights, items), minlength=items * classes)
    return counts.reshape(items, classes)
