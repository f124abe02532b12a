"""``imgproc evaluate``: how good detections are against the truth, as a table, JSON and a page."""

from __future__ import annotations

import json as json_format
import os
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import imgproc

from .._core.files import check_free, write_file
from .._core.images import Array
from ..detections import DetectionSet, align_detections, read_detections
from ..detections.files import FORMATS, told_format
from ..io import ImageError, read_image
from ..io.folders import PlanError, cause, find_images
from .arguments import check_page
from .evaluation import Evaluation, evaluate_sets
from .report.evaluation import build_evaluation_page
from .report.pages import write_page
from .text import aligned, counted, shown
from .verbs import command_line, refuse

_FORMATS = ", ".join(FORMATS)


def evaluate(
    detections: Annotated[
        str,
        typer.Argument(
            metavar="DETECTIONS",
            help=f"File or folder of detections with scores: {_FORMATS}.",
            show_default=False,
        ),
    ],
    ground_truth: Annotated[
        str,
        typer.Argument(
            metavar="GROUND_TRUTH", help="File or folder of the truth, likewise.", show_default=False
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", help="Folder for evaluation.json and report.html.", show_default=False),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(
            "--images",
            help="Folder of the images: for the page, and for the sizes that YOLO's files need.",
            show_default=False,
        ),
    ] = None,
    iou: Annotated[
        float,
        typer.Option("--iou", min=0.0, max=1.0, help="Least overlap for all but COCO's numbers."),
    ] = 0.5,
    score: Annotated[
        float | None,
        typer.Option(
            "--score",
            help="Score from which detections count for precision, recall, confusion and worst images; by "
            "default that of the best F1.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="Of the detections; by default the content tells.", show_default=False),
    ] = None,
    truth_format: Annotated[
        str | None,
        typer.Option("--truth-format", help="Of the truth, likewise.", show_default=False),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="All numbers as JSON on stdout, not the table.")
    ] = False,
    report: Annotated[
        str | None,
        typer.Option(
            "--report",
            metavar="[FILE.html]",
            help="Write the page, here rather than in OUT.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but failures.")] = False,
) -> None:
    """Compare detections with the truth: COCO's twelve numbers, average precision of each class, detection rates.

    \b
    imgproc evaluate results.json instances.json
    imgproc evaluate found.jsonl truth/ --images photos/ -o evaluation/

    Images are matched by name, classes by name where both files have names. Images of the truth without
    detections count; detections of images that the truth does not have are an error.
    Exit status: 0 all done, 1 an image could not be shown, 2 wrong usage or unreadable files.
    """
    try:
        numbers, page = _outputs(out, report, overwrite)
        truth, found = _read(detections, ground_truth, images, format, truth_format)
        if score is not None and not np.isfinite(score):
            raise PlanError(f"--score must be a finite number, got {score}")
        result = evaluate_sets(found, truth, iou=iou, score=score)
    except (ImageError, PlanError) as error:
        refuse("evaluate", str(error))
    except ValueError as error:  # of a reader: without its name
        refuse("evaluate", str(error).partition(": ")[2] or str(error))
    except OSError as error:
        refuse("evaluate", f"{error.filename}: {cause(error)}")

    summary = {"version": imgproc.__version__, "detections_file": detections, "truth_file": ground_truth}
    summary |= result.to_dict()
    text = json_format.dumps(summary, indent=1)
    problems: list[str] = []
    try:
        if numbers is not None:
            numbers.parent.mkdir(parents=True, exist_ok=True)
            write_file(numbers, f"{text}\n".encode(), overwrite=overwrite)
        if page is not None:
            read = None if images is None else _Pictures(images)
            content, problems = build_evaluation_page(result, command_line(), read)
            write_page(page, content)
    except OSError as error:
        refuse("evaluate", f"the results cannot be written: {cause(error)}")
    for problem in problems:
        print(f"failed  {shown(problem)}", file=sys.stderr)
    if json:
        print(text)
    elif not quiet:
        print("\n".join(_table(result)))
    if not quiet:
        written = [str(path) for path in (numbers, page) if path is not None]
        if written:
            print(f"written: {', '.join(map(shown, written))}", file=sys.stderr)
    raise typer.Exit(1 if problems else 0)


def _outputs(out: str | None, report: str | None, overwrite: bool) -> tuple[Path | None, Path | None]:
    """Files for the numbers and for the page, checked before anything is read."""
    numbers = page = None
    if out is not None:
        folder = Path(out)
        if folder.exists() and not folder.is_dir():
            raise PlanError(f"the output {out!r} is a file; name a folder")
        numbers, page = folder / "evaluation.json", folder / "report.html"
    if report is not None:
        page = Path(report) if report else page or Path("imgproc-evaluation.html")
    try:
        if numbers is not None:
            check_free(numbers, overwrite=overwrite)
    except FileExistsError:
        raise PlanError(f"{str(numbers)!r} exists already; say --overwrite to replace it") from None
    if page is not None:
        check_page(page, overwrite)
    return numbers, page


