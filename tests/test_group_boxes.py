"""Grouping of boxes against its slow twin, and the laws it obeys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import fusion as reference

import imgproc


def windows(rng: np.random.Generator, count: int, objects: int, spread: float, whole: bool = True) -> Any:
    """Boxes of sizes 20 to 200 around some places."""
    centers, sizes = rng.uniform(-100, 400, (objects, 2)), rng.uniform(20, 200, objects)
    which = rng.integers(0, objects, count)
    size = sizes[which, None] * rng.uniform(0.8, 1.2, (count, 2))
    center = centers[which] + rng.normal(0, spread, (count, 2)) * size
    boxes = np.hstack([center - size / 2, center + size / 2])
    return np.rint(boxes) if whole else boxes


def assert_equals_twin(boxes: Any, *arguments: Any, **options: Any) -> None:
    found, counts = imgproc.group_boxes(boxes, *arguments, **options)
    rows = np.array(reference.group_boxes(boxes, *arguments, **options)).reshape(-1, 5)
    assert counts.tolist() == rows[:, 4].tolist()
    if options.get("rounded", True):
        np.testing.assert_array_equal(found, rows[:, :4])
    else:
        np.testing.assert_allclose(found, rows[:, :4], rtol=1e-13, atol=1e-10)


@pytest.mark.parametrize("eps", [0.0, 1e-3, 0.2, 0.7, 3.0, 1e6])
@pytest.mark.parametrize("whole", [True, False])
def test_equals_twin(eps: float, whole: bool, rng: np.random.Generator) -> None:
    for count, objects, spread in ((0, 1, 0.0), (1, 1, 0.0), (2, 1, 0.01), (60, 4, 0.05), (120, 3, 0.2)):
        boxes = windows(rng, count, objects, spread, whole)
        for min_neighbors in (0, 1, 2, 4):
            for rounded in (True, False):
                assert_equals_twin(boxes, min_neighbors, eps, rounded=rounded)
    assert_equals_twin(windows(rng, 80, 3, 0.1).astype(np.float32), 1, eps)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_sizes_far_apart(scale: float, rng: np.random.Generator) -> None:
    """Nested boxes of all sizes, degenerate ones among them, far from the origin."""
    sizes = np.exp(rng.uniform(-3, 6, (150, 2))).round(1) * (rng.random((150, 2)) < 0.9)
    corner = 1000 - sizes * rng.uniform(0.4, 0.6, (150, 2))
    boxes = np.hstack([corner, corner + sizes]) * scale
    for eps in (0.0, 0.1, 0.3, 0.8):
        for min_neighbors in (1, 2):
            assert_equals_twin(np.repeat(boxes, 2, axis=0), min_neighbors, eps, rounded=False)


def test_chains_are_one_group() -> None:
    """Each is like the next alone; the last meets the first through all others, whatever their order."""
    starts = np.arange(0, 400, 3.0)
    boxes = np.stack([starts, starts * 0, starts + 20, starts * 0 + 20], axis=1)
    for order in (slice(None), slice(None, None, -1), np.random.default_rng(1).permutation(len(boxes))):
        found, counts = imgproc.group_boxes(boxes[order], 1, 0.2)
        assert counts.tolist() == [len(boxes)]
        assert found.tolist() == [[200, 0, 220, 20]]


def test_groups_come_in_the_order_of_their_first_boxes() -> None:
    far, near, other = [500, 0, 520, 20], [0, 0, 20, 20], [0, 300, 20, 320]
    boxes = np.array([far, near, other, near, near, other, far, other], np.float32)
    found, counts = imgproc.group_boxes(boxes, 1)
    assert found.tolist() == [far, near, other]
    assert counts.tolist() == [2, 3, 3]
    assert found.dtype == np.float32 and counts.dtype == np.int64


def test_scores_are_the_greatest_of_each_group(rng: np.random.Generator) -> None:
    boxes = windows(rng, 80, 4, 0.05)
    scores = rng.normal(0, 1, 80).astype(np.float32)
    _, counts, best = imgproc.group_boxes(boxes, 2, scores=scores)
    groups = np.array(reference.components(boxes.tolist(), 0.2))
    greatest = [float(scores[groups == group].max()) for group in range(groups.max() + 1)]
    assert best.dtype == np.float32 and len(best) == len(counts) > 0
    places = [greatest.index(value) for value in best.tolist()]
    assert places == sorted(places)
    assert counts.tolist() == [int((groups == place).sum()) for place in places]
    everything = imgproc.group_boxes(boxes, 0, scores=scores)
    np.testing.assert_array_equal(everything[2], scores)
    np.testing.assert_array_equal(everything[0], boxes)
    assert everything[0] is not boxes and not np.shares_memory(everything[0], boxes)


def test_small_groups_inside_larger_go() -> None:
    outer, inner = [0, 0, 100, 100], [40, 40, 60, 60]
    for inside, outside, kept in ((3, 4, 1), (4, 4, 2), (2, 2, 1), (3, 3, 2), (5, 4, 2), (9, 10, 1)):
        boxes = np.array([outer] * outside + [inner] * inside, float)
        assert len(imgproc.group_boxes(boxes, 1)[0]) == kept
        assert_equals_twin(boxes, 1)


def test_many_alike_cost_no_pairs() -> None:
    """A hundred thousand equal boxes: each pair would be minutes."""
    boxes = np.tile(np.array([[10, 10, 50, 50]], np.float32), (100_000, 1))
    found, counts = imgproc.group_boxes(boxes, 3)
    assert found.tolist() == [[10, 10, 50, 50]] and counts.tolist() == [100_000]


def test_extreme_coordinates() -> None:
    for far in (1e15, 1e300):
        boxes = np.array([[-far, -far, far, far]] * 3 + [[0, 0, 1, 1]] * 3)
        for eps in (0.0, 0.2, 1e6):
            for rounded in (True, False):
                assert_equals_twin(boxes[:3], 1, eps, rounded=False)
                _, counts = imgproc.group_boxes(boxes, 1, eps, rounded=rounded)
                assert counts.tolist() == [3, 3]
    with pytest.raises(ValueError, match=r"^group_boxes: boxes must be small enough .*, got "):
        imgproc.group_boxes(np.array([[-1.7e308, 0, 1.7e308, 1]]), 1)
    tiny = np.array([[0, 0, 5e-324, 5e-324]] * 3 + [[0, 0, 0, 0]] * 3)
    assert imgproc.group_boxes(tiny, 1, 0.0, rounded=False)[1].tolist() == [3, 3]


def test_sums_that_overflow_elsewhere() -> None:
    """2000 windows at 2,000,000: beyond 2**31, where OpenCV's sums are negative, means are exact."""
    boxes = np.tile(np.array([[2e6, 3e6, 2e6 + 24, 3e6 + 24]]), (2000, 1))
    assert imgproc.group_boxes(boxes, 1)[0].tolist() == [[2e6, 3e6, 2e6 + 24, 3e6 + 24]]
    assert imgproc.group_boxes(boxes.astype(np.float32) * np.float32(2e30), 1)[1].tolist() == [2000]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 14)] * 4), max_size=12),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.integers(0, 3),
)
def test_twin_on_small_whole_numbers(numbers: Any, eps: float, min_neighbors: int) -> None:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in numbers], float).reshape(-1, 4)
    assert_equals_twin(boxes, min_neighbors, eps)


