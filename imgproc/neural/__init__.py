"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .crops import crop_and_resize
from .decode.heatmaps import Peaks, decode_centernet, heatmap_peaks, heatmaps_to_keypoints
from .errors import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    UntrustedModelError,
)
from .geometry import Geometry
from .roi import multiscale_roi_align, roi_align, roi_levels, roi_pool

__all__ = [
    "BackendUnavailable",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "NeuralError",
    "OutputMismatch",
    "Peaks",
    "UntrustedModelError",
    "crop_and_resize",
    "decode_centernet",
    "heatmap_peaks",
    "heatmaps_to_keypoints",
    "multiscale_roi_align",
    "roi_align",
    "roi_levels",
    "roi_pool",
]
