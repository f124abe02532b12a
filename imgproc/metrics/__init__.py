"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

from .coco import CocoScores, coco_evaluate
from .coco_entries import CocoDetections, CocoTruth
from .curves import PrecisionRecall, Roc, average_precision, precision_recall, roc_curve
from .matching import Matches, match_detections
from .panoptic import PanopticQuality, panoptic_quality
from .plots import plot_confusion, plot_precision_recall, plot_roc
from .segmentation import SegmentationScores, segmentation_scores

__all__ = [
    "CocoDetections",
    "CocoScores",
    "CocoTruth",
    "Matches",
    "PanopticQuality",
    "PrecisionRecall",
    "Roc",
    "SegmentationScores",
    "average_precision",
    "coco_evaluate",
    "match_detections",
    "panoptic_quality",
    "plot_confusion",
    "plot_precision_recall",
    "plot_roc",
    "precision_recall",
    "roc_curve",
    "segmentation_scores",
]
