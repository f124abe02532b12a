"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .arrays import to_host, to_model
from .backends.worker import Worker
from .decode.classes import Classes, decode_classes
from .decode.given import decode_given_boxes
from .crops import crop_and_resize
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
from .specs import TensorSpec
from .stream import Streamed, stream_images
from .tile_merge import merge_tiles
from .tiling import detect_tiles, plan_tiles
from .roi import multiscale_roi_align, roi_align, roi_levels, roi_pool

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
    "Preprocess",
    "Segmenter",
    "Streamed",
    "TensorSpec",
    "UntrustedModelError",
    "Worker",
    "WorkerDied",
    "decode_classes",
    "decode_given_boxes",
    "detect_tiles",
    "load",
    "merge_tiles",
    "plan_tiles",
    "scan_onnx",
    "stream_images",
    "to_host",
    "to_model",
    "crop_and_resize",
    "multiscale_roi_align",
    "roi_align",
    "roi_levels",
    "roi_pool",
]
