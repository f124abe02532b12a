"""Truth and detections of COCO's evaluation as columns, from files, their content or `Detections`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._core.coco_runs import Size, read_runs
from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice
from .._ext import entries as _kernels
from . import coco_files
from .coco_columns import Items, Rows, areas_of, ordered
from .coco_masks import check_size
from .coco_records import RECORD, read_found_records, read_records
from .coco_source import Place, parse_json, read_bytes

Source = str | os.PathLike[str] | Mapping[Any, Any]

IOU_TYPE = Choice(("bbox", "segm"))


@dataclass(frozen=True)
class CocoTruth:
    """The truth as columns, for many evaluations; `coco_evaluate` takes it in the place of its source."""

    image_ids: tuple[Any, ...]  # ascending
    class_ids: tuple[Any, ...]  # ascending
    class_names: tuple[str, ...]
    sizes: dict[Any, Size] = field(repr=False)  # of images, where masks are compared
    items: Items = field(repr=False)
    crowd: Array = field(repr=False)  # uint8
    ignored: Array = field(repr=False)  # uint8

    @classmethod
    def load(cls, source: Source, *, iou_type: str = "bbox") -> CocoTruth:
        """From what `coco_evaluate` takes as ``ground_truth``."""
        return read_truth("CocoTruth.load", source, IOU_TYPE.check("CocoTruth.load", "iou_type", iou_type))


@dataclass(frozen=True)
class CocoDetections:
    """Detections as columns, against one truth; `coco_evaluate` takes them in the place of their source."""

    truth: CocoTruth = field(repr=False)
    items: Items = field(repr=False)
    scores: Array = field(repr=False)  # float64

    @classmethod
    def load(cls, source: Source | Sequence[Mapping[str, Any]], truth: CocoTruth) -> CocoDetections:
        """From what `coco_evaluate` takes as ``detections``, against a truth that is loaded."""
        name = "CocoDetections.load"
        if not isinstance(truth, CocoTruth):
            raise wrong_type(name, "truth", "a CocoTruth, as CocoTruth.load gives it", truth)
        return read_detections(name, source, truth)


def read_truth(function: str, source: object, iou_type: str) -> CocoTruth:
    masks = iou_type == "segm"
    if isinstance(source, CocoTruth):
        if source.items.masks != masks:
            raise wrong_value(function, "ground_truth", f'loaded with iou_type="{iou_type}"', source)
        return source
    place = Place(function, "ground_truth")
    if isinstance(source, str | os.PathLike):
        place = Place(function, "ground_truth", os.fspath(source))
        data = read_bytes(source)
        usual = None if masks else _usual_truth_file(place, data)
        if usual is not None:
            return usual
        content = parse_json(function, "ground_truth", source, data)
        if not isinstance(content, dict):
            raise place.wrong("a dict with images, categories and annotations", content)
        return _coco_truth(place, content, masks)
    if not isinstance(source, Mapping):
        raise wrong_type(
            function, "ground_truth", f"a path, COCO's dict, or a mapping from image id to {RECORD}", source
        )
    if not source or any(key in source for key in ("images", "categories", "annotations")):
        return _coco_truth(place, dict(source), masks)
    image_ids, class_ids, sizes, items = read_records(place, source, masks)
    flags = np.zeros(len(items.image), np.uint8)
    return CocoTruth(image_ids, class_ids, tuple(map(str, class_ids)), sizes, items, flags, flags.copy())


def read_detections(function: str, source: object, truth: CocoTruth) -> CocoDetections:
    place, masks = Place(function, "detections"), truth.items.masks
    if isinstance(source, CocoDetections):
        if source.truth is not truth:
            raise wrong_value(function, "detections", "loaded against the truth handed in", source)
        return source
    if isinstance(source, Mapping):
        found = read_found_records(place, source, truth.image_ids, truth.class_ids, truth.sizes, masks)
        return CocoDetections(truth, *found)
    if isinstance(source, str | os.PathLike):
        place = Place(function, "detections", os.fspath(source))
        data = read_bytes(source)
        usual = None if masks else _usual_results_file(data, truth)
        if usual is not None:
            return usual
        source = parse_json(function, "detections", source, data)
        if not isinstance(source, list):
            raise place.wrong("a list of results", source)
    if not isinstance(source, list | tuple):
        must = f"a path, a list of COCO's results, or a mapping from image id to {RECORD}"
        raise wrong_type(function, "detections", must, source)
    return _coco_detections(place, source, truth, masks)


def _usual_truth_file(place: Place, data: bytes) -> CocoTruth | None:
    """The columns of a file without anything unusual in it; of others, None."""
    found = coco_files.read_truth(data)
    if found is None:
        return None
    content, entries = found
    frame = _coco_truth(place, content, False)
    image = coco_files.places(entries["image"], frame.image_ids)
    label = coco_files.places(entries["category"], frame.class_ids)
    if image is None or label is None or (image < 0).any() or (label < 0).any():
        return None
    items = Items(image, label, entries["box"].copy(), entries["number"].copy())
    crowd, ignored = (entries[name].astype(np.uint8) for name in ("crowd", "ignore"))
    return replace(frame, items=items, crowd=crowd, ignored=ignored)


def _usual_results_file(data: bytes, truth: CocoTruth) -> CocoDetections | None:
    """The columns of a file without anything unusual in it; of others, None."""
    entries = coco_files.read_results(data)
    if entries is None:
        return None
    image = coco_files.places(entries["image"], truth.image_ids)
    label = coco_files.places(entries["category"], truth.class_ids)
    if image is None or label is None or (image < 0).any():
        return None
    box = entries["box"].copy()
    items = Items(image, label, box, areas_of(box))
    return CocoDetections(truth, items, entries["number"].copy())


def _coco_truth(place: Place, content: dict[str, Any], masks: bool) -> CocoTruth:
    lists: dict[str, list[Any]] = {}
    for key in ("images", "categories", "annotations"):
        value = place.field(content, key)
        if not isinstance(value, list | tuple):
            raise place.at(key).wrong("a list", value)
        lists[key] = list(value)
    image_ids, images = _identities(place.at("images"), lists["images"])
    class_ids, classes = _identities(place.at("categories"), lists["categories"])
    names = {category["id"]: str(category.get("name", category["id"])) for category in lists["categories"]}
    sizes: dict[Any, Size] = {}
    for number, image in enumerate(lists["images"] if masks else ()):
        here = place.at("images", number)
        sizes[image["id"]] = check_size(here, here.field(image, "height"), here.field(image, "width"))
    ordered_names = tuple(names[identity] for identity in class_ids)
    usual = None if masks else _usual_annotations(lists["annotations"], images, classes)
    if usual is not None:
        return CocoTruth(image_ids, class_ids, ordered_names, sizes, *usual)
    rows, crowd, ignored = Rows(), [], []
    for number, entry in enumerate(lists["annotations"]):
        here = place.at("annotations", number)
        image = _known(here, entry, "image_id", images, "images")
        label = _known(here, entry, "category_id", classes, "categories")
        area = here.at("area").number(here.field(entry, "area"))
        rows.image.append(image)
        rows.label.append(label)
        rows.area.append(area)
        if masks:
            size = sizes[entry["image_id"]]
            rows.runs.append(read_runs(here.at("segmentation"), here.field(entry, "segmentation"), size))
            rows.height.append(size[0])
        else:
            rows.box.append(here.at("bbox").box(here.field(entry, "bbox")))
        crowd.append(here.at("iscrowd").flag(entry.get("iscrowd", 0)))
        ignored.append(here.at("ignore").flag(entry.get("ignore", 0)))
    return CocoTruth(
        image_ids,
        class_ids,
        ordered_names,
        sizes,
        rows.items(masks),
        np.array(crowd, np.uint8),
        np.array(ignored, np.uint8),
    )


def _usual_annotations(
    entries: list[Any], images: dict[Any, int], classes: dict[Any, int]
) -> tuple[Items, Array, Array] | None:
    """The columns of entries without anything unusual in them; of others, None."""
    n = len(entries)
    items = Items(np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 4)), np.empty(n))
    crowd, ignored = np.empty(n, np.uint8), np.empty(n, np.uint8)
    columns = items.image, items.label, items.box, items.area, crowd, ignored
    return (items, crowd, ignored) if _kernels.read_annotations(entries, images, classes, *columns) else None


def _usual_detections(
    entries: list[Any], images: dict[Any, int], classes: dict[Any, int]
) -> tuple[Items, Array] | None:
    """The columns of entries without anything unusual in them; of others, None."""
    n = len(entries)
    image, label, box, scores = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 4)), np.empty(n)
    if not _kernels.read_detections(entries, images, classes, image, label, box, scores):
        return None
    return Items(image, label, box, areas_of(box)), scores


def _coco_detections(place: Place, entries: Iterable[Any], truth: CocoTruth, masks: bool) -> CocoDetections:
    images = {identity: index for index, identity in enumerate(truth.image_ids)}
    classes = {identity: index for index, identity in enumerate(truth.class_ids)}
    usual = (
        None
        if masks
        else _usual_detections(entries if isinstance(entries, list) else list(entries), images, classes)
    )
    if usual is not None:
        return CocoDetections(truth, *usual)
    rows, scores = Rows(), []
    for number, entry in enumerate(entries):
        here = place.at(number)
        image = _known(here, entry, "image_id", images, "images")
        category = here.at("category_id").identity(here.field(entry, "category_id"))
        rows.image.append(image)
        rows.label.append(classes.get(category, -1))
        scores.append(here.at("score").number(here.field(entry, "score")))
        # Empty in results of masks that some programs write.
        bbox = entry.get("bbox")
        boxed = not masks or not (bbox is None or (here.is_listed(bbox) and len(bbox) == 0))
        box = here.at("bbox").box(here.field(entry, "bbox")) if boxed else None
        rows.area.append(None if box is None else box[2] * box[3])
        if masks:
            size = truth.sizes[entry["image_id"]]
            rows.runs.append(read_runs(here.at("segmentation"), here.field(entry, "segmentation"), size))
            rows.height.append(size[0])
        elif box is not None:
            rows.box.append(box)
    return CocoDetections(truth, rows.items(masks), np.array(scores, np.float64))


def _identities(place: Place, entries: list[Any]) -> tuple[tuple[Any, ...], dict[Any, int]]:
    """The ids of images or categories, ascending, and the place of each among them."""
    try:
        ids = [entry["id"] for entry in entries]
        if {type(identity) for identity in ids} in ({int}, {str}) and len(set(ids)) == len(ids):
            return ordered(place, ids)
    except (KeyError, TypeError, IndexError):
        pass  # the loop says which
    found: dict[Any, int] = {}
    for number, entry in enumerate(entries):
        here = place.at(number)
        identity = here.at("id").identity(here.field(entry, "id"))
        if identity in found:
            raise here.at("id").wrong("another id than all others", identity)
        found[identity] = number
    return ordered(place, found)


def _known(place: Place, entry: Any, key: str, known: dict[Any, int], of: str) -> int:
    identity = place.at(key).identity(place.field(entry, key))
    if identity not in known:
        raise place.at(key).wrong(f"the id of one of the {len(known)} {of} of the truth", identity)
    return known[identity]
