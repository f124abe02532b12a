"""Weighted boxes fusion against its slow twin, and the laws it obeys."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import fusion as reference

import imgproc
from imgproc.boxes.fusion import CONFIDENCE
from imgproc.boxes.ranking import by_score


def models(
    rng: np.random.Generator, counts: Any, objects: int = 4, classes: int = 2, dtype: Any = np.float64
) -> Any:
    """Boxes of each model around some objects, with scores of which some are equal, and labels."""
    centers, sizes = rng.uniform(-50, 150, (objects, 2)), rng.uniform(10, 60, (objects, 2))
    boxes, scores, labels = [], [], []
    for count in counts:
        which = rng.integers(0, objects, count)
        center, size = (
            centers[which] + rng.normal(0, 4, (count, 2)),
            sizes[which] * rng.uniform(0.8, 1.2, (count, 2)),
        )
        boxes.append(np.hstack([center - size / 2, center + size / 2]).astype(dtype))
        scores.append((rng.integers(0, 12, count) / 8).astype(dtype))
        labels.append(which % classes)
    return boxes, scores, labels


def assert_equals_twin(boxes: Any, scores: Any, labels: Any, weights: Any = None, **options: Any) -> None:
    found = imgproc.weighted_boxes_fusion(boxes, scores, labels, weights=weights, **options)
    rows = reference.weighted_boxes_fusion(boxes, scores, labels, weights or [1.0] * len(boxes), **options)
    single = found[0].dtype == np.float32
    np.testing.assert_allclose(
        found[0], np.reshape([row[0] for row in rows], (-1, 4)), rtol=2e-7 if single else 1e-13, atol=1e-12
    )
    np.testing.assert_allclose(found[1], [row[1] for row in rows], rtol=1e-7 if single else 1e-13)
    np.testing.assert_array_equal(found[2], [row[2] for row in rows])


@pytest.mark.parametrize("confidence", CONFIDENCE.words)
@pytest.mark.parametrize("iou_threshold", [0.0, 0.2, 0.5, 0.55, 0.9, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_twin(confidence: str, iou_threshold: float, dtype: Any, rng: np.random.Generator) -> None:
    # Scores and weights are sums of powers of two, so that equal confidences are equal in any order of work.
    for counts in ((0,), (1,), (2, 3), (20, 0, 17), (9, 9, 9, 9)):
        boxes, scores, labels = models(rng, counts, dtype=dtype)
        weights = [1.0, 2.0, 0.5, 4.0][: len(counts)]
        options = {"iou_threshold": iou_threshold, "confidence": confidence}
        found = imgproc.weighted_boxes_fusion(boxes, scores, labels, weights=weights, **options)
        rows = reference.weighted_boxes_fusion(boxes, scores, labels, weights, **options)
        assert len(found[0]) == len(rows)
        assert found[0].dtype == found[1].dtype == dtype
        # Confidences that differ in the last bit alone may be ranked otherwise.
        order = np.lexsort([*found[0].T, found[1].round(5)])
        twins = np.array([[*row[0], row[1], row[2]] for row in rows]).reshape(-1, 6)
        twins = twins[np.lexsort([*twins[:, :4].astype(dtype).T, twins[:, 4].round(5)])]
        tolerance = 3e-7 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose(found[0][order], twins[:, :4], rtol=tolerance, atol=1e-12)
        np.testing.assert_allclose(found[1][order], twins[:, 4], rtol=tolerance)
        np.testing.assert_array_equal(found[2][order], twins[:, 5])


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_boxes_of_all_sizes_and_places_meet(size: float, rng: np.random.Generator) -> None:
    """Also where the search looks through levels of sizes far apart, and where all overlap."""
    for iou_threshold in (0.0, 0.05, 0.3, 0.6):
        count = 150
        center, half = rng.normal(0, 30, (count, 2)), np.exp(rng.normal(1, 2, (count, 2)))
        boxes = (np.hstack([center - half, center + half]) + 1000) * size
        scores = rng.permutation(np.linspace(0.01, 0.99, count))
        labels = rng.integers(0, 2, count)
        assert_equals_twin([boxes], [scores], [labels], iou_threshold=iou_threshold, allow_overflow=True)


def test_score_threshold_and_overflow(rng: np.random.Generator) -> None:
    boxes, _, labels = models(rng, (30, 30))
    scores = np.split(rng.permutation(np.linspace(0.01, 0.99, 60)), 2)
    for options in ({"score_threshold": 0.5}, {"score_threshold": 2.0}, {"allow_overflow": True}):
        assert_equals_twin(boxes, scores, labels, [1.0, 3.0], **options)


def test_ties_go_by_place() -> None:
    """Of equal scores the first model's box comes first, and of equal overlaps the first cluster is joined."""
    left, right, middle = ([0, 0, 4, 4], [2, 0, 6, 4], [1, 0, 5, 4])
    boxes = [np.array([left, right], float), np.array([middle], float)]
    scores = [np.array([0.5, 0.5]), np.array([0.25])]
    found = imgproc.weighted_boxes_fusion(boxes, scores, iou_threshold=0.4)
    np.testing.assert_allclose(found[0], [[1 / 3, 0, 13 / 3, 4], right])
    same = imgproc.weighted_boxes_fusion([boxes[0]], [scores[0]], iou_threshold=0.9)
    np.testing.assert_array_equal(same[0], boxes[0])


