"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .box import box_filter

__all__ = [
    "box_filter",
]
