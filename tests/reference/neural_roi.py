"""Slow twins of RoIAlign, RoIPool and the levels of a pyramid: one sample, or one pixel, after the other.

RoIAlign: K. He et al., Mask R-CNN, ICCV 2017, section 3; positions in float32 in torchvision's order, sums in float64.
RoIPool: R. Girshick, Fast R-CNN, ICCV 2015, section 2.1. Levels: T.-Y. Lin et al., Feature pyramid networks, CVPR 2017.
"""

from __future__ import annotations

import math

import numpy as np

f = np.float32


def bilinear(plane, y, x):
    height, width = plane.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    total = 0.0
    for row, down in neighbours(y, height):
        for column, across in neighbours(x, width):
            total += float(down) * float(across) * float(plane[row, column])
    return total


def neighbours(at, extent):
    """The pixels around a place, those that have a part."""
    at = max(at, f(0))
    low = int(at)
    if low >= extent - 1:
        return [(extent - 1, f(1))]
    part = at - f(low)
    return [(low, f(1) - part), (low + 1, part)] if part > 0 else [(low, f(1))]


def roi_align(plane, box, size, scale, ratio, aligned):
    """One box of one plane: the mean of each bin's samples."""
    half = f(0.5 if aligned else 0)
    x1, y1, x2, y2 = (f(side) * f(scale) - half for side in box)
    tall, wide = y2 - y1, x2 - x1
    if not aligned:
        tall, wide = max(tall, f(1)), max(wide, f(1))
    step = tall / f(size[0]), wide / f(size[1])
    grid = [ratio or math.ceil(one) for one in step]
    out = np.zeros(size)
    for row in range(size[0]):
        for column in range(size[1]):
            for i in range(grid[0]):
                y = y1 + f(row) * step[0] + (f(i) + f(0.5)) * step[0] / f(grid[0])
                for j in range(grid[1]):
                    x = x1 + f(column) * step[1] + (f(j) + f(0.5)) * step[1] / f(grid[1])
                    out[row, column] += bilinear(plane, y, x)
    return out / max(grid[0] * grid[1], 1)


def roi_pool(plane, box, size, scale):
    """Greatest value of each bin and its first pixel, by rows."""
    x1, y1, x2, y2 = (rounded(f(side) * f(scale)) for side in box)
    step = f(max(y2 - y1 + 1, 1)) / f(size[0]), f(max(x2 - x1 + 1, 1)) / f(size[1])
    out, arg = np.zeros(size, np.float32), np.full(size, -1, np.int32)
    height, width = plane.shape
    for row in range(size[0]):
        ys = within(math.floor(f(row) * step[0]) + y1, math.ceil(f(row + 1) * step[0]) + y1, height)
        for column in range(size[1]):
            xs = within(math.floor(f(column) * step[1]) + x1, math.ceil(f(column + 1) * step[1]) + x1, width)
            if not ys or not xs:
                continue
            out[row, column] = -np.finfo(np.float32).max
            for y in ys:
                for x in xs:
                    if plane[y, x] > out[row, column]:
                        out[row, column], arg[row, column] = plane[y, x], y * width + x
    return out, arg


def within(low, high, extent):
    return range(min(max(low, 0), extent), min(max(high, 0), extent))


def rounded(value):
    """Halves away from 0."""
    return int(math.copysign(math.floor(abs(float(value)) + 0.5), value))


def level(box, lowest, highest, canonical_size, canonical_level):
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area == 0:
        return lowest
    k = math.floor(canonical_level + math.log2(math.sqrt(area) / canonical_size) + 1e-6)
    return min(max(k, lowest), highest)
