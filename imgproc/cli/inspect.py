"""``imgproc inspect``: what a cascade file holds, or a network's."""

from __future__ import annotations

import json as json_format
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import imgproc

from .._core.images import Array
from ..cascade.detection import gray_bytes
from ..filters import resize
from ..io import ImageError, Picture, read_image, write_image
from ..io.folders import PlanError, cause
from .cascades import open_cascade
from .feature_picture import draw_features
from .inspection import Inspection, inspect_cascade
from .network_inspection import inspect_network
from .text import aligned, counted, shown
from .verbs import refuse


def inspect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A cascade's XML file, or a network's .onnx.", show_default=False
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o", "--out", metavar="PICTURE", help="Draw the first features, to .png.", show_default=False
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="IMAGE",
            help="Draw them on this one of the object, such as a mean.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace PICTURE where it exists.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="All numbers as JSON on stdout, not the table.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but failures.")] = False,
) -> None:
    """Tell what a cascade file holds: format, kind of features, window, stages, and what in it is of no use.

    Of an .onnx file it tells what the network takes and gives, and what a runtime needs for it; the file is scanned,
    and nothing in it is run.

    \b
    imgproc inspect haarcascade_frontalface_alt2.xml
    imgproc inspect haarcascade_frontalface_alt2.xml -o features.png
    imgproc inspect yolo.onnx

    "least" and "most" are the bounds of what a stage's votes can sum to; a window passes from "threshold" on.
    Stages count from 1; trees, nodes and features from 0, as in the file.
    Exit status: 0 all done, 2 wrong usage or files that cannot be read or written.
    """
    if file.lower().endswith(".onnx"):
        inspect_network(file, json=json, quiet=quiet, drawn=out is not None or on is not None)
        return
    try:
        result = inspect_cascade(open_cascade(file))
        if on is not None and out is None:
            raise PlanError("--on needs -o PICTURE: it is what the features are drawn on")
        if out is not None:
            ground = None if on is None else _ground(on, result.file.cascade.window)
            if os.path.exists(out) and os.path.samefile(file, out):
                raise PlanError(f"{out!r} is the file that is read; name another")
            picture = Picture(draw_features(result.file.cascade, Path(file).name, ground))
            write_image(out, picture, overwrite=overwrite)
    except (PlanError, ImageError) as error:
        refuse("inspect", str(error))
    except FileExistsError:
        refuse("inspect", f"{out!r} exists already; say --overwrite to replace it")
    except OSError as error:
        refuse("inspect", f"{out!r} cannot be written: {cause(error)}")
    if json:
        print(json_format.dumps({"version": imgproc.__version__, "file": file} | result.to_dict(), indent=1))
    elif not quiet:
        print("\n".join(_table(file, result)))
    if out is not None and not quiet:
        print(f"written: {shown(out)}", file=sys.stderr)


def _ground(path: str, window: tuple[int, int]) -> Array:
    """An image as the window sees it."""
    try:
        return resize(gray_bytes(read_image(path).pixels), window, method="area")
    except OSError as error:
        raise PlanError(f"{path!r} cannot be read: {cause(error)}") from None


def _table(name: str, result: Inspection) -> list[str]:
    facts = result.to_dict()
    height, width = result.file.cascade.window
    kind = "LBP" if facts["features"] == "lbp" else "Haar"
    tilted = f", {facts['tilted']:,} tilted" if facts["tilted"] else ""
    written = "opencv_haartraining (old)" if result.file.old else "opencv_traincascade (new)"
    trees = "stumps" if facts["deepest_tree"] == 1 else f"trees of up to {facts['deepest_tree']} nodes"
    lines = [
        f"{shown(name)}",
        f"  format    {written}",
        f"  features  {facts['number_of_features']:,} {kind}{tilted}",
        f"  window    {width} × {height} pixels, width × height",
        f"  stages    {len(result.stages):,}, {facts['trees']:,} {trees}",
        "",
    ]
    number = "{:.4g}".format
    rows = [["stage", "trees", "nodes", "features", "threshold", "least", "most"]]
    for place, stage in enumerate(result.stages, 1):
        sums = map(number, (stage.threshold, stage.least, stage.most))
        rows.append([str(place), str(stage.trees), str(stage.nodes), str(stage.features), *sums])
    lines += [f"  {row}" for row in aligned(rows)]
    if result.warnings:
        lines += ["", counted(len(result.warnings), "warning")]
        lines += [f"  {warning}" for warning in result.warnings]
    return lines
