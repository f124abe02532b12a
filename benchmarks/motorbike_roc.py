"""``python -m benchmarks.motorbike_roc``: a cascade of another object, motorbikes from the side, by one command.

Every second photograph of the development half is trained on, with every second image without faces, and the others are
judged. The command is that of a user: ``imgproc train-cascade motorbikes.csv NEGATIVES -o motorbike.xml``.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from imgproc.cascade import Cascade

from .face_photographs import DATA, FACE_FREE, Photograph, photographs, read_gray
from .face_roc import IOU, draw, judge, table

FOLDER = DATA / "motorbikes_caltech101"
OPTIONS = [
    "--window",
    "20x34",
    "--copies",
    "9",
    "--positives",
    "800",
    "--negatives",
    "2000",
    "--stages",
    "12",
]


def motorbikes() -> list[Photograph]:
    """The photographs with their boxes, in order of name."""
    found = []
    with open(FOLDER / "boxes.csv", newline="") as file:
        for row in csv.DictReader(file):
            x, y, w, h = (float(row[key]) for key in "xywh")
            box = np.array([[x, y, x + w, y + h]], np.float32)
            found.append(
                Photograph(
                    row["file"], read_gray(FOLDER / "images" / row["file"]), box, np.zeros(1, bool), ""
                )
            )
    return found


def train(trained: Sequence[Photograph], folder: Path, out: Path, options: Sequence[str]) -> float:
    """Run the command on a file of boxes and a folder of links to every second image without them; its seconds."""
    lines = ["image,class,x,y,w,h"]
    for picture in trained:
        x1, y1, x2, y2 = picture.boxes[0].tolist()
        lines.append(f"{picture.name},motorbike,{x1:g},{y1:g},{x2 - x1:g},{y2 - y1:g}")
    (folder / "motorbikes.csv").write_text("\n".join(lines) + "\n")
    negatives = folder / "negatives"
    negatives.mkdir()
    every = [path for name in FACE_FREE for path in sorted((DATA / name).iterdir())]
    for number, path in enumerate(every[::2]):
        (negatives / f"{number}{path.suffix}").symlink_to(path)
    command = [
        sys.executable,
        "-m",
        "imgproc",
        "train-cascade",
        str(folder / "motorbikes.csv"),
        str(negatives),
    ]
    command += ["--images", str(FOLDER / "images"), "-o", str(out), "--overwrite", *options]
    print(" ".join(command))
    start = perf_counter()
    subprocess.run(command, check=True, env=dict(os.environ))
    return perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.motorbike_roc", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("motorbike.xml"), help="where to write the cascade")
    parser.add_argument("--plot", type=Path, help="where to draw the curve (.png)")
    options, rest = parser.parse_known_args(arguments)
    bikes = motorbikes()
    with tempfile.TemporaryDirectory() as folder:
        seconds = train(bikes[::2], Path(folder), options.out, rest or OPTIONS)
    cascade = Cascade.load(options.out)
    judged = bikes[1::2] + list(photographs(FACE_FREE))[1::2]
    curve = judge(cascade, judged)["score"].curve()
    print(
        f"{cascade}, trained in {seconds:.0f} s; "
        f"{len(judged)} photographs with {len(bikes[1::2])} motorbikes, IoU {IOU}"
    )
    print(table({"motorbike": curve}))
    if options.plot:
        draw({"motorbike": curve}, options.plot, "Motorbikes")


if __name__ == "__main__":
    main()
