"""Matching and targets against their slow twins, closed forms, and what they refuse."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_training as reference

import imgproc
from imgproc.neural import BackendUnavailable, matching, targets


def scipy() -> Any:
    return pytest.importorskip("scipy", reason="SciPy is not installed")


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_assignment_costs_least(rows: int, columns: int, seed: int) -> None:
    scipy()
    costs = np.random.default_rng(seed).integers(-5, 5, (rows, columns)).astype(np.float64)
    i, j = matching.assign(costs)
    assert i.dtype == j.dtype == np.int64
    assert len(i) == len(j) == len(set(j.tolist())) == min(rows, columns)
    assert (np.diff(i) > 0).all()
    assert costs[i, j].sum() == reference.least_cost(costs)


@pytest.mark.parametrize("scores", ["softmax", "focal"])
def test_matching_costs_equal_their_twin(scores: str, rng: np.random.Generator) -> None:
    z, boxes, labels, true = (
        rng.normal(0, 2, (7, 4)),
        rng.random((7, 4)),
        rng.integers(0, 3, 5),
        rng.random((5, 4)),
    )
    weights = (2.0, 3.0, 0.5)
    costs = matching.matching_costs(
        z, boxes, labels, true, scores=scores, class_weight=2, l1_weight=3, giou_weight=0.5
    )
    wanted = [
        [
            reference.matching_cost(z[q], boxes[q], labels[m], true[m], scores == "focal", weights)
            for m in range(5)
        ]
        for q in range(7)
    ]
    np.testing.assert_allclose(costs, wanted, rtol=1e-12)
    scipy()
    queries, objects = matching.match_queries(
        z, boxes, labels, true, scores=scores, class_weight=2, l1_weight=3, giou_weight=0.5
    )
    np.testing.assert_allclose(costs[queries, objects].sum(), reference.least_cost(wanted), rtol=1e-12)


def test_sure_queries_find_their_objects(rng: np.random.Generator) -> None:
    scipy()
    true, labels = rng.random((6, 4)), np.arange(6) % 4
    order = rng.permutation(9)[:6]
    z, boxes = np.zeros((9, 5)), rng.random((9, 4))
    boxes[order], z[order, labels] = true, 8
    queries, objects = matching.match_queries(z, boxes, labels, true)
    np.testing.assert_array_equal(queries, np.sort(order))
    np.testing.assert_array_equal(order[objects], queries)
    for empty in (
        matching.match_queries(z, boxes, labels[:0], true[:0]),
        matching.match_queries(z[:0], boxes[:0], labels, true),
    ):
        assert [len(rows) for rows in empty] == [0, 0]


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(
        BackendUnavailable, match=r"^assign: SciPy must be installed; pip install imgproc-toolkit"
    ):
        matching.assign(np.zeros((1, 1)))


def test_anchor_targets_follow_the_assignment(rng: np.random.Generator) -> None:
    anchors = imgproc.generate_anchors((6, 8), 16, [24, 48])
    boxes = np.array([[3, 5, 40, 50], [60, 20, 110, 90], [64, 24, 80, 40]], np.float32)
    labels = np.array([4, 0, 7])
    found = targets.anchor_targets(anchors, boxes, labels, weights=(10, 10, 5, 5))
    kinds, matches = imgproc.assign_anchors(anchors, boxes, positive=0.5, negative=0.4)
    assert found.labels.dtype == np.int64 and found.deltas.dtype == np.float32
    positive = kinds == 1
    assert positive.sum() >= 3
    np.testing.assert_array_equal(found.labels[positive], labels[matches[positive]])
    np.testing.assert_array_equal(found.labels[kinds == 0], -1)
    np.testing.assert_array_equal(found.labels[kinds == -1], -2)
    back = imgproc.decode_boxes(found.deltas[positive], anchors[positive], weights=(10, 10, 5, 5))
    np.testing.assert_allclose(back, boxes[matches[positive]], atol=1e-3)
    assert not found.deltas[~positive].any()
    none = targets.anchor_targets(anchors, boxes[:0], labels[:0])
    assert (none.labels == -1).all() and not none.deltas.any()


def test_sampled_anchors_are_balanced() -> None:
    labels = np.repeat([-2, -1, 0, 3], [50, 400, 30, 170])
    for seed in range(5):
        rows = targets.sample_anchors(labels, seed, count=256)
        assert len(rows) == len(set(rows.tolist())) == 256 and (np.diff(rows) > 0).all()
        assert (labels[rows] >= 0).sum() == 128 and (labels[rows] == -1).sum() == 128
    np.testing.assert_array_equal(
        targets.sample_anchors(labels, 3), targets.sample_anchors(labels, np.random.default_rng(3))
    )
    few = targets.sample_anchors(np.array([1, -1, -1, -1]), count=3)
    assert 0 in few and len(few) == 3
    assert len(targets.sample_anchors(np.array([-2, -2]))) == 0
    assert len(targets.sample_anchors(np.zeros(0, int))) == 0


@pytest.mark.parametrize("radius", [None, 1.5, 0.4])
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_point_targets_equal_their_twin(radius: Any, offset: float, rng: np.random.Generator) -> None:
    shapes, strides, limits = [(8, 10), (4, 5), (2, 3)], [8, 16, 32], [24, 40]
    starts, sizes = rng.uniform(-10, 60, (12, 2)), rng.uniform(4, 60, (12, 2))
    boxes = np.hstack([starts, starts + sizes])
    boxes[3] = [8, 8, 32, 40]  # edges on points
    labels = rng.integers(0, 5, 12)
    found = targets.point_targets(shapes, strides, boxes, labels, limits=limits, radius=radius, offset=offset)
    twin = reference.point_targets(shapes, strides, boxes.tolist(), labels.tolist(), limits, radius, offset)
    np.testing.assert_array_equal(found.labels, [row[0] for row in twin])
    np.testing.assert_allclose(found.distances, [row[1] for row in twin], rtol=1e-13)
    np.testing.assert_allclose(found.centredness, [row[2] for row in twin], rtol=1e-13)
    assert (found.labels >= 0).any() and (found.labels == -1).any()


def test_points_without_boxes_are_background() -> None:
    found = targets.point_targets([(2, 2)], [8], np.zeros((0, 4)), np.zeros(0, int), limits=[])
    assert (found.labels == -1).all() and not found.distances.any() and not found.centredness.any()
    centre = targets.point_targets([(1, 1)], [8], np.array([[0.0, 0, 8, 8]]), np.array([1]), limits=())
    assert centre.centredness.tolist() == [1.0]


@given(st.floats(0.5, 500), st.floats(0.5, 500), st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_radius_is_the_largest_that_keeps_the_overlap(height: float, width: float, least: float) -> None:
    """CornerNet's code takes other roots of its equations; this is what its paper says."""
    found = targets.gaussian_radius(np.array([[height, width], [width, height]]), min_overlap=least)
    np.testing.assert_allclose(found, reference.radius(height, width, least), rtol=1e-9, atol=1e-9)


