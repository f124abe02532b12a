"""Convolution against its definition, in every way that a kernel can be applied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.convolution import as_samples, convolve, correlate

import imgproc
from imgproc.filters import convolution, plan

DTYPES = (np.uint8, np.uint16, np.float32)
BORDERS = ("reflect", "symmetric", "edge", "wrap", "constant")
EPSILON = 2.0**-23
SIZES = [(1, n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33)]
SIZES += [(5, 63), (4, 64), (3, 65), (9, 97), (6, 2), (7, 1), (33, 47), (70, 300)]


def make(rng, shape, dtype):
    if np.dtype(dtype).kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def random_kernel(rng, shape):
    """Full rank, both signs, Σ|kernel| = 1."""
    kernel = rng.standard_normal(shape)
    return kernel / np.abs(kernel).sum()


def ways(kernel, image, dilated=False):
    """Every plan that may be made for a kernel."""
    dtype = image.dtype
    plans = [plan.direct(kernel, dtype), plan.listed(kernel, dtype), *plan.separable(kernel, dtype)]
    if not dilated:
        plans += plan.spectrum(kernel, image.shape[0], dtype)
    return plans


def run(image, chosen, dilation=(1, 1), border="reflect", fill=0.0):
    return convolution.run_plan(image, np.empty_like(image), chosen, dilation, border, fill)


def assert_within_bound(result, sums, image, kernel, bound=8.0, fill=0):
    """The bounds of the docstring; float32 by the smaller one that holds in practice."""
    assert result.dtype == image.dtype
    if image.ndim == 3 and image.shape[2] == 4:
        assert np.array_equal(result[..., 3], image[..., 3])
        result, sums, image = result[..., :3], sums[..., :3], image[..., :3]
    if image.dtype == np.float32:
        unit = EPSILON * np.abs(kernel).sum() * max(np.abs(image).max(), fill)
        assert np.abs(result - sums).max() <= bound * unit + 2.0**-149
        return
    difference = np.abs(result.astype(int) - as_samples(sums, image.dtype))
    assert difference.max() <= 1
    # At most 0.2 %; a sample or two of a small image are more.
    assert np.count_nonzero(difference) <= 0.002 * difference.size + 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 3), (5, 5), (7, 7), (1, 1), (1, 9), (9, 1), (3, 11), (13, 5)])
def test_every_way_at_every_size(rng, level, threads, dtype, shape):
    kernel = random_kernel(rng, shape)
    for number, size in enumerate(SIZES):
        channels = ((), (3,), (4,))[number % 3]
        border = BORDERS[number % 5]
        image = make(rng, (*size, *channels), dtype)
        sums = correlate(image, kernel, border=border, fill=3)
        for chosen in ways(kernel, image):
            result = run(image, chosen, border=border, fill=3.0)
            assert_within_bound(result, sums, image, kernel, fill=3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels_larger_than_the_image(rng, level, dtype):
    for shape in ((21, 23), (31, 31), (45, 3), (3, 45)):
        kernel = random_kernel(rng, shape)
        for size in ((1, 1), (4, 6), (9, 40)):
            image = make(rng, size, dtype)
            for border in BORDERS:
                sums = correlate(image, kernel, border=border, fill=7)
                for chosen in ways(kernel, image):
                    result = run(image, chosen, border=border, fill=7.0)
                    assert_within_bound(result, sums, image, kernel, fill=7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dilation", [1, 2, (3, 1), (1, 4), (5, 2), 40])
def test_dilation(rng, level, threads, dtype, dilation):
    pair = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    for shape in ((3, 3), (5, 5), (1, 3), (5, 1)):
        kernel = random_kernel(rng, shape)
        for size in ((1, 1), (2, 7), (23, 41), (19, 70, 3)):
            image = make(rng, size, dtype)
            for border in ("reflect", "constant"):
                given_ = {"dilation": dilation, "border": border, "fill": 1}
                sums = correlate(image, kernel, pair, border, 1)
                assert_within_bound(imgproc.correlate(image, kernel, **given_), sums, image, kernel, fill=1)
                for chosen in ways(kernel, image, dilated=True):
                    result = run(image, chosen, pair, border, 1.0)
                    assert_within_bound(result, sums, image, kernel, fill=1)
                sums = convolve(image, kernel, pair, border, 1)
                assert_within_bound(imgproc.convolve(image, kernel, **given_), sums, image, kernel, fill=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integer_and_dyadic_kernels_are_exact(rng, level, dtype):
    image = make(rng, (37, 131, 3), dtype)
    kernels = [
        np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256,
        np.outer([1, 3, 1], [1, 3, 1]) / 2,
        rng.integers(-99, 99, (7, 7)) / 1024,
        rng.integers(-(2**15), 2**15, (5, 5)) / 2.0**18,
        rng.integers(-(2**20), 2**20, (5, 5)),
        rng.integers(-3, 4, (9, 9)) / 8,
        np.full((3, 3), 32768),
        np.full((3, 3), 0.5),
    ]
    for kernel in kernels:
        kernel = np.asarray(kernel, float)
        wanted = as_samples(correlate(image, kernel), dtype)
        for chosen in ways(kernel, image):
            if chosen.way != "spectrum":
                assert np.array_equal(run(image, chosen), wanted), (chosen.way, chosen.sums)
        assert np.array_equal(imgproc.correlate(image, kernel), wanted)


def test_ordinary_kernels_take_fast_sums(rng):
    """A float32 is a multiple of a power of two too, but is not meant to be exact."""
    dtype = np.dtype(np.uint8)
    for size in (3, 5, 7, 9, 15):
        kernel = rng.random((size, size)).astype(np.float32).astype(float)
        assert plan.choose(3 * kernel / kernel.sum(), (64, 64), dtype).sums != "float64"
        if size > 3:
            assert plan.direct(kernel / kernel.sum(), dtype).sums == "int32"
        row = rng.random(size).astype(np.float32).astype(float)
        assert plan.one_separable(row, row / row.sum(), dtype).sums != "float64"


def test_ties_go_to_even(level):
    image = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(imgproc.correlate(image, [[0.5]]), np.rint(image / 2).astype(np.uint8))
    assert np.array_equal(imgproc.correlate(image, [[-0.5]]), np.zeros_like(image))


@pytest.mark.heavy
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [3, 5, 7, 9, 15])
def test_share_of_other_roundings(rng, dtype, size):
    """At most one level off, on at most 0.2 % of the samples, for noise, the least smooth of images."""
    image = make(rng, (400, 500), dtype)
    for kernel in (
        rng.random((size, size)),
        rng.standard_normal((size, size)),
        rng.standard_normal((size, size)) ** 9,
    ):
        for scale in (0.3, 1.0, 7.0):
            weights = kernel / np.abs(kernel).sum() * scale
            wanted = as_samples(correlate(image, weights), dtype).astype(int)
            for chosen in ways(weights, image):
                difference = np.abs(run(image, chosen) - wanted)
                assert difference.max() <= 1
                assert (difference > 0).mean() <= 0.002, (chosen.way, chosen.sums, scale)


def test_flat_regions_stay(rng, level):
    """Kernels of sum 1 keep a constant, whatever rounding does to each weight."""
    for size in (3, 5, 7, 15, 31):
        kernel = rng.random((size, size))
        kernel /= kernel.sum()
        for value in (1, 127, 255):
            image = np.full((20, 40), value, np.uint8)
            assert (imgproc.convolve(image, kernel) == value).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_separable(rng, level, threads, dtype):
    for height, width in ((3, 3), (1, 5), (5, 1), (7, 3), (31, 9), (1, 1)):
        ky, kx = random_kernel(rng, height), random_kernel(rng, width)
        for size in ((1, 1), (3, 2), (23, 65), (30, 40, 3), (9, 33, 4)):
            image = make(rng, size, dtype)
            for border in BORDERS:
                sums = convolve(image, np.outer(ky, kx), border=border, fill=2)
                result = imgproc.convolve_separable(image, ky, kx, border=border, fill=2)
                assert_within_bound(result, sums, image, np.outer(ky, kx), fill=2)


def test_the_rank_decides(rng):
    column, row = rng.standard_normal((2, 15))
    size, dtype = (1080, 1920), np.dtype(np.float32)
    assert plan.choose(np.outer(column, row), size, dtype).way == "separable"
    assert plan.choose(np.outer(column, row).astype(np.float32).astype(float), size, dtype).way == "separable"
    assert plan.choose(rng.standard_normal((9, 9)), size, dtype).way == "direct"
    assert plan.choose(rng.standard_normal((61, 61)), size, dtype).way == "spectrum"
    sparse = np.zeros((9, 9))
    sparse[0, 0] = sparse[8, 8] = 1
    assert plan.choose(sparse, size, dtype).way in ("listed", "separable")
    two = np.outer(column, row) + np.outer(*rng.standard_normal((2, 15)))
    chosen = plan.choose(two, size, dtype)
    assert chosen.way == "separable" and len(chosen.columns) == 2
    almost = np.outer(column, row)
    almost[3, 4] += 1e-4
    assert all(len(chosen.columns) > 1 for chosen in plan.separable(almost, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ways_agree_on_both_sides_of_the_rule(rng, dtype):
    """Where the choice changes with the kernel's size, the ways left and right of the change keep the same bound."""
    image = make(rng, (70, 130), dtype)
    before = None
    changes = 0
    for size in range(3, 64, 2):
        kernel = random_kernel(rng, (size, size))
        chosen = plan.choose(kernel, image.shape, image.dtype).way
        if before is not None and chosen != before:
            changes += 1
            for near in (size - 2, size):
                kernel = random_kernel(rng, (near, near))
                sums = correlate(image, kernel)
                for way in ways(kernel, image):
                    assert_within_bound(run(image, way), sums, image, kernel)
        before = chosen
    # More than one, because a taller kernel may need one block more of a low image.
    assert changes >= 1 and before == "spectrum"


