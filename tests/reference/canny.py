"""Canny's detector pixel by pixel (J. Canny, A computational approach to edge detection, PAMI 8 (6), 1986)."""

from __future__ import annotations

import numpy as np

from .gradients import gradient

# tan(22.5 degrees) as OpenCV rounds it.
TANGENT = 13573 / 32768


def maxima(image: np.ndarray, low: float, l2: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes, and where they are above ``low`` and maxima across the edge; the channel with the largest counts.

    Ties count as maxima to the right and below, on diagonals not at all. For l2 magnitudes and ``low`` are squares.
    """
    planes = image[..., None] if image.ndim == 2 else image[..., :3]
    height, width, channels = planes.shape
    gx, gy = gradient(planes, "sobel", "edge")
    magnitudes = gx * gx + gy * gy if l2 else abs(gx) + abs(gy)
    magnitude = np.zeros((height + 2, width + 2))
    kept = np.zeros((height, width), bool)
    derivatives = np.zeros((height, width, 2))
    for y in range(height):
        for x in range(width):
            best = 0
            for channel in range(1, channels):
                if magnitudes[y, x, channel] > magnitudes[y, x, best]:
                    best = channel
            magnitude[y + 1, x + 1] = magnitudes[y, x, best]
            derivatives[y, x] = gx[y, x, best], gy[y, x, best]
    for y in range(height):
        for x in range(width):
            m = magnitude[y + 1, x + 1]
            dx, dy = derivatives[y, x]
            if not m > low:
                continue
            if abs(dy) < abs(dx) * TANGENT:
                kept[y, x] = m > magnitude[y + 1, x] and m >= magnitude[y + 1, x + 2]
            elif abs(dy) - 2 * abs(dx) > abs(dx) * TANGENT:
                kept[y, x] = m > magnitude[y, x + 1] and m >= magnitude[y + 2, x + 1]
            else:
                side = -1 if (dx < 0) != (dy < 0) else 1
                kept[y, x] = m > magnitude[y, x + 1 - side] and m > magnitude[y + 2, x + 1 + side]
    return magnitude[1:-1, 1:-1], kept


def hysteresis(candidates: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The candidates that a chain of eight-neighbours connects with a strong one."""
    edges = strong & candidates
    pending = [tuple(place) for place in np.argwhere(edges)]
    height, width = edges.shape
    while pending:
        y, x = pending.pop()
        for v in range(max(y - 1, 0), min(y + 2, height)):
            for u in range(max(x - 1, 0), min(x + 2, width)):
                if candidates[v, u] and not edges[v, u]:
                    edges[v, u] = True
                    pending.append((v, u))
    return edges


def canny(image: np.ndarray, low: float, high: float, l2: bool = False) -> np.ndarray:
    """255 at edges."""
    if l2:
        low, high = low * low, high * high
    magnitude, kept = maxima(image, low, l2)
    return np.uint8(255) * hysteresis(kept, kept & (magnitude > high))
