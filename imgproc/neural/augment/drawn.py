"""Parameters that are one number, or drawn between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._core.errors import wrong_value
from ..._core.parameters import Pair, Range


@dataclass(frozen=True)
class Drawn:
    """A number, which is taken as it is, or a pair ``(low, high)`` between which one is drawn evenly."""

    member: Range

    def __str__(self) -> str:
        return f"{self.member} or a pair (low, high) of such, low <= high"

    def draw(
        self, function: str, argument: str, value: Any, rng: np.random.Generator, count: Any = None
    ) -> Any:
        """One, or ``count`` of them; integers with both ends. A single number draws nothing."""
        low, high = Pair(self.member, ("low", "high")).check(function, argument, value)
        if low > high:
            raise wrong_value(function, argument, str(self), value)
        if low == high:
            return low if count is None else np.full(count, low)
        if self.member.integer:
            return rng.integers(low, high, endpoint=True, size=count)
        return rng.uniform(low, high, count)
