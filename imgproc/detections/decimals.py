"""Numbers as the decimals that files hold: read, added and written without any rounding but the last."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np

from .._core.images import Array

# Digits enough for the exact sum of any two doubles.
EXACT = Context(prec=800, rounding=ROUND_HALF_EVEN)

_PLACES = (0, 1, 2, 3, 6)
"""Decimal places at which whole columns are tried before numbers one by one."""


def to_decimal(value: int | str) -> Decimal | None:
    """Of a number written in ASCII without spaces or underscores inside; None for anything else."""
    if isinstance(value, str):
        value = value.strip(" \t\r\n")
        if not value.isascii() or "_" in value:
            return None
    try:
        number = Decimal(value)
    except (ArithmeticError, ValueError):
        return None
    return number if number.is_finite() else None


def plus(a: Decimal, b: Decimal) -> Decimal:
    return EXACT.add(a, b)


def minus(a: Decimal, b: Decimal) -> Decimal:
    return EXACT.subtract(a, b)


def decimal_of(value: float) -> Decimal:
    """The shortest decimal that reads as this float64."""
    return Decimal(repr(float(value)))


def written(value: float | Decimal) -> str:
    """A number as files have it: the fewest digits that read as the same, integers without a point."""
    number = decimal_of(value) if isinstance(value, float) else value
    whole = number == number.to_integral_value() and abs(number) < 2**53
    return str(int(number)) if whole else f"{number}"


def sides(boxes: Array) -> Array:
    """(N, 4) ``x, y, width, height`` of float64 corners, differences taken of the decimals that these are short for.

    A width that a file gives as 0.2 is 0.2 again, which the difference of the float64 corners 0.3 and 0.1 misses by its
    last bit. Where all corners have few decimal places their multiples are integers, whose differences and
    quotients are as exact.
    """
    for place in _PLACES:
        scale = 10.0**place
        whole = np.rint(boxes * scale)
        if (np.abs(whole) < 2**52).all() and (whole / scale == boxes).all():
            return np.hstack([boxes[:, :2], (whole[:, 2:] - whole[:, :2]) / scale])
    result = np.empty_like(boxes)
    for row, box in enumerate(boxes.tolist()):
        x1, y1, x2, y2 = map(decimal_of, box)
        result[row] = box[0], box[1], float(minus(x2, x1)), float(minus(y2, y1))
    return result
