"""Cascades: the detector of OpenCV 4, on its own files. OpenCV 5's main package has neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from imgproc.compat.cv2 import CascadeClassifier

from .harness import Case, case, equal, photograph
from .rivals import cv2

# Files, and the smallest object looked for.
JOBS = (
    ("haarcascade_frontalface_default", 24),
    ("haarcascade_frontalface_default", 80),
    ("haarcascade_frontalface_alt2", 24),
    ("haarcascade_eye_tree_eyeglasses", 24),
    ("haarcascade_upperbody", 24),
    ("lbpcascade_frontalface_opencv", 24),
)


def _file(name: str) -> Path | None:
    """OpenCV's own, or the one of scikit-image, whose misspelt tag OpenCV does not read."""
    from .rivals import skimage

    folders = [Path(cv2.data.haarcascades)] if cv2 else []
    folders += [Path(skimage.__file__).parent / "data"] if skimage else []
    return next((folder / f"{name}.xml" for folder in folders if (folder / f"{name}.xml").exists()), None)


def cases(size: str) -> Iterator[Case]:
    if size == "4K" or not hasattr(cv2, "CascadeClassifier"):
        return
    image = photograph(size, channels=1)
    for name, smallest in JOBS:
        file = _file(name)
        if file is None:
            continue
        ours, theirs = CascadeClassifier(file), cv2.CascadeClassifier(str(file))
        if theirs.empty():
            continue
        least = (smallest, smallest)
        yield case(
            f"{name.replace('haarcascade_', '')}, objects from {smallest} pixels",
            size,
            image,
            None,
            lambda ours=ours, least=least: ours.detectMultiScale(image, minSize=least),
            equal,
            opencv=lambda theirs=theirs, least=least: theirs.detectMultiScale(image, minSize=least),
        )
