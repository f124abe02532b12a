"""Histograms and order statistics against their slow twins, and the laws they obey."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import histogram as reference
from remembered import remembered

import imgproc
from imgproc._core import histograms
from imgproc._core.images import check_mask

SIZES = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
INTEGERS = [np.uint8, np.uint16]
CHANNELS = [(), (1,), (3,), (4,)]


@remembered
def exact(image: Any, mask: Any = None) -> Any:
    """One bin per value, by NumPy."""
    channels = image.reshape(*image.shape[:2], -1)
    kept = channels[np.ones(image.shape[:2], bool) if mask is None else mask.astype(bool)]
    return np.array([np.bincount(samples, minlength=np.iinfo(image.dtype).max + 1) for samples in kept.T])


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, kind: str) -> Any:
    """Noise, a smooth ramp (the pair counters), or runs (the run shortcuts), with the extreme values."""
    top = np.iinfo(dtype).max
    if kind == "noise":
        return rng.integers(0, top + 1, shape).astype(dtype)
    count = int(np.prod(shape))
    if kind == "ramp":
        return ((np.arange(count) // 3 + rng.integers(0, 3, count)) % (top + 1)).astype(dtype).reshape(shape)
    values = np.repeat(rng.integers(0, top + 1, count), rng.integers(1, 200, count))[:count]
    return values.astype(dtype).reshape(shape)


def floats(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Values around [0, 1] with every special one."""
    image = rng.normal(0.5, 0.5, shape).astype(np.float32)
    special = np.array([0, -0.0, 1, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, -3e38, 0.5], np.float32)
    where = rng.random(shape) < 0.1
    image[where] = rng.choice(special, int(where.sum()))
    return image


@pytest.mark.parametrize("dtype", INTEGERS)
def test_few_scattered_values_carry(rng: Any, level: str, dtype: Any) -> None:
    """Bytes count them; each of these passes 256 many times, and ends within another 256."""
    image = rng.choice(np.array([0, 3, 200, np.iinfo(dtype).max], dtype), (530, 601))
    np.testing.assert_array_equal(imgproc.histogram(image, bins=None)[None], exact(image))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("tail", CHANNELS)
@pytest.mark.parametrize("width", SIZES)
def test_every_value_is_counted(rng: Any, level: str, dtype: Any, tail: Any, width: int) -> None:
    image = draw(rng, (5, width, *tail), dtype, "noise")
    counts = imgproc.histogram(image, bins=None)
    assert counts.dtype == np.uint64
    np.testing.assert_array_equal(counts.reshape(-1, counts.shape[-1]), exact(image))
    assert counts.ndim == (1 if tail in ((), (1,)) else 2)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("tail", CHANNELS)
@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.heavy) for kind in ("noise", "ramp")), "runs"]
)
@pytest.mark.parametrize("masked", [None, "half", "disk", "one"])
def test_images_larger_than_a_strip(
    rng: Any, level: str, threads: int, dtype: Any, tail: Any, kind: str, masked: str | None
) -> None:
    shape = (511, 521)  # above the size from which pairs are counted
    image = draw(rng, (*shape, *tail), dtype, kind)
    mask = None
    if masked == "half":
        mask = rng.random(shape) < 0.5
    elif masked == "disk":
        y, x = np.ogrid[: shape[0], : shape[1]]
        mask = (((y - 255) ** 2 + (x - 260) ** 2 < 200**2) * 255).astype(np.uint8)
    elif masked == "one":
        mask = np.zeros(shape, bool)
        mask[300, 517] = True
    counts = imgproc.histogram(image, bins=None, mask=mask)
    np.testing.assert_array_equal(counts.reshape(-1, counts.shape[-1]), exact(image, mask))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("tail", CHANNELS)
def test_strided_images_and_masks(rng: Any, level: str, threads: int, dtype: Any, tail: Any) -> None:
    big = draw(rng, (90, 97, *tail), dtype, "noise")
    mask = rng.random((90, 97)) < 0.7
    for view in (np.s_[::-1], np.s_[5:80, 3:70], np.s_[::2, ::3], np.s_[:, ::-1], np.s_[::-2, 1:]):
        counts = imgproc.histogram(big[view], bins=None, mask=mask[view])
        np.testing.assert_array_equal(counts.reshape(-1, counts.shape[-1]), exact(big[view], mask[view]))


