"""What the tests of ``imgproc detect`` share: a cascade with images to search, and what is expected of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from cascades import image, random_cascade

from imgproc.cascade import Cascade
from imgproc.io import Picture, write_image

COMMAND = ("detect", "in", "--cascade", "c.xml", "-o", "out")
FORMATS = {
    "jsonl": "detections.jsonl",
    "csv": "detections.csv",
    "coco": "detections.json",
    "json": "detections.json",
    "yolo": "labels",
    "voc": "labels",
}


def picture(name: str, *, height: int = 40, width: int = 50, seed: int = 1, **facts: Any) -> np.ndarray:
    pixels = image(seed, height, width)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    write_image(name, Picture(pixels, **facts), overwrite=True)
    return pixels


def files(root: str | Path = ".") -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(root).rglob("*")) if path.is_file()}


def prepare() -> Cascade:
    """c.xml, beside a folder of two images, and one in a folder below it that is called as another."""
    random_cascade(2).save("c.xml")
    picture("in/a.png", seed=1)
    picture("in/b.png", seed=3)
    picture("in/sub/a.png", seed=5)
    return Cascade.load("c.xml")
