"""Colour constancy against its slow twin over sizes, strides, masks, levels and threads; and its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import constancy as twin

import imgproc
from imgproc._core.operations import REGISTRY
from imgproc.color import means
from imgproc.color.constancy import estimate_illuminant, gray_world, shades_of_gray, white_patch

WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
DTYPES = ["uint8", "uint16", "float32"]
OPERATIONS = [gray_world, shades_of_gray, white_patch]

# Float sums: samples of a lane, then lanes, then blocks are added: some hundred additions of 2**-53 here.
SUM_ERROR = 1e-13


def random_image(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    """A coloured light on random surfaces, with black, gray and strongly coloured pixels among them."""
    surface = rng.random(shape) * [0.9, 0.7, 0.4, 1.0][: shape[2]]
    surface[rng.random(shape[:2]) < 0.1, :3] = 0
    gray = rng.random(shape[:2]) < 0.3
    surface[gray, :3] = surface[gray, :1]
    if dtype == "float32":
        return surface.astype(np.float32)
    return np.rint(surface * np.iinfo(dtype).max).astype(dtype)


def assert_sums_equal(got: Any, expected: Any, image: Any) -> None:
    if image.dtype.kind == "f":
        np.testing.assert_allclose(got, expected, rtol=SUM_ERROR, atol=0)
    else:
        assert list(got) == expected


def mask_rows(mask: Any) -> Any:
    return None if mask is None else mask.view(np.uint8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("saturation", [1.0, 0.6])
def test_sums_of_all_widths(rng, level, dtype, channels, masked, saturation):
    for width in WIDTHS:
        image = random_image(rng, (3, width, channels), dtype)
        mask = rng.random((3, width)) < 0.5 if masked else None
        got = means.colour_sums(image, mask_rows(mask), saturation)
        assert_sums_equal(got, twin.sums(image, mask, saturation), image)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("saturation", [1.0, 0.6])
def test_sums_of_strided_rows(rng, level, threads, dtype, saturation):
    image = random_image(rng, (40, 150, 3), dtype)
    mask = rng.random((40, 150)) < 0.5
    for part in (np.s_[:, :], np.s_[::-2, 3:130], np.s_[1:30:3, ::-3]):
        for chosen in (None, np.ascontiguousarray(mask[part])):
            got = means.colour_sums(image[part], mask_rows(chosen), saturation)
            assert_sums_equal(got, twin.sums(image[part], chosen, saturation), image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("saturation", [1.0, 0.5])
def test_sums_of_the_largest_levels_do_not_wrap(level, dtype, channels, saturation):
    # More steps than narrow lanes hold: 65536 of up to 96 samples for uint16.
    pixels = 300_000 if dtype == "uint8" else 2_200_000
    image = np.full((1, pixels, channels), np.iinfo(dtype).max, dtype)
    assert means.colour_sums(image, None, saturation) == (pixels * np.iinfo(dtype).max,) * 3


@pytest.mark.parametrize("count", [256, 65536])
def test_saturation_factor_is_the_rule_on_quotients(rng, count):
    fractions = [k / 100 for k in range(100)] + [0.3, 1 / 3, 254 / 255, np.nextafter(1, 0), 5e-324, 1e-300]
    saturations = fractions + rng.random(40).tolist() + [np.nextafter(x, 0).item() for x in rng.random(10)]
    high = np.arange(1, count)
    for saturation in saturations:
        factor = means.saturation_factor(saturation, count)
        assert factor < count * count
        bound = high * factor // count**2
        assert (bound / high <= saturation).all()
        assert ((bound + 1) / high > saturation).all()
    assert means.saturation_factor(1.0, count) == count * count


def test_every_pair_of_extremes_counts_by_the_rule(level):
    # All (max, min) of uint8, with the third channel at either.
    high, low = (a.ravel() for a in np.mgrid[0:256, 0:256])
    high, low = high[high >= low], low[high >= low]
    image = np.stack([high, low, high], axis=1).astype(np.uint8)[None]
    for saturation in (0.0, 0.1, 0.3, 0.58, 0.9, 0.999):
        counts = (high - low) <= saturation * high + 1e-9  # quotients of levels lie further apart than that
        got = means.colour_sums(image, None, saturation)
        assert got == (high[counts].sum(), low[counts].sum(), high[counts].sum())


@pytest.mark.parametrize("dtype", DTYPES)
def test_saturation_of_the_decimal_that_was_asked_for(dtype):
    # 3/10 and 87/150 are 0.3 and 0.58, although the float64 next to 0.58, times 150, is below 87.
    for pixel, saturation in (((10, 7, 9), 0.3), ((150, 63, 100), 0.58)):
        image = np.array([[pixel]], dtype)
        assert means.colour_sums(image, None, saturation) == pixel
        assert means.colour_sums(image, None, saturation - 1e-9) == (0, 0, 0)


def test_float_sums_are_the_same_bits_everywhere(rng):
    image = random_image(rng, (257, 131, 3), "float32")
    image[100, 20] = np.nan
    mask = (rng.random((257, 131)) < 0.7).view(np.uint8)
    before = imgproc.get_cpu_level(), imgproc.get_num_threads()
    results = set()
    try:
        for level in imgproc.cpu_levels():
            imgproc.set_cpu_level(level)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("imgproc._core.threads._SHORTEST_BAND_NS", 1e-9)
                for count in (1, 2, 3, 7):
                    imgproc.set_num_threads(count)
                    results.add(
                        (
                            *means.colour_sums(image, None),
                            *means.colour_sums(image, mask, 0.7),
                            *means.colour_norms(image, mask, 6.0),
                            *means.colour_norms(image, None, 2.5),
                        )
                    )
    finally:
        imgproc.set_cpu_level(before[0])
        imgproc.set_num_threads(before[1])
    assert len(results) == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("masked", [False, True])
def test_results_equal_the_twin(rng, level, threads, dtype, channels, masked):
    for width in (1, 7, 16, 33, 97):
        image = random_image(rng, (5, width, channels), dtype)
        mask = rng.random((5, width)) < 0.6 if masked else None
        if masked:
            mask[0, 0] = True
        top = 1.0 if dtype == "float32" else np.iinfo(dtype).max
        for saturation in (1.0, 0.6):
            gains = twin.equalizing_gains(twin.sums(image, mask, saturation))
            assert_image_equal(
                gray_world(image, saturation=saturation, mask=mask), twin.apply_gains(image, gains)
            )
        for p in (1, 2.5, 6):
            gains = twin.equalizing_gains(twin.minkowski_means(image, p, mask))
            assert_image_equal(
                shades_of_gray(image, p, mask=mask), twin.apply_gains(image, gains), close=True
            )
        for percentile in (50, 99, 100):
            gains = twin.whitening_gains(twin.percentiles(image, percentile, mask), top)
            assert_image_equal(white_patch(image, percentile, mask=mask), twin.apply_gains(image, gains))


def assert_image_equal(got: Any, expected: Any, close: bool = False) -> None:
    assert got.dtype == expected.dtype
    assert got.flags.c_contiguous
    if got.dtype.kind == "f":
        # One rounding of the product, and one of a gain held in float32.
        np.testing.assert_allclose(got, expected, rtol=2 * 2.0**-24, atol=0)
    elif close:
        # Means with an error of 1e-12 may round a product near a half to its other neighbour.
        assert np.abs(got.astype(int) - expected).max() <= 1
        assert (got != expected).mean() < 0.01
    else:
        np.testing.assert_array_equal(got, expected)
    if got.shape[2] == 4:
        np.testing.assert_array_equal(got[..., 3], expected[..., 3])


@pytest.mark.parametrize("p", [1, 6, 63, 64, 65, 200, 1e4, 2.5, 300.5])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_power_overflows_or_vanishes(rng, level, dtype, p):
    image = random_image(rng, (9, 70, 3), dtype)
    image[..., 2] //= 1 if dtype == "float32" else 50
    light = estimate_illuminant(image, "shades_of_gray", p=p)
    expected = np.array(twin.minkowski_means(image, p))
    np.testing.assert_allclose(light, expected / np.linalg.norm(expected), rtol=1e-12)


@pytest.mark.parametrize("percentile", [1e-9, 1, 37.5, 50, 99, 100])
@pytest.mark.parametrize("masked", [False, True])
def test_float_percentiles_are_those_of_numpy(rng, level, threads, masked, percentile):
    image = rng.standard_normal((23, 70, 4)).astype(np.float32) * np.float32(1e-3)
    image[4:9] = 0.25
    image[::2, 5, 1] = -0.0
    image[7] *= np.float32(1e30)
    mask = rng.random((23, 70)) < 0.5 if masked else np.ones((23, 70), bool)
    image[3, 4:7] = [np.nan, np.inf, 1, 1]
    got = means.colour_percentiles(image, mask_rows(mask) if masked else None, percentile)
    for c in range(3):
        counted = image[..., c][mask & np.isfinite(image[..., c])].astype(np.float64)
        assert got[c] == np.percentile(counted, percentile)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_tables_are_the_operation(rng, operation, dtype):
    image = random_image(rng, (20, 30, 3), dtype)
    histograms = np.stack(
        [np.bincount(image[..., c].ravel(), minlength=np.iinfo(dtype).max + 1) for c in range(3)]
    )
    table = REGISTRY[operation.__name__].tables(lambda: histograms, image.dtype)
    expected = np.stack([table[c][image[..., c]] for c in range(3)], axis=-1)
    np.testing.assert_array_equal(operation(image), expected)


def test_a_saturation_has_no_table():
    assert REGISTRY["gray_world"].tables(None, np.dtype(np.uint8), saturation=0.9) is None


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_black_comes_back_black(operation, dtype):
    image = np.zeros((4, 5, 4), dtype)
    image[..., 3] = 7
    np.testing.assert_array_equal(operation(image), image)


@pytest.mark.parametrize("operation", [gray_world, shades_of_gray])
@pytest.mark.parametrize("dtype", DTYPES)
def test_constant_gray_comes_back_unchanged(operation, dtype):
    image = np.full((4, 5, 3), 0.3 if dtype == "float32" else 77, dtype)
    np.testing.assert_array_equal(operation(image), image)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_channel_without_light_is_left_alone(rng, operation, dtype):
    image = random_image(rng, (8, 9, 3), dtype)
    image[..., 1] = 0
    out = operation(image)
    assert np.isfinite(out).all()
    assert not out[..., 1].any()
    assert out[..., 0].any()


def test_no_pixel_below_the_saturation_leaves_the_image():
    image = np.full((4, 5, 3), (200, 10, 0), np.uint8)
    np.testing.assert_array_equal(gray_world(image, saturation=0.5), image)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_floats_that_are_not_finite_do_not_count(rng, operation, level):
    image = random_image(rng, (30, 40, 3), "float32")
    mask = np.ones((30, 40), bool)
    spoilt = image.copy()
    for number, value in enumerate((np.nan, np.inf, -np.inf)):
        spoilt[3 + number, 5, number] = value
        mask[3 + number, 5] = False
    out = operation(spoilt)
    if operation is not white_patch:  # which leaves out samples, not pixels; its twin checks that
        expected = operation(image, mask=mask)
        # Another order of summation, then float32.
        np.testing.assert_allclose(out[mask], expected[mask], rtol=1e-6)
    assert not np.isfinite(out[[3, 4, 5], 5, [0, 1, 2]]).any()
    assert np.isfinite(out).sum() == out.size - 3


def test_all_nan_is_neutral():
    image = np.full((3, 4, 3), np.nan, np.float32)
    for operation in OPERATIONS:
        assert np.isnan(operation(image)).all()
    for method in ("gray_world", "shades_of_gray", "white_patch"):
        np.testing.assert_allclose(estimate_illuminant(image, method), 3**-0.5)


@pytest.mark.parametrize("operation", [gray_world, shades_of_gray, white_patch])
def test_gains_beyond_float32_are_its_largest_number(operation, level):
    tiny = np.float32(1e-45)
    image = np.zeros((1, 97, 3), np.float32)
    image[0, 1:] = tiny, 1, 1
    result = operation(image)
    np.testing.assert_array_equal(result[0, 1:, 0], tiny * np.finfo(np.float32).max)
    np.testing.assert_array_equal(result[0, 0], 0)


def test_floats_are_not_clipped():
    image = np.array([[[1.0, 0.25, 1.0], [1.0, 1.0, 1.0]]], np.float32)
    assert gray_world(image)[0, 1, 1] > 1
    assert white_patch(image, 50)[0, 1, 1] > 1


def test_alpha_plays_no_part(rng):
    for dtype in DTYPES:
        image = random_image(rng, (20, 33, 4), dtype)
        for operation in OPERATIONS:
            out = operation(image)
            np.testing.assert_array_equal(out[..., 3], image[..., 3])
            plain = operation(np.ascontiguousarray(image[..., :3]))
            # Floats of other lanes are summed in another order: one unit of float32 at most.
            np.testing.assert_allclose(out[..., :3], plain, rtol=2.0**-23 if dtype == "float32" else 0)


@pytest.mark.parametrize("method", ["gray_world", "shades_of_gray", "white_patch"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_illuminant_is_the_statistic_as_a_unit_vector(rng, method, dtype):
    image = random_image(rng, (20, 33, 3), dtype)
    statistic = {
        "gray_world": twin.sums(image, None, 0.8),
        "shades_of_gray": twin.minkowski_means(image, 4),
        "white_patch": twin.percentiles(image, 90),
    }[method]
    expected = np.array(statistic, np.float64)
    light = estimate_illuminant(image, method, saturation=0.8, p=4, percentile=90)
    assert light.dtype == np.float64
    np.testing.assert_allclose(light, expected / np.linalg.norm(expected), rtol=1e-12)


def test_gray_surfaces_show_the_light(rng):
    light = np.array([0.8, 0.5, 0.33])
    image = (rng.random((50, 60, 1)) * light).astype(np.float32)
    for method in ("gray_world", "shades_of_gray", "white_patch"):
        # float32 samples: 2**-24 each.
        np.testing.assert_allclose(
            estimate_illuminant(image, method), light / np.linalg.norm(light), rtol=1e-6
        )


@given(
    pixels=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40),
    saturation=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_sums_of_any_pixels(pixels, saturation):
    image = np.array([pixels], np.uint8)
    assert list(means.colour_sums(image, None, saturation)) == twin.sums(image, None, saturation)


@given(st.lists(st.tuples(*[st.floats(0.015625, 1, width=32)] * 3), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_means_are_equal_afterwards_and_their_average_stays(pixels):
    image = np.array([pixels], np.float32)
    before, after = (a.astype(np.float64).mean(axis=(0, 1)) for a in (image, gray_world(image)))
    np.testing.assert_allclose(after, before.mean(), rtol=1e-6)  # float32 samples
    light = estimate_illuminant(gray_world(image))
    np.testing.assert_allclose(light, 3**-0.5, rtol=1e-6)


@given(st.lists(st.tuples(*[st.integers(1, 65535)] * 3), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_laws_of_the_family(pixels):
    image = np.array([pixels], np.uint16)
    # Order 1 is gray world; 100 % is the maximum, to which the order grows.
    np.testing.assert_allclose(
        estimate_illuminant(image, "shades_of_gray", p=1),
        estimate_illuminant(image, "gray_world"),
        rtol=1e-12,
    )
    maximum = estimate_illuminant(image, "white_patch", percentile=100)
    # (1/N)**(1/p) at most below the maximum, here 40**(-1/5000).
    np.testing.assert_allclose(estimate_illuminant(image, "shades_of_gray", p=5000), maximum, rtol=2e-3)
    assert (white_patch(image, 100).max(axis=(0, 1)) == 65535).all()


@pytest.mark.parametrize("operation", [*OPERATIONS, estimate_illuminant])
def test_bad_input(operation):
    name = operation.__name__
    image = np.zeros((4, 5, 3), np.uint8)
    for gray in (image[..., 0], image[..., :1], image[..., :2]):
        with pytest.raises(ValueError, match=rf"^{name}: image must be of shape \(H, W, 3\) or \(H, W, 4\)"):
            operation(gray)
    with pytest.raises(TypeError, match=f"^{name}: image must be"):
        operation(image.astype(np.float64))
    with pytest.raises(ValueError, match=f"^{name}: mask must be"):
        operation(image, mask=np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match=f"^{name}: mask must be"):
        operation(image, mask=np.ones((5, 4), bool))


@pytest.mark.parametrize(
    ("operation", "argument", "wrong"),
    [
        (gray_world, "saturation", [-0.1, 1.1, float("nan")]),
        (shades_of_gray, "p", [0.99, 0, float("inf"), float("nan")]),
        (white_patch, "percentile", [0, 100.1, float("nan")]),
        (estimate_illuminant, "method", ["max", ""]),
    ],
)
def test_values_out_of_range(operation, argument, wrong):
    image = np.zeros((4, 5, 3), np.uint8)
    for value in wrong:
        with pytest.raises(ValueError, match=f"^{operation.__name__}: {argument} must be"):
            operation(image, **{argument: value})
