"""``imgproc neural segment``: what each pixel is, as labels, pictures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any

import numpy as np
import typer

from .._core.images import Array
from ..io import Picture
from ..io.folders import PlanError
from ..neural import Segmenter
from ..neural.tiling import OVERLAP
from ..segmentation.panoptic import PanopticSegments, Segment
from .arguments import option_value
from .batch import write_output
from .detection import picture_name
from .drawing import draw_labels
from .neural_images import ImageJob, ImagesRequest, Verb, run_network, shares_told
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
    Size,
    Tiles,
    Trust,
    Worker,
    presets_text,
    tile_sides,
)
from .neural_runs import Steps, Work
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
from .regions import region_rows, write_table
from .report.previews import take_preview
from .text import counted
from .verbs import refuse

LABELS, OVERLAYS, TABLES = "labels", "overlays", "regions"

NONE = 65535
"""In label images, of pixels that are of no class."""


@dataclass
class Labelled(Outcome):
    """One image's end, and the share of each class or segment."""

    shares: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        return f": {shares_told(self.shares)}{super().line()}" if self.status == "done" else super().line()

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        shares = {name: round(share, 6) for name, share in self.shares.items()}
        return result | {"shares": shares} if self.status == "done" else result


def segment(
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
    names: Names = None,
    tiles: Tiles = None,
    overlap: Overlap = "0.25",
    backend: Backend = None,
    device: Device = "cpu",
    worker: Worker = False,
    trust: Trust = False,
    batch: Batch = "1",
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    quality: Quality = 95,
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
    try:
        tile = tile_sides(tiles)
        shared = option_value("overlap", OVERLAP, overlap)
    except PlanError as error:
        refuse("neural segment", str(error))
    run_network(
        Verb(
            task="segment",
            outputs=_outputs,
            steps=partial(
                _steps, tile=tile, overlap=shared, quality=quality, overwrite=overwrite or skip_existing
            ),
            check=None if tile is None else _check_tiles,
            told=_told,
        ),
        ImagesRequest(
            inputs=inputs,
            out=out,
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
        NetworkRequest(
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
        ),
    )


segment.__doc__ = f"""Say what each pixel is, with a network.

    \b
    imgproc neural segment segformer.onnx photos/ --preset segformer --names ade20k.txt -o out/ --report
    imgproc neural segment mask2former.onnx photo.jpg --preset mask2former-panoptic -o out/

    \b
{chr(10).join("    " + line for line in presets_text("segment").splitlines())}

    OUT/labels holds the number of each pixel's class, or of its segment, as 16-bit PNG files, {NONE} for none;
    OUT/overlays the photographs in the colours of the classes; OUT/regions CSV tables with label, name, area, box
    (x1, y1, x2, y2: pixel edges, half-open), centre and mean colour of each, of segments with class and score too.
    Labels are those of the upright image, at its size. Exit status: 0 all done, 1 some failed, 2 wrong usage, 130
    interrupted.
    """


def _outputs(name: PurePath) -> list[PurePath]:
    return [
        OVERLAYS / picture_name(name),
        TABLES / name.with_suffix(".csv"),
        LABELS / name.with_suffix(".png"),
    ]


def _check_tiles(opened: Opened) -> None:
    if opened.family.decoder != "decode_semantic" or opened.parameters.get("head", "classes") != "classes":
        raise PlanError(f"--tiles is for presets with one class for each pixel, which {opened.chain} has not")


def _steps(
    opened: Opened, *, tile: tuple[int, int] | None, overlap: float, quality: int, overwrite: bool
) -> Steps:
    pipeline = opened.pipeline
    assert isinstance(pipeline, Segmenter)

    def label(image: Array) -> Array:
        assert tile is not None
        return pipeline.tiles(image, tile, overlap=overlap, batch=opened.batch)

    return Steps(
        pipeline,
        partial(_begin, opened.chain),
        partial(_write, names=opened.names, quality=quality, overwrite=overwrite),
        batch=opened.batch,
        tiled=None if tile is None else label,
    )


def _begin(chain: str, job: ImageJob) -> Labelled:
    return Labelled(job.source, job.target, "skipped", chain)


def _told(done: Sequence[Labelled]) -> str:
    return f"{counted(len({name for one in done for name in one.shares}), 'name')} in all"


def _write(work: Work, result: Any, *, names: Mapping[int, str], quality: int, overwrite: bool) -> None:
    job: ImageJob = work.job
    outcome: Labelled = work.outcome
    segments = {one.id: one for one in result.segments} if isinstance(result, PanopticSegments) else None
    # Decoders may tell how sure the labels are, beside them.
    labels = result.ids if segments is not None else result[0] if isinstance(result, tuple) else result
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu" or labels.ndim != 2:
        raise TypeError(f"the preset must give a map of labels, got {type(labels).__name__}")
    nothing = labels < 0 if segments is None else labels == 0
    if int(labels.max(initial=0)) >= NONE:
        raise ValueError(f"a 16-bit image of labels holds numbers below {NONE}, got {int(labels.max())}")
    classes = np.where(nothing, -1, labels).astype(np.int64)
    if segments is not None:
        table = np.full(int(labels.max(initial=0)) + 1, -1, np.int64)
        for number, one in segments.items():
            table[number] = one.label
        classes = table[labels]
    drawn = draw_labels(work.picture.pixels, classes, borders=labels)
    if job.preview:
        outcome.before = take_preview(work.picture.pixels, job.preview)
        outcome.after = take_preview(drawn, job.preview)
    rows = _rows(work.picture.pixels, labels, nothing, segments, names)
    outcome.shares = _shares(rows, labels.size)
    outcome.note = shares_told(outcome.shares)
    overlay, csv, target = job.outputs
    with work.clock("write"):
        write = partial(write_output, quality=quality, overwrite=overwrite)
        write(overlay, work.picture.with_pixels(drawn))
        write_table(csv, rows, overwrite)
        numbers = np.where(nothing, NONE, labels).astype(np.uint16)
        write(target, Picture(numbers))  # last: where it is, all three are
    outcome.bytes_out = target.stat().st_size


def _rows(
    image: Array,
    labels: Array,
    nothing: Array,
    segments: Mapping[int, Segment] | None,
    names: Mapping[int, str],
) -> list[list[Any]]:
    """What `region_rows` tells, with names, and of segments with class and score."""
    # Pixels of no class get a number of their own, whose row is left out.
    spare = int(labels.max(initial=0)) + 1
    head, *rest = region_rows(image, np.where(nothing, spare, labels), first=0)
    told = [
        ["label", "name", *head[1:]] if segments is None else ["label", "class", "name", "score", *head[1:]]
    ]
    for label, *facts in rest:
        if label == spare:
            continue
        if segments is None:
            told.append([label, names.get(label, ""), *facts])
        elif label in segments:
            one = segments[label]
            score = "" if one.score is None else f"{one.score:.4g}"
            told.append([label, one.label, names.get(one.label, ""), score, *facts])
    return told


def _shares(rows: list[list[Any]], pixels: int) -> dict[str, float]:
    """Of each class by its name, or number, in the order of the table."""
    head, *rest = rows
    number = head.index("class") if "class" in head else 0
    shares: dict[str, float] = {}
    for row in rest:
        name = row[head.index("name")] or str(row[number])
        shares[name] = shares.get(name, 0.0) + row[head.index("area")] / pixels
    return shares
