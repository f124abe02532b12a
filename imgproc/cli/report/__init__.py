"""The report: one HTML page that holds everything it shows, and asks nothing of any network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imgproc

from ..._core.images import GRAY, RGBA
from ..outcomes import STAGES, Outcome
from ..text import KINDS
from .histograms import histogram_paths
from .pages import is_report, machine, template, write_page
from .stages import stage_shares, status_counts

__all__ = ["DETAILED", "FEW", "Run", "build_report", "is_report", "picture_side", "write_report"]

DETAILED = 200
"""Images shown with pictures: some 40 kB each, so that the page of a large batch still opens."""

FEW = 24
"""Up to this many images the pictures are large."""


@dataclass(frozen=True)
class Run:
    """What the page says of the whole run."""

    command: str
    seconds: float
    workers: int
    unfinished: int = 0


def picture_side(position: int, total: int) -> int:
    """Longest side of an image's pictures in the report of ``total`` images; 0 for none."""
    return 0 if position >= DETAILED else 960 if total <= FEW else 480


def build_report(outcomes: Sequence[Outcome], run: Run) -> str:
    """The page as text."""
    done = [outcome for outcome in outcomes if outcome.status == "done"]
    detailed = [outcome for outcome in done if outcome.before is not None and outcome.after is not None]
    return template("page.html").render(
        run=run,
        counts=status_counts(outcomes),
        version=imgproc.__version__,
        machine=machine(run.workers),
        pixels=sum(outcome.shape[0] * outcome.shape[1] for outcome in done) / 1e6,
        stages=stage_shares(STAGES, done),
        failures=[outcome for outcome in outcomes if outcome.status == "failed"],
        cards=[_card(outcome) for outcome in detailed],
        undetailed=len(done) - len(detailed),
        chains=len({outcome.chain for outcome in outcomes}),
    )


def write_report(path: Path, outcomes: Sequence[Outcome], run: Run) -> None:
    """The page as a file, whole or not at all."""
    write_page(path, build_report(outcomes, run))


def _card(outcome: Outcome) -> dict[str, Any]:
    assert outcome.before is not None and outcome.after is not None
    height, width = outcome.shape[:2]
    channels = outcome.shape[2] if len(outcome.shape) == 3 else GRAY
    return {
        "outcome": outcome,
        "size": f"{width} × {height}",
        "wide": width >= height,
        "alpha": channels == RGBA,
        "kind": f"{outcome.dtype} {KINDS[channels]}",
        "stages": stage_shares(STAGES, [outcome]),
        "sides": [
            {"title": title, "preview": preview, "paths": paths}
            for title, preview, paths in zip(
                ("Before", "After"),
                (outcome.before, outcome.after),
                histogram_paths(outcome.before.histogram, outcome.after.histogram),
                strict=True,
            )
        ],
    }