def test_error_of_float32(rng):
    """The proven bound for kernels with one large weight among small ones; transforms take float64 for them."""
    image = (rng.random((60, 200)) * 2 - 1).astype(np.float32)
    for size in (3, 9, 31):
        for kernel in (rng.random((size, size)), rng.standard_normal((size, size)) ** 15):
            sums = correlate(image, kernel)
            for chosen in ways(kernel, image):
                assert_within_bound(run(image, chosen), sums, image, kernel, min(8, (size * size + 2) / 2))


def test_weights_beyond_float32(rng, level):
    image = rng.random((9, 40), np.float32)
    for kernel in ([[1e-60, 1.0, 1e-60]], [[1e60, 1.0, -1e60]], [[0.0, 1e-40, 0.0]]):
        with np.errstate(over="ignore"):
            wanted = correlate(image, kernel).astype(np.float32)
        # float64 sums, rounded once: terms may cancel.
        np.testing.assert_allclose(imgproc.correlate(image, kernel), wanted, rtol=1e-6)
    assert imgproc.correlate(make(rng, (5, 7), np.uint8), [[1e300] * 3]).max() == 255


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_stay_in_the_support(rng, level, threads, special):
    for shape, dilation in (((3, 5), 1), ((41, 43), 1), ((5, 3), (2, 3)), ((7, 7), 1)):
        kernel = random_kernel(rng, shape)
        pair = dilation if isinstance(dilation, tuple) else (dilation, dilation)
        ry, rx = shape[0] // 2 * pair[0], shape[1] // 2 * pair[1]
        image = rng.random((101, 113)).astype(np.float32)
        clean = correlate(image, kernel, pair)
        image[49, 60] = special
        for chosen in ways(kernel, image, dilated=pair != (1, 1)):
            result = run(image, chosen, pair)
            reached = np.zeros(image.shape, bool)
            reached[49 - ry : 50 + ry, 60 - rx : 61 + rx] = True
            assert np.abs(result - clean)[~reached].max() < 8 * EPSILON
            assert not np.isfinite(result[49 + ry, 60 + rx])
            assert not np.isfinite(result[49, 60])


