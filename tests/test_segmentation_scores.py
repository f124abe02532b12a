"""Segmentation scores: against their slow twin, laws, and what they refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import reference.metrics as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc.metrics import SegmentationScores

DTYPES = (np.uint8, np.uint16, np.int32, np.uint32, np.int64)
WIDTHS = (*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 1023, 1024, 1025)


def segments(rng, shape, n, dtype):
    """Runs of equal labels of many lengths, and some noise."""
    size = int(np.prod(shape))
    labels = np.repeat(rng.integers(0, n, size), rng.integers(1, 90, size))[:size]
    return np.where(rng.random(size) < 0.02, rng.integers(0, n, size), labels).reshape(shape).astype(dtype)


def check(pred, truth, n, ignore=None):
    scores = imgproc.segmentation_scores(pred, truth, n, ignore=ignore)
    expected = slow.confusion_matrix(pred, truth, n, ignore)
    assert scores.confusion.dtype == np.int64
    np.testing.assert_array_equal(scores.confusion, expected)
    np.testing.assert_allclose(
        [scores.precision, scores.recall, scores.f1, scores.iou],
        slow.segmentation_scores(expected),
        rtol=1e-15,
    )
    return scores


def test_twin_over_dtypes_and_widths(level, threads, rng):
    for (first, second), width in zip(
        itertools.cycle(itertools.product(DTYPES, DTYPES)), WIDTHS * 2, strict=False
    ):
        for n in (1, 3, 45, 46, 200):
            shape = (2, width)
            check(segments(rng, shape, n, first), segments(rng, shape, n, second), n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ignored_pixels_do_not_count_whatever_was_predicted(dtype, level, threads, rng):
    truth, pred = segments(rng, (7, 300), 5, dtype), segments(rng, (7, 300), 5, dtype)
    ignore = 255 if dtype in (np.uint8, np.uint32) else 7 if dtype == np.uint16 else -1
    places = rng.random(truth.shape) < 0.3
    truth[places] = dtype(ignore)
    pred[places] = 200
    check(pred, truth, 5, ignore)


def test_an_ignored_class_within_range(rng):
    truth = np.array([[0, 1, 2, 2]], np.uint8)
    assert imgproc.segmentation_scores(truth, truth, 3, ignore=2).confusion.sum() == 2


def test_strides_shapes_and_read_only(rng):
    truth, pred = segments(rng, (24, 33, 4), 6, np.uint16), segments(rng, (24, 33, 4), 6, np.int32)
    expected = imgproc.segmentation_scores(pred, truth, 6).confusion
    pred.flags.writeable = False
    np.testing.assert_array_equal(
        imgproc.segmentation_scores(pred.ravel(), truth.ravel(), 6).confusion, expected
    )
    np.testing.assert_array_equal(
        imgproc.segmentation_scores(np.asfortranarray(pred), truth, 6).confusion, expected
    )
    np.testing.assert_array_equal(
        imgproc.segmentation_scores(pred[::-1, ::-1], truth[::-1, ::-1], 6).confusion, expected
    )
    every = imgproc.segmentation_scores(pred[:, ::2], truth[:, ::2], 6).confusion
    np.testing.assert_array_equal(every, slow.confusion_matrix(pred[:, ::2], truth[:, ::2], 6))


def test_what_nothing_divides_is_nan():
    scores = imgproc.segmentation_scores(np.array([0, 0, 2], np.uint8), np.array([0, 1, 0], np.uint8), 4)
    nan = np.nan
    np.testing.assert_array_equal(scores.precision, [0.5, nan, 0, nan])
    np.testing.assert_array_equal(scores.recall, [0.5, 0, nan, nan])
    np.testing.assert_array_equal(scores.f1, [0.5, 0, 0, nan])
    np.testing.assert_array_equal(scores.iou, [1 / 3, 0, 0, nan])
    assert scores.mean_iou == pytest.approx(1 / 9)
    nothing = imgproc.segmentation_scores(np.zeros(3, np.uint8), np.full(3, 9, np.uint8), 2, ignore=9)
    assert np.isnan(nothing.accuracy) and np.isnan(nothing.mean_iou)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 9), size=st.integers(1, 400), seed=st.integers(0, 2**32))
def test_laws(n, size, seed):
    rng = np.random.default_rng(seed)
    truth, pred = rng.integers(0, n, (2, size)).astype(np.int32)
    scores = imgproc.segmentation_scores(pred, truth, n)
    assert scores.confusion.sum() == size
    assert scores.accuracy == np.mean(pred == truth)
    turned = imgproc.segmentation_scores(truth, pred, n)
    np.testing.assert_array_equal(turned.confusion, scores.confusion.T)
    np.testing.assert_array_equal(turned.iou, scores.iou)
    np.testing.assert_allclose(scores.f1, 2 * scores.iou / (1 + scores.iou), rtol=1e-12)
    same = imgproc.segmentation_scores(truth, truth, n)
    assert same.accuracy == same.mean_iou == 1
    both = SegmentationScores.from_confusion(scores.confusion + same.confusion)
    joined = imgproc.segmentation_scores(np.append(pred, truth), np.append(truth, truth), n)
    np.testing.assert_array_equal(both.confusion, joined.confusion)
    assert both.mean_iou == joined.mean_iou and both.accuracy == joined.accuracy


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_out_of_range_are_named_by_position(dtype, level, threads):
    high = {np.uint32: 2**32 - 1, np.int64: 2**40}.get(dtype, 100)
    for value in (5, high, *([] if np.dtype(dtype).kind == "u" else [-1])):
        for name, place in (("truth", (3, 70)), ("pred", (8, 1)), ("truth", (9, 99))):
            maps = {"pred": np.zeros((10, 100), dtype), "truth": np.zeros((10, 100), dtype)}
            maps[name][place] = value
            at = rf"got {value} at \({place[0]}, {place[1]}\)$"
            with pytest.raises(
                ValueError, match=rf"^segmentation_scores: {name} must be a class from 0 to 4 .*{at}"
            ):
                imgproc.segmentation_scores(**maps, n_classes=5)
            if name == "pred":
                # Beside an ignored pixel it still counts; at one it does not.
                maps["truth"][place] = 4
                imgproc.segmentation_scores(**maps, n_classes=5, ignore=4)
                maps["truth"][0, 0] = 4
                maps["truth"][place] = 0
                with pytest.raises(ValueError, match=rf"that is not ignored, {at}"):
                    imgproc.segmentation_scores(**maps, n_classes=5, ignore=4)


def test_bad_input_is_named():
    good = np.zeros((4, 5), np.uint8)
    bad = [None, [[0]], good.astype(float), good.astype(bool), good.astype(np.int16), good.astype(">u2")]
    bad += [np.ma.masked_array(good), good[:0], np.uint8(3)[()], good.astype(object)]
    for value in bad:
        for name in ("pred", "truth"):
            arguments = {"pred": good, "truth": good} | {name: value}
            with pytest.raises(
                (TypeError, ValueError), match=rf"^segmentation_scores: {name} must be .*, got "
            ):
                imgproc.segmentation_scores(**arguments, n_classes=2)
    with pytest.raises(ValueError, match=r"pred must be of the shape of truth, \(4, 5\), got shape \(5, 4\)"):
        imgproc.segmentation_scores(good.T, good, 2)
    for name, parameter in imgproc.operations("labels")["segmentation_scores"].parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises(
                (TypeError, ValueError), match=rf"^segmentation_scores: {name} must be .*, got "
            ):
                imgproc.segmentation_scores(good, good, **({"n_classes": 2} | {name: value}))
    for matrix in (
        None,
        np.zeros((2, 3), int),
        np.zeros((0, 0), int),
        np.eye(2),
        -np.eye(2, dtype=int),
        [[1]],
        np.array([[2**63]], np.uint64),
        np.full((2, 2), 2**60),
    ):
        match = r"^SegmentationScores.from_confusion: confusion must be .*, got "
        with pytest.raises((TypeError, ValueError), match=match):
            SegmentationScores.from_confusion(matrix)


def test_scores_equal_scikit_learn(rng):
    """It puts 0 for 0 / 0 unless told to give NaN."""
    metrics = pytest.importorskip("sklearn.metrics")
    truth, pred = rng.integers(0, 9, (2, 4000))
    truth[rng.random(4000) < 0.5] = 3
    scores = imgproc.segmentation_scores(pred, truth, 10)
    labels = range(10)
    np.testing.assert_array_equal(scores.confusion, metrics.confusion_matrix(truth, pred, labels=labels))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, pred, labels=labels, zero_division=np.nan
    )
    np.testing.assert_allclose(scores.precision, precision, rtol=1e-14)
    np.testing.assert_allclose(scores.recall, recall, rtol=1e-14)
    np.testing.assert_allclose(scores.f1, f1, rtol=1e-14)
    iou = metrics.jaccard_score(truth, pred, labels=range(9), average=None)
    np.testing.assert_allclose(scores.iou[:9], iou, rtol=1e-14)
    assert scores.accuracy == metrics.accuracy_score(truth, pred)
