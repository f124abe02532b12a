"""``imgproc apply``: a chain of operations over files, folders and patterns."""

from __future__ import annotations

import json as json_format
import os
import shlex
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

import imgproc

from ..io.folders import Found, Pair, PlanError, cause, existing, find_images, is_pattern, plan
from ..io.formats import FORMATS, HEAD, sniff, stranger, suffix_format
from .batch import Job, interruptible, run_jobs
from .chain import ChainError, Operations, Step, find_operation, nearest, parse_step
from .outcomes import Outcome
from .progress import NORMAL, QUIET, VERBOSE, Monitor
from .report import Run, picture_side, write_report
from .text import in_bytes, in_time, shown


def apply(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="OP[:value|key=value,...]... INPUT...",
            help="Operations in order, then files, folders or quoted patterns ('photos/**/*.jpg').",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
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

    Bit depth, alpha, EXIF and ICC profiles are kept. Outputs stand below OUT as the inputs stand below the
    argument that named them. 'imgproc ops' lists the operations.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        steps, inputs = split(arguments, imgproc.operations())
        found, pairs = _planned(inputs, out, in_place, recursive, suffix, format)
        skipped = _skipped(pairs, in_place, skip_existing, overwrite)
        page = _report_path(report, pairs, out)
    except (ChainError, PlanError) as error:
        print(f"imgproc apply: {shown(str(error))}", file=sys.stderr)
        raise typer.Exit(2) from None

    tasks = [
        Job(pair, steps, pair.target in skipped, 0 if page is None else picture_side(position, len(pairs)))
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
    unfinished = len(tasks) + len(found.unreadable) - len(outcomes)
    if page is not None:
        page = _write_page(page, outcomes, Run(_command(), seconds, workers, unfinished))
    summary = summarize(outcomes, steps, seconds, unfinished, stop.signal is not None, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if loudness > QUIET or stop:
        print(_sentence(summary, None if in_place else out), file=sys.stderr)
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)
    raise typer.Exit(1 if summary["failed"] or (report is not None and page is None) else 0)


def split(arguments: Sequence[str], operations: Operations) -> tuple[list[Step], list[str]]:
    """The chain that stands first, and the inputs after it."""
    steps: list[Step] = []
    for argument in arguments:
        step = parse_step(argument, operations)
        if step is None:
            break
        steps.append(step)
    inputs = list(arguments[len(steps) :])
    for position, argument in enumerate(inputs):
        if os.path.lexists(argument) or is_pattern(argument):
            continue
        name = argument.partition(":")[0]
        if position > 0 and find_operation(name, operations) is not None:
            raise ChainError(f"the operation {argument!r} comes after an input; write all operations first")
        if position == 0 and not os.path.dirname(name):
            close = nearest(name, operations)
            hint = f"did you mean {close}? " if close else ""
            raise ChainError(
                f"{argument!r} is neither an operation nor an existing file, folder or pattern; "
                f"{hint}'imgproc ops' lists the operations"
            )
    if not steps:
        raise ChainError("name at least one operation before the inputs; 'imgproc ops' lists them")
    if not inputs:
        same = next((step for step in steps if os.path.lexists(step.operation.command)), None)
        hint = f"; write ./{same.operation.command} for the file or folder of that name" if same else ""
        raise PlanError(f"name at least one file, folder or pattern after the operations{hint}")
    return steps, inputs


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


def _planned(
    inputs: Sequence[str], out: Path | None, in_place: bool, recursive: bool, suffix: str, format: str | None
) -> tuple[Found, list[Pair]]:
    if in_place and (out is not None or suffix or format is not None):
        raise PlanError("--in-place replaces the inputs; leave out -o, --suffix and --format")
    if out is None and not in_place:
        raise PlanError("say where the results go: -o FOLDER, or --in-place to replace the inputs")
    if os.path.basename(suffix) != suffix:
        raise PlanError(f"--suffix is a part of a file name, got {suffix!r}")
    extension = None
    if format is not None:
        extension = "." + format.lower().lstrip(".")
        if suffix_format(f"image{extension}") is None:
            extension = FORMATS[format.lower()].suffixes[0] if format.lower() in FORMATS else None
        if extension is None:
            raise PlanError(f"--format must be one of {', '.join(FORMATS)}, got {format!r}")
    found = find_images(inputs, recursive=recursive)
    return found, plan(found, out, suffix=suffix, extension=extension)


def _skipped(pairs: Sequence[Pair], in_place: bool, skip_existing: bool, overwrite: bool) -> set[Path]:
    """Outputs that stay as they are."""
    if skip_existing and (overwrite or in_place):
        raise PlanError(
            f"--skip-existing and {'--in-place' if in_place else '--overwrite'} exclude each other; keep one"
        )
    there = [] if in_place or overwrite else existing(pairs)
    if there and not skip_existing:
        raise PlanError(
            f"{len(there)} of {len(pairs)} outputs exist already, {str(there[0].target)!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )
    return {pair.target for pair in there}


def _report_path(report: str | None, pairs: Sequence[Pair], out: Path | None) -> Path | None:
    if report is None:
        return None
    if report:
        page = Path(report)
    elif out is None:
        page = Path("imgproc-report.html")
    else:
        single = len(pairs) == 1 and pairs[0].target == out
        page = out.with_name(f"{out.stem}-report.html") if single else out / "report.html"
    if page.is_dir():
        raise PlanError(f"--report needs a file name, and {str(page)!r} is a folder")
    if page.exists() and any(page.samefile(pair.source) for pair in pairs if pair.source.exists()):
        raise PlanError(f"the report {str(page)!r} would overwrite an input; name another file")
    return page


def _write_page(page: Path, outcomes: Sequence[Outcome], run: Run) -> Path | None:
    try:
        write_report(page, outcomes, run)
    except OSError as error:
        print(f"imgproc apply: the report {shown(page)} cannot be written: {cause(error)}", file=sys.stderr)
        return None
    return page


def _command() -> str:
    return shlex.join(["imgproc", *sys.argv[1:]])


def _foreseen(job: Job) -> Outcome:
    """What can be told without decoding."""
    source, target = job.pair.source, job.pair.target
    if job.skip:
        return Outcome(source, target, "skipped")
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):
            return Outcome(source, target, "failed", error="it is not a file")
        with open(source, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return Outcome(source, target, "failed", error=cause(error))
    if sniff(head) is None:
        return Outcome(source, target, "failed", error=stranger(head))
    return Outcome(source, target, "planned", bytes_in=status.st_size)


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
