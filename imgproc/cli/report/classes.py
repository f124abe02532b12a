"""The page of a classification run: images with their likeliest classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imgproc

from ..colors import class_color
from ..outcomes import STAGES, Outcome
from . import Run
from .pages import machine, template, write_page
from .stages import stage_shares, status_counts

LISTED = 40
"""Classes that are counted by name."""


def build_classes_page(outcomes: Sequence[Outcome], run: Run) -> str:
    """The page as text."""
    done: list[Any] = [one for one in outcomes if one.status == "done"]
    detailed = [one for one in done if one.before is not None]
    first = Counter(_called(one.classes[0]) for one in done if one.classes)
    return template("classes.html").render(
        run=run,
        version=imgproc.__version__,
        machine=machine(run.workers),
        counts=status_counts(outcomes),
        classes=first.most_common(LISTED),
        kinds=len(first),
        pixels=sum(one.shape[0] * one.shape[1] for one in done) / 1e6,
        stages=stage_shares(STAGES, done),
        failures=[outcome for outcome in outcomes if outcome.status == "failed"],
        cards=[_card(one) for one in detailed],
        undetailed=len(done) - len(detailed),
    )


def write_classes_page(path: Path, outcomes: Sequence[Outcome], run: Run) -> None:
    """The page as a file, whole or not at all."""
    write_page(path, build_classes_page(outcomes, run))


def _called(entry: dict[str, Any]) -> str:
    return str(entry.get("name", entry["label"]))


def _card(one: Any) -> dict[str, Any]:
    top = max((entry["score"] for entry in one.classes), default=0.0)
    return {
        "outcome": one,
        "size": f"{one.shape[1]} × {one.shape[0]}",
        "stages": stage_shares(STAGES, [one]),
        "classes": [
            {
                "name": _called(entry),
                "score": f"{entry['score']:.3g}",
                # Scores that are no shares are drawn beside the greatest.
                "share": round(100 * min(max(entry["score"] / max(top, 1.0), 0.0), 1.0), 1),
                "color": "#{:02x}{:02x}{:02x}".format(*class_color(entry["label"])),
            }
            for entry in one.classes
        ],
    }
