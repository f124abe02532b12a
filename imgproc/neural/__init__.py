"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .arrays import to_host, to_model
from .errors import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    UntrustedModelError,
)
from .geometry import Geometry
from .stream import Streamed, stream_images
from .tile_merge import merge_tiles
from .tiling import detect_tiles, plan_tiles
from .model import Model, load
from .onnxfile import OnnxFile, scan_onnx
from .specs import TensorSpec

__all__ = [
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "Model",
    "ModelFormatError",
    "NeuralError",
    "OnnxFile",
    "OutputMismatch",
    "Streamed",
    "UntrustedModelError",
    "detect_tiles",
    "merge_tiles",
    "plan_tiles",
    "stream_images",
    "TensorSpec",
    "UntrustedModelError",
    "load",
    "scan_onnx",
    "to_host",
    "to_model",
]
