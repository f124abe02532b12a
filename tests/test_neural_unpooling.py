"""Pooling with places and its inverse against loops, and what they refuse."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation

from imgproc.neural import max_pool_indices, max_unpool
from imgproc.neural.unpooling import SHAPE, SIZE


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_loops(size: int, dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((3, 3), (8, 9), (2, 3, 5, 7)):
        maps = rng.integers(0, 4, shape).astype(dtype)
        maxima, places = max_pool_indices(maps, size)
        assert maxima.dtype == dtype and places.dtype == np.int64
        width = shape[-1]
        for *lead, y, x in np.ndindex(maxima.shape):
            square = [(y * size + j, x * size + i) for j in range(size) for i in range(size)]
            best = max(square, key=lambda place: maps[(*lead, *place)])  # of equal ones the first
            assert maxima[*lead, y, x] == maps[(*lead, *best)]
            assert places[*lead, y, x] == best[0] * width + best[1]
        back = max_unpool(maxima, places, shape[-2:])
        assert back.shape == maps.shape and back.dtype == dtype
        # Pooled again, they are the same, where zeros are not larger.
        np.testing.assert_array_equal(max_pool_indices(back, size)[0], np.maximum(maxima, 0))
        assert (back[back != 0] == maps[back != 0]).all()


def test_nan_is_a_maximum() -> None:
    maxima, places = max_pool_indices(np.array([[1.0, 2], [np.nan, 3]]))
    assert np.isnan(maxima[0, 0]) and places[0, 0] == 2


def test_any_strides_and_nothing(rng: np.random.Generator) -> None:
    maps = rng.random((2, 6, 8))
    expected = max_pool_indices(maps)
    wide = np.repeat(maps, 2, axis=2)[..., ::2]
    for layout in (np.asfortranarray(maps), wide, maps[:, ::-1].copy()[:, ::-1]):
        for ours, theirs in zip(max_pool_indices(layout), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert max_pool_indices(maps[:0])[0].shape == (0, 3, 4)
    assert max_unpool(np.zeros((0, 2, 2)), np.zeros((0, 2, 2), int), (4, 4)).shape == (0, 4, 4)
    # Named twice, the last stays.
    assert max_unpool(np.array([[1.0, 2]]), np.array([[1, 1]]), (1, 2)).tolist() == [[0, 2]]


@pytest.mark.parametrize("function", [max_pool_indices, max_unpool], ids=lambda function: function.__name__)
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    check_documentation(SimpleNamespace(function=function, name=function.__name__, arguments=names))  # type: ignore[arg-type]


def test_refusals() -> None:
    maps, places = np.ones((4, 6)), np.zeros((4, 6), int)
    for bad in (maps.tolist(), maps.astype(int), maps[0], None):
        with pytest.raises((TypeError, ValueError), match=r"^max_pool_indices: maps must be .*, got "):
            max_pool_indices(bad)  # type: ignore[arg-type]
        with pytest.raises((TypeError, ValueError), match=r"^max_unpool: maxima must be .*, got "):
            max_unpool(bad, places, (4, 6))  # type: ignore[arg-type]
    for value in [*SIZE.wrong_values(), 5]:
        with pytest.raises((TypeError, ValueError), match=r"^max_pool_indices: size must be .*, got "):
            max_pool_indices(maps, value)
    for wrong in (places.tolist(), places.astype(float), places[:2], places - 1, places + 24):
        with pytest.raises((TypeError, ValueError), match=r"^max_unpool: indices must be .*, got "):
            max_unpool(maps, wrong, (4, 6))
    for value in SHAPE.wrong_values():
        with pytest.raises((TypeError, ValueError), match=r"^max_unpool: shape\S* must be .*, got "):
            max_unpool(maps, places, value)
