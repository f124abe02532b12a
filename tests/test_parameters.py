"""The constraints for arguments that may be None and for pairs of bounds."""

from __future__ import annotations

import numpy as np
import pytest

from imgproc._core.array_parameters import Footprint, Shape, Weights
from imgproc._core.parameters import Constraint, Interval, OrNone, Range

COUNT = OrNone(Range(low=1, high=9, integer=True))


def test_none_or_a_number() -> None:
    assert COUNT.check("f", "n", None) is None
    assert COUNT.check("f", "n", np.int64(3)) == 3
    assert COUNT.parse("none") is None
    assert COUNT.parse("7") == 7
    assert str(COUNT) == "None or an integer >= 1 and <= 9"
    with pytest.raises(ValueError, match=r"^f: n must be None or an integer >= 1 and <= 9, got 10$"):
        COUNT.check("f", "n", 10)
    with pytest.raises(TypeError, match=r"^f: n must be None or an integer >= 1 and <= 9, got 'x'$"):
        COUNT.check("f", "n", "x")


def test_odd_numbers() -> None:
    size = Range(low=1, integer=True, odd=True)
    assert str(size) == "an odd integer >= 1"
    assert [size.check("f", "size", value) for value in (1, 3, np.uint8(255))] == [1, 3, 255]
    for value in (0, 2, -3):
        with pytest.raises(ValueError, match=rf"^f: size must be an odd integer >= 1, got {value}$"):
            size.check("f", "size", value)
    with pytest.raises(TypeError, match=r"^f: size must be an odd integer >= 1, got 3\.0$"):
        size.check("f", "size", 3.0)
    for value in size.wrong_values():
        with pytest.raises((TypeError, ValueError)):
            size.check("f", "size", value)


def test_interval() -> None:
    assert Interval().check("f", "range", [0, 2.5]) == (0.0, 2.5)
    assert Interval().parse("-1/0.5") == (-1.0, 0.5)
    with pytest.raises(
        ValueError, match=r"^f: range must be a pair \(low, high\) of numbers with low < high, got \(2, 1\)$"
    ):
        Interval().check("f", "range", (2, 1))


def test_arrays() -> None:
    assert np.array_equal(Weights(2).parse("0 -1 0/-1 5 -1/0 -1 0"), [[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    kernel = Weights(1).check("f", "kernel", [1, 2, 1])
    assert kernel.dtype == np.float64
    assert np.array_equal(kernel, [1, 2, 1])
    assert np.array_equal(Footprint().parse("0 1 0"), [[False, True, False]])
    assert Shape().check("f", "shape", Shape().parse("480x640")) == (480, 640)
    for text in ("1 2/3", "a"):
        with pytest.raises(ValueError):
            Weights(2).parse(text)
    with pytest.raises(
        ValueError,
        match=r"^f: kernel must be an array of .* shape \(height, width\), both odd, got shape \(2, 3\)$",
    ):
        Weights(2).check("f", "kernel", np.ones((2, 3)))


@pytest.mark.parametrize(
    "constraint",
    [
        COUNT,
        Interval(),
        OrNone(Interval()),
        Weights(1),
        Weights(2),
        Footprint(),
        OrNone(Footprint()),
        Shape(),
    ],
)
def test_wrong_values_are_refused(constraint: Constraint) -> None:
    assert constraint.wrong_values()
    for value in constraint.wrong_values():
        with pytest.raises((TypeError, ValueError), match=r"^f: x"):
            constraint.check("f", "x", value)
