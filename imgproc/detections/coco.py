"""COCO's JSON: data sets (images, annotations, categories) and lists of results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._core.config import VERSION
from .._core.errors import Got, wrong_value
from .._core.files import check_free, write_file
from .._core.runs import Runs, box_of_runs, check_runs
from .checks import Points
from .decimals import decimal_of, minus, plus
from .fields import INT32, Place, check_set, dumped, dumped_params, parse_json, path_name, read_text
from .sets import NO_SIZE, DetectionSet
from .table import Corners, Table


def write_coco(path: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False) -> None:
    """Write a set as a COCO data set, from which `read_coco` gives an equal set but for counts and params.

    Parameters
    ----------
    path : path
        The file. Its folder must exist.
    detections : DetectionSet
        What to write.
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError, OSError
        The file exists, or cannot be written.
    ValueError
        ``detections.params`` holds what JSON cannot.

    Notes
    -----
    ``images`` have ``id``, ``file_name`` and, where known, ``height`` and ``width``; ``annotations`` have ``id`` from 1
    (COCO's own evaluation takes 0 for none), ``image_id``, ``category_id``, ``bbox`` as x, y, width and height,
    ``area``, ``iscrowd`` and, of detections, ``score``; a mask is written as ``segmentation`` by run lengths, keypoints
    as ``keypoints`` ``[x, y, score, x, …]`` with ``num_keypoints``, those of a score or visibility above 0.
    ``info`` names the version and, where there are any, ``params``.
    ``categories`` are the named labels, and those of the boxes that have no name. Width and height are the exact
    differences of the corners as decimals, so that adding them up again gives the same corners.
    """
    parts = coco_dataset(check_set("write_coco", detections)).items()
    lists = ",\n".join(f'"{name}": {_lines(entries)}' for name, entries in parts)
    params = f', "params": {dumped_params("write_coco", detections.params)}' if detections.params else ""
    text = f'{{\n"info": {{"description": "written by imgproc {VERSION}"{params}}},\n{lists}\n}}'
    _write("write_coco", path, text, overwrite)


def write_coco_results(
    path: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False
) -> None:
    """Write detections as a list of COCO results, which COCO's own evaluation loads beside its data set.

    Parameters
    ----------
    path : path
        The file. Its folder must exist.
    detections : DetectionSet
        Detections with scores, whose ``image_ids`` and labels are the ids of the data set
        (`align_detections` makes them so).
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError, OSError
        The file exists, or cannot be written.
    ValueError
        The set is ground truth.

    Notes
    -----
    Each has ``image_id``, ``category_id``, ``bbox`` as x, y, width and height, ``score`` and, where there is a mask,
    ``segmentation``, where there are keypoints, ``keypoints``. Images without detections, their names, and names of
    classes are not in such a file.
    """
    if check_set("write_coco_results", detections).scores is None:
        raise wrong_value("write_coco_results", "detections", "detections with scores", Got("ground truth"))
    _write("write_coco_results", path, _lines(coco_results(detections)), overwrite)


def coco_dataset(found: DetectionSet) -> dict[str, list[dict[str, Any]]]:
    """Images, annotations and categories as COCO has them, numbers that need not be whole as Decimal."""
    images = []
    for name, number, (height, width) in zip(
        found.image_names, found.image_ids.tolist(), found.image_sizes.tolist(), strict=True
    ):
        known = {} if (height, width) == NO_SIZE else {"height": height, "width": width}
        images.append({"id": number, "file_name": name, **known})
    annotations = [
        {"id": row + 1, **entry, "area": decimal_of(area), "iscrowd": int(crowd)}
        for row, (entry, area, crowd) in enumerate(
            zip(coco_results(found), found.areas.tolist(), found.crowd.tolist(), strict=True)
        )
    ]
    labels = dict.fromkeys([*found.class_names, *sorted(set(found.labels.tolist()))])
    categories = [{"id": label, "name": found.class_name(label)} for label in labels]
    return {"images": images, "annotations": annotations, "categories": categories}


def coco_results(found: DetectionSet) -> list[dict[str, Any]]:
    """What annotations and results share, without a score for ground truth."""
    entries = []
    for row, (image, label, box) in enumerate(
        zip(found.images.tolist(), found.labels.tolist(), found.boxes.tolist(), strict=True)
    ):
        x1, y1, x2, y2 = map(decimal_of, box)
        entry: dict[str, Any] = {
            "image_id": int(found.image_ids[image]),
            "category_id": label,
            "bbox": [x1, y1, minus(x2, x1), minus(y2, y1)],
        }
        if found.scores is not None:
            entry["score"] = decimal_of(found.scores[row])
        mask = None if found.masks is None else found.masks[row]
        if mask is not None:
            entry["segmentation"] = {"size": list(mask.size), "counts": list(mask.counts)}
        points = None if found.keypoints is None else found.keypoints[row]
        if points is not None:
            entry["keypoints"] = [decimal_of(value) for point in points for value in point]
            entry["num_keypoints"] = sum(point[2] > 0 for point in points)
        entries.append(entry)
    return entries


def _lines(entries: list[dict[str, Any]]) -> str:
    lines = ",\n".join(map(dumped, entries))
    return f"[\n{lines}\n]" if lines else "[]"


def _write(function: str, path: str | os.PathLike[str], text: str, overwrite: bool) -> None:
    name = path_name(function, path)
    check_free(name, overwrite=overwrite)
    write_file(name, f"{text}\n".encode("ascii"), overwrite=overwrite)


def read_coco(
    path: str | os.PathLike[str],
    *,
    dataset: DetectionSet | None = None,
    masks: bool = False,
    keypoints: bool = False,
) -> DetectionSet:
    """Read COCO's JSON: a data set, or a list of results.

    Parameters
    ----------
    path : path
        A file with ``images``, ``annotations`` and ``categories``, or with a list of results.
    dataset : DetectionSet, optional
        The data set that the results are of: it gives the names of images and classes, and ids that it does not have
        are refused. Without one, images are called by their numbers.
    masks : bool, default False
        Whether to keep ``segmentation`` by run lengths. Polygons are passed over.
    keypoints : bool, default False
        Whether to keep ``keypoints``, three numbers each: x, y, and visibility or score.

    Returns
    -------
    DetectionSet
        Images in the order of the file, or of ``dataset``. A data set whose annotations all have a ``score`` holds
        detections, else ground truth; a list of results always holds detections. The area of a result is that of
        its box, as COCO's own evaluation has it. A result without ``bbox`` gets the box around its mask, which must
        be by run lengths, and that box's area, where COCO's own evaluation takes the mask's.

    Raises
    ------
    ValueError
        The file is damaged, or names images or categories that do not exist; the sentence names file and entry.
    OSError
        The file cannot be opened.
    """
    place, text = read_text("read_coco", path)
    if dataset is not None:
        check_set("read_coco", dataset, argument="dataset")
    content = parse_json(place, text)
    if isinstance(content, list):
        return _read_results(Table(place), content, dataset, (masks, keypoints))
    must = "a data set with images and annotations, or a list of results"
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise place.wrong("", must, Got("something else"))
    return _read_dataset(Table(place), content, (masks, keypoints))


def _read_dataset(table: Table, content: dict[str, Any], kept: tuple[bool, bool]) -> DetectionSet:
    place = table.place
    positions: dict[int, int] = {}
    for row, value in enumerate(place.listed("images", content["images"], of="images")):
        element = f"images[{row}]"
        image = place.mapping(element, value, ("id", "file_name"))
        number = place.integer(f"{element}.id", image["id"])
        if number in positions:
            raise place.wrong(f"{element}.id", "an id that no other image has", number)
        size = NO_SIZE
        if image.get("height") is not None or image.get("width") is not None:
            size = place.size(f"{element}.", image.get("height"), image.get("width"))
        name = place.text(f"{element}.file_name", image["file_name"])
        positions[number] = table.add_image(f"{element}.file_name", name, size, number)
    for row, value in enumerate(place.listed("categories", content.get("categories", []))):
        element = f"categories[{row}]"
        category = place.mapping(element, value, ("id", "name"))
        label = place.integer(f"{element}.id", category["id"], "an integer within 32 bits", INT32)
        if label in table.class_names:
            raise place.wrong(f"{element}.id", "an id that no other category has", label)
        table.class_names[label] = place.text(f"{element}.name", category["name"], "a text")
    annotations = place.listed("annotations", content["annotations"])
    scored = bool(annotations) and all(isinstance(entry, dict) and "score" in entry for entry in annotations)
    for row, value in enumerate(annotations):
        element = f"annotations[{row}]"
        entry = place.mapping(element, value, ("image_id", "category_id", "bbox"))
        number = place.integer(f"{element}.image_id", entry["image_id"])
        if number not in positions:
            raise place.wrong(f"{element}.image_id", "the id of one of the images", number)
        _read_box(table, element, entry, positions[number], table.class_names, scored, kept, "area" in entry)
    return table.to_set(truth=not scored)


def _read_results(
    table: Table, results: list[Any], dataset: DetectionSet | None, kept: tuple[bool, bool]
) -> DetectionSet:
    place = table.place
    positions: dict[int | str, int] = {}
    if dataset is not None:
        for name, size, number in zip(
            dataset.image_names, dataset.image_sizes.tolist(), dataset.image_ids.tolist(), strict=True
        ):
            positions[number] = table.add_image("", name, tuple(size), number)
        table.class_names = dict(dataset.class_names)
    for row, value in enumerate(results):
        element = f"[{row}]"
        entry = place.mapping(element, value, ("image_id", "category_id", "score"))
        if entry.get("bbox") in (None, []) and isinstance(entry.get("segmentation"), dict):
            entry = entry | {"bbox": list(box_of_runs(_runs(place, element, entry["segmentation"])))}
        place.mapping(element, entry, ("bbox",))
        number = place.integer(f"{element}.image_id", entry["image_id"])
        if number not in positions:
            if dataset is not None:
                must = "the id of an image of the data set"
                raise place.wrong(f"{element}.image_id", must, number)
            positions[number] = table.add_image(f"{element}.image_id", str(number), NO_SIZE, number)
        known = table.class_names if dataset is not None else {}
        _read_box(table, element, entry, positions[number], known, True, kept, False)
    return table.to_set(truth=False)


def _read_box(
    table: Table,
    element: str,
    entry: dict[str, Any],
    image: int,
    known: Mapping[int, str],
    scored: bool,
    kept: tuple[bool, bool],
    own_area: bool,
) -> None:
    place = table.place
    must = "an integer within 32 bits"
    label = place.integer(f"{element}.category_id", entry["category_id"], must, INT32)
    if known and label not in known:
        raise place.wrong(f"{element}.category_id", "the id of one of the categories", label)
    corners, area = _corners(place, f"{element}.bbox", entry["bbox"])
    mask, points = entry.get("segmentation"), entry.get("keypoints")
    masks, keypoints = kept
    if own_area:
        area = place.number(f"{element}.area", entry["area"], "a number >= 0", 0)
    table.add_box(
        image,
        corners,
        label,
        score=place.number(f"{element}.score", entry["score"]) if scored else None,
        area=area,
        crowd=bool(place.integer(f"{element}.iscrowd", entry.get("iscrowd", 0), "0 or 1", (0, 1))),
        mask=_runs(place, element, mask) if masks and isinstance(mask, dict) else None,
        keypoints=_points(place, f"{element}.keypoints", points)
        if keypoints and points is not None
        else None,
    )


def _points(place: Place, element: str, points: object) -> Points:
    must = "numbers in threes: x, y, visibility or score"
    values = [place.number(element, value, must) for value in place.listed(element, points)]
    if len(values) % 3:
        raise place.wrong(element, must, Got(f"{len(values)} numbers"))
    return tuple(zip(values[::3], values[1::3], values[2::3], strict=True))


def _corners(place: Place, element: str, bbox: object) -> tuple[Corners, float]:
    must = "x, y, width and height, finite, width and height >= 0"
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise place.wrong(element, must, bbox)
    x, y, width, height = (place.decimal(element, value, must) for value in bbox)
    if width < 0 or height < 0:
        raise place.wrong(element, must, Got(f"[{x}, {y}, {width}, {height}]"))
    return place.corners(element, (x, y, plus(x, width), plus(y, height))), float(width) * float(height)


def _runs(place: Place, element: str, segmentation: dict[str, Any]) -> Runs:
    return check_runs(place.function, f"file {place.file}: {element}.segmentation", segmentation)
