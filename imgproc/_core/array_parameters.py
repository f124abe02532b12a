"""Constraints of parameters that are small arrays: kernels, footprints, shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import Got, wrong_type, wrong_value
from .images import Array
from .parameters import Range


def _numbers(text: str, ndim: int) -> Array:
    """``"0 -1 0/-1 5 -1/0 -1 0"``: spaces between numbers, slashes between rows."""
    rows = [[float(word) for word in row.split()] for row in text.split("/")]
    if len({len(row) for row in rows}) != 1 or (ndim == 1 and len(rows) != 1):
        raise ValueError("rows of different lengths")
    return np.array(rows[0] if ndim == 1 else rows)


def _array(function: str, argument: str, must: str, value: Any, kinds: str) -> Array:
    if not isinstance(value, np.ndarray | list | tuple):
        raise wrong_type(function, argument, must, value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise wrong_value(function, argument, must, value) from None
    if array.dtype.kind not in kinds:
        raise wrong_type(function, argument, must, Got(f"dtype {array.dtype}"))
    return array


@dataclass(frozen=True)
class Weights:
    """A kernel: finite real numbers, as many as an odd number along each of its axes."""

    ndim: int

    def __str__(self) -> str:
        shape = "(height, width), both odd" if self.ndim == 2 else "(n,), n odd"
        return f"an array of finite numbers of shape {shape}"

    def check(self, function: str, argument: str, value: Any) -> Array:
        """As C-contiguous float64."""
        array = _array(function, argument, str(self), value, "iuf")
        if array.ndim != self.ndim or not all(length % 2 for length in array.shape):
            raise wrong_value(function, argument, str(self), Got(f"shape {array.shape}"))
        weights = np.ascontiguousarray(array, np.float64)
        if not np.isfinite(weights).all():
            raise wrong_value(function, argument, str(self), Got("NaN or infinity in it"))
        return weights

    def parse(self, text: str) -> Array:
        return _numbers(text, self.ndim)

    def wrong_values(self) -> list[Any]:
        even = (3, 2) if self.ndim == 2 else (2,)
        other = (3,) * (3 - self.ndim)
        whole = (3,) * self.ndim
        wrong: list[Any] = [1, None, "1", [], [[]], [[1, 2, 3], [1]], ["a", "b", "c"]]
        wrong += [np.ones(even), np.ones(other), np.ones((3, 3, 3)), np.zeros((0, 3)), np.zeros(0)]
        return [
            *wrong,
            np.full(whole, math.nan),
            np.full(whole, math.inf),
            np.ones(whole, complex),
            np.ones(whole, bool),
        ]


@dataclass(frozen=True)
class Footprint:
    """Which neighbours count: true or non-zero at them, the centre in the middle."""

    def __str__(self) -> str:
        return "a bool or integer array of shape (height, width), both odd, true somewhere"

    def check(self, function: str, argument: str, value: Any) -> Array:
        """As C-contiguous bool."""
        array = _array(function, argument, str(self), value, "biu")
        if array.ndim != 2 or not all(length % 2 for length in array.shape):
            raise wrong_value(function, argument, str(self), Got(f"shape {array.shape}"))
        if not array.any():
            raise wrong_value(function, argument, str(self), Got("one without any"))
        return np.ascontiguousarray(array != 0)

    def parse(self, text: str) -> Array:
        return np.not_equal(_numbers(text, 2), 0)

    def wrong_values(self) -> list[Any]:
        wrong: list[Any] = [
            1,
            None,
            "1",
            [],
            [[]],
            [[1, 1, 1], [1]],
            [["a"]],
            np.ones(3, bool),
            np.ones((3, 2), bool),
        ]
        return [
            *wrong,
            np.zeros((3, 3), bool),
            np.ones((3, 3)),
            np.ones((3, 3, 3), bool),
            np.zeros((0, 3), bool),
        ]


_LENGTH = Range(low=1, high=2**40, integer=True)


@dataclass(frozen=True)
class Shape:
    """Height and width in pixels."""

    def __str__(self) -> str:
        return "a pair (height, width) of integers >= 1"

    def check(self, function: str, argument: str, value: Any) -> tuple[int, int]:
        if type(value) is not tuple and not isinstance(value, tuple | list):
            raise wrong_type(function, argument, str(self), value)
        if len(value) != 2:
            raise wrong_value(function, argument, str(self), value)
        height, width = value
        # The usual case at a tenth of the cost of the full check, which is much of the time of a small result.
        if not (type(height) is type(width) is int and 0 < height <= 2**20 and 0 < width <= 2**20):
            height = _LENGTH.check(function, f"{argument}[0]", height)
            width = _LENGTH.check(function, f"{argument}[1]", width)
        # 16 bytes, the largest pixel, times that fits a 63-bit size; beyond it NumPy's own error names no argument.
        if height * width > 2**58:
            raise wrong_value(function, argument, f"{self}, at most 2**58 pixels", value)
        return height, width

    def parse(self, text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.replace("x", "/").split("/"))

    def wrong_values(self) -> list[Any]:
        return [
            1,
            None,
            "1x1",
            (),
            (1,),
            (1, 1, 1),
            (0, 1),
            (1, -1),
            (2**39, 2**39),
            (1.5, 1),
            (1, True),
            (2**41, 1),
            np.ones(2, int),
        ]


@dataclass(frozen=True)
class Positives:
    """Finite numbers above 0 in a row: as many as ``count``, or any number of them but none."""

    count: int | None = None

    def __str__(self) -> str:
        return f"{'a sequence of' if self.count is None else self.count} finite numbers > 0"

    def check(self, function: str, argument: str, value: Any) -> Array:
        """As C-contiguous float64."""
        array = _array(function, argument, str(self), value, "iuf")
        if array.ndim != 1 or array.size == 0 or self.count not in (None, array.size):
            raise wrong_value(function, argument, str(self), Got(f"shape {array.shape}"))
        numbers = np.ascontiguousarray(array, np.float64)
        wrong = ~((numbers > 0) & np.isfinite(numbers))
        if wrong.any():
            raise wrong_value(function, argument, str(self), Got(f"{numbers[wrong][0]} in it"))
        return numbers

    def parse(self, text: str) -> Array:
        return _numbers(text.replace("/", " "), 1)

    def wrong_values(self) -> list[Any]:
        count = self.count or 2
        wrong: list[Any] = [1, None, "1", [], [[]], ["a"] * count, np.ones((count, 1)), np.zeros((0, count))]
        wrong += [] if self.count is None else [np.ones(self.count + 1)]
        return [*wrong, *(np.full(count, number) for number in (0, -1.0, math.nan, math.inf, 1j, True))]
