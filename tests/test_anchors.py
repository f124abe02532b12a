"""Anchors: against their slow twins, laws, and what they refuse."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
import reference.anchors as slow
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc._ext import anchors as kernels

DTYPES = (np.float32, np.float64)
BLOCK = kernels.BLOCK
COUNTS = (*range(10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5)
WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def boxes(rng, n, dtype=np.float32, whole=False):
    """Boxes of positive size; of whole pixels where ties are wanted."""
    corners = rng.integers(-8, 30, (n, 2)) if whole else rng.uniform(-8, 30, (n, 2))
    sizes = rng.integers(1, 12, (n, 2)) if whole else rng.uniform(0.5, 20, (n, 2))
    return np.concatenate([corners, corners + sizes], axis=1).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_deltas_equal_the_twin_and_come_back(dtype, level, threads, rng):
    eps = float(np.finfo(dtype).eps)
    for n in (*COUNTS[:20], 127, 128, 129, 300):
        own, anchors = boxes(rng, n, dtype), boxes(rng, n, dtype)
        deltas = imgproc.encode_boxes(own, anchors, weights=WEIGHTS)
        assert deltas.dtype == dtype and deltas.shape == (n, 4)
        # Centres and sides lose about a unit of the largest coordinate, which the anchor's side divides.
        np.testing.assert_allclose(
            deltas, slow.encode_boxes(own, anchors, WEIGHTS), rtol=0, atol=10 * 200 * eps
        )
        back = imgproc.decode_boxes(deltas, anchors, weights=WEIGHTS)
        np.testing.assert_allclose(back, own, rtol=0, atol=8 * 50 * eps)
        drawn = rng.uniform(-3, 6, (n, 4)).astype(dtype)
        expected = slow.decode_boxes(drawn, anchors, (1, 1, 1, 1), math.log(1000 / 16))
        np.testing.assert_allclose(
            imgproc.decode_boxes(drawn, anchors), expected, rtol=8 * eps, atol=8 * 2000 * eps
        )


def test_logarithms_and_exponentials_of_float32_are_rounded_once(level, rng):
    """Within half a unit in the last place and 2^-30 of it, over the whole range."""
    sides = np.exp2(rng.uniform(-120, 120, 4000)).astype(np.float32)
    sides[:8] = 1, 2, 0.5, np.sqrt(2), np.sqrt(0.5), 1.0000001, 0.99999994, 1e-38
    own = np.exp2(rng.uniform(-20, 20, 4000)).astype(np.float32)
    own[:8] = 1
    narrow, around = (np.zeros((4000, 4), np.float32) for _ in range(2))
    narrow[:, 2], narrow[:, 3], around[:, 2:] = sides, sides, own[:, None]
    exact = np.log(sides.astype(float) / own.astype(float))
    error = np.abs(imgproc.encode_boxes(narrow, around)[:, 2].astype(float) - exact)
    assert (error <= np.spacing(np.abs(exact).astype(np.float32)) * (0.5 + 2**-20) + 1e-19).all()
    steps = np.zeros((4000, 4), np.float32)
    steps[:, 2] = rng.uniform(-80, 80, 4000)
    unit = np.tile(np.array([-0.5, -0.5, 0.5, 0.5], np.float32), (4000, 1))
    boxes_ = imgproc.decode_boxes(steps, unit, max_log_ratio=100)
    exact = np.exp(steps[:, 2].astype(float)) / 2
    error = np.abs(boxes_[:, 2] - exact)
    assert (error <= np.spacing(exact.astype(np.float32)) * (0.5 + 2**-12)).all()
    steps[:3, 2] = -3e38, 3e38, 800
    reach = imgproc.decode_boxes(steps, unit, max_log_ratio=1e300)[:3, 2]
    assert reach.tolist() == [0, np.inf, np.inf]


def test_the_largest_ratio_cuts_off(rng):
    anchors = boxes(rng, 5, np.float64)
    huge = np.full((5, 4), 50.0)
    huge[:, :2] = 0
    sides = np.diff(imgproc.decode_boxes(huge, anchors).reshape(-1, 2, 2), axis=1)[:, 0]
    np.testing.assert_allclose(
        sides, np.diff(anchors.reshape(-1, 2, 2), axis=1)[:, 0] * 1000 / 16, rtol=1e-12
    )
    sides = np.diff(imgproc.decode_boxes(huge, anchors, max_log_ratio=0).reshape(-1, 2, 2), axis=1)[:, 0]
    np.testing.assert_allclose(sides, np.diff(anchors.reshape(-1, 2, 2), axis=1)[:, 0], rtol=1e-12)


def test_several_deltas_for_each_anchor(level, threads, rng):
    anchors, deltas = boxes(rng, 70), rng.standard_normal((70, 3, 4)).astype(np.float32)
    result = imgproc.decode_boxes(deltas, anchors, weights=WEIGHTS)
    assert result.shape == (70, 3, 4)
    for k in range(3):
        np.testing.assert_array_equal(
            result[:, k], imgproc.decode_boxes(deltas[:, k], anchors, weights=WEIGHTS)
        )
    assert imgproc.decode_boxes(np.zeros((70, 0, 4), np.float32), anchors).shape == (70, 0, 4)


def test_mixed_dtypes_are_float64(rng):
    single, double = boxes(rng, 4), boxes(rng, 4, np.float64)
    assert imgproc.encode_boxes(single, double).dtype == np.float64
    assert imgproc.decode_boxes(double, single).dtype == np.float64
    np.testing.assert_array_equal(
        imgproc.assign_anchors(single, double)[0],
        imgproc.assign_anchors(single.astype(np.float64), double)[0],
    )


@pytest.mark.parametrize("rounded", [False, True])
def test_grids_equal_the_twin(rounded):
    for shape, stride, sizes, ratios, offset in (
        ((1, 1), (16, 16), [32], [1.0], 0.0),
        ((3, 5), (8, 4), [10, 33, 100], [0.5, 1, 2, 3], 0.5),
        ((2, 7), (2.5, 3.5), [7.5], [0.25, 4], 0.25),
    ):
        ours = imgproc.generate_anchors(shape, stride, sizes, ratios, offset=offset, rounded=rounded)
        expected = slow.generate_anchors(shape, stride, sizes, ratios, offset, rounded)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-5)


def test_grid_areas_and_ratios():
    anchors = imgproc.generate_anchors((2, 2), 10, [16, 64], [0.5, 2.0])
    width, height = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    np.testing.assert_allclose(width * height, np.tile([256, 4096], 8), rtol=1e-5)
    np.testing.assert_allclose(height / width, np.tile([0.5, 0.5, 2, 2], 4), rtol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("whole", [False, True])
def test_assignment_equals_the_twin(dtype, whole, level, threads, rng):
    for n in COUNTS:
        for m in (0, 1, 3, 8) if n < 100 else (3,):
            anchors, truth = boxes(rng, n, dtype, whole), boxes(rng, m, dtype, whole)
            if n > 3:
                anchors[1] = anchors[3]
                anchors[2, 2:] = anchors[2, :2]
            thresholds = {"positive": 0.5, "negative": 0.2}
            labels, matches = imgproc.assign_anchors(anchors, truth, **thresholds)
            expected = slow.assign_anchors(anchors, truth, **thresholds)
            assert labels.dtype == np.int8 and matches.dtype == np.int64
            np.testing.assert_array_equal(labels, expected[0])
            np.testing.assert_array_equal(matches, expected[1])


def test_thresholds_are_met_by_equality(level):
    anchors = np.array([[0, 0, 10, 7], [0, 0, 10, 3], [0, 0, 10, 10]], np.float32)
    truth = np.array([[0, 0, 10, 10]], np.float32)
    assert imgproc.assign_anchors(anchors, truth)[0].tolist() == [1, -1, 1]
    assert imgproc.assign_anchors(anchors.astype(float), truth.astype(float))[0].tolist() == [1, -1, 1]


def test_all_ties_of_a_best_anchor_are_positive_across_blocks_and_bands(level, threads):
    anchors = np.tile(np.array([[100, 100, 104, 104]], np.float32), (5 * BLOCK, 1))
    twins = [3, BLOCK, 2 * BLOCK + 7, 5 * BLOCK - 1]
    anchors[twins] = [0, 0, 10, 2]
    labels, matches = imgproc.assign_anchors(anchors, np.array([[0, 0, 10, 10]], np.float32))
    assert np.flatnonzero(labels == 1).tolist() == twins
    assert (labels[labels != 1] == 0).all()
    assert matches[twins].tolist() == [0] * 4 and matches.max() == 0


def test_a_true_box_that_meets_no_anchor_makes_none_positive():
    anchors = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float64)
    for truth in ([50, 50, 60, 60], [5, 5, 5, 5], [10, 0, 20, 10]):
        labels, matches = imgproc.assign_anchors(anchors, np.array([truth], np.float64))
        assert labels.tolist() == [0, 0] and matches.tolist() == [-1, -1]


def test_a_forced_positive_keeps_its_own_best_box():
    truth = np.array([[0, 0, 10, 10], [0, 0, 10, 30]], np.float64)
    labels, matches = imgproc.assign_anchors(np.array([[0, 0, 10, 12]], np.float64), truth)
    assert labels.tolist() == [1] and matches.tolist() == [0]


def test_assignment_of_nothing():
    none, some = np.zeros((0, 4), np.float32), np.array([[0, 0, 1, 1]], np.float32)
    assert [array.tolist() for array in imgproc.assign_anchors(some, none)] == [[0], [-1]]
    assert imgproc.assign_anchors(some, none, negative=0)[0].tolist() == [-1]
    assert [array.shape for array in imgproc.assign_anchors(none, some)] == [(0,), (0,)]


def test_assignment_holds_no_matrix(rng):
    anchors = imgproc.generate_anchors((60, 60), 8, [16, 32], [0.5, 1, 2])
    truth = boxes(rng, 2000) * 10
    imgproc.assign_anchors(anchors, truth)
    tracemalloc.start()
    imgproc.assign_anchors(anchors, truth)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * len(anchors) < len(anchors) * len(truth)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 40),
    m=st.integers(1, 6),
    seed=st.integers(0, 2**32),
    positive=st.floats(0.05, 1),
    share=st.floats(0, 1),
)
def test_laws_of_assignment(n, m, seed, positive, share):
    rng = np.random.default_rng(seed)
    anchors, truth = boxes(rng, n, whole=True), boxes(rng, m, whole=True)
    labels, matches = imgproc.assign_anchors(anchors, truth, positive=positive, negative=positive * share)
    assert ((matches >= 0) == (labels == 1)).all()
    order = rng.permutation(n)
    moved, _ = imgproc.assign_anchors(anchors[order], truth, positive=positive, negative=positive * share)
    np.testing.assert_array_equal(moved, labels[order])
    # A true box is an anchor's best only with itself, so it is positive among the anchors.
    with_truth, own = imgproc.assign_anchors(np.concatenate([truth, anchors]), truth)
    assert (with_truth[:m] == 1).all()
    np.testing.assert_array_equal(truth[own[:m]], truth)


def test_any_strides_and_read_only(rng):
    strided = np.hstack([boxes(rng, 40)] * 2)[::2, 4:]
    strided.flags.writeable = False
    packed = np.ascontiguousarray(strided)
    other = np.asfortranarray(packed[::-1])
    for function in (imgproc.encode_boxes, imgproc.decode_boxes, imgproc.assign_anchors):
        ours, expected = function(strided, other), function(packed, other.copy(order="C"))
        for a, b in zip(np.atleast_2d(ours), np.atleast_2d(expected), strict=True):
            np.testing.assert_array_equal(a, b)


def clusters(rng, n, dtype=np.float64):
    centres = np.array([[10, 12], [40, 20], [90, 100], [30, 200]])
    return (centres[rng.integers(0, 4, n)] * rng.uniform(0.9, 1.1, (n, 2))).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("update", ["mean", "median"])
def test_clusters_are_found(dtype, update, level, rng):
    anchors = imgproc.kmeans_anchors(clusters(rng, 400, dtype), 4, update=update)
    assert anchors.dtype == dtype
    np.testing.assert_allclose(anchors, [[10, 12], [40, 20], [30, 200], [90, 100]], rtol=0.05)


def test_same_seed_same_anchors(level, threads, rng):
    sizes = rng.gamma(2, 30, (700, 2)) + 1
    first = imgproc.kmeans_anchors(sizes, 6, seed=4)
    np.testing.assert_array_equal(first, imgproc.kmeans_anchors(sizes, 6, seed=4))
    before = imgproc.get_cpu_level()
    imgproc.set_cpu_level("baseline")
    np.testing.assert_array_equal(first, imgproc.kmeans_anchors(sizes, 6, seed=np.random.default_rng(4)))
    imgproc.set_cpu_level(before)


def test_more_anchors_fit_better_and_all_different_sizes_fit_exactly(rng):
    sizes = rng.gamma(2, 30, (120, 2)) + 1
    fits = [slow.mean_overlap(sizes, imgproc.kmeans_anchors(sizes, k)) for k in (1, 3, 9, 30)]
    assert fits == sorted(fits) and fits[0] > 0.3
    few = np.repeat(sizes[:7], 5, axis=0)
    anchors = imgproc.kmeans_anchors(few, 7, seed=1)
    np.testing.assert_allclose(np.unique(anchors, axis=0), np.unique(few, axis=0), rtol=1e-12)
    with pytest.raises(ValueError, match="k must be at most the number of different sizes, 7, got 8"):
        imgproc.kmeans_anchors(few, 8)


def test_an_empty_cluster_moves_to_what_fits_least():
    from imgproc.boxes.assignment import _centres

    sizes = np.array([[1.0, 1], [2, 2], [9, 9], [8, 8]])
    overlap = np.array([1.0, 0.5, 0.2, 0.2])
    for update in ("mean", "median"):
        centres = _centres(sizes, overlap, np.array([1, 1, 1, 1]), 3, update)
        assert centres.tolist() == [[9, 9], [5, 5], [8, 8]]


@pytest.mark.parametrize(
    "function, names",
    [
        ("encode_boxes", "boxes anchors"),
        ("decode_boxes", "deltas anchors"),
        ("assign_anchors", "anchors truth"),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_bad_arrays_are_named(function, names, which, rng):
    good, names = boxes(rng, 3), names.split()
    argument = names[which]
    nan, inverted = good.copy(), good.copy()
    nan[1, 2] = np.nan
    inverted[2] = inverted[2, [2, 3, 0, 1]]
    bad = [None, [[0, 0, 1, 1]], good.astype(int), good.astype(np.float16), good[:, :3], good[0], nan]
    bad += [np.ma.masked_array(good), good.astype(">f4"), np.zeros((3, 2, 5), np.float32)]
    bad += [] if argument == "deltas" else [inverted]
    bad += [good[:2]] if argument == "anchors" and function != "assign_anchors" else []
    for value in bad:
        arguments = dict.fromkeys(names, good) | {argument: value}
        with pytest.raises((TypeError, ValueError), match=rf"^{function}: {argument} must be .*, got "):
            getattr(imgproc, function)(**arguments)
    with pytest.raises(ValueError, match=r"in row 1$"):
        getattr(imgproc, function)(**(dict.fromkeys(names, good) | {argument: nan}))


def test_boxes_without_size_or_beyond_the_dtype_are_named(rng):
    good, flat = boxes(rng, 3), boxes(rng, 3)
    flat[2, 3] = flat[2, 1]
    for call in (
        lambda: imgproc.encode_boxes(flat, good),
        lambda: imgproc.encode_boxes(good, flat),
        lambda: imgproc.decode_boxes(good, flat),
    ):
        with pytest.raises(ValueError, match=r"must be of finite width and height > 0, got \[.*\] in row 2$"):
            call()
    wide = good.copy()
    wide[1] = [-3e38, 0, 3e38, 1]
    with pytest.raises(ValueError, match=r"boxes must be of finite width and height > 0, got .* in row 1"):
        imgproc.encode_boxes(wide, good)
    wide[1] = [0, 0, 1e19, 1e19]
    for pair in ((wide, good), (good, wide)):
        with pytest.raises(ValueError, match=r"must be of areas up to 8.51e\+37 .* in row 1$"):
            imgproc.assign_anchors(*pair)


@pytest.mark.parametrize("name", ["encode_boxes", "decode_boxes", "assign_anchors", "kmeans_anchors"])
def test_bad_parameters_are_named(name, rng):
    op = imgproc.operations("boxes")[name]
    good = boxes(rng, 3)
    first = {"kmeans_anchors": {"sizes": good[:, 2:] + 9}}.get(name)
    arguments = first or dict.fromkeys([a for a in op.arguments if a not in op.parameters], good)
    arguments |= {"k": 1} if name == "kmeans_anchors" else {}
    for parameter, declared in op.parameters.items():
        for value in declared.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: {parameter} must be .*, got "):
                op.function(**(arguments | {parameter: value}))


def test_more_bad_parameters(rng):
    good = boxes(rng, 3)
    with pytest.raises(ValueError, match=r"^assign_anchors: negative must be at most positive, 0.5, got 0.6"):
        imgproc.assign_anchors(good, good, positive=0.5, negative=0.6)
    for weight, value in ((1e300, r"1e\+300"), (1e-300, "1e-300")):  # of float64, but not of float32
        for call in (imgproc.encode_boxes, imgproc.decode_boxes):
            with pytest.raises(
                ValueError, match=rf"^{call.__name__}: weights must be .* float32, got {value} in it"
            ):
                call(good.astype(np.float32), good.astype(np.float32), weights=(1, 1, 1, weight))
    for sizes in ([[1, 2]], np.zeros((0, 2)), np.ones((3, 3)), np.ones((2, 2), int), None):
        with pytest.raises((TypeError, ValueError), match=r"^kmeans_anchors: sizes must be .*, got "):
            imgproc.kmeans_anchors(sizes, 1)
    for number in (0, -1, np.nan, np.inf, 1e75):
        with pytest.raises(ValueError, match=r"^kmeans_anchors: sizes must be above 1e-75 .* in row 1$"):
            imgproc.kmeans_anchors(np.array([[1, 1], [number, 1]], float), 1)
    with pytest.raises(ValueError, match=r"^kmeans_anchors: seed must be"):
        imgproc.kmeans_anchors(np.ones((2, 2)), 1, seed=-1)
    right = {"shape": (2, 3), "stride": 8, "sizes": [16], "ratios": [1]}
    from imgproc.boxes.anchors import FLAG, GRID, OFFSET, SIDES, STRIDE

    constraints = {"shape": GRID, "stride": STRIDE, "sizes": SIDES, "ratios": SIDES, "offset": OFFSET}
    for name, constraint in (constraints | {"rounded": FLAG}).items():
        for value in constraint.wrong_values():
            with pytest.raises(
                (TypeError, ValueError), match=rf"^generate_anchors: {name}\S* must be .*, got "
            ):
                imgproc.generate_anchors(**(right | {name: value}))
    for wrong in (
        {"sizes": [1e300]},
        {"sizes": [1e-300]},
        {"ratios": [1e-300]},
        {"ratios": [1e300]},
        {"stride": 1e38, "offset": 9.0},
        {"offset": 1e300},
    ):
        with pytest.raises(
            ValueError, match=r"^generate_anchors: stride, sizes, ratios and offset must be such"
        ):
            imgproc.generate_anchors(**(right | wrong))
    with pytest.raises(ValueError, match=r"^generate_anchors: shape must be one with at most"):
        imgproc.generate_anchors((2**29, 2**29), 8, [16], [1, 2])
