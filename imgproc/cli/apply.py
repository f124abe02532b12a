"""``imgproc apply``: a chain of operations over files, folders and patterns."""

from __future__ import annotations

import json as json_format
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

import imgproc

from ..io.folders import PlanError, cause
from ..io.formats import suffix_format
from .arguments import extension_of, planned, report_path, skipped, split
from .batch import ChainJob, Writing, process_chain
from .chain import ChainError
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
from .pipe import is_piped, one_image, stream
from .progress import QUIET, loudness
from .report import Run, picture_side, write_report
from .runs import (
    carry_out,
    make_folder,
    page_written,
    print_plan,
    remove_empty,
    sentence,
    summarize,
)
from .verbs import command_line, refuse


def apply(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="OP[:value|key=value,...]... INPUT...",
            help=f"Operations in order, then {INPUTS}",
            show_default=False,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            help="Folder for the results, a file for a single input file, or - for standard output.",
            show_default=False,
        ),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Replace the inputs by the results.")] = False,
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
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
    quality: Quality = 95,
    strip: Annotated[
        bool, typer.Option("--strip", help="Leave out EXIF, ICC, XMP and dpi instead of keeping them.")
    ] = False,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Give outputs the modification times of their inputs.")
    ] = False,
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
    """Run operations over images and write the results.

    \b
    imgproc apply autocontrast:cutoff=1 gray-world gamma:0.8 photos/ -o out/
    imgproc apply clahe:tiles=8x8 'scans/**/*.tif' -o out/ --report
    imgproc apply gamma:0.8 - -o - < in.jpg > out.jpg

    White balance and rgb-to-gray leave gray images as they are.
    Bit depth, alpha, EXIF and ICC profiles are kept. Outputs stand below OUT as the inputs stand below the
    argument that named them. 'imgproc ops' lists the operations.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        steps, inputs = split(arguments, imgproc.operations())
        if is_piped(inputs, out):
            others = [("--in-place", in_place), ("-r", recursive), ("--skip-existing", skip_existing)]
            others += [("--keep-times", keep_times), ("--dry-run", dry_run), ("--json", json)]
            unfit = [*others, ("--suffix", suffix), ("--report", report is not None)]
            if out != "-":
                unfit.append(("--format", format))
            source, target = one_image(inputs, out, overwrite, unfit)
            kind = None if format is None else suffix_format(f"image{extension_of(format)}")
            writing = Writing(quality, overwrite, strip)
            raise typer.Exit(stream(steps, source, target, format=kind, writing=writing))
        found, pairs = planned(inputs, out, in_place, recursive, suffix, format)
        kept = skipped(pairs, in_place, skip_existing, overwrite)
        results = None if out is None else Path(out)
        page = report_path(report, pairs, results, overwrite)
        made: list[Path] = []
        if results is not None and not dry_run:
            single = len(pairs) == 1 and pairs[0].target == results
            made = make_folder(results.parent if single else results)
    except (ChainError, PlanError) as error:
        refuse("apply", str(error))
    except OSError as error:
        refuse("apply", f"{error.filename}: {cause(error)}")

    tasks = [
        ChainJob(
            pair.source,
            pair.target,
            steps,
            skip=pair.target in kept,
            preview=0 if page is None else picture_side(position, len(pairs)),
        )
        for position, pair in enumerate(pairs)
    ]
    volume = loudness(quiet, verbose)
    if dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=json))
    run = carry_out(
        tasks,
        partial(process_chain, writing=Writing(quality, overwrite or in_place, strip, keep_times)),
        unreadable=found.unreadable,
        workers=jobs,
        loudness=volume,
        fail_fast=fail_fast,
    )
    if not run.count("done"):
        remove_empty(made)
    if page is not None:
        facts = Run(command_line(), run.seconds, run.workers, run.unfinished)
        page = page_written("apply", page, partial(write_report, outcomes=run.outcomes, run=facts))
    summary: dict[str, Any] = {"version": imgproc.__version__, "chain": [str(step) for step in steps]}
    summary |= summarize(run, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        print(sentence(summary, results), file=sys.stderr)
    raise typer.Exit(run.exit_status() or int(report is not None and page is None))
