"""Files of detections in any format, told by name and content."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.parameters import Choice, OrNone
from .coco import read_coco, write_coco, write_coco_results
from .csv_files import csv_content, read_csv, write_csv
from .fields import Place, check_set, path_name, read_bytes
from .folders import files_below
from .jsonl import FORMAT, read_jsonl, write_jsonl
from .sets import DetectionSet
from .voc import read_voc, voc_contents, write_voc
from .yolo import read_yolo, write_yolo, yolo_contents

FORMATS = ("jsonl", "csv", "coco", "coco-results", "yolo", "voc")
FORMAT_CHOICE = OrNone(Choice(FORMATS))
SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".json": "coco"}

_WRITERS: dict[str, Callable[..., None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "coco": write_coco,
    "coco-results": write_coco_results,
    "yolo": write_yolo,
    "voc": write_voc,
}


def read_detections(
    path: str | os.PathLike[str],
    *,
    format: Annotated[str | None, FORMAT_CHOICE] = None,
    dataset: DetectionSet | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
) -> DetectionSet:
    """Read detections or ground truth from a file or folder of any format.

    Parameters
    ----------
    path : path
        A file of our own (JSON lines), CSV, COCO's JSON, Pascal VOC's XML, or a folder of YOLO's text files or of VOC's
        XML files.
    format : {"jsonl", "csv", "coco", "coco-results", "yolo", "voc"}, optional
        By default the content tells.
    dataset : DetectionSet, optional
        The ground truth that belongs to it: gives COCO's results names, and YOLO's files the sizes of images.
    image_sizes : mapping from str to (height, width), optional
        For YOLO's files, where ``dataset`` does not have the sizes.

    Returns
    -------
    DetectionSet

    Raises
    ------
    ValueError
        The file is damaged, or of no known format; the sentence names it.
    TypeError
        An argument is of the wrong kind.
    OSError
        The file cannot be opened.

    Notes
    -----
    The content tells by its first sign: ``<`` XML, ``[`` COCO's results, ``{`` JSON lines where the first line says
    so, else COCO's data set; otherwise a comma in the first line, or the suffix ``.csv``, CSV. Of a folder, XML files
    before text files. Time and memory are proportional to the size of the file.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from imgproc import Detections, DetectionSet, read_detections, write_detections
    >>> found = DetectionSet.of({"a.jpg": Detections(np.array([[0, 0, 8, 9]], np.float32))})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "found.csv")
    ...     write_detections(path, found)
    ...     read_detections(path) == found
    True
    """
    name = path_name("read_detections", path)
    kind = FORMAT_CHOICE.check("read_detections", "format", format) or told_format(name)
    if kind == "jsonl":
        return read_jsonl(name)
    if kind == "csv":
        return read_csv(name)
    if kind == "voc":
        return read_voc(name)
    if kind == "yolo":
        sizes = image_sizes if image_sizes is not None else _known_sizes(dataset)
        if sizes is None:
            must = "given for YOLO's files, which are relative to it"
            raise wrong_value("read_detections", "image_sizes", must, None)
        return read_yolo(name, sizes)
    return read_coco(name, dataset=dataset)


def write_detections(
    path: str | os.PathLike[str],
    detections: DetectionSet,
    *,
    format: Annotated[str | None, FORMAT_CHOICE] = None,
    overwrite: bool = False,
) -> None:
    """Write a set to a file or folder of any format.

    Parameters
    ----------
    path : path
        The file, or the folder for YOLO and VOC.
    detections : DetectionSet
        What to write.
    format : {"jsonl", "csv", "coco", "coco-results", "yolo", "voc"}, optional
        By default by the suffix: ``.jsonl``, ``.csv``, ``.json`` (a COCO data set).
    overwrite : bool, default False
        Whether existing files may be replaced.

    Raises
    ------
    TypeError
        An argument is of the wrong kind.
    ValueError
        No format belongs to the suffix, or the format cannot hold the set.
    FileExistsError, OSError
        A file exists, or cannot be written.

    Notes
    -----
    JSON lines hold everything. What the others cannot hold is told by `imgproc.detections.write_csv` and so on.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from imgproc import Detections, DetectionSet, write_detections
    >>> found = DetectionSet.of({"a.jpg": Detections(np.array([[0, 0, 8, 9]], np.float32))})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "found.csv"
    ...     write_detections(path, found)
    ...     path.read_text("utf-8").split("\\n")[1]
    'a.jpg,,,0,0,8,9,1,0,,1,0,72'
    """
    name = path_name("write_detections", path)
    kind = FORMAT_CHOICE.check("write_detections", "format", format)
    if kind is None:
        kind = SUFFIXES.get(os.path.splitext(name)[1].lower())
    if kind is None:
        must = f"given where the suffix is none of {', '.join(SUFFIXES)}"
        raise wrong_value("write_detections", "format", must, Got(f"{name!r}"))
    _WRITERS[kind](name, detections, overwrite=overwrite)


def check_image_names(image_names: Sequence[str], format: str) -> None:
    """Raise ValueError where a format cannot hold images of such names; so that it is known before detecting."""
    contents: dict[str, Callable[[DetectionSet], object]] = {
        "csv": csv_content,
        "yolo": yolo_contents,
        "voc": voc_contents,
    }
    if format in contents:
        none = np.empty(0, np.int64)
        contents[format](DetectionSet(image_names, none, np.empty((0, 4)), class_names={0: "object"}))


def told_format(name: str) -> str:
    """The format that a file's or folder's content tells."""
    place = Place("read_detections", name)
    if os.path.isdir(name):
        for suffix, kind in (
            (".xml", "voc"),
            (".txt", "yolo"),
        ):  # a README.txt beside XML files means nothing
            if files_below("read_detections", name, suffix):
                return kind
        must = "a folder of .txt files (YOLO) or of .xml files (Pascal VOC)"
        raise place.wrong("", must, Got("none of them in it"))
    head = read_bytes("read_detections", name, 4096)[1].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"<":
        return "voc"
    if head[:1] == b"[":
        return "coco"
    if head[:1] == b"{":
        return "jsonl" if f'"{FORMAT}"'.encode() in head.split(b"\n")[0] else "coco"
    first = head.split(b"\n")[0]
    if b"," in first or os.path.splitext(name)[1].lower() == ".csv":
        return "csv"
    must = "JSON lines of imgproc, CSV, COCO's JSON or Pascal VOC's XML"
    raise place.wrong("", must, Got(repr(first[:40].decode("utf-8", "replace")) if head else "an empty file"))


def _known_sizes(dataset: DetectionSet | None) -> dict[str, tuple[int, int]] | None:
    if dataset is None:
        return None
    check_set("read_detections", dataset, argument="dataset")
    sizes = zip(dataset.image_names, dataset.image_sizes.tolist(), strict=True)
    return {name: (height, width) for name, (height, width) in sizes}
