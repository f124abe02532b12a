"""Non-maximum suppression: against its slow twin and against all pairs, laws, and what may make a search go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from box_samples import clustered, from_middles, scenes, tied_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import boxes as slow

import imgproc

DTYPES = (np.float32, np.float64)
COUNTS = (*range(10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)
THRESHOLDS = (0.0, 1e-30, 0.01, 0.1, 0.3, 1 / 3, 0.45, 0.5, 0.55, 2 / 3, 0.7, 0.9, 0.99, 1.0)


def greedy(boxes, scores, threshold, kind="iou"):
    """The definition over the matrix of all overlaps, which is tested by itself."""
    matrix = imgproc.iou_matrix(boxes, boxes, kind=kind).astype(np.float64) > threshold
    alive, kept = np.ones(len(boxes), bool), []
    for i in np.lexsort((np.arange(len(boxes)), -scores.astype(np.float64))):
        if alive[i]:
            kept.append(i)
            alive &= ~matrix[i]
    return np.array(kept, np.int64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["iou", "diou"])
def test_twin(kind, dtype, level, rng):
    for number, (name, boxes) in enumerate(scenes(rng, 24, dtype).items()):
        for threshold in THRESHOLDS[number % 3 :: 3]:
            scores = tied_scores(rng, 24, dtype)
            np.testing.assert_array_equal(
                imgproc.nms(boxes, scores, threshold, kind=kind),
                slow.nms(boxes, scores, threshold, kind=kind),
                f"{name} {threshold}",
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_twin_around_vector_widths(dtype, level, rng):
    for count in COUNTS:
        boxes = clustered(rng, count, max(count // 3, 1), dtype)
        scores = rng.random(count).astype(dtype)
        result = imgproc.nms(boxes, scores, 0.4)
        assert result.dtype == np.int64
        np.testing.assert_array_equal(result, slow.nms(boxes, scores, 0.4))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["iou", "diou"])
def test_the_search_gives_what_all_pairs_give(kind, dtype, level, rng):
    """More boxes than are met one by one: the search by size and place decides."""
    count = 900
    for number, (name, boxes) in enumerate(scenes(rng, count, dtype).items()):
        scores = tied_scores(rng, count) if number % 2 else rng.random(count)
        for threshold in THRESHOLDS[number % 4 :: 4]:
            np.testing.assert_array_equal(
                imgproc.nms(boxes, scores, threshold, kind=kind),
                greedy(boxes, scores, threshold, kind),
                f"{name} {threshold}",
            )


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.8])
def test_pairs_next_to_the_threshold(threshold, level, rng):
    """Each box with a partner, moved or resized so that they overlap by just about the threshold."""
    sizes, n = np.exp(rng.normal(3, 0.7, (700, 2))), 700
    middles = np.stack([np.arange(n) % 30, np.arange(n) // 30], 1) * 500.0
    along = rng.integers(0, 2, n)
    axis = np.eye(2)[along]
    bound = (1 - threshold) / (1 + threshold) * (1 + rng.normal(0, 1e-6, (n, 1)))
    moved = from_middles(middles + axis * sizes * bound, sizes)
    smaller = from_middles(middles, sizes * (1 - axis * (1 - threshold * (1 + rng.normal(0, 1e-6, (n, 1))))))
    plain = from_middles(middles, sizes)
    for partners in (moved, smaller):
        boxes = np.concatenate([plain, partners])
        scores = np.concatenate([1 + rng.random(n), rng.random(n)])
        kept = imgproc.nms(boxes, scores, threshold)
        np.testing.assert_array_equal(kept, greedy(boxes, scores, threshold))
        assert 800 < len(kept) < 1300  # the threshold does lie between them


def test_boxes_that_do_not_fit_the_search_are_met_too(level, rng):
    """Among many plain boxes some whose places, or areas, float64 holds no digits of."""
    plain = clustered(rng, 800, 300, np.float64)
    odd = from_middles(2.0**52 + rng.integers(0, 3, (60, 2)), 1.0 + rng.integers(0, 3, (60, 2)), np.float64)
    tiny = from_middles(np.zeros((60, 2)), 1e-160 * (1 + rng.random((60, 2))), np.float64)
    flat = from_middles(np.zeros((60, 2)), np.array([1e-300, 1e10]) * (1 + rng.random((60, 2))), np.float64)
    boxes = np.concatenate([plain, odd, tiny, flat])
    for threshold in (0.0, 0.2, 0.5, 0.8):
        scores = rng.random(len(boxes))
        np.testing.assert_array_equal(imgproc.nms(boxes, scores, threshold), greedy(boxes, scores, threshold))


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_are_apart(dtype, level, rng):
    for count, names in ((40, 3), (700, 80), (700, 2), (50, 50)):
        boxes = clustered(rng, count, 12, dtype)
        scores = tied_scores(rng, count)
        labels = rng.integers(-(2**62), 2**62, names)[rng.integers(0, names, count)]
        parts = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        kept = np.concatenate([part[imgproc.nms(boxes[part], scores[part], 0.4)] for part in parts])
        expected = kept[np.lexsort((kept, -scores[kept]))]
        np.testing.assert_array_equal(imgproc.nms(boxes, scores, 0.4, labels=labels), expected)
        if count < 100:
            np.testing.assert_array_equal(expected, slow.nms(boxes, scores, 0.4, labels))
        for most in (0, 1, 7, 10**30):
            np.testing.assert_array_equal(
                imgproc.nms(boxes, scores, 0.4, labels=labels, max_output=most), expected[:most]
            )


def test_labels_of_any_integer_dtype(rng):
    boxes, scores = clustered(rng, 60, 5), rng.random(60)
    labels = rng.integers(0, 3, 60)
    expected = imgproc.nms(boxes, scores, labels=labels)
    for dtype in ("i1", "u1", ">i4", "u8"):
        np.testing.assert_array_equal(imgproc.nms(boxes, scores, labels=labels.astype(dtype)), expected)
    for bad in (labels.astype(float), labels.tolist(), "a"):
        with pytest.raises(TypeError, match=r"^nms: labels must be an integer array of shape \(60,\)"):
            imgproc.nms(boxes, scores, labels=bad)
    for bad in (labels[1:], labels[:, None]):
        with pytest.raises(ValueError, match=r"^nms: labels must be .*, got shape"):
            imgproc.nms(boxes, scores, labels=bad)


@pytest.mark.parametrize("dtype", DTYPES)
def test_low_scores_are_left_out_first(dtype, level, rng):
    boxes, scores = clustered(rng, 300, 30, dtype), rng.integers(0, 50, 300).astype(dtype) / 64
    for least in (-1, 0, 0.25, 0.2501, 10):
        enough = np.flatnonzero(scores >= least)
        expected = enough[imgproc.nms(boxes[enough], scores[enough])]
        np.testing.assert_array_equal(imgproc.nms(boxes, scores, score_threshold=least), expected)
    for most in (0, 1, 13, 299, 300, 301):
        np.testing.assert_array_equal(
            imgproc.nms(boxes, scores, max_output=most), imgproc.nms(boxes, scores)[:most]
        )


SUPPRESSIONS = {
    "nms": lambda boxes, scores, least: imgproc.nms(boxes, scores, score_threshold=least),
    "soft_nms": lambda boxes, scores, least: imgproc.soft_nms(boxes, scores, score_threshold=least)[0],
    "rotated_nms": lambda boxes, scores, least: imgproc.rotated_nms(
        np.pad(boxes, ((0, 0), (0, 1))), scores, score_threshold=least
    ),
    "mask_nms": lambda boxes, scores, least: imgproc.mask_nms(
        np.zeros((len(boxes), 1, 1), bool), scores, score_threshold=least
    ),
    "weighted_boxes_fusion": lambda boxes, scores, least: imgproc.weighted_boxes_fusion(
        [boxes], [scores], score_threshold=least
    )[0],
}


@pytest.mark.parametrize("suppress", SUPPRESSIONS.values(), ids=SUPPRESSIONS)
def test_score_threshold_is_rounded_to_the_dtype_of_the_scores(suppress):
    """As float32, 0.7 is below and 0.1 above the float64 of the same digits."""
    boxes = np.array([[0, 0, 1, 1]], np.float32)
    for least in (0.1, 0.3, 0.7):
        for dtype in DTYPES:
            score = np.array([least], dtype)
            assert len(suppress(boxes, score, least)) == 1
            assert len(suppress(boxes, score, float(np.nextafter(score[0], dtype(1))))) == 0
    assert len(suppress(boxes, score.astype(np.float32), 1e300)) == 0  # infinite as float32


@pytest.mark.parametrize("dtype", DTYPES)
def test_order_of_scores(dtype, level, rng):
    """Boxes apart: all are kept, sorted. Enough of them for long and for short digits."""
    for count in (1, 2, 100, 2047, 2048, 5000):
        boxes = from_middles(np.arange(2 * count).reshape(-1, 2) * 3.0, np.ones((count, 2)), dtype)
        for scores in (
            rng.standard_normal(count).astype(dtype),
            tied_scores(rng, count, dtype),
            (rng.choice([-1, 1], count) * 10.0 ** rng.uniform(-37, 38, count)).astype(dtype),
            rng.choice(np.array([-np.inf, np.inf, 1, -1, 0], dtype), count),
        ):
            expected = np.lexsort((np.arange(count), -(scores + 0.0)))
            np.testing.assert_array_equal(imgproc.nms(boxes, scores), expected)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 120),
    threshold=st.floats(0, 1),
    kind=st.sampled_from(["iou", "diou"]),
)
def test_laws(seed, count, threshold, kind):
    rng = np.random.default_rng(seed)
    boxes, scores = clustered(rng, count, max(count // 5, 1)), rng.random(count)
    kept = imgproc.nms(boxes, scores, threshold, kind=kind)
    assert (np.diff(scores[kept]) <= 0).all()
    again = imgproc.nms(boxes[kept], scores[kept], threshold, kind=kind)
    np.testing.assert_array_equal(again, np.arange(len(kept)))
    overlaps = imgproc.iou_matrix(boxes, boxes[kept], kind=kind).astype(np.float64)
    best = scores[:, None] < scores[kept]
    dropped = np.setdiff1d(np.arange(count), kept)
    assert ((overlaps > threshold) & best)[dropped].any(axis=1).all()
    assert not ((overlaps > threshold) & best)[kept].any()
    shuffled = rng.permutation(count)
    np.testing.assert_array_equal(
        shuffled[imgproc.nms(boxes[shuffled], scores[shuffled], threshold, kind=kind)], kept
    )
    np.testing.assert_array_equal(imgproc.nms(boxes * 8, scores * 2, threshold, kind=kind), kept)


def test_boxes_without_area_and_beyond_the_range(level):
    point, line, box = [3, 3, 3, 3], [0, 3, 9, 3], [0, 0, 9, 9]
    boxes = np.array([point, point, line, line, box, box], np.float32)
    for threshold in (0.0, 0.5, 1.0):
        kept = imgproc.nms(boxes, np.ones(6), threshold)
        assert kept.tolist() == ([0, 1, 2, 3, 4] if threshold < 1 else [0, 1, 2, 3, 4, 5])
    huge = np.array([[-1e30, -1e30, 1e30, 1e30]] * 2, np.float32)
    assert imgproc.nms(huge, np.ones(2)).tolist() == [0, 1]
    assert imgproc.nms(huge.astype(np.float64), np.ones(2)).tolist() == [0]


def test_the_threshold_itself_is_not_above_it(level):
    """IoU 1/2 and 1/4 exactly; and 1/3, which float32 rounds up: more than float64 makes of it."""
    halves = np.array([[0, 0, 2, 2], [0, 0, 2, 1]], np.float32)
    assert len(imgproc.nms(halves, np.ones(2), 0.5)) == 2
    assert len(imgproc.nms(halves, np.ones(2), np.nextafter(0.5, 0))) == 1
    thirds = np.array([[0, 0, 3, 1], [0, 0, 1, 1]], np.float32)
    assert len(imgproc.nms(thirds, np.ones(2), 1 / 3)) == 1
    assert len(imgproc.nms(thirds.astype(np.float64), np.ones(2), 1 / 3)) == 2


def test_memory_is_linear(rng):
    """100,000 boxes of which most are kept: under 50 MB beside them, all that kernels allocate included."""
    resource = pytest.importorskip("resource", reason="no memory limits on this system")
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("this system does not say how much memory a process has")
    count = 100_000
    boxes = from_middles(rng.random((count, 2)) * 30_000, np.full((count, 2), 20.0))
    scores = rng.random(count).astype(np.float32)
    imgproc.nms(boxes[:10], scores[:10])
    pages = int(statm.read_text("ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 50_000_000, before[1]))
        kept = imgproc.nms(boxes, scores, 0.3)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert len(kept) > 10_000
