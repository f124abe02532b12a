"""What ``imgproc stereo`` does with each pair: which files belong together, what is written, and how it scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from .._core.images import GRAY, RGBA, Array, channel_count
from ..io import Picture, read_image, read_pfm, write_pfm
from ..io.folders import (
    Found,
    Pair,
    PlanError,
    existing,
    find_images,
    plan_names,
    refuse_meeting,
    refuse_results,
)
from ..stereo import DisparityScores, disparity, disparity_scores
from .batch import Clock, Job, WriteError, attempt, read_source, write_output
from .colors import colored
from .outcomes import Outcome
from .report.previews import take_preview

COLORED = "colors"


@dataclass(frozen=True)
class PairJob(Job):
    """The left image is the source, the PNG the target."""

    target: Path
    right: Path
    truth: Path | None = None
    pfm: Path | None = None
    picture: Path | None = None

    def with_preview(self, side: int) -> PairJob:
        return replace(self, preview=side)

    @property
    def outputs(self) -> list[Path]:
        return [path for path in (self.target, self.pfm, self.picture) if path is not None]


@dataclass(frozen=True)
class Matching:
    """How every pair is matched."""

    parameters: Mapping[str, Any]
    factor: float
    truth_factor: float
    overwrite: bool


@dataclass
class Matched(Outcome):
    """What became of a pair."""

    scores: DisparityScores | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        if self.scores is not None:
            known = {name: value for name, value in vars(self.scores).items() if np.isfinite(value)}
            result["scores"] = known
        return result


def plan_pairs(
    left: str,
    right: str,
    truth: str | None,
    out: Path,
    recursive: bool,
    skip_existing: bool,
    overwrite: bool,
    *,
    pfm: bool,
    colors: bool,
) -> tuple[Found, list[Pair], list[PairJob]]:
    """Which files are matched, and where their results go."""
    if skip_existing and overwrite:
        raise PlanError("--skip-existing and --overwrite exclude each other; keep one")
    found = find_images([left], recursive=recursive)
    names = plan_names(found, out)
    partners = _partners(found, names, left, right, "right image")
    truths = [None] * len(names) if truth is None else _partners(found, names, left, truth, "ground truth")
    refuse_results(found, [out])
    tasks = [
        PairJob(
            source.path,
            out / name.with_suffix(".png"),
            partner,
            true,
            out / name.with_suffix(".pfm") if pfm else None,
            out / COLORED / name.with_suffix(".png") if colors else None,
        )
        for source, name, partner, true in zip(found.sources, names, partners, truths, strict=True)
    ]
    pairs = [Pair(task.source, target) for task in tasks for target in task.outputs]
    refuse_meeting(pairs)
    inputs = {
        os.path.realpath(path) for task in tasks for path in (task.source, task.right, task.truth) if path
    }
    for pair in pairs:
        if os.path.realpath(pair.target) in inputs:
            raise PlanError(f"writing {str(pair.target)!r} would overwrite an input; name another folder")
    there = [] if overwrite else existing(pairs)
    if there and not skip_existing:
        raise PlanError(
            f"{len(there)} of {len(pairs)} outputs exist already, {str(there[0].target)!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )
    if skip_existing:
        tasks = [replace(task, skip=all(os.path.lexists(path) for path in task.outputs)) for task in tasks]
    return found, pairs, tasks


def _partners(found: Found, names: Sequence[PurePath], left: str, other: str, what: str) -> list[Path]:
    """The file that stands for each name: the other argument itself, or that of the same name below it."""
    path = Path(other)
    if not os.path.lexists(path):
        raise PlanError(f"there is no file or folder {other!r} with the {what}; check the path")
    if not Path(left).is_dir():
        if path.is_dir():
            raise PlanError(f"{left!r} is a file and {other!r} a folder; name a file with the {what}")
        return [path] * len(names)
    if not path.is_dir():
        raise PlanError(f"{left!r} is a folder and {other!r} a file; name a folder with the {what}s")
    return [_partner(path, name, what) for name in names]


def _partner(folder: Path, name: PurePath, what: str) -> Path:
    exact = folder / name
    if exact.exists():
        return exact
    try:
        close = sorted(
            entry for entry in exact.parent.iterdir() if entry.stem == name.stem and entry.is_file()
        )
    except OSError:
        close = []
    if len(close) != 1:
        found = f"{len(close)} files" if close else "no file"
        raise PlanError(
            f"{found} in {str(exact.parent)!r} for the {what} of {name.as_posix()!r}; one is needed"
        )
    return close[0]


def process(job: PairJob, *, way: Matching) -> Outcome:
    """Read, match, write."""
    outcome = Matched(job.source, job.target, "skipped", _chain(way.parameters))
    return outcome if job.skip else attempt(outcome, partial(_process, job, way))


def _chain(parameters: Mapping[str, Any]) -> str:
    return "disparity:" + ",".join(f"{name.replace('_', '-')}={value}" for name, value in parameters.items())


def _process(job: PairJob, way: Matching, outcome: Matched) -> None:
    clock = Clock(outcome.seconds)
    left = _seen(read_source(job, clock, outcome).pixels)
    with clock("read"):
        right = _seen(read_image(job.right).pixels)
        truth = None if job.truth is None else read_truth(job.truth, way.truth_factor)
    outcome.bytes_in += job.right.stat().st_size
    with clock("operations"):
        found = disparity(left, right, **way.parameters)
        if truth is not None:
            outcome.scores = disparity_scores(found, truth)
            outcome.note = str(outcome.scores)
        shades = colored(found, way.parameters["max_disparity"]) if job.picture or job.preview else None
    if job.preview and shades is not None:
        outcome.before, outcome.after = take_preview(left, job.preview), take_preview(shades, job.preview)
    with clock("write"):
        write_output(job.target, Picture(encoded(found, way.factor)), quality=95, overwrite=way.overwrite)
        if job.picture is not None and shades is not None:
            write_output(job.picture, Picture(shades), quality=95, overwrite=way.overwrite)
        if job.pfm is not None:
            write_floats(job.pfm, found, overwrite=way.overwrite)
    outcome.bytes_out = sum(path.stat().st_size for path in job.outputs)


def write_floats(path: Path, values: Array, *, overwrite: bool) -> None:
    """A float map as PFM, infinite where it is not known; its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pfm(path, np.where(np.isnan(values), np.float32(np.inf), values), overwrite=overwrite)
    except FileExistsError:
        raise
    except OSError as error:
        raise WriteError(path, error) from None


