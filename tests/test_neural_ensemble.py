"""Ensembles, views of one image, and scores of active learning: closed forms, slow twins and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_training as reference

import imgproc
from imgproc import Detections
from imgproc.neural import Geometry, active, ensemble, views


def test_majority_error_starts_at_the_majority() -> None:
    """Lecture notes sum from 0, which gives 1, and print 0.043, which no start gives for their ten models."""
    assert round(ensemble.majority_error(10, 1 / 3), 3) == 0.077
    assert math.isclose(sum(math.comb(10, i) * (1 / 3) ** i * (2 / 3) ** (10 - i) for i in range(11)), 1)
    printed = [
        sum(math.comb(10, i) * (1 / 3) ** i * (2 / 3) ** (10 - i) for i in range(s, 11)) for s in range(11)
    ]
    assert all(round(error, 3) != 0.043 for error in printed)
    for n in (1, 2, 3, 10, 11, 60):
        for e in (0.0, 1e-6, 0.2, 0.5, 0.9, 1.0):
            assert math.isclose(
                ensemble.majority_error(n, e), reference.majority_error(n, e), rel_tol=1e-11, abs_tol=1e-300
            )
    assert ensemble.majority_error(1, 0.3) == pytest.approx(0.3)
    assert ensemble.majority_error(999, 0.4) < 1e-9 and ensemble.majority_error(999, 0.6) > 1 - 1e-9


@given(st.integers(1, 200), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_an_odd_majority_is_wrong_or_right(n: int, e: float) -> None:
    odd = 2 * n - 1
    assert math.isclose(
        ensemble.majority_error(odd, e) + ensemble.majority_error(odd, 1 - e), 1, rel_tol=1e-9
    )


@given(st.integers(1, 6), st.integers(0, 9), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_votes(models: int, items: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    votes, weights = rng.integers(0, classes, (models, items)), rng.integers(1, 4, models).astype(float)
    for given_weights in (None, weights.tolist()):
        counts = [
            [
                sum(w for v, w in zip(votes[:, i], given_weights or [1] * models, strict=True) if v == k)
                for k in range(classes)
            ]
            for i in range(items)
        ]
        wanted = [row.index(max(row)) for row in counts]
        found = ensemble.vote(votes, classes, weights=given_weights)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(
            ensemble.vote(votes.astype(np.uint8)[:, None], classes, weights=given_weights), [wanted]
        )


def test_average_logits(rng: np.random.Generator) -> None:
    z = rng.normal(0, 3, (3, 4, 5, 6))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ensemble.average_logits(z), p.mean(axis=0), rtol=1e-12)
    weighted = ensemble.average_logits(z, weights=[1, 0, 3])
    np.testing.assert_allclose(weighted, (p[0] + 3 * p[2]) / 4, rtol=1e-12)
    geometric = np.exp(np.log(p).mean(axis=0))
    np.testing.assert_allclose(
        ensemble.average_logits(z, mean="logits"), geometric / geometric.sum(axis=0), rtol=1e-12
    )
    last = ensemble.average_logits(np.moveaxis(z, 1, -1).astype(np.float32), axis=-1)
    assert last.dtype == np.float32
    np.testing.assert_allclose(np.moveaxis(last, -1, 0), p.mean(axis=0), rtol=1e-5)


def some(rng: np.random.Generator, n: int) -> Detections:
    starts = rng.uniform(0, 60, (n, 2))
    boxes = np.hstack([starts, starts + rng.uniform(8, 30, (n, 2))])
    return Detections(boxes, rng.random(n), rng.integers(0, 2, n))


def test_merged_detections_are_those_of_the_library(rng: np.random.Generator) -> None:
    parts = [some(rng, n) for n in (6, 0, 9)]
    weights = [1.0, 2.0, 0.5]
    fused = ensemble.merge_detections(parts, weights=weights, iou_threshold=0.4)
    boxes, scores, labels = imgproc.weighted_boxes_fusion(
        [p.boxes for p in parts],
        [p.scores for p in parts],
        [p.labels for p in parts],
        weights=weights,
        iou_threshold=0.4,
    )
    assert fused == Detections(boxes, scores, labels)
    kept = ensemble.merge_detections(parts, method="nms", weights=weights, iou_threshold=0.4)
    whole = Detections.concat(parts)
    ranks = np.concatenate([p.scores.astype(float) * w for p, w in zip(parts, weights, strict=True)])
    assert kept == whole[imgproc.nms(whole.boxes, ranks, 0.4, labels=whole.labels)]
    for method in ("wbf", "nms"):
        assert len(ensemble.merge_detections([], method=method)) == 0
        assert len(ensemble.merge_detections([Detections.empty()] * 2, method=method)) == 0


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.05, 3))
@settings(max_examples=60, deadline=None)
def test_the_way_back_from_a_view_is_exact(height: int, width: int, scale: float) -> None:
    for geometry in views.make_views((height, width), scales=(scale,)):
        h, w = geometry.input_shape
        whole = geometry.boxes_to_image(np.array([[0.0, 0, w, h]]))
        np.testing.assert_allclose(whole, [[0, 0, width, height]], rtol=1e-15)
        boxes = np.array([[0.1 * width, 0.2 * height, 0.5 * width, 0.9 * height]])
        np.testing.assert_allclose(geometry.boxes_to_image(geometry.boxes_to_input(boxes)), boxes, rtol=1e-12)


def test_detections_of_all_views_meet() -> None:
    """Boxes found in each view lie on each other in the image, so that merging leaves one for each object."""
    image = np.zeros((40, 60), np.uint8)
    image[8:24, 10:30], image[20:36, 40:56] = 255, 255

    def detect(view: np.ndarray) -> Detections:
        found = imgproc.connected_components((view > 127).astype(np.uint8))
        rows = [np.nonzero(found.labels == label) for label in range(1, found.count + 1)]
        return Detections(
            np.array([[c.min(), r.min(), c.max() + 1, r.max() + 1] for r, c in rows], float).reshape(-1, 4)
        )

    for method in ("wbf", "nms"):
        found = views.detect_in_views(image, detect, scales=(1, 2, 0.5), method=method)
        assert len(found) == 2
        order = np.argsort(found.boxes[:, 0])
        np.testing.assert_allclose(found.boxes[order], [[10, 8, 30, 24], [40, 20, 56, 36]], atol=1.01)
    single = views.detect_in_views(image, detect, flips=(True,))
    np.testing.assert_array_equal(
        single.boxes[np.argsort(single.boxes[:, 0])], [[10, 8, 30, 24], [40, 20, 56, 36]]
    )


def test_segmentation_of_views_is_their_mean(rng: np.random.Generator) -> None:
    image = rng.random((10, 14)).astype(np.float32)

    def segment(view: np.ndarray) -> np.ndarray:
        return np.stack([view, 1 - view, np.zeros_like(view)])[:, ::1]

    # A network that sees no left or right gives the same from both views.
    plain = views.segment_in_views(image, segment, flips=(False,))
    np.testing.assert_allclose(views.segment_in_views(image, segment), plain, rtol=1e-6)
    z = segment(image).astype(float)
    np.testing.assert_allclose(plain, np.exp(z) / np.exp(z).sum(axis=0), rtol=1e-5)
    assert plain.dtype == np.float32

    far = views.segment_in_views(
        image, lambda view: np.stack([np.zeros(view.shape), np.full(view.shape, 1e70)])
    )
    assert (far[1] == 1).all()

    # Logits of a quarter of the size, float64, from views of two scales.
    def coarse(view: np.ndarray) -> np.ndarray:
        return segment(
            imgproc.resize(view, (-(-view.shape[0] // 4), -(-view.shape[1] // 4)), method="area")
        ).astype(float)

    found = views.segment_in_views(image, coarse, scales=(1, 2))
    assert found.shape == (3, 10, 14)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-5)
    mirrored = views.segment_in_views(np.ascontiguousarray(image[:, ::-1]), coarse, scales=(1, 2))
    np.testing.assert_allclose(mirrored[..., ::-1], found, atol=1e-6)


def rows(rng: np.random.Generator, n: int = 50, k: int = 4) -> np.ndarray:
    p = rng.dirichlet(np.full(k, 0.3), n)
    p[0], p[1] = np.eye(k)[0], 1 / k
    return p


def test_scores_of_uncertainty(rng: np.random.Generator) -> None:
    p = rows(rng)
    entropies = [-sum(v * math.log(v) for v in row if v > 0) for row in p.tolist()]
    np.testing.assert_allclose(active.entropy(p), entropies, rtol=1e-12, atol=1e-15)
    ranked = np.sort(p, axis=1)
    np.testing.assert_allclose(active.margin(p), 1 - (ranked[:, -1] - ranked[:, -2]), rtol=1e-13)
    np.testing.assert_allclose(active.least_confidence(p), 1 - p.max(axis=1), rtol=1e-13)
    for score, most in ((active.entropy, math.log(4)), (active.margin, 1), (active.least_confidence, 0.75)):
        values = score(p)
        assert values[0] == 0 and values[1] == pytest.approx(most)
        assert (values >= 0).all() and (values <= most + 1e-12).all()
        assert score(p.astype(np.float32)).dtype == np.float64
        assert score(p[:0]).shape == (0,)


def test_committees(rng: np.random.Generator) -> None:
    votes = rng.integers(0, 3, (5, 40))
    wanted = []
    for column in votes.T.tolist():
        shares = [column.count(k) / 5 for k in range(3)]
        wanted.append(-sum(v * math.log(v) for v in shares if v > 0))
    np.testing.assert_allclose(active.vote_entropy(votes, 3), wanted, rtol=1e-12, atol=1e-15)
    p = np.stack([rows(rng) for _ in range(4)])
    divergence = active.committee_divergence(p)
    # The entropy of the mean less the mean of the entropies.
    of_mean = active.entropy(p.mean(axis=0))
    np.testing.assert_allclose(
        divergence, of_mean - np.mean([active.entropy(one) for one in p], axis=0), rtol=1e-9, atol=1e-12
    )
    assert (divergence <= math.log(4) + 1e-12).all()
    np.testing.assert_array_equal(active.committee_divergence(p[:1]), 0)
    eyes = np.eye(4)[:, None]
    np.testing.assert_allclose(active.committee_divergence(eyes), math.log(4))


@given(st.integers(0, 12), st.integers(0, 3), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_k_centre_equals_its_twin(n: int, labelled: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 6, (n, 2)).astype(float)  # with ties, and equal places
    chosen = rng.permutation(n)[:labelled].tolist()
    count = int(rng.integers(0, n - len(chosen) + 1))
    found = active.greedy_k_centre(points, count, chosen)
    np.testing.assert_array_equal(found, reference.k_centre(points.tolist(), count, chosen))
    assert len({*found.tolist(), *chosen}) == count + len(chosen)


P = np.full((2, 2), 0.5)
V = np.zeros((2, 3), int)
IMAGE = np.zeros((4, 4), np.uint8)
PART = Detections(np.array([[0.0, 0, 1, 1]]), np.array([-1.0]))
WRONG: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: ensemble.average_logits(np.zeros((1, 0, 2))),
        ValueError,
        "average_logits: logits must be of one class",
    ),
    (lambda: ensemble.majority_error(0, 0.5), ValueError, "majority_error: models must be"),
    (lambda: ensemble.majority_error(3, 1.5), ValueError, "majority_error: error must be"),
    (lambda: ensemble.vote(V.astype(float), 2), TypeError, "vote: votes must be an integer array"),
    (lambda: ensemble.vote(V + 2, 2), ValueError, "vote: votes must be from 0 to 1, got 2"),
    (lambda: ensemble.vote(V[:0], 2), ValueError, "vote: votes must be of one model or more"),
    (lambda: ensemble.vote(V, 2, weights=[0, 0]), ValueError, "vote: weights must be .* not all 0"),
    (lambda: ensemble.vote(V, 2, weights=[1]), ValueError, "vote: weights must be"),
    (lambda: ensemble.average_logits(np.zeros(())), ValueError, "average_logits: logits must be of shape"),
    (
        lambda: ensemble.average_logits(np.zeros((0, 2))),
        ValueError,
        "average_logits: logits must be of one model",
    ),
    (lambda: ensemble.average_logits(np.zeros((1, 2)), axis=0), ValueError, "average_logits: axis must be"),
    (lambda: ensemble.average_logits(np.zeros((1, 2)), axis=2), ValueError, "average_logits: axis must be"),
    (
        lambda: ensemble.average_logits(np.zeros((1, 2)), mean="max"),
        ValueError,
        "average_logits: mean must be",
    ),
    (
        lambda: ensemble.average_logits(np.full((1, 2), np.nan)),
        ValueError,
        "average_logits: logits must be finite",
    ),
    (lambda: ensemble.merge_detections(PART), TypeError, "merge_detections: parts must be a sequence"),
    (lambda: ensemble.merge_detections([P]), TypeError, r"merge_detections: parts\[0\] must be Detections"),
    (
        lambda: ensemble.merge_detections([PART]),
        ValueError,
        r"merge_detections: parts\[0\] must be of scores >= 0",
    ),
    (
        lambda: ensemble.merge_detections([PART], method="mean"),
        ValueError,
        "merge_detections: method must be",
    ),
    (
        lambda: ensemble.merge_detections([PART], iou_threshold=2),
        ValueError,
        "merge_detections: iou_threshold",
    ),
    (
        lambda: ensemble.merge_detections([PART, PART], method="nms", weights=[1, 0]),
        ValueError,
        "merge_detections: weights must be above 0",
    ),
    (lambda: views.make_views((0, 3)), ValueError, r"make_views: shape\[0\] must be"),
    (lambda: views.make_views((3, 3), scales=1), TypeError, "make_views: scales must be a sequence"),
    (lambda: views.make_views((3, 3), scales=()), ValueError, "make_views: scales must be of one or more"),
    (lambda: views.make_views((3, 3), scales=(0,)), ValueError, r"make_views: scales\[0\] must be"),
    (lambda: views.make_views((3, 3), flips=(1,)), TypeError, r"make_views: flips\[0\] must be"),
    (lambda: views.view_image(IMAGE, (4, 4)), TypeError, "view_image: geometry must be"),
    (
        lambda: views.view_image(IMAGE, Geometry((4, 4), (8, 8), offset=(1.0, 0.0))),
        ValueError,
        "view_image: geometry must be of a whole image",
    ),
    (lambda: views.detect_in_views([1], len), TypeError, "detect_in_views: image must be"),
    (lambda: views.detect_in_views(IMAGE, 3), TypeError, "detect_in_views: detect must be"),
    (
        lambda: views.detect_in_views(IMAGE, len),
        TypeError,
        "detect_in_views: what detect gives must be Detections",
    ),
    (lambda: views.segment_in_views(IMAGE, None), TypeError, "segment_in_views: segment must be"),
    (lambda: views.segment_in_views(IMAGE, len), TypeError, "segment_in_views: what segment gives must be"),
    (
        lambda: views.segment_in_views(IMAGE, lambda view: np.zeros((0, 2, 2))),
        ValueError,
        "segment_in_views: what segment gives must be of one class",
    ),
    (lambda: active.entropy(P[0]), ValueError, r"entropy: probabilities must be of shape \(N, K\)"),
    (lambda: active.entropy(P * 3), ValueError, "entropy: probabilities must be from 0 to 1, got 1.5"),
    (lambda: active.entropy(P / 3), ValueError, "entropy: probabilities must be of rows that sum to 1"),
    (lambda: active.entropy(P * np.nan), ValueError, "entropy: probabilities must be finite"),
    (
        lambda: active.entropy(np.zeros((2, 0))),
        ValueError,
        "entropy: probabilities must be of 1 or more classes",
    ),
    (lambda: active.entropy(np.eye(2, dtype=int)), TypeError, "entropy: probabilities must be"),
    (
        lambda: active.margin(np.ones((2, 1))),
        ValueError,
        "margin: probabilities must be of 2 or more classes",
    ),
    (lambda: active.vote_entropy(V[:0], 2), ValueError, "vote_entropy: votes must be of one model"),
    (lambda: active.vote_entropy(V, 0), ValueError, "vote_entropy: classes must be"),
    (
        lambda: active.committee_divergence(np.zeros((0, 2, 2))),
        ValueError,
        "committee_divergence: probabilities",
    ),
    (lambda: active.greedy_k_centre(P, 3), ValueError, "greedy_k_centre: count must be at most the 2 items"),
    (
        lambda: active.greedy_k_centre(P, 2, [0]),
        ValueError,
        "greedy_k_centre: count must be at most the 1 items",
    ),
    (lambda: active.greedy_k_centre(P, 1, [2]), ValueError, "greedy_k_centre: chosen must be .* got 2"),
    (lambda: active.greedy_k_centre(P, 1, [0.5]), TypeError, "greedy_k_centre: chosen must be"),
    (lambda: active.greedy_k_centre(P, 1, 3), TypeError, "greedy_k_centre: chosen must be"),
    (lambda: active.greedy_k_centre(P, 1, [[0], [1, 2]]), TypeError, "greedy_k_centre: chosen must be"),
    (lambda: active.greedy_k_centre(P * np.inf, 1), ValueError, "greedy_k_centre: points must be finite"),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_named(case: int) -> None:
    call, error, text = WRONG[case]
    with pytest.raises(error, match=text):
        call()
