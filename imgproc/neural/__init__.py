"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .anchors import anchor_points, default_boxes, efficientdet_anchors, pyramid_anchors
from .decode.dense import decode_fcos, decode_retinanet
from .decode.efficientdet import decode_efficientdet
from .decode.heads import join_levels
from .decode.proposals import assign_levels, decode_roi_heads, decode_rpn
from .decode.ssd import decode_ssd
from .decode.windows import crop_windows, decode_windows, window_grid
from .decode.yolo import decode_yolo, decode_yolo_extras
from .decode.yolo_heads import YOLOV3_ANCHORS, decode_yolov1, decode_yolov3
from .errors import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    UntrustedModelError,
)
from .geometry import Geometry

__all__ = [
    "YOLOV3_ANCHORS",
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "NeuralError",
    "OutputMismatch",
    "UntrustedModelError",
    "anchor_points",
    "assign_levels",
    "crop_windows",
    "decode_efficientdet",
    "decode_fcos",
    "decode_retinanet",
    "decode_roi_heads",
    "decode_rpn",
    "decode_ssd",
    "decode_windows",
    "decode_yolo",
    "decode_yolo_extras",
    "decode_yolov1",
    "decode_yolov3",
    "default_boxes",
    "efficientdet_anchors",
    "join_levels",
    "pyramid_anchors",
    "window_grid",
]
