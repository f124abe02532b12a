"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .convolution import convolve, convolve_separable, correlate

__all__ = [
    "convolve",
    "convolve_separable",
    "correlate",
]
