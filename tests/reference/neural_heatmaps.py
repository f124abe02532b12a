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


def refined_peak(plane, kernel_size):
    """x, y and value of the greatest pixel, moved to the top of a parabola through the logarithms around it."""
    height, width = plane.shape
    y, x = divmod(int(plane.argmax()), width)
    value = float(plane[y, x])
    if value <= 0:
        return x, y, value
    bell = [math.exp(-0.5 * (i / 0.8) ** 2) for i in range(-(kernel_size // 2), kernel_size // 2 + 1)]

    def mirrored(at, extent):
        while not 0 <= at < extent:
            at = -1 - at if at < 0 else 2 * extent - 1 - at
        return at

    def log(dy, dx):
        row, column = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)
        total = 0.0
        for i, down in enumerate(bell, -(kernel_size // 2)):
            for j, across in enumerate(bell, -(kernel_size // 2)):
                total += down * across * float(plane[mirrored(row + i, height), mirrored(column + j, width)])
        return math.log(min(max(total / sum(bell) ** 2, 0.001), 50))

    gradient = np.array([log(0, 1) - log(0, -1), log(1, 0) - log(-1, 0)]) / 2
    mixed = (log(1, 1) - log(0, 1) - log(1, 0) + 2 * log(0, 0) - log(0, -1) - log(-1, 0) + log(-1, -1)) / 2
    curves = np.array(
        [
            [log(0, 1) - 2 * log(0, 0) + log(0, -1), mixed],
            [mixed, log(1, 0) - 2 * log(0, 0) + log(-1, 0)],
        ]
    )
    if not (curves[0, 0] < 0 and np.linalg.det(curves) > 1e-12):
        return x, y, value
    step = np.linalg.solve(curves, gradient)
    return x - step[0], y - step[1], value


def superpoint(cells, threshold, radius, border):
    """(row, column) of SuperPoint's points (D. DeTone et al., 2018), and all scores: softmax, three rounds."""
    exponents = np.exp(cells.astype(float) - cells.max(axis=0))
    shares = (exponents / exponents.sum(axis=0)).astype(np.float32)
    height, width = 8 * cells.shape[1], 8 * cells.shape[2]
    scores = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            scores[y, x] = shares[8 * (y % 8) + x % 8, y // 8, x // 8]

    def around(values, y, x):
        return values[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]

    def maxima(values):
        return {
            (y, x) for y in range(height) for x in range(width) if values[y, x] == around(values, y, x).max()
        }

    points = maxima(scores)
    for _ in range(2):
        taken = np.zeros((height, width), bool)
        for y, x in points:
            around(taken, y, x)[:] = True
        points |= {place for place in maxima(np.where(taken, np.float32(0), scores)) if not taken[place]}
    found = [
        (y, x)
        for y, x in points
        if scores[y, x] > np.float32(threshold)
        and border <= y < height - border
        and border <= x < width - border
    ]
    return sorted(found, key=lambda place: (-scores[place], place)), scores


def superpoint_descriptors(cells, places):
    """Vectors at places x, y among the cells' middles: each cell's of length 1, linear in both axes, of length 1."""
    size, height, width = cells.shape

    def unit(vector):
        length = math.sqrt(sum(float(x) ** 2 for x in vector))
        return [float(x) / length if length else 0.0 for x in vector]

    found = []
    for x, y in places:
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
        mixed = [0.0] * size
        for row, share in ((int(y), 1 - y % 1), (min(int(y) + 1, height - 1), y % 1)):
            for column, part in ((int(x), 1 - x % 1), (min(int(x) + 1, width - 1), x % 1)):
                vector = unit(cells[:, row, column])
                mixed = [one + share * part * other for one, other in zip(mixed, vector, strict=True)]
        found.append(unit(mixed))
    return np.array(found).reshape(-1, size)
