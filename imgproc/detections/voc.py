"""Pascal VOC's XML: for each image one file, with corners counted from 1, both inside."""

from __future__ import annotations

import os
from decimal import Decimal
from html import escape
from pathlib import PurePosixPath

from .._core.errors import Got, wrong_value
from .._core.xml import XmlElement, parse_xml
from .decimals import decimal_of, minus, plus, written
from .fields import Place, check_set, path_name, read_bytes
from .folders import file_names, files_below, write_all
from .sets import NO_SIZE, DetectionSet
from .table import Table

_ONE = Decimal(1)
_LIMIT = 1 << 24
"""Bytes of one image's file."""


def write_voc(folder: str | os.PathLike[str], detections: DetectionSet, *, overwrite: bool = False) -> None:
    """Write a set as a folder of Pascal VOC's XML files.

    Parameters
    ----------
    folder : path
        Made where it does not exist. ``a/b.jpg`` goes to ``a/b.xml`` below it.
    detections : DetectionSet
        What to write.
    overwrite : bool, default False
        Whether existing files may be replaced. Other files in the folder stay.

    Raises
    ------
    FileExistsError, OSError
        A file exists, in which case none is written, or cannot be written.
    ValueError
        Two images would share a file, or a name holds signs that XML cannot.

    Notes
    -----
    VOC counts pixels from 1 and both its corners lie inside the box: ``xmin`` is x1 + 1 and ``xmax`` is x2, so that
    0, 0, 10, 10 is written as 1, 1, 10, 10. Sums are of decimals, so that reading gives the same numbers again. Crowd
    regions are ``difficult``; detections have a ``score`` beside ``name``. Labels stand as names: reading
    numbers them in the order of the sorted names. Counts, areas, masks, keypoints, ids, params and names of classes
    without boxes are not kept.
    """
    check_set("write_voc", detections)
    write_all(path_name("write_voc", folder), voc_contents(detections), overwrite=overwrite)


def voc_contents(detections: DetectionSet) -> dict[str, bytes]:
    """The files by their names."""
    names = file_names("write_voc", detections.image_names, ".xml")
    return {name: _page(detections, position) for position, name in enumerate(names)}


