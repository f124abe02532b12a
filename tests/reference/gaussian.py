"""Slow twin of the Gaussian filters: float64 passes with the sampled Gaussian of Gonzalez & Woods, section 3.5."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def kernel(sigma: float) -> Array:
    """exp(−k² / 2σ²) up to radius ceil(4σ), of sum 1."""
    if sigma == 0:
        return np.ones(1)
    radius = math.ceil(4 * sigma)
    weights = np.array([math.exp(-(k**2) / (2 * sigma**2)) for k in range(-radius, radius + 1)])
    return weights / math.fsum(weights)


def _along(padded: Array, weights: Array, length: int, axis: int) -> Array:
    total = np.zeros([length if a == axis else n for a, n in enumerate(padded.shape)])
    for k, weight in enumerate(weights):
        total += weight * np.take(padded, range(k, k + length), axis)
    return total


def blur(
    image: Array, sigma: float | tuple[float, float], border: str = "reflect", fill: float = 0.0
) -> Array:
    """The exact value, not rounded."""
    down, across = map(kernel, sigma if isinstance(sigma, tuple) else (sigma, sigma))
    pads = [(len(down) // 2,) * 2, (len(across) // 2,) * 2, *[(0, 0)] * (image.ndim - 2)]
    constant = {"constant_values": fill} if border == "constant" else {}
    padded = np.pad(image.astype(np.float64), pads, border, **constant)  # type: ignore[call-overload]
    return _along(_along(padded, down, image.shape[0], 0), across, image.shape[1], 1)


def sharpen(image: Array, amount: float, sigma: float, border: str = "reflect") -> Array:
    """image + amount (image − blurred), not rounded."""
    return image + amount * (image - blur(image, sigma, border))


def rounded(exact: Array, dtype: np.dtype) -> Array:
    """To integers, half to even and clipped."""
    return np.rint(exact).clip(0, np.iinfo(dtype).max).astype(dtype)
