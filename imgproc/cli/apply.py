"""``imgproc apply``: a chain of operations over files, folders and patterns."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

import imgproc

from ..io import ImageError
from ..io.folders import PlanError, cause
from ..io.images import open_image
from .arguments import planned, report_path, skipped, split
from .batch import Job, describe_failure, interruptible, run_jobs
from .chain import ChainError, Step
from .outcomes import Outcome
from .progress import NORMAL, QUIET, VERBOSE, Monitor
from .report import Run, picture_side, write_report
from .text import in_bytes, in_time, shown
from .verbs import command_line, refuse


def apply(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="OP[:value|key=value,...]... INPUT...",
            help="Operations in order, then files, folders, quoted patterns ('photos/**/*.jpg') or @LIST, "
            "a file with one of these a line.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            help="Folder for the results, or a file for a single input file.",
            show_default=False,
        ),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Replace the inputs by the results.")] = False,
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Reach into subfolders.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out what has its output.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")] = False,
    suffix: Annotated[
        str,
        typer.Option(
            "--suffix", help="Appended to each output's name: -o out --suffix _new.", show_default=False
        ),
    ] = "",
    format: Annotated[
        str | None,
        typer.Option("--format", help="Format of the outputs: png, jpg, tiff, ...", show_default=False),
    ] = None,
    quality: Annotated[int, typer.Option("--quality", min=1, max=100, help="Of JPEG and WebP outputs.")] = 95,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j",
            "--jobs",
            min=1,
            help="Images worked on at a time; the processors by default.",
            show_default=False,
        ),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which input gives which output.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
    report: Annotated[
        str | None,
        typer.Option(
            "--report",
            metavar="[FILE.html]",
            help="Write a page with all results; report.html in OUT.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but failures.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say what becomes of each image.")] = False,
) -> None:
    """Run operations over images and write the results.

    \b
    imgproc apply autocontrast:cutoff=1 gray-world gamma:0.8 photos/ -o out/
    imgproc apply clahe:tiles=8x8 'scans/**/*.tif' -o out/ --report

    White balance and rgb-to-gray leave gray images as they are.
    Bit depth, alpha, EXIF and ICC profiles are kept. Outputs stand below OUT as the inputs stand below the
    argument that named them. 'imgproc ops' lists the operations.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        steps, inputs = split(arguments, imgproc.operations())
        found, pairs = planned(inputs, out, in_place, recursive, suffix, format)
        kept = skipped(pairs, in_place, skip_existing, overwrite)
        results = None if out is None else Path(out)
        page = report_path(report, pairs, results, overwrite)
        made: list[Path] = []
        if results is not None and not dry_run:
            single = len(pairs) == 1 and pairs[0].target == results
            made = _make_folder(results.parent if single else results)
    except (ChainError, PlanError) as error:
        refuse("apply", str(error))
    except OSError as error:
        refuse("apply", f"{error.filename}: {cause(error)}")

    tasks = [
        Job(pair, steps, pair.target in kept, 0 if page is None else picture_side(position, len(pairs)))
        for position, pair in enumerate(pairs)
    ]
    loudness = QUIET if quiet else VERBOSE if verbose else NORMAL
    workers = max(1, min(jobs or imgproc.get_num_threads(), len(tasks)))
    outcomes = [Outcome(path, None, "failed", error=why) for path, why in found.unreadable]
    start = perf_counter()
    if dry_run:
        outcomes += [_foreseen(job) for job in tasks]
        _print_plan(outcomes, loudness, json)
        raise typer.Exit(1 if any(outcome.status == "failed" for outcome in outcomes) else 0)

    with interruptible() as stop, Monitor(len(tasks), loudness) as monitor:
        for outcome in outcomes:
            monitor.show(outcome)
        if not (outcomes and fail_fast):
            for outcome in run_jobs(
                tasks,
                workers=workers,
                quality=quality,
                overwrite=overwrite or in_place,
                fail_fast=fail_fast,
                stop=stop,
            ):
                outcomes.append(outcome)
                monitor.show(outcome)
    seconds = perf_counter() - start
    if not any(outcome.status == "done" for outcome in outcomes):
        _remove_empty(made)
    unfinished = len(tasks) + len(found.unreadable) - len(outcomes)
    if page is not None:
        page = _write_page(page, outcomes, Run(command_line(), seconds, workers, unfinished))
    summary = summarize(outcomes, steps, seconds, unfinished, stop.signal is not None, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if loudness > QUIET or stop:
        print(_sentence(summary, results), file=sys.stderr)
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)
    raise typer.Exit(1 if summary["failed"] or (report is not None and page is None) else 0)