def test_strides_and_read_only(rng: np.random.Generator) -> None:
    boxes = windows(rng, 50, 3, 0.05)
    expected = imgproc.group_boxes(boxes, 1)
    strided = np.asfortranarray(boxes)
    strided.flags.writeable = False
    for ours, theirs in zip(imgproc.group_boxes(strided, 1), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_refusals() -> None:
    boxes = np.zeros((2, 4))
    for bad in (
        [[0, 0, 1, 1]],
        np.zeros((2, 4), int),
        np.zeros(4),
        np.zeros((2, 5)),
        np.full((2, 4), np.nan),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^group_boxes: boxes must be .*, got "):
            imgproc.group_boxes(bad, 1)
    for scores in (np.zeros(3), [0, 0], np.array([0, np.nan]), np.zeros(2, int)):
        with pytest.raises((TypeError, ValueError), match=r"^group_boxes: scores must be .*, got "):
            imgproc.group_boxes(boxes, 1, scores=scores)
    for name, parameter in imgproc.operations("boxes")["group_boxes"].parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^group_boxes: {name} must be .*, got "):
                imgproc.group_boxes(boxes, **{"min_neighbors": 1, name: value})


def test_margins_beyond_float64() -> None:
    """Without a warning: the larger group holds the smaller one, wherever that lies."""
    wide, small = [0, 0, 1e305, 1e305], [9e305, 0, 9.1e305, 1e300]
    boxes, counts = imgproc.group_boxes(np.array([wide] * 5 + [small] * 2), 1, 0.0)
    assert counts.tolist() == [5, 2]
    boxes, counts = imgproc.group_boxes(np.array([wide] * 5), 1, 1e6)
    assert counts.tolist() == [5] and boxes.tolist() == [wide]
