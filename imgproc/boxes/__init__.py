"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

from .anchors import decode_boxes, encode_boxes, generate_anchors
from .assignment import assign_anchors, kmeans_anchors

__all__ = ["assign_anchors", "decode_boxes", "encode_boxes", "generate_anchors", "kmeans_anchors"]
from .geometry import clip_boxes, convert_boxes, iou_matrix
from .suppression import nms, soft_nms

__all__ = ["clip_boxes", "convert_boxes", "iou_matrix", "nms", "soft_nms"]
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