def summarize(
    outcomes: Sequence[Outcome],
    steps: Sequence[Step],
    seconds: float,
    unfinished: int,
    interrupted: bool,
    page: Path | None,
) -> dict[str, Any]:
    """The run as data."""
    return {
        "version": imgproc.__version__,
        "chain": [str(step) for step in steps],
        "processed": sum(outcome.status == "done" for outcome in outcomes),
        "skipped": sum(outcome.status == "skipped" for outcome in outcomes),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "unfinished": unfinished,
        "interrupted": interrupted,
        "seconds": round(seconds, 3),
        "report": None if page is None else str(page),
        "results": [_result(outcome) for outcome in outcomes],
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "input": str(outcome.source),
        "output": None if outcome.target is None else str(outcome.target),
        "status": outcome.status,
    }
    if outcome.error is not None:
        result["error"] = outcome.error
    if outcome.status == "done":
        result["shape"] = list(outcome.shape)
        result["dtype"] = outcome.dtype
        result["seconds"] = {stage: round(seconds, 4) for stage, seconds in outcome.seconds.items()}
    return result


def _write_page(page: Path, outcomes: Sequence[Outcome], run: Run) -> Path | None:
    try:
        write_report(page, outcomes, run)
    except OSError as error:
        print(f"imgproc apply: the report {shown(page)} cannot be written: {cause(error)}", file=sys.stderr)
        return None
    return page


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder for the results; gives what was not there before, deepest first."""
    try:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(f"the folder {str(folder)!r} cannot be made: {cause(error)}") from None
    return made


def _remove_empty(made: Sequence[Path]) -> None:
    """Take away folders that were made and stayed empty."""
    below = [Path(folder) for folder, _, _ in os.walk(made[0], topdown=False)] if made else []
    for folder in [*below, *made[1:]]:
        with suppress(OSError):  # not empty
            folder.rmdir()


def _foreseen(job: Job) -> Outcome:
    """What can be told without decoding."""
    source, target = job.pair.source, job.pair.target
    if job.skip:
        return Outcome(source, target, "skipped")
    try:
        with open_image(str(source)) as (file, _):
            size = os.fstat(file.fileno()).st_size
    except (ImageError, OSError) as error:
        return Outcome(source, target, "failed", error=describe_failure(error))
    return Outcome(source, target, "planned", bytes_in=size)


def _print_plan(outcomes: Sequence[Outcome], loudness: int, json: bool) -> None:
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("planned", "skipped", "failed")
    }
    if json:
        print(json_format.dumps(counts | {"results": [_result(outcome) for outcome in outcomes]}, indent=1))
    else:
        for outcome in outcomes:
            note = (
                shown(outcome.error)
                if outcome.error
                else "skipped"
                if outcome.status == "skipped"
                else in_bytes(outcome.bytes_in)
            )
            arrow = "" if outcome.target is None else f" -> {shown(outcome.target)}"
            print(f"{shown(outcome.source)}{arrow}  ({note})")
    if loudness > QUIET:
        print(
            f"{counts['planned']} to do, {counts['skipped']} to skip, {counts['failed']} would fail",
            file=sys.stderr,
        )


def _sentence(summary: dict[str, Any], out: Path | None) -> str:
    parts = [f"{summary['processed']} done"]
    parts += [f"{summary[kind]} {kind}" for kind in ("skipped", "failed") if summary[kind]]
    text = f"{', '.join(parts)} in {in_time(summary['seconds'])}"
    if summary["unfinished"]:
        text += f"; {summary['unfinished']} not begun"
    if summary["interrupted"]:
        text = f"interrupted: {text}; what is done stays, --skip-existing continues"
    if out is not None and summary["processed"]:
        text += f"; results in {shown(out)}"
    if summary["report"] is not None:
        text += f"; report: {shown(summary['report'])}"
    return text
