"""Slow twins of what is read from heat maps: one pixel after the other.

Peaks and boxes: X. Zhou et al., Objects as points, 2019. Keypoints: K. He et al., Mask R-CNN, ICCV 2017, section 5,
with R. Keys' cubic convolution (1981), a = -3/4. Refinement: F. Zhang et al., Distribution-aware coordinate
representation for human pose estimation, CVPR 2020.
"""

from __future__ import annotations

import math

import numpy as np


def sigmoid(value):
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def peaks(maps, top_k):
    """(value, class, row, column) of the local maxima of one image, the best first."""
    found = []
    for label, plane in enumerate(maps.tolist()):
        for y, row in enumerate(plane):
            for x, value in enumerate(row):
                around = [other[max(x - 1, 0) : x + 2] for other in plane[max(y - 1, 0) : y + 2]]
                if value >= max(map(max, around)):
                    found.append((-value, label, y, x))
    return [(-value, *place) for value, *place in sorted(found)[:top_k]]


def weights(t):
    """Keys' kernel at distances 1 + t, t, 1 - t and 2 - t."""
    a = -0.75

    def near(x):
        return (a + 2) * x**3 - (a + 3) * x**2 + 1

    def far(x):
        return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a

    return far(1 + t), near(t), near(1 - t), far(2 - t)


def taps(size, count, at):
    place = (at + 0.5) * size / count - 0.5
    low = math.floor(place)
    return [(min(max(low - 1 + k, 0), size - 1), weight) for k, weight in enumerate(weights(place - low))]


def enlarged(plane, shape):
    """By cubic convolution, in float64."""
    out = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            for row, down in taps(plane.shape[0], shape[0], y):
                for column, across in taps(plane.shape[1], shape[1], x):
                    out[y, x] += down * across * float(plane[row, column])
    return out


def keypoint(plane, box):
    """x, y and value of the greatest pixel; and how far the next one is below it."""
    x1, y1, x2, y2 = map(float, box)
    wide, tall = max(x2 - x1, 1.0), max(y2 - y1, 1.0)
    whole = enlarged(plane, (math.ceil(tall), math.ceil(wide)))
    y, x = divmod(int(whole.argmax()), whole.shape[1])
    order = np.sort(whole, axis=None)
    apart = order[-1] - order[-2] if order.size > 1 else math.inf
    return (
        x1 + (x + 0.5) * wide / math.ceil(wide),
        y1 + (y + 0.5) * tall / math.ceil(tall),
        whole[y, x],
        apart,
    )
