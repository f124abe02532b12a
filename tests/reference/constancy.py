"""Slow twins of colour constancy: one pixel after the other, in Python's float64 and unbounded integers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np


def counted_pixels(image: Any, mask: Any = None, saturation: float = 1.0) -> Iterator[list[Any]]:
    """The colours of the pixels that count: mask not 0, all finite, (max - min) / max <= saturation."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            pixel = [sample.item() for sample in image[y, x, :3]]
            if mask is not None and not mask[y, x]:
                continue
            if not all(math.isfinite(sample) for sample in pixel):
                continue
            high, low = max(pixel), min(pixel)
            if saturation < 1 and (high < 0 or (high > 0 and (high - low) / high > saturation)):
                continue
            if saturation < 1 and high == 0 and low < 0:
                continue
            yield pixel


def sums(image: Any, mask: Any = None, saturation: float = 1.0) -> list[Any]:
    """Sums of red, green and blue: exact for integers, correctly rounded for floats."""
    pixels = list(counted_pixels(image, mask, saturation))
    add = math.fsum if image.dtype.kind == "f" else sum
    return [add(pixel[c] for pixel in pixels) for c in range(3)]


def minkowski_means(image: Any, p: float, mask: Any = None) -> list[float]:
    """(Σ |v|^p / N)^(1/p) per channel (Finlayson and Trezzi 2004), of v divided by the largest."""
    pixels = list(counted_pixels(image, mask))
    means = []
    for c in range(3):
        peak = max((abs(pixel[c]) for pixel in pixels), default=0)
        total = math.fsum((abs(pixel[c]) / peak) ** p for pixel in pixels) if peak else 0.0
        means.append(peak * (total / len(pixels)) ** (1 / p) if peak else 0.0)
    return means


def percentiles(image: Any, percentile: float, mask: Any = None) -> list[float]:
    """Percentile of the finite samples of each channel, linear between those around rank (N - 1) · percentile / 100."""
    chosen = np.ones(image.shape[:2], bool) if mask is None else np.asarray(mask) != 0
    channels = [image[..., c][chosen & np.isfinite(image[..., c])].astype(np.float64) for c in range(3)]
    return [float(np.percentile(samples, percentile)) if samples.size else 0.0 for samples in channels]


def equalizing_gains(means: list[Any]) -> list[float]:
    """Common mean over mean of the channel (Buchsbaum 1980); 1 for channels without light."""
    return [sum(means) / (3 * mean) if mean > 0 and sum(means) > 0 else 1.0 for mean in means]


def whitening_gains(values: list[float], white: float) -> list[float]:
    """White over the percentile of the channel; 1 for channels without light."""
    return [white / value if value > 0 else 1.0 for value in values]


def apply_gains(image: Any, gains: list[float]) -> Any:
    """image · gain: integers rounded half to even and clipped, floats not clipped; alpha copied."""
    out = image.copy()
    for c, gain in enumerate(gains):
        product = image[..., c].astype(np.float64) * gain
        if image.dtype.kind == "u":
            product = np.clip(np.rint(product), 0, np.iinfo(image.dtype).max)
        out[..., c] = product.astype(image.dtype)
    return out
