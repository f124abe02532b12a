"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from . import active, augment, ensemble, losses, matching, optim, schedules, targets, views
from .arrays import to_host, to_model
from .backends.worker import Worker
from .decode.queries import decode_detr
from .decode.query_instances import decode_query_instances
from .decode.query_panoptic import decode_query_panoptic
from .decode.query_semantic import decode_query_semantic
from .decode.label_map import label_map
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
    "TensorSpec",
    "UntrustedModelError",
    "Worker",
    "WorkerDied",
    "active",
    "augment",
    "decode_detr",
    "decode_query_instances",
    "decode_query_panoptic",
    "decode_query_semantic",
    "ensemble",
    "load",
    "losses",
    "matching",
    "optim",
    "scan_onnx",
    "schedules",
    "targets",
    "to_host",
    "to_model",
    "views",
    "decode_semantic",
    "label_map",
]
