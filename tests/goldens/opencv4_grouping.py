"""cv2.groupRectangles of OpenCV 4.14, which OpenCV 5 no longer has, for tests/test_group_boxes_oracles.py.

pip install "opencv-python-headless<5" && python tests/goldens/opencv4_grouping.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

EPS = (0.0, 0.1, 0.2, 0.5, 1.5)
THRESHOLDS = (1, 2, 3, 5)


def windows(rng: np.random.Generator, count: int, objects: int, jitter: float) -> np.ndarray:
    """x, y, w, h as a sliding detector gives them: squares of sizes 24 · 1.1^k around some places, and noise."""
    centers, steps = rng.uniform(0, 600, (objects, 2)), rng.integers(0, 20, objects)
    which = rng.integers(0, objects, count)
    side = 24 * 1.1 ** (steps[which] + rng.integers(-1, 2, count))
    corner = centers[which] + rng.normal(0, jitter, (count, 2)) * side[:, None] - side[:, None] / 2
    noise = rng.random(count) < 0.2
    corner[noise] = rng.uniform(-50, 650, (noise.sum(), 2))
    aspect = np.where(rng.random(count) < 0.2, 1.4, 1.0)
    return np.rint(np.column_stack([corner, side, side * aspect])).astype(np.int32)


def main() -> None:
    rng = np.random.default_rng(2)
    found: dict[str, np.ndarray] = {"eps": np.array(EPS), "thresholds": np.array(THRESHOLDS)}
    sets = [(1, 1, 0.0), (2, 1, 0.01), (50, 5, 0.05), (300, 20, 0.05), (300, 20, 0.15), (600, 6, 0.1)]
    # Many in one group, and far out: sums beyond 2^24, where float32 rounds them.
    for number, (count, objects, jitter) in enumerate([*sets, (3000, 2, 0.05)]):
        rectangles = windows(rng, count, objects, jitter)
        if count == 3000:
            rectangles[:, :2] += 30_000
        found[f"{number}_windows"] = rectangles
        for i, eps in enumerate(EPS):
            for threshold in THRESHOLDS:
                grouped, counts = cv2.groupRectangles(rectangles.tolist(), threshold, eps)
                found[f"{number}_{i}_{threshold}_boxes"] = np.array(grouped, np.int32).reshape(-1, 4)
                found[f"{number}_{i}_{threshold}_counts"] = np.array(counts, np.int32).ravel()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)


if __name__ == "__main__":
    main()
