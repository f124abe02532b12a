"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .median import median_filter

__all__ = [
    "median_filter",
]
