"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

from .components import Components, RegionStatistics, connected_components
from .distance import distance_transform

__all__ = [
    "Components",
    "RegionStatistics",
    "connected_components",
    "distance_transform",
]
