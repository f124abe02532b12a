"""``imgproc propose``: boxes that may hold objects, over files, folders and patterns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import numpy as np
import typer

from .._core.images import Array
from .._core.parameters import Range
from ..detections import Detections
from ..io.folders import PlanError
from ..segmentation.felzenszwalb import MIN_SIZE, SIGMA
from ..segmentation.selective_search import COUNT, MODE, SCALES, scales_of, selective_search
from .arguments import option_value
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
from .results import FORMATS
from .searches import ANNOTATED, Request, search_images
from .verbs import refuse

_SEED = Range(low=0, integer=True)
_TOP = Range(low=1, integer=True)


def propose(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help=INPUTS[0].upper() + INPUTS[1:], show_default=False)
    ],
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="fast, or quality: more boxes, in more time.")] = "fast",
    max_boxes: Annotated[
        str, typer.Option("--max-boxes", metavar="N", help="Of each image; none for all.")
    ] = "2000",
    scales: Annotated[
        str | None,
        typer.Option(
            "--scales",
            metavar="NUMBERS",
            help="Scales of the segmentations, as 100/400; by the mode.",
            show_default=False,
        ),
    ] = None,
    sigma: Annotated[
        str, typer.Option("--sigma", metavar="NUMBER", help="Pixels of the blur before; 0 for none.")
    ] = "0.8",
    min_size: Annotated[
        str, typer.Option("--min-size", metavar="N", help="Pixels of the smallest regions.")
    ] = "50",
    seed: Annotated[str, typer.Option("--seed", metavar="N", help="Of the order of the boxes.")] = "0",
    format: Annotated[
        str, typer.Option("--format", help=f"Of the boxes: {', '.join(FORMATS)} (json is COCO's).")
    ] = "jsonl",
    class_name: Annotated[
        str, typer.Option("--class", metavar="NAME", help="What the objects are called in the files.")
    ] = "object",
    annotate: Annotated[
        bool, typer.Option("--annotate", help=f"Write images with the first boxes, to OUT/{ANNOTATED}.")
    ] = False,
    top: Annotated[
        str, typer.Option("--top", metavar="N", help="Boxes that pictures and the report show of an image.")
    ] = "20",
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
    """Propose boxes that may hold objects of any kind, by selective search.

    \b
    imgproc propose photos/ -o out/
    imgproc propose 'photos/**/*.jpg' -o out/ --mode quality --max-boxes 500 --annotate --report

    OUT/detections.jsonl (.csv, .json) holds all boxes, OUT/labels a file for each image with yolo and voc;
    'imgproc evaluate' reads all of them. The most promising box of an image comes first and has score 1; of N boxes
    the last has 1 / N. Images are called by their path below the argument that named them, and pictures stand below
    OUT in the same tree. Boxes are pixels of the upright image: EXIF orientation is applied, once.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        options = {
            "mode": option_value("mode", MODE, mode),
            "scales": option_value("scales", SCALES, scales),
            "sigma": option_value("sigma", SIGMA, sigma),
            "min_size": option_value("min_size", MIN_SIZE, min_size),
            "max_boxes": option_value("max_boxes", COUNT, max_boxes),
            "seed": option_value("seed", _SEED, seed),
        }
        drawn = option_value("top", _TOP, top)
    except PlanError as error:
        refuse("propose", str(error))
    options["scales"] = scales_of(options["mode"], options["scales"])
    # What is not complete is made again.
    search = Search(partial(_find, options), quality, overwrite or skip_existing, drawn)
    request = Request(
        inputs=inputs,
        out=out,
        format=format,
        class_name=class_name,
        annotate=annotate,
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
    params = {"detector": "selective search", **options}
    search_images("propose", request, search, params, _settings(options))


def _find(options: Mapping[str, Any], pixels: Array, outcome: Finding) -> Detections:
    boxes = selective_search(pixels, **options)
    return Detections(boxes, np.arange(len(boxes), 0, -1) / len(boxes))


def _settings(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    most = options["max_boxes"]
    return [
        ("Method", f"selective search, {options['mode']}"),
        ("Scales", ", ".join(f"{scale:g}" for scale in options["scales"])),
        ("Blur", f"{options['sigma']:g} pixels"),
        ("Smallest regions", f"{options['min_size']:,} pixels"),
        ("Boxes of an image", "all" if most is None else f"up to {most:,}"),
        ("Seed", f"{options['seed']}"),
    ]
