"""Our own format: everything a `DetectionSet` holds, as JSON, an image a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from .._core.config import VERSION
from .._core.errors import Got
from .._core.files import check_free, write_file
from .._core.runs import check_runs
from .checks import Points
from .decimals import written
from .fields import INT32, Place, check_set, dumped_params, parse_json, path_name, plain, read_text
from .sets import NO_SIZE, DetectionSet, box_areas
from .table import Table

FORMAT = "imgproc detections"
FORMAT_VERSION = 1


def write_jsonl(path: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False) -> None:
    """Write a set to a file of our own format, from which `read_jsonl` gives an equal set.

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
    JSON lines: a header ``{"format": "imgproc detections", "version": 1, "kind": "detections" or "truth", "classes":
    {label: name}, "params": {…}}``, then for each image ``{"image": name, "id": number, "size": [height, width],
    "boxes": [[x1, y1, x2, y2], …], "scores": […], "labels": […], "counts": […], "crowd": […], "areas": […], "masks":
    […], "keypoints": [[[x, y, score], …], …]}``. ``size`` is left out where it is not known, ``scores`` for truth,
    ``counts`` where all are 1, ``crowd`` where none is, ``areas`` where they are those of the boxes, ``masks`` (run
    lengths in COCO's order, or null) and ``keypoints`` (or null) where there are none. Numbers have the fewest digits
    that read as the same float64. The file is there whole or not at all.
    """
    check_set("write_jsonl", detections)
    name = path_name("write_jsonl", path)
    check_free(name, overwrite=overwrite)
    params = dumped_params("write_jsonl", detections.params)
    classes = {str(label): text for label, text in detections.class_names.items()}
    kind = "truth" if detections.scores is None else "detections"
    header = (
        f'{{"format": "{FORMAT}", "version": {FORMAT_VERSION}, "program": "imgproc {VERSION}", "kind": "{kind}", '
        f'"classes": {json.dumps(classes)}, "params": {params}}}'
    )
    lines = [header, *_lines(detections)]
    write_file(name, "".join(f"{line}\n" for line in lines).encode("ascii"), overwrite=overwrite)


def _lines(found: DetectionSet) -> Iterator[str]:
    own_areas = found.areas != box_areas(found.boxes)
    for position, image in enumerate(found.image_names):
        rows = found.rows(position)
        entries = [f'"image": {json.dumps(image)}', f'"id": {found.image_ids[position]}']
        height, width = found.image_sizes[position].tolist()
        entries += [f'"size": [{height}, {width}]'] if (height, width) != NO_SIZE else []
        boxes = ", ".join(f"[{', '.join(map(written, box))}]" for box in found.boxes[rows].tolist())
        entries.append(f'"boxes": [{boxes}]')
        if found.scores is not None:
            entries.append(f'"scores": [{", ".join(map(written, found.scores[rows].tolist()))}]')
        entries.append(f'"labels": {found.labels[rows].tolist()}')
        if (found.counts[rows] != 1).any():
            entries.append(f'"counts": {found.counts[rows].tolist()}')
        if found.crowd[rows].any():
            entries.append(f'"crowd": {json.dumps(found.crowd[rows].tolist())}')
        if own_areas[rows].any():
            entries.append(f'"areas": [{", ".join(map(written, found.areas[rows].tolist()))}]')
        if found.masks is not None and any(mask is not None for mask in found.masks[rows]):
            masks = [
                None if mask is None else {"size": mask.size, "counts": mask.counts}
                for mask in found.masks[rows]
            ]
            entries.append(f'"masks": {json.dumps(masks)}')
        if found.keypoints is not None and any(points is not None for points in found.keypoints[rows]):
            entries.append(f'"keypoints": [{", ".join(map(_written_points, found.keypoints[rows]))}]')
        yield "{" + ", ".join(entries) + "}"


def _written_points(points: Points | None) -> str:
    if points is None:
        return "null"
    listed = ("[" + ", ".join(map(written, point)) + "]" for point in points)
    return "[" + ", ".join(listed) + "]"


def read_jsonl(path: str | os.PathLike[str]) -> DetectionSet:
    """Read a file of our own format.

    Parameters
    ----------
    path : path
        A file that `write_jsonl` wrote, or one made alike: ``boxes`` and ``image`` are needed of each image.

    Returns
    -------
    DetectionSet

    Raises
    ------
    ValueError
        The file is damaged; the sentence names file, line and entry.
    OSError
        The file cannot be opened.
    """
    place, text = read_text("read_jsonl", path)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise place.wrong("", f'a header with "format": "{FORMAT}" and a line for each image', Got("nothing"))
    table = Table(place)
    truth = _read_header(table, *lines[0])
    for number, line in lines[1:]:
        _read_image(table, f"line {number}", line, truth)
    return table.to_set(truth=truth)


def is_header(value: object) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT


def _read_header(table: Table, number: int, line: str) -> bool:
    place, element = table.place, f"line {number}"
    header = parse_json(place, line, element)
    if not is_header(header):
        raise place.wrong(element, f'a header with "format": "{FORMAT}"', Got(line[:60]))
    version = header.get("version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        must = f"{FORMAT_VERSION}, the version that this imgproc reads"
        raise place.wrong(f"{element}: version", must, version)
    kind = header.get("kind", "detections")
    if kind not in ("detections", "truth"):
        raise place.wrong(f"{element}: kind", '"detections" or "truth"', kind)
    for label, name in place.mapping(f"{element}: classes", header.get("classes", {})).items():
        key = place.integer(f"{element}: classes", label, "integers as keys", INT32)
        table.class_names[key] = place.text(f"{element}: classes[{label}]", name, "a text")
    table.params = plain(place.mapping(f"{element}: params", header.get("params", {})))
    return bool(kind == "truth")


def _read_image(table: Table, element: str, line: str, truth: bool) -> None:
    place = table.place
    entry = place.mapping(element, parse_json(place, line, element), ("image", "boxes"))
    name = place.text(f"{element}: image", entry["image"])
    size = NO_SIZE
    if "size" in entry:
        height, width = place.listed(f"{element}: size", entry["size"], 2, "integers, height and width")
        size = place.size(f"{element}: size: ", height, width)
    number = place.integer(f"{element}: id", entry["id"]) if "id" in entry else None
    if (number is None) == bool(table.image_ids) and table.image_names:
        raise place.wrong(f"{element}: id", "given for all images or for none", number)
    image = table.add_image(f"{element}: image", name, size, number)
    boxes = place.listed(f"{element}: boxes", entry["boxes"])
    columns = {
        column: _column(place, element, entry, column, len(boxes))
        for column in ("scores", "labels", "counts", "crowd", "areas", "masks", "keypoints")
    }
    if columns["scores"] is None and boxes and not truth:
        raise place.wrong(f"{element}: scores", "a list of numbers, one for each of the boxes", None)
    for row, box in enumerate(boxes):
        values = {column: values[row] for column, values in columns.items() if values is not None}
        _read_box(table, image, element, row, box, values, truth)


def _column(
    place: Place, element: str, entry: Mapping[str, Any], column: str, count: int
) -> list[Any] | None:
    if column not in entry:
        return None
    return place.listed(f"{element}: {column}", entry[column], count, "values, one for each of the boxes")


def _read_box(
    table: Table, image: int, element: str, row: int, box: object, values: dict[str, Any], truth: bool
) -> None:
    place = table.place

    def at(column: str) -> str:
        return f"{element}: {column}[{row}]"

    numbers = place.listed(at("boxes"), box, 4, "numbers, x1, y1, x2, y2")
    x1, y1, x2, y2 = (place.decimal(at("boxes"), value, "four finite numbers") for value in numbers)
    crowd = values.get("crowd", False)
    if not isinstance(crowd, bool):
        raise place.wrong(at("crowd"), "true or false", crowd)
    mask, points = values.get("masks"), values.get("keypoints")
    table.add_box(
        image,
        place.corners(at("boxes"), (x1, y1, x2, y2)),
        place.integer(at("labels"), values.get("labels", 0), "an integer within 32 bits", INT32),
        score=None if truth else place.number(at("scores"), values["scores"]),
        area=place.number(at("areas"), values["areas"], "a number >= 0", 0) if "areas" in values else None,
        count=place.integer(at("counts"), values.get("counts", 1), "an integer >= 1", (1, INT32[1])),
        crowd=crowd,
        mask=None if mask is None else check_runs(place.function, f"file {place.file}: {at('masks')}", mask),
        keypoints=None if points is None else _read_points(place, at("keypoints"), points),
    )


def _read_points(place: Place, element: str, points: object) -> Points:
    found = []
    for position, point in enumerate(place.listed(element, points)):
        here = f"{element}[{position}]"
        numbers = place.listed(here, point, 3, "numbers, x, y, score")
        found.append(tuple(place.number(here, value) for value in numbers))
    return tuple(found)
