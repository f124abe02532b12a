"""Felzenszwalb's segmentation judged by human ones: ``python -m benchmarks.bsds``.

Of the Berkeley images, for a range of scales: the covering of the human segments (P. Arbelaez et al., Contour detection
and hierarchical image segmentation, PAMI 33 (5), 2011), and the F-measure of the boundaries, where pixels within 4 of
each other count as the same. Each with the scale that is best for all images (ODS) and with the best for each (OIS).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

import imgproc
from imgproc.io import read_image

from .contrib import run_contrib
from .harness import Array
from .rivals import skimage

SCALES = (50, 100, 200, 400, 800, 1600)
SIGMA, MIN_SIZE, REACH = 0.8, 100, 4
_DATA = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))
_DISK = np.hypot(*np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]) <= REACH


def boundaries(labels: Array) -> Array:
    """Pixels with another label to the right or below."""
    found = np.zeros(labels.shape, bool)
    found[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    found[:-1] |= labels[:-1] != labels[1:]
    return found


def near(boundary: Array) -> Array:
    grown: Array = imgproc.dilate(boundary.astype(np.uint8), footprint=_DISK) != 0
    return grown


def covering(labels: Array, truth: Array) -> float:
    """Of each true segment the largest IoU with one of the labels, weighted by its pixels."""
    rows, columns = int(truth.max()) + 1, int(labels.max()) + 1
    both = np.bincount(truth.ravel().astype(np.int64) * columns + labels.ravel(), minlength=rows * columns)
    both = both.reshape(rows, columns)
    of_truth, of_labels = both.sum(1), both.sum(0)
    overlaps = both / (of_truth[:, None] + of_labels - both + (of_truth[:, None] == 0))
    return float((overlaps.max(1) * of_truth).sum() / truth.size)


def judge(labels: Array, truths: Array) -> tuple[float, float, float, float, float]:
    """Covering, and of boundaries: those matched and all of ours, those matched and all of the truth."""
    ours = boundaries(labels)
    people = [boundaries(truth) for truth in truths]
    around = near(ours)
    matched = ours & np.any([near(person) for person in people], axis=0)
    recalled = sum(float((person & around).sum()) for person in people)
    return (
        float(np.mean([covering(labels, truth) for truth in truths])),
        float(matched.sum()),
        float(ours.sum()),
        recalled,
        float(sum(person.sum() for person in people)),
    )


def f_measure(counts: Array) -> Array:
    precision, recall = (counts[..., k] / np.maximum(counts[..., k + 1], 1) for k in (0, 2))
    result: Array = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return result


def summary(scores: Array) -> str:
    """Of an (images, scales, 5) array."""
    cover, counts = scores[..., 0], scores[..., 1:]
    best = f_measure(counts).argmax(1)
    chosen = counts[np.arange(len(counts)), best]
    return (
        f"covering ODS {cover.mean(0).max():.3f}  OIS {cover.max(1).mean():.3f}   "
        f"boundary F ODS {f_measure(counts.sum(0)).max():.3f}  OIS {float(f_measure(chosen.sum(0))):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bsds", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=_DATA / "segmentation_bsds500")
    parser.add_argument("--limit", type=int, help="images, all by default")
    parser.add_argument("--contrib", metavar="PYTHON", help="interpreter of an environment with cv2.ximgproc")
    options = parser.parse_args()
    files = sorted((options.data / "images").iterdir())[: options.limit]
    images = [read_image(file).pixels for file in files]
    truths = [np.load(options.data / "gt" / f"{file.stem}.npz")["segmentation"] for file in files]
    ways: dict[str, Callable[[int, int], Array]] = {
        "imgproc": lambda number, scale: imgproc.felzenszwalb(images[number], scale, SIGMA, MIN_SIZE)
    }
    if skimage:
        from skimage.segmentation import felzenszwalb

        ways["scikit-image"] = lambda number, scale: felzenszwalb(images[number], scale, SIGMA, MIN_SIZE)
    theirs = run_contrib(options.contrib, "labels", files, scales=SCALES, sigma=SIGMA, min_size=MIN_SIZE)
    if theirs:
        ways["opencv contrib"] = lambda number, scale: theirs[f"{number} {scale}"]
    print(f"{len(files)} images, scales {SCALES}, sigma {SIGMA}, regions from {MIN_SIZE} pixels")
    for name, way in ways.items():
        scores = [
            [judge(way(number, scale), truths[number]) for scale in SCALES] for number in range(len(files))
        ]
        print(f"{name:15} {summary(np.array(scores))}", flush=True)


if __name__ == "__main__":
    main()
