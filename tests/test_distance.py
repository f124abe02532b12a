"""The distance transform: against its slow twin, its laws, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import distance as reference

import imgproc

WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]


@pytest.mark.parametrize("share", [0.5, 0.97])
def test_twin(share: float, level: str, threads: int, rng: np.random.Generator) -> None:
    for width in WIDTHS:
        mask = rng.random((3, width)) < share
        np.testing.assert_array_equal(imgproc.distance_transform(mask), reference.distance_transform(mask))
        tall = np.ascontiguousarray(mask.T)
        np.testing.assert_array_equal(imgproc.distance_transform(tall), reference.distance_transform(tall))


def test_twin_of_volumes(level: str, threads: int, rng: np.random.Generator) -> None:
    for shape in ((1, 4, 5), (4, 1, 5), (4, 5, 1), (3, 2, 33), (2, 34, 3), (5, 6, 7)):
        mask = rng.random(shape) < 0.95
        np.testing.assert_array_equal(imgproc.distance_transform(mask), reference.distance_transform(mask))


def nearest(shape: tuple[int, ...], zeros: Any) -> Any:
    """The definition once more, for few zeros in large masks."""
    axes = np.ogrid[tuple(slice(0, side) for side in shape)]
    squares = [sum((axis - at) ** 2 for axis, at in zip(axes, zero, strict=True)) for zero in zeros]
    return np.sqrt(np.min(np.broadcast_arrays(*squares), axis=0).astype(np.float64)).astype(np.float32)


@pytest.mark.parametrize(
    "shape", [(3, 700), (700, 3), (40, 5000), (5000, 40), (2, 4200), (4, 3, 600), (600, 3, 4), (3, 600, 70)]
)
def test_far_zeros(shape: tuple[int, ...], level: str, rng: np.random.Generator) -> None:
    """Squares beyond 16 and 24 bits, where the lower envelope takes over."""
    for count in (1, 2, 9):
        zeros = rng.integers(0, shape, (count, len(shape)))
        mask = np.ones(shape, bool)
        mask[tuple(zeros.T)] = False
        np.testing.assert_array_equal(imgproc.distance_transform(mask), nearest(shape, zeros))


def by_lines(mask: Any) -> Any:
    """Down the columns, then along each row, every pair of places."""
    height, width = mask.shape
    places = np.arange(height)
    down = np.full(mask.shape, 10**6)
    for x in range(width):
        zeros = np.flatnonzero(~mask[:, x])
        if len(zeros):
            down[:, x] = np.abs(places[:, None] - zeros).min(axis=1)
    steps = (np.arange(width)[:, None] - np.arange(width)) ** 2
    squares = np.stack([(row**2 + steps).min(axis=1) for row in down])
    return np.sqrt(np.where(squares < 10**9, squares, np.inf)).astype(np.float32)


@pytest.mark.parametrize("shape", [(70, 449), (301, 64), (530, 330)])
def test_straight_borders(shape: tuple[int, int], level: str, rng: np.random.Generator) -> None:
    """Where few places of a line decide, as far from a frame; and where they just do not."""
    frame = np.ones(shape, bool)
    frame[[0, -1]] = frame[:, [0, -1]] = False
    side, corner, open_end = np.ones((3, *shape), bool)
    side[:, 0] = False
    corner[0, : shape[1] // 2] = corner[:, 100 % shape[1]] = False
    open_end[-1, :-70] = False
    dotted = frame.copy()
    dotted[rng.integers(0, shape[0], 12), rng.integers(0, shape[1], 12)] = False
    jagged = np.arange(shape[0])[:, None] > rng.integers(0, 30, shape[1])
    for mask in (frame, side, corner, open_end, dotted, jagged, frame[::-1, ::-1][: shape[0] // 2]):
        np.testing.assert_array_equal(imgproc.distance_transform(mask), by_lines(mask))


def test_the_border_of_what_is_near(level: str) -> None:
    """One zero, so that distances pass 255 and 256 along the row, and one row further down as well."""
    mask = np.ones((2, 600), bool)
    mask[0, 40] = False
    found = imgproc.distance_transform(mask)
    np.testing.assert_array_equal(found, nearest(mask.shape, [(0, 40)]))


@pytest.mark.parametrize("shape", [(2, 70000), (70000, 2), (1, 3, 66000)])
def test_sides_beyond_16_bits(shape: tuple[int, ...]) -> None:
    zeros = [tuple(side // 3 for side in shape), tuple(side - 1 for side in shape)]
    mask = np.ones(shape, np.uint8)
    for zero in zeros:
        mask[zero] = 0
    np.testing.assert_array_equal(imgproc.distance_transform(mask), nearest(shape, zeros))
    assert np.isinf(imgproc.distance_transform(np.ones(shape, bool))).all()


def test_masks_of_one_kind(level: str) -> None:
    """Without a zero nothing has a distance; without anything else all is at 0."""
    for shape in ((1, 1), (5, 9), (300, 400), (3, 4, 70)):
        assert np.isinf(imgproc.distance_transform(np.ones(shape, bool))).all()
        assert not imgproc.distance_transform(np.zeros(shape, np.uint8)).any()


def test_any_strides_and_bytes(threads: int, level: str, rng: np.random.Generator) -> None:
    mask = rng.random((20, 140)) < 0.98
    expected = imgproc.distance_transform(mask)
    layouts = [
        np.asfortranarray(mask),
        mask[:, ::-1].copy()[:, ::-1],
        mask[::-1].copy()[::-1],
        np.repeat(mask, 3, axis=1)[:, 1::3],
        np.pad(mask, ((3, 2), (5, 9)))[3:-2, 5:-9],
        mask * np.uint8(130),
        unaligned(mask.view(np.uint8)),
    ]
    for layout in layouts:
        layout.flags.writeable = False
        np.testing.assert_array_equal(imgproc.distance_transform(layout), expected)
    volume = np.asfortranarray(mask.reshape(4, 5, 140))
    np.testing.assert_array_equal(
        imgproc.distance_transform(volume), imgproc.distance_transform(volume.copy(order="C"))
    )
    out = np.empty(mask.shape, np.float32)
    assert imgproc.distance_transform(mask, out=out) is out
    np.testing.assert_array_equal(out, expected)


@settings(max_examples=60, deadline=None)
@given(stn.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 80))))
def test_laws(mask: Any) -> None:
    found = imgproc.distance_transform(mask)
    assert ((found == 0) == ~mask).all()
    for axis in (0, 1):
        np.testing.assert_array_equal(imgproc.distance_transform(np.flip(mask, axis)), np.flip(found, axis))
        if not mask.all():  # a step changes the distance by 1 at most
            assert (np.abs(np.diff(found, axis=axis)) <= 1 + 1e-5).all()
    np.testing.assert_array_equal(imgproc.distance_transform(mask.T), found.T)
    np.testing.assert_array_equal(imgproc.distance_transform(np.repeat(mask[None], 2, 0))[0], found)


def test_refusals() -> None:
    good = np.ones((4, 5), bool)
    for bad in (
        good.tolist(),
        None,
        "mask",
        good.astype(np.float32),
        good.astype(np.int32),
        np.ma.array(good),
    ):
        with pytest.raises(TypeError, match=r"^distance_transform: mask must be .*, got "):
            imgproc.distance_transform(bad)  # type: ignore[arg-type]
    for bad in (good[0], good[None, None], good[:0], good[:, :0], np.ones((1, 2**20 + 1), bool)):
        with pytest.raises(ValueError, match=r"^distance_transform: mask must be .*, got shape "):
            imgproc.distance_transform(bad)
    for out in (np.empty((4, 5)), np.empty((5, 4), np.float32), np.empty((4, 10), np.float32)[:, ::2]):
        with pytest.raises(ValueError, match=r"^distance_transform: out must be .*, got "):
            imgproc.distance_transform(good, out=out)
    check_documentation(imgproc.operations("masks")["distance_transform"])
