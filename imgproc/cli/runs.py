"""One run over many images, as every verb that makes one plans it, carries it out and tells of it."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import imgproc

from ..io import ImageError
from ..io.folders import PlanError, cause
from ..io.images import open_image
from .batch import AnyJob, Job, describe_failure, interruptible, run_jobs
from .outcomes import Outcome
from .progress import QUIET, Monitor
from .text import in_bytes, in_time, shown


@dataclass(frozen=True)
class Finished:
    """A run that has come to its end, or to where it was stopped."""

    outcomes: list[Outcome]
    seconds: float
    workers: int
    unfinished: int
    signal: int | None

    def count(self, status: str) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)

    def exit_status(self) -> int:
        if self.signal is not None:
            return 128 + self.signal
        return 1 if self.count("failed") else 0


def carry_out(
    jobs: Sequence[AnyJob],
    process: Any,
    *,
    unreadable: Sequence[tuple[Path, str]],
    workers: int | None,
    loudness: int,
    fail_fast: bool,
    keep: Callable[[Outcome], None] = lambda outcome: None,
    runner: Callable[..., Iterator[Outcome]] = run_jobs,
) -> Finished:
    """Work through all jobs; ``keep`` gets each outcome as it comes, in order.

    ``runner`` takes what `run_jobs` takes; ``process`` is what it makes outcomes with.
    """
    outcomes = _unreadable(unreadable)
    count = max(1, min(workers or imgproc.get_num_threads(), len(jobs)))
    start = perf_counter()
    with interruptible() as stop, Monitor(len(jobs), loudness) as monitor:
        for outcome in outcomes:
            monitor.show(outcome)
        if not (outcomes and fail_fast):
            for outcome in runner(jobs, process, workers=count, fail_fast=fail_fast, stop=stop):
                outcomes.append(outcome)
                keep(outcome)
                monitor.show(outcome)
    unfinished = len(jobs) + len(unreadable) - len(outcomes)
    return Finished(outcomes, perf_counter() - start, count, unfinished, stop.signal)


def summarize(run: Finished, page: Path | None) -> dict[str, Any]:
    """The run as data."""
    return {
        "processed": run.count("done"),
        "skipped": run.count("skipped"),
        "failed": run.count("failed"),
        "unfinished": run.unfinished,
        "interrupted": run.signal is not None,
        "seconds": round(run.seconds, 3),
        "report": None if page is None else str(page),
        "results": [outcome.to_dict() for outcome in run.outcomes],
    }


def sentence(summary: dict[str, Any], out: Path | None, more: str = "") -> str:
    """The run for people; ``more`` is what else came of it."""
    parts = [f"{summary['processed']} done"]
    parts += [f"{summary[kind]} {kind}" for kind in ("skipped", "failed") if summary[kind]]
    text = f"{', '.join(parts)} in {in_time(summary['seconds'])}"
    if summary["unfinished"]:
        text += f"; {summary['unfinished']} not begun"
    if summary["interrupted"]:
        text = f"interrupted: {text}; what is done stays, --skip-existing continues"
    if more:
        text += f"; {more}"
    if out is not None and summary["processed"]:
        text += f"; results in {shown(out)}"
    if summary["report"] is not None:
        text += f"; report: {shown(summary['report'])}"
    return text


def print_plan(
    jobs: Sequence[Job], unreadable: Sequence[tuple[Path, str]], *, loudness: int, json: bool
) -> int:
    """What a run would do, without decoding anything; gives the exit status."""
    outcomes = [*_unreadable(unreadable), *map(_foreseen, jobs)]
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("planned", "skipped", "failed")
    }
    if json:
        print(json_format.dumps(counts | {"results": [outcome.to_dict() for outcome in outcomes]}, indent=1))
    else:
        for outcome in outcomes:
            note = (
                shown(outcome.error)
                if outcome.error
                else "skipped"
                if outcome.status == "skipped"
                else in_bytes(outcome.bytes_in)
            )
            print(f"{shown(outcome.source)}{outcome.line()}  ({note})")
    if loudness > QUIET:
        print(
            f"{counts['planned']} to do, {counts['skipped']} to skip, {counts['failed']} would fail",
            file=sys.stderr,
        )
    return 1 if counts["failed"] else 0


def make_folder(folder: Path) -> list[Path]:
    """Make the folder for the results; gives what was not there before, deepest first."""
    try:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(f"the folder {str(folder)!r} cannot be made: {cause(error)}") from None
    return made


def remove_empty(made: Sequence[Path]) -> None:
    """Take away folders that were made and stayed empty."""
    below = [Path(folder) for folder, _, _ in os.walk(made[0], topdown=False)] if made else []
    for folder in [*below, *made[1:]]:
        with suppress(OSError):  # not empty
            folder.rmdir()


def page_written(verb: str, page: Path, write: Callable[[Path], None]) -> Path | None:
    """The page where it could be written; else the reason is told."""
    try:
        write(page)
    except OSError as error:
        print(f"imgproc {verb}: the report {shown(page)} cannot be written: {cause(error)}", file=sys.stderr)
        return None
    return page


def _unreadable(folders: Sequence[tuple[Path, str]]) -> list[Outcome]:
    return [Outcome(path, None, "failed", error=why) for path, why in folders]


def _foreseen(job: Job) -> Outcome:
    if job.skip:
        return Outcome(job.source, job.target, "skipped")
    try:
        with open_image(str(job.source)) as (file, _):
            size = os.fstat(file.fileno()).st_size
    except (ImageError, OSError) as error:
        return Outcome(job.source, job.target, "failed", error=describe_failure(error))
    return Outcome(job.source, job.target, "planned", bytes_in=size)
