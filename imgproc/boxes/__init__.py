"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

from .anchors import decode_boxes, encode_boxes, generate_anchors
from .assignment import assign_anchors, kmeans_anchors

__all__ = ["assign_anchors", "decode_boxes", "encode_boxes", "generate_anchors", "kmeans_anchors"]
