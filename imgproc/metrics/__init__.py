"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

from .curves import PrecisionRecall, Roc, average_precision, precision_recall, roc_curve
from .panoptic import PanopticQuality, panoptic_quality
from .plots import plot_confusion, plot_precision_recall, plot_roc
from .segmentation import SegmentationScores, segmentation_scores

__all__ = [
    "PanopticQuality",
    "PrecisionRecall",
    "Roc",
    "SegmentationScores",
    "average_precision",
    "panoptic_quality",
    "plot_confusion",
    "plot_precision_recall",
    "plot_roc",
    "precision_recall",
    "roc_curve",
    "segmentation_scores",
]
