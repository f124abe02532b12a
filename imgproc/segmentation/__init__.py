"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

from .distance import distance_transform
from .watershed import watershed

__all__ = [
    "distance_transform",
    "watershed",
]
