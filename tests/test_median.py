"""Median: against the slow twin, by exhaustion of what the networks can meet, and by its laws."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.median import median_filter as twin
from reference.median import networks
from remembered import remembered

import imgproc

DTYPES = ("u1", "u2", "f4")
BORDERS = ("reflect", "symmetric", "edge", "wrap", "constant")
WIDTHS = (*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)
# Networks, then histograms or ranks; and shapes that only these take.
RADII = (1, 2, 3, 4, 5, (0, 1), (2, 0), (1, 3), (7, 2))

Image = np.ndarray[Any, np.dtype[Any]]

exact = remembered(twin)


def pair(radius: Any) -> tuple[int, int]:
    return radius if isinstance(radius, tuple) else (radius, radius)


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Image:
    if dtype == "f4":
        return rng.standard_normal(shape).astype(np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def same_bits(a: Image, b: Image) -> None:
    """NaN apart, whose bits are those of one quiet NaN."""
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b) & ~np.isnan(b))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("radius", RADII)
def test_equals_the_twin_at_every_width(
    dtype: str, radius: Any, level: str, threads: int, rng: np.random.Generator
) -> None:
    for width in WIDTHS:
        image = make(rng, (3, width), dtype)
        np.testing.assert_array_equal(imgproc.median_filter(image, radius), exact(image, *pair(radius)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS)
def test_channels_and_borders(dtype: str, border: str, level: str, rng: np.random.Generator) -> None:
    for shape in ((4, 5), (1, 3, 3), (5, 9, 3), (6, 7, 4), (7, 1, 1)):
        image = make(rng, shape, dtype)
        for radius in (1, 2, 3, 4, 5, (3, 6)):
            expected = twin(image, *pair(radius), border, 5.0)
            if shape[2:] == (4,):
                expected[..., 3] = image[..., 3]
            result = imgproc.median_filter(image, radius, border=border, fill=5.0)
            np.testing.assert_array_equal(result, expected, err_msg=f"{shape} {radius}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_windows_larger_than_the_image(dtype: str, level: str, rng: np.random.Generator) -> None:
    image = make(rng, (3, 4), dtype)
    for radius in (20, (140, 1), (1, 150), (128, 128)):
        for border in ("wrap", "constant"):
            ry, rx = pair(radius)
            pads = ((ry, ry), (rx, rx))
            padded = np.pad(image, pads, border)  # type: ignore[call-overload]
            windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * ry + 1, 2 * rx + 1))
            expected = np.sort(windows.reshape(12, -1))[:, windows[0, 0].size // 2].reshape(3, 4)
            result = imgproc.median_filter(image, radius, border=border)
            np.testing.assert_array_equal(result, expected)


def test_strips_and_blocks(level: str, threads: int, rng: np.random.Generator) -> None:
    """Images wider than what is worked on at a time: the same as its parts on their own."""
    for dtype, radius in itertools.product(DTYPES, (1, 2, 3, 4, 5, 9)):
        image = make(rng, (12, 4500, 3) if radius < 5 else (70, 1300, 3), dtype)
        whole = imgproc.median_filter(image, radius)
        for start in range(0, image.shape[1], 160):
            first, last = max(0, start - radius), min(image.shape[1], start + 160 + radius)
            part = imgproc.median_filter(np.ascontiguousarray(image[:, first:last]), radius)
            inner = slice(start - first, min(start + 160, image.shape[1]) - first)
            np.testing.assert_array_equal(whole[:, start : start + 160], part[:, inner])


def test_networks_are_those_of_the_construction() -> None:
    header = Path(__file__).parents[1] / "ext" / "simd" / "median_networks.h"
    if not header.exists():
        pytest.skip("the sources are not here")
    text = header.read_text("utf-8").replace("\\\n", "")
    defined = {}
    for name, body in re.findall(r"#define (\w+)\(S, L, H\)(.*)", text):
        comparators = [(kind, int(i), int(j)) for kind, i, j in re.findall(r"([SLH])\((\d+), (\d+)\)", body)]
        outputs = re.search(rf"#define {name}_OUT\(O\)(.*)", text)
        assert outputs
        defined[name] = comparators, [int(wire) for wire in re.findall(r"O\(\d+, (\d+)\)", outputs[1])]
    assert defined == networks()


def _columns(heights: int, length: int) -> Image:
    """A sequence in which every word of so many column heights stands (de Bruijn; Fredricksen, Maiorana)."""
    word, sequence = [0] * (heights * length), []

    def extend(t: int, p: int) -> None:
        if t > length:
            if length % p == 0:
                sequence.extend(word[1 : p + 1])
            return
        word[t] = word[t - p]
        extend(t + 1, p)
        for height in range(word[t - p] + 1, heights):
            word[t] = height
            extend(t + 1, t)

    extend(1, 1)
    return np.array(sequence + sequence[: length - 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("radius", [1, 2])
def test_zero_one_principle(dtype: str, radius: int, level: str, rng: np.random.Generator) -> None:
    """A network that is right for all zeros and ones is right. All numbers of ones in the columns of a window
    occur, or all in its rows, and because the rows beside are copies, or come again one further down, in the
    shared and in the single rows too."""
    side = 2 * radius + 1
    heights = _columns(side + 1, side)
    order = rng.permuted(np.tile(np.arange(side)[:, None], len(heights)), axis=0)
    image = (order < heights).astype(dtype)
    image = np.concatenate([image, image, image])
    ones = sum(np.roll(heights, shift) for shift in range(-radius, radius + 1))
    # The sequence repeats after its last word, so that every window of side rows holds the same columns.
    expected = np.broadcast_to(2 * ones > side * side, image.shape)
    inner = slice(radius, len(heights) - radius)
    result = imgproc.median_filter(image, radius, border="wrap")
    np.testing.assert_array_equal(result[:, inner], expected[:, inner])
    for first in (0, 1):
        result = imgproc.median_filter(np.ascontiguousarray(image[:, first:].T), radius, border="wrap").T
        np.testing.assert_array_equal(result[:, radius:-radius], expected[:, first:][:, radius:-radius])


@pytest.mark.parametrize("radius", [3, 4])
def test_zeros_and_ones_of_larger_networks(radius: int, level: str, rng: np.random.Generator) -> None:
    side = 2 * radius + 1
    for share in np.linspace(0.3, 0.7, 9):
        image = (rng.random((64, 700)) < share).astype(np.uint8)
        image[:, :300] &= rng.random(300) < 0.9  # whole columns of zeros
        ones = np.lib.stride_tricks.sliding_window_view(image, (side, side)).sum(axis=(2, 3))
        result = imgproc.median_filter(image, radius)[radius:-radius, radius:-radius]
        np.testing.assert_array_equal(result, 2 * ones > side * side)


@pytest.mark.parametrize("radius", [1, 2, 3, 4, 5])
def test_nan_zero_and_infinity_stand_in_order(radius: int, level: str, rng: np.random.Generator) -> None:
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1.0, -1.0, 1e-45, 3e38], np.float32)
    for special in (values, values[:2], values[4:6], values[[0, 1, 2, 4]]):
        image = rng.choice(special, (9, 40))
        same_bits(imgproc.median_filter(image, radius), twin(image, radius, radius))


@pytest.mark.parametrize("radius", [1, 3, 6])
def test_few_nan_are_specks(radius: int, level: str, rng: np.random.Generator) -> None:
    image = make(rng, (30, 40), "f4")
    image[::7, ::9] = np.nan
    assert np.isfinite(imgproc.median_filter(image, radius)).all()


def test_alpha_does_not_disturb(level: str, rng: np.random.Generator) -> None:
    for radius in (1, 4, 6):
        image = make(rng, (9, 40, 4), "f4")
        image[..., 3] = np.nan
        result = imgproc.median_filter(image, radius)
        np.testing.assert_array_equal(result[..., :3], imgproc.median_filter(image[..., :3], radius))
        assert np.isnan(result[..., 3]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_removes_salt_and_pepper(dtype: str, rng: np.random.Generator) -> None:
    clean = np.full((60, 80), 40, dtype)
    noisy = clean.copy()
    noisy[::3, ::3], noisy[1::3, 1::3] = 0, 200
    for radius in (1, 2, 5):
        np.testing.assert_array_equal(imgproc.median_filter(noisy, radius), clean)


shapes = st.tuples(st.integers(1, 20), st.integers(1, 40))
radii = st.one_of(st.integers(0, 6), st.tuples(st.integers(0, 4), st.integers(0, 9)))


@st.composite
def images(draw: Any) -> Image:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.sampled_from([2, 5, 250]))
    return rng.integers(0, levels, draw(shapes)).astype(draw(st.sampled_from(DTYPES)))


@settings(max_examples=60, deadline=None)
@given(images(), radii)
def test_laws(image: Image, radius: Any) -> None:
    result = imgproc.median_filter(image, radius)
    assert image.min() <= result.min() and result.max() <= image.max()
    assert np.isin(result, image).all()
    # It commutes with increasing maps, with turning round and with reflection.
    doubled = (image // 2 if image.dtype.kind == "u" else np.floor(image / 2)).astype(image.dtype)
    halved = (result // 2 if image.dtype.kind == "u" else np.floor(result / 2)).astype(image.dtype)
    np.testing.assert_array_equal(imgproc.median_filter(doubled, radius), halved)
    np.testing.assert_array_equal(
        imgproc.median_filter(np.full_like(image, 250) - image, radius), 250 - result
    )
    np.testing.assert_array_equal(imgproc.median_filter(image[::-1], radius), result[::-1])
    np.testing.assert_array_equal(imgproc.median_filter(image[:, ::-1], radius), result[:, ::-1])
    np.testing.assert_array_equal(imgproc.median_filter(image.T, pair(radius)[::-1]), result.T)
    constant = np.full_like(image, image[0, 0])
    np.testing.assert_array_equal(imgproc.median_filter(constant, radius), constant)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(DTYPES), radii, st.booleans(), st.booleans())
def test_roots_stay(dtype: str, radius: Any, falling: bool, across: bool) -> None:
    """A monotone ramp is a root: filtering it changes nothing, once or again."""
    ramp = np.broadcast_to(np.arange(40).astype(dtype), (20, 40))[:, :: -1 if falling else 1]
    image = np.ascontiguousarray(ramp.T if across else ramp)
    once = imgproc.median_filter(image, radius, border="edge")
    np.testing.assert_array_equal(once, image)


def test_radius_zero_copies(rng: np.random.Generator) -> None:
    image = make(rng, (5, 6, 3), "f4")
    image[0, 0, 0] = -0.0
    result = imgproc.median_filter(image, 0)
    assert result is not image
    assert result.tobytes() == image.tobytes()


@pytest.mark.parametrize("radius", [-1, 1.5, "3", None, True, (1,), (1, 2, 3), (1, -1), 32768])
def test_wrong_radius_is_named(radius: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^median_filter: radius\S* must be an integer >= 0"):
        imgproc.median_filter(np.zeros((3, 3), np.uint8), radius)
