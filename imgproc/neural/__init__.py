"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .decode.queries import decode_detr
from .decode.query_instances import decode_query_instances
from .decode.query_panoptic import decode_query_panoptic
from .decode.query_semantic import decode_query_semantic
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
    "decode_detr",
    "decode_query_instances",
    "decode_query_panoptic",
    "decode_query_semantic",
]