def _seen(image: Array) -> Array:
    return image[..., :3] if channel_count(image) == RGBA else image


def encoded(found: Array, factor: float) -> Array:
    """uint16: 0 where unknown, else the disparity times the factor, at least 1."""
    known = np.isfinite(found)
    values = np.rint(np.where(known, found, 0) * np.float64(factor)).clip(1, 65535)
    return np.where(known, values, 0).astype(np.uint16)


def read_truth(path: Path, factor: float) -> Array:
    """True disparities, NaN where unknown."""
    if path.suffix.lower() == ".pfm":
        truth = read_pfm(path)
        values = truth if truth.ndim == 2 else truth[..., 0]
        return np.where(np.isfinite(values), values, np.float32(np.nan))
    pixels = read_image(path).pixels
    if channel_count(pixels) != GRAY:
        if (pixels[..., :3] != pixels[..., :1]).any():
            raise ValueError(f"the ground truth {path.name} must be gray, got one in colour")
        pixels = pixels[..., 0]
    values = pixels.reshape(pixels.shape[:2]).astype(np.float32)
    return np.where(values > 0, values / np.float32(factor), np.float32(np.nan))


def told(matched: Sequence[Matched]) -> list[str]:
    """Scores of each pair, and their means."""
    lines = [f"{one.source}: {one.scores}" for one in matched]
    scores = [one.scores for one in matched if one.scores is not None and one.scores.known]
    if len(scores) > 1:
        means = {
            name: float(np.nanmean([getattr(one, name) for one in scores]))
            for name in ("found", "bad2", "bad2_found", "mean")
        }
        whole = DisparityScores(known=sum(one.known for one in scores), **means)
        lines.append(f"mean of {len(scores)}: {whole}")
    return lines
