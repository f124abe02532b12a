"""Parameters declared once, in signatures: ``gamma: Annotated[float, GAMMA]`` with ``GAMMA = Range(above=0)``.

The same object checks the value in the function, prints its range in help and tables, reads it from
command-line text and yields wrong values for the tests.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .errors import wrong_type, wrong_value


class Constraint(Protocol):
    """What a parameter takes; ``str()`` of it completes the sentence "must be …"."""

    def check(self, function: str, argument: str, value: Any) -> Any:
        """The value in its usual form, once it is known to be right."""

    def parse(self, text: str) -> Any:
        """The value that command-line text stands for, unchecked; ValueError where it stands for none."""

    def wrong_values(self) -> list[Any]:
        """Values that ``check`` refuses, for the tests."""


@dataclass(frozen=True)
class Range:
    """A finite number within bounds. ``above``/``below`` exclude the bound, ``low``/``high`` include it.

    ``odd`` takes odd integers alone.
    """

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    integer: bool = False
    odd: bool = False

    def __str__(self) -> str:
        kind = "an odd integer" if self.odd else "an integer" if self.integer else "a number"
        bounds = [
            f"{sign} {bound}" if isinstance(bound, int) else f"{sign} {bound:g}"
            for sign, bound in ((">", self.above), (">=", self.low), ("<", self.below), ("<=", self.high))
            if bound is not None
        ]
        return " ".join([kind, " and ".join(bounds)]).strip()

    def check(self, function: str, argument: str, value: Any) -> Any:
        kind = type(value)
        if kind is not int and (
            self.integer or kind is not float
        ):  # asking the abstract types takes ten times as long
            wanted = numbers.Integral if self.integer else numbers.Real
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise wrong_type(function, argument, str(self), value)
        try:
            convert: Any = int if self.integer else float
            number: float = convert(value)
            finite = self.integer or math.isfinite(number)
        except OverflowError:
            raise wrong_value(function, argument, str(self), value) from None
        if (
            not finite
            or (self.low is not None and number < self.low)
            or (self.high is not None and number > self.high)
            or (self.above is not None and number <= self.above)
            or (self.below is not None and number >= self.below)
            or (self.odd and number % 2 == 0)
        ):
            raise wrong_value(function, argument, str(self), value)
        return number

    def parse(self, text: str) -> Any:
        return int(text) if self.integer else float(text)

    def wrong_values(self) -> list[Any]:
        values: list[Any] = ["1", None, True, 1j]
        values += [10**400, -(10**400)] if not self.integer or self.high is not None else []
        values += [1.5] if self.integer else [math.nan, math.inf, -math.inf]
        for bound, step in ((self.low, -1), (self.high, 1)):
            values += [] if bound is None else [type(bound)(bound + step)]
        values += [bound for bound in (self.above, self.below) if bound is not None]
        values += [2] if self.odd else []
        return values


@dataclass(frozen=True)
class Pair:
    """One value for both members, or a tuple of two."""

    member: Range
    names: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.member} or a pair ({', '.join(self.names)}) of such"

    def check(self, function: str, argument: str, value: Any) -> tuple[Any, Any]:
        if isinstance(value, tuple | list):
            if len(value) != 2:
                raise wrong_value(function, argument, str(self), value)
            first, second = (
                self.member.check(function, f"{argument}[{i}]", member) for i, member in enumerate(value)
            )
            return first, second
        if type(value) is not int and (not isinstance(value, numbers.Real) or isinstance(value, bool)):
            raise wrong_type(function, argument, str(self), value)
        member = self.member.check(function, argument, value)
        return member, member

    def parse(self, text: str) -> Any:
        parts = [self.member.parse(part) for part in text.replace("x", "/").split("/")]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def wrong_values(self) -> list[Any]:
        scalars = self.member.wrong_values()
        return [*scalars, (), (1, 1, 1), *((value, value) for value in scalars)]


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(f'"{word}"' for word in self.words)

    def check(self, function: str, argument: str, value: Any) -> str:
        if not isinstance(value, str):
            raise wrong_type(function, argument, str(self), value)
        if value not in self.words:
            raise wrong_value(function, argument, str(self), value)
        return value

    def parse(self, text: str) -> Any:
        return text

    def wrong_values(self) -> list[Any]:
        return ["", "nonsense", self.words[0].upper(), 1, None]


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def __str__(self) -> str:
        return "True or False"

    def check(self, function: str, argument: str, value: Any) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise wrong_type(function, argument, str(self), value)
        return bool(value)

    def parse(self, text: str) -> bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]

    def wrong_values(self) -> list[Any]:
        return [0, 1, None, "true", 1.0, ()]


@dataclass(frozen=True)
class Interval:
    """Two finite numbers, the first below the second."""

    names: tuple[str, str] = ("low", "high")

    def __str__(self) -> str:
        low, high = self.names
        return f"a pair ({low}, {high}) of numbers with {low} < {high}"

    def check(self, function: str, argument: str, value: Any) -> tuple[float, float]:
        if not isinstance(value, tuple | list):
            raise wrong_type(function, argument, str(self), value)
        if len(value) != 2:
            raise wrong_value(function, argument, str(self), value)
        member = Range()
        low, high = (member.check(function, f"{argument}[{i}]", number) for i, number in enumerate(value))
        if not low < high or not math.isfinite(high - low):
            raise wrong_value(function, argument, str(self), value)
        return low, high

    def parse(self, text: str) -> Any:
        return tuple(float(part) for part in text.split("/"))

    def wrong_values(self) -> list[Any]:
        return [
            "",
            1,
            None,
            (),
            (1,),
            (0, 1, 2),
            (1, 1),
            (1, 0),
            (0, math.inf),
            (math.nan, 1),
            (0, "1"),
            (-1e308, 1e308),
        ]


@dataclass(frozen=True)
class OrNone:
    """None, a default that depends on the other arguments, or what another constraint takes."""

    constraint: Constraint

    def __str__(self) -> str:
        return f"None or {self.constraint}"

    def check(self, function: str, argument: str, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.constraint.check(function, argument, value)
        except (TypeError, ValueError) as error:
            # The sentence of the constraint, with None among what it takes.
            raise type(error)(
                str(error).replace(f"must be {self.constraint},", f"must be {self},", 1)
            ) from None

    def parse(self, text: str) -> Any:
        return None if text.lower() == "none" else self.constraint.parse(text)

    def wrong_values(self) -> list[Any]:
        return [value for value in self.constraint.wrong_values() if value is not None]
