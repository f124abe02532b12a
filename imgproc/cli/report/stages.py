"""Where the time of a run went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..outcomes import Outcome


def stage_shares(names: Sequence[str], outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Name, time and share in percent of each stage, of all outcomes together."""
    every = [outcome.seconds for outcome in outcomes]
    seconds = [sum(one.get(name, 0.0) for one in every) for name in names]
    total = sum(seconds) or 1.0
    return [
        {"name": name, "seconds": value, "share": 100 * value / total}
        for name, value in zip(names, seconds, strict=True)
    ]


def status_counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many were done, skipped and failed."""
    return {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("done", "skipped", "failed")
    }
