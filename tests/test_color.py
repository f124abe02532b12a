"""Colour conversions and luma maps against their slow twins, and the laws that they keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import color as reference

import imgproc
from imgproc._core import luma

DTYPES = ["uint8", "uint16", "float32"]
NAMES = ["rgb_to_gray", "rgb_to_yuv", "yuv_to_rgb", "rgb_to_yiq", "yiq_to_rgb"]
WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 34, 63, 64, 65, 66, 67, 97, 100]


def pixels(rng, shape, dtype):
    """Random colours with the extremes, neighbours of the middle and grays among them."""
    if dtype == "float32":
        image = rng.random(shape, dtype=np.float32) * np.float32(1.4) - np.float32(0.2)
        choice = np.array([0, 0.5, 1, -0.0, 1e-30], np.float32)
    else:
        top = np.iinfo(dtype).max
        image = rng.integers(0, top, shape, dtype=dtype, endpoint=True)
        choice = np.array([0, 1, top // 2, top // 2 + 1, top - 1, top], dtype)
    kind = rng.integers(0, 4, shape[:-1])
    image[kind == 0] = rng.choice(choice, shape)[kind == 0]
    image[kind == 1, :3] = image[kind == 1, :1]
    return image


def assert_equal(a, b):
    np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_equals_slow_twin(name, dtype, channels, level, rng):
    function, twin = getattr(imgproc, name), getattr(reference, name)
    for width in WIDTHS:
        image = pixels(rng, (1, width, channels), dtype)
        assert_equal(function(image), twin(image))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", ["rgb_to_yiq", "yiq_to_rgb"])
def test_yiq_of_halves(name, dtype, channels, level, rng):
    """Y half-way between two integers, as float64 rounds it: what vectors leave to it, in every place of theirs."""
    colours = rng.integers(0, np.iinfo(dtype).max, (200_000, channels), dtype, endpoint=True)
    r, g, b = colours[:, :3].astype(np.int64).T
    halves = colours[(299 * r + 587 * g + 114 * b) % 1000 == 500][:150]
    assert len(halves) > 100
    for mixed in (halves, np.where(rng.random((len(halves), 1)) < 0.1, halves, np.zeros_like(halves))):
        expected = getattr(reference, name)(mixed[None])
        assert_equal(getattr(imgproc, name)(mixed[None]), expected)
        place = mixed[None].copy()
        assert_equal(getattr(imgproc, name)(place, out=place), expected)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_strides_threads_and_place(name, dtype, channels, level, threads, rng):
    function = getattr(imgproc, name)
    image = pixels(rng, (7, 83, channels), dtype)
    expected = getattr(reference, name)(image)
    wide = np.zeros((7, 90, channels), dtype)
    wide[:, 3:86] = image
    assert_equal(function(wide[:, 3:86]), expected)
    assert_equal(function(image[::-1])[::-1], expected)
    assert_equal(function(image[:, ::-1])[:, ::-1], expected)
    if name != "rgb_to_gray":
        assert function(image, out=image) is image
        assert_equal(image, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_writes_only_its_samples(name, dtype, level, rng):
    """Rows that end against foreign samples leave them as they are."""
    from imgproc._ext import color

    conversion = getattr(color, name.upper())
    per_pixel = 1 if name == "rgb_to_gray" else 3
    for width in WIDTHS:
        src, dst = pixels(rng, (2, width + 9, 3), dtype), pixels(rng, (2, width + 9, per_pixel), dtype)
        before = dst.copy()
        flat, target = src.reshape(2, -1), dst.reshape(2, -1)
        color.convert(flat[:, 9 : 9 + 3 * width], target[:, 2 : 2 + per_pixel * width], 3, conversion, 0, 2)
        target[:, 2 : 2 + per_pixel * width] = before.reshape(2, -1)[:, 2 : 2 + per_pixel * width]
        assert_equal(dst, before)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", ["rgb_to_gray", "rgb_to_yuv", "yuv_to_rgb", "rgb_to_yiq", "yiq_to_rgb"])
def test_levels_agree_on_many_integers(name, dtype, rng):
    """Levels reach results by different exact ways; ties and extremes included."""
    image = pixels(rng, (401, 999, 3), dtype)
    if dtype == "uint16":
        image[:100] -= image[:100] % 500  # thousandths that end in 500 are common
    results = []
    before = imgproc.get_cpu_level()
    for level in imgproc.cpu_levels():
        imgproc.set_cpu_level(level)
        results.append(getattr(imgproc, name)(image))
        if name != "rgb_to_gray":
            work = image.copy()
            assert_equal(getattr(imgproc, name)(work, out=work), results[-1])
    imgproc.set_cpu_level(before)
    for result in results[1:]:
        assert_equal(result, results[0])


def test_uint16_gray_rounds_ties_to_even(level):
    value = np.arange(65536, dtype=np.int64)
    image = np.zeros((1, 65536, 3), np.uint16)
    image[0, :, 0], image[0, :, 1], image[0, :, 2] = value, 3 * value % 65536, 7 * value % 65536
    numerator = image.astype(np.int64) @ np.array([299, 587, 114])
    quotient, rest = numerator // 1000, numerator % 1000
    assert (rest == 500).any()
    expected = quotient + ((rest > 500) | ((rest == 500) & (quotient % 2 == 1)))
    assert_equal(imgproc.rgb_to_gray(image), expected.astype(np.uint16))


def test_uint16_green_next_to_half_way(level):
    """U and V whose green is within 2e-6 of half-way: G = Y - (877 · 9500 U + 41 · 299000 V) / (587 · 877 · 41)."""
    denominator, modulus = 587 * 877 * 41, 587 * 877
    u = np.arange(-32768, 32768)
    # (denominator + 1) / 2 is the numerator just above half-way; of 41 about it a V can reach one.
    half = (denominator + 1) // 2 - 20
    target = half + (877 * 9500 * u - half) % 41
    v = (target - 877 * 9500 * u) // 41 % modulus * pow(299000, -1, modulus) % modulus
    v = np.where(v > modulus // 2, v - modulus, v)
    u, v = u[abs(v + 0.5) < 32768], v[abs(v + 0.5) < 32768]
    numerator = 877 * 9500 * u + 41 * 299000 * v
    assert len(u) > 5000
    assert (abs(numerator % denominator - denominator / 2) < 41).all()
    image = np.stack([np.full_like(u, 32768), u + 32768, v + 32768], axis=1)[None].astype(np.uint16)
    expected = 32768 - (2 * numerator + denominator) // (2 * denominator)
    assert_equal(imgproc.yuv_to_rgb(image)[0, :, 1], expected.astype(np.uint16))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_gray_pixels_have_no_chroma(dtype):
    value = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    image = np.repeat(value[None, :, None], 3, axis=2)
    assert_equal(imgproc.rgb_to_gray(image)[0], value)
    for there, back in ((imgproc.rgb_to_yuv, imgproc.yuv_to_rgb), (imgproc.rgb_to_yiq, imgproc.yiq_to_rgb)):
        converted = there(image)
        assert_equal(converted[0, :, 0], value)
        assert (converted[..., 1:] == reference.HALF[dtype]).all()
        assert_equal(back(converted), image)


@pytest.mark.parametrize("dtype, height", [("uint8", 3501), ("uint16", 1801), ("float32", 1301)])
@pytest.mark.parametrize("name", NAMES[:3])
def test_results_that_pass_the_caches_are_the_same(name, dtype, height, level, rng):
    """Above 24 MB a run; at multiples of 16 bytes alone, and not in place."""
    function, shape = getattr(imgproc, name), (height, 1201)
    image = np.tile(pixels(rng, (1, 1201, 3), dtype), (shape[0], 1, 1))
    tail = () if name == "rgb_to_gray" else (3,)
    store = np.zeros(shape[0] * shape[1] * (3 if tail else 1) + 4, dtype)
    expected = np.broadcast_to(function(image[:1]), (*shape, *tail))
    for start in (0, 1):
        out = store[start : start + expected.size].reshape(expected.shape)
        assert_equal(function(image, out=out), expected)
        assert not store[start + expected.size :].any()
        store[:] = 0
    if tail:
        assert_equal(function(image, out=image), expected)


@pytest.mark.heavy
@pytest.mark.parametrize("space", ["yuv", "yiq"])
def test_round_trip_of_every_uint8_color(space):
    """The bounds that the docstrings state, over all 2^24 colours."""
    there, back = getattr(imgproc, f"rgb_to_{space}"), getattr(imgproc, f"{space}_to_rgb")
    unclipped_bound, bound = ((1, 1, 1), (34, 17, 1)) if space == "yuv" else ((1, 1, 2), (24, 7, 27))
    share = {"yuv": 0.9827, "yiq": 0.9935}[space]
    axis = np.arange(256, dtype=np.uint8)
    unclipped, worst, worst_unclipped = 0, np.zeros(3, int), np.zeros(3, int)
    image = np.empty((256, 256, 3), np.uint8)
    image[..., 1], image[..., 2] = np.meshgrid(axis, axis, indexing="ij")
    for red in range(256):
        image[..., 0] = red
        converted = there(image)
        error = np.abs(back(converted).astype(np.int16) - image)
        chroma = converted[..., 2:] if space == "yuv" else converted[..., 1:]
        inside = ((chroma > 0) & (chroma < 255)).all(axis=-1)
        unclipped += int(inside.sum())
        worst = np.maximum(worst, error.max(axis=(0, 1)))
        worst_unclipped = np.maximum(
            worst_unclipped, error.max(axis=(0, 1), where=inside[..., None], initial=0)
        )
    assert tuple(worst_unclipped) == unclipped_bound
    assert tuple(worst) == bound
    assert unclipped / 2**24 == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize("space", ["yuv", "yiq"])
def test_round_trip_of_uint16(space, rng):
    there, back = getattr(imgproc, f"rgb_to_{space}"), getattr(imgproc, f"{space}_to_rgb")
    image = pixels(rng, (1000, 1000, 3), "uint16")
    converted = there(image)
    error = np.abs(back(converted).astype(np.int32) - image)
    chroma = converted[..., 2:] if space == "yuv" else converted[..., 1:]
    inside = ((chroma > 0) & (chroma < 65535)).all(axis=-1)
    assert (error[inside] <= ((1, 1, 1) if space == "yuv" else (1, 1, 2))).all()
    share = (0.131, 0.067, 1 / 65535) if space == "yuv" else (0.092, 0.027, 0.107)
    assert (error <= np.ceil(65535 * np.array(share))).all()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=60))
def test_round_trip_of_float32(values):
    image = np.array(values[: len(values) // 3 * 3], np.float32).reshape(1, -1, 3)
    # Some eight roundings of values up to 1.12, each to 2^-24 of its size, with weights up to 2.1.
    for there, back in ((imgproc.rgb_to_yuv, imgproc.yuv_to_rgb), (imgproc.rgb_to_yiq, imgproc.yiq_to_rgb)):
        assert np.abs(back(there(image)) - image).max() <= 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_nan_and_infinity_stay_in_their_pixel(name, level):
    image = np.full((1, 40, 3), 0.25, np.float32)
    image[0, 17, 1], image[0, 30, 0] = np.nan, np.inf
    result = getattr(imgproc, name)(image)
    assert np.isnan(result[0, 17]).any() and not np.isfinite(result[0, 30]).all()
    clean = np.delete(result, [17, 30], axis=1)
    assert np.isfinite(clean).all() and (clean == clean[:, :1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_refuses_what_is_not_color(name):
    function = getattr(imgproc, name)
    with pytest.raises(ValueError, match=rf"{name}: image must be of shape"):
        function(np.zeros((4, 4), np.uint8))
    with pytest.raises(TypeError, match=rf"{name}: image must be of dtype"):
        function(np.zeros((4, 4, 3), np.float64))
    with pytest.raises(ValueError, match=rf"{name}: out must be"):
        function(np.zeros((4, 4, 3), np.uint8), out=np.zeros((4, 4, 1), np.uint8))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_shift_luma_by_table(dtype, channels, level, threads, rng):
    table = rng.permutation(np.arange(np.iinfo(dtype).max + 1)).astype(dtype)
    for width in [*WIDTHS, 511, 512, 513, 700]:
        image = pixels(rng, (2, width, channels), dtype)
        expected = reference.shift_luma(image, table[reference.rgb_to_gray(image)])
        assert_equal(luma.shift_luma_by_table(image, table, np.empty_like(image)), expected)
        assert_equal(luma.shift_luma_by_table(image[:, ::-1], table, np.empty_like(image))[:, ::-1], expected)
        assert_equal(luma.shift_luma_by_table(image, table, image), expected)


@pytest.mark.parametrize("channels", [3, 4])
def test_shift_luma_of_float32(channels, level, threads, rng):
    table = rng.random(65536, dtype=np.float32)
    low, scale = np.float32(0.1), np.float32(1.3)
    for width in [*WIDTHS, 700]:
        image = pixels(rng, (2, width, channels), "float32")
        image[0, width // 2, 1] = np.nan
        gray = reference.rgb_to_gray(image)
        stretched = np.clip((gray - low) * scale, np.float32(0), np.float32(1))
        code = np.rint(np.clip(np.nan_to_num(gray), np.float32(0), np.float32(1)) * np.float32(65535)).astype(
            int
        )
        for function, arguments, after in (
            (luma.shift_luma_affine, (0.1, 1.3), stretched),
            (luma.shift_luma_by_codes, (table,), table[code]),
        ):
            expected = reference.shift_luma(image, after)
            result = function(image, *arguments, np.empty_like(image))
            assert_equal(result, expected)
            assert np.isnan(result[0, width // 2, :3]).all()
            place = image.copy()
            assert_equal(function(place, *arguments, place), expected)


def test_shift_luma_of_infinities(level):
    image = np.full((1, 20, 3), np.inf, np.float32)
    image[0, :10] = -np.inf
    image[0, ::2, 1] = 0.5
    luma.shift_luma_affine(image, 0.0, 1.0, image)
    luma.shift_luma_by_codes(image, np.linspace(0, 1, 65536, dtype=np.float32), image)


def test_shift_luma_keeps_chroma(rng):
    """U and V move by rounding alone where nothing clips: the same difference of luma and of colours."""
    image = rng.integers(60, 190, (50, 50, 3), dtype=np.uint8)
    table = np.clip(np.arange(256) * 0.9 + 20, 0, 255).astype(np.uint8)
    moved = luma.shift_luma_by_table(image, table, np.empty_like(image))
    before, after = imgproc.rgb_to_yuv(image).astype(int), imgproc.rgb_to_yuv(moved).astype(int)
    assert np.abs(after[..., 1:] - before[..., 1:]).max() <= 1
