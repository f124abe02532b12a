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
from .preprocess import Preprocess
from .presets import PRESETS, preset
from .processor_configs import from_processor_config
from .timm_configs import from_timm_config

__all__ = [
    "PRESETS",
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "NeuralError",
    "OutputMismatch",
    "Preprocess",
    "UntrustedModelError",
    "from_processor_config",
    "from_timm_config",
    "preset",
]
