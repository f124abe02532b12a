"""Images as the input of a model, by plain loops and in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reference import resize

SUPPORT = {
    "pillow": 1.0,
    "pillow_bicubic": 2.0,
    "pillow_lanczos": 3.0,
    "pillow_hamming": 1.0,
    "pillow_box": 0.5,
}


def filter_weight(name: str, x: float) -> float:
    """The filters of Pillow's ``src/libImaging/Resample.c``; bicubic with a = -1/2 (Keys 1981)."""
    if name == "pillow_box":
        return 1.0 if -0.5 < x <= 0.5 else 0.0
    x = abs(x)
    if name == "pillow":
        return max(1 - x, 0.0)
    if name == "pillow_bicubic":
        if x < 1:
            return (1.5 * x - 2.5) * x * x + 1
        return (((x - 5) * x + 8) * x - 4) * -0.5 if x < 2 else 0.0
    if x == 0:
        return 1.0
    sinc = math.sin(x * math.pi) / (x * math.pi)
    if name == "pillow_hamming":
        low, high = float(np.float32(0.54)), float(np.float32(0.46))
        return sinc * (low + high * math.cos(x * math.pi)) if x < 1 else 0.0
    return sinc * math.sin(x / 3 * math.pi) / (x / 3 * math.pi) if x < 3 else 0.0


def weights(name: str, n: int, m: int) -> list[tuple[int, list[float]]]:
    """For each of m pixels from n: the first source pixel and the weights from there on, which sum to 1."""
    scale = n / m
    stretched = max(scale, 1.0)
    support = SUPPORT[name] * stretched
    found = []
    for i in range(m):
        center = (i + 0.5) * scale
        first, end = max(int(center - support + 0.5), 0), min(int(center + support + 0.5), n)
        row = [filter_weight(name, (k + first - center + 0.5) * (1 / stretched)) for k in range(end - first)]
        total = 0.0
        for weight in row:
            total += weight
        found.append((first, [weight / total if total else weight for weight in row]))
    return found


def filtered_axis(image: np.ndarray, name: str, axis: int, m: int) -> np.ndarray:
    """One pass: uint8 with weights of 22 bits, the others summed in float64; rounded to the image's samples."""
    source = np.moveaxis(image, axis, 0)
    if len(source) == m:
        return image
    lines = []
    for first, row in weights(name, len(source), m):
        if image.dtype == np.uint8:
            total: Any = np.full(source.shape[1:], 1 << 21, np.int64)
            for k, weight in enumerate(row):
                total = total + source[first + k].astype(np.int64) * int(
                    math.copysign(abs(weight) * (1 << 22) + 0.5, weight)
                )
            lines.append(np.clip(total >> 22, 0, 255).astype(np.uint8))
        else:
            total = np.zeros(source.shape[1:])
            for k, weight in enumerate(row):
                if weight != 0:
                    total = total + source[first + k].astype(np.float64) * weight
            rounded = np.clip(np.floor(total + 0.5), 0, 65535) if image.dtype == np.uint16 else total
            lines.append(rounded.astype(image.dtype))
    return np.moveaxis(np.stack(lines), 0, axis)


def filtered(image: np.ndarray, name: str, shape: tuple[int, int]) -> np.ndarray:
    """Pillow 13: along y first where the height loses more than twice as many pixels as the width, else along x."""
    lost = image.shape[0] - shape[0], image.shape[1] - shape[1]
    axes = (0, 1) if lost[0] > 2 * max(lost[1], 0) else (1, 0)
    for axis in axes:
        image = filtered_axis(image, name, axis, shape[axis])
    return image


def resized(image: np.ndarray, shape: tuple[int, int], resample: str) -> np.ndarray:
    """In the samples of the image, ``"exact"`` in float64."""
    if image.shape[:2] == shape:
        return image
    if resample == "nearest":
        return resize.nearest(image, shape)
    if resample in SUPPORT:
        return filtered(image, resample, shape)
    if resample == "cv2" and image.dtype == np.uint8:
        return resize.linear_fixed(image, shape)
    return resize.linear(image, shape)


def preprocessed(
    image: np.ndarray,
    shape: tuple[int, int],
    resized_to: tuple[int, int],
    offset: tuple[int, int],
    resample: str,
    turned: bool,
    scale: float,
    mean: list[float],
    std: list[float],
    pad: list[float] | None,
) -> np.ndarray:
    """``(H, W, 3)`` float64: ``(level scale - mean) / std`` of each pixel of the input.

    ``turned`` is the order of its channels against the image's. Levels are those of uint8: uint16 by 257, float32 times
    255. Padding is of the level ``pad``, or 0 in the input.
    """
    small = resized(image, resized_to, resample).astype(np.float64)
    small *= {"uint8": 1.0, "uint16": 1 / 257, "float32": 255.0}[image.dtype.name]
    out = np.empty((*shape, 3))
    for y in range(shape[0]):
        for x in range(shape[1]):
            row, column = y - offset[0], x - offset[1]
            inside = 0 <= row < resized_to[0] and 0 <= column < resized_to[1]
            for c in range(3):
                if inside:
                    channel = 2 - c if turned else c
                    level = (
                        small[row, column]
                        if small.ndim == 2
                        else small[row, column, channel * (small.shape[2] > 1)]
                    )
                elif pad is None:
                    out[y, x, c] = 0
                    continue
                else:
                    level = pad[c]
                out[y, x, c] = (level * scale - mean[c]) / std[c]
    return out
