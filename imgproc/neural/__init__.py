"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

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

__all__ = [
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "NeuralError",
    "OutputMismatch",
    "Streamed",
    "UntrustedModelError",
    "detect_tiles",
    "merge_tiles",
    "plan_tiles",
    "stream_images",
]
