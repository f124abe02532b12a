"""Gaussian blur and unsharp mask: against the slow twin, and by laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.gaussian import blur, kernel, rounded, sharpen

import imgproc
from imgproc.filters import gaussian as module

BORDERS = ["reflect", "symmetric", "edge", "wrap", "constant"]
SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
SIGMAS = [0.3, 0.5, 1.0, 2.0, 5.0, 20.0]
# Where integer weights are furthest from the kernel's.
AWKWARD = [0.2688, 0.4165, 0.671, 1.036, 5.96, (0.438, 0.3422), (0.3, 0.705), (0.0, 0.705), (0.671, 0.0)]


def noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def smooth(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Shades and edges such as photographs have, with a little grain."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = 0.5 + 0.2 * np.sin(x / 9) * np.cos(y / 13) + 0.2 * ((x // 37 + y // 29) % 2)
    picture += 0.02 * rng.standard_normal(picture.shape)
    return np.rint(picture.clip(0, 1) * np.iinfo(dtype).max).astype(dtype)


def float_bound(sigma: float | tuple[float, float], image: np.ndarray) -> float:
    """What the docstring promises."""
    pair = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    reach = sum(len(kernel(one)) // 2 for one in pair)
    return (48 + reach / 16) * 2.0**-24 * float(np.abs(image).max())


def check(result: np.ndarray, exact: np.ndarray, *, margin: float = 0.02, share: float | None = None) -> None:
    """Integers stand less than half a level and the margin from the exact value, hence at most 1 off."""
    clipped = exact.clip(0, np.iinfo(result.dtype).max)
    assert np.abs(result - clipped).max() < 0.5 + margin
    off = np.abs(result.astype(np.int64) - rounded(exact, result.dtype))
    assert off.max() <= 1
    if share is not None:
        assert np.count_nonzero(off) <= share * off.size


def check_fine(result: np.ndarray, image: np.ndarray, blurred: np.ndarray) -> None:
    """Of an amount of 9, which takes the finer kernel."""
    check(result, image + 9 * (image - blurred), margin=0.002)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_size(level: str, dtype: str, channels: int, rng: np.random.Generator) -> None:
    for width in SIZES:
        for sigma in (0.6, 1.3):
            image = noise(rng, (width % 7 + 1, width, channels), dtype)
            result, exact = imgproc.gaussian_blur(image, sigma), blur(image, sigma)
            colors = slice(None) if channels < 4 else slice(3)
            if dtype == "float32":
                error = np.abs(result[..., colors] - exact[..., colors]).max()
                assert error <= float_bound(sigma, image)
            else:
                check(result[..., colors], exact[..., colors])
            if dtype != "float32":
                check_fine(
                    imgproc.sharpen(image, 9.0, sigma=sigma)[..., colors],
                    image[..., colors],
                    exact[..., colors],
                )


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_border(level: str, threads: int, border: str, dtype: str, rng: np.random.Generator) -> None:
    fill = 0.25 if dtype == "float32" else 200
    for shape in ((40, 57, 3), (3, 90), (90, 3), (1, 1), (1, 50), (50, 1)):
        for sigma in (1.0, 4.0, (0.0, 2.0), (2.0, 0.0), (0.7, 9.0)):
            image = noise(rng, shape, dtype)
            result = imgproc.gaussian_blur(image, sigma, border=border, fill=fill)
            exact = blur(image, sigma, border, fill)
            if dtype == "float32":
                assert np.abs(result - exact).max() <= float_bound(sigma, image)
            else:
                check(result, exact)
            if dtype != "float32":
                check_fine(imgproc.sharpen(image, 9.0, sigma=sigma, border=border, fill=fill), image, exact)


def test_filled_rows_above_a_small_radius(level: str, threads: int, rng: np.random.Generator) -> None:
    """The row before the first is number -1, which also stands for fill."""
    for sigma in (0.2, 0.5, 0.7, 1.0):
        image = noise(rng, (9, 130), "float32")
        exact = blur(image, sigma, "constant", 5.0)
        result = imgproc.gaussian_blur(image, sigma, border="constant", fill=5.0)
        assert np.abs(result - exact).max() <= float_bound(sigma, np.array([5.0]))


@pytest.mark.heavy
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("sigma", [0.2, *SIGMAS, *AWKWARD])
def test_share_of_misrounded_pixels(
    level: str, dtype: str, sigma: float | tuple[float, float], rng: np.random.Generator
) -> None:
    """The bound of the docstring. At a small sigma noise keeps its contrast, which scales the errors of weights."""
    for make, shape in ((noise, (300, 421)), (smooth, (120, 211))):
        image = make(rng, shape, dtype)
        check(imgproc.gaussian_blur(image, sigma), blur(image, sigma), share=0.002)


@pytest.mark.heavy
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("sigma", [0.438, 1.0, 2.0, (0.3, 5.0)])
def test_share_of_misrounded_pixels_when_sharpened(
    level: str, dtype: str, sigma: float | tuple[float, float], rng: np.random.Generator
) -> None:
    """Of little contrast, so that even a large amount of it leaves the range nowhere."""
    half = np.iinfo(dtype).max / 2
    for amount in (1.0, 2.0, 5.0, 20.0, 100.0):
        image = (half * (1 + 0.8 / (1 + amount) * rng.random((300, 421)))).astype(dtype)
        check(
            imgproc.sharpen(image, amount, sigma=sigma),
            sharpen(image, amount, sigma),
            share=0.002,
            margin=0.1,
        )


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("high", [1.0, 1e-30, 1e30])
def test_float_bound(level: str, sigma: float, high: float, rng: np.random.Generator) -> None:
    image = (rng.standard_normal((70, 131)) * high).astype(np.float32)
    assert np.abs(imgproc.gaussian_blur(image, sigma) - blur(image, sigma)).max() <= float_bound(sigma, image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(60, 97), (60, 97, 3), (60, 97, 4)])
def test_sharpen_integers(level: str, dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    for image in (
        noise(rng, shape, dtype),
        smooth(rng, shape, dtype) if len(shape) == 2 else noise(rng, shape, dtype),
    ):
        for amount, sigma in ((0.0, 1.0), (0.5, 0.8), (1.0, 2.0), (3.0, 5.0)):
            result, exact = imgproc.sharpen(image, amount, sigma=sigma), sharpen(image, amount, sigma)
            if image.ndim == 3:
                result, exact = result[..., :3], exact[..., :3]
            check(result, exact, margin=0.02 * max(amount, 1), share=0.002)
            if amount == 0:
                assert np.array_equal(result, image[..., :3] if image.ndim == 3 else image)


def test_sharpen_floats(level: str, rng: np.random.Generator) -> None:
    image = rng.random((40, 61, 3), np.float32)
    for amount in (0.0, 1.0, 4.0):
        error = np.abs(imgproc.sharpen(image, amount) - sharpen(image, amount, 2.0)).max()
        # The blur's error amount times, and a rounding each of difference, product and sum.
        assert error <= amount * float_bound(2.0, image) + 4 * (1 + amount) * 2.0**-24


def test_sharpen_clips(level: str) -> None:
    image = np.zeros((9, 90), np.uint8)
    image[:, 45:] = 255
    assert np.array_equal(imgproc.sharpen(image, 1000.0), image)
    assert np.array_equal(
        imgproc.sharpen(image.astype(np.uint16) * 257, 1000.0), image.astype(np.uint16) * 257
    )


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 3.3, 20.0, 150.0])
def test_constant_stays_constant(level: str, sigma: float) -> None:
    for dtype in (np.uint8, np.uint16):
        top = np.iinfo(dtype).max
        for value in (0, 1, top // 2, top // 2 + 1, top - 1, top):
            image = np.full((6, 41, 3), value, dtype)
            assert np.array_equal(imgproc.gaussian_blur(image, sigma), image)
            assert np.array_equal(imgproc.sharpen(image, 1.0, sigma=sigma), image)
    image = np.full((6, 41), 0.7, np.float32)
    assert np.abs(imgproc.gaussian_blur(image, sigma) - image).max() <= float_bound(sigma, image)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_mirrored_image_gives_mirrored_result(level: str, dtype: str, rng: np.random.Generator) -> None:
    """To the bit, because the kernel is folded."""
    image = noise(rng, (30, 77), dtype)
    for sigma in (0.6, 2.0, 9.0):
        result = imgproc.gaussian_blur(image, sigma)
        assert np.array_equal(imgproc.gaussian_blur(image[::-1], sigma)[::-1], result)
        assert np.array_equal(imgproc.gaussian_blur(image[:, ::-1], sigma)[:, ::-1], result)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["uint8", "uint16", "float32"]),
    st.tuples(st.floats(0.2, 6), st.floats(0.2, 6)),
)
def test_laws(level: str, seed: int, dtype: str, sigma: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    image = noise(rng, (int(rng.integers(1, 40)), int(rng.integers(1, 90))), dtype)
    result = imgproc.gaussian_blur(image, sigma)
    # Mean values: nothing leaves the range. float32 weights sum to 1 exactly, their products are rounded.
    slack = float_bound(sigma, image) if dtype == "float32" else 0
    assert result.min() >= image.min() - slack and result.max() <= image.max() + slack
    # Mass: with "wrap" every sample is handed out whole.
    around = imgproc.gaussian_blur(image, sigma, border="wrap").astype(np.float64)
    slack = float_bound(sigma, image) if dtype == "float32" else 0.52
    assert abs(around.mean() - image.astype(np.float64).mean()) <= slack
    # The axes are independent: one after the other is both at once, but for the rounding in between.
    steps = imgproc.gaussian_blur(imgproc.gaussian_blur(image, (sigma[0], 0.0)), (0.0, sigma[1]))
    slack = 2 * slack if dtype == "float32" else 1
    assert np.abs(steps.astype(np.float64) - result).max() <= slack


def test_kernel_is_a_gaussian() -> None:
    for sigma in (0.3, 1.0, 7.7):
        np.testing.assert_allclose(module._kernel(sigma), kernel(sigma), rtol=1e-13)


@pytest.mark.parametrize("sigma", [1e-300, 0.01, 0.2, 0.5, 0.79, 0.8, 1.0, 3.0, 30.0, 1000.0])
def test_weights_sum_to_one(sigma: float) -> None:
    (vertical, horizontal, *extra, down, across, fraction), _ = module._fixed_point((sigma, sigma))
    for pairs, more, bits in ((vertical, extra[0], down), (horizontal, extra[1], across)):
        weights = (pairs & 0xFFFF).astype(np.int64)
        assert weights.max() <= 32767 and weights.sum() + more == 2**bits
        assert np.array_equal(weights, weights[::-1])
    assert fraction + across <= 24 and fraction <= down
    upper, more, rest = module._fine_point(sigma)
    halves = [(pairs & 0xFFFF).astype(np.uint16).view(np.int16).astype(np.int64) for pairs in (upper, rest)]
    assert (
        halves[0].min() >= 0 and more <= 32767 and 256 * (halves[0].sum() + more) + halves[1].sum() == 2**24
    )
    side = module._floats(sigma).astype(np.float64)
    assert side[0] + 2 * side[1:].sum() == 1


def test_no_blur_along_an_axis(level: str, rng: np.random.Generator) -> None:
    for dtype in ("uint8", "uint16", "float32"):
        row, column = noise(rng, (1, 80), dtype), noise(rng, (80, 1), dtype)
        assert np.array_equal(imgproc.gaussian_blur(row, (3.0, 0.0)), row) or dtype == "float32"
        assert np.array_equal(imgproc.gaussian_blur(column, (0.0, 3.0)), column) or dtype == "float32"


def test_a_tiny_sigma_changes_nothing(level: str, rng: np.random.Generator) -> None:
    for dtype in ("uint8", "uint16", "float32"):
        image = noise(rng, (9, 80), dtype)
        assert np.array_equal(imgproc.gaussian_blur(image, 1e-300), image)


@pytest.mark.parametrize("sigma", [0, 0.0, (0, 0), [0, 0.0]])
def test_sigma_0_is_refused(sigma: object) -> None:
    for function in (imgproc.gaussian_blur, lambda image, sigma: imgproc.sharpen(image, sigma=sigma)):
        with pytest.raises(ValueError, match=r": sigma must be .*, not both 0, got "):
            function(np.zeros((3, 3), np.uint8), sigma)


def test_nan_reaches_as_far_as_the_kernel(level: str) -> None:
    image = np.zeros((40, 90), np.float32)
    image[20, 45] = np.nan
    for sigma in (1.0, 3.0):
        radius = len(kernel(sigma)) // 2
        touched = np.isnan(imgproc.gaussian_blur(image, sigma))
        wanted = np.zeros_like(touched)
        wanted[20 - radius : 21 + radius, 45 - radius : 46 + radius] = True
        assert np.array_equal(touched, wanted)
