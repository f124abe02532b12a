"""``imgproc neural detect``: what a network finds in images, as boxes, masks and points."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from .._core.images import Array
from ..detections import Detections
from ..io.folders import PlanError
from ..neural import detect_tiles
from ..neural.tile_merge import METHOD
from ..neural.tiling import OVERLAP
from .arguments import option_value
from .detection import DetectJob, Finding, Search, write_found
from .neural_models import (
    Backend,
    Batch,
    Device,
    Keys,
    Names,
    Network,
    NetworkRequest,
    Opened,
    Overlap,
    Preset,
    Score,
    Size,
    Tiles,
    Trust,
    Worker,
    open_network,
    presets_text,
    tile_sides,
)
from .neural_runs import Steps, Work, run_batches
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
from .searches import ANNOTATED, CROPS, Request, search_images
from .verbs import refuse


def detect(
    model: Network,
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help=INPUTS[0].upper() + INPUTS[1:], show_default=False)
    ],
    preset: Preset,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    keys: Keys = None,
    size: Size = None,
    score_threshold: Score = None,
    names: Names = None,
    format: Annotated[
        str, typer.Option("--format", help=f"Of the detections: {', '.join(FORMATS)} (json is COCO's).")
    ] = "jsonl",
    tiles: Tiles = None,
    overlap: Overlap = "0.2",
    merge: Annotated[
        str,
        typer.Option("--merge", help="What stands for an object that several tiles found: nmm, nms or wbf."),
    ] = "nmm",
    whole: Annotated[
        bool, typer.Option("--whole", help="Beside the tiles, look at the image as a whole.")
    ] = False,
    backend: Backend = None,
    device: Device = "cpu",
    worker: Worker = False,
    trust: Trust = False,
    batch: Batch = "1",
    annotate: Annotated[
        bool,
        typer.Option("--annotate", help=f"Write images with boxes, masks and scores, to OUT/{ANNOTATED}."),
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
    request = NetworkRequest(
        model=model,
        preset=preset,
        keys=keys,
        size=size,
        names=names,
        backend=backend,
        device=device,
        worker=worker,
        trust=trust,
        batch=batch,
        score_threshold=score_threshold,
    )
    try:
        tiling = _tiling(tiles, overlap, merge, whole)
        opened = open_network("detect", request, dry_run=dry_run)
    except PlanError as error:
        refuse("neural detect", str(error))
    search = Search(None, quality, overwrite or skip_existing, names=opened.names)
    settings = [*opened.settings, ("Tiles", _told(tiling))] if tiling else opened.settings
    search_images(
        "neural detect",
        Request(
            inputs=inputs,
            out=out,
            format=format,
            class_name="object",
            names=opened.names,
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
        ),
        search,
        opened.params | {"tiles": _as_data(tiling)},
        settings,
        runner=None
        if opened.pipeline is None
        else partial(run_batches, steps=_steps(opened, search, tiling)),
    )


detect.__doc__ = f"""Find objects with a network: boxes, and masks and keypoints where it has them.

    \b
    imgproc neural detect yolo.onnx photos/ --preset yolo --names coco.txt -o out/ --annotate
    imgproc neural detect detr.onnx 'photos/**/*.jpg' --preset detr:score_threshold=0.7 -o out/ --report
    imgproc neural detect yolo.onnx maps/ --preset yolo --tiles 640 --batch 8 -o out/

    \b
{chr(10).join("    " + line for line in presets_text("detect").splitlines())}

    Results are those of 'imgproc detect': OUT/detections.jsonl (.csv, .json) or OUT/labels, which 'imgproc evaluate'
    reads. Labels are the network's own numbers. Objects that several tiles found are merged across the seams. Images
    of a batch get one size where the preset keeps their shape, so that the last digits of results may depend on it.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """


def _tiling(tiles: str | None, overlap: str, merge: str, whole: bool) -> dict[str, Any] | None:
    options = {
        "overlap": option_value("overlap", OVERLAP, overlap),
        "method": option_value("merge", METHOD, merge),
        "whole": whole,
    }
    if tiles is None:
        if whole:
            raise PlanError("--whole is for --tiles N, which is missing")
        return None
    return {"tile": tile_sides(tiles), **options}


def _as_data(tiling: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if tiling is None else tiling | {"tile": list(tiling["tile"])}


def _told(tiling: dict[str, Any]) -> str:
    height, width = tiling["tile"]
    whole = ", and the whole" if tiling["whole"] else ""
    return f"{width} × {height}, sharing {tiling['overlap']:.0%}{whole}; merged by {tiling['method']}"


def _steps(opened: Opened, search: Search, tiling: dict[str, Any] | None) -> Steps:
    pipeline = opened.pipeline
    assert pipeline is not None

    def look(image: Array) -> Detections:
        return detect_tiles(
            partial(pipeline, batch=opened.batch), image, batch=opened.batch, **(tiling or {})
        )

    return Steps(
        pipeline, _begin, partial(_write, search), "detect", opened.batch, None if tiling is None else look
    )


def _begin(job: DetectJob) -> Finding:
    return Finding(job.source, job.target, "skipped", name=job.name)


def _write(search: Search, work: Work, found: Detections) -> None:
    work.outcome.found = found
    write_found(work.job, search, work.outcome, work.picture, work.clock)
