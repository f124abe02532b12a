"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""

from .frames import average_frames
from .integral import box_sum, integral_image

__all__ = [
    "average_frames",
    "box_sum",
    "integral_image",
from .box import box_filter

__all__ = [
    "box_filter",
from .convolution import convolve, convolve_separable, correlate

__all__ = [
    "convolve",
    "convolve_separable",
    "correlate",
from .gaussian import gaussian_blur, sharpen

__all__ = [
    "gaussian_blur",
    "sharpen",
from .median import median_filter

__all__ = [
    "median_filter",
from .resize import resize
from .warp import warp_backward

__all__ = [
    "resize",
    "warp_backward",
]
