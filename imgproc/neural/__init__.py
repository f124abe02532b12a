"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .decode.depth import DepthMap, decode_depth, decode_monodepth, merge_flipped
from .decode.label_map import label_map
from .decode.semantic import decode_semantic
from .depth_measures import (
    DepthScores,
    MonodepthLoss,
    align_scale_shift,
    depth_scores,
    left_right_difference,
    monodepth_loss,
)
from .errors import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    UntrustedModelError,
)
from .geometry import Geometry
from .logit_tiles import blend_logits, label_tiles

__all__ = [
    "BackendUnavailable",
    "DepthMap",
    "DepthScores",
    "Geometry",
    "InputMismatch",
    "ModelFormatError",
    "MonodepthLoss",
    "NeuralError",
    "OutputMismatch",
    "UntrustedModelError",
    "align_scale_shift",
    "blend_logits",
    "decode_depth",
    "decode_monodepth",
    "decode_semantic",
    "depth_scores",
    "label_map",
    "label_tiles",
    "left_right_difference",
    "merge_flipped",
    "monodepth_loss",
]
