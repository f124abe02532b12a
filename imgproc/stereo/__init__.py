"""Depth from two cameras: disparity by block matching or semi-globally, and what it says about depth."""

from .depth import depth_from_disparity, photometric_error
from .matching import disparity
from .scores import DisparityScores, disparity_scores

__all__ = ["DisparityScores", "depth_from_disparity", "disparity", "disparity_scores", "photometric_error"]
