"""Table application and the pointwise maps of floats, against their twins at every level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import tables as twin

import imgproc
from imgproc._core import tables
from imgproc._core.float_maps import affine, power, stretch_scales
from imgproc._ext import tables as kernel

Array = npt.NDArray[Any]
WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 47, 49, 63, 64, 65, 96, 97, 129, 193]
KINDS = ["random", "stretch", "gain", "near stretch", "gamma"]


def levels_of(dtype: Any) -> int:
    return tables.levels(np.dtype(dtype))


def make_table(kind: str, dtype: Any, count: int, rng: np.random.Generator) -> Array:
    top = levels_of(dtype) - 1
    level = np.arange(top + 1)
    rows = []
    for _ in range(count):
        if kind == "random":
            rows.append(rng.integers(0, top + 1, top + 1).astype(dtype))
            continue
        low, high = top * rng.uniform(0, 0.3), top * rng.uniform(0.6, 1)
        if kind == "gain":
            values = level * rng.uniform(0.2, 3)
        elif kind == "gamma":
            values = top * (level / top) ** rng.uniform(0.4, 2.5)
        else:
            values = (level - round(low)) * (top / (round(high) - round(low)))
        row = tables.quantize(values, np.dtype(dtype))
        if kind == "near stretch":
            row[rng.integers(0, top + 1)] ^= 1
        rows.append(row)
    return np.stack(rows)


@pytest.fixture(params=[True, False], ids=["lines", "lookups"])
def fitting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small images do not pay for finding lines; here either all try, or none."""
    size = 0 if request.param else 1 << 60
    monkeypatch.setattr(tables, "_FIT_FROM", dict.fromkeys(tables._FIT_FROM, size))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "count"), [(1, 1), (3, 1), (3, 3), (4, 1), (4, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tables_equal_the_twin(
    dtype: Any,
    channels: int,
    count: int,
    kind: str,
    level: str,
    threads: int,
    fitting: None,
    rng: np.random.Generator,
) -> None:
    table = make_table(kind, dtype, count, rng)
    for width in WIDTHS:
        image = rng.integers(0, levels_of(dtype), (2, width, channels)).astype(dtype)
        expected = twin.apply_tables(image, table)
        out = tables.apply_tables(image, table, np.empty_like(image))
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(tables.apply_tables(image, table, image), expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_strides(
    dtype: Any, channels: int, level: str, threads: int, fitting: None, rng: np.random.Generator
) -> None:
    whole = rng.integers(0, levels_of(dtype), (20, 300, channels)).astype(dtype)
    table = make_table("stretch", dtype, min(channels, 3), rng)
    for view in (
        whole[:, 3:-5],
        whole[::-1, 1:],
        whole[::3, :-1],
        whole[:, ::2],
        whole[:, ::-1],
        whole[:1],
        whole[:, :1],
    ):
        out = tables.apply_tables(view, table, np.empty(view.shape, dtype))
        np.testing.assert_array_equal(out, twin.apply_tables(view, table))


def test_a_line_reproduces_every_level(level: str, rng: np.random.Generator) -> None:
    line = np.empty((1, 2))
    for dtype in (np.uint8, np.uint16):
        every = np.arange(levels_of(dtype), dtype=dtype)[None]
        found = 0
        for kind in ("stretch", "gain", "near stretch", "gamma", "random"):
            for _ in range(12):
                table = make_table(kind, dtype, 1, rng)
                fits = kernel.fit(table, line)
                found += fits and kind in ("stretch", "gain")
                assert not (fits and kind in ("gamma", "random"))
                if fits:
                    out = np.empty_like(every)
                    kernel.apply(every, out, table, line, 1, 0, 1)
                    np.testing.assert_array_equal(out, table)
        # Ties to even make no line of every 30th stretch of uint8.
        assert found >= 20 if level == "avx2" or (level == "avx512" and dtype is np.uint16) else found == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tables_without_a_line(dtype: Any, level: str) -> None:
    line = np.empty((1, 2))
    top = levels_of(dtype) - 1
    step = np.zeros((1, top + 1), dtype)
    step[0, -1] = top
    for table in (np.full_like(step, top), np.full_like(step, 1), step[:, ::-1].copy()):
        assert not kernel.fit(table, line)
    kernel.fit(step, line)  # the steepest line there is


@given(st.integers(0, 254), st.integers(1, 255), st.integers(-1, 255))
@settings(max_examples=300, deadline=None)
def test_any_stretch_of_any_table(low: int, high: int, wrong: int) -> None:
    if low >= high:
        low, high = high, low
    values = (np.arange(256) - low) * (255 / max(high - low, 1))
    table = tables.quantize(values, np.dtype(np.uint8))[None]
    if wrong >= 0:
        table[0, wrong] ^= 1
    line = np.empty((1, 2))
    every = np.arange(256, dtype=np.uint8)[None]
    out = np.empty_like(every)
    kernel.apply(every, out, table, line if kernel.fit(table, line) else None, 1, 0, 1)
    np.testing.assert_array_equal(out, table)


def unit_errors(result: Array, exact: Array) -> Array:
    """Distance from the exact values, in units in the last place of float32."""
    with np.errstate(over="ignore"):
        unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return np.abs(result.astype(np.float64) - exact) / unit


@pytest.mark.parametrize(
    "gamma", [0.01, 0.1, 1 / 2.4, 1 / 2.2, 0.5, 0.7, 1.0, 1.5, 2.0, 2.2, 3.0, 4.5, 10.0, 100.0]
)
@pytest.mark.parametrize("gain", [1.0, 0.3, 7.7])
def test_power_is_within_one_unit(gamma: float, gain: float, level: str, rng: np.random.Generator) -> None:
    x = np.concatenate(
        [
            np.linspace(0, 1, 20001),
            np.exp2(rng.uniform(-149, 128, 20000)),
            rng.uniform(0.9, 1.1, 10000),
            2.0 ** np.arange(-149, 128),
            np.nextafter(np.float32(0.5**0.5), np.float32([0, 1])),
        ]
    ).astype(np.float32)[None]
    exact = twin.power(x, gamma, gain)
    result = power(x, gamma, gain, np.empty_like(x))
    finite = exact < float(np.finfo(np.float32).max)
    assert unit_errors(result[finite], exact[finite]).max() <= 1
    assert np.all(result[exact > 3.5e38] == math.inf)


def test_power_is_the_same_at_every_level(rng: np.random.Generator) -> None:
    x = np.exp2(rng.uniform(-150, 127.9, (7, 1001))).astype(np.float32)
    before, results = imgproc.get_cpu_level(), []
    for level in imgproc.cpu_levels():
        imgproc.set_cpu_level(level)
        results.append([power(x, gamma, 1.1, np.empty_like(x)).tobytes() for gamma in (0.1, 0.45, 1.0, 2.2)])
    imgproc.set_cpu_level(before)
    assert all(result == results[0] for result in results)


def test_power_outside_the_numbers(level: str) -> None:
    inf, nan = math.inf, math.nan
    x = np.float32([[-inf, -1, -1e-45, -0.0, 0, inf, nan, 1]])
    for gamma in (0.5, 1.0, 2.2, 1e-300, 1e300):
        np.testing.assert_array_equal(power(x, gamma, 2.0, np.empty_like(x)), [[0, 0, 0, 0, 0, inf, nan, 2]])
        np.testing.assert_array_equal(power(x, gamma, 0.0, np.empty_like(x)), [[0, 0, 0, 0, 0, 0, nan, 0]])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_float_maps_copy_alpha_and_take_any_rows(
    channels: int, level: str, threads: int, rng: np.random.Generator
) -> None:
    lows, scales = (
        np.float32([0.1, 0.2, 0.3][: min(channels, 3)]),
        np.float32([1.5, 2, 0.5][: min(channels, 3)]),
    )
    for width in (*WIDTHS, 511, 513):
        whole = rng.uniform(-0.2, 1.3, (9, width + 2, channels)).astype(np.float32)
        for view in (whole, whole[::-2, 1:-1], whole[:, ::-1]):
            powers = twin.power(view, 0.6, 1.0)
            if channels == 4:
                powers[..., 3] = view[..., 3]
            result = power(view, 0.6, 1.0, np.empty(view.shape, np.float32))
            assert unit_errors(result, powers).max() <= 1

            lines = view.copy()
            lines[..., :3] = np.clip((view[..., :3] - lows) * scales, np.float32(0), np.float32(1))
            result = affine(view, lows, scales, np.empty(view.shape, np.float32))
            np.testing.assert_array_equal(result, lines)
            lines[..., :3] = (view[..., :3] - lows) * scales
            result = affine(view, lows, scales, np.empty(view.shape, np.float32), clip=False)
            np.testing.assert_array_equal(result, lines)
        expected = affine(whole, lows, scales, np.empty_like(whole))
        np.testing.assert_array_equal(affine(whole, lows, scales, whole), expected)


def test_affine_outside_the_numbers(level: str) -> None:
    x = np.float32([[-math.inf, math.inf, math.nan, 0.5]])
    out = np.empty_like(x)
    np.testing.assert_array_equal(affine(x, np.float32([0]), np.float32([2]), out), [[0, 1, math.nan, 1]])
    result = affine(x, np.float32([0]), np.float32([2]), out, clip=False)
    np.testing.assert_array_equal(result, [[-math.inf, math.inf, math.nan, 1]])


@given(st.floats(-(2.0**100), 2.0**100, width=32), st.floats(-(2.0**100), 2.0**100, width=32))
@settings(deadline=None)
def test_a_stretch_ends_in_0_and_1(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    if np.float32(high) - np.float32(low) < np.finfo(np.float32).tiny:
        return
    ends = np.float32([[low, high]])
    scale = stretch_scales(ends[0, :1], ends[0, 1:])
    np.testing.assert_array_equal(affine(ends, ends[0, :1], scale, np.empty_like(ends)), [[0, 1]])


@pytest.mark.parametrize("gamma", [0.45, 1.0, 2.2])
def test_gamma_correct_of_floats(gamma: float, threads: int, rng: np.random.Generator) -> None:
    image = rng.random((33, 65, 4), np.float32)
    result = imgproc.gamma_correct(image, gamma, gain=0.9)
    np.testing.assert_array_equal(result[..., 3], image[..., 3])
    assert unit_errors(result[..., :3], twin.power(image[..., :3], gamma, 0.9)).max() <= 1
    assert imgproc.gamma_correct(image, gamma, gain=0.9, out=image) is image
    np.testing.assert_array_equal(image, result)
