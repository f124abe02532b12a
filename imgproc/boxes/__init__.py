"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

from .geometry import clip_boxes, convert_boxes, iou_matrix
from .suppression import nms, soft_nms

__all__ = ["clip_boxes", "convert_boxes", "iou_matrix", "nms", "soft_nms"]
