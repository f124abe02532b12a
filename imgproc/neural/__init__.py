"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from . import active, augment, ensemble, losses, matching, optim, schedules, targets, views
from .anchors import anchor_points, default_boxes, efficientdet_anchors, pyramid_anchors
from .arrays import to_host, to_model
from .backends.worker import Worker
from .crops import crop_and_resize
from .decode.classes import Classes, decode_classes
from .decode.dense import decode_fcos, decode_retinanet
from .decode.depth import DepthMap, decode_depth, decode_monodepth, merge_flipped
from .decode.distributions import decode_dfl
from .decode.efficientdet import decode_efficientdet
from .decode.given import decode_given_boxes
from .decode.heads import join_levels
from .decode.heatmaps import Peaks, decode_centernet, heatmap_peaks
from .decode.interest_points import decode_superpoint, decode_superpoint_descriptors
from .decode.keypoints import decode_keypoint_head, heatmaps_to_keypoints
from .decode.label_map import label_map
from .decode.masks import decode_mask_head, decode_prototype_masks
from .decode.panoptic_fpn import decode_panoptic_fpn
from .decode.poses import decode_pose, pose_crops, refined_peaks
from .decode.proposals import decode_roi_heads, decode_rpn
from .decode.queries import decode_detr
from .decode.query_instances import decode_query_instances
from .decode.query_panoptic import decode_query_panoptic
from .decode.query_semantic import decode_query_semantic
from .decode.semantic import decode_semantic
from .decode.ssd import decode_ssd
from .decode.windows import decode_windows, window_grid
from .decode.yolo import decode_yolo, decode_yolo_extras
from .decode.yolo_heads import YOLOV3_ANCHORS, decode_yolov1, decode_yolov3
from .decode.yolo_tasks import decode_yolo_masks, decode_yolo_points
from .depth_measures import (
    DepthScores,
    MonodepthLoss,
    align_scale_shift,
    depth_scores,
    left_right_difference,
    monodepth_loss,
)
from .errors import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    UntrustedModelError,
    WorkerDied,
)
from .geometry import Geometry
from .label_cleaning import clean_labels
from .logit_tiles import blend_logits, label_tiles
from .model import Model, load
from .onnxfile import OnnxFile, scan_onnx
from .patches import image_to_patches, occlusion_saliency, patches_to_image, position_similarity
from .pipeline import Classifier, DepthEstimator, Detector, Segmenter
from .preprocess import Preprocess
from .presets import PRESETS, preset
from .processor_configs import from_processor_config
from .roi import multiscale_roi_align, roi_align, roi_levels, roi_pool
from .segment_tiles import segment_tiles
from .specs import TensorSpec
from .stream import Streamed, stream_images
from .tile_merge import merge_tiles
from .tiling import detect_tiles, plan_tiles
from .timm_configs import from_timm_config
from .unpooling import max_pool_indices, max_unpool

__all__ = [
    "PRESETS",
    "YOLOV3_ANCHORS",
    "BackendUnavailable",
    "Classes",
    "Classifier",
    "DepthEstimator",
    "DepthMap",
    "DepthScores",
    "Detector",
    "Geometry",
    "InputMismatch",
    "Model",
    "ModelFormatError",
    "MonodepthLoss",
    "NeuralError",
    "OnnxFile",
    "OutputMismatch",
    "Peaks",
    "Preprocess",
    "Segmenter",
    "Streamed",
    "TensorSpec",
    "UntrustedModelError",
    "Worker",
    "WorkerDied",
    "active",
    "align_scale_shift",
    "anchor_points",
    "augment",
    "blend_logits",
    "clean_labels",
    "crop_and_resize",
    "decode_centernet",
    "decode_classes",
    "decode_depth",
    "decode_detr",
    "decode_dfl",
    "decode_efficientdet",
    "decode_fcos",
    "decode_given_boxes",
    "decode_keypoint_head",
    "decode_mask_head",
    "decode_monodepth",
    "decode_panoptic_fpn",
    "decode_pose",
    "decode_prototype_masks",
    "decode_query_instances",
    "decode_query_panoptic",
    "decode_query_semantic",
    "decode_retinanet",
    "decode_roi_heads",
    "decode_rpn",
    "decode_semantic",
    "decode_ssd",
    "decode_superpoint",
    "decode_superpoint_descriptors",
    "decode_windows",
    "decode_yolo",
    "decode_yolo_extras",
    "decode_yolo_masks",
    "decode_yolo_points",
    "decode_yolov1",
    "decode_yolov3",
    "default_boxes",
    "depth_scores",
    "detect_tiles",
    "efficientdet_anchors",
    "ensemble",
    "from_processor_config",
    "from_timm_config",
    "heatmap_peaks",
    "heatmaps_to_keypoints",
    "image_to_patches",
    "join_levels",
    "label_map",
    "label_tiles",
    "left_right_difference",
    "load",
    "losses",
    "matching",
    "max_pool_indices",
    "max_unpool",
    "merge_flipped",
    "merge_tiles",
    "monodepth_loss",
    "multiscale_roi_align",
    "occlusion_saliency",
    "optim",
    "patches_to_image",
    "plan_tiles",
    "pose_crops",
    "position_similarity",
    "preset",
    "pyramid_anchors",
    "refined_peaks",
    "roi_align",
    "roi_levels",
    "roi_pool",
    "scan_onnx",
    "schedules",
    "segment_tiles",
    "stream_images",
    "targets",
    "to_host",
    "to_model",
    "views",
    "window_grid",
]
