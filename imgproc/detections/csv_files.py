"""Tables of boxes as CSV: one line a box, columns by name."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping

from .._core.errors import Got
from .._core.files import check_free, write_file
from .decimals import plus, written
from .fields import INT32, Place, check_set, encoded, path_name, read_text
from .sets import NO_SIZE, DetectionSet
from .table import Table

COLUMNS = (
    "image",
    "height",
    "width",
    "x1",
    "y1",
    "x2",
    "y2",
    "score",
    "label",
    "class",
    "count",
    "crowd",
    "area",
)
ALIASES = {"file": "image", "filename": "image", "ignore": "crowd", "confidence": "score"}
CORNERS = ("x1", "y1", "x2", "y2")
SIDES = ("x", "y", "w", "h")


def write_csv(path: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False) -> None:
    """Write a set as a table, from which `read_csv` gives an equal set but for ids, masks, keypoints and params.

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

    Notes
    -----
    Columns ``image, height, width, x1, y1, x2, y2, score, label, class, count, crowd, area``, one line a box. An image
    without boxes has one line with nothing from ``x1`` on; sizes that are not known and scores of ground truth are
    empty. Numbers have the fewest digits that read as the same float64. Image ids, masks, keypoints, params and names
    of classes without boxes are not kept. UTF-8, lines end in a line feed.
    """
    check_set("write_csv", detections)
    name = path_name("write_csv", path)
    check_free(name, overwrite=overwrite)
    write_file(name, csv_content(detections), overwrite=overwrite)


def csv_content(detections: DetectionSet) -> bytes:
    """The table."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for position, image in enumerate(detections.image_names):
        size = tuple(detections.image_sizes[position].tolist())
        start: list[str | int] = [image, *(("", "") if size == NO_SIZE else size)]
        rows = detections.rows(position)
        if rows.start == rows.stop:
            lines.writerow([*start, *[""] * (len(COLUMNS) - 3)])
        for row in range(rows.start, rows.stop):
            label = int(detections.labels[row])
            lines.writerow(
                [
                    *start,
                    *map(written, detections.boxes[row].tolist()),
                    "" if detections.scores is None else written(float(detections.scores[row])),
                    label,
                    detections.class_names.get(label, ""),
                    int(detections.counts[row]),
                    int(detections.crowd[row]),
                    written(float(detections.areas[row])),
                ]
            )
    return encoded("write_csv", text.getvalue())


def read_csv(path: str | os.PathLike[str]) -> DetectionSet:
    """Read a table of boxes.

    Parameters
    ----------
    path : path
        A file that `write_csv` wrote, or any with a header that names its columns: ``image`` (or ``file``,
        ``filename``) and either ``x1, y1, x2, y2`` or ``x, y, w, h`` in pixels. ``score`` (or ``confidence``),
        ``label``, ``class``, ``count``, ``crowd`` (or ``ignore``), ``area``, ``height`` and ``width`` may be there;
        other columns are passed over.

    Returns
    -------
    DetectionSet
        Images in order of appearance. Without a column ``score``, or with one that is empty everywhere: ground truth.
        Where ``label`` is not an integer everywhere it holds names, and classes get 0, 1, … in the order of the
        sorted names, as they do where there is ``class`` alone.

    Raises
    ------
    ValueError
        The file is damaged; the sentence names file, line and column.
    OSError
        The file cannot be opened.
    """
    place, text = read_text("read_csv", path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    table = Table(place)
    lines: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, [])
        names = _columns(place, header)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                must = f"{len(header)} cells, as in the header"
                raise place.wrong(f"line {reader.line_num}", must, Got(f"{len(cells)}"))
            lines.append((reader.line_num, dict(zip(names, cells, strict=True))))
    except csv.Error as error:
        raise place.wrong(f"line {reader.line_num}", "CSV", Got(str(error))) from None
    scored = any(cells.get("score") for _, cells in lines)
    named = _names_of_labels(place, lines)
    for number, line in lines:
        _read_line(table, f"line {number}", line, scored, named)
    if named:
        table.name_labels(list(named))
    return table.to_set(truth=not scored)


