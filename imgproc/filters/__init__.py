"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .gaussian import gaussian_blur, sharpen

__all__ = [
    "gaussian_blur",
    "sharpen",
]
