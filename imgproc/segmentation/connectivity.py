"""Connectivity: which neighbours of a pixel or voxel count, in the words of either habit."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

from .._core.errors import Got, wrong_type, wrong_value

_STEPS = {2: {1: 1, 4: 1, 2: 2, 8: 2}, 3: {1: 1, 6: 1, 2: 2, 18: 2, 3: 3, 26: 3}}


@dataclass(frozen=True)
class Connectivity:
    """A number of neighbours, or the number of axes along which a neighbour may differ."""

    def __str__(self) -> str:
        return "1 or 4, 2 or 8 in an image; 1 or 6, 2 or 18, 3 or 26 in a volume"

    def check(self, function: str, argument: str, value: Any) -> int:
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise wrong_type(function, argument, str(self), value)
        if not any(value in steps for steps in _STEPS.values()):
            raise wrong_value(function, argument, str(self), value)
        return int(value)

    def parse(self, text: str) -> int:
        return int(text)

    def wrong_values(self) -> list[Any]:
        return ["8", None, True, 1.0, 0, -1, 5, 7, 9, 27, 10**30]


CONNECTIVITY = Connectivity()


def connectivity_steps(function: str, connectivity: int | None, ndim: int) -> int:
    """The axes along which a neighbour may differ at a time, of a checked connectivity; None: all."""
    if connectivity is None:
        return ndim
    if connectivity not in _STEPS[ndim]:
        kind = "an image" if ndim == 2 else "a volume"
        raise wrong_value(
            function, "connectivity", str(CONNECTIVITY), Got(f"{connectivity} for {kind} of {ndim} axes")
        )
    return _STEPS[ndim][connectivity]
