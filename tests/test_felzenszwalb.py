"""Felzenszwalb's segmentation against its definition edge by edge, its laws, and what it refuses."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import felzenszwalb as reference

import imgproc
from imgproc.segmentation.felzenszwalb import blur_plane

WIDTHS = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 97)


def texture(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, steps: int = 40) -> np.ndarray:
    """Smooth patches with edges of few different weights: ties are the rule."""
    levels = rng.integers(0, steps, shape)
    levels = (levels + np.roll(levels, 1, 0) + np.roll(levels, 1, 1)) / (3 * steps)
    levels[: shape[0] // 2] /= 3
    if np.dtype(dtype) == np.float32:
        return levels.astype(np.float32)
    return np.rint(levels * np.iinfo(dtype).max).astype(dtype)


def check(image: np.ndarray, scale: float, min_size: int) -> np.ndarray:
    labels = imgproc.felzenszwalb(image, scale, 0, min_size)
    np.testing.assert_array_equal(labels, reference.felzenszwalb(image, scale, min_size))
    return labels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_widths(dtype: Any, level: str, rng: np.random.Generator) -> None:
    for width in WIDTHS:
        for height, scale, min_size in ((1, 30.0, 0), (2, 60.0, 1), (7, 100.0, 4)):
            check(texture(rng, (height, width), dtype), scale, min_size)
    check(texture(rng, (70, 3), dtype), 50, 5)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_channels(dtype: Any, channels: int, level: str, rng: np.random.Generator) -> None:
    for width in (5, 16, 35):
        image = texture(rng, (11, width, channels), dtype)
        labels = check(image, 80, 6)
        np.testing.assert_array_equal(imgproc.felzenszwalb(image[..., :3], 80, 0, 6), labels)


def test_few_and_many_groups_of_edges(
    level: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """However little of the edges is sorted at a time, and even where what is left is too much for one group."""
    module = import_module("imgproc.segmentation.felzenszwalb")
    for scale, min_size in ((0, 0), (0, 9), (5, 0), (5, 30), (200, 0), (200, 12), (1e9, 0)):
        image = texture(rng, (23, 37), np.float32, 100_000)
        expected = reference.felzenszwalb(image, scale, min_size)
        for group in (0.0, 0.1, 0.5, 4.0):
            monkeypatch.setattr(module, "_GROUP", group)
            np.testing.assert_array_equal(imgproc.felzenszwalb(image, scale, 0, min_size), expected)


def test_weights_over_the_whole_range_of_float32(level: str, rng: np.random.Generator) -> None:
    """Squares that are subnormal, 0, infinite, and everything between."""
    image = (10.0 ** rng.uniform(-24, 38, (15, 31))).astype(np.float32)
    for scale in (1e-15, 1.0, 1e20):
        check(image, scale, 0)
        check(image, scale, 4)


def test_nan_and_infinity_only_join_what_is_too_small(level: str, rng: np.random.Generator) -> None:
    image = texture(rng, (14, 33), np.float32)
    image[rng.random(image.shape) < 0.05] = np.nan
    image[rng.random(image.shape) < 0.05] = np.inf
    labels = check(image, 1e9, 0)
    odd = ~np.isfinite(image)
    assert np.unique(labels[odd]).size == odd.sum(), "each is a region of its own"
    assert np.unique(check(image, 1e9, 20)).size < np.unique(labels).size


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 12)), elements=st.integers(0, 3)),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 10.0]),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_images_of_few_levels(image: np.ndarray, scale: float, min_size: int) -> None:
    check(image, scale, min_size)


def neighbors_differ(labels: np.ndarray) -> bool:
    """Whether no label stands in two places that are not connected."""
    skimage = pytest.importorskip("skimage")
    return len(np.unique(skimage.measure.label(labels + 1, connectivity=2))) == labels.max() + 1


def test_laws(level: str, rng: np.random.Generator) -> None:
    image = texture(rng, (61, 83, 3), np.uint8)
    for scale, min_size in ((20, 0), (60, 10), (300, 50)):
        labels = imgproc.felzenszwalb(image, scale, 0.8, min_size)
        assert labels.dtype == np.int32
        first = np.unique(labels, return_index=True)
        np.testing.assert_array_equal(first[0], np.arange(labels.max() + 1))
        assert (np.diff(first[1]) > 0).all(), "labels are numbered by their first pixels"
        assert np.bincount(labels.ravel()).min() >= min_size
        assert neighbors_differ(labels)
        # Nothing but differences counts.
        np.testing.assert_array_equal(
            imgproc.felzenszwalb(255 - image, scale, 0, min_size),
            imgproc.felzenszwalb(image, scale, 0, min_size),
        )
        # The scale is in levels of uint8 whatever the dtype.
        wide = image.astype(np.uint16) * 257
        np.testing.assert_array_equal(
            imgproc.felzenszwalb(wide, scale, 0, min_size), reference.felzenszwalb(wide, scale, min_size)
        )


def test_extremes(level: str) -> None:
    assert imgproc.felzenszwalb(np.zeros((1, 1), np.uint8)).tolist() == [[0]]
    constant = np.full((30, 40, 3), 7, np.uint16)
    assert not imgproc.felzenszwalb(constant, 1e-9, 3.0, 0).any()
    # A scale of 0 tolerates nothing, not even no difference.
    assert imgproc.felzenszwalb(constant, 0, 0, 0).max() == 1199
    assert not imgproc.felzenszwalb(constant, 0, 0, 10**30).any()
    row = np.array([[0, 0, 9, 9, 9, 50]], np.uint8)
    assert imgproc.felzenszwalb(row, 5, 0, 0).tolist() == [[0, 0, 1, 1, 1, 2]]
    assert imgproc.felzenszwalb(row, 5, 0, 2).tolist() == [[0, 0, 1, 1, 1, 1]]
    assert imgproc.felzenszwalb(row.T, 5, 0, 3).ravel().tolist() == [0, 0, 0, 0, 0, 0]


def test_every_edge_weighs_the_same(level: str) -> None:
    """The whole image is one group then, and only the rule for ties decides."""
    board = (np.indices((40, 70)).sum(0) % 2 * 200).astype(np.uint8)
    check(board, 190, 0)
    check(board[:9, :11], 250, 5)
    stripes = np.tile(np.array([0, 100], np.uint8), (30, 20))
    check(stripes, 0, 3)


def test_blur_is_that_of_float64(rng: np.random.Generator) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for shape in ((1, 1), (3, 50), (40, 30)):
        plane = rng.random(shape, np.float32)
        for sigma in (0.05, 0.3, 0.8, 2.5, 12.0):
            out = np.empty_like(plane)
            blur_plane(plane, sigma, out)
            exact = ndimage.gaussian_filter(plane.astype(np.float64), sigma, mode="reflect")
            np.testing.assert_allclose(out, exact, atol=1e-6 * (1 + sigma))


def test_refusals() -> None:
    image = np.zeros((4, 5), np.uint8)
    for arguments in (
        {"scale": -1},
        {"scale": float("nan")},
        {"sigma": float("nan")},
        {"sigma": -0.1},
        {"sigma": 1001},
        {"min_size": -1},
    ):
        (name,) = arguments
        with pytest.raises(ValueError, match=rf"^felzenszwalb: {name} must be .*, got "):
            imgproc.felzenszwalb(image, **arguments)
    for arguments in ({"scale": "1"}, {"sigma": None}, {"min_size": 2.0}, {"min_size": True}):
        (name,) = arguments
        with pytest.raises(TypeError, match=rf"^felzenszwalb: {name} must be .*, got "):
            imgproc.felzenszwalb(image, **arguments)
    large = np.broadcast_to(image[:1, :1], (2**15, 2**15))
    with pytest.raises(
        ValueError, match=r"^felzenszwalb: image must be at most 1,073,741,823 pixels large, got "
    ):
        imgproc.felzenszwalb(large)
