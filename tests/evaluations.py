"""A small truth and detections of it, which several tests evaluate."""

from __future__ import annotations

from typing import Any

import numpy as np

from imgproc import DetectionSet
from imgproc.cli.evaluation import Evaluation, evaluate_sets

NAMES = {1: "cat", 2: "dog"}


def a_set(
    rows: list[tuple[str, float, float, float, float, int]],
    scores: list[float] | None = None,
    *,
    images: tuple[str, ...] = ("a.png", "b.png", "c.png"),
    crowd: list[bool] | None = None,
    names: dict[int, str] = NAMES,
) -> DetectionSet:
    return DetectionSet(
        images,
        np.array([images.index(row[0]) for row in rows], int),
        np.array([row[1:5] for row in rows], float).reshape(-1, 4),
        scores=None if scores is None else np.array(scores, float),
        labels=np.array([row[5] for row in rows], int),
        crowd=None if crowd is None else np.array(crowd),
        image_sizes=np.tile([60, 80], (len(images), 1)),
        class_names=names,
    )


TRUTH = a_set(
    [
        ("a.png", 0, 0, 20, 20, 1),
        ("a.png", 40, 0, 60, 20, 2),
        ("b.png", 0, 0, 20, 20, 1),
        ("b.png", 40, 40, 80, 60, 2),
    ],
    crowd=[False, False, False, True],
)
FOUND = a_set(
    [
        ("a.png", 0, 0, 20, 20, 1),  # hit
        ("a.png", 0, 0, 20, 16, 1),  # the same again: false
        ("a.png", 40, 0, 60, 20, 1),  # a dog taken for a cat
        ("b.png", 40, 40, 80, 60, 2),  # on a region that does not count
        ("c.png", 0, 0, 9, 9, 2),  # nothing there
    ],
    [0.9, 0.8, 0.7, 0.95, 0.2],
)


def evaluated(**options: Any) -> Evaluation:
    return evaluate_sets(FOUND, TRUTH, **({"iou": 0.5, "score": 0.5} | options))
