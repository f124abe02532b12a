"""A search for objects in many images, as every verb that finds boxes plans it, carries it out and tells of it."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    find_images,
    plan_names,
    refuse_meeting,
    refuse_results,
)
from .arguments import report_path, with_lists
from .batch import run_jobs
from .detection import DetectJob, Finding, Search, crop_path, picture_name, process, told
from .outcomes import Outcome
from .progress import QUIET, loudness
from .report import picture_side
from .report.detection import DetectionRun, write_detection_page
from .results import ResultFiles
from .runs import carry_out, make_folder, page_written, print_plan, remove_empty, sentence, summarize
from .text import shown
from .verbs import command_line, refuse

ANNOTATED, CROPS = "annotated", "crops"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the options ask for that verbs share."""

    inputs: Sequence[str]
    out: str | None
    format: str
    class_name: str
    """What the objects are called in words."""
    names: Mapping[int, str] | None = None
    """Of their labels in files; by default all have label 0 and are called ``class_name``."""
    annotate: bool
    crops: bool = False
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


def search_images(
    verb: str,
    request: Request,
    search: Search,
    params: Mapping[str, Any],
    settings: Sequence[tuple[str, str]],
    runner: Callable[..., Iterator[Outcome]] | None = None,
) -> NoReturn:
    """Look through all images and exit; ``params`` say in files how, ``settings`` in the report.

    ``runner`` works through the images, with ``search``; by default each goes through `process` on its own.
    """
    try:
        if request.out is None:
            raise PlanError("say where the results go: -o FOLDER")
        _check_class(request.class_name)
        folder = Path(request.out)
        found = find_images(with_lists(request.inputs), recursive=request.recursive)
        names = {0: request.class_name} if request.names is None else request.names
        files = ResultFiles(folder, request.format, names, params)
        tasks = _jobs(found, folder, files, request)
        pairs = [Pair(task.source, folder / task.name) for task in tasks]
        page = report_path(request.report, pairs, folder, request.overwrite)
        if page is not None:
            tasks = _with_previews(tasks)
        made = [] if request.dry_run else make_folder(folder)
    except PlanError as error:
        refuse(verb, str(error))
    except OSError as error:
        refuse(verb, f"{error.filename}: {cause(error)}")

    volume = loudness(request.quiet, request.verbose)
    if request.dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=request.json))
    keeper = _Keeper(verb, files)
    run = carry_out(
        tasks,
        partial(process, search=search),
        unreadable=found.unreadable,
        workers=request.jobs,
        loudness=volume,
        fail_fast=request.fail_fast,
        keep=keeper.add,
        runner=runner or run_jobs,
    )
    keeper.save()
    if not run.count("done"):
        remove_empty(made)
    findings = [one for one in run.outcomes if isinstance(one, Finding) and one.status == "done"]
    total = sum(len(one.found) for one in findings)
    if page is not None:
        facts = DetectionRun(
            command_line(),
            run.seconds,
            run.workers,
            run.unfinished,
            class_name=request.class_name,
            settings=settings,
            numbered=search.drawn,
            names=request.names,
        )
        page = page_written(verb, page, partial(write_detection_page, outcomes=run.outcomes, run=facts))
    written = str(files.path) if keeper.saved and files.path.exists() else None
    summary: dict[str, Any] = {
        "version": imgproc.__version__,
        "params": dict(params),
        "class": request.class_name,
        "detections": written,
        "found": total,
    }
    summary |= summarize(run, page)
    if request.json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        more = told(total, request.class_name, sum(bool(len(one.found)) for one in findings))
        print(sentence(summary, folder, more if findings else ""), file=sys.stderr)
    failed = keeper.failed or (request.report is not None and page is None)
    raise typer.Exit(run.exit_status() or int(failed))


class _Keeper:
    """Puts findings into the files; a file that cannot be written is told once and fails the run."""

    def __init__(self, verb: str, files: ResultFiles) -> None:
        self.verb = verb
        self.files = files
        self.failed = self.saved = False

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finding) and outcome.status == "done":
            height, width = outcome.shape[:2]
            self._try(partial(self.files.add, outcome.name, outcome.found, (height, width)))

    def save(self) -> None:
        self.saved = self._try(self.files.save)

    def _try(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            if not self.failed:
                sentence = f"the detections {str(self.files.path)!r} cannot be written: {cause(error)}"
                print(f"imgproc {self.verb}: {shown(sentence)}", file=sys.stderr)
            self.failed = True
            return False
        return True


def _check_class(name: str) -> None:
    if not name or name != name.strip() or not name.isprintable():
        raise PlanError(f"--class must be a name that prints, without spaces around it, got {name!r}")


def _jobs(found: Found, out: Path, files: ResultFiles, request: Request) -> list[DetectJob]:
    annotate, crops = request.annotate, request.crops
    if request.skip_existing and request.overwrite:
        raise PlanError("--skip-existing and --overwrite exclude each other; keep one")
    names = plan_names(found, out)
    sources = [source.path for source in found.sources]
    files.check(names, sources)
    pictures = [picture_name(name) for name in names]
    if annotate or crops:
        refuse_meeting(map(Pair, sources, map(Path, pictures)), "pictured as")
        refuse_results(found, [out / ANNOTATED] * annotate + [out / CROPS] * crops)
    tasks = [
        DetectJob(
            source,
            out / ANNOTATED / picture if annotate else None,
            name=name.as_posix(),
            crops=out / CROPS / picture if crops else None,
        )
        for source, name, picture in zip(sources, names, pictures, strict=True)
    ]
    if request.skip_existing:
        tasks = _with_skips(tasks, files, names)
    elif not request.overwrite:
        _refuse_existing(tasks, files.existing(names))
    files.order(names)
    return tasks


def _refuse_existing(tasks: Sequence[DetectJob], there: list[Path]) -> None:
    there = [*there, *(task.target for task in tasks if task.target is not None and task.target.exists())]
    there += [first for task in tasks if task.crops and (first := crop_path(task.crops, 1)).exists()]
    if there:
        raise PlanError(
            f"{len(there)} of the outputs exist already, {str(there[0])!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )


def _with_skips(tasks: Sequence[DetectJob], files: ResultFiles, names: Sequence[PurePath]) -> list[DetectJob]:
    """Left out is what has everything that is asked for: its detections, its picture and all its crops."""
    before = files.take_over(names)
    ready = []
    for task in tasks:
        skip = task.name in before and (task.target is None or task.target.exists())
        known = before.get(task.name)
        if skip and task.crops is not None and known is not None:
            skip = all(crop_path(task.crops, number).exists() for number in range(1, len(known) + 1))
        ready.append(replace(task, skip=skip))
    return ready


def _with_previews(tasks: Sequence[DetectJob]) -> list[DetectJob]:
    return [replace(task, preview=picture_side(position, len(tasks))) for position, task in enumerate(tasks)]
