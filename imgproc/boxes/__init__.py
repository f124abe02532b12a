"""Boxes: conversions, overlap, suppression, fusion, rotated boxes, masks and anchors."""

from .anchors import decode_boxes, encode_boxes, generate_anchors
from .assignment import assign_anchors, kmeans_anchors
from .fusion import group_boxes, weighted_boxes_fusion
from .geometry import clip_boxes, convert_boxes, iou_matrix
from .masks import PackedMasks, mask_iou_matrix, mask_nms, pack_masks, unpack_masks
from .rotated import rotated_iou_matrix, rotated_nms
from .suppression import nms, soft_nms

__all__ = [
    "PackedMasks",
    "assign_anchors",
    "clip_boxes",
    "convert_boxes",
    "decode_boxes",
    "encode_boxes",
    "generate_anchors",
    "group_boxes",
    "iou_matrix",
    "kmeans_anchors",
    "mask_iou_matrix",
    "mask_nms",
    "nms",
    "pack_masks",
    "rotated_iou_matrix",
    "rotated_nms",
    "soft_nms",
    "unpack_masks",
    "weighted_boxes_fusion",
]
