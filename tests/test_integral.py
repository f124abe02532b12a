"""Integral images against their slow twins, and the laws they obey."""

from __future__ import annotations

import itertools
import mmap
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import integral as reference

import imgproc

SIZES = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
TAILS = [(), (1,), (3,), (4,)]
KINDS = [
    (np.uint8, np.uint32),
    (np.uint8, np.uint64),
    (np.uint16, np.uint32),
    (np.uint16, np.uint64),
    (np.float32, np.float64),
]


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    """With the largest values in it."""
    if np.dtype(dtype).kind == "f":
        return rng.normal(0.5, 0.5, shape).astype(np.float32)
    top = np.iinfo(dtype).max
    image = rng.integers(0, top + 1, shape).astype(dtype)
    image[rng.random(shape) < 0.3] = top
    return image


def by_numpy(image: Any, kind: Any, squared: bool = False) -> Any:
    """Running sums of float64 in the same order as the kernel's; of integers exact."""
    values = image.astype(kind)
    values = values * values if squared else values
    result = np.zeros((image.shape[0] + 1, image.shape[1] + 1, *image.shape[2:]), kind)
    result[1:, 1:] = values.cumsum(axis=1, dtype=kind).cumsum(axis=0, dtype=kind)
    return result


def assert_equals_twin(result: Any, image: Any, twin: Any, squared: bool) -> None:
    planes = image.reshape(*image.shape[:2], -1)
    results = result.reshape(*result.shape[:2], -1)
    for c in range(planes.shape[2]):
        expected = twin(planes[..., c], squared)
        if image.dtype == np.float32:
            # The docstring's bound: 2 (H + W) · 2^-53 of the sum of the absolute values.
            bound = 2 * sum(image.shape[:2]) * 2.0**-53 * twin(abs(planes[..., c]), squared).astype(float)
            assert (abs(results[..., c] - expected.astype(float)) <= bound).all()
        else:
            assert results[..., c].tolist() == expected.tolist()


@pytest.mark.parametrize(("dtype", "kind"), KINDS)
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("tilted", [False, True])
def test_equals_its_slow_twin(
    rng: Any, level: str, dtype: Any, kind: Any, tail: Any, squared: bool, tilted: bool
) -> None:
    for shape in ((1, 1), (1, 6), (6, 1), (2, 3), (5, 9), (9, 12)):
        if kind == np.uint32 and dtype == np.uint16 and squared and shape != (1, 1):
            continue  # can overflow, which is refused
        image = draw(rng, (*shape, *tail), dtype)
        result = imgproc.integral_image(image, dtype=kind, squared=squared, tilted=tilted)
        assert result.dtype == kind
        assert result.shape == (shape[0] + 1, shape[1] + 1, *tail)
        assert_equals_twin(result, image, reference.tilted if tilted else reference.upright, squared)


@pytest.mark.parametrize(("dtype", "kind"), KINDS)
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("squared", [False, True])
def test_every_width_and_height(
    rng: Any, level: str, dtype: Any, kind: Any, tail: Any, squared: bool
) -> None:
    for height, width in itertools.product((1, 2, 3, 5, 8), SIZES):
        if kind == np.uint32 and dtype == np.uint16 and squared and (height, width) != (1, 1):
            continue
        image = draw(rng, (height, width, *tail), dtype)
        result = imgproc.integral_image(image, dtype=kind, squared=squared)
        # Floats too: the order of the additions is the same.
        np.testing.assert_array_equal(result, by_numpy(image, kind, squared))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("tilted", [False, True])
def test_strided_images_and_out(
    rng: Any, level: str, threads: int, dtype: Any, tail: Any, tilted: bool
) -> None:
    big = draw(rng, (40, 97, *tail), dtype)
    for view in (np.s_[::-1], np.s_[5:33, 3:70], np.s_[::2, ::3], np.s_[:, ::-1], np.s_[::-2, 1:]):
        image = big[view]
        plain = imgproc.integral_image(np.ascontiguousarray(image), tilted=tilted)
        out = np.full_like(plain, 77)
        assert imgproc.integral_image(image, tilted=tilted, out=out) is out
        np.testing.assert_array_equal(out, plain)


