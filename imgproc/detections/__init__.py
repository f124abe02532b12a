"""Detections: the record that detectors give and metrics take, and the files it is kept in."""

__all__: list[str] = []
