"""Colour: conversions, and the illuminants that colour constancy removes."""

from .constancy import estimate_illuminant, gray_world, shades_of_gray, white_patch
from .convert import rgb_to_gray, rgb_to_yiq, rgb_to_yuv, yiq_to_rgb, yuv_to_rgb

__all__ = [
    "estimate_illuminant",
    "gray_world",
    "rgb_to_gray",
    "rgb_to_yiq",
    "rgb_to_yuv",
    "shades_of_gray",
    "white_patch",
    "yiq_to_rgb",
    "yuv_to_rgb",
]
