"""Slow twins of schedules, optimisers, matching, targets and active learning: the formulas, one item at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np

from reference.boxes import overlap


def cyclic(step, low, high, half):
    """Smith 2017: up for half a cycle, down for the other."""
    place = step % (2 * half)
    return low + (high - low) * (place / half if place <= half else 2 - place / half)


def adam(p, gradients, rate, b1, b2, eps, l2, decoupled):
    """Kingma and Ba 2015, algorithm 1, for one number; decoupled decay is that of Loshchilov and Hutter 2019."""
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        p -= rate * decoupled * p
        g = g + l2 * p
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        p -= rate * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
    return p


def sgd(p, gradients, rate, momentum, decay, nesterov):
    velocity = None
    for g in gradients:
        g = g + decay * p
        velocity = g if velocity is None else momentum * velocity + g
        p -= rate * (g + momentum * velocity if nesterov else velocity)
    return p


def least_cost(costs):
    """The least sum over all ways to pair rows with columns."""
    costs = np.asarray(costs)
    if costs.shape[0] > costs.shape[1]:
        costs = costs.T
    return min(
        sum(costs[i, j] for i, j in enumerate(columns))
        for columns in itertools.permutations(range(costs.shape[1]), costs.shape[0])
    )


def corners(box):
    x, y, w, h = map(np.float64, box)
    return np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])


def matching_cost(z, box, label, true, focal, weights, alpha=0.25, gamma=2.0):
    """Carion et al. 2020, equation 2; Zhu et al. 2021 for the focal cost."""
    if focal:
        p = 1 / (1 + math.exp(-z[label]))
        of_class = -alpha * (1 - p) ** gamma * math.log(p) + (1 - alpha) * p**gamma * math.log(1 - p)
    else:
        of_class = -math.exp(z[label]) / sum(math.exp(v) for v in z)
    distance = sum(abs(a - b) for a, b in zip(box, true, strict=True))
    return (
        weights[0] * of_class
        + weights[1] * distance
        - weights[2] * float(overlap(corners(box), corners(true), "giou"))
    )


def point_targets(shapes, strides, boxes, labels, limits, radius, offset):
    """Tian et al. 2019, section 3: every point of every level, every box."""
    found = []
    lows, highs = [0, *limits], [*limits, math.inf]
    for (rows, columns), stride, low, high in zip(shapes, strides, lows, highs, strict=True):
        for row, column in itertools.product(range(rows), range(columns)):
            x, y = (column + offset) * stride, (row + offset) * stride
            best = (math.inf, -1, (0, 0, 0, 0), 0)
            for (x1, y1, x2, y2), label in zip(boxes, labels, strict=True):
                sides = (x - x1, y - y1, x2 - x, y2 - y)
                near = radius is None or max(abs(x - (x1 + x2) / 2), abs(y - (y1 + y2) / 2)) < radius * stride
                area = (x2 - x1) * (y2 - y1)
                if min(sides) > 0 and low <= max(sides) <= high and near and area < best[0]:
                    left, top, right, bottom = sides
                    across, down = (
                        min(left, right) / max(left, right),
                        min(top, bottom) / max(top, bottom),
                    )
                    best = (area, label, [side / stride for side in sides], math.sqrt(across * down))
            found.append(best[1:])
    return found


def radius(height, width, least):
    """The largest of many radii with which every way to move the corners keeps the overlap, by bisection."""

    def kept(r):
        area = height * width
        inside = max(height - 2 * r, 0) * max(width - 2 * r, 0) / area
        outside = area / ((height + 2 * r) * (width + 2 * r))
        common = max(height - r, 0) * max(width - r, 0)
        return min(inside, outside, common / (2 * area - common)) >= least

    low, high = 0.0, max(height, width)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) else (low, middle)
    return low


def heatmap(boxes, labels, shape, classes, stride, least):
    """Zhou et al. 2019, section 3: the largest of the Gaussians around the centres of a class."""
    out = np.zeros((classes, *shape))
    for (x1, y1, x2, y2), label in zip(boxes, labels, strict=True):
        cx, cy = math.floor((x1 + x2) / 2 / stride), math.floor((y1 + y2) / 2 / stride)
        s = (2 * math.floor(radius((y2 - y1) / stride, (x2 - x1) / stride, least)) + 1) / 6
        for row, column in np.ndindex(shape):
            d2 = (row - cy) ** 2 + (column - cx) ** 2
            out[label, row, column] = max(out[label, row, column], math.exp(-d2 / (2 * s * s)))
    return out


def k_centre(points, count, chosen):
    """Gonzalez 1985: always the farthest from all that are chosen."""
    chosen, found = list(chosen), []
    for _ in range(count):
        best, farthest = -1, -1.0
        for i, point in enumerate(points):
            if i in chosen:
                continue
            nearest = min((math.dist(point, points[c]) for c in chosen), default=math.inf)
            if nearest > farthest:
                best, farthest = i, nearest
        chosen.append(best)
        found.append(best)
    return found


def majority_error(n, e):
    return sum(math.comb(n, i) * e**i * (1 - e) ** (n - i) for i in range(n // 2 + 1, n + 1))
