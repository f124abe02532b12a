"""Depth from disparity, and the error of an image rebuilt by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import stereo as reference
from stereo_pairs import pair

import imgproc

OPERATIONS = imgproc.operations("stereo")


def test_depth_is_the_formula(rng: np.random.Generator) -> None:
    found = rng.uniform(0.1, 100, (9, 34)).astype(np.float32)
    depth = imgproc.depth_from_disparity(found, 0.12, 700.5)
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, 0.12 * 700.5 / found.astype(np.float64), rtol=1.2e-7)


def test_depth_of_what_is_no_disparity() -> None:
    found = np.array([[0, -0.0, -3, np.nan, np.inf, 1e-40, -np.inf]], np.float32)
    depth = imgproc.depth_from_disparity(found, 1, 100)
    assert np.array_equal(
        depth, np.float32([[np.inf, np.inf, np.inf, np.nan, 0, np.inf, np.inf]]), equal_nan=True
    )


@given(st.floats(0.125, 1e3, width=32), st.floats(1e-3, 1e3), st.floats(1, 1e5))
def test_nearer_is_more_disparity(disparity: float, baseline: float, focal: float) -> None:
    near, far = imgproc.depth_from_disparity(np.float32([[disparity * 2, disparity]]), baseline, focal)[0]
    assert far == pytest.approx(2 * near, rel=1e-6)


def test_depth_at_every_width(level: str, threads: int, rng: np.random.Generator) -> None:
    for width in (*range(1, 10), 15, 16, 17, 31, 33, 97):
        found = rng.choice(np.float32([-1, -0.0, 0, np.nan, np.inf, 0.5, 3, 1e-40]), (5, width))
        with np.errstate(divide="ignore", over="ignore"):
            expected = np.where(found <= 0, np.float32(np.inf), np.float32(1250) / found)
        found.flags.writeable = False
        depth = imgproc.depth_from_disparity(found, 2.5, 500)
        np.testing.assert_array_equal(depth, expected, strict=True)


def test_depth_into_out(rng: np.random.Generator) -> None:
    found = rng.uniform(-1, 9, (5, 21)).astype(np.float32)
    expected = imgproc.depth_from_disparity(found, 2, 3)
    out = np.empty_like(found)
    assert imgproc.depth_from_disparity(found, 2, 3, out=out) is out
    assert np.array_equal(out, expected)
    assert np.array_equal(imgproc.depth_from_disparity(np.asfortranarray(found), 2, 3), expected)
    inside = found.copy()
    assert imgproc.depth_from_disparity(inside, 2, 3, out=inside) is inside
    assert np.array_equal(inside, expected)
    store = np.zeros((6, 21), np.float32)
    with pytest.raises(ValueError, match=r"^depth_from_disparity: out must be .*shares memory"):
        imgproc.depth_from_disparity(store[:-1], 2, 3, out=store[1:])


def test_depth_refuses_by_name() -> None:
    found = np.ones((3, 4), np.float32)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("disparity", {"disparity": value})
        for value in ([[1.0]], None, found.astype(np.float64), found[0], found[..., None], found[:0])
    ]
    for name, parameter in OPERATIONS["depth_from_disparity"].parameters.items():
        wrong += [(name, {name: value}) for value in parameter.constraint.wrong_values()]
    wrong += [
        ("out", {"out": value}) for value in ("here", np.ones((4, 3), np.float32), found.astype(np.float64))
    ]
    for name, arguments in wrong:
        with pytest.raises((TypeError, ValueError), match=rf"^depth_from_disparity: {name} must be .*, got "):
            imgproc.depth_from_disparity(**({"disparity": found, "baseline": 1, "focal": 1} | arguments))


@pytest.mark.parametrize("share", [0.0, 0.85, 1.0])
def test_error_is_the_formula(share: float, level: str, rng: np.random.Generator) -> None:
    for height, width in ((2, 3), (7, 20)):
        left, right = pair(rng, (height, width), np.float32)
        found = rng.uniform(0, 6, (height, width)).astype(np.float32)
        found[rng.random(found.shape) < 0.05] = np.nan
        expected = reference.photometric_error(left, right, found, share)
        error = imgproc.photometric_error(left, right, found, ssim=share)
        assert error.dtype == np.float32
        np.testing.assert_allclose(error, expected, atol=1e-3)


@pytest.mark.parametrize(
    "shape", [(1, 1), (5, 9), (3, 100), (40, 33), (3, 1, 3), (5, 9, 3), (4, 100, 3), (33, 17, 3)]
)
def test_same_bits_of_the_error_at_every_level(
    shape: tuple[int, ...], level: str, threads: int, rng: np.random.Generator
) -> None:
    left, right = rng.random((2, *shape), np.float32)
    right[::2] = left[::2]
    found = rng.uniform(0, 3, shape[:2]).astype(np.float32)
    found[rng.random(found.shape) < 0.05] = np.nan
    for share in (0, 0.85, 1):
        error = imgproc.photometric_error(left[:, ::-1], right, found, ssim=share)
        imgproc.set_cpu_level("baseline")
        expected = imgproc.photometric_error(left[:, ::-1], right, found, ssim=share)
        imgproc.set_cpu_level(level)
        np.testing.assert_array_equal(error, expected)


def test_error_is_none_where_the_right_image_explains_the_left(rng: np.random.Generator) -> None:
    for dtype in (np.uint8, np.uint16, np.float32):
        right = pair(rng, (20, 60), dtype)[0]
        left = np.roll(right, 4, axis=1)
        images = (left, right), (np.stack([left] * 3, 2), np.stack([right] * 3, 2))
        for a, b in images:
            error = imgproc.photometric_error(a, b, np.full((20, 60), 4, np.float32))
            assert np.isnan(error[:, :5]).all() and np.abs(error[:, 5:]).max() < 1e-6
            worse = imgproc.photometric_error(a, b, np.full((20, 60), 3, np.float32))
            assert np.nanmean(worse) > 0.05


def test_error_is_unknown_beside_what_is_unknown(rng: np.random.Generator) -> None:
    left, right = pair(rng, (9, 40))
    found = np.full((9, 40), 2, np.float32)
    found[4, 20] = np.nan
    for share, reach in ((0.85, 1), (0.0, 0)):
        unknown = np.isnan(imgproc.photometric_error(left, right, found, ssim=share))
        expected = np.zeros_like(unknown)
        expected[:, : 2 + reach] = True
        expected[4 - reach : 5 + reach, 20 - reach : 21 + reach] = True
        assert np.array_equal(unknown, expected)


def test_error_refuses_by_name() -> None:
    image, found = np.zeros((6, 8), np.uint8), np.zeros((6, 8), np.float32)
    sound = {"left": image, "right": image, "disparity": found}
    wrong: list[tuple[str, Any]] = [
        ("left", image.astype(np.float64)),
        ("left", np.zeros((6, 8, 4), np.uint8)),
        ("right", image[1:]),
        ("right", found),
        ("disparity", image),
        ("disparity", found[1:]),
        ("disparity", None),
        *[
            ("ssim", value)
            for value in OPERATIONS["photometric_error"].parameters["ssim"].constraint.wrong_values()
        ],
    ]
    for name, value in wrong:
        with pytest.raises((TypeError, ValueError), match=rf"^photometric_error: {name} must be .*, got "):
            imgproc.photometric_error(**(sound | {name: value}))
