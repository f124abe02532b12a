"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .box import box_filter
from .convolution import convolve, convolve_separable, correlate
from .frames import average_frames
from .gaussian import gaussian_blur, sharpen
from .integral import box_sum, integral_image
from .median import median_filter
from .resize import resize
from .warp import warp_backward

__all__ = [
    "average_frames",
    "box_filter",
    "box_sum",
    "convolve",
    "convolve_separable",
    "correlate",
    "gaussian_blur",
    "integral_image",
    "median_filter",
    "resize",
    "sharpen",
    "warp_backward",
]
