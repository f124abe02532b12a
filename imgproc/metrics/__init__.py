"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

from .coco import CocoScores, coco_evaluate
from .coco_entries import CocoDetections, CocoTruth
from .matching import Matches, match_detections

__all__ = ["CocoDetections", "CocoScores", "CocoTruth", "Matches", "coco_evaluate", "match_detections"]
