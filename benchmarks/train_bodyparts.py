"""``python -m benchmarks.train_bodyparts``: trains a forest of body parts and judges it on poses and shapes new to it.

``--curves`` trains many small ones instead and draws how the accuracy grows with images, depth, trees and the range of
the probes (figure 6 of Shotton et al., CVPR 2011).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from imgproc.bodyparts import (
    FOUND_JOINTS,
    PARTS,
    DepthForest,
    Progress,
    Rendering,
    estimate_joints,
    score_joints,
)

from .body_scenes import DANCE, HELD_OUT, TURN, split, test_scenes, training_scenes
from .harness import Array

RESULTS = Path(__file__).parent / "results"


def judge(
    predict: Callable[[Array], Array], scenes: Sequence[Rendering], joints: bool = True
) -> dict[str, Any]:
    """Accuracy of the parts, mean over parts and over pixels, and what the joints found from them are worth."""
    counts, found = np.zeros((len(PARTS), len(PARTS)), np.int64), []
    seen, of_trees, of_joints = [], [], []
    for scene in scenes:
        began = perf_counter()
        chances = predict(scene.depth)
        of_trees.append(perf_counter() - began)
        body = scene.labels >= 0
        np.add.at(counts, (scene.labels[body], chances[body].argmax(axis=1)), 1)
        if joints:
            began = perf_counter()
            found.append(estimate_joints(scene.depth, chances))
            of_joints.append(perf_counter() - began)
            seen.append(scene)
    of_parts = np.diag(counts) / counts.sum(axis=1)
    result = {
        "mean_per_class": float(of_parts.mean()),
        "per_pixel": float(np.trace(counts) / counts.sum()),
        "milliseconds": 1e3 * float(np.median(of_trees)),
        "parts": dict(zip(PARTS, of_parts.round(3).tolist(), strict=True)),
    }
    if joints:
        scores = score_joints(found, seen)
        result["joints_milliseconds"] = 1e3 * float(np.median(of_joints))
        result["joint_map"] = scores.mean_average_precision
        result["joints"] = dict(zip(FOUND_JOINTS, scores.average_precision.round(3).tolist(), strict=True))
    return result


def fit(forest: DepthForest, scenes: Any) -> dict[str, float]:
    """Grow a forest; wall and CPU seconds."""

    def say(progress: Progress) -> None:
        if progress.stage == "growing" and progress.level % 5 == 0:
            line = f"tree {progress.tree + 1}, level {progress.level}: {progress.elapsed:.0f} s"
            print(line, file=sys.stderr, flush=True)

    wall, cpu = perf_counter(), process_time()
    forest.fit(scenes.depths, scenes.labels, n_parts=len(PARTS), progress=say)
    return {"seconds": perf_counter() - wall, "cpu_seconds": process_time() - cpu}


def train(options: argparse.Namespace) -> None:
    poses, others = split(tuple(options.without))
    scenes = training_scenes(poses, options.images, options.turn)
    forest = DepthForest(
        options.trees,
        options.depth,
        options.features,
        max_offset=options.max_offset,
        checkpoint=options.checkpoint,
    )
    times = fit(forest, scenes)
    # Kilobytes on Linux; the trees, the sampled pixels and what the system holds of the scratch file.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{forest} {times} at most {memory:.2f} GB, {len(poses):,} poses to train with")
    if options.out:
        forest.save(options.out, overwrite=True)
    for turn in sorted({options.turn, 120.0}):
        tests = test_scenes(others, turn=turn)
        print(f"{len(tests)} scenes of {', '.join(options.without)}, turned up to {turn:g} degrees:")
        print(json.dumps(judge(forest.predict_proba, tests), indent=1))


def curves(options: argparse.Namespace) -> None:
    """One thing changed at a time, around 500 images, 100 features and one tree of depth 20."""
    poses, others = split()
    tests = list(test_scenes(others, 150))

    def accuracy(images: int = 500, depth: int = 20, trees: int = 1, max_offset: float = 129.0) -> float:
        forest = DepthForest(trees, depth, 100, max_offset=max_offset)
        fit(forest, training_scenes(poses, images))
        result = judge(forest.predict_proba, tests, joints=False)["mean_per_class"]
        print(images, depth, trees, max_offset, round(result, 4), flush=True)
        return float(result)

    found = {
        "images": [(n, accuracy(images=n)) for n in (60, 180, 500, 1500, 4500)],
        "depth": [(d, accuracy(depth=d)) for d in (5, 8, 11, 14, 17, 20)],
        "trees": [(t, accuracy(trees=t)) for t in (1, 2, 3, 4)],
        "max_offset": [(o, accuracy(max_offset=float(o))) for o in (16, 32, 64, 129, 258)],
    }
    (RESULTS / "bodyparts.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, RESULTS / "bodyparts.svg")


def draw(found: dict[str, list[tuple[float, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    titles = {
        "images": "training images",
        "depth": "depth of the tree",
        "trees": "trees",
        "max_offset": "largest offset (pixel metres)",
    }
    plt.rcParams["svg.hashsalt"] = "imgproc"
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True, layout="constrained")
    for axis, (key, points) in zip(axes, found.items(), strict=True):
        axis.plot(*zip(*points, strict=True), marker="o", markersize=4)
        axis.set_xlabel(titles[key])
        axis.grid(alpha=0.3)
        if key in ("images", "max_offset"):
            axis.set_xscale("log")
            axis.set_xticks([x for x, _ in points], [f"{x:g}" for x, _ in points])
            axis.minorticks_off()
    axes[0].set_ylabel("accuracy, mean of parts")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=15_000)
    parser.add_argument("--features", type=int, default=150)
    parser.add_argument("--trees", type=int, default=3)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--max-offset", type=float, default=129.0)
    parser.add_argument("--turn", type=float, default=TURN)
    parser.add_argument(
        "--without", nargs="+", default=list(HELD_OUT), help=f"motions held out; {DANCE!r} for the dance"
    )
    parser.add_argument("--checkpoint")
    parser.add_argument("--out")
    parser.add_argument("--curves", action="store_true")
    options = parser.parse_args()
    (curves if options.curves else train)(options)


if __name__ == "__main__":
    main()
