"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .decode.label_map import label_map
from .decode.semantic import decode_semantic
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
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "NeuralError",
    "OutputMismatch",
    "UntrustedModelError",
    "decode_semantic",
    "label_map",
]
