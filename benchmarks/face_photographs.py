"""The photographs with boxes around faces that the face cascade is trained with and judged on."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import numpy as np

import imgproc
from imgproc.io import read_image

DATA = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))
FACES = ("faces_caltech101", "faces_coco", "faces_dlib")
"""Sets with a file ``faces.csv`` beside their folder ``images``."""
FACE_FREE = ("faces_coco/background", "negatives_caltech101/images")


@dataclass(frozen=True)
class Photograph:
    """One image in gray with its true boxes, none for an image without faces."""

    name: str
    gray: np.ndarray
    boxes: np.ndarray
    """(M, 4) float32, x1, y1, x2, y2."""
    ignore: np.ndarray
    """(M,) bool: neither hit nor false positive (profiles, posters, heads too small)."""
    person: str
    """Of photographs that show one known person; else empty."""


def read_gray(path: Path) -> np.ndarray:
    """Any image file as (H, W) uint8."""
    pixels = read_image(path).pixels
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return pixels if pixels.ndim == 2 else imgproc.rgb_to_gray(np.ascontiguousarray(pixels[..., :3]))


def photographs(sets: tuple[str, ...] = FACES + FACE_FREE) -> Iterator[Photograph]:
    """Every photograph of the sets, in order of name."""
    for name in sets:
        if name in FACE_FREE:
            for path in sorted((DATA / name).iterdir()):
                yield Photograph(
                    f"{name}/{path.name}",
                    read_gray(path),
                    np.empty((0, 4), np.float32),
                    np.empty(0, bool),
                    "",
                )
        else:
            yield from _with_boxes(name)


def _with_boxes(name: str) -> Iterator[Photograph]:
    rows: dict[str, list[dict[str, str]]] = {}
    with open(DATA / name / "faces.csv", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    for path in sorted((DATA / name / "images").iterdir()):
        found = rows.get(path.name, [])
        boxes = np.array([[float(row[key]) for key in "xywh"] for row in found], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        ignore = np.array([row["ignore"] == "1" for row in found], bool)
        people = [row["person"] for row in found if row.get("person")]
        yield Photograph(f"{name}/{path.name}", read_gray(path), boxes, ignore, people[0] if people else "")


def parts(pictures: Sequence[Photograph], count: int) -> list[int]:
    """Which of ``count`` parts for cross-validation each photograph belongs to: by person, or by its name."""
    if not count:
        return [0] * len(pictures)
    people = sorted({picture.person for picture in pictures if picture.person}, key=int)
    return [
        (people.index(picture.person) if picture.person else int(sha1(picture.name.encode()).hexdigest(), 16))
        % count
        for picture in pictures
    ]
