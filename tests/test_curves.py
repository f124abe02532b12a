"""Curves of detectors: against their slow twins, laws, ties, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import reference.metrics as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc

METHODS = ("coco", "voc", "voc11")


def drawn(rng, n, levels=7, dtype=np.float64):
    """Detections with many equal scores."""
    return rng.random(n) < 0.6, (rng.integers(0, levels, n) / levels).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ties", ["order", "group"])
def test_curves_equal_the_twin(dtype, ties, rng):
    for n in (*range(6), 17, 100):
        for levels in (1, 7, 10**6):
            matched, scores = drawn(rng, n, levels, dtype)
            truth = int(matched.sum()) + int(rng.integers(0, 5)) + 1
            curve = imgproc.precision_recall(matched, scores, truth, ties=ties)
            expected = slow.precision_recall(matched, scores, truth, ties == "group")
            for ours, theirs in zip(curve, expected, strict=True):
                assert ours.dtype == np.float64
                np.testing.assert_array_equal(ours, theirs)
            roc = imgproc.roc_curve(matched, scores, truth, 9, ties=ties)
            points = slow.ranked(matched, scores, ties == "group")
            np.testing.assert_array_equal(roc.detection_rate, [t / truth for _, t, _ in points])
            np.testing.assert_array_equal(roc.false_positives, [f / 9 for _, _, f in points])
            np.testing.assert_array_equal(roc.thresholds, curve.thresholds)
            for method in METHODS:
                np.testing.assert_allclose(
                    imgproc.average_precision(curve.recall, curve.precision, method=method),
                    slow.average_precision(curve.recall, curve.precision, method),
                    rtol=1e-12,
                )


def test_equal_scores_keep_their_order_or_become_one_point():
    matched, scores = np.array([False, True, True]), np.full(3, 0.5, np.float32)
    assert imgproc.precision_recall(matched, scores, 2).precision.tolist() == [0, 1 / 2, 2 / 3]
    grouped = imgproc.precision_recall(matched, scores, 2, ties="group")
    assert [part.tolist() for part in grouped] == [[2 / 3], [1], [0.5]]


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 40), levels=st.integers(1, 9), seed=st.integers(0, 2**32), missed=st.integers(0, 5))
def test_laws(n, levels, seed, missed):
    rng = np.random.default_rng(seed)
    matched, scores = drawn(rng, n, levels)
    truth = max(int(matched.sum()) + missed, 1)
    order = rng.permutation(n)
    grouped = imgproc.precision_recall(matched, scores, truth, ties="group")
    shuffled = imgproc.precision_recall(matched[order], scores[order], truth, ties="group")
    for a, b in zip(grouped, shuffled, strict=True):
        np.testing.assert_array_equal(a, b)
    curve = imgproc.precision_recall(matched, scores, truth)
    assert (np.diff(curve.recall) >= 0).all() and (np.diff(curve.thresholds) <= 0).all()
    roc = imgproc.roc_curve(matched, scores, truth, 3)
    assert (np.diff(roc.detection_rate) >= 0).all() and (np.diff(roc.false_positives) >= 0).all()
    for method in METHODS:
        area = imgproc.average_precision(curve.recall, curve.precision, method=method)
        assert 0 <= area <= 1
        # One more true box, found with the highest score of all.
        better = imgproc.precision_recall(np.append(matched, True), np.append(scores, 2.0), truth + 1)
        assert imgproc.average_precision(better.recall, better.precision, method=method) >= area - 1e-12


def test_a_perfect_and_an_empty_detector():
    scores = np.array([0.9, 0.8, 0.7])
    curve = imgproc.precision_recall(np.ones(3, bool), scores, 3)
    nothing = imgproc.precision_recall(np.zeros(0, bool), np.zeros(0), 3)
    for method in METHODS:
        assert imgproc.average_precision(curve.recall, curve.precision, method=method) == 1
        assert imgproc.average_precision(nothing.recall, nothing.precision, method=method) == 0


def test_whole_tenths_are_reached():
    """0.3 and 0.7 are among the recalls that numpy.linspace(0, 1, 11) puts above the nearest double."""
    for tenths in range(11):
        curve = imgproc.precision_recall(np.ones(tenths, bool), np.arange(tenths, 0, -1.0), 10)
        area = imgproc.average_precision(curve.recall, curve.precision, method="voc11")
        np.testing.assert_allclose(area, (tenths + 1) / 11 if tenths else 0)


def test_infinite_scores_are_ranked():
    scores = np.array([0.0, np.inf, -np.inf])
    assert imgproc.precision_recall(np.array([True, False, True]), scores, 2).precision.tolist() == [
        0,
        1 / 2,
        2 / 3,
    ]


def test_bad_input_is_named():
    good = {"matched": np.array([True, False]), "scores": np.array([0.5, 0.25]), "n_truth": 3, "n_images": 2}
    bad = {
        "matched": [
            None,
            [True, False],
            np.array([1, 0]),
            np.zeros((2, 1), bool),
            np.ma.masked_array([True, False]),
        ],
        "scores": [None, np.zeros(3), np.array([1, 2]), np.array([0.1, np.nan]), np.zeros((2, 1))],
        "n_truth": [0, -1, 1.5, None, True, "3"],
        "n_images": [0, -1, 1.5, None, True],
        "ties": ["first", None, 1],
    }
    for name in ("precision_recall", "roc_curve"):
        arguments = {k: v for k, v in good.items() if k != "n_images" or name == "roc_curve"}
        for argument, values in bad.items():
            if argument == "n_images" and name != "roc_curve":
                continue
            for value in values:
                with pytest.raises((TypeError, ValueError), match=rf"^{name}: {argument} must be .*, got "):
                    getattr(imgproc, name)(**(arguments | {argument: value}))
    with pytest.raises(
        ValueError, match="n_truth must be at least the number of matched detections, 2, got 1"
    ):
        imgproc.precision_recall(np.ones(2, bool), np.zeros(2), 1)
    rates = np.array([0.25, 0.5])
    wrong = [
        None,
        [0.5],
        np.array([1, 0]),
        np.zeros((2, 1)),
        np.array([0, np.nan]),
        np.array([0, 1.5]),
        rates - 1,
    ]
    for argument in ("recall", "precision"):
        for value in wrong:
            with pytest.raises(
                (TypeError, ValueError), match=rf"^average_precision: {argument} must be .*, got "
            ):
                imgproc.average_precision(**({"recall": rates, "precision": rates} | {argument: value}))
    with pytest.raises(ValueError, match="precision must be of shape"):
        imgproc.average_precision(rates, rates[:1])
    with pytest.raises(ValueError, match=r"recall must be in the order .*, got 0.25 after 0.5 at 1"):
        imgproc.average_precision(rates[::-1], rates)
    for method in ("area", None, "COCO"):
        with pytest.raises((TypeError, ValueError), match=r"^average_precision: method must be one of"):
            imgproc.average_precision(rates, rates, method=method)