def test_zero_kernel(rng, level):
    for dtype in DTYPES:
        image = make(rng, (9, 20), dtype)
        assert not imgproc.convolve(image, np.zeros((3, 3))).any()
        assert not imgproc.convolve(image, np.zeros((41, 41))).any()
        assert not imgproc.convolve_separable(image, [0], [0, 0, 0]).any()


def test_convolution_turns_the_kernel(rng):
    image = np.zeros((9, 9), np.float32)
    image[4, 4] = 1
    kernel = rng.random((5, 3))
    assert np.array_equal(imgproc.convolve(image, kernel)[2:7, 3:6], kernel.astype(np.float32))
    assert np.array_equal(imgproc.correlate(image, kernel)[2:7, 3:6], kernel[::-1, ::-1].astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 20),
    width=st.integers(1, 90),
    kernel_height=st.integers(0, 5),
    kernel_width=st.integers(0, 5),
    border=st.sampled_from(BORDERS),
)
def test_linear(seed, height, width, kernel_height, kernel_width, border):
    """Sums of images give sums of results: exactly, in whole numbers below 2**24."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(-99, 99, (2, height, width)).astype(np.float32)
    kernel = rng.integers(-9, 9, (2 * kernel_height + 1, 2 * kernel_width + 1))
    together = imgproc.convolve(one + other, kernel, border=border)
    separately = imgproc.convolve(one, kernel, border=border) + imgproc.convolve(other, kernel, border=border)
    wanted = convolve(one + other, kernel, border=border)
    if plan.choose(kernel[::-1, ::-1].astype(float), (height, width), np.dtype(np.float32)).way == "direct":
        assert np.array_equal(together, separately)
        assert np.array_equal(together, wanted)
    else:
        unit = EPSILON * max(np.abs(kernel).sum(), 1) * 198
        np.testing.assert_allclose(together, separately, atol=16 * unit, rtol=0)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_refused(name):
    function = getattr(imgproc, name)
    image = np.zeros((5, 5), np.uint8)
    for kernel in (np.ones((2, 3)), np.ones((0, 0)), np.full((3, 3), np.nan), np.ones(3)):
        with pytest.raises(ValueError, match=f"^{name}: kernel must be .*, got "):
            function(image, kernel)
    for dilation in (0, -1, (1, 0), (1, 2, 3)):
        with pytest.raises(ValueError, match=rf"^{name}: dilation\S* must be .*, got "):
            function(image, np.ones((3, 3)), dilation=dilation)
