"""Truth and detections of COCO's evaluation as columns, from files, their content or `Detections`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._core.box_arrays import check_boxes, check_labels, check_scores
from .._core.coco_runs import Size, read_runs
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice
from .._ext import entries as _kernels
from . import coco_files
from .coco_masks import bitmap_runs, boxes_of_runs, check_size
from .coco_source import Place, parse_json, read_bytes

Source = str | os.PathLike[str] | Mapping[Any, Any]

IOU_TYPE = Choice(("bbox", "segm"))

_RECORD = "Detections, with boxes, scores, labels and masks"


@dataclass(frozen=True)
class Items:
    """Boxes or masks of all images, one row each."""

    image: Array  # int32 index into the image ids
    label: Array  # int32 index into the class ids, -1 for none of them
    box: Array  # (N, 4) float64: x, y, width, height
    area: Array  # float64
    runs: Array = field(default_factory=lambda: np.zeros((0, 2), np.uint32))
    first_run: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    mask_area: Array = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def masks(self) -> bool:
        """Whether these are masks."""
        return len(self.first_run) > 0

    def columns(self) -> tuple[Array, ...]:
        return self.image, self.label, self.box, self.area, self.runs, self.first_run, self.mask_area


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


class _Rows:
    """What `Items` are made of, entry by entry."""

    def __init__(self) -> None:
        self.image: list[int] = []
        self.label: list[int] = []
        self.box: list[list[float]] = []
        self.area: list[float | None] = []  # None: that of the mask
        self.runs: list[Array] = []
        self.height: list[int] = []

    def items(self, masks: bool) -> Items:
        image, label = np.array(self.image, np.int32), np.array(self.label, np.int32)
        if not masks:
            box = np.array(self.box, np.float64).reshape(-1, 4)
            return Items(image, label, box, np.array(self.area, np.float64))
        return mask_items(image, label, self.area, self.runs, np.array(self.height, np.int64))


def mask_items(
    image: Array, label: Array, area: Iterable[float | None], runs: list[Array], height: Array
) -> Items:
    first_run = np.cumsum([0, *map(len, runs)])
    # One more row, so that there is a first one to point at.
    joined = np.concatenate([*runs, np.zeros((1, 2), np.uint32)])
    lengths = np.concatenate([[0], np.cumsum(np.diff(joined.astype(np.int64), axis=1))])
    mask_area = np.diff(lengths[first_run])
    box = boxes_of_runs(joined[:-1], first_run, height)
    areas = [own if given is None else given for given, own in zip(area, mask_area, strict=True)]
    return Items(image, label, box, np.array(areas, np.float64), joined, first_run, mask_area)


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
            function, "ground_truth", f"a path, COCO's dict, or a mapping from image id to {_RECORD}", source
        )
    if not source or any(key in source for key in ("images", "categories", "annotations")):
        return _coco_truth(place, dict(source), masks)
    return _record_truth(place, source, masks)


def read_detections(function: str, source: object, truth: CocoTruth) -> CocoDetections:
    place, masks = Place(function, "detections"), truth.items.masks
    if isinstance(source, CocoDetections):
        if source.truth is not truth:
            raise wrong_value(function, "detections", "loaded against the truth handed in", source)
        return source
    if isinstance(source, Mapping):
        return _record_detections(place, source, truth, masks)
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
        must = f"a path, a list of COCO's results, or a mapping from image id to {_RECORD}"
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
    rows, crowd, ignored = _Rows(), [], []
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
    rows, scores = _Rows(), []
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
            return _ordered(place, ids)
    except (KeyError, TypeError, IndexError):
        pass  # the loop says which
    found: dict[Any, int] = {}
    for number, entry in enumerate(entries):
        here = place.at(number)
        identity = here.at("id").identity(here.field(entry, "id"))
        if identity in found:
            raise here.at("id").wrong("another id than all others", identity)
        found[identity] = number
    return _ordered(place, found)


def _ordered(place: Place, found: Iterable[Any]) -> tuple[tuple[Any, ...], dict[Any, int]]:
    try:
        ordered = tuple(sorted(found))
    except TypeError:
        raise place.wrong("identified by integers or by texts", Got("both")) from None
    return ordered, {identity: index for index, identity in enumerate(ordered)}


def areas_of(box: Array) -> Array:
    """Of x, y, width, height; beyond float64 infinite, and so out of every range."""
    with np.errstate(over="ignore"):
        areas: Array = box[:, 2] * box[:, 3]
    return areas


def _known(place: Place, entry: Any, key: str, known: dict[Any, int], of: str) -> int:
    identity = place.at(key).identity(place.field(entry, key))
    if identity not in known:
        raise place.at(key).wrong(f"the id of one of the {len(known)} {of} of the truth", identity)
    return known[identity]


def _record_parts(
    place: Place, image: Any, record: Any, masks: bool
) -> tuple[Array, Array, Array, Array | None]:
    """Boxes, scores, labels and masks of one image."""
    here = place.at(image)
    must = _RECORD
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


def _record_items(
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


def _record_truth(place: Place, source: Mapping[Any, Any], masks: bool) -> CocoTruth:
    image_ids, _ = _ordered(place, [place.identity(image) for image in source])
    records = [
        (index, _record_parts(place, image, source[image], masks)) for index, image in enumerate(image_ids)
    ]
    labels = np.unique(_stack([parts[2] for _, parts in records], np.zeros(0, np.int64)))
    sizes = {
        image_ids[index]: check_size(place.at(image_ids[index]), *parts[3].shape[1:])
        for index, parts in records
        if masks and parts[3] is not None and len(parts[3])
    }
    items, _ = _record_items(records, labels, masks)
    count = len(items.image)
    class_ids = tuple(labels.tolist())
    return CocoTruth(
        image_ids,
        class_ids,
        tuple(map(str, class_ids)),
        sizes,
        items,
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
    )


def _record_detections(
    place: Place, source: Mapping[Any, Any], truth: CocoTruth, masks: bool
) -> CocoDetections:
    images = {identity: index for index, identity in enumerate(truth.image_ids)}
    records = []
    for image, record in source.items():
        if image not in images:
            must = f"of the {len(images)} images of the truth"
            raise wrong_value(place.function, place.argument, must, Got(f"image {image!r}"))
        parts = _record_parts(place, image, record, masks)
        size = truth.sizes.get(image)
        if masks and parts[3] is not None and len(parts[3]):
            own = check_size(place.at(image), *parts[3].shape[1:])
            if size is not None and own != size:
                raise place.at(image).wrong(
                    f"Detections with masks of {size}, the size of the image", Got(f"{own}")
                )
        records.append((images[image], parts))
    if any(isinstance(identity, str) for identity in truth.class_ids):
        raise place.wrong("COCO's results, as the truth has categories with texts as ids", Got("Detections"))
    return CocoDetections(truth, *_record_items(records, np.array(truth.class_ids, np.int64), masks))
