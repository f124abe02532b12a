"""Derivatives, magnitude and direction against their definitions, and their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import gradients as reference

import imgproc

OPERATORS = ("sobel", "scharr", "prewitt", "central")
FACTORS = {"sobel": 8, "scharr": 32, "prewitt": 6, "central": 2}
DTYPES = (np.uint8, np.uint16, np.float32)
WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19, 31, 32, 33, 34, 35, 63, 64, 65, 66, 97)


def noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if np.dtype(dtype) == np.float32:
        return rng.random(shape, np.float32)
    # Extremes often: they make the largest sums.
    image = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    choice = rng.random(shape)
    image[choice < 0.3] = 0
    image[choice > 0.7] = np.iinfo(dtype).max
    return image


def check(image: np.ndarray, operator: str, border: str = "reflect", fill: float = 0) -> None:
    result = imgproc.gradient(image, operator, border=border, fill=fill)
    for ours, exact in zip(result, reference.gradient(image, operator, border, fill), strict=True):
        assert ours.shape == image.shape
        if image.dtype == np.float32:
            assert ours.dtype == np.float32
            # The bound of the docstring, with Σ |w · image| no larger than the factor times the largest sample.
            largest = max(float(np.abs(image).max()), abs(fill))
            assert np.abs(ours - exact).max() <= 4 * 2.0**-23 * FACTORS[operator] * largest
        else:
            assert ours.dtype == (np.int16 if image.dtype == np.uint8 else np.float32)
            np.testing.assert_array_equal(ours, exact)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operator", OPERATORS)
def test_widths(operator: str, dtype: Any, level: str, threads: int, rng: np.random.Generator) -> None:
    for width in WIDTHS:
        for height in (1, 2, 3, 4):
            check(noise(rng, (height, width), dtype), operator)


@pytest.mark.parametrize("border", ["reflect", "symmetric", "edge", "wrap", "constant"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_borders_and_channels(border: str, dtype: Any, level: str, rng: np.random.Generator) -> None:
    for shape in ((5, 9), (4, 1), (1, 6), (7, 22, 3), (3, 1, 3), (6, 19, 4), (5, 2, 1)):
        for operator in ("sobel", "scharr"):
            check(noise(rng, shape, dtype), operator, border, 0.25 if dtype == np.float32 else 201)


def test_strips_of_the_polar_pass(level: str, rng: np.random.Generator) -> None:
    for shape in ((3, 511), (3, 512), (3, 513), (3, 1025), (2, 171, 3), (2, 341, 3), (2, 129, 4)):
        image = noise(rng, shape, np.uint8)
        magnitude, direction = imgproc.gradient_polar(image)
        exact = reference.polar(*imgproc.gradient(image))
        assert np.abs(np.degrees(direction - exact[1])).max() < 1e-4
        np.testing.assert_allclose(magnitude, exact[0], rtol=2.0**-23)


def ulps(value: np.ndarray, exact: np.ndarray) -> float:
    spacing = np.spacing(np.maximum(exact.astype(np.float32), np.finfo(np.float32).tiny)).astype(np.float64)
    return float((np.abs(value - exact) / spacing).max())


@pytest.mark.parametrize("operator", OPERATORS)
def test_polar_of_every_dtype(operator: str, level: str, threads: int, rng: np.random.Generator) -> None:
    for dtype, bound in ((np.uint8, 1.0), (np.uint16, 3.25), (np.float32, 3.25)):
        for shape in ((40, 97), (11, 33, 3), (1, 1), (1, 40)):
            image = noise(rng, shape, dtype)
            magnitude, direction = imgproc.gradient_polar(image, operator)
            exact = reference.polar(*imgproc.gradient(image, operator))
            assert np.abs(np.degrees(direction - exact[1])).max() < 1e-4
            assert ulps(magnitude, exact[0]) <= (
                0.5 + 1e-6 if dtype == np.uint8 and operator != "scharr" else bound
            )


def test_direction_of_every_pair_of_uint8_differences(level: str) -> None:
    """Central differences of two crossing ramps take every value from -255 to 255 in both directions."""
    top = np.arange(-255, 256)
    cells = np.zeros((len(top), 3, len(top), 3), np.uint8)
    cells[:, 1, :, 0], cells[:, 1, :, 2] = np.maximum(-top, 0), np.maximum(top, 0)
    cells[:, 0, :, 1], cells[:, 2, :, 1] = np.maximum(-top, 0)[:, None], np.maximum(top, 0)[:, None]
    image = cells.reshape(3 * len(top), 3 * len(top))
    magnitude, direction = (part[1::3, 1::3] for part in imgproc.gradient_polar(image, "central"))
    gy, gx = np.meshgrid(top, top, indexing="ij")
    assert np.abs(np.degrees(direction - np.arctan2(gy, gx))).max() < 1e-4
    np.testing.assert_array_equal(magnitude, np.sqrt(gx * gx + gy * gy).astype(np.float32))
    # The axes are exact, and no zero is negative.
    half = np.float32(np.pi / 2)
    np.testing.assert_array_equal(direction[gy == 0], np.where(top < 0, np.float32(np.pi), 0))
    np.testing.assert_array_equal(direction[gx == 0], np.where(top < 0, -half, np.where(top > 0, half, 0)))
    assert not np.signbit(direction[gy >= 0]).any()


def derivatives_of(gx: np.ndarray, gy: np.ndarray) -> np.ndarray:
    """A float32 image of 3 × 3 cells whose central differences at the centres are gx and gy."""
    cells = np.zeros((len(gx), 3, 3), np.float32)
    cells[:, 1, 2], cells[:, 2, 1] = gx, gy
    return cells.transpose(1, 0, 2).reshape(3, -1)


def test_float_directions_over_all_magnitudes(level: str, rng: np.random.Generator) -> None:
    exponents = rng.uniform(-44, 38, (2, 20_000))
    gx, gy = (10.0**exponents * rng.choice([-1, 1], exponents.shape)).astype(np.float32)
    gy = np.clip(gy, -1e37, 1e37)
    gx[:5000] = gy[:5000] * rng.uniform(0.1, 10, 5000).astype(np.float32)
    gx[5000:5100], gy[5050:5150] = 0, 0
    gx[5200:5300], gx[5300:5400] = gy[5200:5300], -gy[5300:5400]
    result = imgproc.gradient_polar(derivatives_of(gx, gy), "central")
    magnitude, direction = (part[1, 1::3] for part in result)
    exact = reference.polar(gx + np.float32(0), gy + np.float32(0))
    # A direction next to an axis may be smaller than the smallest float32.
    assert np.abs(np.degrees(direction - exact[1])).max() < 1e-4
    normal = exact[0] >= np.finfo(np.float32).tiny
    assert ulps(magnitude[normal], exact[0][normal]) <= 3.25
    assert np.abs(magnitude[~normal] - exact[0][~normal]).max() <= 4 * 2.0**-149


def test_special_values(level: str) -> None:
    inf, nan, zero = np.inf, np.nan, np.float32(0)
    gx = np.float32([inf, inf, -inf, 1, -1, nan, 1, nan, inf, 0, -0.0, -0.0, -1, -1, 3e38])
    gy = np.float32([inf, -inf, inf, inf, -inf, 1, nan, nan, 1, 0, -0.0, 0, 0, -0.0, 3e38])
    result = imgproc.gradient_polar(derivatives_of(gx, gy), "central")
    magnitude, direction = (part[1, 1::3] for part in result)
    known = ~np.isnan(gx + zero * 0) & ~np.isnan(gy)
    assert np.isnan(magnitude[~known]).all() and np.isnan(direction[~known]).all()
    with np.errstate(over="ignore"):
        exact = np.arctan2((gy + zero).astype(np.float64), (gx + zero).astype(np.float64))[known]
        expected = np.hypot(gx.astype(np.float64), gy)[known].astype(np.float32)
    assert np.abs(np.degrees(direction[known] - exact)).max() < 1e-4
    np.testing.assert_array_equal(magnitude[known], expected)
    assert not np.signbit(direction[9:14]).any()


def test_negative_zeros_are_not_returned(level: str) -> None:
    image = np.where(np.arange(40).reshape(4, 10) % 3, np.float32(-0.0), np.float32(0.0))
    for operator in OPERATORS:
        for part in imgproc.gradient(image, operator):
            assert not np.signbit(part).any()


def test_out(rng: np.random.Generator) -> None:
    image = noise(rng, (6, 20, 3), np.uint8)
    for function, dtype in ((imgproc.gradient, np.int16), (imgproc.gradient_polar, np.float32)):
        first, second = np.empty((2, *image.shape), dtype)
        result = function(image, out=(first, second))
        assert result[0] is first and result[1] is second
        for ours, expected in zip(result, function(image), strict=True):
            np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("name", ["gradient", "gradient_polar"])
def test_bad_out(name: str) -> None:
    function = getattr(imgproc, name)
    image = np.zeros((6, 20), np.uint8)
    good = np.zeros(image.shape, np.int16 if name == "gradient" else np.float32)
    for wrong in (good, "pair", (good,), (good, good, good), (None, good), (good, None), 3, (good, "out")):
        with pytest.raises(TypeError, match=rf"^{name}: out must be "):
            function(image, out=wrong)
    frozen = good.copy()
    frozen.flags.writeable = False
    for bad in (good[:-1], good.astype(np.int32), frozen, np.zeros((12, 20), good.dtype)[::2]):
        for pair in ((good, bad), (bad, good)):
            with pytest.raises(ValueError, match=rf"^{name}: out must be .*, got "):
                function(image, out=pair)
    with pytest.raises(ValueError, match=rf"^{name}: out must be free of overlap"):
        function(image, out=(good, good))
    deep = np.zeros((6, 20), np.float32)
    with pytest.raises(ValueError, match=rf"^{name}: out must be free of overlap"):
        function(deep, out=(np.empty_like(deep), deep))
    assert not good.any()


small = st.tuples(st.integers(1, 12), st.integers(1, 40))
operators = st.sampled_from(OPERATORS)


@given(small, operators, st.integers(0, 255))
@settings(max_examples=50, deadline=None)
def test_a_constant_has_no_gradient(shape: tuple[int, int], operator: str, value: int) -> None:
    for dtype in DTYPES:
        for part in imgproc.gradient(np.full(shape, value, dtype), operator):
            assert not part.any()


@given(small, operators, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_a_ramp_has_a_constant_gradient(shape: tuple[int, int], operator: str, right: int, down: int) -> None:
    y, x = np.indices(shape)
    for dtype in DTYPES:
        gx, gy = imgproc.gradient((x * right + y * down).astype(dtype), operator)
        assert (gx[1:-1, 1:-1] == right * FACTORS[operator]).all()
        assert (gy[1:-1, 1:-1] == down * FACTORS[operator]).all()


images = st.one_of(
    arrays(np.uint8, small),
    arrays(np.uint16, small),
    arrays(np.float32, small, elements=st.floats(-1e6, 1e6, width=32)),
)


@given(images, operators, st.sampled_from(["reflect", "symmetric", "edge", "wrap", "constant"]))
@settings(max_examples=150, deadline=None)
def test_transposing_exchanges_the_axes(image: np.ndarray, operator: str, border: str) -> None:
    gx, gy = imgproc.gradient(image, operator, border=border)
    tx, ty = imgproc.gradient(image.T, operator, border=border)
    np.testing.assert_array_equal(gx, ty.T)
    np.testing.assert_array_equal(gy, tx.T)


@given(images, operators)
@settings(max_examples=100, deadline=None)
def test_magnitude_and_direction_give_the_gradient_back(image: np.ndarray, operator: str) -> None:
    gx, gy = (part.astype(np.float64) for part in imgproc.gradient(image, operator))
    magnitude, direction = (part.astype(np.float64) for part in imgproc.gradient_polar(image, operator))
    # 1.75e-6 radians and 3.25 units in the last place, in which subnormal numbers are absolute.
    bound = magnitude * (1.75e-6 + 3.25 * 2.0**-23) + 4 * 2.0**-149
    assert (np.abs(magnitude * np.cos(direction) - gx) <= bound).all()
    assert (np.abs(magnitude * np.sin(direction) - gy) <= bound).all()
