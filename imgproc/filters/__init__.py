"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .resize import resize
from .warp import warp_backward

__all__ = [
    "resize",
    "warp_backward",
]
