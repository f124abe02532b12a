"""YOLO's text files: for each image one, with a line for each box relative to the image's size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal

from .._core.errors import Got, wrong_value
from .decimals import EXACT, decimal_of, minus, plus, written
from .fields import Place, check_set, encoded, path_name, read_text
from .folders import by_stem, file_names, files_below, write_all
from .sets import NO_SIZE, DetectionSet, check_sizes
from .table import Table

CLASSES = "classes.txt"
_HALF = Decimal("0.5")


def write_yolo(folder: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False) -> None:
    """Write a set as a folder of YOLO's text files.

    Parameters
    ----------
    folder : path
        Made where it does not exist. ``a/b.jpg`` goes to ``a/b.txt`` below it.
    detections : DetectionSet
        What to write; the size of every image with boxes must be known.
    overwrite : bool, default False
        Whether existing files may be replaced. Other files in the folder stay.

    Raises
    ------
    FileExistsError, OSError
        A file exists, in which case none is written, or cannot be written.
    ValueError
        Two images would share a file, or the size of one is not known.

    Notes
    -----
    Lines are ``class cx cy width height`` and, of detections, the score; relative to the image's width and height, with
    the fewest digits that read as the same float64: `read_yolo` gives corners within 2**-49 of the image's side, or of
    the box's greatest coordinate where that is larger. An image without boxes has an empty file. Classes are numbered
    from 0, in the order of the labels, and ``classes.txt`` names them; labels >= 0 in a set that names none stay as
    they are. Counts, crowd regions, areas, masks, keypoints, ids and params are not kept.
    """
    check_set("write_yolo", detections)
    target = path_name("write_yolo", folder)
    write_all(target, yolo_contents(detections), overwrite=overwrite)


def yolo_contents(detections: DetectionSet) -> dict[str, bytes]:
    """The files by their names."""
    names = file_names("write_yolo", detections.image_names, ".txt")
    if CLASSES in names and detections.class_names:
        raise wrong_value("write_yolo", "image names", f"others than that of {CLASSES}", Got("one of it"))
    labels = sorted({*detections.class_names, *detections.labels.tolist()})
    stay = not detections.class_names and all(label >= 0 for label in labels)
    numbers = {label: label if stay else number for number, label in enumerate(labels)}
    contents: dict[str, bytes] = {}
    for position, name in enumerate(names):
        rows = detections.rows(position)
        height, width = detections.image_sizes[position].tolist()
        if rows.start < rows.stop and (height, width) == NO_SIZE:
            image = detections.image_names[position]
            raise wrong_value("write_yolo", "image_sizes", "known", Got(f"none of {image!r}"))
        lines = [
            _line(detections, row, numbers[int(detections.labels[row])], height, width)
            for row in range(rows.start, rows.stop)
        ]
        contents[name] = "".join(lines).encode("ascii")
    texts = [detections.class_name(label) for label in labels]
    for text in texts:
        if text != text.strip() or not text or len(text.splitlines()) != 1:
            raise wrong_value("write_yolo", "class names", "one line each, without spaces around", text)
    if detections.class_names:
        contents[CLASSES] = encoded("write_yolo", "".join(f"{text}\n" for text in texts))
    return contents


def _line(found: DetectionSet, row: int, number: int, height: int, width: int) -> str:
    x1, y1, x2, y2 = map(decimal_of, found.boxes[row].tolist())
    parts = [str(number)]
    parts += [
        _ratio(plus(x1, x2) * _HALF, width),
        _ratio(plus(y1, y2) * _HALF, height),
        _ratio(minus(x2, x1), width),
        _ratio(minus(y2, y1), height),
    ]
    if found.scores is not None:
        parts.append(written(float(found.scores[row])))
    return " ".join(parts) + "\n"


def _ratio(value: Decimal, side: int) -> str:
    return written(float(EXACT.divide(value, Decimal(side))))


def read_yolo(
    folder: str | os.PathLike[str],
    image_sizes: Mapping[str, tuple[int, int]],
    *,
    class_names: Sequence[str] | None = None,
) -> DetectionSet:
    """Read a folder of YOLO's text files.

    Parameters
    ----------
    folder : path
        Folder with a ``.txt`` file for each image, also in folders below it. ``classes.txt`` in it names the classes, a
        line each; an image without a file has no boxes.
    image_sizes : mapping from str to (height, width)
        Every image by its name with suffix, below the folder of images as its file is below ``folder``.
    class_names : sequence of str, optional
        Names of classes 0, 1, …; from ``classes.txt`` by default, where there is one.

    Returns
    -------
    DetectionSet
        Images in the order of ``image_sizes``. Where lines have a sixth number, the score: detections, else truth.

    Raises
    ------
    ValueError
        A file is damaged or belongs to no image, or a class has no name; the sentence names file, line and column.
    OSError
        The folder or a file cannot be opened.
    """
    target = path_name("read_yolo", folder)
    sizes = check_sizes("read_yolo", image_sizes)
    stems: dict[str, str] = {}
    for stem, name in by_stem(list(sizes)):
        if stem in stems:
            must = "different but for their suffix"
            raise wrong_value("read_yolo", "image_sizes", must, Got(f"{stems[stem]!r} and {name!r}"))
        stems[stem] = name
    table = Table(Place("read_yolo", target))
    for name, size in sizes.items():
        table.add_image("", name, size)
    files = files_below("read_yolo", target, ".txt")
    names = list(class_names) if class_names is not None else _read_classes(target)
    if names is not None:
        table.class_names = dict(enumerate(names))
    scored: bool | None = None
    for path, relative in files:
        if relative == CLASSES:
            continue
        place, text = read_text("read_yolo", path)
        stem = relative[: -len(".txt")]
        if stem not in stems:
            raise place.wrong("", "named like one of the images", Got(f"no image {stem!r}"))
        image = table.positions[stems[stem]]
        for number, line in enumerate(text.split("\n"), 1):
            if cells := line.split():
                scored = _read_line(table, place, f"line {number}", cells, image, scored)
    return table.to_set(truth=not scored)


def _read_classes(folder: str) -> list[str] | None:
    path = os.path.join(folder, CLASSES)
    if not os.path.exists(path):
        return None
    place, text = read_text("read_yolo", path)
    names = [line.strip() for line in text.split("\n")]
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names, 1):
        if not name:
            raise place.wrong(f"line {number}", "the name of a class", "")
        if names.index(name) < number - 1:
            raise place.wrong(f"line {number}", "a name that no other class has", name)
    return names


def _read_line(
    table: Table, place: Place, element: str, cells: list[str], image: int, scored: bool | None
) -> bool:
    """Whether lines have scores."""
    if len(cells) not in (5, 6):
        must = "class, centre x, centre y, width, height and of detections a score"
        raise place.wrong(element, must, Got(f"{len(cells)} numbers"))
    has_score = len(cells) == 6
    if scored is not None and scored != has_score:
        must = f"{'with' if scored else 'without'} a score, as the lines before"
        raise place.wrong(element, must, Got(f"{len(cells)} numbers"))
    known = table.class_names
    must = f"a class from 0 to {len(known) - 1}" if known else "a class from 0 on"
    top = len(known) - 1 if known else 2**31 - 1
    label = place.integer(f"{element}: class", cells[0], must, (0, top))
    names = ("centre x", "centre y", "width", "height")
    cx, cy, w, h = (
        place.decimal(f"{element}: {name}", cell) for name, cell in zip(names, cells[1:5], strict=True)
    )
    for name, value in (("width", w), ("height", h)):
        if value < 0:
            raise place.wrong(f"{element}: {name}", "a number >= 0", Got(f"{value}"))
    height, width = table.image_sizes[image]
    w2, h2 = EXACT.multiply(w, _HALF), EXACT.multiply(h, _HALF)
    corners = place.corners(
        element,
        (
            EXACT.multiply(minus(cx, w2), Decimal(width)),
            EXACT.multiply(minus(cy, h2), Decimal(height)),
            EXACT.multiply(plus(cx, w2), Decimal(width)),
            EXACT.multiply(plus(cy, h2), Decimal(height)),
        ),
    )
    score = place.number(f"{element}: score", cells[5]) if has_score else None
    table.add_box(image, corners, label, score=score)
    return has_score
