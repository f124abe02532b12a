"""Box filter: against its slow twin, laws, and what float images and large radii may not do."""

from __future__ import annotations

import itertools
import mmap
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.box import box_filter as slow
from reference.box import index

import imgproc
from imgproc._core.neighbors import surroundings
from imgproc._ext import box as kernels

BORDERS = ("reflect", "symmetric", "edge", "wrap", "constant")
DTYPES = (np.uint8, np.uint16, np.float32)
WIDTHS = (*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)


def noise(rng, shape, dtype):
    if dtype == np.float32:
        return rng.standard_normal(shape, np.float32)
    top = np.iinfo(dtype).max
    return rng.choice([0, 1, top // 2, top - 1, top, *rng.integers(0, top, 9)], shape).astype(dtype)


@lru_cache
def counts(n, radius, border):
    """How often each of n pixels on an axis stands in the window around each."""
    places = [index(position, n, border) for position in range(-radius, n + radius)]
    table = np.zeros((n + 2 * radius + 1, n), np.int64)
    np.cumsum(np.eye(n, dtype=np.int64)[places], axis=0, out=table[1:])
    return table[2 * radius + 1 :] - table[: -2 * radius - 1]


def sums_by_counts(image, radius, border):
    """Exact sums of integers, at a cost that hardly depends on the radius."""
    across = np.einsum("xi,yi...->yx...", counts(image.shape[1], radius[1], border), image.astype(np.int64))
    return np.einsum("yj,jx...->yx...", counts(image.shape[0], radius[0], border), across)


def means_by_counts(image, radius, border):
    area = (2 * radius[0] + 1) * (2 * radius[1] + 1)
    return ((sums_by_counts(image, radius, border) + area // 2) // area).astype(image.dtype)


def check(image, radius, normalize=True, border="reflect", fill=0.0):
    result = imgproc.box_filter(image, radius, normalize=normalize, border=border, fill=fill)
    expected = slow(image, radius, normalize, border, image.dtype.type(fill).item())
    if image.dtype == np.float32:
        # Half a unit from the one rounding to float32; float64 adds at most 2^-40 of the largest value here.
        bound = np.spacing(np.abs(expected).astype(np.float32)) * 0.5001 + 2.0**-40 * np.abs(image).max()
        assert (np.abs(result - expected) <= bound).all()
    else:
        np.testing.assert_array_equal(result, expected.astype(result.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_twin_around_vector_widths(dtype, channels, level, rng):
    for width, radius in itertools.product(WIDTHS, ((1, 1), (0, 2), (4, 5))):
        shape = (3, width) if channels is None else (3, width, channels)
        check(noise(rng, shape, dtype), radius)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS)
def test_twin_with_every_border(dtype, border, level, rng):
    fill = 0.37 if dtype == np.float32 else 200
    for shape in ((1, 1), (1, 7), (7, 1), (2, 3), (5, 19, 3), (11, 6)):
        for radius in ((0, 1), (1, 0), (2, 2), (3, 9), (8, 3), (11, 13)):
            for normalize in (True, False):
                check(noise(rng, shape, dtype), radius, normalize, border, fill)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_radius_is_exact(dtype, level, rng):
    image = noise(rng, (41, 67, 3), dtype)
    for r in (*range(1, 40), 50, 63, 64, 72, 100, 127, 128, 129, 200):
        for radius in ((r, r), (r, 1), (1, r), (0, r), (r, 0), (r, 7)):
            np.testing.assert_array_equal(
                imgproc.box_filter(image, radius, border="symmetric"),
                means_by_counts(image, radius, border="symmetric"),
                f"{radius}",
            )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "radius", [(110, 110), (127, 127), (128, 128), (1770, 1772), (2000, 2000), (2100, 2100), (3, 65535)]
)
def test_sums_beyond_16_and_32_bits(dtype, radius, level, rng):
    for image in (np.full((7, 37), np.iinfo(dtype).max, dtype), noise(rng, (7, 37), dtype)):
        expected = sums_by_counts(image, radius, border="wrap")
        sums = imgproc.box_filter(image, radius, border="wrap", normalize=False)
        wide = (2 * radius[0] + 1) * (2 * radius[1] + 1) * int(np.iinfo(dtype).max) >= 2**32
        assert sums.dtype == (np.uint64 if wide else np.uint32)
        np.testing.assert_array_equal(sums, expected)
        np.testing.assert_array_equal(
            imgproc.box_filter(image, radius, border="wrap"),
            means_by_counts(image, radius, border="wrap"),
        )


def test_means_next_to_a_half_are_rounded_exactly(level):
    """Windows whose sums are the last below, and the first above, half a level: where reciprocals fail."""
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        for r in (1, 2, 3, 7, 8, 20, 50, 63, 64, 100, 117, 127, 128, 200):
            area = 2 * r + 1  # one row
            for base in (0, top // 2, top - 1):
                for above in (area // 2, area // 2 + 1):
                    image = np.full((1, area), base, dtype)
                    image[0, :above] += 1
                    result = imgproc.box_filter(image, (0, r), border="wrap")
                    assert (result == base + (above > area // 2)).all(), (dtype, r, base, above)


@pytest.mark.parametrize("dtype", DTYPES)
def test_radius_0_copies(dtype, rng):
    image = noise(rng, (5, 6, 4), dtype)
    assert np.array_equal(imgproc.box_filter(image, 0), image)
    sums = imgproc.box_filter(image, (0, 0), normalize=False)
    assert np.array_equal(sums, image)
    assert sums.dtype == (np.float32 if dtype == np.float32 else np.uint32)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_of_sums_is_kept(dtype, rng):
    image = noise(rng, (9, 10, 4), dtype)
    assert np.array_equal(imgproc.box_filter(image, 2, normalize=False)[..., 3], image[..., 3])


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 70)),
    radius=st.tuples(st.integers(0, 90), st.integers(0, 90)),
    border=st.sampled_from(BORDERS[:4]),
    dtype=st.sampled_from(DTYPES),
    value=st.integers(0, 255),
)
def test_a_constant_stays(shape, radius, border, dtype, value):
    image = np.full(shape, value, dtype)
    result = imgproc.box_filter(image, radius, border=border)
    if dtype == np.float32:
        # The sum is exact; 1 / area and the product err by 2^-53 each, far less than float32 resolves.
        np.testing.assert_array_equal(result, image)
    else:
        np.testing.assert_array_equal(result, image)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    radius=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    border=st.sampled_from(BORDERS),
)
def test_sums_are_linear(seed, radius, border):
    a, b = np.random.default_rng(seed).integers(0, 100, (2, 17, 43), np.uint8)

    def sums(image):
        return imgproc.box_filter(image, radius, normalize=False, border=border).astype(np.int64)

    np.testing.assert_array_equal(sums(a) + sums(b), sums(a + b))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    radius=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    border=st.sampled_from(BORDERS),
    dtype=st.sampled_from(DTYPES),
)
def test_flipping_transposing_and_shifting_commute(seed, radius, border, dtype):
    # Quarters of small integers add up exactly in any order.
    image = np.random.default_rng(seed).integers(0, 256, (23, 31)).astype(dtype)
    if dtype == np.float32:
        image /= 4
    result = imgproc.box_filter(image, radius, border=border)
    np.testing.assert_array_equal(
        imgproc.box_filter(image[::-1, ::-1], radius, border=border), result[::-1, ::-1]
    )
    np.testing.assert_array_equal(imgproc.box_filter(image.T, radius[::-1], border=border), result.T)
    around = imgproc.box_filter(np.roll(image, (3, 5), (0, 1)), radius, border="wrap")
    np.testing.assert_array_equal(
        around, np.roll(imgproc.box_filter(image, radius, border="wrap"), (3, 5), (0, 1))
    )


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_nan_and_infinity_reach_no_further_than_the_window(special, channels, level, threads, rng):
    image = rng.random((60, 70, channels), np.float32)
    clean = image.copy()
    image[29, 33, 0] = special
    for radius in ((1, 1), (3, 2), (4, 4), (9, 5), (2, 12), (30, 1)):
        result, plain = imgproc.box_filter(image, radius), imgproc.box_filter(clean, radius)
        touched = np.zeros(image.shape, bool)
        touched[max(29 - radius[0], 0) : 30 + radius[0], 33 - radius[1] : 34 + radius[1], 0] = True
        inside = result[touched]
        assert np.isnan(inside).all() if np.isnan(special) else (inside == special).all()
        np.testing.assert_array_equal(result[~touched], plain[~touched])


def test_a_huge_value_leaves_no_trace(level):
    """1e30 that has left the window is forgotten to the last bit; a running sum would be off by 1e14."""
    image = np.full((80, 90), 1e-3, np.float32)
    image[20, 30] = 1e30
    for radius in (1, 5, 11):
        result = imgproc.box_filter(image, radius)
        away = np.ones(image.shape, bool)
        away[20 - radius : 21 + radius, 30 - radius : 31 + radius] = False
        assert (result[away] == np.float32(1e-3)).all()
        assert (result[~away] > 1e26).all()


def test_error_does_not_grow_with_the_image(level, rng):
    """The stated bound, 0.50001 units in the last place, far along a row and far down a column."""
    for shape in ((3, 40_000), (40_000, 3)):
        image = rng.random(shape, np.float32)
        for radius in (1, 7, 50):
            reach = tuple(min(radius, n - 1) for n in shape)
            padded = np.pad(image.astype(np.longdouble), [(reach[0],) * 2, (reach[1],) * 2], "reflect")
            total = sum(padded[j : j + shape[0]] for j in range(2 * reach[0] + 1))
            total = sum(total[:, i : i + shape[1]] for i in range(2 * reach[1] + 1))
            exact = total / ((2 * reach[0] + 1) * (2 * reach[1] + 1))
            error = np.abs(imgproc.box_filter(image, reach) - exact)
            assert (error <= 0.50001 * np.spacing(exact.astype(np.float32))).all()


def test_sums_of_floats_may_overflow(level):
    image = np.full((9, 40), 3e38, np.float32)
    assert np.isposinf(imgproc.box_filter(image, 2, normalize=False)).all()
    # Means do not: they are added up in float64.
    np.testing.assert_allclose(imgproc.box_filter(image, 2), image, rtol=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_in_every_band(dtype, level, monkeypatch, rng):
    monkeypatch.setattr("imgproc._core.threads._SHORTEST_BAND_NS", 1e-9)
    image = noise(rng, (83, 57, 3), dtype)
    before = imgproc.get_num_threads()
    for radius in ((1, 1), (2, 5), (4, 4), (13, 6), (100, 90)):
        results = []
        for count in (1, 2, 3, 7, 83):
            imgproc.set_num_threads(count)
            results.append(imgproc.box_filter(image, radius).tobytes())
        imgproc.set_num_threads(before)
        assert len(set(results)) == 1, radius


@pytest.mark.parametrize("normalize", [1, 0, "yes", None])
def test_normalize_must_be_a_truth_value(normalize):
    with pytest.raises(TypeError, match=r"^box_filter: normalize must be True or False, got "):
        imgproc.box_filter(np.zeros((3, 3), np.uint8), 1, normalize=normalize)


def test_out_has_the_dtype_of_sums():
    image = np.ones((5, 6), np.uint8)
    out = np.zeros((5, 6), np.uint32)
    assert imgproc.box_filter(image, 1, normalize=False, out=out) is out
    assert (out == 9).all()
    with pytest.raises(
        ValueError, match=r"^box_filter: out must be a uint64 array of shape \(5, 6\), got uint32"
    ):
        imgproc.box_filter(image, 3000, normalize=False, out=out)


def test_rows_further_apart_than_31_bits(level, rng):
    """Five rows of source and result each 2^31 bytes apart; pages that nobody touches take no memory."""
    stores = [np.frombuffer(mmap.mmap(-1, 5 << 31), np.uint8) for _ in range(2)]
    for dtype in DTYPES:
        image, out = (
            np.lib.stride_tricks.as_strided(store.view(dtype), (5, 97), (1 << 31, np.dtype(dtype).itemsize))
            for store in stores
        )
        image[...] = noise(rng, image.shape, dtype)
        for radius in (1, 9):
            around = surroundings(image, (radius, radius), "reflect", 0.0)
            kernels.box_rows(
                image, out.view(np.uint8), 1, around.rows, around.columns, radius, radius, True, 0.0, 0, 5
            )
            np.testing.assert_array_equal(out, imgproc.box_filter(image.copy(), radius))
