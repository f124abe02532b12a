"""Detections: the record that detectors give and metrics take, and the files it is kept in."""

from .aligned import align_detections
from .coco import read_coco, write_coco, write_coco_results
from .csv_files import read_csv, write_csv
from .files import read_detections, write_detections
from .jsonl import read_jsonl, write_jsonl
from .record import Detections
from .sets import DetectionSet
from .voc import read_voc, write_voc
from .yolo import read_yolo, write_yolo

__all__ = [
    "DetectionSet",
    "Detections",
    "align_detections",
    "read_coco",
    "read_csv",
    "read_detections",
    "read_jsonl",
    "read_voc",
    "read_yolo",
    "write_coco",
    "write_coco_results",
    "write_csv",
    "write_detections",
    "write_jsonl",
    "write_voc",
    "write_yolo",
]
