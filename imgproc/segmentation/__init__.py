"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

from .felzenszwalb import felzenszwalb

__all__ = [
    "felzenszwalb",
]
