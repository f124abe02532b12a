"""Sets of detections and truth as the columns of COCO's evaluation, without a detour over dicts."""

from __future__ import annotations

import numpy as np

from .._core.images import Array
from ..detections.decimals import sides
from ..detections.sets import DetectionSet
from .coco_columns import Items, areas_of
from .coco_entries import CocoDetections, CocoTruth


def coco_columns(found: DetectionSet, truth: DetectionSet) -> tuple[CocoDetections, CocoTruth]:
    """Boxes of a truth, and of detections that `align_detections` has brought into its images and labels.

    Crowd regions are COCO's; labels of detections that the truth neither names nor has are left out, as COCO does it.
    """
    assert found.scores is not None
    order = np.argsort(truth.image_ids)
    rank = np.argsort(order).astype(np.int32)
    labels = np.array(sorted({*truth.class_names, *truth.labels.tolist()}), np.int64)
    true = CocoTruth(
        tuple(truth.image_ids[order].tolist()),
        tuple(labels.tolist()),
        tuple(map(truth.class_name, labels.tolist())),
        {},
        Items(rank[truth.images], _index(labels, truth.labels), sides(truth.boxes), truth.areas),
        truth.crowd.astype(np.uint8),
        np.zeros(len(truth.boxes), np.uint8),
    )
    boxes = sides(found.boxes)
    items = Items(rank[found.images], _index(labels, found.labels), boxes, areas_of(boxes))
    return CocoDetections(true, items, found.scores), true


def _index(known: Array, labels: Array) -> Array:
    """Places in the ascending ``known``, -1 for none."""
    if not len(known):
        return np.full(len(labels), -1, np.int32)
    places = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    return np.where(known[places] == labels, places, -1).astype(np.int32)