def test_zero_scores_give_the_plain_mean() -> None:
    boxes = [np.array([[0, 0, 10, 10], [0, 0, 10, 12], [90, 90, 99, 99]], float)]
    found = imgproc.weighted_boxes_fusion(boxes, [np.array([0.0, 0.0, 1.0])])
    np.testing.assert_array_equal(found[0], [[90, 90, 99, 99], [0, 0, 10, 11]])
    np.testing.assert_array_equal(found[1], [1, 0])


def test_empty_and_degenerate_boxes() -> None:
    for boxes, scores in (([], []), ([np.empty((0, 4), np.float32)], [np.empty(0, np.float32)])):
        found = imgproc.weighted_boxes_fusion(boxes, scores)
        assert [array.shape for array in found] == [(0, 4), (0,), (0,)]
        assert [str(array.dtype) for array in found] == ["float32", "float32", "int64"]
    flat = np.array([[1, 1, 1, 5], [1, 1, 1, 5], [3, 3, 3, 3]], np.float32)
    found = imgproc.weighted_boxes_fusion([flat], [np.ones(3, np.float32)], iou_threshold=0.0)
    np.testing.assert_array_equal(found[0], flat)
    huge = np.array([[-1e308, -1e308, 1e308, 1e308], [-1e308, -1e308, 1e308, 1e308], [0, 0, 1, 1]])
    assert len(imgproc.weighted_boxes_fusion([huge], [np.ones(3)], iou_threshold=0.0)[0]) == 3