@pytest.mark.parametrize(("dtype", "value"), [(np.uint8, 200), (np.uint16, 40000)])
def test_counters_pass_32_bits(dtype: Any, value: int) -> None:
    row = np.full(1 << 16, value, dtype)
    row[0] = 1
    image = np.broadcast_to(row, ((1 << 16) + 3, 1 << 16))  # 4.3 billion samples in the memory of one row
    counts = imgproc.histogram(image, bins=None)
    assert counts[value] == len(image) * (len(row) - 1)
    assert counts[1] == len(image)
    assert counts.sum() == image.size


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("bins", [1, 2, 3, 7, 10, 85, 256, 765, 1000, 65536])
@pytest.mark.parametrize("masked", [False, True])
def test_bins_follow_the_formula(rng: Any, level: str, dtype: Any, bins: int, masked: bool) -> None:
    image = floats(rng, (7, 65, 3)) if dtype == np.float32 else draw(rng, (7, 65, 3), dtype, "noise")
    mask = rng.random((7, 65)) < 0.5 if masked else None
    top = 1.0 if dtype == np.float32 else float(np.iinfo(dtype).max)
    image[0, :3] = 0, top, top / 4  # edges
    ranges: list[Any] = [
        None,
        (0, top),
        (top / 4, top / 2),
        (-0.3 * top, 1.7 * top),
        (0.1, 0.7),
        (top + 1, top + 2),
    ]
    for limits in ranges:
        low, high = limits or (0.0, top)
        np.testing.assert_array_equal(
            imgproc.histogram(image, bins=bins, range=limits, mask=mask),
            reference.histogram(image, bins, low, high, mask),
        )


@pytest.mark.parametrize("width", SIZES)
def test_float_bins_at_every_width(rng: Any, level: str, width: int) -> None:
    image = floats(rng, (3, width))
    for bins, limits in ((256, (0.0, 1.0)), (100, (-0.5, 1.25)), (11, (0.1, 0.9))):
        np.testing.assert_array_equal(
            imgproc.histogram(image, bins=bins, range=limits), reference.histogram(image, bins, *limits)[0]
        )


def test_default_bins_hold_one_uint8_or_256_uint16_values() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(imgproc.histogram(values), np.full(256, 256))
    np.testing.assert_array_equal(imgproc.histogram(values, bins=65536), np.ones(65536))
    np.testing.assert_array_equal(imgproc.histogram(values[:1].astype(np.uint8)), np.ones(256))


def test_integer_bins_are_exact_where_float_edges_are_not() -> None:
    # Edges at thirds: every third one is a value, which must fall into the bin above it.
    counts = imgproc.histogram(np.arange(256, dtype=np.uint8)[None], bins=765)
    np.testing.assert_array_equal(np.flatnonzero(counts), [*range(0, 765, 3), 764])