def test_heatmaps_equal_their_twin(rng: np.random.Generator) -> None:
    starts, sizes = rng.uniform(0, 30, (6, 2)), rng.uniform(2, 30, (6, 2))
    boxes, labels = np.hstack([starts, starts + sizes]), rng.integers(0, 3, 6)
    found = targets.heatmap_targets(boxes, labels, (12, 12), 3, stride=4, min_overlap=0.6)
    wanted = reference.heatmap(boxes.tolist(), labels.tolist(), (12, 12), 3, 4, 0.6)
    np.testing.assert_allclose(found.heatmap, wanted, rtol=1e-6, atol=1e-12)
    # Every centre is a peak of exactly 1, and the way back is exact.
    assert (found.heatmap[labels, *found.cells.T] == 1).all()
    centres = (found.cells[:, ::-1] + found.offsets) * 4
    np.testing.assert_allclose(centres, (boxes[:, :2] + boxes[:, 2:]) / 2, rtol=1e-5)
    np.testing.assert_allclose(found.sizes * 4, sizes, rtol=1e-6)
    edge = targets.heatmap_targets(np.array([[0.0, 0, 16, 32]]), np.array([0]), (4, 2), 1)
    assert edge.cells.tolist() == [[3, 1]] and edge.offsets.tolist() == [[1.0, 1.0]]
    none = targets.heatmap_targets(np.zeros((0, 4)), np.zeros(0, int), (4, 4), 2)
    assert none.heatmap.shape == (2, 4, 4) and not none.heatmap.any()


