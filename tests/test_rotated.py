"""Rotated boxes against their slow twins in rational numbers, and the laws they obey."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import rotated as reference

import imgproc


def draw(rng: np.random.Generator, count: int, spread: float = 20, dtype: Any = np.float64) -> Any:
    boxes = np.column_stack(
        [rng.normal(50, spread, (count, 2)), rng.uniform(1, 60, (count, 2)), rng.uniform(-720, 720, count)]
    )
    boxes[rng.random(count) < 0.2, 4] = 45.0
    boxes[rng.random(count) < 0.2, 4] = 90.0
    return boxes.astype(dtype)


def assert_equals_twin(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    ours = imgproc.rotated_iou_matrix(a, b)
    assert ours.shape == (len(a), len(b))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            assert ours[i, j] == pytest.approx(reference.rotated_iou(p, q), rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrix_equals_twin(dtype: Any, rng: np.random.Generator) -> None:
    for n, m in ((0, 3), (3, 0), (1, 1), (7, 9), (17, 16)):
        a, b = draw(rng, n, dtype=dtype), draw(rng, m, dtype=dtype)
        a[:2, 2] = b[1:3, 3] = b[2:4, 2] = 0  # lines and a point
        assert_equals_twin(a, b, 1e-7 if dtype == np.float32 else 1e-12)
        assert imgproc.rotated_iou_matrix(a, b).dtype == dtype
    assert imgproc.rotated_iou_matrix(draw(rng, 2), draw(rng, 2, dtype=np.float32)).dtype == np.float64


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 1.0 - 2**-52, 1.0 + 2**-52, 1e-9, 1 - 1e-9])
def test_shared_edges_and_slivers(shift: float) -> None:
    """Boxes beside, within and nearly on each other, at angles where sides fall together."""
    for angle in (0.0, 30.0, 45.0, 90.0, 123.0):
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        base = [5.0, 5.0, 8.0, 4.0, angle]
        others = [
            [5 + 8 * shift * c, 5 - 8 * shift * s, 8.0, 4.0, angle],
            [5 + 4 * shift * s, 5 + 4 * shift * c, 8.0, 4.0, angle + 180],
            [5.0, 5.0, 8.0, 4.0, angle + 90 * shift],
            [5.0, 5.0, 8.0 * (1 - shift / 2), 4.0, angle],
            [5.0, 5.0, 8.0, 4.0, angle + 1e-7 * shift],
            [5.0, 5.0, 4.0, 8.0, angle + 90],
        ]
        assert_equals_twin(np.array([base]), np.array(others), 1e-12)


def test_sizes_and_places_far_apart(rng: np.random.Generator) -> None:
    """The error grows with the distance from the origin, measured in the smaller side."""
    boxes = draw(rng, 12)
    for scale in (1e-150, 1e-9, 1e9, 1e150):
        scaled = boxes * [scale, scale, scale, scale, 1]
        assert_equals_twin(scaled, scaled)
    thin = boxes * [1, 1, 1, 1e-6, 1]
    assert_equals_twin(thin, np.concatenate([thin, boxes]), 1e-8)
    boxes[:, :2] += 1e4
    assert_equals_twin(boxes, boxes, 1e-10)


def test_upright_boxes_are_exact() -> None:
    a = np.array([[1, 1, 2, 2, 0], [1, 1, 2, 2, 90], [1, 1, 4, 1, 180], [9, 9, 2, 2, 0]], np.float64)
    b = np.array(
        [[2, 1, 2, 2, -90], [3, 1, 2, 2, 0], [1, 1, 1, 4, 270], [1, 1, 2, 2, 360 * 10**6]], np.float64
    )
    third = 1 / 3
    expected = [[third, 0, third, 1], [third, 0, third, 1], [third, 1 / 7, 1, third], [0, 0, 0, 0]]
    np.testing.assert_array_equal(imgproc.rotated_iou_matrix(a, b), expected)


def test_angles_turn_counter_clockwise_as_seen() -> None:
    """A long box turned by 45 degrees reaches up to the right: y points down, so to smaller y."""
    box, dots = np.array([[0, 0, 20, 2, 45.0]]), np.array([[5, -5, 1, 1, 0.0], [5, 5, 1, 1, 0]])
    assert (imgproc.rotated_iou_matrix(box, dots) > 0).tolist() == [[True, False]]


def test_degenerate_and_enormous_boxes() -> None:
    boxes = np.array(
        [[0, 0, 0, 5, 10], [0, 0, 0, 0, 0], [0, 0, 1e200, 1e200, 20], [0, 0, 5, 5, 0]], np.float64
    )
    overlap = imgproc.rotated_iou_matrix(boxes, boxes)
    np.testing.assert_array_equal(overlap, np.diag([0, 0, 0, 1]).astype(float))
    assert imgproc.rotated_nms(boxes, np.ones(4)).tolist() == [0, 1, 2, 3]


numbers = st.floats(-1e3, 1e3)
sides = st.just(0.0) | st.floats(1e-3, 1e3)
box = st.tuples(numbers, numbers, sides, sides, numbers)


@settings(max_examples=150, deadline=None)
@given(st.lists(box, min_size=1, max_size=6))
def test_laws(rows: Any) -> None:
    boxes = np.array(rows, np.float64)
    overlap = imgproc.rotated_iou_matrix(boxes, boxes)
    np.testing.assert_array_equal(overlap, overlap.T)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    areas = boxes[:, 2] * boxes[:, 3]
    np.testing.assert_array_equal(np.diag(overlap), (areas > 0).astype(float))
    ratio = np.minimum.outer(areas, areas) / np.maximum(np.maximum.outer(areas, areas), 1e-300)
    assert (overlap <= ratio + 1e-9).all()
    kept = imgproc.rotated_nms(boxes, np.ones(len(boxes)), 0.3)
    np.testing.assert_array_equal(
        imgproc.rotated_nms(boxes[kept], np.ones(len(kept)), 0.3), np.arange(len(kept))
    )


def greedy(boxes: Any, scores: Any, labels: Any, threshold: float, **options: Any) -> list[int]:
    overlap = imgproc.rotated_iou_matrix(boxes.astype(np.float64), boxes.astype(np.float64))
    return reference.greedy(lambda i, j: overlap[i, j], scores, labels, threshold, **options)


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.49, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nms_equals_twin(threshold: float, dtype: Any, rng: np.random.Generator) -> None:
    for count, spread in ((0, 1), (1, 1), (9, 5), (33, 20), (200, 20), (200, 300)):
        boxes = draw(rng, count, spread, dtype)
        boxes[:, 2:4] *= np.exp(rng.normal(0, 1, (count, 2)))
        scores, labels = (rng.integers(0, 20, count) / 16).astype(dtype), rng.integers(0, 3, count)
        for those in (None, labels):
            kept = imgproc.rotated_nms(boxes, scores, threshold, labels=those)
            same = np.zeros(count, int) if those is None else those
            assert kept.dtype == np.int64
            assert kept.tolist() == greedy(boxes, scores, same, threshold)
        options = {"score_threshold": 0.5, "max_output": 4}
        kept = imgproc.rotated_nms(boxes, scores, threshold, labels=labels, **options)
        assert kept.tolist() == greedy(boxes, scores, labels, threshold, **options)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_nms_of_boxes_of_all_sizes(scale: float, rng: np.random.Generator) -> None:
    """The search through levels of sizes misses none."""
    count = 400
    boxes = draw(rng, count, 60)
    boxes[:, 2:4] = np.exp(rng.normal(2, 2.5, (count, 2)))
    boxes[:, :4] *= scale
    scores = rng.random(count)
    for threshold in (0.01, 0.2, 0.45, 0.6):
        assert imgproc.rotated_nms(boxes, scores, threshold).tolist() == greedy(
            boxes, scores, np.zeros(count), threshold
        )


def test_strides_threads_and_read_only(threads: int, rng: np.random.Generator) -> None:
    boxes, scores = draw(rng, 60), rng.random(60)
    overlap, kept = imgproc.rotated_iou_matrix(boxes, boxes), imgproc.rotated_nms(boxes, scores)
    strided = np.asfortranarray(boxes)
    strided.flags.writeable = False
    twice = np.repeat(scores, 2)[::2]
    np.testing.assert_array_equal(imgproc.rotated_iou_matrix(strided, boxes), overlap)
    np.testing.assert_array_equal(imgproc.rotated_nms(strided, twice), kept)
    assert overlap.flags.c_contiguous


def test_refusals() -> None:
    good, scores = np.array([[0, 0, 1, 1, 0.0]] * 2), np.zeros(2)
    bad = [
        good.tolist(),
        good.astype(int),
        good[0],
        good[:, :4],
        good * [1, 1, -1, 1, 1],
        good * [1, 1, 1, -1, 1],
        good * np.nan,
        np.array([[0, 0, 1, 1, np.inf]] * 2),
    ]
    for boxes in bad:
        with pytest.raises((TypeError, ValueError), match=r"^rotated_iou_matrix: a must be .*, got "):
            imgproc.rotated_iou_matrix(boxes, good)
        with pytest.raises((TypeError, ValueError), match=r"^rotated_iou_matrix: b must be .*, got "):
            imgproc.rotated_iou_matrix(good, boxes)
        with pytest.raises((TypeError, ValueError), match=r"^rotated_nms: boxes must be .*, got "):
            imgproc.rotated_nms(boxes, scores)
    for wrong in (np.zeros(3), np.array([0, np.nan]), [0, 0], np.zeros(2, int)):
        with pytest.raises((TypeError, ValueError), match=r"^rotated_nms: scores must be .*, got "):
            imgproc.rotated_nms(good, wrong)
    for wrong in (np.zeros(3, int), np.zeros(2), [0, 0]):
        with pytest.raises((TypeError, ValueError), match=r"^rotated_nms: labels must be .*, got "):
            imgproc.rotated_nms(good, scores, labels=wrong)
    for name, parameter in imgproc.operations("boxes")["rotated_nms"].parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^rotated_nms: {name} must be .*, got "):
                imgproc.rotated_nms(good, scores, **{name: value})
