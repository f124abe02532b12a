"""The scans of dense heads: kernels against their slow twins, and the threshold of logits."""

from __future__ import annotations

import numpy as np
import pytest
import reference.neural_dense as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc._ext import dense_heads as kernels
from imgproc.neural import join_levels
from imgproc.neural.decode.heads import least_logit, sigmoid
from imgproc.neural.decode.ssd import best_of_each

LENGTHS = (*range(10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 127, 128, 129, 4095, 4096, 4097, 9000)
NOT_FINITE = (np.nan, np.inf, -np.inf)


def top(x, least, most):
    indices, values = np.empty(most, np.int64), np.empty(most, np.float32)
    found = kernels.top(x, least, indices, values)
    return None if found < 0 else (indices[:found], values[:found])


def expected_top(x, least, most):
    near = np.flatnonzero(x >= np.float32(least))
    return near[np.argsort(-x[near], kind="stable")][:most]


def test_the_best_numbers_in_order(level, rng):
    for n in LENGTHS:
        for x in (
            rng.standard_normal(n).astype(np.float32),
            rng.integers(-2, 3, n).astype(np.float32),  # mostly equal ones
            np.arange(n, dtype=np.float32),  # each above the bar
            -np.arange(n, dtype=np.float32),
        ):
            for least, most in ((-np.inf, 7), (0.5, 64), (-np.inf, n + 1), (1e9, 5), (0.0, 0)):
                indices, values = top(x, least, most)
                np.testing.assert_array_equal(indices, expected_top(x, least, most))
                np.testing.assert_array_equal(values, x[indices])


def test_many_rounds_of_the_buffer(level, rng):
    """More numbers above the bar than the buffer holds, many times over, with ties across its rounds."""
    rising = np.repeat(np.arange(6000, dtype=np.float32), 5)
    for x in (rising, rising[::-1].copy(), rng.permutation(rising)):
        for most in (1, 3, 1000, 5000):
            np.testing.assert_array_equal(top(x, -np.inf, most)[0], expected_top(x, -np.inf, most))


def test_both_zeros_and_the_ends_of_the_range(level):
    x = np.array([0.0, -0.0, 3.4028235e38, -3.4028235e38, 1e-45, -1e-45, -0.0, 0.0], np.float32)
    assert top(x, -np.inf, 8)[0].tolist() == [2, 4, 0, 1, 6, 7, 5, 3]
    assert top(x, 0.0, 3)[0].tolist() == [2, 4, 0]


@pytest.mark.parametrize("wrong", NOT_FINITE)
def test_no_place_hides_what_is_not_finite(wrong, level, rng):
    for n in (1, 63, 64, 65, 130, 4096, 4100):
        for place in {0, n // 2, n - 1}:
            x = rng.standard_normal(n).astype(np.float32)
            x[place] = wrong
            assert top(x, np.inf, 3) is None and top(x, -np.inf, 3) is None
            rows = np.zeros((n, 7), np.float32)
            rows[place, 6] = wrong
            picks = np.empty((2, n), np.int64)
            assert kernels.best_of_rows(rows, 2, 0.5, picks[0], np.empty(n, np.float32), picks[1]) == -1
            columns = np.zeros((9, n), np.float32)
            for row in (0, 3, 8):
                columns[row, place] = wrong
                got = kernels.best_of_columns(columns, 0.5, picks[0], np.empty(n, np.float32), picks[1])
                assert got == -1
                columns[row, place] = 0
            flat, values = np.empty(9 * n, np.int64), np.empty(9 * n, np.float32)
            columns[8, place] = wrong
            assert kernels.softmax(columns.T.copy(), 0, 0.5, flat, values) == -1
            logits, beside = np.zeros((n, 2), np.float32), np.zeros(n, np.float32)
            beside[place] = wrong
            few, best = np.empty(3, np.int64), np.empty(3, np.float32)
            assert kernels.top_beside(logits, beside, -np.inf, 0, few, best) == -1
            logits[place, 1], beside[place] = wrong, 0
            assert kernels.top_beside(logits, beside, -np.inf, 0.99, few, best) == -1


def test_rows_beside_another_number(level, rng):
    for n, classes in ((0, 3), (1, 1), (40, 1), (33, 17), (20, 91), (3, 5000)):
        logits = rng.normal(0, 2, (n, classes)).astype(np.float32)
        beside = rng.normal(0, 3, n).astype(np.float32)
        beside[: n // 4] = -200, *beside[1 : n // 4]
        scores = np.array([[slow.root(x, own) for x in row] for row, own in zip(logits, beside, strict=True)])
        scores = scores.astype(np.float32).ravel()
        for least, bar, most in ((-np.inf, 0.3, 1000), (0.5, 0.0, 50), (-np.inf, 0.0, 20), (9.0, 0.0, 9)):
            indices, values = np.empty(most, np.int64), np.empty(most, np.float32)
            found = kernels.top_beside(logits, beside, least, bar, indices, values)
            near = np.flatnonzero((logits.ravel() >= least) & (scores >= np.float32(bar)))
            expected = near[np.argsort(-scores[near], kind="stable")][:most]
            np.testing.assert_array_equal(indices[:found], expected)
            np.testing.assert_array_equal(values[:found], scores[expected])


def test_the_best_of_columns_and_rows(level, rng):
    for n in (*LENGTHS[:20], 511, 512, 513, 1100):
        for classes in (1, 2, 4, 5, 6, 17):
            scores = rng.integers(0, 9, (classes, n)).astype(np.float32) / 8
            picks, labels = np.empty((2, n), np.int64)
            values = np.empty(n, np.float32)
            found = kernels.best_of_columns(scores, 0.5, picks, values, labels)
            best = scores.max(axis=0) if n else np.empty(0, np.float32)
            near = np.flatnonzero(best > 0.5)
            np.testing.assert_array_equal(picks[:found], near)
            np.testing.assert_array_equal(values[:found], best[near])
            np.testing.assert_array_equal(labels[:found], scores.argmax(axis=0)[near] if n else [])
            rows = np.concatenate([rng.random((n, 5)), scores.T, rng.random((n, 2))], axis=1).astype(
                np.float32
            )
            found = kernels.best_of_rows(rows, classes, 0.4, picks, values, labels)
            products = rows[:, 4] * best
            near = np.flatnonzero(products > np.float32(0.4))
            np.testing.assert_array_equal(picks[:found], near)
            np.testing.assert_array_equal(values[:found], products[near])
            np.testing.assert_array_equal(labels[:found], scores.argmax(axis=0)[near] if n else [])


def test_softmax_of_rows(level, rng):
    for n, classes in ((0, 3), (1, 1), (7, 2), (5, 15), (5, 16), (5, 17), (4, 91), (2, 4097)):
        logits = rng.normal(0, 3, (n, classes)).astype(np.float32)
        logits[: n // 2] *= 100
        if n > 3:
            logits[0], logits[1] = 3e38, -3e38
            logits[1, 1] = 3e38
        expected = np.array([slow.softmax(row) for row in logits], np.float32).reshape(n, classes)
        for background, limit in ((0, 0.01), (classes - 1, 0.2), (classes, 0.0)):
            places, values = np.empty(n * classes, np.int64), np.empty(n * classes, np.float32)
            found = kernels.softmax(logits, background, limit, places, values)
            kept = expected > np.float32(limit)
            kept[:, background : background + 1] = False
            np.testing.assert_array_equal(places[:found], np.flatnonzero(kept))
            # Rounded once from float64 good to 2^-36: a unit in the last place where a half falls.
            np.testing.assert_array_max_ulp(values[:found], expected[kept], 1)


def test_levels_give_the_same_bits(rng):
    logits = rng.normal(0, 4, (40, 91)).astype(np.float32)
    results = []
    before = imgproc.get_cpu_level()
    for name in imgproc.cpu_levels():
        imgproc.set_cpu_level(name)
        places, values = np.empty(logits.size, np.int64), np.empty(logits.size, np.float32)
        found = kernels.softmax(logits, 0, 0.001, places, values)
        results.append((places[:found].tolist(), values[:found].tobytes()))
    imgproc.set_cpu_level(before)
    assert all(result == results[0] for result in results)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1, width=32))
def test_the_least_logit_is_the_first_whose_sigmoid_is_above(threshold):
    least = least_logit(threshold)
    limit = np.float32(threshold)
    if np.isinf(least):
        assert sigmoid(np.float32(3e38)) <= limit
        return
    assert sigmoid(np.float32(least)) > limit
    below = np.nextafter(np.float32(least), np.float32(-np.inf))
    assert np.isinf(below) or sigmoid(below) <= limit


def test_comparing_logits_finds_what_comparing_sigmoids_finds():
    """Every float32 within 2000 units of ln(t / (1 - t)), where rounding decides."""
    for threshold in (0.01, 0.05, 0.2, 0.25, 0.3, 0.5, 0.7, 0.9, 0.999):
        middle = np.float32(np.log(threshold / (1 - threshold)))
        x = (middle.view(np.int32) + np.arange(-2000, 2000, dtype=np.int32)).view(np.float32)
        scores = np.array([slow.sigmoid(one) for one in x])
        wanted = scores > np.float32(threshold)
        assert 0 < wanted.sum() < len(x) or threshold == 0.5
        np.testing.assert_array_equal(x >= np.float32(least_logit(threshold)), wanted)


def test_sigmoids_never_fall(rng):
    x = np.sort(np.concatenate([rng.normal(0, 10, 5000), [-800, -104, -88, 17, 800]])).astype(np.float32)
    assert (np.diff(sigmoid(x)) >= 0).all()
    assert least_logit(0) < -100 and least_logit(1) == np.inf


def test_the_best_of_each_label(rng):
    labels, scores = rng.integers(0, 5, 200), rng.integers(0, 30, 200) / 30
    expected = [
        i
        for label in range(5)
        for i in sorted(np.flatnonzero(labels == label), key=lambda i: (-scores[i], i))[:7]
    ]
    assert best_of_each(labels, scores, 7).tolist() == expected
    assert best_of_each(labels[:0], scores[:0], 7).tolist() == []


def test_joined_levels_are_rows_of_anchors(rng):
    maps = [rng.random((2, 6, 3, 4)).astype(np.float32), rng.random((2, 6, 1, 2)).astype(np.float32)]
    rows = join_levels(maps, 2)
    assert rows.shape == (2, 3 * 14, 2) and rows.flags.c_contiguous
    for image in range(2):
        expected = [
            level[image, 2 * anchor : 2 * anchor + 2, row, column]
            for level in maps
            for row in range(level.shape[2])
            for column in range(level.shape[3])
            for anchor in range(3)
        ]
        np.testing.assert_array_equal(rows[image], expected)


def test_maps_that_do_not_fit_are_refused():
    good = np.zeros((2, 6, 3, 4), np.float32)
    for maps, error in (
        (good, TypeError),
        ([], TypeError),
        ([good, [1]], TypeError),
        ([good, good.astype(int)], TypeError),
        ([good, good[:1]], ValueError),
        ([good, good.astype(np.float64)], ValueError),
        ([good, good[0]], ValueError),
        ([good[:, :5]], ValueError),
    ):
        with pytest.raises(error, match=r"^join_levels: maps.* must be "):
            join_levels(maps, 2)
    with pytest.raises(ValueError, match="columns must be"):
        join_levels([good], 0)
