"""Flat morphology: against slow twins, and by the laws that erosion and dilation obey."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import morphology as twins
from remembered import remembered

from imgproc import (
    closing,
    cpu_levels,
    dilate,
    erode,
    get_cpu_level,
    morphological_gradient,
    opening,
    set_cpu_level,
)

BORDERS = ["reflect", "symmetric", "edge", "wrap", "constant"]
WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
OPERATIONS = {
    erode: lambda image, shape, **kw: twins.flat(image, shape, False, **kw),
    dilate: lambda image, shape, **kw: twins.flat(image, shape, True, **kw),
    opening: lambda image, shape, **kw: twins.two(image, shape, False, **kw),
    closing: lambda image, shape, **kw: twins.two(image, shape, True, **kw),
    morphological_gradient: twins.gradient,
}
every = pytest.mark.parametrize("function", OPERATIONS, ids=lambda function: function.__name__)
dtypes = pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32], ids=lambda dtype: dtype.__name__)


def ellipse(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return x * x + y * y <= 1.0 + 1e-9


def make(rng, shape, dtype):
    if dtype == np.float32:
        return (rng.random(shape, np.float32) - np.float32(0.5)) * rng.choice([0, 1, 9], shape).astype("f4")
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def assert_same_bits(ours, expected):
    np.testing.assert_array_equal(ours, expected)
    if ours.dtype == np.float32:
        # NaN may be any NaN; zeros keep their sign.
        np.testing.assert_array_equal(np.signbit(ours[ours == 0]), np.signbit(expected[ours == 0]))


@cache
def cases(function, dtype, footprint):
    """Images of few rows with what the twin makes of them, for rows of numbers of a footprint."""
    shape, rng, found = np.array(footprint) != 0, np.random.default_rng(len(footprint)), []
    two = function in (opening, closing, morphological_gradient)
    for number, columns in enumerate(WIDTHS[two::2] if two else WIDTHS):
        extent = ((3, columns), (2, columns, 3), (2, columns, 4))[number % 3]
        if np.prod(extent) * shape.size > 12_000:
            extent = (2, columns)
        image = make(rng, extent, dtype)
        border = {"border": BORDERS[number % 5], "fill": 1 if number % 5 == 4 else 0}
        found.append((image, border, OPERATIONS[function](image, shape, **border)))
    return found


def rows_of(shape):
    return tuple(map(tuple, shape.astype(int).tolist()))


@every
@dtypes
@pytest.mark.parametrize("size", [1, 3, 5, 9, (1, 3), (7, 1), (3, 17), (35, 3)], ids=str)
def test_rectangles_are_the_twin(function, dtype, size, level, threads):
    height, width = (size, size) if isinstance(size, int) else size
    for image, border, expected in cases(function, dtype, rows_of(np.ones((height, width)))):
        assert_same_bits(function(image, size, **border), expected)


SHAPES = {
    "ellipse": ellipse(5, 9),
    "cross": np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]),
    "diagonal": np.eye(5, dtype=bool),
    "hole": np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]),
    "corner": np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
    "one neighbour": np.array([[0, 0, 1]]),
    "comb": np.array([[1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1]]),
}


@every
@dtypes
@pytest.mark.parametrize("name", SHAPES)
def test_footprints_are_the_twin(function, dtype, name, level, threads):
    for image, border, expected in cases(function, dtype, rows_of(SHAPES[name])):
        assert_same_bits(function(image, footprint=SHAPES[name], **border), expected)


@remembered
def by_shifts(image, footprint, greatest, border):
    """The definition with whole images, for sizes at which the twin is too slow."""
    if greatest:
        footprint = footprint[::-1, ::-1]
    (ry, rx), (height, width) = (np.array(footprint.shape) // 2, image.shape[:2])
    padded = np.pad(image, ((ry, ry), (rx, rx)) + ((0, 0),) * (image.ndim - 2), border)
    shifted = [padded[i : i + height, j : j + width] for i, j in np.argwhere(footprint)]
    return (np.maximum if greatest else np.minimum).reduce(shifted)


@dtypes
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(
    "size", [(33, 33), (47, 5), (3, 63), (101, 1), (1, 255), (57, 9)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_large_rectangles(dtype, border, size, rng, level, threads):
    whole = np.ones(size, bool)
    for extent in ((110, 83), (15, 270), (3, 4)):
        image = make(rng, extent, dtype)
        least = by_shifts(image, whole, False, border)
        most = by_shifts(image, whole, True, border)
        np.testing.assert_array_equal(erode(image, size, border=border), least)
        np.testing.assert_array_equal(dilate(image, size, border=border), most)
        np.testing.assert_array_equal(
            opening(image, size, border=border), by_shifts(least, whole, True, border)
        )
        np.testing.assert_array_equal(
            closing(image, size, border=border), by_shifts(most, whole, False, border)
        )
        np.testing.assert_array_equal(morphological_gradient(image, size, border=border), most - least)


@dtypes
@pytest.mark.parametrize("border", BORDERS)
def test_large_footprints_in_strips_and_batches(dtype, border, rng, level, threads):
    for shape, extent in (
        (ellipse(31, 31), (40, 1500)),
        (rng.random((23, 9)) < 0.4, (60, 40)),
        (rng.random((25, 31)) < 0.5, (9, 700, 3)),
        (ellipse(5, 5), (100, 20)),
    ):
        image = make(rng, extent, dtype)
        least = by_shifts(image, shape, False, border)
        np.testing.assert_array_equal(erode(image, footprint=shape, border=border), least)
        np.testing.assert_array_equal(
            opening(image, footprint=shape, border=border), by_shifts(least, shape, True, border)
        )


@pytest.mark.parametrize("border", BORDERS)
def test_neighbourhoods_larger_than_the_image(border, rng, level, threads):
    for extent in ((1, 1), (1, 7), (7, 1), (2, 3), (9, 11)):
        image = make(rng, extent, np.uint8)
        for size in (15, 25):
            whole = np.ones((size, size), bool)
            expected = by_shifts(image, whole, False, border)
            np.testing.assert_array_equal(erode(image, size, border=border), expected)
            np.testing.assert_array_equal(
                opening(image, size, border=border), by_shifts(expected, whole, True, border)
            )
            shape = rng.random((size, size)) < 0.3
            np.testing.assert_array_equal(
                closing(image, footprint=shape, border=border),
                by_shifts(by_shifts(image, shape, True, border), shape, False, border),
            )
        # As large as any, at no cost.
        everything = dilate(image, 10**30 + 1, border=border)
        np.testing.assert_array_equal(everything, np.full_like(image, image.max()))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_samples_reach_as_far_as_the_window_and_no_further(dtype, level):
    image = np.full((41, 61), 100, dtype)
    for size in (3, (5, 9), (35, 3)):
        height, width = (size, size) if isinstance(size, int) else size
        image[20, 30] = 1
        changed = erode(image, size) != 100
        assert changed.sum() == min(height, 41) * width
        assert changed[20, 30 - width // 2 : 30 + width // 2 + 1].all()
        image[20, 30] = 100


def test_nan_in_the_window_gives_nan(level, threads):
    rng = np.random.default_rng(3)
    for bits in (0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF):
        nan = np.array([bits], np.uint32).view(np.float32)
        for value in (np.inf, -np.inf, 0.0):
            image = np.full((43, 50, 4), value, np.float32)
            image[20, 25] = nan
            image[..., 3] = rng.random((43, 50))
            for size, shape in ((5, np.ones((5, 5))), (35, np.ones((35, 35))), (3, SHAPES["cross"])):
                ry, rx = shape.shape[0] // 2, shape.shape[1] // 2
                expected = np.zeros((43, 50), bool)
                expected[20 - ry : 21 + ry, 25 - rx : 26 + rx] = shape
                for function in (erode, dilate):
                    given = {"size": size} if shape.all() else {"footprint": shape}
                    result = function(image, **given)
                    np.testing.assert_array_equal(np.isnan(result[..., 0]), expected)
                    np.testing.assert_array_equal(result[..., 3], image[..., 3])
                    assert (result[..., :3][~expected] == value).all()


def test_zeros_keep_the_lesser_and_the_greater_sign(level):
    image = np.array([[0.0, -0.0, 0.0, 0.0, -0.0, -0.0, -0.0]], np.float32)
    assert np.signbit(erode(image, (1, 3))).tolist() == [[True, True, True, True, True, True, True]]
    assert np.signbit(dilate(image, (1, 3))).tolist() == [[False, False, False, False, False, True, True]]


def test_extremes_of_floats_are_numbers_like_others(level):
    image = np.array([[np.inf, -np.inf, 3e38, -3e38, 1e-45, -1e-45, 0]], np.float32)
    assert erode(image, (1, 3)).tolist() == twins.flat(image, np.ones((1, 3)), False).tolist()
    assert dilate(image, (1, 3)).tolist() == twins.flat(image, np.ones((1, 3)), True).tolist()


def test_sizes_are_odd() -> None:
    image = np.zeros((5, 5), np.uint8)
    with pytest.raises(ValueError, match=r"^erode: size must be an odd integer >= 1, got 4$"):
        erode(image, 4)
    with pytest.raises(ValueError, match=r"^opening: size\[1\] must be an odd integer >= 1, got 2$"):
        opening(image, (3, 2))
    with pytest.raises(ValueError, match=r"^dilate: footprint must be None or .*, got shape \(2, 3\)$"):
        dilate(image, footprint=np.ones((2, 3), bool))


def test_a_footprint_decides_over_a_size() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20), np.uint8)
    np.testing.assert_array_equal(erode(image, 9, footprint=np.ones((3, 5), int)), erode(image, (3, 5)))
    padded = np.pad(SHAPES["cross"], 4)
    np.testing.assert_array_equal(erode(image, footprint=padded), erode(image, footprint=SHAPES["cross"]))


def test_a_gradient_of_integers_does_not_wrap() -> None:
    image = np.array([[10, 0, 0, 0, 5]], np.uint8)
    away = np.array([[1, 0, 0]])
    with np.errstate(over="ignore"):
        expected = twins.gradient(image, away)
    np.testing.assert_array_equal(morphological_gradient(image, footprint=away), expected)
    assert (expected <= 10).all()


images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24))
footprints = hnp.arrays(np.bool_, st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 7]))).filter(
    lambda shape: shape.any()
)
odd = st.integers(0, 8).map(lambda n: 2 * n + 1)
wrapped = {"border": "wrap"}


@settings(max_examples=60, deadline=None)
@given(images, footprints, st.sampled_from(BORDERS))
def test_the_image_lies_between_erosion_and_dilation(image, shape, border) -> None:
    shape = shape.copy()
    shape[shape.shape[0] // 2, shape.shape[1] // 2] = True
    assert (erode(image, footprint=shape, border=border) <= image).all()
    assert (dilate(image, footprint=shape, border=border) >= image).all()


@settings(max_examples=60, deadline=None)
@given(images, footprints, st.sampled_from(BORDERS))
def test_erosion_and_dilation_are_dual(image, shape, border) -> None:
    fill = {"fill": 40} if border == "constant" else {}
    other = {"fill": 215} if border == "constant" else {}
    np.testing.assert_array_equal(
        255 - erode(image, footprint=shape, border=border, **fill),
        dilate(255 - image, footprint=shape[::-1, ::-1], border=border, **other),
    )
    np.testing.assert_array_equal(
        255 - opening(image, footprint=shape, border=border, **fill),
        closing(255 - image, footprint=shape[::-1, ::-1], border=border, **other),
    )


@settings(max_examples=60, deadline=None)
@given(images, footprints)
def test_opening_is_idempotent_and_below_the_image(image, shape) -> None:
    opened, closed = opening(image, footprint=shape, **wrapped), closing(image, footprint=shape, **wrapped)
    assert (opened <= image).all()
    assert (closed >= image).all()
    np.testing.assert_array_equal(opening(opened, footprint=shape, **wrapped), opened)
    np.testing.assert_array_equal(closing(closed, footprint=shape, **wrapped), closed)


@settings(max_examples=60, deadline=None)
@given(images, odd, odd, st.sampled_from(["reflect", "symmetric", "edge", "wrap"]))
def test_so_do_rectangles_with_any_border_made_of_the_image(image, height, width, border) -> None:
    opened = opening(image, (height, width), border=border)
    assert (opened <= image).all()
    np.testing.assert_array_equal(opening(opened, (height, width), border=border), opened)


@settings(max_examples=60, deadline=None)
@given(images, odd, odd, st.sampled_from(BORDERS))
def test_rectangles_are_separable(image, height, width, border) -> None:
    whole = erode(image, (height, width), border=border)
    np.testing.assert_array_equal(
        erode(erode(image, (height, 1), border=border), (1, width), border=border), whole
    )


@settings(max_examples=60, deadline=None)
@given(images, odd, odd)
def test_rectangles_compose(image, first, second) -> None:
    np.testing.assert_array_equal(erode(erode(image, first), second), erode(image, first + second - 1))


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float32, (6, 21), elements=st.floats(width=32)), footprints)
def test_any_floats_give_the_same_bits_at_every_level(image, shape) -> None:
    before, results = get_cpu_level(), []
    for level in cpu_levels():
        set_cpu_level(level)
        results.append(erode(image, footprint=shape).tobytes() + erode(image, 5).tobytes())
    set_cpu_level(before)
    assert len(set(results)) == 1
