"""Metrics: how good detections, segmentations and panoptic maps are against the truth."""

__all__: list[str] = []
