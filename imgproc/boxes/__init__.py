"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

__all__: list[str] = []
