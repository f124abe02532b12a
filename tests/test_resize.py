"""Resampling to another shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import resize as reference
from remembered import remembered

import imgproc

DTYPES = [np.uint8, np.uint16, np.float32]
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
# Up, down, by whole factors and not, along one axis or both.
SHAPES = [((5, width), (7, max(1, width * 2 // 3))) for width in LENGTHS]
SHAPES += [((6, width), (4, width * 3)) for width in LENGTHS] + [
    ((width, 6), (width * 2, 5)) for width in LENGTHS
]
SHAPES += [((4, 2 * width), (2, width)) for width in LENGTHS] + [
    ((6, 3 * width), (2, width)) for width in LENGTHS
]
SHAPES += [((3, width), (6, 2 * width)) for width in LENGTHS]
SHAPES += [
    ((9, 97), (3, 7)),
    ((40, 70), (3, 3)),
    ((12, 300), (5, 41)),
    ((1, 300), (1, 20)),
    ((64, 96), (1, 1)),
    ((2, 40), (4, 130)),
]
METHODS = ["linear", "nearest", "area"]

exact_area, exact_linear = remembered(reference.area), remembered(reference.linear)


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, int(np.iinfo(dtype).max) + 1, shape, dtype)


@pytest.fixture(params=[(), (3,), (4,)], ids=["gray", "RGB", "RGBA"])
def channels(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.mark.parametrize("extreme", [False, True])
def test_linear_uint8_is_the_rule(
    level: str, threads: int, channels: tuple[int, ...], extreme: bool, rng: np.random.Generator
) -> None:
    for before, after in SHAPES:
        image = make(rng, (*before, *channels), np.uint8)
        if extreme:
            image = np.where(image > 127, np.uint8(255), np.uint8(0))
        expected = reference.linear_fixed(image, after)
        np.testing.assert_array_equal(imgproc.resize(image, after), expected, err_msg=f"{before} {after}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_is_near_the_exact_value(
    level: str, threads: int, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    # The bounds of the docstring; the weights of uint8 have 11 bits, and sums are cut.
    bound = {np.uint8: 1.3, np.uint16: 0.52, np.float32: 4 * 2.0**-24}[dtype]
    for before, after in SHAPES:
        image = make(rng, (*before, *channels), dtype)
        result = imgproc.resize(image, after)
        assert result.dtype == dtype and result.shape == (*after, *channels)
        difference = np.abs(result - exact_linear(image, after)).max()
        assert difference <= bound, f"{before} {after}: {difference}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_is_the_pixel_of_the_centre(
    level: str, threads: int, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    for before, after in [*SHAPES, ((3, 200), (5, 64)), ((3, 400), (5, 97)), ((2, 999), (3, 33))]:
        image = make(rng, (*before, *channels), dtype)
        np.testing.assert_array_equal(
            imgproc.resize(image, after, method="nearest"), reference.nearest(image, after)
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_area_is_the_exact_mean(
    level: str, threads: int, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    shapes = [pair for pair in SHAPES if pair[0][0] * pair[0][1] <= 600]
    for before, after in shapes[:: 1 if channels == (3,) else 3]:
        image = make(rng, (*before, *channels), dtype)
        result, expected = imgproc.resize(image, after, method="area"), exact_area(image, after)
        if dtype == np.float32:
            # Halving adds three times in float32; all else is rounded once.
            np.testing.assert_allclose(result, expected, rtol=2**-22, atol=0)
        else:
            np.testing.assert_array_equal(result, expected, err_msg=f"{before} {after}")


def test_area_of_very_tall_images_does_not_overflow(level: str) -> None:
    image = np.full((140_000, 3), 65535, np.uint16)
    assert (imgproc.resize(image, (1, 2), method="area") == 65535).all()


def test_means_round_half_to_even(level: str) -> None:
    image = np.array([[0, 1], [1, 0]] * 2 + [[1, 2], [2, 1]] * 2, np.uint8)
    image = np.tile(image, (1, 40))
    for dtype in (np.uint8, np.uint16):
        result = imgproc.resize(image.astype(dtype), (4, 40), method="area")
        np.testing.assert_array_equal(result[:, 0], [0, 0, 2, 2])
        assert (result == result[:, :1]).all()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(METHODS),
    st.sampled_from(DTYPES),
    st.sampled_from([1, 3, 4]),
)
def test_laws(
    height: int, width: int, new_height: int, new_width: int, method: str, dtype: type, channels: int
) -> None:
    rng = np.random.default_rng(height * 100 + width)
    after = new_height, new_width
    # uint8 linear cuts along x and again along y, so that no axis is like the other; a constant may lose a level.
    cut = method == "linear" and dtype == np.uint8
    constant = np.full((height, width, channels), 0.3 if dtype == np.float32 else 77, dtype)
    np.testing.assert_array_equal(imgproc.resize(constant, after, method=method), constant[0, 0, 0])
    image = make(rng, (height, width, channels), dtype)
    np.testing.assert_array_equal(imgproc.resize(image, (height, width), method=method), image)
    result = imgproc.resize(image, after, method=method)
    tolerance = {np.uint8: 1 + cut, np.uint16: 1, np.float32: 4 * 2.0**-23}[dtype]
    if method == "nearest":
        assert set(result.ravel().tolist()) <= set(image.ravel().tolist())
    else:
        assert result.min() >= int(image.min()) and result.max() <= np.ceil(image.max())
        for flip in ((slice(None, None, -1),), (slice(None), slice(None, None, -1))):
            mirrored = imgproc.resize(image[flip], after, method=method)[flip]
            assert np.abs(mirrored.astype(np.float64) - result).max() <= tolerance
    turned = imgproc.resize(image.swapaxes(0, 1), after[::-1], method=method).swapaxes(0, 1)
    if method == "nearest":
        np.testing.assert_array_equal(turned, result)
    else:
        assert np.abs(turned.astype(np.float64) - result).max() <= tolerance


@pytest.mark.parametrize("after", [(6, 97), (20, 200), (10, 32)])
def test_a_ramp_stays_a_ramp(level: str, after: tuple[int, int]) -> None:
    image = np.tile(np.arange(64, dtype=np.float32) / 64, (12, 1))
    centres = ((np.arange(after[1]) + 0.5) * 64 / after[1] - 0.5) / 64
    result = imgproc.resize(image, after)
    np.testing.assert_allclose(result, np.tile(np.clip(centres, 0, 63 / 64), (after[0], 1)), atol=2**-22)


def test_nan_and_infinity_have_no_part_without_weight(level: str) -> None:
    for special in (np.nan, np.inf):
        image = np.ones((9, 99, 3), np.float32)
        image[4, 49] = special
        for method in METHODS:
            result = imgproc.resize(image, (3, 33), method=method)
            wrong = np.argwhere(~np.isfinite(result[..., 0]))
            assert wrong.tolist() == [[1, 16]]
        result = imgproc.resize(image, (9, 33))  # factor 3: the middle one of three, the others with weight 0
        assert not np.isfinite(result[4, 16]).any()
        assert np.isfinite(np.delete(result.reshape(-1, 3), 4 * 33 + 16, axis=0)).all()


def test_a_sample_of_full_weight_keeps_the_sign_of_zero(level: str) -> None:
    row = np.where(np.arange(80) % 2, -0.0, 1.0).astype(np.float32)[None]
    assert np.signbit(imgproc.resize(row, (1, 240))[0, 4::6]).all()


def test_strided_rows_and_out(level: str, rng: np.random.Generator) -> None:
    image = make(rng, (40, 50, 3), np.uint8)
    for method in METHODS:
        for after in ((20, 25), (13, 70)):
            view = image[::-2, 5:45]
            out = np.empty((*after, 3), np.uint8)
            assert imgproc.resize(view, after, method=method, out=out) is out
            np.testing.assert_array_equal(out, imgproc.resize(view.copy(), after, method=method))
    half = image[::-1]
    np.testing.assert_array_equal(imgproc.resize(half, (20, 25)), imgproc.resize(half.copy(), (20, 25)))


def test_results_larger_than_the_caches(level: str, rng: np.random.Generator) -> None:
    # 36 MB are written past them, from whatever alignment rows begin at.
    image = rng.random((3, 5), np.float32)
    after = 2999, 3001
    out = np.empty(after[0] * after[1] + 1, np.float32)[1:].reshape(after)
    imgproc.resize(image, after, out=out)
    assert np.abs(out - exact_linear(image, after)).max() <= 4 * 2.0**-24
    # As are 36 MB of twice the size; parts of it are not.
    image = rng.random((1500, 1500), np.float32)
    doubled = imgproc.resize(image, (3000, 3000))
    part = imgproc.resize(image[700:800, 400:600], (200, 400))
    np.testing.assert_array_equal(doubled[1401:1599, 801:1199], part[1:-1, 1:-1])


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_doubling_is_the_same_anywhere_in_memory(
    level: str, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    for width in (15, 33, 70):
        image = make(rng, (3, width, *channels), dtype)
        expected = imgproc.resize(image, (6, 2 * width))
        for offset in (1, 2, 7, 12):
            memory = np.full(expected.size + 2 * offset, 9, dtype)
            out = memory[offset:-offset].reshape(expected.shape)
            imgproc.resize(image, out.shape[:2], out=out)
            np.testing.assert_array_equal(out, expected)
            assert (memory[:offset] == 9).all() and (memory[-offset:] == 9).all()


def test_bad_arguments() -> None:
    image = np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match=r"^resize: method must be one of .*, got 'cubic'"):
        imgproc.resize(image, (2, 2), method="cubic")
    with pytest.raises(ValueError, match=r"^resize: shape\[0\] must be .*, got 0"):
        imgproc.resize(image, (0, 2))
    with pytest.raises(ValueError, match=r"^resize: out must be a uint8 array of shape \(2, 2\), got "):
        imgproc.resize(image, (2, 2), out=np.zeros((2, 3), np.uint8))
