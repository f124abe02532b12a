"""Panoptic quality: against its slow twin, the rules of the paper, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import reference.metrics as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc

DTYPES = (np.uint8, np.uint16, np.int32, np.uint32, np.int64)


def scene(rng, height, width, count, dtype=np.int32, top=200):
    """A map of overlapping rectangles with void between them, and the classes of those that are left."""
    labels = np.zeros((height, width), dtype)
    for _ in range(count):
        (y, x), (h, w) = rng.integers(0, (height, width)), rng.integers(0, (height, width)) // 2 + 1
        labels[y : y + h, x : x + w] = rng.integers(1, top)
    return labels, {int(i): int(rng.integers(0, 3)) for i in np.unique(labels) if i}


def disturbed(rng, labels, table, dtype):
    """Moved by a pixel, some ids renamed, some classes changed, some pixels lost."""
    moved = np.roll(labels, 1, 1)
    names = {old: new for new, old in enumerate(rng.permutation(list(table)).tolist(), 1)}
    pred = np.zeros(labels.shape, dtype)
    for old, new in names.items():
        pred[moved == old] = new
    pred[rng.random(labels.shape) < 0.05] = 0
    wrong = rng.random(len(names)) < 0.2
    classes = {new: (table[old] + int(odd)) % 3 for (old, new), odd in zip(names.items(), wrong, strict=True)}
    return pred, {i: classes[i] for i in np.unique(pred).tolist() if i}


def check(pred, truth, own, real, crowd=()):
    quality = imgproc.panoptic_quality(pred, truth, own, real, crowd=crowd)
    expected = slow.panoptic_quality(pred, truth, own, real, crowd)
    assert quality.classes.tolist() == list(expected)
    counts = zip(quality.true_positives, quality.false_positives, quality.false_negatives, strict=True)
    assert [list(row) for row in counts] == [row[:3] for row in expected.values()]
    np.testing.assert_allclose(quality.iou_sums, [row[3] for row in expected.values()], rtol=1e-12)
    return quality


@pytest.mark.parametrize("dtype", DTYPES)
def test_twin(dtype, level, threads, rng):
    for height, width in ((1, 1), (1, 9), (5, 31), (6, 33), (9, 64), (40, 65), (3, 1025)):
        truth, real = scene(rng, height, width, 9, dtype)
        pred, own = disturbed(rng, truth, real, DTYPES[(DTYPES.index(dtype) + 2) % 5])
        crowd = [i for i in real if rng.random() < 0.2]
        check(pred, truth, own, real)
        check(pred, truth, own, real, crowd)


def test_many_pairs_and_large_ids(level, threads, rng):
    """More pairs than the hash table starts with, and ids up to the largest."""
    truth = (2**31 - 1 - rng.permutation(900)).reshape(30, 30).repeat(2, 0).repeat(3, 1)
    pred = np.roll(truth, 1, 1)
    table = {i: i % 5 for i in np.unique(truth).tolist()}
    check(pred, truth, table, table)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 12))
def test_laws(seed, count):
    rng = np.random.default_rng(seed)
    truth, real = scene(rng, 20, 30, count)
    pred, own = disturbed(rng, truth, real, np.int32)
    same = imgproc.panoptic_quality(truth, truth, real, real)
    assert same.pq == same.sq == same.rq == 1
    quality = imgproc.panoptic_quality(pred, truth, own, real)
    np.testing.assert_allclose(quality.class_pq, quality.class_sq * quality.class_rq, rtol=1e-12)
    assert (quality.true_positives + quality.false_negatives).sum() == len(real)
    turned = np.rot90(pred, 1), np.rot90(truth, 1)
    np.testing.assert_array_equal(imgproc.panoptic_quality(*turned, own, real).class_pq, quality.class_pq)
    parts = [quality.of([0]), quality.of([1, 2])]
    joined = parts[0] + parts[1] + same
    assert np.array_equal(sum([*parts, same]).iou_sums, joined.iou_sums)
    with pytest.raises(TypeError):
        sum(parts, 1)
    whole = quality + same
    np.testing.assert_array_equal(joined.classes, whole.classes)
    np.testing.assert_allclose(joined.class_pq, whole.class_pq, rtol=1e-12)


def test_half_is_no_match_and_more_is():
    truth = np.array([[1] * 4 + [0] * 4], np.uint8)
    for width, hits in ((4, 1), (3, 1), (2, 0)):
        pred = np.zeros((1, 8), np.uint8)
        pred[0, :width] = 1
        quality = imgproc.panoptic_quality(pred, truth, {1: 0}, {1: 0})
        assert quality.true_positives.tolist() == [hits]
        assert quality.false_negatives.tolist() == quality.false_positives.tolist() == [1 - hits]


def test_void_leaves_the_union_and_forgives():
    truth = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 2, 2]], np.uint8)
    pred = np.array([[5, 5, 5, 5, 5, 5, 5, 5, 0, 0]], np.uint8)
    quality = imgproc.panoptic_quality(pred, truth, {5: 0}, {1: 0, 2: 1})
    assert quality.iou_sums.tolist() == [1, 0] and quality.false_negatives.tolist() == [0, 1]
    assert quality.pq == 0.5
    # Of the wrong class; half on void is not more than half, three quarters are.
    assert imgproc.panoptic_quality(pred, truth, {5: 1}, {1: 0, 2: 1}).false_positives.tolist() == [0, 1]
    truth[0, :2] = 0
    assert imgproc.panoptic_quality(pred, truth, {5: 1}, {1: 0, 2: 1}).false_positives.tolist() == [0, 0]


def test_crowds_forgive_their_own_class_alone_and_all_of_them_do():
    truth = np.array([[1, 1, 1, 2, 2, 2, 3, 3]], np.uint8)
    pred = np.array([[7, 7, 7, 7, 7, 7, 7, 9]], np.uint8)
    classes = {1: 4, 2: 4, 3: 5}
    quality = imgproc.panoptic_quality(pred, truth, {7: 4, 9: 5}, classes, crowd=[1, 2])
    assert quality.classes.tolist() == [4, 5]
    assert quality.false_positives.tolist() == [0, 1] and quality.false_negatives.tolist() == [0, 1]
    assert np.isnan(quality.class_pq[0]) and quality.pq == 0
    other = imgproc.panoptic_quality(pred, truth, {7: 5, 9: 5}, classes, crowd=[1, 2])
    assert other.false_positives.tolist() == [0, 2]


def test_without_segments_there_is_no_quality():
    nothing = imgproc.panoptic_quality(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), {}, {})
    assert np.isnan([nothing.pq, nothing.sq, nothing.rq]).all() and len(nothing.classes) == 0
    void = np.full((2, 2), 255, np.uint8)
    assert np.isnan(imgproc.panoptic_quality(void, void, {}, {}, void=255).pq)


def test_bad_input_is_named():
    truth = np.array([[0, 1], [1, 2]], np.int32)
    good = {"pred": truth, "truth": truth, "pred_segments": {1: 0, 2: 1}, "truth_segments": {1: 0, 2: 1}}
    negative, large = truth.copy(), truth.astype(np.int64)
    negative[1, 0] = -3
    large[0, 1] = 2**31
    tables = [None, [1, 2], {1: 0}, {1: 0, 2: 1, 3: 1}, {0: 1, 1: 0, 2: 1}, {1: 0, 2: 1.5}, {1: 0, "2": 1}]
    tables += [{1: 0, -2: 1}, {1: 0, 2**31: 1}, {1: 0, 2: None}, {1: 0, 2: 2**63}, {1: [0], 2: [1, 2]}]
    bad = {
        "pred": [None, truth.astype(float), truth[:1], truth[:0], negative, large],
        "truth": [None, truth.astype(np.int16), truth[:0], negative, large],
        "pred_segments": tables,
        "truth_segments": tables,
        "crowd": [None, 3, "12", [7], [1.5], [0], [-1], [None]],
        "void": [-1, 2**31, 1.5, None, True, "0", 1],
    }
    for argument, values in bad.items():
        for value in values:
            if argument == "void" and value == 1 and value is not True:
                match = r"_segments must be a table without void, 1, got one with it$"
            else:
                match = rf"^panoptic_quality: (each \w+ in )?{argument}(\[\d+\])? must be .*, got "
            if argument == "truth" and value is not None and value.shape == (0, 2):
                match = r"^panoptic_quality: truth must be at least one pixel large"
            with pytest.raises((TypeError, ValueError), match=match):
                imgproc.panoptic_quality(**(good | {argument: value}))
    with pytest.raises(ValueError, match=r"truth must be an id from 0 .*, got -3 at \(1, 0\)$"):
        imgproc.panoptic_quality(**(good | {"truth": negative}))
    with pytest.raises(ValueError, match=r"pred must be an id from 0 .*, got 2147483648 at \(0, 1\)$"):
        imgproc.panoptic_quality(**(good | {"pred": large}))
