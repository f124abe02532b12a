"""``imgproc neural depth``: how far each pixel is, as float maps and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any

import numpy as np
import typer

from .._core.images import Array
from .._core.parameters import OrNone, Range
from ..io import Picture
from ..io.folders import PlanError
from ..neural import DepthMap
from .arguments import option_value
from .batch import write_output
from .colors import colored
from .matching import COLORED, encoded, write_floats
from .neural_images import ImageJob, ImagesRequest, Verb, run_network
from .neural_models import (
    Backend,
    Batch,
    Device,
    Keys,
    Network,
    NetworkRequest,
    Opened,
    Preset,
    Size,
    Trust,
    Worker,
    presets_text,
)
from .neural_runs import Steps, Work
from .options import INPUTS, FailFast, Jobs, Json, Overwrite, Quiet, Recursive, Report, SkipExisting, Verbose
from .outcomes import Outcome
from .report.previews import take_preview
from .verbs import refuse

DEPTH = "depth"

_FACTOR = OrNone(Range(above=0, high=65535))


@dataclass
class Ranged(Outcome):
    """One image's end, and the least and greatest depth in it."""

    low: float = np.nan
    high: float = np.nan

    def line(self) -> str:
        return (
            f": {self.low:.4g} to {self.high:.4g}{super().line()}"
            if self.status == "done"
            else super().line()
        )

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        ends = {"low": self.low, "high": self.high}
        return result | {name: round(end, 6) for name, end in ends.items() if np.isfinite(end)}


def depth(
    model: Network,
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help=INPUTS[0].upper() + INPUTS[1:], show_default=False)
    ],
    preset: Preset,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
    ] = None,
    factor: Annotated[
        str | None,
        typer.Option(
            "--factor",
            metavar="N",
            help="Write 16-bit PNGs too: depth = value / N, 0 unknown.",
            show_default=False,
        ),
    ] = None,
    colors: Annotated[
        bool, typer.Option("--colors", help=f"Write pictures in colour, to OUT/{COLORED}.")
    ] = False,
    keys: Keys = None,
    size: Size = None,
    backend: Backend = None,
    device: Device = "cpu",
    worker: Worker = False,
    trust: Trust = False,
    batch: Batch = "1",
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
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
        times = option_value("factor", _FACTOR, factor)
    except PlanError as error:
        refuse("neural depth", str(error))
    run_network(
        Verb(
            task="depth",
            outputs=partial(_outputs, png=times is not None, colors=colors),
            steps=partial(_steps, factor=times, overwrite=overwrite or skip_existing),
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
            names=None,
            backend=backend,
            device=device,
            worker=worker,
            trust=trust,
            batch=batch,
        ),
    )


depth.__doc__ = f"""Say how far each pixel is, with a network.

    \b
    imgproc neural depth depth-anything.onnx photos/ --preset depth-anything -o out/ --colors --report
    imgproc neural depth glpn.onnx room.jpg --preset glpn --factor 1000 -o out/

    \b
{chr(10).join("    " + line for line in presets_text("depth").splitlines())}

    OUT/depth gets float maps (.pfm) of the size of the upright image, infinite where nothing is known: in metres, or in
    the network's own unit, as the preset says; with --factor 16-bit PNG files too. Pictures in colour run from the
    least (dark violet) to the greatest number (yellow) of each image. Exit status: 0 all done, 1 some failed, 2 wrong
    usage, 130 interrupted.
    """


def _outputs(name: PurePath, *, png: bool, colors: bool) -> list[PurePath]:
    paths = [COLORED / name.with_suffix(".png")] if colors else []
    paths += [DEPTH / name.with_suffix(".png")] if png else []
    return [*paths, DEPTH / name.with_suffix(".pfm")]


def _steps(opened: Opened, *, factor: float | None, overwrite: bool) -> Steps:
    assert opened.pipeline is not None
    write = partial(_write, factor=factor, overwrite=overwrite)
    return Steps(opened.pipeline, partial(_begin, opened.chain), write, batch=opened.batch)


def _begin(chain: str, job: ImageJob) -> Ranged:
    return Ranged(job.source, job.target, "skipped", chain)


def _told(done: Sequence[Ranged]) -> str:
    return ""


def _write(work: Work, found: DepthMap, *, factor: float | None, overwrite: bool) -> None:
    job: ImageJob = work.job
    outcome: Ranged = work.outcome
    values = (
        np.where(found.valid, found.depth, np.float32(np.nan)) if found.valid is not None else found.depth
    )
    known = values[np.isfinite(values)]
    if len(known):
        outcome.low, outcome.high = float(known.min()), float(known.max())
        outcome.note = f"{outcome.low:.4g} to {outcome.high:.4g}"
    if factor is not None and outcome.high * factor > 65535:
        raise ValueError(
            f"a depth of {outcome.high:.4g} times {factor:g} does not fit 16 bits; say a smaller --factor"
        )
    pictured = len(job.outputs) > (2 if factor is not None else 1)
    shades = _shades(values, outcome) if pictured or job.preview else None
    if job.preview and shades is not None:
        outcome.before = take_preview(work.picture.pixels, job.preview)
        outcome.after = take_preview(shades, job.preview)
    with work.clock("write"):
        *others, target = job.outputs
        if pictured and shades is not None:
            write_output(others.pop(0), Picture(shades), quality=95, overwrite=overwrite)
        if factor is not None:
            write_output(others.pop(0), Picture(encoded(values, factor)), quality=95, overwrite=overwrite)
        write_floats(target, values, overwrite=overwrite)
    outcome.bytes_out = target.stat().st_size


def _shades(values: Array, outcome: Ranged) -> Array:
    span = outcome.high - outcome.low
    return colored(values - np.float32(outcome.low if np.isfinite(span) else 0), span if span > 0 else 1.0)
