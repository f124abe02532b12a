"""``python -m benchmarks.face_roc``: the ROC of face cascades on photographs, ours beside those of OpenCV 4.

Detections match a face at IoU 0.4 or more, highest score first; one that lies in a box to ignore (by that share of its
area) is neither hit nor false positive. OpenCV's cascades are scored twice: by the number of neighbours, as its users
do, and by the score of ``Cascade.detect``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import imgproc
from imgproc.cascade import Cascade
from imgproc.metrics import Roc

from .face_photographs import FACE_FREE, FACES, Photograph, parts, photographs

IOU = 0.4
RATES = (0.1, 0.3, 1.0)
"""False positives per image at which recall is told."""
RIVALS = ("default", "alt", "alt2")
MIN_NEIGHBORS = 1
"""Groups of two windows and more: what a single window finds is not worth telling from noise."""


class Judge:
    """Collects what one detector finds, photograph by photograph."""

    def __init__(self) -> None:
        self.matched: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []
        self.faces = self.images = 0

    def add(self, photograph: Photograph, boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Count one photograph's detections; which of its true boxes were found, in any order of score."""
        found = imgproc.match_detections(
            boxes, scores, photograph.boxes, iou_threshold=IOU, crowd=photograph.ignore
        )
        kept = ~found.ignored
        self.matched.append((found.truth_of_detection >= 0)[kept])
        self.scores.append(scores[kept])
        self.faces += int((~photograph.ignore).sum())
        self.images += 1
        return found.detection_of_truth >= 0

    def curve(self) -> Roc:
        return imgproc.roc_curve(
            np.concatenate(self.matched),
            np.concatenate(self.scores),
            self.faces,
            self.images,
            ties="group",
        )


def recall_at(curve: Roc, rate: float) -> float:
    """The detection rate with at most so many false positives per image."""
    place = int(np.searchsorted(curve.false_positives, rate + 1e-12, "right"))
    return float(curve.detection_rate[place - 1]) if place else 0.0


def judge(
    cascade: Cascade, pictures: Iterable[Photograph], *, min_neighbors: int = MIN_NEIGHBORS, **options: Any
) -> dict[str, Judge]:
    """One cascade on all photographs, by our score and by the number of neighbours."""
    judges = {"score": Judge(), "neighbours": Judge()}
    for picture in pictures:
        found = cascade.detect(picture.gray, min_neighbors=min_neighbors, **options)
        judges["score"].add(picture, found.boxes, found.scores)
        judges["neighbours"].add(picture, found.boxes, found.counts.astype(np.float32))
    return judges


def judge_folds(cascades: Sequence[Cascade], pictures: Sequence[Photograph], **options: Any) -> Judge:
    """Cascades of `train_frontalface --folds`, each on the part of the photographs that it was not trained with."""
    part = parts(pictures, len(cascades))
    whole = Judge()
    for fold, cascade in enumerate(cascades):
        result = judge(cascade, [p for p, k in zip(pictures, part, strict=True) if k == fold], **options)[
            "score"
        ]
        whole.matched += result.matched
        whole.scores += result.scores
        whole.faces += result.faces
        whole.images += result.images
    return whole


def table(curves: Mapping[str, Roc]) -> str:
    """Recall at the rates that are told, as a table of Markdown."""
    lines = ["| cascade | " + " | ".join(f"{rate:g}" for rate in RATES) + " |"]
    lines.append("| --- |" + " ---: |" * len(RATES))
    for name, curve in curves.items():
        values = " | ".join(f"{recall_at(curve, rate):.3f}" for rate in RATES)
        lines.append(f"| {name} | {values} |")
    return "\n".join(lines)


def draw(curves: Mapping[str, Roc], path: Path, title: str) -> None:
    """The curves from 0.01 to 1 false positives per image, where they differ."""
    axes = imgproc.plot_roc(curves, scale="log")
    low = min(recall_at(curve, 0.02) for curve in curves.values())
    axes.set(xlim=(0.01, 1), ylim=(max(0.0, low - 0.02), 1.002))
    axes.set_title(title, loc="left", fontweight="bold")
    axes.figure.savefig(path)


def opencv_cascades(folder: Path) -> dict[str, Cascade]:
    """Those that are judged beside ours, from the folder of OpenCV's files."""
    return {name: Cascade.load(folder / f"haarcascade_frontalface_{name}.xml") for name in RIVALS}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.face_roc", description=__doc__)
    parser.add_argument("cascades", nargs="*", type=Path, help="files to judge; by default the one shipped")
    parser.add_argument(
        "--folds", nargs="+", type=Path, help="cascades of train_frontalface --folds, all in order"
    )
    parser.add_argument("--opencv", type=Path, help="folder of OpenCV's cascades (cv2/data)")
    parser.add_argument("--sets", nargs="*", default=FACES + FACE_FREE, help="folders of photographs")
    parser.add_argument("--plot", type=Path, help="where to draw the curves (.png)")
    parser.add_argument("--json", type=Path, help="where to write the curves")
    parser.add_argument("--min-neighbors", type=int, default=MIN_NEIGHBORS)
    parser.add_argument("--scale-factor", type=float, default=1.1)
    options = parser.parse_args(arguments)
    pictures = list(photographs(tuple(options.sets)))
    ways = {"min_neighbors": options.min_neighbors, "scale_factor": options.scale_factor}
    curves: dict[str, Roc] = {}
    if options.folds:
        folds = [Cascade.load(path) for path in options.folds]
        curves["imgproc, cross-validated"] = judge_folds(folds, pictures, **ways).curve()
    ours = {path.stem: Cascade.load(path) for path in options.cascades}
    if not ours and not options.folds:
        ours = {"frontalface": Cascade.default("frontalface")}
    for name, cascade in ours.items():
        curves[f"imgproc {name}"] = judge(cascade, pictures, **ways)["score"].curve()
    for name, cascade in (opencv_cascades(options.opencv) if options.opencv else {}).items():
        result = judge(cascade, pictures, **ways)
        curves[f"OpenCV {name}, neighbours"] = result["neighbours"].curve()
        curves[f"OpenCV {name}, our score"] = result["score"].curve()
    faces = sum(int((~picture.ignore).sum()) for picture in pictures)
    print(f"{faces} faces in {len(pictures)} photographs, IoU {IOU}; recall at false positives per image\n")
    print(table(curves))
    if options.plot:
        draw(curves, options.plot, f"{faces} faces, {len(pictures)} photographs")
    if options.json:
        content = {name: [column.tolist() for column in curve] for name, curve in curves.items()}
        options.json.write_text(json.dumps(content))


if __name__ == "__main__":
    main()
