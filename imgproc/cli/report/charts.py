"""Curves as SVG paths in a square of 1000, the vertical axis downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._core.images import Array

SIDE = 1000.0


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where, in percent from its beginning, and what stands there."""

    at: float
    text: str


def step_path(x: Array, y: Array) -> str:
    """Of points in [0, 1], joined by steps: each holds until the next. Points nearer than a pixel are left out."""
    xs, ys = np.rint(np.clip(x, 0, 1) * SIDE), np.rint(SIDE - np.clip(y, 0, 1) * SIDE)
    if not len(xs):
        return ""
    # Whatever happens within one column is one vertical line.
    first = np.flatnonzero(np.diff(xs, prepend=-1.0))
    last = np.append(first[1:], len(xs)) - 1
    parts = [f"M{xs[0]:g} {ys[0]:g}"]
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        parts.append(f"H{xs[begin]:g}")
        column = ys[begin : end + 1]
        stops = [column.min(), column.max(), column[-1]]
        parts += [f"V{stop:g}" for k, stop in enumerate(stops) if k == 0 or stop != stops[k - 1]]
    return "".join(parts)


def line_path(x: Array, y: Array) -> str:
    """Of points in [0, 1], joined by straight lines."""
    xs, ys = np.clip(x, 0, 1) * SIDE, SIDE - np.clip(y, 0, 1) * SIDE
    points = [f"{a:g} {b:g}" for a, b in zip(np.rint(xs), np.rint(ys), strict=True)]
    return "M" + "L".join(points) if points else ""


def precision_recall_path(recall: Array, precision: Array, *, closed: bool = True) -> str:
    """The largest precision at each recall or beyond, whose area the average precision is; where ``closed`` down to 0
    after the last recall."""
    if not len(recall):
        return ""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    end = 0.0 if closed else envelope[-1]
    return step_path(np.concatenate([[0.0], recall]), np.append(envelope, end))


def equal_f1_path(f1: float) -> str:
    """Where precision and recall have this F1."""
    recall = np.linspace(f1 / (2 - f1), 1, 60)
    precision = f1 * recall / (2 * recall - f1)
    points = (
        f"{x:g} {y:g}" for x, y in zip(np.rint(recall * SIDE), np.rint(SIDE - precision * SIDE), strict=True)
    )
    return "M" + "L".join(points)


def log_position(values: Array, low: float, high: float) -> Array:
    """Places on a logarithmic axis from ``low`` (and all below it) at 0 to ``high`` at 1."""
    clipped = np.clip(values, low, high)
    places: Array = np.log(clipped / low) / np.log(high / low)
    return places


def log_ticks(low: float, high: float) -> list[Tick]:
    """1 and 3 of each power of ten within the axis."""
    values = [digit * 10.0**power for power in range(-6, 7) for digit in (1, 3)]
    return [
        Tick(100 * float(log_position(np.array(value), low, high)), f"{value:g}")
        for value in values
        if low * 0.999 <= value <= high * 1.001
    ]


def decade_ticks(low: float, high: float) -> list[Tick]:
    """Powers of ten within a logarithmic axis, no more than five of them."""
    first, last = round(np.ceil(np.log10(low) - 1e-9)), round(np.floor(np.log10(high) + 1e-9))
    every = max(1, -(-(last - first) // 4))
    return [
        Tick(
            100 * float(log_position(np.array(10.0**power), low, high)),
            f"{10.0**power:g}" if power > -3 else f"1e{power}",
        )
        for power in range(last, first - 1, -every)
    ]


def percent_ticks(values: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)) -> list[Tick]:
    return [Tick(100 * value, f"{100 * value:g}") for value in values]
