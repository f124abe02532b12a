"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

__all__: list[str] = []
