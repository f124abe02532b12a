"""Resampling by plain loops over one axis after the other."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np


def linear_fixed(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """uint8 as OpenCV's resize computes INTER_LINEAR: weights of 11 bits, sums along x cut to 15 bits.

    Halving both axes is the mean of 2 × 2 pixels there, halves rounded up. Source: modules/imgproc/src/resize.cpp,
    ``HResizeLinear``, ``VResizeLinear`` and ``hal::resize`` of OpenCV 4.
    """
    height, width = image.shape[:2]
    source = image.astype(np.int64)
    if (height, width) == (2 * shape[0], 2 * shape[1]):
        total = source[::2, ::2] + source[1::2, ::2] + source[::2, 1::2] + source[1::2, 1::2]
        return (total + 2 >> 2).astype(np.uint8)
    along = np.empty((height, shape[1], *image.shape[2:]), np.int64)
    for x in range(shape[1]):
        i, f = _position(x, width, shape[1])
        if i < 0:
            i, f = 0, np.float32(0)
        if i >= width - 1:
            i, f = width - 1, np.float32(0)
        a0, a1 = _weights(f)
        along[:, x] = source[:, i] * a0 + source[:, min(i + 1, width - 1)] * a1
    result = np.empty((*shape, *image.shape[2:]), np.uint8)
    for y in range(shape[0]):
        i, f = _position(y, height, shape[0])
        b0, b1 = _weights(f)
        top, bottom = (along[min(max(row, 0), height - 1)] >> 4 for row in (i, i + 1))
        result[y] = ((top * b0 >> 16) + (bottom * b1 >> 16) + 2) >> 2
    return result


def _position(d: int, n: int, m: int) -> tuple[int, np.float32]:
    position = np.float32((d + 0.5) * (1.0 / (m / n)) - 0.5)
    return math.floor(position), np.float32(position - np.float32(math.floor(position)))


def _weights(f: np.float32) -> tuple[int, int]:
    return round(float((np.float32(1) - f) * np.float32(2048))), round(float(f * np.float32(2048)))


def linear(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The exact value in float64: centres at ``(d + 1/2) n / m - 1/2``, clamped to the outermost ones."""
    result = image.astype(np.float64)
    for axis, m in enumerate(shape):
        n = result.shape[axis]
        source = np.moveaxis(result, axis, 0)
        lines = []
        for d in range(m):
            position = min(
                max(Fraction((2 * d + 1) * n, 2 * m) - Fraction(1, 2), Fraction(0)), Fraction(n - 1)
            )
            i = math.floor(position)
            f = float(position - i)
            lines.append(source[i] * (1 - f) + source[i + 1] * f if f else source[i])
        result = np.moveaxis(np.stack(lines), 0, axis)
    return result


def nearest(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pixel in which the new centre lies: ``floor((d + 1/2) n / m)``."""
    index = [
        [math.floor(Fraction((2 * d + 1) * n, 2 * m)) for d in range(m)]
        for n, m in zip(image.shape[:2], shape, strict=True)
    ]
    return image[index[0]][:, index[1]]


def area(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The exact mean over ``[d n / m, (d + 1) n / m)`` along both axes: integers by fractions, floats in float64."""
    exact: Any = image.astype(object) if image.dtype.kind == "u" else image.astype(np.float64)
    for axis, m in enumerate(shape):
        n = exact.shape[axis]
        source = np.moveaxis(exact, axis, 0)
        lines = []
        for d in range(m):
            low, high = Fraction(d * n, m), Fraction((d + 1) * n, m)
            total: Any = 0
            for i in range(math.floor(low), math.ceil(high)):
                share = (min(high, Fraction(i + 1)) - max(low, Fraction(i))) * Fraction(m, n)
                total = total + source[i] * (share if image.dtype.kind == "u" else float(share))
            lines.append(total)
        exact = np.moveaxis(np.stack(lines), 0, axis)
    if image.dtype.kind == "u":
        return np.vectorize(round, otypes=[image.dtype])(exact)  # round() of fractions: half to even
    return exact
