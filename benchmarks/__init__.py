"""Speed against the best peers: every case is compared first and timed afterwards. ``python -m benchmarks``."""

import sys
from pathlib import Path

# The source folder, where `python -m benchmarks` is called, holds imgproc without its kernels: the installed one
# goes first.
_ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [*(place for place in sys.path if Path(place or ".").resolve() != _ROOT), str(_ROOT)]

SUBJECTS = (
    "tone",
    "color",
    "integral",
    "box",
    "convolution",
    "gaussian",
    "median",
    "gradients",
    "morphology",
    "resampling",
    "boxes",
    "fusion",
    "rotated",
    "masks",
    "anchors",
    "watershed",
    "segmentation_scores",
    "superpixels",
    "coco",
    "cascade",
    "boosting",
    "regions",
    "mask_files",
    "stereo",
    "bodyparts",
    "neural_preprocess",
    "neural_augment",
    "neural_dense",
    "neural_roi",
    "neural_maps",
    "neural_queries",
    "neural_tiles",
)
"""The files of cases, in the order of the table."""
