"""Selective search judged by known boxes: ``python -m benchmarks.proposals``.

Of the first 500, 1000 and 2000 boxes of each image: the share of objects that one of them overlaps by an IoU of 0.5 and
of 0.7 at least, and the mean over the classes of the mean best overlap (MABO).
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import defaultdict
from pathlib import Path

import numpy as np

import imgproc
from imgproc.io import read_image

from .contrib import run_contrib
from .harness import Array

SETS = ("pedestrians_pennfudan", "motorbikes_caltech101", "cells_bccd", "voc_boxes")
COUNTS = (500, 1000, 2000)
_DATA = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))

Truth = dict[Path, list[tuple[str, tuple[float, float, float, float]]]]


def truth_of(folder: Path) -> Truth:
    """Classes and boxes of each image, from boxes.csv or from the Pascal VOC files beside the images."""
    found: Truth = defaultdict(list)
    if (folder / "boxes.csv").exists():
        with open(folder / "boxes.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                x, y, w, h = (float(row[key]) for key in "xywh")
                if w > 0 and h > 0:
                    found[folder / "images" / row["file"]].append((row["label"], (x, y, x + w, y + h)))
        return found
    for path in sorted(folder.glob("*.xml")):
        image = path.with_suffix(".jpg")
        one = imgproc.read_detections(path, format="voc")
        found[image] = [
            (one.class_name(label), tuple(box))
            for label, box in zip(one.labels.tolist(), one.boxes.tolist(), strict=True)
        ]
    return found


def summary(truth: Truth, proposals: dict[Path, Array], count: int) -> str:
    overlaps: dict[str, list[float]] = defaultdict(list)
    for file, objects in truth.items():
        boxes = np.array([box for _, box in objects], np.float32)
        best = imgproc.iou_matrix(boxes, np.ascontiguousarray(proposals[file][:count], np.float32)).max(
            axis=1
        )
        for (label, _), overlap in zip(objects, best.tolist(), strict=True):
            overlaps[label].append(overlap)
    every = np.concatenate([np.array(one) for one in overlaps.values()])
    mabo = np.mean([np.mean(one) for one in overlaps.values()])
    return f"{count}: {(every >= 0.5).mean():.3f} {(every >= 0.7).mean():.3f} {mabo:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.proposals", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=_DATA)
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--every", type=int, default=1, help="take each N-th image of a set")
    parser.add_argument("--mode", nargs="+", default=["fast", "quality"], choices=["fast", "quality"])
    parser.add_argument("--contrib", metavar="PYTHON", help="interpreter of an environment with cv2.ximgproc")
    options = parser.parse_args()
    print("boxes: recall at IoU 0.5, at 0.7, MABO")
    for name in options.sets:
        truth = truth_of(options.data / name)
        truth = {file: truth[file] for file in sorted(truth)[:: options.every] if truth[file]}
        print(f"{name}: {len(truth)} images, {sum(map(len, truth.values()))} objects")
        ways = {
            f"imgproc {mode}": {
                file: imgproc.selective_search(read_image(file).pixels, mode) for file in truth
            }
            for mode in options.mode
        }
        theirs = run_contrib(options.contrib, "boxes", list(truth))
        if theirs:
            ways["opencv contrib fast"] = {file: theirs[str(number)] for number, file in enumerate(truth)}
        for way, proposals in ways.items():
            mean = np.mean([len(boxes) for boxes in proposals.values()])
            shares = "   ".join(summary(truth, proposals, count) for count in COUNTS)
            print(f"  {way:20} {mean:6.0f} boxes   {shares}", flush=True)


if __name__ == "__main__":
    main()
