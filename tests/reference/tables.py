"""Slow twins of table application and of the pointwise maps of floats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def apply_tables(image: npt.NDArray[np.integer], table: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """out[y, x, c] = table[c, image[y, x, c]]; one row serves all colours, a fourth channel is copied."""
    pixels = image.reshape(*image.shape[:2], -1)
    out = pixels.copy()
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            for c in range(min(pixels.shape[2], 3)):
                out[y, x, c] = table[c if len(table) > 1 else 0, pixels[y, x, c]]
    return out.reshape(image.shape)


def power(values: npt.NDArray[np.float32], gamma: float, gain: float) -> npt.NDArray[np.float64]:
    """gain · max(value, 0) ** gamma in float64; NaN stays, gain 0 gives 0 for infinity too."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        result = gain * np.maximum(values.astype(np.float64), 0) ** gamma
    return np.where(np.isnan(values), np.nan, 0.0 if gain == 0 else result)
