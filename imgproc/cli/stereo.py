"""``imgproc stereo``: disparities of one rectified pair, or of two folders of them."""

from __future__ import annotations

import json as json_format
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

import imgproc

from .._core.parameters import Constraint, Flag, Range
from ..io.folders import PlanError, cause
from ..stereo import matching
from ..stereo.paths import PATHS
from .arguments import report_path
from .matching import COLORED, Matched, Matching, plan_pairs, process, told
from .options import FailFast, Jobs, Json, Overwrite, Quiet, Recursive, Report, SkipExisting, Verbose
from .progress import QUIET, loudness
from .report import Run, picture_side, write_report
from .runs import carry_out, make_folder, page_written, print_plan, remove_empty, sentence, summarize
from .verbs import command_line, refuse

_LARGEST = 65535


def stereo(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="The left image, or a folder of them.")],
    right: Annotated[
        str, typer.Argument(metavar="RIGHT", help="The right one, or a folder with the same names.")
    ],
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    max_disparity: Annotated[
        str, typer.Option("--max-disparity", metavar="N", help="Largest disparity that is tried, in pixels.")
    ] = "64",
    method: Annotated[
        str, typer.Option("--method", metavar="sgm|block", help="How disparities are chosen.")
    ] = "sgm",
    cost: Annotated[
        str, typer.Option("--cost", metavar="census|sad", help="What makes pixels differ.")
    ] = "census",
    radius: Annotated[
        str, typer.Option("--radius", metavar="N", help="Of the windows; none: 4 for block, 0 for sgm.")
    ] = "none",
    paths: Annotated[str, typer.Option("--paths", metavar="3|4|8", help="Directions of sgm.")] = "3",
    uniqueness: Annotated[
        str, typer.Option("--uniqueness", metavar="N", help="Per cent that other disparities must be worse.")
    ] = "10",
    check: Annotated[bool, typer.Option("--check/--no-check", help="Ask the right image too.")] = True,
    speckle: Annotated[
        str, typer.Option("--speckle", metavar="N", help="Leave out regions of fewer pixels.")
    ] = "100",
    factor: Annotated[
        str, typer.Option("--factor", metavar="N", help="Of the PNG: disparity = value / N, 0 unknown.")
    ] = "256",
    pfm: Annotated[
        bool, typer.Option("--pfm", help="Write float maps (.pfm) too, infinite where unknown.")
    ] = False,
    colors: Annotated[
        bool, typer.Option("--colors", help=f"Write pictures in colour, to OUT/{COLORED}.")
    ] = False,
    ground_truth: Annotated[
        str | None,
        typer.Option(
            "--ground-truth",
            metavar="FILE|FOLDER",
            help="True disparities (.pfm, or images with 0 for unknown): print scores.",
            show_default=False,
        ),
    ] = None,
    truth_factor: Annotated[
        str, typer.Option("--truth-factor", metavar="N", help="True disparity = value / N in images.")
    ] = "256",
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    jobs: Jobs = None,
    fail_fast: FailFast = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which pair gives which output.")
    ] = False,
    json: Json = False,
    report: Report = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find disparities of rectified pairs.

    \b
    imgproc stereo left.png right.png -o out/ --max-disparity 64 --colors
    imgproc stereo image_2/ image_3/ -o out/ --ground-truth disp_occ/ --report

    A file is matched with a file, a folder with a folder: images of the same path below both, whatever their suffix.
    OUT gets a 16-bit PNG of each left image's name, in which disparity = value / FACTOR pixels and 0 is unknown;
    with the factor 256 this is KITTI's form. Pictures in colour run from 0 (dark violet) to the largest disparity
    (yellow), black where unknown. Alpha is not looked at. Scores count pixels whose true disparity is known.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        texts: dict[str, tuple[Constraint, str]] = {
            "max_disparity": (matching.DISPARITIES, max_disparity),
            "method": (matching.METHOD, method),
            "cost": (matching.COST, cost),
            "radius": (matching.RADIUS, radius),
            "paths": (PATHS, paths),
            "uniqueness": (matching.PER_CENT, uniqueness),
            "check": (Flag(), str(check)),
            "speckle": (matching.AREA, speckle),
        }
        parameters = {name: _value(name, *given) for name, given in texts.items()}
        scale = _value("factor", Range(above=0, high=_LARGEST), factor)
        if parameters["max_disparity"] * scale > _LARGEST:
            most = _LARGEST // parameters["max_disparity"]
            raise PlanError(
                f"a disparity of {parameters['max_disparity']} times {scale:g} does not fit 16 bits; "
                f"say --factor {most} or less"
            )
        if out is None:
            raise PlanError("say where the results go: -o FOLDER")
        folder = Path(out)
        way = Matching(
            parameters, scale, _value("truth_factor", Range(above=0, high=_LARGEST), truth_factor), overwrite
        )
        found, pairs, tasks = plan_pairs(
            left, right, ground_truth, folder, recursive, skip_existing, overwrite, pfm=pfm, colors=colors
        )
        page = report_path(report, pairs, folder, overwrite)
        made = [] if dry_run else make_folder(folder)
    except PlanError as error:
        refuse("stereo", str(error))
    except OSError as error:
        refuse("stereo", f"{error.filename}: {cause(error)}")

    volume = loudness(quiet, verbose)
    if dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=json))
    if page is not None:
        tasks = [task.with_preview(picture_side(place, len(tasks))) for place, task in enumerate(tasks)]
    run = carry_out(
        tasks,
        partial(process, way=way),
        unreadable=found.unreadable,
        workers=jobs,
        loudness=volume,
        fail_fast=fail_fast,
    )
    if not run.count("done"):
        remove_empty(made)
    if page is not None:
        facts = Run(command_line(), run.seconds, run.workers, run.unfinished)
        page = page_written("stereo", page, partial(write_report, outcomes=run.outcomes, run=facts))
    scored = [one for one in run.outcomes if isinstance(one, Matched) and one.scores is not None]
    summary: dict[str, Any] = {"version": imgproc.__version__, "params": parameters, "factor": scale}
    summary |= summarize(run, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    elif scored:
        print("\n".join(told(scored)))
    if volume > QUIET or run.signal is not None:
        print(sentence(summary, folder), file=sys.stderr)
    raise typer.Exit(run.exit_status() or int(report is not None and page is None))


def _value(name: str, constraint: Constraint, text: str) -> Any:
    option = f"--{name.replace('_', '-')}"
    try:
        return constraint.check("stereo", option, constraint.parse(text))
    except (TypeError, ValueError, OverflowError):
        raise PlanError(f"{option} must be {constraint}, got {text!r}") from None
