"""Slow twins of `imgproc.neural.losses`: the formulas, a number at a time, and differences for slopes."""

from __future__ import annotations

import math

import numpy as np

from reference.boxes import overlap


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def log_sigmoid(x):
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))


def cross_entropy(z, label, weights, eps, others):
    """One position: ``-sum w_k q_k ln p_k`` with q smoothed over all K classes (Szegedy et al. 2016) or the others."""
    k = len(z)
    top = max(z)
    log_sum = top + math.log(sum(math.exp(v - top) for v in z))
    total = 0.0
    for i in range(k):
        hit = 1.0 if i == label else 0.0
        q = (1 - eps) * hit + (eps * (1 - hit) / (k - 1) if others else eps / k)
        total -= weights[i] * q * (z[i] - log_sum)
    return total


def binary_cross_entropy(x, t, weight):
    return -(weight * t * log_sigmoid(x) + (1 - t) * log_sigmoid(-x))


def focal(x, t, alpha, gamma):
    """Lin et al. 2017, equation 5: ``-alpha_t (1 - p_t)**gamma ln p_t``."""
    u = x if t else -x
    a = 1.0 if alpha is None else alpha if t else 1 - alpha
    return -a * sigmoid(-u) ** gamma * log_sigmoid(u)


def heatmap_focal(x, y, alpha, beta):
    """Law and Deng 2018, equation 1."""
    if y == 1:
        return -(sigmoid(-x) ** alpha) * log_sigmoid(x)
    return -((1 - y) ** beta) * sigmoid(x) ** alpha * log_sigmoid(-x)


def dice(xs, ts, smooth, squares):
    """Milletari et al. 2016, with squares; without them as DETR has it."""
    above = below = smooth
    for x, t in zip(xs, ts, strict=True):
        p = sigmoid(x)
        above += 2 * p * t
        below += p * p + t * t if squares else p + t
    return 1 - above / below


def huber(r, delta):
    return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)


def smooth_l1(r, beta):
    return abs(r) if beta == 0 else huber(r, beta) / beta


def box_iou(a, b, kind):
    return 1 - float(overlap(a, b, kind))


def nt_xent(z, temperature):
    """Chen et al. 2020, equation 1, for every view."""
    n = len(z) // 2

    def similar(i, k):
        dot = sum(a * b for a, b in zip(z[i], z[k], strict=True))
        return dot / math.sqrt(sum(a * a for a in z[i])) / math.sqrt(sum(b * b for b in z[k])) / temperature

    losses = []
    for i in range(2 * n):
        others = sum(math.exp(similar(i, k)) for k in range(2 * n) if k != i)
        losses.append(math.log(others) - similar(i, (i + n) % (2 * n)))
    return losses


def slopes(function, x, step=1e-6):
    """Central differences of a function of an array, one coordinate at a time."""
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = function(moved)
        moved[place] = x[place] - step
        out[place] = (above - function(moved)) / (2 * step)
    return out
