"""Images sampled at given positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import warp as reference
from remembered import remembered

import imgproc

DTYPES = [np.uint8, np.uint16, np.float32]
BORDERS = ["reflect", "symmetric", "edge", "wrap", "constant"]
LENGTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
# The bounds of the docstring; 2**-22 is 4 units in the last place of samples below 1.
BOUNDS = {np.uint8: 0.5001, np.uint16: 0.52, np.float32: 2.0**-22}


exact = remembered(reference.warp_backward)


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, int(np.iinfo(dtype).max) + 1, shape, dtype)


def grid(height: int, width: int, dtype: Any = np.float32) -> np.ndarray:
    return np.moveaxis(np.mgrid[:height, :width], 0, -1).astype(dtype)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["gray", "RGB", "RGBA"])
def test_against_the_twin(
    level: str, threads: int, border: str, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    fill = 0.25 if dtype == np.float32 else 99
    for width in LENGTHS:
        image = make(rng, (5, width, *channels), dtype)
        for kind in (np.float32, np.float64):
            # Inside, a little outside, and far outside.
            for low, high in ((0, 1), (-0.3, 1.3), (-7, 8)):
                places = rng.uniform(low, high, (2, width + 3, 2)) * (4, width - 1)
                places[0, ::5] = np.rint(places[0, ::5] * 2) / 2
                places = places.astype(kind)
                result = imgproc.warp_backward(image, places, border=border, fill=fill)
                assert result.dtype == dtype and result.shape == (2, width + 3, *channels)
                difference = np.abs(result - exact(image, places, border, fill)).max()
                assert difference <= BOUNDS[dtype], f"{width} {kind} {low}: {difference}"


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_borders_of_tiny_images(
    level: str, border: str, shape: tuple[int, int], rng: np.random.Generator
) -> None:
    image = make(rng, shape, np.uint16)
    places = (np.stack(np.meshgrid(np.arange(-40, 40), np.arange(-40, 40), indexing="ij"), -1) / 4).astype(
        np.float32
    )
    result = imgproc.warp_backward(image, places, border=border, fill=7)
    assert np.abs(result - reference.warp_backward(image, places, border, 7)).max() <= BOUNDS[np.uint16]


def test_zeros_keep_their_sign(level: str) -> None:
    for channels in ((), (3,), (4,)):
        zeros = np.full((9, 40, *channels), -0.0, np.float32)
        assert np.signbit(imgproc.warp_backward(zeros, grid(9, 40))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["gray", "RGB", "RGBA"])
def test_pixel_centres_give_pixels(
    level: str, threads: int, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    image = make(rng, (23, 70, *channels), dtype)
    if dtype == np.float32:
        image[3, 4], image[5, 60], image[22, 69] = np.nan, np.inf, -np.inf
    places = grid(23, 70)
    for kind in (np.float32, np.float64):
        same = places.astype(kind)
        np.testing.assert_array_equal(imgproc.warp_backward(image, same), image)
        flipped = np.ascontiguousarray(same[:, ::-1])
        np.testing.assert_array_equal(imgproc.warp_backward(image, flipped), image[:, ::-1])
        turned = same.swapaxes(0, 1)
        np.testing.assert_array_equal(imgproc.warp_backward(image, turned), image.swapaxes(0, 1))
    for border in BORDERS[:-1]:
        pads = [(30, 30), (90, 90)] + [(0, 0)] * len(channels)
        around = grid(83, 250) - np.float32([30, 90])
        np.testing.assert_array_equal(
            imgproc.warp_backward(image, around, border=border), np.pad(image, pads, border)
        )


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_is_a_position(level: str, border: str, dtype: type, rng: np.random.Generator) -> None:
    image = make(rng, (6, 11, 3), dtype)
    huge = [
        1e9,
        2.0**31,
        2.0**32 + 1,
        2.0**53 + 2,
        1e19,
        1e30,
        3e38,
        np.inf,
        np.nan,
        1e-45,
        1e-20,
        0.0,
        5.0,
        10.0,
    ]
    numbers = np.array([*huge, *(-number for number in huge)], np.float32)
    places = np.stack(np.meshgrid(numbers, numbers, indexing="ij"), -1)
    for kind in (np.float32, np.float64):
        result = imgproc.warp_backward(image, places.astype(kind), border=border, fill=1)
        expected = reference.warp_backward(image, places, border, 1)
        assert np.abs(result - expected).max() <= BOUNDS[dtype]
    extreme = np.array([[[1e300, -1e308], [5e-324, -5e-324], [np.nan, 1], [1, -np.inf]]])
    result = imgproc.warp_backward(image, extreme, border=border, fill=1)
    assert np.abs(result - reference.warp_backward(image, extreme, border, 1)).max() <= BOUNDS[dtype]
    assert (result[0, 2:] == 1).all()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(0, 2**32 - 1),
    st.sampled_from(BORDERS),
    st.sampled_from(DTYPES),
)
def test_laws(height: int, width: int, seed: int, border: str, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 40, (9, 33, 2)).astype(np.float32)
    constant = np.full((height, width), 0.3 if dtype == np.float32 else 77, dtype)
    fill = float(constant[0, 0])
    np.testing.assert_array_equal(
        imgproc.warp_backward(constant, places, border=border, fill=fill), constant[0, 0]
    )
    image = make(rng, (height, width, 3), dtype)
    result = imgproc.warp_backward(image, places, border=border, fill=fill)
    assert result.min() >= min(image.min(), fill) * (1 - 2**-20)
    assert result.max() <= max(image.max(), fill) * (1 + 2**-20)
    # A transposed image at swapped coordinates interpolates along the other axis first.
    turned = imgproc.warp_backward(
        image.swapaxes(0, 1), np.ascontiguousarray(places[..., ::-1]), border=border, fill=fill
    )
    assert np.abs(turned.astype(np.float64) - result).max() <= (2**-21 if dtype == np.float32 else 1)
    for channel in range(3):
        np.testing.assert_array_equal(
            imgproc.warp_backward(image[..., channel], places, border=border, fill=fill), result[..., channel]
        )


def test_a_ramp_stays_a_ramp(level: str, rng: np.random.Generator) -> None:
    image = np.add.outer(np.arange(40), 2 * np.arange(50)).astype(np.float32) / 128
    places = rng.uniform(0, 39, (30, 37, 2)).astype(np.float32)
    expected = (places[..., 0].astype(np.float64) + 2 * places[..., 1]) / 128
    np.testing.assert_allclose(imgproc.warp_backward(image, places), expected, atol=2**-22)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["gray", "RGB", "RGBA"])
def test_fields_that_follow_lines_give_the_same_bits(
    level: str, border: str, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    """Rotations that leave the image and come back, and jumps among them: inside, near and far away."""
    image = make(rng, (70, 131, *channels), dtype)
    places = grid(40, 150) - np.float32([20, 75])
    for angle, zoom in ((0.0, 1.0), (0.2, 0.9), (-0.3, 0.5), (1.5, 1.0), (3.0, 1.4), (0.1, 4.0)):
        cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
        turned = places @ np.array([[cos, sin], [-sin, cos]], np.float32) + np.float32([35.25, 65.5])
        turned[7, 40:44] += 30
        result = imgproc.warp_backward(image, turned, border=border, fill=1)
        # float64 positions are exact, and go other ways.
        np.testing.assert_array_equal(
            result, imgproc.warp_backward(image, turned.astype(np.float64), border=border, fill=1)
        )
        imgproc.set_cpu_level("baseline")
        expected = imgproc.warp_backward(image, turned, border=border, fill=1)
        imgproc.set_cpu_level(level)
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, ()), (np.uint8, (3,)), (np.float32, (4,))])
def test_large_images_give_the_bits_of_their_parts(
    level: str, threads: int, dtype: type, channels: tuple[int, ...], rng: np.random.Generator
) -> None:
    """Images that leave the caches are asked for ahead, at positions of later rows, whatever those hold."""
    part = make(rng, (60, 70, *channels), dtype)
    image = np.zeros((1050, 4000, *channels), dtype)
    image[:60, :70] = part
    places = rng.uniform(0, 58, (30, 83, 2)).astype(np.float32)
    places[::7, ::11] = np.nan, 1
    places[20, 5:9, 1] = [np.inf, -np.inf, 2.0**31, -3e38]
    inside = np.isfinite(places).all(axis=-1) & (np.abs(places) < 60).all(axis=-1)
    for kind in (np.float32, np.float64):
        result = imgproc.warp_backward(image, places.astype(kind), border="constant", fill=1)
        expected = imgproc.warp_backward(part, places.astype(kind), border="constant", fill=1)
        np.testing.assert_array_equal(result, expected)
        assert (result[~inside] == 1).all() and (result[inside] != 1).any()


def test_halves_round_to_even(level: str) -> None:
    image = np.tile(np.array([[0, 1], [2, 3]], np.uint8), (1, 20))
    places = grid(1, 38) + np.float32([0, 0.5])
    np.testing.assert_array_equal(imgproc.warp_backward(image, places), np.zeros((1, 38)))
    places[..., 0] += 1
    np.testing.assert_array_equal(imgproc.warp_backward(image, places), np.full((1, 38), 2))


def test_strides_of_the_coordinates(level: str, rng: np.random.Generator) -> None:
    image = make(rng, (20, 30, 3), np.uint8)
    places = rng.uniform(-3, 33, (12, 40, 2)).astype(np.float32)
    expected = imgproc.warp_backward(image, places)
    stacked = np.moveaxis(np.ascontiguousarray(np.moveaxis(places, -1, 0)), 0, -1)
    wide = np.zeros((24, 44, 2), np.float32)
    wide[::2, 2:-2] = places
    for layout in (stacked, np.asfortranarray(places), wide[::2, 2:-2], places[::-1][::-1]):
        np.testing.assert_array_equal(imgproc.warp_backward(image, layout), expected)
    np.testing.assert_array_equal(imgproc.warp_backward(image, wide[22::-2, 2:-2]), expected[::-1])
    np.testing.assert_array_equal(
        imgproc.warp_backward(image[::-1], places), imgproc.warp_backward(image[::-1].copy(), places)
    )


def test_bad_arguments() -> None:
    image = np.zeros((4, 5), np.uint8)
    places = np.zeros((2, 3, 2), np.float32)
    must = (
        r"^warp_backward: coordinates must be a float32 or float64 array of shape \(height, width, 2\), got "
    )
    for wrong in ([[[0, 0]]], None, "grid", 1.0, np.ma.masked_array(places)):
        with pytest.raises(TypeError, match=must):
            imgproc.warp_backward(image, wrong)  # type: ignore[arg-type]
    for kind in ("i4", "u1", "f2", ">f4", "c8", "O", "?"):
        with pytest.raises(TypeError, match=must + "dtype"):
            imgproc.warp_backward(image, places.astype(kind))
    for shape in ((2, 3), (2, 3, 3), (2, 3, 1), (0, 3, 2), (2, 0, 2), (1, 2, 3, 2), ()):
        with pytest.raises(ValueError, match=must + r"shape \("):
            imgproc.warp_backward(image, np.zeros(shape, np.float32))
    out = np.zeros((2, 3), np.uint8)
    assert imgproc.warp_backward(image, places, out=out) is out
    with pytest.raises(
        ValueError, match=r"^warp_backward: out must be a uint8 array of shape \(2, 3\), got "
    ):
        imgproc.warp_backward(image, places, out=np.zeros((3, 2), np.uint8))
    shared = np.zeros(6, np.float32)
    with pytest.raises(ValueError, match=r"^warp_backward: out must be free of overlap"):
        imgproc.warp_backward(image.astype(np.float32), shared.reshape(1, 3, 2), out=shared[:3].reshape(1, 3))