@settings(max_examples=60, deadline=None)
@given(
    image=stn.arrays(
        st.sampled_from(INTEGERS),
        st.tuples(st.integers(1, 20), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    ),
    bins=st.integers(1, 65536),
)
def test_counts_are_permutation_invariant_and_complete(image: Any, bins: int) -> None:
    counts = imgproc.histogram(image, bins=bins)
    assert (counts.sum(axis=-1) == image.shape[0] * image.shape[1]).all()
    np.testing.assert_array_equal(counts, imgproc.histogram(image[::-1, ::-1], bins=bins))
    coarse = imgproc.histogram(image, bins=1)
    np.testing.assert_array_equal(counts.sum(axis=-1), coarse[..., 0])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_level_counts_leave_alpha_out(rng: Any, dtype: Any) -> None:
    image = draw(rng, (20, 33, 4), dtype, "noise")
    np.testing.assert_array_equal(histograms.level_counts(image, None), exact(image)[:3])
    np.testing.assert_array_equal(histograms.level_counts(image[..., 0], None), exact(image)[:1])


@pytest.mark.parametrize("tail", CHANNELS)
@pytest.mark.parametrize("masked", [False, True])
def test_float_codes(rng: Any, level: str, threads: int, tail: Any, masked: bool) -> None:
    image = floats(rng, (9, 97, *tail))
    # Halves between two codes, which float32 rounds to even.
    image.reshape(-1)[:50] = ((np.arange(50) + 0.5) / 65535).astype(np.float32)
    mask = check_mask("test", rng.random((9, 97)) < 0.5, image) if masked else None
    np.testing.assert_array_equal(histograms.code_counts(image, mask), reference.float_codes(image, mask))


@pytest.fixture(params=["sorted", "counted"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small images are sorted; the counting of large ones must give the same."""
    if request.param == "counted":
        monkeypatch.setattr(histograms, "_FEW", 0)
    return request.param


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("tail", CHANNELS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pooled", [False, True])
def test_float_cut(rng: Any, level: str, threads: int, tail: Any, masked: bool, pooled: bool) -> None:
    cuts = ((0, 0), (1, 1), (0, 5), (33.3, 0.1), (50, 50), (100, 100), (100, 0))
    for shape, percents in itertools.product(((13, 97), (1, 1), (2, 3)), cuts):
        image = floats(rng, (*shape, *tail))
        mask = None
        if masked:
            selected = rng.random(shape) < 0.6
            selected[0, 0] = True
            mask = check_mask("test", selected, image)
        for got, wanted in zip(
            histograms.float_range(image, mask, percents, pooled=pooled),
            reference.float_cut(image, *percents, pooled, mask),
            strict=True,
        ):
            assert got.dtype == np.float32
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("tail", [(), (3,), (4,)])
def test_float_extremes_at_every_width(rng: Any, level: str, tail: Any, masked: bool) -> None:
    for width in [*range(1, 10), 15, 16, 17, 31, 33, 63, 65, 97, 40000]:
        image = rng.standard_normal((1, width, *tail)).astype(np.float32)
        image[rng.random(image.shape) < 0.2] = np.nan
        if width % 2:
            image[rng.random(image.shape) < 0.1] = np.inf
            image[rng.random(image.shape) < 0.1] = -np.inf
        mask = rng.random(image.shape[:2]) < 0.7
        mask[0, 0] = True
        kept = image[mask] if masked else image[0]
        found = histograms.float_extremes(image, mask.view(np.uint8) if masked else None)
        for c in range(3 if tail else 1):
            numbers = kept[:, c] if tail else kept
            numbers = numbers[np.isfinite(numbers)]
            ends = (numbers.min(), numbers.max()) if len(numbers) else (np.nan, np.nan)
            np.testing.assert_array_equal([found[0][c], found[1][c]], ends)


@pytest.mark.usefixtures("way")
def test_float_cut_of_equal_and_of_close_values() -> None:
    same = np.full((40, 50), 0.3, np.float32)
    # Neighbours in float32 share the high half of their keys; signs and zeros meet at its border.
    close = (
        (np.float32(0.3).view(np.uint32) + np.arange(2000, dtype=np.uint32)).view(np.float32).reshape(40, 50)
    )
    signed = np.linspace(-1e-3, 1e-3, 2001, dtype=np.float32)[:2000].reshape(40, 50)
    for image in (same, close, signed):
        for percents in ((0, 0), (10, 20), (0.05, 99.9)):
            got = histograms.float_range(image, None, percents, pooled=False)
            np.testing.assert_array_equal(got, reference.float_cut(image, *percents, False))


@pytest.mark.usefixtures("way")
def test_float_cut_without_finite_values_is_nan() -> None:
    image = np.full((3, 4, 3), np.nan, np.float32)
    image[..., 1] = np.inf
    image[0, 0, 2] = 5
    for percents in ((0, 0), (1, 1)):
        for got in histograms.float_range(image, None, percents, pooled=False):
            np.testing.assert_array_equal(got, np.array([np.nan, np.nan, 5], np.float32))
        for got in histograms.float_range(image, None, percents, pooled=True):
            np.testing.assert_array_equal(got, np.array([5], np.float32))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"bins": 0}, ValueError, "histogram: bins must be None or an integer >= 1 and <= 65536, got 0"),
        ({"bins": 65537}, ValueError, "got 65537"),
        ({"bins": 2.0}, TypeError, "histogram: bins must be None or an integer"),
        ({"bins": True}, TypeError, "bins must be"),
        (
            {"range": (1, 0)},
            ValueError,
            "histogram: range must be None or a pair .low, high. of numbers with low < high",
        ),
        ({"range": (0, np.inf)}, ValueError, r"range\[1\] must be a number, got inf"),
        ({"range": 5}, TypeError, "range must be None or a pair"),
        ({"range": (0, 1, 2)}, ValueError, "range must be None or a pair"),
        ({"bins": None, "range": (0, 9)}, ValueError, "histogram: range must be None where bins is None"),
        ({"mask": np.zeros((4, 5), bool)}, ValueError, "mask must be true for at least one pixel"),
        ({"mask": np.ones((5, 4), bool)}, ValueError, "mask must be None or"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        imgproc.histogram(np.zeros((4, 5), np.uint8), **arguments)


def test_floats_need_a_number_of_bins() -> None:
    with pytest.raises(ValueError, match="bins must be an integer for float32 images, got None"):
        imgproc.histogram(np.zeros((4, 5), np.float32), bins=None)