def _page(found: DetectionSet, position: int) -> bytes:
    height, width = found.image_sizes[position].tolist()
    # Without its folder, as VOC has it: where the file stands tells that.
    file = PurePosixPath(found.image_names[position]).name
    lines = ["<annotation>", f"\t<filename>{_escaped(file)}</filename>"]
    if (height, width) != NO_SIZE:
        lines.append(f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t</size>")
    rows = found.rows(position)
    for row in range(rows.start, rows.stop):
        x1, y1, x2, y2 = map(decimal_of, found.boxes[row].tolist())
        lines += ["\t<object>", f"\t\t<name>{_escaped(found.class_name(int(found.labels[row])))}</name>"]
        if found.scores is not None:
            lines.append(f"\t\t<score>{written(float(found.scores[row]))}</score>")
        lines += [f"\t\t<difficult>{int(found.crowd[row])}</difficult>", "\t\t<bndbox>"]
        for name, value in (("xmin", plus(x1, _ONE)), ("ymin", plus(y1, _ONE)), ("xmax", x2), ("ymax", y2)):
            lines.append(f"\t\t\t<{name}>{written(value)}</{name}>")
        lines += ["\t\t</bndbox>", "\t</object>"]
    return "\n".join([*lines, "</annotation>\n"]).encode("utf-8")


def _escaped(text: str) -> str:
    fits = text == text.strip() and all(
        sign >= " " and not "\ud800" <= sign <= "\udfff" and sign not in "\ufffe\uffff\x7f" for sign in text
    )
    if not fits:
        must = "free of spaces around and of signs that XML cannot hold"
        raise wrong_value("write_voc", "names", must, text)
    return escape(text, quote=False)


def read_voc(path: str | os.PathLike[str]) -> DetectionSet:
    """Read Pascal VOC's XML: a file, or all below a folder.

    Parameters
    ----------
    path : path
        An ``.xml`` file, or a folder of such files, also in folders below it.

    Returns
    -------
    DetectionSet
        Images by the sorted names of their files, called as ``filename`` says, with the file's folder below ``path``
        before it. Classes are numbered in the order of their sorted names. ``difficult`` objects are crowd. Where
        objects have a ``score``, detections, else ground truth. Parts of objects are passed over.

    Raises
    ------
    ValueError
        A file is damaged, larger than 16 MB, declares a document type or entities, or two name one image; the
        sentence names file, line and element.
    OSError
        A file cannot be opened.

    Notes
    -----
    x1 is ``xmin`` - 1 and x2 is ``xmax``, as `write_voc` tells, also where a file has fractions.
    """
    name = path_name("read_voc", path)
    folder = os.path.isdir(name)
    files = files_below("read_voc", name, ".xml") if folder else [(name, os.path.basename(name))]
    if not files:
        raise Place("read_voc", name).wrong("", "a folder with .xml files", Got("none in it"))
    table = Table(Place("read_voc", name))
    classes: dict[str, int] = {}
    scored: bool | None = None
    for file, relative in files:
        place, data = read_bytes("read_voc", file, _LIMIT)
        root = parse_xml("read_voc", file, data, max_bytes=_LIMIT)
        if root.tag != "annotation":
            raise place.wrong(f"line {root.line}", "<annotation>", Got(f"<{root.tag}>"))
        image = _read_image(table, place, root, os.path.dirname(relative))
        for element in root.iterfind("object"):
            assert isinstance(element, XmlElement)
            scored = _read_object(table, place, element, image, classes, scored)
    table.name_labels(list(classes))
    return table.to_set(truth=not scored)


def _at(element: XmlElement, name: str = "") -> str:
    return f"line {element.line}: {element.tag}{'.' if name else ''}{name}"


def _text(place: Place, element: XmlElement, name: str) -> str:
    found = element.find(name)
    text = "" if found is None else (found.text or "").strip()
    if not text:
        got = "no such element" if found is None else "nothing in it"
        raise place.wrong(_at(element, name), "a text that is not empty", Got(got))
    return text


def _read_image(table: Table, place: Place, root: XmlElement, folder: str) -> int:
    name = _text(place, root, "filename")
    size = NO_SIZE
    found = root.find("size")
    if isinstance(found, XmlElement):
        height, width = _text(place, found, "height"), _text(place, found, "width")
        if (height, width) != ("0", "0"):  # what some tools write where they do not know
            size = place.size(f"{_at(found)}.", height, width)
    if name in table.positions or folder:
        name = f"{folder}/{name}" if folder else name
    if name in table.positions:
        raise place.wrong(_at(root, "filename"), "an image that no other file names", name)
    return table.add_image("", name, size)


def _read_object(
    table: Table,
    place: Place,
    element: XmlElement,
    image: int,
    classes: dict[str, int],
    scored: bool | None,
) -> bool:
    """Whether objects have scores."""
    label = classes.setdefault(_text(place, element, "name"), len(classes))
    box = element.find("bndbox")
    if not isinstance(box, XmlElement):
        raise place.wrong(_at(element, "bndbox"), "there", Got("no such element"))
    xmin, ymin, xmax, ymax = (
        place.decimal(_at(box, name), _text(place, box, name)) for name in ("xmin", "ymin", "xmax", "ymax")
    )
    corners = place.corners(_at(box), (minus(xmin, _ONE), minus(ymin, _ONE), xmax, ymax))
    has_score = element.find("score") is not None
    if scored is not None and scored != has_score:
        must = f"{'there' if scored else 'absent'}, as in the objects before"
        raise place.wrong(_at(element, "score"), must, Got("the contrary"))
    score = place.number(_at(element, "score"), _text(place, element, "score")) if has_score else None
    difficult = element.find("difficult")
    flag = "0" if difficult is None else (difficult.text or "").strip()
    crowd = place.integer(_at(element, "difficult"), flag or "0", "0 or 1", (0, 1))
    table.add_box(image, corners, label, score=score, crowd=bool(crowd))
    return has_score
