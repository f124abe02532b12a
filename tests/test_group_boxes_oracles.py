"""Grouping against OpenCV's groupRectangles: goldens of 4.14, and the function itself where cv2 has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

GOLDENS = Path(__file__).parent / "goldens" / "opencv4_grouping.npz"


def grouped(rectangles: Any, min_neighbors: int, eps: float) -> tuple[Any, Any]:
    boxes = rectangles.astype(np.float64)
    boxes[:, 2:] += boxes[:, :2]
    found, counts = imgproc.group_boxes(boxes, min_neighbors, eps)
    found[:, 2:] -= found[:, :2]
    return found, counts


def test_opencv_4_alike() -> None:
    """The same groups, boxes and counts in the same order."""
    with np.load(GOLDENS) as golden:
        sets = sorted({key.split("_")[0] for key in golden.files if key.endswith("windows")})
        for number in sets:
            for i, eps in enumerate(golden["eps"]):
                for threshold in golden["thresholds"]:
                    boxes, counts = grouped(golden[f"{number}_windows"], int(threshold), float(eps))
                    np.testing.assert_array_equal(boxes, golden[f"{number}_{i}_{threshold}_boxes"])
                    np.testing.assert_array_equal(counts, golden[f"{number}_{i}_{threshold}_counts"])


def test_opencv_live_alike(rng: np.random.Generator) -> None:
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2, "groupRectangles"):
        pytest.skip(f"OpenCV {cv2.__version__} has no groupRectangles")
    for count in (0, 1, 2, 10, 100, 1000):
        rectangles = np.column_stack(
            [rng.integers(-20, 200, (count, 2)), rng.integers(0, 60, (count, 2))]
        ).astype(np.int32)
        for threshold in (0, 1, 2, 4):
            for eps in (0.0, 0.2, 0.7):
                boxes, counts = grouped(rectangles, threshold, eps)
                theirs = cv2.groupRectangles(rectangles.tolist(), threshold, eps)
                np.testing.assert_array_equal(boxes, np.reshape(theirs[0], (-1, 4)))
                np.testing.assert_array_equal(counts, np.ravel(theirs[1]))
