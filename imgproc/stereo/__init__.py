"""Depth from two cameras: disparity by block matching or semi-globally, and what it says about depth."""

from .depth import depth_from_disparity, photometric_error
from .matching import disparity

__all__ = ["depth_from_disparity", "disparity", "photometric_error"]