@pytest.mark.parametrize("tilted", [False, True])
def test_same_bits_at_every_level(rng: Any, level: str, tilted: bool) -> None:
    for tail in TAILS:
        for dtype in (np.uint8, np.uint16, np.float32):
            image = draw(rng, (37, 131, *tail), dtype)
            result = imgproc.integral_image(image, tilted=tilted)
            imgproc.set_cpu_level("baseline")
            plain = imgproc.integral_image(image, tilted=tilted)
            imgproc.set_cpu_level(level)
            assert result.tobytes() == plain.tobytes()


def test_default_dtype_is_the_narrowest_that_cannot_overflow() -> None:
    def kind(shape: tuple[int, ...], dtype: Any, squared: bool = False) -> Any:
        image = np.broadcast_to(np.zeros((), dtype), shape)
        return imgproc.filters.integral._sum_dtype(image, None, squared)

    for dtype, squared, top in (
        (np.uint8, False, 255),
        (np.uint8, True, 255**2),
        (np.uint16, False, 65535),
        (np.uint16, True, 65535**2),
    ):
        most = (2**32 - 1) // top  # pixels
        for tail in ((), (3,)):
            assert kind((most, 1, *tail), dtype, squared) == np.uint32
            assert kind((1, most + 1, *tail), dtype, squared) == np.uint64
    assert kind((2**40, 1), np.uint8) == np.uint64
    assert kind((1, 1), np.float32) == np.float64
    with pytest.raises(
        ValueError, match=r"^integral_image: image must be a size whose sums fit uint64, got shape \(9000"
    ):
        kind((9_000_000_000, 1), np.uint16, True)


