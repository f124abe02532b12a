"""A run of a network whose results stand in files of each image: planned, carried out and told of."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any, NoReturn

import typer

import imgproc

from ..io.folders import (
    Found,
    Pair,
    PlanError,
    cause,
    existing,
    find_images,
    plan_names,
    refuse_meeting,
    refuse_results,
)
from .arguments import report_path, with_lists
from .batch import Job
from .neural_models import NetworkRequest, Opened, open_network
from .neural_runs import Steps, run_batches
from .outcomes import Outcome
from .progress import QUIET, loudness
from .report import Run, picture_side, write_report
from .runs import (
    Finished,
    carry_out,
    make_folder,
    page_written,
    print_plan,
    remove_empty,
    sentence,
    summarize,
)
from .verbs import command_line, refuse


@dataclass(frozen=True, kw_only=True)
class ImagesRequest:
    """What the options ask for that the verbs share."""

    inputs: Sequence[str]
    out: str | None
    recursive: bool
    skip_existing: bool
    overwrite: bool
    jobs: int | None
    fail_fast: bool
    dry_run: bool
    json: bool
    report: str | None
    quiet: bool
    verbose: bool


@dataclass(frozen=True)
class ImageJob(Job):
    """One image; its target is written last: where it is, all outputs are."""

    name: str = ""
    outputs: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What a verb does that others do not."""

    task: str
    outputs: Callable[[PurePath], Sequence[PurePath]]
    """Below OUT, of an image of such a name, in the order in which they are written."""
    steps: Callable[[Opened], Steps]
    told: Callable[[Sequence[Any]], str]
    """Outcomes in words."""
    check: Callable[[Opened], None] | None = None
    """Raises PlanError where the preset does not fit the options."""
    page: Callable[[Path, Sequence[Outcome], Run], None] | None = None
    """Writes the page; by default with pictures before and after."""
    before: Callable[[Path, Opened], Callable[[str], bool]] | None = None
    """Which images are done already, where that is told by a file of all results and not by their own."""
    save: Callable[[Path, Sequence[Any], Opened], None] | None = None
    """Writes the file of all results."""


def run_network(verb: Verb, request: ImagesRequest, network: NetworkRequest) -> NoReturn:
    """Give all images to the network and exit."""
    name = f"neural {verb.task}"
    try:
        opened = open_network(verb.task, network, dry_run=request.dry_run)
        if verb.check is not None:
            verb.check(opened)
        if request.out is None:
            raise PlanError("say where the results go: -o FOLDER")
        folder = Path(request.out)
        found = find_images(with_lists(request.inputs), recursive=request.recursive)
        done = verb.before(folder, opened) if verb.before else None
        tasks = _jobs(found, folder, verb, request, done)
        pairs = [Pair(task.source, folder / task.name) for task in tasks]
        page = report_path(request.report, pairs, folder, request.overwrite)
        if page is not None:
            tasks = [replace(task, preview=picture_side(n, len(tasks))) for n, task in enumerate(tasks)]
        made = [] if request.dry_run else make_folder(folder)
    except PlanError as error:
        refuse(name, str(error))
    except OSError as error:
        refuse(name, f"{error.filename}: {cause(error)}")

    volume = loudness(request.quiet, request.verbose)
    if request.dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=request.json))
    run = carry_out(
        tasks,
        None,
        unreadable=found.unreadable,
        workers=request.jobs,
        loudness=volume,
        fail_fast=request.fail_fast,
        runner=partial(run_batches, steps=verb.steps(opened)),
    )
    failed = not _saved(name, verb, folder, run, opened)
    if not run.count("done"):
        remove_empty(made)
    if page is not None:
        facts = Run(command_line(), run.seconds, run.workers, run.unfinished)
        write = verb.page or _write_page
        page = page_written(name, page, lambda path: write(path, run.outcomes, facts))
    summary: dict[str, Any] = {"version": imgproc.__version__, "params": opened.params} | summarize(run, page)
    if request.json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        more = verb.told([one for one in run.outcomes if one.status == "done"]) if run.count("done") else ""
        print(sentence(summary, folder, more), file=sys.stderr)
    raise typer.Exit(run.exit_status() or int(failed or (request.report is not None and page is None)))


def _write_page(path: Path, outcomes: Sequence[Outcome], run: Run) -> None:
    write_report(path, outcomes, run)


def _saved(name: str, verb: Verb, folder: Path, run: Finished, opened: Opened) -> bool:
    if verb.save is None or not run.count("done"):
        return True
    try:
        verb.save(folder, [one for one in run.outcomes if one.status == "done"], opened)
    except OSError as error:
        print(
            f"imgproc {name}: the results in {str(folder)!r} cannot be written: {cause(error)}",
            file=sys.stderr,
        )
        return False
    return True


def _jobs(
    found: Found, out: Path, verb: Verb, request: ImagesRequest, done: Callable[[str], bool] | None
) -> list[ImageJob]:
    if request.skip_existing and request.overwrite:
        raise PlanError("--skip-existing and --overwrite exclude each other; keep one")
    names = plan_names(found, out)
    tasks = []
    for source, name in zip(found.sources, names, strict=True):
        outputs = tuple(out / path for path in verb.outputs(name))
        target = outputs[-1] if outputs else None
        tasks.append(ImageJob(source.path, target, name=name.as_posix(), outputs=outputs))
    refuse_results(found, sorted({out / path.relative_to(out).parts[0] for path in _every(tasks)}))
    pairs = [Pair(task.source, path) for task in tasks for path in task.outputs]
    refuse_meeting(pairs)
    if request.skip_existing:
        whole = done or (lambda name: False)
        return [
            replace(task, skip=all(p.exists() for p in task.outputs) if task.outputs else whole(task.name))
            for task in tasks
        ]
    there = [] if request.overwrite else existing(pairs)
    if there:
        raise PlanError(
            f"{len(there)} of the outputs exist already, {str(there[0].target)!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )
    return tasks


def _every(tasks: Sequence[ImageJob]) -> Iterable[Path]:
    return (path for task in tasks for path in task.outputs)


def shares_told(shares: Mapping[str, float], most: int = 3) -> str:
    """The largest of some shares in words."""
    first = sorted(shares.items(), key=lambda item: -item[1])[:most]
    more = f", {len(shares) - most} more" if len(shares) > most else ""
    return ", ".join(f"{name} {share:.0%}" for name, share in first) + more
