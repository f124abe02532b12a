"""``imgproc detect``: a cascade over files, folders and patterns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from .._core.images import Array
from .._core.parameters import Constraint, Range
from ..cascade import Cascade
from ..cascade.detection import MIN_NEIGHBORS, SCALE_FACTOR, SIZE, STEP
from ..cascade.opencv_xml import cascade_text
from ..detections import Detections
from ..io.folders import PlanError
from .arguments import option_value
from .cascades import (
    DEFAULT,
    DEFAULT_CLASS,
    DEFAULT_NEIGHBORS,
    DEFAULT_SCORE,
    NEIGHBORS,
    default_cascade,
    open_cascade,
)
from .detection import Finding, Search
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
from .report.detection import cascade_settings
from .results import FORMATS
from .searches import ANNOTATED, CROPS, Request, search_images
from .text import shown
from .verbs import refuse


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
        search, params, settings = _search(
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
    except PlanError as error:
        refuse("detect", str(error))
    if class_name is None:
        class_name = DEFAULT_CLASS if cascade is None else "object"
    request = Request(
        inputs=inputs,
        out=out,
        format=format,
        class_name=class_name,
        annotate=annotate,
        crops=crops,
        recursive=recursive,
        skip_existing=skip_existing,
        overwrite=overwrite,
        jobs=jobs,
        fail_fast=fail_fast,
        dry_run=dry_run,
        json=json,
        report=report,
        quiet=quiet,
        verbose=verbose,
    )
    search_images("detect", request, search, params, settings)


def _search(
    path: str | None, texts: dict[str, tuple[Constraint, str | None]], quality: int, overwrite: bool
) -> tuple[Search, dict[str, Any], list[tuple[str, str]]]:
    """The cascade with its checked options, and the same as files and as the report have it."""
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
    find = partial(_find, cascade, values, score)
    return Search(find, quality, overwrite), params, cascade_settings(cascade, params)


def _find(
    cascade: Cascade, options: Mapping[str, Any], score: float | None, pixels: Array, outcome: Finding
) -> Detections:
    outcome.stage_counts = np.zeros(cascade.stages + 1, np.int64)
    found = cascade.detect(pixels, stage_counts=outcome.stage_counts, **options)
    return found.filter(min_score=score)


def _fingerprint(cascade: Cascade) -> str:
    """Of the cascade in the newer format, so that a converted file counts as the same."""
    return sha256(cascade_text(cascade).encode()).hexdigest()
