"""Convolution by its definition, in float64.

    convolve:   out[y, x] = sum over i, j of kernel[i, j] * image[y - (i - ci) dy, x - (j - cj) dx]
    correlate:  out[y, x] = sum over i, j of kernel[i, j] * image[y + (i - ci) dy, x + (j - cj) dx]

R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.4. What lies outside is what numpy.pad
puts there.
"""

from __future__ import annotations

import numpy as np


def correlate(image, kernel, dilation=(1, 1), border="reflect", fill=0):
    """Sums in float64, not rounded; for (H, W) and (H, W, C) images."""
    kernel = np.asarray(kernel, np.float64)
    height, width = kernel.shape
    ry, rx = height // 2 * dilation[0], width // 2 * dilation[1]
    pads = [(ry, ry), (rx, rx)] + [(0, 0)] * (image.ndim - 2)
    constant = {"constant_values": fill} if border == "constant" else {}
    padded = np.pad(image.astype(np.float64), pads, border, **constant)
    sums = np.zeros(image.shape)
    for i in range(height):
        for j in range(width):
            top, left = i * dilation[0], j * dilation[1]
            sums += kernel[i, j] * padded[top : top + image.shape[0], left : left + image.shape[1]]
    return sums


def convolve(image, kernel, dilation=(1, 1), border="reflect", fill=0):
    return correlate(image, np.asarray(kernel)[::-1, ::-1], dilation, border, fill)


def as_samples(sums, dtype):
    """Rounded half to even and clipped for integers."""
    if np.dtype(dtype).kind == "f":
        return sums.astype(dtype)
    return np.clip(np.rint(sums), 0, np.iinfo(dtype).max).astype(dtype)
