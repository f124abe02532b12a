"""Cascades: the detector of OpenCV 4, on its own files. OpenCV 5's main package has neither."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imgproc.cascade import Cascade
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
    """OpenCV's own, or the one of scikit-image, also from the folder that IMGPROC_CASCADES names."""
    from .rivals import skimage

    folders = [Path(os.environ["IMGPROC_CASCADES"])] if "IMGPROC_CASCADES" in os.environ else []
    folders += [Path(cv2.data.haarcascades)] if cv2 else []
    folders += [Path(skimage.__file__).parent / "data"] if skimage else []
    return next((folder / f"{name}.xml" for folder in folders if (folder / f"{name}.xml").exists()), None)


def _rival(file: Path) -> Any:
    """OpenCV's classifier of a file; where it refuses the file, of what we write of it, which mends its tags."""
    found = cv2.CascadeClassifier(str(file))
    if found.empty():
        with tempfile.TemporaryDirectory() as folder:
            mended = Path(folder) / file.name
            Cascade.load(file).save(mended)
            found = cv2.CascadeClassifier(str(mended))
    return found


def cases(size: str) -> Iterator[Case]:
    if size == "4K" or not hasattr(cv2, "CascadeClassifier"):
        return
    image = photograph(size, channels=1)
    for name, smallest in JOBS:
        file = _file(name)
        if file is None:
            continue
        ours, theirs = CascadeClassifier(file), _rival(file)
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
