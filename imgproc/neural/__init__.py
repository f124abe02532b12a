"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .arrays import to_host, to_model
from .decode.classes import Classes, decode_classes
from .backends.worker import Worker
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
from .specs import TensorSpec
from .stream import Streamed, stream_images
from .tile_merge import merge_tiles
from .tiling import detect_tiles, plan_tiles
from .preprocess import Preprocess

__all__ = [
    "BackendUnavailable",
    "Classes",
    "Geometry",
    "InputMismatch",
    "Model",
    "ModelFormatError",
    "NeuralError",
    "OnnxFile",
    "OutputMismatch",
    "Streamed",
    "TensorSpec",
    "Preprocess",
    "UntrustedModelError",
    "decode_classes",
    "detect_tiles",
    "Worker",
    "WorkerDied",
    "load",
    "merge_tiles",
    "plan_tiles",
    "scan_onnx",
    "stream_images",
    "to_host",
    "to_model",
]
