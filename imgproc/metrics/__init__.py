"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

from .curves import average_precision, precision_recall, roc_curve
from .panoptic import PanopticQuality, panoptic_quality
from .segmentation import SegmentationScores, segmentation_scores

__all__ = [
    "PanopticQuality",
    "SegmentationScores",
    "average_precision",
    "panoptic_quality",
    "precision_recall",
    "roc_curve",
    "segmentation_scores",
]
from .coco import CocoScores, coco_evaluate
from .matching import Matches, match_detections

__all__ = ["CocoScores", "Matches", "coco_evaluate", "match_detections"]
