"""``imgproc detect``: a cascade over files, folders and patterns."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

import imgproc

from .._core.parameters import Constraint, Range
from ..cascade import Cascade
from ..cascade.detection import MIN_NEIGHBORS, SCALE_FACTOR, SIZE, STEP
from ..cascade.opencv_xml import cascade_text
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
from .arguments import option_value, report_path, with_lists
from .cascades import (
    DEFAULT,
    DEFAULT_CLASS,
    DEFAULT_NEIGHBORS,
    DEFAULT_SCORE,
    NEIGHBORS,
    default_cascade,
    open_cascade,
)
from .detection import DetectJob, Finding, Search, crop_path, picture_name, process, told
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
from .outcomes import Outcome
from .progress import QUIET, loudness
from .report import picture_side
from .report.detection import DetectionRun, write_detection_page
from .results import FORMATS, ResultFiles
from .runs import carry_out, make_folder, page_written, print_plan, remove_empty, sentence, summarize
from .text import shown
from .verbs import command_line, refuse

ANNOTATED, CROPS = "annotated", "crops"


def detect(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help=INPUTS[0].upper() + INPUTS[1:], show_default=False)
    ],
    cascade: Annotated[
        str | None,
        typer.Option(
            "--cascade",
            metavar="FILE",
            help="The cascade: OpenCV's XML, Haar or LBP, of either format.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    format: Annotated[
        str, typer.Option("--format", help=f"Of the detections: {', '.join(FORMATS)} (json is COCO's).")
    ] = "jsonl",
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="What the objects are called in the files: face by default, object with --cascade.",
            show_default=False,
        ),
    ] = None,
    scale_factor: Annotated[
        str, typer.Option("--scale-factor", metavar="NUMBER", help="From one size of window to the next.")
    ] = "1.1",
    min_neighbors: Annotated[
        str | None,
        typer.Option(
            "--min-neighbors",
            metavar="N",
            help=f"Groups of more windows than this count: {NEIGHBORS} by default, {DEFAULT_NEIGHBORS} for faces.",
            show_default=False,
        ),
    ] = None,
    min_size: Annotated[
        str | None,
        typer.Option(
            "--min-size",
            metavar="N",
            help="Pixels of the smallest objects, or HEIGHTxWIDTH.",
            show_default=False,
        ),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", metavar="N", help="Of the largest, likewise.", show_default=False),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step", metavar="N", help="Pixels from one window to the next, 1 to 64.", show_default=False
        ),
    ] = None,
    score_threshold: Annotated[
        str | None,
        typer.Option(
            "--score-threshold",
            metavar="NUMBER",
            help=f"Keep detections from this score on: any by default, {DEFAULT_SCORE:g} for faces.",
            show_default=False,
        ),
    ] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help=f"Write images with boxes and scores, to OUT/{ANNOTATED}.")
    ] = False,
    crops: Annotated[
        bool, typer.Option("--crops", help=f"Write what was found as images, to OUT/{CROPS}.")
    ] = False,
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    quality: Quality = 95,
    jobs: Jobs = None,
    fail_fast: FailFast = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be looked at.")] = False,
    json: Json = False,
    report: Report = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find faces in images, or other objects with a cascade of your own.

    \b
    imgproc detect photos/ -o out/ --annotate
    imgproc detect photos/ --cascade haarcascade_frontalface_alt2.xml --class face -o out/
    imgproc detect 'photos/**/*.jpg' --cascade model.xml -o out/ --annotate --crops --report

    OUT/detections.jsonl (.csv, .json) holds everything that was found, OUT/labels a file for each image with yolo
    and voc; 'imgproc evaluate' reads all of them. Images are called by their path below the argument that named
    them, and pictures stand below OUT in the same tree. Boxes are pixels of the upright image: EXIF orientation
    is applied, once. Annotated copies of images below 400 pixels are enlarged, so that scores can be read.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        search, params = _search(
            cascade,
            {
                "scale_factor": (SCALE_FACTOR, scale_factor),
                "min_neighbors": (MIN_NEIGHBORS, min_neighbors),
                "min_size": (SIZE.constraint, min_size),
                "max_size": (SIZE.constraint, max_size),
                "step": (STEP.constraint, step),
                "score_threshold": (Range(), score_threshold),
            },
            quality,
            overwrite or skip_existing,  # what is not complete is made again
        )
        if out is None:
            raise PlanError("say where the results go: -o FOLDER")
        if class_name is None:
            class_name = DEFAULT_CLASS if cascade is None else "object"
        _check_class(class_name)
        folder = Path(out)
        found = find_images(with_lists(inputs), recursive=recursive)
        files = ResultFiles(folder, format, class_name, params)
        tasks = _jobs(found, folder, files, annotate, crops, skip_existing, overwrite)
        pairs = [Pair(task.source, folder / task.name) for task in tasks]
        page = report_path(report, pairs, folder, overwrite)
        if page is not None:
            tasks = _with_previews(tasks)
        made = [] if dry_run else make_folder(folder)
    except PlanError as error:
        refuse("detect", str(error))
    except OSError as error:
        refuse("detect", f"{error.filename}: {cause(error)}")

    volume = loudness(quiet, verbose)
    if dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=json))
    keeper = _Keeper(files)
    run = carry_out(
        tasks,
        partial(process, search=search),
        unreadable=found.unreadable,
        workers=jobs,
        loudness=volume,
        fail_fast=fail_fast,
        keep=keeper.add,
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
            class_name=class_name,
            cascade=search.cascade,
            params=params,
        )
        page = page_written("detect", page, partial(write_detection_page, outcomes=run.outcomes, run=facts))
    written = str(files.path) if keeper.saved and files.path.exists() else None
    summary: dict[str, Any] = {
        "version": imgproc.__version__,
        "params": params,
        "class": class_name,
        "detections": written,
        "found": total,
    }
    summary |= summarize(run, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        more = told(total, class_name, sum(bool(len(one.found)) for one in findings))
        print(sentence(summary, folder, more if findings else ""), file=sys.stderr)
    failed = keeper.failed or (report is not None and page is None)
    raise typer.Exit(run.exit_status() or int(failed))


class _Keeper:
    """Puts findings into the files; a file that cannot be written is told once and fails the run."""

    def __init__(self, files: ResultFiles) -> None:
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
                print(f"imgproc detect: {shown(sentence)}", file=sys.stderr)
            self.failed = True
            return False
        return True


def _search(
    path: str | None, texts: dict[str, tuple[Constraint, str | None]], quality: int, overwrite: bool
) -> tuple[Search, dict[str, Any]]:
    """The cascade with its checked options, and the same as files keep it."""
    values = {name: option_value(name, constraint, text) for name, (constraint, text) in texts.items()}
    if values["min_neighbors"] is None:
        values["min_neighbors"] = DEFAULT_NEIGHBORS if path is None else NEIGHBORS
    if values["score_threshold"] is None and path is None:
        values["score_threshold"] = DEFAULT_SCORE
    low, high = values["min_size"], values["max_size"]
    if low is not None and high is not None and any(a > b for a, b in zip(low, high, strict=True)):
        raise PlanError(f"--max-size must be at least --min-size, got {texts['max_size'][1]}")
    cascade = default_cascade() if path is None else open_cascade(path).cascade
    params = {
        "detector": "cascade",
        "cascade": DEFAULT if path is None else shown(Path(path).name),
        "cascade_sha256": _fingerprint(cascade),
        **{name: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
    }
    score = values.pop("score_threshold")
    return Search(cascade, values, score, quality, overwrite), params


def _fingerprint(cascade: Cascade) -> str:
    """Of the cascade in the newer format, so that a converted file counts as the same."""
    return sha256(cascade_text(cascade).encode()).hexdigest()


def _check_class(name: str) -> None:
    if not name or name != name.strip() or not name.isprintable():
        raise PlanError(f"--class must be a name that prints, without spaces around it, got {name!r}")


def _jobs(
    found: Found,
    out: Path,
    files: ResultFiles,
    annotate: bool,
    crops: bool,
    skip_existing: bool,
    overwrite: bool,
) -> list[DetectJob]:
    if skip_existing and overwrite:
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
    if skip_existing:
        tasks = _with_skips(tasks, files, names)
    elif not overwrite:
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
