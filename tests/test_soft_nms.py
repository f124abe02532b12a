"""Soft-NMS: against its slow twin, laws, and what blocks of boxes may get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from box_samples import clustered, from_middles, scenes, tied_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import boxes as slow

import imgproc

DTYPES = (np.float32, np.float64)
METHODS = ("linear", "gaussian")
COUNTS = (*range(10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)


def check(boxes, scores, threshold=0.3, method="linear", name="", **more):
    indices, result = imgproc.soft_nms(boxes, scores, threshold, method=method, **more)
    names = {"score_threshold": "least", "max_output": "most"}
    expected, values = slow.soft_nms(
        boxes, scores, threshold, method, **{names.get(key, key): value for key, value in more.items()}
    )
    np.testing.assert_array_equal(indices, expected, name)
    assert indices.dtype == np.int64 and result.dtype == scores.dtype
    if method == "linear":
        np.testing.assert_array_equal(result, values.astype(scores.dtype), name)
    else:  # two units in the last place for each of at most some hundred factors
        np.testing.assert_allclose(result, values, rtol=1e-6 if scores.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_twin(method, dtype, level, rng):
    for number, (name, boxes) in enumerate(scenes(rng, 40, dtype).items()):
        threshold = (0.0, 0.3, 0.5, 1.0)[number % 4]
        check(boxes, rng.random(40).astype(DTYPES[number % 2]), threshold, method, name)


@pytest.mark.parametrize("method", METHODS)
def test_twin_around_vector_widths(method, level, rng):
    for count in COUNTS:
        check(clustered(rng, count, max(count // 4, 1)), rng.random(count), method=method)


@pytest.mark.parametrize("method", METHODS)
def test_twin_over_several_blocks(method, level, rng):
    """Several blocks along the curve; most boxes fall below the threshold, so that the rest is moved together."""
    for boxes in (clustered(rng, 300, 20), clustered(rng, 300, 2, np.float64)):
        check(boxes, rng.random(300), method=method, score_threshold=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_ties_go_to_the_lower_index(method, level, rng):
    check(scenes(rng, 200)["lattice"], np.abs(tied_scores(rng, 200)), method=method, score_threshold=0)
    apart = from_middles(np.arange(400).reshape(-1, 2) * 3.0, np.ones((200, 2)))[rng.permutation(200)]
    indices, scores = imgproc.soft_nms(apart, np.full(200, 0.5), method=method)
    np.testing.assert_array_equal(indices, np.arange(200))
    np.testing.assert_array_equal(scores, 0.5)


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_apart(method, level, rng):
    boxes, scores = clustered(rng, 150, 4), rng.random(150)
    labels = rng.integers(-5, 5, 150)
    for most in (None, 0, 1, 40):
        check(boxes, scores, method=method, labels=labels, max_output=most)
    one = imgproc.soft_nms(boxes, scores, method=method, labels=np.zeros(150, int))
    for a, b in zip(one, imgproc.soft_nms(boxes, scores, method=method), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("most", [0, 1, 5, 10**30])
def test_first_ones_are_the_same_with_fewer(method, most, level, rng):
    boxes, scores = clustered(rng, 200, 10), rng.random(200)
    for few, all_ in zip(
        imgproc.soft_nms(boxes, scores, method=method, max_output=most),
        imgproc.soft_nms(boxes, scores, method=method),
        strict=True,
    ):
        np.testing.assert_array_equal(few, all_[:most])


def test_the_gaussian_at_every_overlap(level):
    """Two boxes that share all but a strip: exp within two units in the last place, over its whole range."""
    width = 4096
    shifts = np.arange(1, width, 7)
    for sigma in (1e-3, 0.05, 0.5, 3.0):
        boxes = np.zeros((2 * len(shifts), 4))
        boxes[::2, 2] = boxes[1::2, 2] = width
        boxes[:, 1] = np.repeat(np.arange(len(shifts)) * 2, 2)
        boxes[:, 3] = boxes[:, 1] + 1
        boxes[1::2, 0] += shifts
        boxes[1::2, 2] += shifts
        scores = np.tile([2.0, 1.0], len(shifts))
        indices, result = imgproc.soft_nms(boxes, scores, method="gaussian", sigma=sigma, score_threshold=0)
        by_box = np.empty(len(boxes))
        by_box[indices] = result
        iou = (width - shifts) / (width + shifts)
        expected = np.exp(-(iou * iou) / sigma)
        normal = expected > 1e-300
        # exp of a number near x = -700 takes 2 |x| units from the rounding of x itself.
        bound = (3 + 2 * np.abs(np.log(expected, where=normal, out=np.zeros_like(iou)))) * np.spacing(
            expected
        )
        assert (np.abs(by_box[1::2] - expected)[normal] <= bound[normal]).all()
        assert (by_box[1::2][~normal] <= 1e-300).all()


def test_equal_boxes_leave_no_score_to_the_linear_method(level):
    boxes = np.array([[0, 0, 5, 5]] * 3, np.float32)
    indices, scores = imgproc.soft_nms(boxes, np.array([0.5, 0.9, 0.7]), 0.5, score_threshold=0)
    assert indices.tolist() == [1, 0, 2]
    assert scores.tolist() == [0.9, 0.0, 0.0]
    indices, scores = imgproc.soft_nms(boxes, np.array([0.5, 0.9, 0.7]), 0.5)
    assert indices.tolist() == [1]


def test_overlaps_equal_to_the_threshold_count(level):
    """The paper lowers scores from the threshold on."""
    boxes = np.array([[0, 0, 2, 2], [0, 0, 2, 1]], np.float32)
    assert imgproc.soft_nms(boxes, np.array([1.0, 0.5]), 0.5)[1].tolist() == [1.0, 0.25]
    assert imgproc.soft_nms(boxes, np.array([1.0, 0.5]), np.nextafter(0.5, 1))[1].tolist() == [1.0, 0.5]


def test_one_pass_in_the_order_of_first_scores_is_not_the_paper():
    """B falls below C once A was chosen, so C is chosen next and B is lowered by it too. Lowering all scores in one
    pass over the first order, as supervision does, takes B before C and lowers C by it."""
    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], np.float64)
    scores = np.array([0.9, 0.8, 0.7])
    indices, result = imgproc.soft_nms(boxes, scores, 0.2)
    a_b, a_c, b_c = 7 / 13, 4 / 16, 7 / 13
    assert indices.tolist() == [0, 2, 1]
    np.testing.assert_allclose(result, [0.9, 0.7 * (1 - a_c), 0.8 * (1 - a_b) * (1 - b_c)], rtol=1e-15)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 200), method=st.sampled_from(METHODS))
def test_laws(seed, count, method):
    rng = np.random.default_rng(seed)
    boxes, scores = clustered(rng, count, max(count // 5, 1)), rng.random(count)
    indices, result = imgproc.soft_nms(boxes, scores, method=method)
    assert len(set(indices.tolist())) == len(indices)
    assert (np.diff(result) <= 0).all()
    assert (result <= scores[indices]).all() and (result >= 0.001).all()
    if count:
        assert indices[0] == np.argmax(scores) and result[0] == scores.max()
    shuffled = rng.permutation(count)
    again, values = imgproc.soft_nms(boxes[shuffled], scores[shuffled], method=method)
    np.testing.assert_array_equal(shuffled[again], indices)
    np.testing.assert_array_equal(values, result)


def test_scores_must_be_finite():
    boxes = np.zeros((3, 4), np.float32)
    for bad, text in ((np.inf, "inf"), (-np.inf, "-inf")):
        with pytest.raises(ValueError, match=rf"^soft_nms: scores must be finite, got {text} in row 1$"):
            imgproc.soft_nms(boxes, np.array([0.5, bad, 0.5]))


def test_negative_scores_are_below_every_threshold():
    boxes = np.zeros((3, 4), np.float32)
    indices, scores = imgproc.soft_nms(boxes, np.array([-0.5, 0.0, -0.0]), score_threshold=0)
    assert indices.tolist() == [1, 2] and not np.signbit(scores).any()