def test_strides_and_read_only(rng: np.random.Generator) -> None:
    boxes, scores, labels = models(rng, (40, 40))
    expected = imgproc.weighted_boxes_fusion(boxes, scores, labels)
    strided = [np.asfortranarray(array) for array in boxes]
    for array in (*strided, *scores):
        array.flags.writeable = False
    found = imgproc.weighted_boxes_fusion(
        tuple(strided), scores, [array.astype(np.uint8) for array in labels]
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), max_size=9), st.sampled_from([0.0, 0.3, 0.55, 0.8]))
def test_fused_boxes_lie_within_their_boxes(numbers: Any, iou_threshold: float) -> None:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in numbers], float).reshape(-1, 4)
    scores = np.linspace(0.9, 0.1, len(boxes))
    found, confidences, labels = imgproc.weighted_boxes_fusion([boxes], [scores], iou_threshold=iou_threshold)
    assert len(found) <= len(boxes)
    assert (len(found) > 0) == (len(boxes) > 0)
    assert (np.diff(confidences) <= 0).all() and (labels == 0).all()
    if len(boxes):
        assert (found.min(axis=0) >= boxes.min(axis=0) - 1e-9).all()
        assert (found.max(axis=0) <= boxes.max(axis=0) + 1e-9).all()
    # What is already apart stays as it is.
    if iou_threshold == 1.0:
        assert len(found) == len(boxes)


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (TypeError, "boxes must be a list or tuple", (np.zeros((1, 4)), [np.zeros(1)])),
        (TypeError, "scores must be a list or tuple", ([np.zeros((1, 4))], np.zeros(1))),
        (ValueError, "scores must be a sequence of 1 arrays", ([np.zeros((1, 4))], [])),
        (ValueError, "labels must be a sequence of 1 arrays", ([np.zeros((1, 4))], [np.zeros(1)], [])),
        (ValueError, r"boxes\[0\] must be of shape \(N, 4\)", ([np.zeros((1, 5))], [np.zeros(1)])),
        (TypeError, r"boxes\[0\] must be a float32", ([[[0, 0, 1, 1]]], [np.zeros(1)])),
        (ValueError, r"boxes\[0\] must be x1", ([np.array([[2.0, 0, 1, 1]])], [np.zeros(1)])),
        (ValueError, r"scores\[0\] must be of shape \(1,\)", ([np.zeros((1, 4))], [np.zeros(2)])),
        (ValueError, r"scores\[0\] must be finite and >= 0", ([np.zeros((1, 4))], [np.array([-0.5])])),
        (ValueError, r"scores\[0\] must be finite and >= 0", ([np.zeros((1, 4))], [np.array([np.inf])])),
        (ValueError, r"scores\[0\] must be free of NaN", ([np.zeros((1, 4))], [np.array([np.nan])])),
        (TypeError, r"labels\[0\] must be an integer", ([np.zeros((1, 4))], [np.zeros(1)], [np.zeros(1)])),
    ],
)
def test_refusals(error: Any, match: str, arguments: Any) -> None:
    with pytest.raises(error, match=rf"^weighted_boxes_fusion: {match}.*, got "):
        imgproc.weighted_boxes_fusion(*arguments)


def test_refused_parameters() -> None:
    boxes, scores = [np.zeros((1, 4))], [np.zeros(1)]
    parameters = imgproc.operations("boxes")["weighted_boxes_fusion"].parameters
    for name, parameter in parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises(
                (TypeError, ValueError), match=rf"^weighted_boxes_fusion: {name} must be .*, got "
            ):
                imgproc.weighted_boxes_fusion(boxes, scores, **{name: value})
    for weights in (
        1.0,
        [],
        [1.0, 2.0],
        [[1.0], [1.0, 2.0]],
        [[1.0]],
        [0.0],
        [-1.0],
        [np.nan],
        ["1"],
        [True],
    ):
        with pytest.raises(
            (TypeError, ValueError), match=r"^weighted_boxes_fusion: weights\S* must be .*, got "
        ):
            imgproc.weighted_boxes_fusion(boxes, scores, weights=weights)


@pytest.mark.parametrize(
    ("size", "score", "weights"),
    [(1, 1e308, [100.0, 1.0]), (1e10, 1e300, None), (1, 1.0, [1e308, 1e308]), (1, 1.5e308, None)],
)
def test_sums_beyond_float64_are_refused(size: float, score: float, weights: Any) -> None:
    boxes, scores = np.array([[0.0, 0.0, size, size]]), np.array([score])
    with pytest.raises(
        ValueError, match=r"^weighted_boxes_fusion: scores and weights must be small enough .*, got "
    ):
        imgproc.weighted_boxes_fusion([boxes] * 2, [scores] * 2, weights=weights)


def test_ranking_is_stable() -> None:
    scores = np.array([0.5, np.inf, 0.5, -np.inf, 0.0, -0.0, 0.7], np.float32)
    assert by_score(scores).tolist() == [1, 6, 0, 2, 4, 5, 3]
    assert by_score(scores, 0.5).tolist() == [1, 6, 0, 2]
    assert by_score(scores[:0]).tolist() == by_score(scores, np.inf)[1:].tolist() == []
    assert re.fullmatch("int64", str(by_score(scores, 0.5).dtype))
