"""The slow twins of what is done with depths and disparities, one pixel after the other, in float64.

Bicubic weights: R. G. Keys, 1981, with a = -0.75 as torch has it. Losses: C. Godard, O. Mac Aodha, G. J. Brostow,
CVPR 2017. Scores: D. Eigen, C. Puhrsch, R. Fergus, NIPS 2014.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reference import neural_label_map


def cubic(x: float) -> float:
    x, a = abs(x), -0.75
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


def linear(x: float) -> float:
    return max(1 - abs(x), 0.0)


def sampled(values: Any, y: float, x: float, kernel: Any) -> float:
    """At a place between samples; those beyond the ends are those at the ends."""
    height, width = values.shape
    total = 0.0
    for j in range(math.floor(y) - 1, math.floor(y) + 3):
        for i in range(math.floor(x) - 1, math.floor(x) + 3):
            sample = float(values[min(max(j, 0), height - 1), min(max(i, 0), width - 1)])
            total += kernel(y - j) * kernel(x - i) * sample
    return total


def over_image(values: Any, geometry: Any, kernel: Any) -> Any:
    """At the pixels of the image; NaN where their middles are not in the input."""
    out = np.full(geometry.image_shape, np.nan)
    for y, x in np.ndindex(out.shape):
        place = geometry.points_to_input(np.array([x + 0.5, y + 0.5]))
        if all(0 <= at <= length for at, length in zip(place, geometry.input_shape[::-1], strict=True)):
            at = [
                neural_label_map.placed(pixel, values.shape[axis], geometry, axis)
                for axis, pixel in enumerate((y, x))
            ]
            out[y, x] = sampled(values, *at, kernel)
    return out


def merged(own: Any, mirrored: Any, ramp: float) -> Any:
    out = np.zeros(own.shape)
    width = own.shape[1]
    for y, x in np.ndindex(own.shape):
        back = mirrored[y, width - 1 - x]

        def part(u: float) -> float:
            return 1 - min(max((u - ramp) / ramp, 0), 1) if ramp else 0.0

        u, from_right = (at / (width - 1) if width > 1 else 0.0 for at in (x, width - 1 - x))
        left, right = part(u), part(from_right)
        out[y, x] = right * own[y, x] + left * back + (1 - left - right) * (own[y, x] + back) / 2
    return out


def left_right_difference(left: Any, right: Any) -> Any:
    out = np.full(left.shape, np.nan)
    for y, x in np.ndindex(left.shape):
        at = np.float32(x) - left[y, x]
        if 0 <= at <= left.shape[1] - 1:
            low = min(int(at), left.shape[1] - 2) if left.shape[1] > 1 else 0
            part = float(at) - low
            met = (1 - part) * right[y, low] + (part * right[y, low + 1] if part else 0)
            out[y, x] = abs(left[y, x] - met)
    return out


def roughness(disparity: Any, image: Any) -> float:
    height, width = disparity.shape
    image = image.reshape(height, width, -1).astype(float)
    total = 0.0
    for down, across in ((1, 0), (0, 1)):
        terms = []
        for y in range(height - down):
            for x in range(width - across):
                step = abs(float(disparity[y + down, x + across]) - float(disparity[y, x]))
                edge = np.abs(image[y + down, x + across] - image[y, x]).mean()
                terms.append(step * math.exp(-edge))
        total += sum(terms) / len(terms) if terms else 0.0
    return total


def scores(prediction: Any, truth: Any, minimum: float, maximum: float) -> list[float]:
    pairs = [
        (min(max(float(p), minimum), maximum), float(t))
        for p, t in zip(prediction.ravel(), truth.ravel(), strict=True)
        if minimum < t < maximum
    ]
    count = len(pairs)
    ratios = [max(p / t, t / p) for p, t in pairs]
    return [
        count,
        sum(abs(p - t) / t for p, t in pairs) / count,
        sum((p - t) ** 2 / t for p, t in pairs) / count,
        math.sqrt(sum((p - t) ** 2 for p, t in pairs) / count),
        math.sqrt(sum((math.log(p) - math.log(t)) ** 2 for p, t in pairs) / count),
        *(sum(ratio < 1.25**power for ratio in ratios) / count for power in (1, 2, 3)),
    ]
