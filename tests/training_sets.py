"""Small sets to train on: an object of twelve by twelve pixels, and scenes without it."""

from __future__ import annotations

from typing import Any

import numpy as np
from cascades import image

WINDOW = (12, 12)
OPTIONS: dict[str, Any] = {
    "window": WINDOW,
    "stages": 3,
    "max_false_alarm": 0.4,
    "min_detection_rate": 0.99,
    "validation": None,
    "n_negatives": 150,
}


def objects(count: int, *, seed: int = 0, side: int = 12) -> np.ndarray:
    """A dark ring on a light ground, of uneven contrast, under noise: (N, side, side) uint8."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:side, :side] + 0.5) * 12 / side
    found = []
    for _ in range(count):
        cy, cx = 6 + rng.normal(size=2) * 0.7
        distance = np.hypot(y - cy, x - cx)
        ring = np.exp(-((distance - 3.6) ** 2) / 2.2)
        pixels = rng.uniform(130, 200) - rng.uniform(20, 80) * ring + rng.normal(size=(side, side)) * 18
        found.append(pixels.clip(0, 255).astype(np.uint8))
    return np.array(found)


def scenes(count: int, *, seed: int = 0, height: int = 46, width: int = 58) -> list[np.ndarray]:
    """Blobs, and dark and light discs as large as the object."""
    found = []
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        pixels = image(1000 * seed + number, height, width).astype(np.float64)
        for _ in range(9):
            distance = np.hypot(y - rng.uniform(0, height), x - rng.uniform(0, width))
            pixels += rng.choice([-90, 70]) * (distance < rng.uniform(2.5, 6))
        found.append((pixels + rng.normal(size=pixels.shape) * 9).clip(0, 255).astype(np.uint8))
    return found
