"""Autocontrast, gamma and equalisation against their slow twins, and the laws they keep."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import tone as twin

import imgproc

SHAPES = [(1, 1), (3, 5), (7, 17), (5, 33)]
CHANNELS: list[tuple[int, ...]] = [(), (1,), (3,), (4,)]
DTYPES = [np.uint8, np.uint16]

small_images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24))


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    top = np.iinfo(dtype).max
    low, high = sorted(rng.integers(0, top, 2))
    return rng.integers(low, high + 2, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "gamma, gain", [(0.45, 1.0), (2.2, 1.0), (1.0, 1.0), (1.0, 0.0), (0.8, 3.5), (25.0, 1.0)]
)
def test_gamma_of_every_value(level: str, dtype: Any, gamma: float, gain: float) -> None:
    top = np.iinfo(dtype).max
    image = np.arange(top + 1, dtype=dtype).reshape(256, -1)
    sampled = np.linspace(0, top, 999).astype(int)
    result = imgproc.gamma_correct(image, gamma, gain=gain).ravel()
    for value in sampled:
        assert result[value] == twin.gamma(int(value), int(top), gamma, gain)


@pytest.mark.parametrize("gain", [1e305, 1e307, 1.7e308])
@pytest.mark.parametrize("gamma", [1.0, 100.0, 135.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gamma_with_a_gain_that_overflows(dtype: Any, gamma: float, gain: float) -> None:
    top = int(np.iinfo(dtype).max)
    values = [0, 1, 2, top // 2, top]
    result = imgproc.gamma_correct(np.array([values], dtype), gamma, gain=gain)[0]
    for value, found in zip(values, result, strict=True):
        assert found == min(round(Fraction(gain) * top * Fraction((value / top) ** gamma)), top)


@given(st.floats(0.05, 12), st.floats(0, 4))
@settings(max_examples=40, deadline=None)
def test_gamma_of_every_uint16_is_the_float64_power(gamma: float, gain: float) -> None:
    """The table is estimated in float32 where that cannot change the rounding."""
    value = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.clip(np.rint(65535 * gain * (value / 65535) ** gamma), 0, 65535)
    assert np.array_equal(imgproc.gamma_correct(value, gamma, gain=gain), expected)


@pytest.mark.parametrize("channel", ["luma", "each", "pooled"])
@pytest.mark.parametrize("cutoff", [0, 1, (10, 0), (0, 25.5), (60, 60), 100])
@pytest.mark.parametrize("dtype", DTYPES)
def test_autocontrast_is_its_twin(
    level: str, channel: str, cutoff: Any, dtype: Any, rng: np.random.Generator
) -> None:
    cut = cutoff if isinstance(cutoff, tuple) else (cutoff, cutoff)
    top = int(np.iinfo(dtype).max)

    def one(value: int, values: list[int]) -> int:
        if len(values) and int(len(values) * cut[0] // 100) + int(len(values) * cut[1] // 100) >= len(values):
            return value
        return twin.stretch(value, *twin.kept_range(values, cut), top)

    for shape in SHAPES:
        for depth in CHANNELS:
            image = make(rng, shape + depth, dtype)
            mask = rng.random(shape) < 0.7
            mask.flat[0] = True
            for chosen in (None, mask):
                expected = twin.map_image(image, channel, chosen, one)
                assert np.array_equal(
                    imgproc.autocontrast(image, cutoff=cutoff, channel=channel, mask=chosen), expected
                )


@pytest.mark.parametrize("channel", ["luma", "each", "pooled"])
def test_equalize_uint16_is_its_twin(level: str, channel: str, rng: np.random.Generator) -> None:
    def one(value: int, values: list[int]) -> int:
        return twin.clip(round(twin.equalize(value, values, 65535)), 65535)

    for shape in SHAPES:
        for depth in CHANNELS:
            image = make(rng, shape + depth, np.uint16)
            mask = rng.random(shape) < 0.7
            mask.flat[0] = True
            for chosen in (None, mask):
                expected = twin.map_image(image, channel, chosen, one)
                assert np.array_equal(
                    imgproc.equalize_histogram(image, channel=channel, mask=chosen), expected
                )


@pytest.mark.parametrize("channel", ["luma", "each", "pooled"])
def test_equalize_uint8_is_its_twin_up_to_float32_at_halves(
    level: str, channel: str, rng: np.random.Generator
) -> None:
    """The float32 product may fall on the other side of a half that the exact quotient is within 2e-5 of."""
    near_halves: list[int] = []

    def one(value: int, values: list[int]) -> int:
        exact = twin.equalize(value, values, 255)
        if abs(exact % 1 - twin.Fraction(1, 2)) < 2e-5:
            near_halves.append(value)
        return twin.clip(round(exact), 255)

    for shape in SHAPES:
        for depth in CHANNELS:
            image = make(rng, shape + depth, np.uint8)
            near_halves.clear()
            expected = twin.map_image(image, channel, None, one)
            result = imgproc.equalize_histogram(image, channel=channel)
            if near_halves:
                assert np.abs(result.astype(int) - expected).max() <= 1
            else:
                assert np.array_equal(result, expected)


@pytest.mark.parametrize("name", ["autocontrast", "equalize_histogram"])
@pytest.mark.parametrize("channel", ["luma", "each", "pooled"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_constant_image_comes_back(name: str, channel: str, dtype: Any) -> None:
    value = 0.4 if dtype == np.float32 else 77
    for shape in ((5, 6), (5, 6, 3), (5, 6, 4)):
        image = np.full(shape, value, dtype)
        assert np.array_equal(getattr(imgproc, name)(image, channel=channel), image)


def test_autocontrast_float_reaches_zero_and_one(level: str, rng: np.random.Generator) -> None:
    image = (rng.random((40, 50), np.float32) * np.float32(0.3) + np.float32(0.2)).astype(np.float32)
    result = imgproc.autocontrast(image)
    assert result.min() == 0 and result.max() == 1
    low, high = float(image.min()), float(image.max())
    # Two float32 roundings: the difference and the product.
    assert np.abs(result - (image.astype(float) - low) / (high - low)).max() <= 3 * 2**-24


@pytest.mark.parametrize("channel", ["luma", "each", "pooled"])
@pytest.mark.parametrize("tail", [(), (3,), (4,)])
def test_autocontrast_of_a_range_that_float32_cannot_hold(level: str, channel: str, tail: Any) -> None:
    """Where the difference of the ends overflows, values still become their share of the range."""
    steps = np.linspace(-1, 1, 97)
    image = np.empty((1, 97, *tail), np.float32)
    image.T[:] = (steps * 3e38).astype(np.float32)[:, None]
    result = imgproc.autocontrast(image, channel=channel)
    colors = result[..., :3] if tail else result
    assert colors.min() == 0
    assert np.isfinite(colors).all()
    if tail == (4,):
        np.testing.assert_array_equal(result[..., 3], image[..., 3])
    if tail and channel == "luma":
        # Only pixels near 0 keep digits of their luma when Y is taken from them.
        np.testing.assert_allclose(colors[0, 48], 0.5, rtol=2**-20)
        return
    assert colors.max() == 1
    expected = (steps + 1) / 2
    np.testing.assert_allclose(
        colors.reshape(97, -1), np.stack([expected] * (3 if tail else 1), 1), atol=2**-22
    )
    narrow = np.float32(image / 2**100)
    np.testing.assert_array_equal(
        colors, imgproc.autocontrast(narrow, channel=channel)[..., : 3 if tail else None]
    )


@pytest.mark.parametrize("channel", ["each", "pooled"])
def test_autocontrast_float_cutoff_are_order_statistics(channel: str, rng: np.random.Generator) -> None:
    image = rng.normal(0.5, 0.4, (31, 57, 3)).astype(np.float32)
    image[3, 4, 1] = np.nan
    result = imgproc.autocontrast(image, cutoff=(2, 7), channel=channel)
    for c in range(3):
        values = image if channel == "pooled" else image[..., c]
        ordered = np.sort(values[np.isfinite(values)])
        low, high = ordered[ordered.size * 2 // 100], ordered[ordered.size - 1 - ordered.size * 7 // 100]
        expected = np.clip((image[..., c].astype(float) - low) / (float(high) - low), 0, 1)
        assert np.nanmax(np.abs(result[..., c] - expected)) <= 4 * 2**-24
    assert np.isnan(result[3, 4, 1])


def test_float_luma_keeps_color_differences(level: str, rng: np.random.Generator) -> None:
    image = (rng.random((20, 33, 3), np.float32) * np.float32(0.2) + np.float32(0.4)).astype(np.float32)
    for result in (imgproc.autocontrast(image, cutoff=1), imgproc.equalize_histogram(image)):
        inside = ((result > 0) & (result < 1)).all(axis=-1)
        assert inside.any()
        before = image[..., 0] - image[..., 2]
        after = result[..., 0] - result[..., 2]
        assert np.abs(before - after)[inside].max() <= 4 * 2**-24


def test_equalize_float_is_the_cdf_of_codes(level: str, rng: np.random.Generator) -> None:
    image = rng.random((30, 40), np.float32) ** 2
    codes = np.rint(np.clip(image, 0, 1) * np.float32(65535)).astype(int)
    counts = np.bincount(codes.ravel(), minlength=65536)
    cdf = np.cumsum(counts)
    smallest = cdf[np.flatnonzero(counts)[0]]
    expected = ((cdf - smallest) / (cdf[-1] - smallest))[codes]
    assert np.array_equal(imgproc.equalize_histogram(image), expected.astype(np.float32))


@given(small_images)
@settings(max_examples=60, deadline=None)
def test_equalize_is_monotone_and_uses_the_full_range(image: np.ndarray) -> None:
    result = imgproc.equalize_histogram(image)
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order].astype(int)) >= 0).all()
    if image.min() != image.max():
        assert result.min() == 0 and result.max() == 255


@given(small_images, st.floats(0, 40), st.floats(0, 40))
@settings(max_examples=60, deadline=None)
def test_autocontrast_is_monotone_and_idempotent_without_cutoff(
    image: np.ndarray, low: float, high: float
) -> None:
    result = imgproc.autocontrast(image, cutoff=(low, high))
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order].astype(int)) >= 0).all()
    once = imgproc.autocontrast(image)
    assert np.array_equal(imgproc.autocontrast(once), once)


@given(small_images)
@settings(max_examples=30, deadline=None)
def test_gamma_one_changes_nothing(image: np.ndarray) -> None:
    assert np.array_equal(imgproc.gamma_correct(image, 1.0), image)


def test_luma_moves_all_three_channels_alike(rng: np.random.Generator) -> None:
    image = rng.integers(90, 160, (20, 30, 3), np.uint8)
    for result in (imgproc.autocontrast(image, cutoff=5), imgproc.equalize_histogram(image)):
        moved = result.astype(int) - image
        unclipped = ((result > 0) & (result < 255)).all(axis=-1)
        assert unclipped.any()
        assert (np.ptp(moved[unclipped], axis=-1) == 0).all()
