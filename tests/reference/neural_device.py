"""What the reductions on a device must give: plain loops."""

from __future__ import annotations

import math

import numpy as np


def top_of_heads(logits: np.ndarray, threshold: float | None, top: int) -> list[list[tuple[float, int, int]]]:
    """Of each image the best (score, anchor, class), best first: score = 1 / (1 + e^-logit) > threshold."""
    found = []
    for image in logits.astype(np.float64):
        pairs = [
            (1 / (1 + math.exp(-image[a, k])), a, k)
            for a in range(image.shape[0])
            for k in range(image.shape[1])
        ]
        pairs.sort(key=lambda pair: -pair[0])
        found.append([pair for pair in pairs[:top] if threshold is None or pair[0] > threshold])
    return found


def upsampled(logits: np.ndarray, height: int, width: int) -> np.ndarray:
    """(C, H, W) of (C, h, w): bilinear, pixel i at (i + 0.5) h / H - 0.5, clipped to the edges."""
    classes, rows, columns = logits.shape
    out = np.empty((classes, height, width))
    for y in range(height):
        for x in range(width):
            v = min(max((y + 0.5) * rows / height - 0.5, 0), rows - 1)
            u = min(max((x + 0.5) * columns / width - 0.5, 0), columns - 1)
            y0, x0 = int(v), int(u)
            y1, x1 = min(y0 + 1, rows - 1), min(x0 + 1, columns - 1)
            upper = logits[:, y0, x0] * (1 - (u - x0)) + logits[:, y0, x1] * (u - x0)
            lower = logits[:, y1, x0] * (1 - (u - x0)) + logits[:, y1, x1] * (u - x0)
            out[:, y, x] = upper * (1 - (v - y0)) + lower * (v - y0)
    return out
