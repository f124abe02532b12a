"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

from .felzenszwalb import felzenszwalb
from .selective_search import selective_search

__all__ = [
    "felzenszwalb",
    "selective_search",
]
