"""Canny's detector against its definition pixel by pixel, and hysteresis in the worst case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import canny as reference
from remembered import remembered

import imgproc
from imgproc._ext import canny as kernels

WIDTHS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66, 97, 127, 128, 129)


exact = remembered(reference.canny)


def texture(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Few levels: many gradients are equal to their neighbours."""
    levels = rng.integers(0, 5, shape)
    levels = (levels + np.roll(levels, 1, 0) + np.roll(levels, 1, 1)) / 12
    if np.dtype(dtype) == np.float32:
        return levels.astype(np.float32)
    return np.rint(levels * np.iinfo(dtype).max).astype(dtype)


def scale(dtype: Any) -> float:
    return 1.0 if np.dtype(dtype) == np.float32 else float(np.iinfo(dtype).max)


@pytest.mark.parametrize("l2", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_widths(dtype: Any, l2: bool, level: str, threads: int, rng: np.random.Generator) -> None:
    for width in WIDTHS:
        for height in (1, 2, 5):
            image = texture(rng, (height, width), dtype)
            low, high = 0.4 * scale(dtype), 1.5 * scale(dtype)
            np.testing.assert_array_equal(imgproc.canny(image, low, high, l2=l2), exact(image, low, high, l2))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_strongest_channel(
    channels: int, dtype: Any, level: str, threads: int, rng: np.random.Generator
) -> None:
    for width in (1, 2, 17, 66, 130):
        image = texture(rng, (9, width, channels), dtype)
        low, high = 0.7 * scale(dtype), 2.0 * scale(dtype)
        for l2 in (False, True):
            edges = imgproc.canny(image, low, high, l2=l2)
            np.testing.assert_array_equal(edges, exact(image, low, high, l2))
        # Alpha is ignored.
        np.testing.assert_array_equal(imgproc.canny(image[..., :3], low, high, l2=True), edges)


@pytest.mark.parametrize("shape", [(7, 511), (7, 512), (7, 513), (5, 1023), (5, 1024), (5, 1025), (4, 2050)])
def test_strips(shape: tuple[int, int], level: str, rng: np.random.Generator) -> None:
    for extra, dtype in (((), np.uint8), ((3,), np.uint8), ((), np.uint16)):
        image = texture(rng, (*shape, *extra), dtype)
        low, high = 0.4 * scale(dtype), 2.0 * scale(dtype)
        np.testing.assert_array_equal(imgproc.canny(image, low, high), exact(image, low, high))


def test_float_images_of_integers_have_the_edges_of_integers(level: str, rng: np.random.Generator) -> None:
    """Every sum is exact then; dividing by a power of two divides the thresholds by it."""
    for shape in ((20, 97), (9, 70, 3), (3, 1100)):
        image = texture(rng, shape, np.uint8)
        for l2 in (False, True):
            edges = imgproc.canny(image, 100, 300, l2=l2)
            small = image.astype(np.float32) / 256
            np.testing.assert_array_equal(imgproc.canny(small, 100 / 256, 300 / 256, l2=l2), edges)
            np.testing.assert_array_equal(imgproc.canny(image.astype(np.uint16), 100, 300, l2=l2), edges)


def test_thresholds_are_exclusive_and_may_be_fractions(level: str) -> None:
    image = np.zeros((5, 9), np.uint8)
    image[:, 4:] = 50  # |gx| = 200 in two columns; the left one is the maximum
    for dtype in (np.uint8, np.uint16, np.float32):
        for l2 in (False, True):
            for low, high, found in (
                (199.9, 199.9, True),
                (200, 200, False),
                (0, 200, False),
                (0, 1e300, False),
            ):
                edges = imgproc.canny(image.astype(dtype), low, high, l2=l2)
                assert edges[:, 3].any() == found, (dtype, l2, low, high)


def test_not_a_number_makes_no_edge(level: str, rng: np.random.Generator) -> None:
    image = rng.random((20, 70), np.float32)
    clean = imgproc.canny(image, 0.5, 1.0)
    image[10, 30] = np.nan
    for l2 in (False, True):
        edges = imgproc.canny(image, 0.5, 1.0, l2=l2)
        assert not edges[9:12, 29:32].any()
    assert set(np.unique(clean)) <= {0, 255}


def test_low_above_high() -> None:
    with pytest.raises(ValueError, match=r"^canny: low must be no larger than high, 50, got 100"):
        imgproc.canny(np.zeros((3, 4), np.uint8), 100, 50)


def words_of(candidates: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Bits as the kernel holds them, with the border of zeros."""
    height, width = candidates.shape
    words = np.zeros((height + 2, -(-width // 64) + 2, 2), np.uint64)
    for kind, mask in enumerate((candidates, strong & candidates)):
        padded = np.zeros((height, (words.shape[1] - 2) * 64), bool)
        padded[:, :width] = mask
        packed = np.packbits(padded, axis=1, bitorder="little").view("<u8")
        words[1:-1, 1:-1, kind] = packed
    return words


def connect(candidates: np.ndarray, strong: np.ndarray) -> np.ndarray:
    words = words_of(candidates, strong)
    kernels.connect(words)
    out = np.zeros(candidates.shape, np.uint8)
    kernels.draw(words, out, 0, len(out))
    return out == 255


def spiral(size: int) -> np.ndarray:
    """A path one pixel wide that winds from the corner to the middle, a pixel free between its turns."""
    path = np.zeros((size, size), bool)
    top, left, bottom, right = 0, 0, size - 1, size - 1
    while top <= bottom and left <= right:
        path[top, max(left - 2, 0) : right + 1] = True
        path[top : bottom + 1, right] = True
        path[bottom, left : right + 1] = True
        path[top + 2 : bottom + 1, left] = True
        top, left, bottom, right = top + 2, left + 2, bottom - 2, right - 2
    return path


@given(arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 140))), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_hysteresis(candidates: np.ndarray, seed: int) -> None:
    strong = np.random.default_rng(seed).random(candidates.shape) < 0.05
    expected = reference.hysteresis(candidates, strong & candidates)
    np.testing.assert_array_equal(connect(candidates, strong), expected)


@pytest.mark.parametrize("turned", range(4))
def test_spirals_are_followed_to_their_end(turned: int) -> None:
    for size in (9, 64, 130, 257):
        path = np.rot90(spiral(size), turned)
        for start in (np.argwhere(path)[0], np.argwhere(path)[len(np.argwhere(path)) // 2]):
            strong = np.zeros_like(path)
            strong[tuple(start)] = True
            np.testing.assert_array_equal(connect(path, strong), reference.hysteresis(path, strong))


def test_a_long_spiral_from_either_end() -> None:
    """A million pixels in one chain: sweeps over rows, one for each turn, would take minutes."""
    path = spiral(1536)
    for ends in (np.argwhere(path)[0], np.argwhere(path[766:770, 766:770])[0] + 766):
        strong = np.zeros_like(path)
        strong[tuple(ends)] = True
        np.testing.assert_array_equal(connect(path, strong), path)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 15), st.integers(1, 80))),
    st.integers(0, 500),
    st.integers(0, 500),
)
@settings(max_examples=100, deadline=None)
def test_laws(image: np.ndarray, low: int, more: int) -> None:
    edges = imgproc.canny(image, low, low + more)
    np.testing.assert_array_equal(imgproc.canny(np.uint8(255) - image, low, low + more), edges)
    assert not (edges > imgproc.canny(image, low, low)).any()  # a higher `high` only takes edges away
    assert not imgproc.canny(np.full_like(image, 7), 0, 0).any()
