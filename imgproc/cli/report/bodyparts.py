"""The page of a body parts run: parts with the skeleton, and the joints found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imgproc

from ...bodyparts import FOUND_JOINTS, PARTS
from ..bodyparts_pictures import PALETTE
from ..outcomes import Outcome
from . import Run
from .pages import machine, template, write_page
from .stages import stage_shares, status_counts

STAGES = ("read", "predict", "write")


@dataclass(frozen=True, kw_only=True)
class BodyRun(Run):
    """What the page says of the whole run."""

    model: str


def build_bodyparts_page(outcomes: Sequence[Outcome], run: BodyRun) -> str:
    """The page as text."""
    done = [one for one in outcomes if one.status == "done"]
    shown = [one for one in done if one.before is not None]
    joints = sum(len(getattr(one, "joints", ())) for one in done)
    return template("bodyparts.html").render(
        run=run,
        version=imgproc.__version__,
        machine=machine(run.workers),
        counts=status_counts(outcomes),
        joints=joints,
        possible=len(done) * len(FOUND_JOINTS),
        pixels=sum(one.shape[0] * one.shape[1] for one in done) / 1e6,
        stages=stage_shares(STAGES, done),
        failures=[outcome for outcome in outcomes if outcome.status == "failed"],
        cards=[{"outcome": one, "stages": stage_shares(STAGES, [one])} for one in shown],
        undetailed=len(done) - len(shown),
        legend=[
            (name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*color))
            for name, color in zip(PARTS, PALETTE.tolist(), strict=False)
        ],
    )


def write_bodyparts_page(path: Path, outcomes: Sequence[Outcome], run: BodyRun) -> None:
    """The page as a file, whole or not at all."""
    write_page(path, build_bodyparts_page(outcomes, run))