BOX = np.array([[0.0, 0, 4, 4]])
FLAT = np.array([[0.0, 0, 4, 0]])
ONE = np.array([0])
Z = np.zeros((2, 3))
CENTRED = np.full((2, 4), 0.5)
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: matching.assign([[1.0]]), TypeError, "assign: costs must be a float32 or float64 array"),
    (lambda: matching.assign(np.array([[np.nan]])), ValueError, "assign: costs must be finite"),
    (lambda: matching.assign(np.zeros(3)), ValueError, r"assign: costs must be of shape \(N, M\)"),
    (
        lambda: matching.matching_costs(Z, CENTRED[:1], ONE, CENTRED[:1]),
        ValueError,
        r"matching_costs: boxes must be of shape \(2, 4\)",
    ),
    (
        lambda: matching.match_queries(Z, CENTRED, np.array([2]), CENTRED[:1]),
        ValueError,
        "match_queries: true_labels must be from 0 to 1, got 2",
    ),
    (
        lambda: matching.match_queries(Z, CENTRED, ONE, CENTRED),
        ValueError,
        r"match_queries: true_labels must be of shape \(2,\)",
    ),
    (
        lambda: matching.match_queries(Z, -CENTRED, ONE, CENTRED[:1]),
        ValueError,
        "match_queries: boxes must be cx, cy, w, h with w >= 0 and h >= 0, got .* in row 0",
    ),
    (
        lambda: matching.match_queries(Z[:, :1], CENTRED, ONE, CENTRED[:1]),
        ValueError,
        'at least one class beside "no object"',
    ),
    (
        lambda: matching.match_queries(Z, CENTRED, ONE, CENTRED[:1], scores="sigmoid"),
        ValueError,
        "match_queries: scores must be one of",
    ),
    (
        lambda: matching.match_queries(Z, CENTRED, ONE, CENTRED[:1], l1_weight=-1),
        ValueError,
        "match_queries: l1_weight must be",
    ),
    (
        lambda: matching.match_queries(Z, CENTRED, ONE, CENTRED[:1], alpha=2),
        ValueError,
        "match_queries: alpha must be",
    ),
    (
        lambda: targets.anchor_targets(FLAT, BOX, ONE),
        ValueError,
        "anchor_targets: anchors must be of width and",
    ),
    (
        lambda: targets.anchor_targets(BOX, FLAT, ONE),
        ValueError,
        "anchor_targets: boxes must be of width and",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX, ONE - 1),
        ValueError,
        "anchor_targets: labels must be at least 0",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX, np.zeros(2, int)),
        ValueError,
        "anchor_targets: labels must be",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX * 1e80, ONE),
        ValueError,
        "anchor_targets: boxes must be of width",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX, ONE, positive=0),
        ValueError,
        "anchor_targets: positive must be",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX, ONE, negative=0.9),
        ValueError,
        "anchor_targets: negative must be at most positive",
    ),
    (
        lambda: targets.anchor_targets(BOX.astype(np.float32), BOX.astype(np.float32) * 1e30, ONE),
        ValueError,
        "anchor_targets: boxes must be of areas up to",
    ),
    (
        lambda: targets.anchor_targets(BOX, BOX, ONE, weights=(1, 1)),
        ValueError,
        "anchor_targets: weights must",
    ),
    (lambda: targets.sample_anchors([1]), TypeError, "sample_anchors: labels must be"),
    (
        lambda: targets.sample_anchors(np.zeros((1, 1), int)),
        ValueError,
        "sample_anchors: labels must be of shape",
    ),
    (
        lambda: targets.sample_anchors(np.zeros((), int)),
        ValueError,
        "sample_anchors: labels must be of shape",
    ),
    (lambda: targets.sample_anchors(ONE, -1), ValueError, "sample_anchors: seed must be"),
    (lambda: targets.sample_anchors(ONE, count=0), ValueError, "sample_anchors: count must be"),
    (lambda: targets.point_targets(3, [8], BOX, ONE), TypeError, "point_targets: shapes must be a sequence"),
    (
        lambda: targets.point_targets([], [], BOX, ONE),
        ValueError,
        "point_targets: shapes must be of one level",
    ),
    (
        lambda: targets.point_targets([(2, 2)], [8], BOX, ONE),
        ValueError,
        "point_targets: limits must be 0 numbers",
    ),
    (
        lambda: targets.point_targets([(2, 2)] * 3, [8, 16, 32], BOX, ONE, limits=(9, 4)),
        ValueError,
        "point_targets: limits must be growing",
    ),
    (
        lambda: targets.point_targets([(2, 2)], [8, 9], BOX, ONE, limits=()),
        ValueError,
        "point_targets: strides must be 1 numbers",
    ),
    (
        lambda: targets.point_targets([(2, 0)], [8], BOX, ONE, limits=()),
        ValueError,
        r"point_targets: shapes\[0\]\[1\] must be",
    ),
    (
        lambda: targets.point_targets([(2, 2)], [0], BOX, ONE, limits=()),
        ValueError,
        r"point_targets: strides\[0\] must be",
    ),
    (
        lambda: targets.point_targets([(2, 2)], [8], BOX, ONE, limits=(), radius=0),
        ValueError,
        "point_targets: radius must be None or",
    ),
    (lambda: targets.gaussian_radius(np.zeros((1, 2))), ValueError, "gaussian_radius: sizes must be above 0"),
    (lambda: targets.gaussian_radius(np.ones((1, 3))), ValueError, "gaussian_radius: sizes must be of shape"),
    (
        lambda: targets.gaussian_radius(np.ones((1, 2)), min_overlap=1),
        ValueError,
        "gaussian_radius: min_overlap must be",
    ),
    (
        lambda: targets.heatmap_targets(BOX + 100, ONE, (4, 4), 1),
        ValueError,
        "heatmap_targets: boxes must be with their centres within 16 × 16 pixels, got .* in row 0",
    ),
    (
        lambda: targets.heatmap_targets(BOX, ONE + 3, (4, 4), 3),
        ValueError,
        "labels must be from 0 to 2, got 3",
    ),
    (lambda: targets.heatmap_targets(BOX, ONE, (4, 4), 0), ValueError, "heatmap_targets: classes must be"),
    (lambda: targets.heatmap_targets(BOX, ONE, 4, 1), TypeError, "heatmap_targets: shape must be"),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_named(case: int) -> None:
    call, error, text = WRONG[case]
    with pytest.raises(error, match=text):
        call()
