"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

from .fusion import group_boxes, weighted_boxes_fusion
from .masks import PackedMasks, mask_iou_matrix, mask_nms, pack_masks
from .rotated import rotated_iou_matrix, rotated_nms

__all__ = [
    "PackedMasks",
    "group_boxes",
    "mask_iou_matrix",
    "mask_nms",
    "pack_masks",
    "rotated_iou_matrix",
    "rotated_nms",
    "weighted_boxes_fusion",
]
