"""Slow twins of `imgproc.neural.augment`: pixel by pixel and corner by corner."""

from __future__ import annotations

import math

import numpy as np


def turned(x, y, degrees, width, height):
    """A point counter-clockwise around the middle, as seen: y points down."""
    a = math.radians(degrees)
    dx, dy = x - width / 2, y - height / 2
    return width / 2 + math.cos(a) * dx + math.sin(a) * dy, height / 2 - math.sin(a) * dx + math.cos(a) * dy


def bilinear(image, row, column, fill):
    """``image`` at a position between pixel centres; ``fill`` outside."""

    def at(r, c):
        return float(image[r, c]) if 0 <= r < image.shape[0] and 0 <= c < image.shape[1] else fill

    r, c = math.floor(row), math.floor(column)
    fr, fc = row - r, column - c
    left = at(r, c) * (1 - fr) + at(r + 1, c) * fr
    right = at(r, c + 1) * (1 - fr) + at(r + 1, c + 1) * fr
    return left * (1 - fc) + right * fc


def rotate(image, degrees, fill=0.0):
    """Each pixel from where its centre came from."""
    height, width = image.shape
    out = np.empty(image.shape)
    for row, column in np.ndindex(image.shape):
        x, y = turned(column + 0.5, row + 0.5, -degrees, width, height)
        out[row, column] = bilinear(image, y - 0.5, x - 0.5, fill)
    return out


def around(box, degrees, width, height):
    """The smallest box around the turned corners, clipped, and the share of it that is left."""
    corners = [turned(x, y, degrees, width, height) for x in box[0::2] for y in box[1::2]]
    xs, ys = zip(*corners, strict=True)
    clipped = (
        min(max(min(xs), 0), width),
        min(max(min(ys), 0), height),
        min(max(max(xs), 0), width),
        min(max(max(ys), 0), height),
    )
    whole = (max(xs) - min(xs)) * (max(ys) - min(ys))
    return clipped, (clipped[2] - clipped[0]) * (clipped[3] - clipped[1]) / whole


def crop(image, boxes, top, left, height, width, share):
    """The part, and of each box what lies in it, where that is enough."""
    part = [[image[top + r, left + c] for c in range(width)] for r in range(height)]
    kept = []
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        inside = (
            min(max(x1 - left, 0), width),
            min(max(y1 - top, 0), height),
            min(max(x2 - left, 0), width),
            min(max(y2 - top, 0), height),
        )
        left_over = (inside[2] - inside[0]) * (inside[3] - inside[1])
        if left_over > 0 and left_over >= share * (x2 - x1) * (y2 - y1):
            kept.append((number, inside))
    return np.array(part), kept
