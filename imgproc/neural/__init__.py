"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from . import active, augment, ensemble, losses, matching, optim, schedules, targets, views
from .arrays import to_host, to_model
from .backends.worker import Worker
from .crops import crop_and_resize
from .decode.classes import Classes, decode_classes
from .decode.given import decode_given_boxes
from .decode.heatmaps import Peaks, decode_centernet, heatmap_peaks
from .decode.keypoints import decode_keypoint_head, heatmaps_to_keypoints
from .decode.label_map import label_map
from .decode.masks import decode_mask_head, decode_prototype_masks
from .decode.poses import decode_pose, pose_crops, refined_peaks
from .decode.queries import decode_detr
from .decode.query_instances import decode_query_instances
from .decode.query_panoptic import decode_query_panoptic
from .decode.query_semantic import decode_query_semantic
from .decode.semantic import decode_semantic
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
from .model import Model, load
from .onnxfile import OnnxFile, scan_onnx
from .pipeline import Classifier, DepthEstimator, Detector, Segmenter
from .preprocess import Preprocess
from .roi import multiscale_roi_align, roi_align, roi_levels, roi_pool
from .specs import TensorSpec
from .stream import Streamed, stream_images
from .tile_merge import merge_tiles
from .tiling import detect_tiles, plan_tiles

__all__ = [
    "BackendUnavailable",
    "Classes",
    "Classifier",
    "DepthEstimator",
    "Detector",
    "Geometry",
    "InputMismatch",
    "Model",
    "ModelFormatError",
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
    "augment",
    "crop_and_resize",
    "decode_centernet",
    "decode_classes",
    "decode_detr",
    "decode_given_boxes",
    "decode_keypoint_head",
    "decode_mask_head",
    "decode_pose",
    "decode_prototype_masks",
    "decode_query_instances",
    "decode_query_panoptic",
    "decode_query_semantic",
    "decode_semantic",
    "detect_tiles",
    "ensemble",
    "heatmap_peaks",
    "heatmaps_to_keypoints",
    "label_map",
    "load",
    "losses",
    "matching",
    "merge_tiles",
    "multiscale_roi_align",
    "optim",
    "plan_tiles",
    "pose_crops",
    "refined_peaks",
    "roi_align",
    "roi_levels",
    "roi_pool",
    "scan_onnx",
    "schedules",
    "stream_images",
    "targets",
    "to_host",
    "to_model",
    "views",
]
