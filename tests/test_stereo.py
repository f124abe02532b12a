"""Disparities: against their slow twin, laws, layouts of arrays, and what is refused."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from array_layouts import same, unaligned
from documentation import check_documentation
from hypothesis import given
from hypothesis import strategies as st
from reference import stereo as reference
from stereo_pairs import pair

import imgproc

OPERATIONS = imgproc.operations("stereo")
DTYPES = (np.uint8, np.uint16, np.float32)
# Sizes and largest disparities around the widths of vectors, and windows larger than the image.
SIZES = ((1, 2, 1), (3, 9, 8), (6, 33, 15), (3, 70, 66))
WAYS: tuple[dict[str, Any], ...] = (
    {"method": "block", "cost": "sad", "radius": 0},
    {"method": "block", "cost": "sad", "radius": 3},
    {"method": "block", "cost": "census", "radius": 2},
    {"method": "sgm", "cost": "census", "radius": 0, "paths": 3, "p1": 5, "p2": 30},
    {"method": "sgm", "cost": "sad", "radius": 1, "paths": 3, "p1": 0, "p2": 127},
    {"method": "sgm", "cost": "sad", "radius": 0, "paths": 4, "p1": 127, "p2": 127},
    {"method": "sgm", "cost": "census", "radius": 1, "paths": 8, "p1": 2, "p2": 9},
)


def name(way: dict[str, Any]) -> str:
    return "-".join(map(str, way.values()))


every_way = pytest.mark.parametrize("way", WAYS, ids=name)


@every_way
def test_equals_the_twin(way: dict[str, Any], rng: np.random.Generator) -> None:
    known = 0
    for number, (height, width, largest) in enumerate(SIZES):
        dtype = DTYPES[(number + WAYS.index(way)) % 3]
        left, right = pair(rng, (height, width), dtype)
        for uniqueness, check, speckle in ((0, False, 0), (15, True, 4)):
            rest = {"uniqueness": uniqueness, "check": check, "speckle": speckle}
            expected = reference.disparity(left, right, largest, **way, **rest)
            known += int(np.isfinite(expected).sum())
            for level in imgproc.cpu_levels():
                before = imgproc.get_cpu_level()
                imgproc.set_cpu_level(level)
                result = imgproc.disparity(left, right, largest, **way, **rest)
                imgproc.set_cpu_level(before)
                np.testing.assert_array_equal(result, expected, f"{level} {left.shape} {dtype} {rest}")
    assert known > 150, "hardly a disparity to compare"


def test_every_dtype_equals_the_twin(rng: np.random.Generator) -> None:
    for dtype, cost in itertools.product(DTYPES, ("sad", "census")):
        left, right = pair(rng, (8, 21), dtype)
        way: dict[str, Any] = {"method": "block", "cost": cost, "radius": 1, "speckle": 0}
        expected = reference.disparity(left, right, 9, **way)
        np.testing.assert_array_equal(imgproc.disparity(left, right, 9, **way), expected)


@every_way
def test_same_bits_at_every_level_and_thread_count(
    way: dict[str, Any], level: str, threads: int, rng: np.random.Generator
) -> None:
    left, right = pair(rng, (75, 131))
    result = imgproc.disparity(left, right, 66, **way)
    imgproc.set_cpu_level("baseline")
    imgproc.set_num_threads(1)
    expected = imgproc.disparity(left, right, 66, **way)
    assert same(result, expected) and np.isfinite(expected).any()


@pytest.mark.parametrize("way", WAYS[2:4], ids=name)
def test_any_layout(way: dict[str, Any], rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        left, right = pair(rng, (24, 70), dtype)
        expected = imgproc.disparity(left, right, 20, **way)
        layouts = (
            lambda a: np.asfortranarray(a),
            lambda a: np.repeat(a, 2, axis=1)[:, ::2],
            lambda a: a[::-1].copy()[::-1],
            lambda a: a[:, ::-1].copy()[:, ::-1],
            unaligned,
            lambda a: a[..., None],
        )
        for layout in layouts:
            given_left, given_right = layout(left), layout(right)
            given_left.flags.writeable = given_right.flags.writeable = False
            result = imgproc.disparity(given_left, given_right, 20, **way)
            assert same(result, expected) and result.flags.c_contiguous


def test_colour_is_matched_by_luma(rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        planes = [pair(rng, (20, 50), dtype) for _ in range(3)]
        left, right = (np.stack([plane[side] for plane in planes], axis=2) for side in (0, 1))
        gray = imgproc.disparity(imgproc.rgb_to_gray(left), imgproc.rgb_to_gray(right), 12, speckle=0)
        assert same(imgproc.disparity(left, right, 12, speckle=0), gray)


@pytest.mark.parametrize("way", WAYS[1:], ids=name)
def test_a_shifted_image_has_one_disparity(way: dict[str, Any], rng: np.random.Generator) -> None:
    right = rng.integers(0, 256, (30, 90), np.uint8)
    for shift in (0, 1, 17):
        left = np.roll(right, shift, axis=1)
        found = imgproc.disparity(left, right, 20, **way)
        inside = found[8:-8, 30:-8]
        assert np.isfinite(inside).mean() > 0.99
        # A step that costs nothing is taken wherever noise asks for it.
        assert np.nanmax(np.abs(inside - shift)) < (1.5 if way.get("p1") == 0 else 0.5)


@given(st.integers(0, 2**32), st.sampled_from(WAYS[2:4]))
def test_census_keeps_to_order_alone(seed: int, way: dict[str, Any]) -> None:
    left, right = pair(np.random.default_rng(seed), (9, 30))
    brighter = (image.astype(np.uint16) ** 2 + 7 for image in (left, right))
    assert same(imgproc.disparity(*brighter, 8, **way), imgproc.disparity(left, right, 8, **way))


@given(st.integers(0, 2**32))
def test_a_swapped_and_mirrored_pair_agrees(seed: int) -> None:
    """What ``check`` keeps, the right image finds too, but for what ties and borders decide."""
    left, right = pair(np.random.default_rng(seed), (20, 60))
    way: dict[str, Any] = {"method": "block", "radius": 2, "uniqueness": 0, "speckle": 0}
    found = imgproc.disparity(left, right, 10, **way)
    mirrored = imgproc.disparity(right[:, ::-1], left[:, ::-1], 10, **way, check=False)[:, ::-1]
    y, x = np.nonzero(np.isfinite(found))
    whole = np.rint(found[y, x]).astype(int)
    inside = (x - whole >= 12) & (x < 46)
    apart = np.abs(mirrored[y, x - whole] - found[y, x])[inside]
    assert inside.sum() > 100 and np.mean(apart <= 2) > 0.97


@given(st.integers(0, 2**32), st.integers(2, 60))
def test_speckles_and_checks_only_leave_out(seed: int, area: int) -> None:
    left, right = pair(np.random.default_rng(seed), (16, 40))
    bare: dict[str, Any] = {"uniqueness": 0, "check": False, "speckle": 0}
    everything = imgproc.disparity(left, right, 10, **bare)
    assert np.isfinite(everything).all() and everything.min() >= 0 and everything.max() <= 10
    for more in ({"uniqueness": 20}, {"check": True}, {"speckle": area}):
        some = imgproc.disparity(left, right, 10, **(bare | more))
        assert np.array_equal(some, np.where(np.isnan(some), np.nan, everything), equal_nan=True)
    without = imgproc.disparity(left, right, 10, **(bare | {"speckle": area}))
    assert same(without, reference.without_speckles(everything, area))


def test_flat_images_are_not_unique() -> None:
    flat = np.full((20, 40), 9, np.uint8)
    for method in ("block", "sgm"):
        found = imgproc.disparity(flat, flat, 10, method=method, check=False, uniqueness=0, speckle=0)
        assert not found.any(), "the smallest of equal disparities wins"
    # A sum of 0 is below no other by a share of itself, so nothing is ambiguous beside it.
    assert not imgproc.disparity(flat, flat, 10, speckle=0).any()


def test_extreme_samples() -> None:
    rng = np.random.default_rng(3)
    for high in (3e38, 1e-40):
        image = (rng.random((12, 40)) * 2 - 1).astype(np.float32) * np.float32(high)
        for cost in ("sad", "census"):
            assert imgproc.disparity(image, image, 8, cost=cost).shape == (12, 40)


def test_one_row_and_one_column_more_than_the_disparity(rng: np.random.Generator) -> None:
    for method, cost in itertools.product(("block", "sgm"), ("sad", "census")):
        for height, width in ((1, 2), (1, 70), (40, 2)):
            left, right = pair(rng, (height, width))
            found = imgproc.disparity(left, right, width - 1, method=method, cost=cost, radius=14)
            assert found.shape == (height, width)


def wrong_calls() -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    image, colour = np.zeros((8, 12), np.uint8), np.zeros((8, 12, 3), np.uint8)
    spoilt = np.zeros((8, 12), np.float32)
    spoilt[3, 4] = np.nan
    endless = np.full((8, 12, 3), np.inf, np.float32)
    sound = np.zeros((8, 12), np.float32)
    one = np.zeros((1, 1), np.uint8)
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("right", (image, image[:, :-1], 4), {}),
        ("right", (image, image[1:], 4), {}),
        ("right", (image, colour, 4), {}),
        ("right", (image, image.astype(np.uint16), 4), {}),
        ("left", (spoilt, sound, 4), {}),
        ("right", (sound, spoilt, 4), {}),
        ("left", (endless, endless, 4), {}),
        ("left", (np.zeros((8, 12, 4), np.uint8), image, 4), {}),
        ("left", (image.astype(np.float64), image, 4), {}),
        ("left", ("left.png", image, 4), {}),
        ("right", (image, None, 4), {}),
        ("left", (np.zeros((0, 12), np.uint8), image, 4), {}),
        ("max_disparity", (image, image, 12), {}),
        ("max_disparity", (image, image, 10**9), {}),
        ("max_disparity", (one, one, 1), {}),
        ("radius", (image, image, 4), {"radius": 15}),
        ("p1", (image, image, 4), {"p1": 9, "p2": 8}),
    ]
    for name, parameter in OPERATIONS["disparity"].parameters.items():
        for value in parameter.constraint.wrong_values():
            arguments = (image, image, value) if name == "max_disparity" else (image, image, 4)
            calls.append((name, arguments, {} if name == "max_disparity" else {name: value}))
    return calls


def test_wrong_arguments_are_named() -> None:
    for argument, arguments, rest in wrong_calls():
        with pytest.raises((TypeError, ValueError), match=rf"^disparity: {argument} must be .*, got "):
            imgproc.disparity(*arguments, **rest)


def test_penalties_that_are_given_alone() -> None:
    left, right = pair(np.random.default_rng(1), (10, 30))
    for lone, both in (({"p2": 3}, {"p1": 3, "p2": 3}), ({"p1": 30}, {"p1": 30, "p2": 30})):
        assert same(imgproc.disparity(left, right, 8, **lone), imgproc.disparity(left, right, 8, **both))


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=OPERATIONS)
def test_documentation_is_complete(op: Any) -> None:
    check_documentation(op)
    for parameter in op.parameters.values():
        assert parameter.text, f"{op.name}: {parameter.name} has no text for the command line"
    assert re.search(r"H\s?W|O\(H W\)", op.function.__doc__)
