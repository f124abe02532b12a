"""CLAHE against its slow twin, and its laws."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import clahe as twin

import imgproc
from imgproc import clahe

DTYPES = [np.uint8, np.uint16, np.float32]
WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
# Table values are exact; what is left is the rounding of weights and sums: 0.02 levels in 15-bit fixed point,
# 0.025 in float32 near 65535.
SLACK = 0.03
FLOAT_BOUND = 1e-6


def picture(rng, shape, dtype, spread=0.3):
    """Smooth shading with noise, over part of the range."""
    y, x = np.mgrid[: shape[0], : shape[1]] / max(shape)
    base = 0.2 + 0.4 * x + 0.2 * y
    image = base.reshape(base.shape + (1,) * (len(shape) - 2)) + spread * (rng.random(shape) - 0.5)
    if dtype == np.float32:
        return image.astype(np.float32)
    top = np.iinfo(dtype).max
    return np.clip(np.rint(image * top), 0, top).astype(dtype)


def assert_close_to_twin(result, exact):
    """Integers: the rounded blend, but for near-halves. Floats: the blend. NaN where the twin has NaN."""
    if result.dtype == np.float32:
        np.testing.assert_allclose(result, exact, rtol=0, atol=FLOAT_BOUND)
    else:
        assert np.abs(result - exact).max() <= 0.5 + SLACK


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_widths_match_twin(rng, level, threads, dtype, width):
    image = picture(rng, (7, width), dtype)
    assert_close_to_twin(clahe(image, tiles=(2, 3)), twin.clahe(image, 2.0, (2, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tiles", [(1, 1), (1, 4), (4, 1), (2, 2), (8, 8), (3, 5)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 13), (13, 1), (2, 2), (16, 24), (17, 24), (16, 25), (5, 3)])
def test_shapes_and_tiles_match_twin(rng, dtype, shape, tiles):
    image = picture(rng, shape, dtype)
    assert_close_to_twin(clahe(image, tiles=tiles), twin.clahe(image, 2.0, tiles))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("clip_limit", [0, 0.01, 1, 1.5, 4, 40, 1e300])
def test_clip_limits_match_twin(rng, level, dtype, clip_limit):
    image = picture(rng, (24, 40), dtype, spread=0.02)
    assert_close_to_twin(
        clahe(image, clip_limit=clip_limit, tiles=(2, 2)), twin.clahe(image, clip_limit, (2, 2))
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_image_wider_than_a_strip_matches_twin(rng, level, dtype):
    image = picture(rng, (3, 2100), dtype)
    assert_close_to_twin(clahe(image, tiles=(1, 2)), twin.clahe(image, 2.0, (1, 2)))


def test_wide_uint8_image_with_color_matches_gray(rng, level):
    gray = picture(rng, (3, 2100), np.uint8)
    color = np.stack([gray] * 3, axis=-1)
    for channel in ("luma", "each"):
        np.testing.assert_array_equal(clahe(color, channel=channel), np.stack([clahe(gray)] * 3, axis=-1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_levels_and_threads_give_the_same_bits(rng, level, threads, dtype):
    image = picture(rng, (61, 97, 3), dtype)
    results = [clahe(image[..., 0]), clahe(image), clahe(image, channel="each")]
    imgproc.set_cpu_level("baseline")
    imgproc.set_num_threads(1)
    expected = [clahe(image[..., 0]), clahe(image), clahe(image, channel="each")]
    for result, want in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, want)


@pytest.mark.parametrize(
    "width, tiles", [(97, 1), (777, 8), (778, 8), (1301, 3), (1301, (2, 13)), (1501, 7), (2100, 1)]
)
def test_tiles_of_any_width_give_the_same_bits(rng, level, width, tiles):
    """How uint8 is blended may depend on the tiles; segments begin and end anywhere."""
    image = picture(rng, (23, width), np.uint8)
    result = clahe(image, tiles=tiles)
    imgproc.set_cpu_level("baseline")
    np.testing.assert_array_equal(clahe(image, tiles=tiles, out=image), result)


def test_level_may_change_in_the_middle_of_a_call(rng):
    """Both steps of a blend share memory, and are taken from one level."""
    image = rng.integers(0, 256, (600, 300), np.uint8)
    expected = clahe(image)
    before, done = imgproc.get_cpu_level(), threading.Event()

    def change() -> None:
        while not done.is_set():
            for name in imgproc.cpu_levels():
                imgproc.set_cpu_level(name)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(20):
            np.testing.assert_array_equal(clahe(image), expected)
    finally:
        done.set()
        changing.join()
        imgproc.set_cpu_level(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
def test_each_equalises_every_colour_by_itself(rng, level, dtype, channels):
    image = picture(rng, (19, 37, channels), dtype)
    result = clahe(image, channel="each")
    for c in range(3):
        np.testing.assert_array_equal(result[..., c], clahe(image[..., c]))
    np.testing.assert_array_equal(result[..., 3:], image[..., 3:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
def test_luma_adds_the_change_of_y(rng, level, dtype, channels):
    image = picture(rng, (19, 37, channels), dtype)
    y = twin.luma(image)
    change = clahe(y).astype(np.float64) - y
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    expected = np.clip(image[..., :3] + change[..., None], 0, top)
    # float32: the change and the sum are each rounded to 24 bits.
    np.testing.assert_allclose(
        clahe(image)[..., :3], expected, rtol=0, atol=2e-7 if dtype == np.float32 else 0
    )
    np.testing.assert_array_equal(clahe(image)[..., 3:], image[..., 3:])


def test_luma_keeps_chroma_where_nothing_clips(rng):
    image = picture(rng, (32, 32, 3), np.uint8, spread=0.1) // 2 + 64
    result = clahe(image, clip_limit=1.0).astype(int)
    inside = ((result > 0) & (result < 255)).all(axis=-1)
    difference = result - image
    assert inside.any()
    assert (difference[inside].max(axis=-1) == difference[inside].min(axis=-1)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channel", ["luma", "each"])
@pytest.mark.parametrize("shape", [(33, 65), (33, 65, 3), (33, 65, 4)])
def test_in_place(rng, level, threads, dtype, channel, shape):
    image = picture(rng, shape, dtype)
    expected = clahe(image, channel=channel)
    assert clahe(image, channel=channel, out=image) is image
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("top", [0, 1, 4095, 65535])
def test_uint16_range_does_not_matter(rng, level, top):
    """Tables are made for the levels in use only; the twin makes all."""
    image = rng.integers(top // 2, top + 1, (20, 30), np.uint16)
    assert_close_to_twin(clahe(image, tiles=2), twin.clahe(image, 2.0, (2, 2)))


def test_nan_stays_and_is_not_counted(rng, level):
    image = picture(rng, (24, 36), np.float32)
    image[rng.random(image.shape) < 0.1] = np.nan
    image[:12, :12] = np.nan
    result = clahe(image, tiles=(2, 3))
    np.testing.assert_array_equal(np.isnan(result), np.isnan(image))
    assert_close_to_twin(result, twin.clahe(image, 2.0, (2, 3)))


def test_all_nan_stays_nan(level):
    assert np.isnan(clahe(np.full((9, 9), np.nan, np.float32))).all()


def test_infinities_count_as_the_ends_of_the_range(rng, level):
    image = picture(rng, (24, 36), np.float32)
    image[3, 4], image[5, 6] = np.inf, -np.inf
    ends = image.copy()
    ends[3, 4], ends[5, 6] = 1, 0
    np.testing.assert_array_equal(clahe(image), clahe(ends))


def test_nan_in_color_spreads_to_its_pixel_only(rng, level):
    image = picture(rng, (24, 36, 3), np.float32)
    image[3, 4, 1] = np.nan
    for channel in ("luma", "each"):
        found = np.isnan(clahe(image, channel=channel))
        assert found[3, 4, 1]
        found[3, 4] = False
        assert not found.any()


def test_one_tile_without_limit_is_plain_equalisation():
    image = np.array([[100, 101], [102, 103]], np.uint8)
    np.testing.assert_array_equal(clahe(image, tiles=1, clip_limit=0), [[64, 128], [191, 255]])


def test_one_number_of_tiles_serves_both_sides(rng):
    image = picture(rng, (20, 30), np.uint8)
    np.testing.assert_array_equal(clahe(image, tiles=3), clahe(image, tiles=(3, 3)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.floats(0, 10), st.integers(0, 2**32 - 1))
def test_one_tile_keeps_the_order_of_levels(height, width, tiles, clip_limit, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    result = clahe(image, tiles=1, clip_limit=clip_limit)
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order].astype(int)) >= 0).all()
    # More tiles: still within the range of some table, and the same for the transposed image.
    turned = clahe(np.ascontiguousarray(image.T), tiles=(tiles, 2), clip_limit=clip_limit).T.astype(int)
    # Rows and columns are blended in the other order, whose roundings may part by one.
    assert np.abs(clahe(image, tiles=(2, tiles), clip_limit=clip_limit) - turned).max() <= 1


def test_constant_image_stays_constant():
    for dtype in DTYPES:
        image = np.full((30, 50), 7, dtype)
        assert len(np.unique(clahe(image))) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"clip_limit": -1}, ValueError, "clip_limit must be a number >= 0, got -1"),
        ({"clip_limit": float("nan")}, ValueError, "clip_limit must be a number >= 0, got nan"),
        ({"tiles": 0}, ValueError, "tiles must be"),
        ({"tiles": (8, 257)}, ValueError, r"tiles\[1\] must be"),
        ({"tiles": 2.5}, TypeError, "tiles must be"),
        ({"channel": "pooled"}, ValueError, 'channel must be one of "luma", "each"'),
        ({"out": np.empty((3, 3), np.uint8)}, ValueError, "out must be"),
    ],
)
def test_bad_arguments(arguments, error, sentence):
    with pytest.raises(error, match=f"^clahe: {sentence}"):
        clahe(np.zeros((4, 5), np.uint8), **arguments)


def test_giant_tiles_are_refused():
    image = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2**16, 2**15), (0, 0))
    with pytest.raises(ValueError, match="tiles must be so many that each has fewer"):
        clahe(image, tiles=1)