def _read(
    detections: str, ground_truth: str, images: str | None, format: str | None, truth_format: str | None
) -> tuple[DetectionSet, DetectionSet]:
    """The truth, and the detections in its images and classes."""
    kinds = []
    for option, path, kind in (
        ("--format", detections, format),
        ("--truth-format", ground_truth, truth_format),
    ):
        if kind is not None and kind not in FORMATS:
            raise PlanError(f"{option} must be one of {_FORMATS}, got {kind!r}")
        kinds.append(kind or told_format(path))
    if images is not None and not os.path.isdir(images):
        raise PlanError(f"--images needs a folder, and there is none {images!r}")
    sizes = None
    if kinds[1] == "yolo":
        sizes = _sizes(images)
    truth = read_detections(ground_truth, format=kinds[1], image_sizes=sizes)
    if not len(truth):
        raise PlanError(f"the truth {ground_truth!r} names no image")
    if kinds[0] == "yolo" and sizes is None and not truth.image_sizes.all():
        sizes = _sizes(images)
    found = read_detections(detections, format=kinds[0], dataset=truth, image_sizes=sizes)
    if found.scores is None and len(found.boxes):
        hint = "; the truth has: exchange the two" if truth.scores is not None else ""
        raise PlanError(f"the boxes of {detections!r} have no scores, so that they are no detections{hint}")
    return truth, _scored(align_detections(found, truth))


def _scored(found: DetectionSet) -> DetectionSet:
    """Also where a file without a single box cannot tell that it holds detections."""
    if found.scores is not None:
        return found
    return DetectionSet(
        found.image_names,
        found.images,
        found.boxes,
        scores=np.empty(0),
        image_sizes=found.image_sizes,
        image_ids=found.image_ids,
        class_names=found.class_names,
    )


def _sizes(images: str | None) -> dict[str, tuple[int, int]]:
    if images is None:
        raise PlanError(
            "YOLO's files are relative to the sizes of their images; name the folder of these with --images"
        )
    sizes = {}
    for source in find_images([images], recursive=True).sources:
        height, width = read_image(source.path).pixels.shape[:2]
        sizes[source.relative.as_posix()] = (height, width)
    return sizes


class _Pictures:
    """Images of a folder by the names that the truth has for them."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def __call__(self, name: str) -> Array:
        path = self.folder / name
        if not path.exists():
            path = self.folder / Path(name).name
        try:
            return read_image(path).pixels
        except ImageError as error:
            raise ValueError(error.cause) from None
        except OSError as error:
            raise OSError(f"{path}: {cause(error)}") from None


def _table(result: Evaluation) -> list[str]:
    """What is printed."""
    images, true = counted(len(result.truth), "image"), f"{result.n_truth:,} true boxes"
    lines = [f"{images}, {true}, {counted(len(result.found.boxes), 'detection')}", ""]
    lines += [*result.coco.summary().split("\n"), ""]
    percent = "{:.1f}".format
    rows = [["class", "true", "found", "AP", "AP50", "VOC AP", "VOC 11", "precision", "recall"]]
    for one in result.classes:
        scores = (one.ap, one.ap50, one.voc, one.voc11, one.precision, one.recall)
        texts = ["-" if value is None else percent(100 * value) for value in scores]
        rows.append([shown(one.name), str(one.n_truth), str(one.n_detections), *texts])
    if len(result.classes) > 1:
        known = [None if value < 0 else value for value in (result.coco.AP, result.coco.AP50)]
        means = [*known, result.mean_voc, result.mean_voc11, result.precision, result.recall]
        texts = ["-" if value is None else percent(100 * value) for value in means]
        rows.append(["all", str(result.n_truth), str(len(result.found.boxes)), *texts])
    lines += aligned(rows)
    at = "" if result.score is None else f", score >= {result.score:.4g}"
    best = "" if result.score is None or result.chosen else " (best F1)"
    hits, missed, false = result.counts
    lines.append(f"at IoU >= {result.iou:g}{at}{best}: {hits} found, {missed} missed, {false} false")
    if result.rates:
        rows = [["false positives per image", *(f"{limit:g}" for limit, _, _ in result.rates)]]
        rows.append(["detection rate", *(percent(100 * rate) for _, rate, _ in result.rates)])
        lines += ["", *aligned(rows)]
    return lines
