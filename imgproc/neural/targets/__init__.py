"""What dense detectors are trained towards: anchors, points and heat maps."""

from .anchors import AnchorTargets, anchor_targets, sample_anchors
from .heatmaps import HeatmapTargets, gaussian_radius, heatmap_targets
from .points import PointTargets, point_targets

__all__ = [
    "AnchorTargets",
    "HeatmapTargets",
    "PointTargets",
    "anchor_targets",
    "gaussian_radius",
    "heatmap_targets",
    "point_targets",
    "sample_anchors",
]
