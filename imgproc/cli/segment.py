"""``imgproc segment``: the regions of images, as labels, pictures and tables."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

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
from .chain import ChainError, Step, nearest, parse_step
from .detection import picture_name
from .methods import METHODS
from .options import (
    INPUTS,
    FailFast,
    Jobs,
    Json,
    Overwrite,
    Quality,
    Quiet,
    Recursive,
    Report,
    SkipExisting,
    Verbose,
)
from .progress import QUIET, loudness
from .regions import Segmented, SegmentJob, process
from .report import Run, picture_side, write_report
from .runs import carry_out, make_folder, page_written, print_plan, remove_empty, sentence, summarize
from .text import counted
from .verbs import command_line, refuse

LABELS, OVERLAYS, TABLES = "labels", "overlays", "regions"


def _listed() -> str:
    """Every method with its parameters, for the help."""
    return "\n".join(
        f"{name}: {operation.summary} ({', '.join(operation.parameters)})"
        for name, operation in METHODS.items()
    )


def segment(
    method: Annotated[
        str,
        typer.Argument(metavar="METHOD[:key=value,...]", help=", ".join(METHODS) + ".", show_default=False),
    ],
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help=INPUTS[0].upper() + INPUTS[1:], show_default=False)
    ],
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    quality: Quality = 95,
    jobs: Jobs = None,
    fail_fast: FailFast = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which input gives which output.")
    ] = False,
    json: Json = False,
    report: Report = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    try:
        step = _step(method)
        if out is None:
            raise PlanError("say where the results go: -o FOLDER")
        folder = Path(out)
        found = find_images(with_lists(inputs), recursive=recursive)
        tasks = _jobs(found, folder, step, skip_existing, overwrite)
        pairs = [Pair(task.source, task.target) for task in tasks]
        page = report_path(report, pairs, folder, overwrite)
        if page is not None:
            tasks = _jobs(found, folder, step, skip_existing, overwrite, previews=True)
        made = [] if dry_run else make_folder(folder)
    except (ChainError, PlanError) as error:
        refuse("segment", str(error))
    except OSError as error:
        refuse("segment", f"{error.filename}: {cause(error)}")

    volume = loudness(quiet, verbose)
    if dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=json))
    run = carry_out(
        tasks,
        # What is not complete is made again.
        partial(process, quality=quality, overwrite=overwrite or skip_existing),
        unreadable=found.unreadable,
        workers=jobs,
        loudness=volume,
        fail_fast=fail_fast,
    )
    if not run.count("done"):
        remove_empty(made)
    if page is not None:
        facts = Run(command_line(), run.seconds, run.workers, run.unfinished)
        page = page_written("segment", page, partial(write_report, outcomes=run.outcomes, run=facts))
    regions = sum(one.regions for one in run.outcomes if isinstance(one, Segmented))
    summary: dict[str, Any] = {"version": imgproc.__version__, "method": str(step), "regions": regions}
    summary |= summarize(run, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        print(
            sentence(summary, folder, counted(regions, "region") if run.count("done") else ""),
            file=sys.stderr,
        )
    raise typer.Exit(run.exit_status() or int(report is not None and page is None))


segment.__doc__ = f"""Divide images into regions.

    \b
    imgproc segment felzenszwalb:scale=300 photos/ -o out/
    imgproc segment watershed:markers=400,compactness=5 photo.jpg -o out/ --report
    imgproc segment objects 'nuclei/*.png' -o out/

    \b
{chr(10).join("    " + line for line in _listed().splitlines())}

    OUT/labels holds the number of each pixel's region as 16-bit PNG files, 0 for none; OUT/overlays the photographs
    with the borders of the regions; OUT/regions CSV tables with label, area, box (x1, y1, x2, y2: pixel edges,
    half-open), centre and mean colour of each region. Results stand in the tree of the inputs. Pixels are those of
    the upright image. An image of more than 65535 regions fails.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """


def _step(text: str) -> Step:
    step = parse_step(text, METHODS, last=True)
    if step is None:
        name = text.partition(":")[0]
        close = nearest(name, METHODS)
        hint = f"did you mean {close}? " if close else ""
        raise ChainError(f"there is no method {name!r}; {hint}it is one of {', '.join(METHODS)}")
    return step


def _jobs(
    found: Found, out: Path, step: Step, skip_existing: bool, overwrite: bool, previews: bool = False
) -> list[SegmentJob]:
    if skip_existing and overwrite:
        raise PlanError("--skip-existing and --overwrite exclude each other; keep one")
    names = plan_names(found, out)
    sources = [source.path for source in found.sources]
    refuse_results(found, [out / LABELS, out / OVERLAYS, out / TABLES])
    tasks = [
        SegmentJob(
            source,
            out / LABELS / name.with_suffix(".png"),
            out / OVERLAYS / picture_name(name),
            out / TABLES / name.with_suffix(".csv"),
            step,
            preview=picture_side(position, len(names)) if previews else 0,
        )
        for position, (source, name) in enumerate(zip(sources, names, strict=True))
    ]
    refuse_meeting(Pair(task.source, task.target) for task in tasks)
    refuse_meeting(Pair(task.source, task.overlay) for task in tasks)
    if skip_existing:
        return [_with_skip(task) for task in tasks]
    if not overwrite:
        _refuse_existing(tasks)
    return tasks


def _with_skip(task: SegmentJob) -> SegmentJob:
    return replace(task, skip=all(path.exists() for path in (task.target, task.overlay, task.table)))


def _refuse_existing(tasks: Sequence[SegmentJob]) -> None:
    paths = [path for task in tasks for path in (task.target, task.overlay, task.table)]
    there = [path for path in paths if path.exists()]
    if there:
        raise PlanError(
            f"{len(there)} of the outputs exist already, {str(there[0])!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )
