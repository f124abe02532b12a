"""Rotated boxes against torchvision, shapely and OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc

GOLDENS = Path(__file__).parent / "goldens"


def test_torchvision_alike() -> None:
    """Its "cxcywhr" turns the same way; it works in float32, with corners some 1e-5 off."""
    with np.load(GOLDENS / "torchvision_rotated.npz") as golden:
        ours = imgproc.rotated_iou_matrix(golden["a"], golden["b"])
        assert ours.dtype == np.float32
        assert (golden["iou"] > 0.1).sum() > 50
        np.testing.assert_allclose(ours, golden["iou"], rtol=0, atol=2e-5)


def test_shapely_alike() -> None:
    with np.load(GOLDENS / "shapely_rotated.npz") as golden:
        ours = imgproc.rotated_iou_matrix(golden["a"], golden["b"])
        assert (golden["iou"] > 0.1).sum() > 50
        np.testing.assert_allclose(ours, golden["iou"], rtol=1e-9, atol=1e-12)


def test_opencv_alike(rng: np.random.Generator) -> None:
    """OpenCV turns clockwise, and works in float32: on boxes of tens of pixels its areas are within some 1e-3."""
    cv2 = pytest.importorskip("cv2")
    boxes = np.column_stack(
        [rng.uniform(0, 60, (40, 2)), rng.uniform(5, 40, (40, 2)), rng.uniform(-90, 90, 40)]
    )
    rectangles = [((cx, cy), (w, h), -angle) for cx, cy, w, h, angle in boxes.tolist()]
    ours = imgproc.rotated_iou_matrix(boxes, boxes)
    for i, p in enumerate(rectangles):
        for j, q in enumerate(rectangles):
            kind, corners = cv2.rotatedRectangleIntersection(p, q)
            common = 0.0
            if kind != cv2.INTERSECT_NONE and corners is not None:
                common = cv2.contourArea(cv2.convexHull(corners))
            areas = p[1][0] * p[1][1] + q[1][0] * q[1][1]
            assert abs(ours[i, j] - common / (areas - common)) < 2e-3


def test_opencv_rotated_nms_alike(rng: np.random.Generator) -> None:
    """On boxes of one size, none of which lies within another."""
    cv2 = pytest.importorskip("cv2")
    count = 300
    centers = rng.uniform(0, 400, (30, 2))[rng.integers(0, 30, count)]
    boxes = np.column_stack(
        [centers + rng.normal(0, 3, (count, 2)), np.full((count, 2), (40, 25)), rng.uniform(-90, 90, count)]
    )
    scores = rng.permutation(np.linspace(0.1, 0.9, count))
    rectangles = [((cx, cy), (w, h), -angle) for cx, cy, w, h, angle in boxes.tolist()]
    for threshold in (0.2, 0.5, 0.7):
        theirs = cv2.dnn.NMSBoxesRotated(rectangles, scores.tolist(), 0.0, threshold)
        np.testing.assert_array_equal(imgproc.rotated_nms(boxes, scores, threshold), np.ravel(theirs))


def test_opencv_takes_a_box_within_another_for_the_same() -> None:
    cv2 = pytest.importorskip("cv2")
    boxes, scores = np.array([[50.0, 50, 40, 40, 0], [50.0, 50, 10, 10, 20]]), np.array([0.9, 0.8])
    rectangles = [((cx, cy), (w, h), -angle) for cx, cy, w, h, angle in boxes.tolist()]
    assert np.ravel(cv2.dnn.NMSBoxesRotated(rectangles, scores.tolist(), 0.0, 0.5)).tolist() == [0]
    assert imgproc.rotated_iou_matrix(boxes, boxes)[0, 1] == pytest.approx(100 / 1600)
    assert imgproc.rotated_nms(boxes, scores).tolist() == [0, 1]
