"""The page of a detection run: what was found, where, how surely, and how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import imgproc

from ..._core.images import Array
from ...cascade import Cascade
from ..colors import class_color
from ..detection import STAGES, Finding
from ..outcomes import Outcome
from . import Run
from .boxes import TAGGED, layered, place_box
from .pages import machine, template, write_page
from .stages import stage_shares, status_counts

LISTED = 12
"""Scores that are listed of one image."""


class _Found(NamedTuple):
    """One detection in words."""

    score: str
    windows: int
    box: list[float]
    name: str
    color: str


@dataclass(frozen=True, kw_only=True)
class DetectionRun(Run):
    """What the page says of the whole run."""

    class_name: str
    settings: Sequence[tuple[str, str]]
    """What was looked for, and how."""
    numbered: int | None = None
    """Of each image, show the first so many with their numbers; scores have no meaning of their own."""
    names: Mapping[int, str] | None = None
    """Of the classes, where there may be several: each has a colour."""


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
        classes=[] if run.names is None else _classes(done, run.names),
        cards=[_card(one, run) for one in detailed],
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


def _classes(done: Sequence[Finding], names: Mapping[int, str]) -> list[tuple[str, str, int, int]]:
    """Name, colour, how many and in how many images, of each class that was found; the most frequent first."""
    counts: Counter[int] = Counter()
    images: Counter[int] = Counter()
    for one in done:
        labels = one.found.labels.tolist()
        counts.update(labels)
        images.update(set(labels))
    return [
        (names.get(label, str(label)), css_color(label), count, images[label])
        for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _class(label: int, names: Mapping[int, str] | None) -> tuple[str, str]:
    """Name and colour, both empty where all are of one class."""
    return ("", "") if names is None else (names.get(label, str(label)), css_color(label))


def css_color(label: int) -> str:
    """A class's colour as pages write it."""
    return "#{:02x}{:02x}{:02x}".format(*class_color(label))


def _card(one: Finding, run: DetectionRun) -> dict[str, Any]:
    size = (one.shape[0], one.shape[1])
    numbered = run.numbered
    found = [
        _Found(f"{score:.2f}", count, box, *_class(label, run.names))
        for score, count, box, label in zip(
            one.found.scores.tolist(),
            one.found.counts.tolist(),
            one.found.boxes.tolist(),
            one.found.labels.tolist(),
            strict=True,
        )
    ]
    boxes = [
        place_box(
            "found",
            each.box,
            size,
            f"score {each.score}, {each.windows} windows"
            if run.names is None
            else f"{each.name}, score {each.score}",
            f"{each.name} {each.score}".strip() if place < TAGGED else "",
            each.color,
        )
        for place, each in enumerate(found if numbered is None else [])
    ]
    boxes += [
        place_box("found", each.box, size, f"number {number}")
        for number, each in enumerate(found[: numbered or 0], 1)
    ]
    listed = found if numbered is None else []
    return {
        "outcome": one,
        "size": f"{size[1]} × {size[0]}",
        "found": len(found),
        "boxes": layered(boxes),
        "scores": listed[:LISTED],
        "more": max(0, len(listed) - LISTED),
        "stages": stage_shares(STAGES, [one]),
    }
