"""Formats, clipping and overlap of boxes: against their slow twins, laws, and the edges of arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from box_samples import scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import boxes as slow

import imgproc

FORMATS = ("xyxy", "xywh", "cxcywh")
KINDS = ("iou", "giou", "diou", "ciou")
DTYPES = (np.float32, np.float64)
COUNTS = (*range(10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)


def some_boxes(width=32, largest=1e6):
    """Up to eight boxes, equal, empty and touching ones among them."""
    dtype = np.float32 if width == 32 else np.float64
    number = st.one_of(
        st.integers(-3, 3).map(float), st.floats(-largest, largest, width=width, allow_subnormal=False)
    )
    return st.integers(0, 8).flatmap(
        lambda n: arrays(dtype, (n, 4), elements=number).map(
            lambda b: np.concatenate([np.minimum(b[:, :2], b[:, 2:]), np.maximum(b[:, :2], b[:, 2:])], axis=1)
        )
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_overlap_is_the_twins_bit_for_bit(kind, dtype, level, rng):
    for name, boxes in scenes(rng, 60, dtype).items():
        a, b = boxes[:23], boxes[23:]
        np.testing.assert_array_equal(imgproc.iou_matrix(a, b, kind=kind), slow.iou_matrix(a, b, kind), name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_overlap_around_vector_widths(dtype, level, rng):
    boxes = scenes(rng, 110, dtype)["clustered"]
    whole = {kind: slow.iou_matrix(boxes[:9], boxes, kind) for kind in KINDS}
    for kind, (n, m) in itertools.product(KINDS, [(3, m) for m in COUNTS] + [(n, 5) for n in range(10)]):
        result = imgproc.iou_matrix(boxes[:n], boxes[:m], kind=kind)
        assert result.dtype == dtype and result.shape == (n, m)
        np.testing.assert_array_equal(result, whole[kind][:n, :m])


def test_overlap_with_more_boxes_than_stay_in_the_cache(level, threads, rng):
    boxes = scenes(rng, 2500)["scattered"]
    result = imgproc.iou_matrix(boxes[:7], boxes)
    parts = [imgproc.iou_matrix(boxes[:7], boxes[i : i + 61]) for i in range(0, 2500, 61)]
    np.testing.assert_array_equal(result, np.concatenate(parts, axis=1))


@settings(max_examples=150, deadline=None)
@given(boxes=some_boxes(), kind=st.sampled_from(KINDS))
def test_laws_of_overlap(boxes, kind):
    result = imgproc.iou_matrix(boxes, boxes, kind=kind)
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(result, result.T)
    own = np.diag(result)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    np.testing.assert_array_equal(own, np.where(area > 0, 1, 0).astype(np.float32))
    iou = imgproc.iou_matrix(boxes, boxes)
    assert ((iou >= 0) & (iou <= 1)).all() and not np.signbit(iou).any()
    assert (result <= iou).all()
    assert (result >= (-1.5 if kind == "ciou" else -1) - 1e-6).all()
    if kind != "ciou":  # whose angle has the width above the height
        turned = boxes[:, [1, 0, 3, 2]]
        np.testing.assert_array_equal(imgproc.iou_matrix(turned, turned, kind=kind), result)
    # Powers of two change nothing, but for products that are too small to have all digits.
    larger = imgproc.iou_matrix(boxes * 4, boxes * 4, kind=kind)
    np.testing.assert_allclose(larger, result, rtol=0, atol=1e-30)


@pytest.mark.parametrize("kind", KINDS)
def test_stated_error(kind, level, rng):
    """float32 against the same in float64, on boxes whose products keep their digits."""
    bound = 1e-6 if kind == "iou" else 3e-6
    for name in ("clustered", "scattered", "lines", "giants among dwarfs", "negative", "normalised"):
        boxes = scenes(rng, 120)[name]
        exact = imgproc.iou_matrix(boxes[:40].astype(float), boxes[40:].astype(float), kind=kind)
        result = imgproc.iou_matrix(boxes[:40], boxes[40:], kind=kind)
        error = np.abs(result - exact)
        assert (error <= bound * (np.abs(exact) if kind == "iou" else 1)).all(), (name, error.max())


def test_boxes_without_area_and_beyond_the_range(level):
    point, line, box = [3, 3, 3, 3], [0, 3, 9, 3], [0, 0, 9, 9]
    a = np.array([point, line, box], np.float32)
    np.testing.assert_array_equal(imgproc.iou_matrix(a, a), np.diag([0, 0, 1]))
    for kind in KINDS[1:]:
        assert np.isfinite(imgproc.iou_matrix(a, a, kind=kind)).all()
    huge = np.array([[-3e38, -3e38, 3e38, 3e38], [-1e30, -1e30, 1e30, 1e30], [0, 0, 1, 1]], np.float32)
    np.testing.assert_array_equal(imgproc.iou_matrix(huge, huge), np.diag([0, 0, 1]))
    # float64 holds these areas.
    np.testing.assert_array_equal(np.diag(imgproc.iou_matrix(huge.astype(float), huge.astype(float))), 1)


def test_overlap_that_the_paper_of_giou_draws():
    """Two unit squares side by side meet nowhere, and fill what encloses them; one apart leave a third of it empty."""
    a = np.array([[0.0, 0.0, 1.0, 1.0]])
    b = np.array([[1.0, 0.0, 2.0, 1.0], [2.0, 0.0, 3.0, 1.0]])
    np.testing.assert_allclose(imgproc.iou_matrix(a, b, kind="giou"), [[0, -1 / 3]])
    np.testing.assert_allclose(imgproc.iou_matrix(a, b, kind="diou"), [[-1 / 5, -4 / 10]])


def test_overlap_writes_where_it_is_told(rng):
    boxes = scenes(rng, 30)["clustered"]
    out = np.full((10, 20), 7, np.float32)
    assert imgproc.iou_matrix(boxes[:10], boxes[10:], out=out) is out
    np.testing.assert_array_equal(out, imgproc.iou_matrix(boxes[:10], boxes[10:]))
    for bad in (np.zeros((10, 20)), np.zeros((20, 10), np.float32), np.zeros((10, 40), np.float32)[:, ::2]):
        with pytest.raises(ValueError, match=r"^iou_matrix: out must be .*, got "):
            imgproc.iou_matrix(boxes[:10], boxes[10:], out=bad)
    shared = np.zeros((8, 4), np.float32)
    with pytest.raises(ValueError, match=r"^iou_matrix: out must be .*shares memory"):
        imgproc.iou_matrix(shared, boxes[:4], out=shared)


def test_overlap_takes_one_dtype():
    with pytest.raises(
        TypeError, match=r"^iou_matrix: b must be of dtype float32, as a is, got dtype float64"
    ):
        imgproc.iou_matrix(np.zeros((1, 4), np.float32), np.zeros((1, 4)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_formats_are_the_twins(source, target, dtype, level, rng):
    for name, boxes in scenes(rng, 23, dtype).items():
        given_boxes = np.array([slow.convert(box, "xyxy", source) for box in boxes], dtype)
        result = imgproc.convert_boxes(given_boxes, source, target)
        expected = np.array([slow.convert(box, source, target) for box in given_boxes], dtype)
        np.testing.assert_array_equal(result, expected, name)
        assert result.dtype == dtype and not np.shares_memory(result, given_boxes)


@settings(max_examples=60, deadline=None)
@given(
    corners=st.lists(st.tuples(*[st.integers(-(2**20), 2**20)] * 2, *[st.integers(0, 2**20)] * 2), max_size=6)
)
def test_formats_of_whole_numbers_come_back(corners):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in corners], np.float32).reshape(-1, 4)
    for way in itertools.product(FORMATS, repeat=3):
        there = boxes
        for source, target in itertools.pairwise(("xyxy", *way, "xyxy")):
            there = imgproc.convert_boxes(there, source, target)
        np.testing.assert_array_equal(there, boxes)


def wrong_rows(boxes):
    """The boxes with one number wrong, and the row where it is."""
    for row, column in itertools.product(range(len(boxes)), range(4)):
        for value in (np.nan, np.inf, -np.inf):
            wrong = boxes.copy()
            wrong[row, column] = value
            yield wrong, row
        wrong = boxes.copy()
        wrong[row, column] = -1 if column >= 2 else 9
        yield wrong, row


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_the_first_wrong_row_is_named(count, dtype, level):
    boxes = np.tile(np.array([1, 2, 3, 4], dtype), (count, 1))
    for wrong, row in wrong_rows(boxes):
        wrong[row + 1 :] = np.nan
        calls = [
            lambda boxes: imgproc.clip_boxes(boxes, (5, 5)),
            lambda boxes: imgproc.convert_boxes(boxes, "xyxy", "xywh"),
            lambda boxes: imgproc.iou_matrix(boxes, boxes),
        ]
        if not (wrong[row] == 9).any():  # a corner may be anywhere
            calls.append(lambda boxes: imgproc.convert_boxes(boxes, "xywh", "xyxy"))
        for call in calls:
            with pytest.raises(ValueError, match=rf" in row {row}$"):
                call(wrong)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clipping_is_numpys_to_the_sign_of_zero(dtype, level, rng):
    for count in (*range(10), 33):
        boxes = np.sort(rng.normal(0, 9, (count, 2, 2)), axis=1).reshape(-1, 4).astype(dtype)
        boxes[::3, :2] = -0.0
        boxes[::3, 2:] = 7
        expected = np.maximum(boxes, 0) + dtype(0)
        expected = np.minimum(expected, np.array([6, 4, 6, 4], dtype))
        assert imgproc.clip_boxes(boxes, (4, 6)).tobytes() == expected.tobytes()


def test_numbers_that_a_format_keeps_keep_the_sign_of_zero(level):
    boxes = np.full((9, 4), -0.0, np.float32)
    assert np.signbit(imgproc.convert_boxes(boxes, "xyxy", "xywh")[:, :2]).all()
    assert np.signbit(imgproc.convert_boxes(boxes, "xywh", "cxcywh")[:, 2:]).all()


@pytest.mark.parametrize("source", ["xywh", "cxcywh"])
def test_negative_sides_are_named(source):
    boxes = np.ones((5, 4), np.float32)
    boxes[3, 2] = -1
    must = rf"^convert_boxes: boxes must be {source} with width >= 0 and height >= 0, got \[.*\] in row 3$"
    with pytest.raises(ValueError, match=must):
        imgproc.convert_boxes(boxes, source, "xyxy")


def test_formats_beyond_the_range_are_infinite_and_middles_are_not():
    ends = np.array([[-3e38, 3e38, 3e38, 3.2e38]], np.float32)
    np.testing.assert_array_equal(
        imgproc.convert_boxes(ends, "xyxy", "cxcywh")[:, :3], np.array([[0, 3.1e38, np.inf]], np.float32)
    )


@settings(max_examples=60, deadline=None)
@given(boxes=some_boxes(64), height=st.integers(1, 50), width=st.integers(1, 50))
def test_clipped_boxes_lie_in_the_image(boxes, height, width):
    result = imgproc.clip_boxes(boxes, (height, width))
    for x1, y1, x2, y2 in result:
        assert 0 <= x1 <= x2 <= width and 0 <= y1 <= y2 <= height
    np.testing.assert_array_equal(imgproc.clip_boxes(result, (height, width)), result)
    inside = ((boxes >= 0) & (boxes <= [width, height, width, height])).all(axis=1)
    np.testing.assert_array_equal(result[inside], boxes[inside])
