"""Sigmoid, its inverse and softmax with their logarithms, exact in float64 wherever the numbers lie."""

from __future__ import annotations

import math

import numpy as np

from .._core.images import Array


def log_sigmoid(x: Array) -> Array:
    """``ln(1 / (1 + exp(-x)))``, without overflow and without losing small values."""
    out: Array = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    return out


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, small values with all their digits."""
    small = np.exp(-np.abs(x))
    out: Array = np.where(x >= 0, 1.0, small) / (1 + small)
    return out


def logit(probability: float) -> float:
    """``ln(p / (1 - p))``, of a probability above 0 and below 1."""
    return math.log(probability) - math.log1p(-probability)


def log_softmax(x: Array, axis: int) -> Array:
    """``x - ln(sum(exp(x)))`` along an axis."""
    shifted = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    out: Array = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return out


def softmax(x: Array, axis: int) -> Array:
    """``exp(x) / sum(exp(x))`` along an axis."""
    out: Array = np.exp(log_softmax(x, axis))
    return out