@pytest.mark.heavy
def test_white_images_are_exact_where_32_signed_bits_overflow(level: str) -> None:
    for size, kind in ((4200, np.uint64), (3000, np.uint32)):  # sums pass 2^32 and 2^31
        white = np.broadcast_to(np.uint8(255), (size, size))
        table = imgproc.integral_image(white)
        assert table.dtype == kind
        line = np.arange(size + 1, dtype=kind) * kind(255)
        for k in (1, size // 2, size):
            np.testing.assert_array_equal(table[k], line * kind(k))
            np.testing.assert_array_equal(table[:, k], line * kind(k))


@pytest.mark.parametrize("tilted", [False, True])
@pytest.mark.parametrize("tail", [(), (3,)])
def test_rows_further_apart_than_32_bits(level: str, tilted: bool, tail: Any) -> None:
    store = np.frombuffer(mmap.mmap(-1, 5 << 31), np.uint8)  # pages that nobody touches take no memory
    step = 1 << 31
    image = np.lib.stride_tricks.as_strided(
        store, (5, 23, *tail), (step, 3 if tail else 1, *(1,) * len(tail))
    )
    image[...] = np.arange(image.size).reshape(image.shape) % 251
    for view in (image, image[::-1]):
        np.testing.assert_array_equal(
            imgproc.integral_image(view, tilted=tilted),
            imgproc.integral_image(view.copy(), tilted=tilted),
        )


def available_memory() -> int:
    try:
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable"))
    except OSError:
        return 0


@pytest.mark.heavy
@pytest.mark.parametrize("tilted", [False, True])
def test_images_and_results_of_more_than_2_31_bytes(tilted: bool) -> None:
    height, width = 1 << 11, (1 << 20) + 5  # 2.1 GB of pixels in the memory of one row
    if available_memory() < 12 * height * width:
        pytest.skip("needs 26 GB of free memory")
    row = (np.arange(width) % 251).astype(np.uint8)
    table = imgproc.integral_image(np.broadcast_to(row, (height, width)), tilted=tilted)
    assert table.dtype == np.uint64
    if not tilted:
        assert table[-1, -1] == height * row.sum(dtype=np.uint64)
    else:
        reach = np.arange(height)
        assert table[-1, width // 2] == sum(
            int(row[width // 2 - 1 - k : width // 2 + k].sum(dtype=np.uint64)) for k in reach
        )


@pytest.mark.heavy
def test_results_of_more_than_2_31_bytes() -> None:
    height, width = 1 << 9, (1 << 19) + 5  # 2.1 GB of sums, of the memory of one pixel
    if available_memory() < 10 * height * width:
        pytest.skip("needs 3 GB of free memory")
    table = imgproc.integral_image(np.broadcast_to(np.uint8(3), (height, width)))
    assert table.nbytes > 2**31
    assert table[-1, -1] == 3 * height * width
    assert table[height // 2, 7] == 3 * 7 * (height // 2)


def test_not_finite_values_reach_only_the_sums_that_hold_them(level: str) -> None:
    image = np.ones((9, 20), np.float32)
    for value in (np.nan, np.inf, -np.inf):
        image[4, 11] = value
        table = imgproc.integral_image(image)
        assert (np.isfinite(table[:5]).all(), np.isfinite(table[:, :12]).all()) == (True, True)
        np.testing.assert_array_equal(table[5:, 12:], value)
        cone = imgproc.integral_image(image, tilted=True)
        i, j = np.ogrid[:10, :21]
        inside = (i > 4) & (abs(11 - j + 1) < i - 4)
        np.testing.assert_array_equal(cone[inside], value)
        assert np.isfinite(cone[~inside]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_wrong_dtype_is_named(dtype: Any) -> None:
    image = np.zeros((3, 4), dtype)
    suitable = "float64" if dtype == np.float32 else "uint32 or uint64"
    sentence = rf"^integral_image: dtype must be {suitable} for {image.dtype} images, got "
    for wrong in ("nonsense", 5, object(), [1, 2]):
        with pytest.raises(TypeError, match=sentence):
            imgproc.integral_image(image, dtype=wrong)
    others = [
        np.uint8,
        "int32",
        np.int64,
        float if dtype != np.float32 else np.uint32,
        np.float32,
        ">u4",
        ">f8",
    ]
    for other in others:
        with pytest.raises(ValueError, match=sentence):
            imgproc.integral_image(image, dtype=other)


def test_dtype_that_could_overflow_is_refused() -> None:
    image = np.broadcast_to(np.uint8(0), (6000, 6000))
    sentence = "dtype must be uint64, as sums of 6000x6000 uint8 samples can overflow uint32, got uint32"
    with pytest.raises(ValueError, match=f"^integral_image: {sentence}$"):
        imgproc.integral_image(image, dtype=np.uint32)
    with pytest.raises(ValueError, match=r"as sums of 1x2 uint16 squares can overflow uint32"):
        imgproc.integral_image(np.zeros((1, 2), np.uint16), dtype="uint32", squared=True)
    assert (
        imgproc.integral_image(np.zeros((1, 1), np.uint16), dtype="uint32", squared=True).dtype == np.uint32
    )


@pytest.mark.parametrize("argument", ["squared", "tilted"])
def test_flags_are_flags(argument: str) -> None:
    image = np.zeros((3, 4), np.uint8)
    for wrong in (1, 0, None, "yes", 1.0):
        with pytest.raises(TypeError, match=rf"^integral_image: {argument} must be True or False, got "):
            imgproc.integral_image(image, **{argument: wrong})
    imgproc.integral_image(image, **{argument: np.True_})  # type: ignore[arg-type]


def test_wrong_out_is_named_and_not_touched() -> None:
    image = np.ones((3, 4), np.uint8)
    frozen = np.zeros((4, 5), np.uint32)
    frozen.flags.writeable = False
    for out in (
        np.zeros((3, 4), np.uint32),
        np.zeros((4, 5), np.uint64),
        frozen,
        np.zeros((5, 4), np.uint32).T,
    ):
        with pytest.raises(ValueError, match=r"^integral_image: out must be .*, got "):
            imgproc.integral_image(image, out=out)
        assert not out.any()
    with pytest.raises(TypeError, match=r"^integral_image: out must be None or a uint32 array"):
        imgproc.integral_image(image, out=[])  # type: ignore[arg-type]
    store = np.zeros(80, np.uint8)
    with pytest.raises(ValueError, match=r"^integral_image: out must be .*shares memory"):
        imgproc.integral_image(store[:12].reshape(3, 4), out=store.view(np.uint32).reshape(4, 5))


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_box_sums(rng: Any, dtype: Any, tail: Any) -> None:
    image = draw(rng, (13, 17, *tail), dtype)
    corners = np.sort(rng.integers(0, [18, 14], (200, 2, 2)), axis=1)
    boxes = corners.reshape(200, 4)
    boxes[:2] = [0, 0, 17, 13], [5, 5, 5, 9]
    for squared in (False, True):
        table = imgproc.integral_image(image, squared=squared)
        sums = imgproc.box_sum(table, boxes)
        assert sums.dtype == table.dtype
        assert sums.shape == (200, *tail)
        values = image.astype(table.dtype)
        values = values * values if squared else values
        expected = np.array([values[y0:y1, x0:x1].sum(axis=(0, 1)) for x0, y0, x1, y1 in boxes])
        if dtype == np.float32:
            np.testing.assert_allclose(
                sums, expected, rtol=0, atol=1e-10
            )  # four sums below 1e3, off by 1e-13
        else:
            np.testing.assert_array_equal(sums, expected)


def test_box_sums_are_exact_where_uint32_differences_wrap() -> None:
    image = np.full((4104, 4104), 255, np.uint8)
    table = imgproc.integral_image(image)
    assert table.dtype == np.uint32
    boxes = [[4000, 4000, 4104, 4104], [0, 0, 4104, 4104], [0, 4103, 4104, 4104]]
    assert imgproc.box_sum(table, boxes).tolist() == [255 * 104**2, 255 * 4104**2, 255 * 4104]  # type: ignore[arg-type]


def test_box_sum_in_a_table_of_more_than_2_32_bytes() -> None:
    # Pages that nobody touches take no memory.
    table = np.zeros((40_001, 40_001), np.uint32)
    table[30_000, 40_000] = 7
    table[40_000, 40_000] = 12
    table[40_000, 39_999] = 2
    boxes = np.array([[39_999, 30_000, 40_000, 40_000], [0, 0, 40_000, 30_000]])
    assert imgproc.box_sum(table, boxes).tolist() == [3, 7]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64])
def test_box_sum_takes_any_integers_and_none(kind: Any) -> None:
    table = imgproc.integral_image(np.ones((4, 6, 3), np.uint8))
    np.testing.assert_array_equal(imgproc.box_sum(table, np.array([[1, 1, 3, 4]], kind)), [[6, 6, 6]])
    assert imgproc.box_sum(table, np.zeros((0, 4), kind)).shape == (0, 3)
    assert imgproc.box_sum(table[::-1][::-1], np.array([[1, 1, 3, 4]], kind)).shape == (1, 3)


@pytest.mark.parametrize(
    "box",
    [(-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 7, 2), (0, 0, 2, 5), (3, 0, 2, 2), (0, 3, 2, 2), (7, 0, 7, 1)],
)
def test_wrong_boxes_are_named(box: tuple[int, ...]) -> None:
    table = imgproc.integral_image(np.ones((4, 6), np.uint8))
    where = r"\(x0, y0, x1, y1\) with 0 <= x0 <= x1 <= 6 and 0 <= y0 <= y1 <= 4, got " + re.escape(str(box))
    with pytest.raises(ValueError, match=rf"^box_sum: boxes\[1\] must be {where}$"):
        imgproc.box_sum(table, np.array([(0, 0, 1, 1), box]))


def test_box_sum_bad_input_is_named() -> None:
    table = imgproc.integral_image(np.ones((4, 6), np.uint8))
    boxes = np.array([[0, 0, 1, 1]])
    for wrong in ("boxes", None, 3, np.zeros((1, 4)), np.zeros((1, 4), bool), [["a"] * 4]):
        with pytest.raises(
            TypeError, match=r"^box_sum: boxes must be an integer array of shape \(N, 4\), got "
        ):
            imgproc.box_sum(table, wrong)  # type: ignore[arg-type]
    for shape in ((4,), (1, 3), (1, 5), (1, 1, 4), ()):
        with pytest.raises(
            ValueError, match=r"^box_sum: boxes must be an integer array of shape \(N, 4\), got "
        ):
            imgproc.box_sum(table, np.zeros(shape, int))
    with pytest.raises(ValueError, match=r"^box_sum: boxes must be an integer array"):
        imgproc.box_sum(table, [[0, 0, 1, 1], [0]])  # type: ignore[arg-type]
    huge = np.array([[0, 0, 2**63, 1]], np.uint64)
    with pytest.raises(ValueError, match=r"^box_sum: boxes\[0\] must be "):
        imgproc.box_sum(table, huge)
    for other in (
        [[0]],
        None,
        "table",
        table.astype(np.int32),
        table.astype(">u4"),
        np.ma.masked_array(table),
    ):
        with pytest.raises(TypeError, match=r"^box_sum: integral must be an array of uint32"):
            imgproc.box_sum(other, boxes)  # type: ignore[arg-type]
    for shape in ((5,), (0, 7), (5, 7, 0), (2, 5, 7, 3)):
        with pytest.raises(ValueError, match=r"^box_sum: integral must be of shape \(H \+ 1, W \+ 1\)"):
            imgproc.box_sum(np.zeros(shape, np.uint32), boxes)


def test_box_sum_next_to_infinity() -> None:
    image = np.ones((4, 6), np.float32)
    image[1, 2] = np.inf
    table = imgproc.integral_image(image)
    sums = imgproc.box_sum(table, np.array([[0, 0, 2, 1], [0, 0, 3, 2], [3, 2, 6, 4]]))
    assert sums[:2].tolist() == [2, np.inf]
    assert np.isnan(sums[2])


images = stn.arrays(
    st.sampled_from([np.dtype(np.uint8), np.dtype(np.uint16)]),
    stn.array_shapes(min_dims=2, max_dims=2, max_side=40),
)


@settings(deadline=None, max_examples=80)
@given(images)
def test_differences_give_the_image_back(image: Any) -> None:
    table = imgproc.integral_image(image)
    back = np.diff(np.diff(table, axis=0), axis=1)
    np.testing.assert_array_equal(back, image)


@settings(deadline=None, max_examples=80)
@given(images)
def test_transposed_image_has_the_transposed_sums(image: Any) -> None:
    np.testing.assert_array_equal(imgproc.integral_image(image.T), imgproc.integral_image(image).T)


@settings(deadline=None, max_examples=80)
@given(images)
def test_tilted_sums_obey_the_recurrence_of_the_paper(image: Any) -> None:
    cone = imgproc.integral_image(image, tilted=True).astype(object)
    values = np.zeros((image.shape[0] + 1, image.shape[1]), object)
    values[1:] = image
    left, right = cone[1:-1, :-2], cone[1:-1, 2:]
    expected = left + right - cone[:-2, 1:-1] + values[2:, :-1] + values[1:-1, :-1]
    assert (cone[2:, 1:-1] == expected).all()
