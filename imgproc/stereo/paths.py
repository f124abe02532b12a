"""Semi-global matching, block of rows by block of rows."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.threads import relay_workers, run_relay
from .._ext import stereo as kernels

# Rows that a thread works on before it hands the paths from above on to the next: few, so that they stay in its cache;
# more where paths from below begin anew in each block, from what was kept of them.
_ROWS = 8
_ROWS_BOTH_WAYS = 32

# Nanoseconds per pixel and disparity, with AVX2: only an estimate for the choice of threads.
_COST = 0.5


@dataclass(frozen=True)
class Paths:
    """How many directions costs are gathered from."""

    def __str__(self) -> str:
        return "3, 4 or 8"

    def check(self, function: str, argument: str, value: Any) -> int:
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise wrong_type(function, argument, str(self), value)
        if value not in (3, 4, 8):
            raise wrong_value(function, argument, str(self), value)
        return int(value)

    def parse(self, text: str) -> int:
        return int(text)

    def wrong_values(self) -> list[Any]:
        return ["3", None, True, 3.0, 0, -4, 5, 16, 10**30]


PATHS = Paths()


def semi_global(matching: Any, height: int, width: int, paths: int) -> None:
    """Fill the matching's result."""
    both_ways = paths > 3
    fronts = 3 if paths == 8 else 1
    step = _ROWS_BOTH_WAYS if both_ways else _ROWS
    blocks = -(-height // step)
    shape = (fronts * width, matching.padded)
    size = width * matching.padded
    workers = relay_workers(blocks, height * size * _COST)
    costs = np.empty((workers, step, size), np.uint8)
    along = np.empty_like(costs)
    kept = _kept_from_below(matching, height, step, fronts, shape, costs) if both_ways else []
    more = np.empty((workers, step, size), np.uint16) if both_ways else None
    rooms = [_empty_fronts(fronts, shape) for _ in range(workers if both_ways else 0)]
    above = kernels.FrontStates(*_no_fronts(fronts, shape), fronts)

    def prepare(block: int, worker: int) -> None:
        y0, y1 = block * step, min((block + 1) * step, height)
        matching.along(y0, y1, costs[worker], along[worker])
        if more is not None:
            states, leasts = rooms[worker]
            states[0], leasts[0] = kept[block]
            more[worker] = 0
            matching.up(y1 - y0, costs[worker], more[worker], kernels.FrontStates(states, leasts, fronts))

    def finish(block: int, worker: int) -> None:
        y0, y1 = block * step, min((block + 1) * step, height)
        from_below = None if more is None else more[worker]
        matching.down(y0, y1, costs[worker], along[worker], from_below, above)

    run_relay(prepare, finish, blocks, workers)


def _kept_from_below(
    matching: Any, height: int, step: int, fronts: int, shape: tuple[int, int], costs: Array
) -> list[tuple[Array, Array]]:
    """Where the paths from below stand as they enter each block."""
    blocks = -(-height // step)
    kept = [(np.empty(shape, np.uint8), np.empty(shape[0], np.uint8)) for _ in range(blocks)]
    below = kernels.FrontStates(*_no_fronts(fronts, shape), fronts)

    def prepare(turn: int, worker: int) -> None:
        block = blocks - 1 - turn
        if block > 0:
            matching.costs(block * step, min((block + 1) * step, height), costs[worker])

    def finish(turn: int, worker: int) -> None:
        block = blocks - 1 - turn
        below.save(*kept[block])
        if block > 0:
            matching.up(min(step, height - block * step), costs[worker], None, below)

    run_relay(prepare, finish, blocks, len(costs))
    return kept


def _empty_fronts(fronts: int, shape: tuple[int, int]) -> tuple[Array, Array]:
    """States and least numbers; three paths are moved on from one half to the other."""
    halves = 1 if fronts == 1 else 2
    return np.empty((halves, *shape), np.uint8), np.empty((halves, shape[0]), np.uint8)


def _no_fronts(fronts: int, shape: tuple[int, int]) -> tuple[Array, Array]:
    states, leasts = _empty_fronts(fronts, shape)
    states[0], leasts[0] = 0, 0
    return states, leasts