def _columns(place: Place, header: list[str]) -> list[str]:
    names = [ALIASES.get(name.strip().lower(), name.strip().lower()) for name in header]
    if "image" not in names or not ({*CORNERS} <= {*names} or {*SIDES} <= {*names}):
        must = "a header with the columns image and x1, y1, x2, y2 (or x, y, w, h)"
        raise place.wrong("line 1", must, Got(", ".join(header)[:80] or "nothing"))
    for name in (*COLUMNS, *SIDES):
        if names.count(name) > 1:
            raise place.wrong("line 1", f"one column {name}", Got(f"{names.count(name)}"))
    return names


def _names_of_labels(place: Place, lines: list[tuple[int, dict[str, str]]]) -> dict[str, int]:
    """Positions of the names that stand for labels; nothing where labels are integers."""
    boxes = [cells for _, cells in lines if _has_box(cells)]
    labels = [cells.get("label", "") for cells in boxes]
    column = "label"
    if not any(labels):
        labels, column = [cells.get("class", "") for cells in boxes], "class"
        if not any(labels):
            return {}
    elif all(label.strip().lstrip("+-").isdecimal() for label in labels):
        return {}
    if "" in labels:
        number = next(number for number, cells in lines if _has_box(cells) and not cells[column])
        raise place.wrong(f"line {number}: {column}", "the name of a class, as on other lines", "")
    return {name: position for position, name in enumerate(dict.fromkeys(labels))}


def _has_box(cells: Mapping[str, str]) -> bool:
    return any(cells.get(name, "").strip() for name in (*CORNERS, *SIDES))


def _read_line(
    table: Table, element: str, cells: Mapping[str, str], scored: bool, named: Mapping[str, int]
) -> None:
    place = table.place
    name = place.text(f"{element}: image", cells["image"], "the name of an image")
    size = NO_SIZE
    if cells.get("height") or cells.get("width"):
        size = place.size(f"{element}: ", cells.get("height", ""), cells.get("width", ""))
    image = table.positions.get(name)
    if image is None:
        image = table.add_image(element, name, size)
    elif table.image_sizes[image] != size:
        must = "{} × {}, as on an earlier line of that image".format(*table.image_sizes[image])
        raise place.wrong(f"{element}: height, width", must, Got("{} × {}".format(*size)))
    if not _has_box(cells):
        return
    area = None
    names = CORNERS if all(name in cells for name in CORNERS) else SIDES
    a, b, c, d = (place.decimal(f"{element}: {name}", cells[name]) for name in names)
    if names is SIDES:
        area = float(c) * float(d)
        c, d = plus(a, c), plus(b, d)
    corners = place.corners(f"{element}: {', '.join(names)}", (a, b, c, d))
    score = place.number(f"{element}: score", cells["score"]) if scored else None
    label = _label(table, element, cells, named)
    if cells.get("area"):
        area = place.number(f"{element}: area", cells["area"], "a number >= 0", 0)
    count = place.integer(f"{element}: count", cells.get("count") or "1", "an integer >= 1", (1, INT32[1]))
    crowd = place.integer(f"{element}: crowd", cells.get("crowd") or "0", "0 or 1", (0, 1))
    table.add_box(image, corners, label, score=score, area=area, count=count, crowd=bool(crowd))


def _label(table: Table, element: str, cells: Mapping[str, str], named: Mapping[str, int]) -> int:
    if named:
        return named[cells.get("label") or cells["class"]]
    must = "an integer within 32 bits"
    label = table.place.integer(f"{element}: label", cells.get("label") or "0", must, INT32)
    if cells.get("class"):
        known = table.class_names.setdefault(label, cells["class"])
        if known != cells["class"]:
            must = f"{known!r}, as on an earlier line of label {label}"
            raise table.place.wrong(f"{element}: class", must, cells["class"])
    return label
