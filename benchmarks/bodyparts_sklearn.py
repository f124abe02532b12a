"""``python -m benchmarks.bodyparts_sklearn``: the forest against scikit-learn's on a matrix of the same features.

The obvious way computes a fixed set of random features at all sampled pixels, and hands the matrix to a
RandomForestClassifier. Both see the same pixels of the same images, grow as many trees as deep, and are judged on the
same scenes; each runs in a process of its own, so that its memory can be told.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from time import perf_counter, process_time
from typing import Any

import numpy as np

from imgproc.bodyparts import PARTS, DepthForest, depth_features

from .body_scenes import split, test_scenes, training_scenes
from .harness import Array
from .train_bodyparts import judge

PIXELS = 2000
"""Of an image."""


def sampled(scenes: Any, offsets: Array) -> tuple[Array, Array]:
    """Features and labels of as many pixels of each image as the forest samples, of all parts alike where it can."""
    rng = np.random.default_rng(3)
    values = np.empty((len(scenes) * PIXELS, len(offsets)), np.float32)
    labels, at = np.empty(len(values), np.uint8), 0
    for scene in scenes:
        places = np.argwhere(scene.labels >= 0)
        parts = scene.labels[places[:, 0], places[:, 1]]
        order = rng.permutation(len(places))
        turn = np.empty(len(places), np.int64)
        for part in np.unique(parts):
            mine = order[parts[order] == part]
            turn[mine] = np.arange(len(mine))
        chosen = np.lexsort((order, turn))[:PIXELS]
        values[at : at + len(chosen)] = depth_features(scene.depth, places[chosen], offsets)
        labels[at : at + len(chosen)] = parts[chosen]
        at += len(chosen)
    return values[:at], labels[:at]


def measure(way: str, options: argparse.Namespace) -> dict[str, Any]:
    poses, others = split()
    scenes, tests = training_scenes(poses, options.images), test_scenes(others, options.tests)
    began = process_time()
    for _ in scenes:
        pass
    rendering = process_time() - began
    wall, cpu = perf_counter(), process_time()
    if way == "imgproc":
        forest = DepthForest(options.trees, options.depth, options.tried, pixels_per_image=PIXELS)
        forest.fit(scenes.depths, scenes.labels, n_parts=len(PARTS))
        predict = forest.predict_proba
    else:
        from sklearn.ensemble import RandomForestClassifier

        rng = np.random.default_rng(2)
        offsets = rng.uniform(-129, 129, (options.features, 2, 2)).astype(np.float32)
        offsets[::2, 1] = 0  # half compare with the pixel itself, as ours do
        values, labels = sampled(scenes, offsets)
        rival = RandomForestClassifier(
            options.trees,
            max_depth=options.depth,
            min_samples_leaf=4,
            random_state=0,
            n_jobs=2,
        ).fit(values, labels)
        rival.n_jobs = 1

        def predict(depth: Array) -> Array:
            chances = np.zeros((*depth.shape, len(PARTS)), np.float32)
            body = np.argwhere((depth >= 0.05) & (depth < 10))
            of_body = rival.predict_proba(depth_features(depth, body, offsets))
            chances[body[:, 0], body[:, 1]] = of_body
            return chances

    # Both render the scenes once more while they read them, which is no part of the training.
    times = {"seconds": perf_counter() - wall - rendering, "cpu_seconds": process_time() - cpu - rendering}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"way": way, **times, "gigabytes": memory, **judge(predict, tests, joints=False)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--trees", type=int, default=3)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--tried", type=int, default=8, help="features that each of our nodes tries")
    parser.add_argument("--features", type=int, default=2000, help="columns of the matrix")
    parser.add_argument("--way", choices=("imgproc", "scikit-learn"))
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options)))
        return
    found = {}
    for way in ("imgproc", "scikit-learn"):
        command = [sys.executable, "-m", "benchmarks.bodyparts_sklearn", *sys.argv[1:], "--way", way]
        found[way] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print({key: value for key, value in found[way].items() if key != "parts"}, flush=True)
    ours, rival = found["imgproc"], found["scikit-learn"]
    print(
        f"{rival['seconds'] / ours['seconds']:.1f} times the time, "
        f"{rival['cpu_seconds'] / ours['cpu_seconds']:.1f} times the processor time, "
        f"{rival['gigabytes'] / ours['gigabytes']:.1f} times the memory"
    )


if __name__ == "__main__":
    main()
