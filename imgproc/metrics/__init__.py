"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

from .coco import CocoScores, coco_evaluate
from .matching import Matches, match_detections

__all__ = ["CocoScores", "Matches", "coco_evaluate", "match_detections"]
