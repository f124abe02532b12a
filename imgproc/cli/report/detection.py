"""The page of a detection run: what was found, where, how surely, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import imgproc

from ..._core.images import Array
from ...cascade import Cascade
from ..detection import STAGES, Finding
from ..outcomes import Outcome
from . import Run
from .boxes import TAGGED, layered, place_box
from .pages import machine, template, write_page
from .stages import stage_shares, status_counts

LISTED = 12
"""Scores that are listed of one image."""


@dataclass(frozen=True, kw_only=True)
class DetectionRun(Run):
    """What the page says of the whole run."""

    class_name: str
    settings: Sequence[tuple[str, str]]
    """What was looked for, and how."""
    numbered: int | None = None
    """Of each image, show the first so many with their numbers; scores have no meaning of their own."""


def build_detection_page(outcomes: Sequence[Outcome], run: DetectionRun) -> str:
    """The page as text."""
    done = [one for one in outcomes if isinstance(one, Finding) and one.status == "done"]
    detailed = [one for one in done if one.before is not None]
    return template("detection.html").render(
        run=run,
        version=imgproc.__version__,
        machine=machine(run.workers),
        counts=status_counts(outcomes),
        found=sum(len(one.found) for one in done),
        hits=sum(len(one.found) > 0 for one in done),
        pixels=sum(one.shape[0] * one.shape[1] for one in done) / 1e6,
        stages=stage_shares(STAGES, done),
        failures=[outcome for outcome in outcomes if outcome.status == "failed"],
        settings=run.settings,
        early=_early_out([one.stage_counts for one in done if one.stage_counts is not None]),
        cards=[_card(one, run.numbered) for one in detailed],
        undetailed=len(done) - len(detailed),
    )


def write_detection_page(path: Path, outcomes: Sequence[Outcome], run: DetectionRun) -> None:
    """The page as a file, whole or not at all."""
    write_page(path, build_detection_page(outcomes, run))


def cascade_settings(cascade: Cascade, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A cascade and its options, in words."""
    height, width = cascade.window
    kind = "LBP" if cascade.features == "lbp" else "tilted Haar" if cascade.tilted.any() else "Haar"
    return [
        ("Cascade", str(params["cascade"])),
        ("Features", f"{len(cascade.boxes):,} {kind} in {cascade.stages} stages"),
        ("Window", f"{width} × {height} pixels"),
        ("Sizes", _sizes(params["min_size"], params["max_size"])),
        ("Scale factor", f"{params['scale_factor']:g}"),
        ("Least neighbors", f"more than {params['min_neighbors']}"),
        ("Step", "2, then 1" if params["step"] is None else f"{params['step']}"),
        ("Score", "any" if params["score_threshold"] is None else f"≥ {params['score_threshold']:g}"),
    ]


def _early_out(counts: Sequence[Array]) -> list[tuple[str, str, str]]:
    """Stages, the windows of all images that entered each, and their share of all."""
    if not counts:
        return []
    total = np.sum(counts, axis=0).tolist()
    names = [*(f"stage {number}" for number in range(1, len(total))), "passed all"]
    return [
        (name, f"{count:,}", f"{100 * count / max(total[0], 1):.3g} %")
        for name, count in zip(names, total, strict=True)
    ]


def _sizes(low: Sequence[int] | None, high: Sequence[int] | None) -> str:
    def text(size: Sequence[int]) -> str:
        return f"{size[1]} × {size[0]}"

    if low is None and high is None:
        return "all"
    if low is None or high is None:
        return f"from {text(low)}" if low is not None else f"up to {text(high or ())}"
    return f"{text(low)} to {text(high)}"


def _card(one: Finding, numbered: int | None) -> dict[str, Any]:
    height, width = one.shape[:2]
    found = [
        (f"{score:.2f}", count, box)
        for score, count, box in zip(
            one.found.scores.tolist(), one.found.counts.tolist(), one.found.boxes.tolist(), strict=True
        )
    ]
    boxes = [
        place_box(
            "found", box, (height, width), f"score {score}, {count} windows", score if place < TAGGED else ""
        )
        for place, (score, count, box) in enumerate(found if numbered is None else [])
    ]
    boxes += [
        place_box("found", box, (height, width), f"number {number}")
        for number, (_, _, box) in enumerate(found[: numbered or 0], 1)
    ]
    listed = found if numbered is None else []
    return {
        "outcome": one,
        "size": f"{width} × {height}",
        "found": len(found),
        "boxes": layered(boxes),
        "scores": [(score, count) for score, count, _ in listed[:LISTED]],
        "more": max(0, len(listed) - LISTED),
        "stages": stage_shares(STAGES, [one]),
    }
