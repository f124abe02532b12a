"""Derivatives, magnitude and direction from their definitions, in float64."""

from __future__ import annotations

import numpy as np

WEIGHTS = {"sobel": (1, 2, 1), "scharr": (3, 10, 3), "prewitt": (1, 1, 1), "central": (0, 1, 0)}


def gradient(
    image: np.ndarray, operator: str, border: str = "reflect", fill: float = 0
) -> tuple[np.ndarray, np.ndarray]:
    """gx[y, x] = Σ_k w[k] · (I[y + k, x + 1] − I[y + k, x − 1]); gy with the axes exchanged."""
    pads = [(1, 1)] * 2 + [(0, 0)] * (image.ndim - 2)
    constant = {"constant_values": fill} if border == "constant" else {}
    padded = np.pad(image, pads, border, **constant).astype(np.float64)  # type: ignore[call-overload]
    height, width = image.shape[:2]
    gx = np.zeros(image.shape)
    gy = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            for k, weight in enumerate(WEIGHTS[operator]):
                gx[y, x] += weight * (padded[y + k, x + 2] - padded[y + k, x])
                gy[y, x] += weight * (padded[y + 2, x + k] - padded[y, x + k])
    return gx, gy


def polar(gx: np.ndarray, gy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude and direction in radians; R. C. Gonzalez, R. E. Woods, Digital Image Processing, section 10.2."""
    gx, gy = gx.astype(np.float64), gy.astype(np.float64)
    return np.hypot(gx, gy), np.arctan2(gy, gx)
