"""Truth and detections of COCO's evaluation from `Detections` of many images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.box_arrays import check_boxes, check_labels, check_scores
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .coco_columns import Items, areas_of, mask_items, ordered
from .coco_masks import bitmap_runs, check_size
from .coco_source import Place

RECORD = "Detections, with boxes, scores, labels and masks"


def _parts(place: Place, image: Any, record: Any, masks: bool) -> tuple[Array, Array, Array, Array | None]:
    """Boxes, scores, labels and masks of one image."""
    here = place.at(image)
    must = RECORD
    columns = [getattr(record, name, None) for name in ("boxes", "scores", "labels", "masks")]
    if any(column is None for column in columns[:3]):
        raise here.wrong(must, record)
    try:
        boxes = check_boxes(place.function, columns[0]).astype(np.float64)
        scores = check_scores(place.function, columns[1], len(boxes)).astype(np.float64)
        labels = check_labels(place.function, columns[2], len(boxes))
    except (TypeError, ValueError) as error:
        raise here.wrong(must, Got(str(error).removeprefix(f"{place.function}: "))) from None
    if not np.isfinite(scores).all():
        raise here.wrong("of finite scores", Got("infinity in them"))
    own = columns[3]
    if masks:
        if own is None and len(boxes):
            raise here.wrong("Detections with masks", record)
        if own is not None and (
            not isinstance(own, np.ndarray)
            or own.dtype != np.bool_
            or own.ndim != 3
            or len(own) != len(boxes)
        ):
            raise here.wrong(f"Detections with bool masks of shape ({len(boxes)}, H, W)", own)
    boxes[:, 2:] -= boxes[:, :2]
    return boxes, scores, labels, own


def _stack(parts: list[Array], empty: Array) -> Array:
    return np.concatenate(parts) if parts else empty


def _items(
    records: list[tuple[int, tuple[Array, Array, Array, Array | None]]], classes: Array, masks: bool
) -> tuple[Items, Array]:
    """`classes` ascending; labels that are none of them count as -1."""
    lengths = [len(parts[0]) for _, parts in records]
    image = np.repeat(np.array([index for index, _ in records], np.int32), lengths)
    boxes = _stack([parts[0] for _, parts in records], np.zeros((0, 4)))
    scores = _stack([parts[1] for _, parts in records], np.zeros(0))
    labels = _stack([parts[2] for _, parts in records], np.zeros(0, np.int64))
    label = np.full(len(labels), -1, np.int32)
    if len(classes):
        at = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
        label = np.where(classes[at] == labels, at, -1).astype(np.int32)
    if not masks:
        return Items(image, label, boxes, areas_of(boxes)), scores
    runs, heights = [], []
    for _, parts in records:
        for mask in () if parts[3] is None else parts[3]:
            runs.append(bitmap_runs(mask))
            heights.append(mask.shape[0])
    items = mask_items(image, label, [None] * len(runs), runs, np.array(heights, np.int64))
    return items, scores


def read_records(
    place: Place, source: Mapping[Any, Any], masks: bool
) -> tuple[tuple[Any, ...], tuple[int, ...], dict[Any, tuple[int, int]], Items]:
    """Ids of images and of classes, sizes of images where masks are compared, and the items of a truth."""
    image_ids, _ = ordered(place, [place.identity(image) for image in source])
    records = [(index, _parts(place, image, source[image], masks)) for index, image in enumerate(image_ids)]
    labels = np.unique(_stack([parts[2] for _, parts in records], np.zeros(0, np.int64)))
    sizes = {
        image_ids[index]: check_size(place.at(image_ids[index]), *parts[3].shape[1:])
        for index, parts in records
        if masks and parts[3] is not None and len(parts[3])
    }
    items, _ = _items(records, labels, masks)
    return image_ids, tuple(labels.tolist()), sizes, items


def read_found_records(
    place: Place,
    source: Mapping[Any, Any],
    image_ids: tuple[Any, ...],
    class_ids: tuple[Any, ...],
    sizes: Mapping[Any, tuple[int, int]],
    masks: bool,
) -> tuple[Items, Array]:
    """The items and scores of detections in images and of classes of a truth."""
    images = {identity: index for index, identity in enumerate(image_ids)}
    records = []
    for image, record in source.items():
        if image not in images:
            must = f"of the {len(images)} images of the truth"
            raise wrong_value(place.function, place.argument, must, Got(f"image {image!r}"))
        parts = _parts(place, image, record, masks)
        size = sizes.get(image)
        if masks and parts[3] is not None and len(parts[3]):
            own = check_size(place.at(image), *parts[3].shape[1:])
            if size is not None and own != size:
                raise place.at(image).wrong(
                    f"Detections with masks of {size}, the size of the image", Got(f"{own}")
                )
        records.append((images[image], parts))
    if any(isinstance(identity, str) for identity in class_ids):
        raise place.wrong("COCO's results, as the truth has categories with texts as ids", Got("Detections"))
    return _items(records, np.array(class_ids, np.int64), masks)
