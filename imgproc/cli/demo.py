"""``imgproc demo``: the main job, on pictures that are drawn for it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

import imgproc

from ..io import Picture, write_image
from ..io.folders import cause
from .batch import ChainJob, Writing, interruptible, process_chain, run_jobs
from .chain import Step, parse_step
from .progress import NORMAL, Monitor
from .report import Run, picture_side, write_report
from .samples import SAMPLES
from .text import counted, in_time, shown

_MARK = ".imgproc-demo"


def demo(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder to fill; a new one, or an earlier demo's.")
    ] = Path("imgproc-demo"),
) -> None:
    """Draw sample pictures, run operations over them and write a page that shows the results."""
    try:
        claim(out)
        operations = imgproc.operations()
        jobs = []
        for position, sample in enumerate(SAMPLES):
            picture = Picture(sample.draw(np.random.default_rng([2026, position])))
            source, target = out / "samples" / sample.name, out / "results" / sample.name
            write_image(source, picture, overwrite=True)
            steps = [step for text in sample.chain if isinstance(step := parse_step(text, operations), Step)]
            jobs.append(ChainJob(source, target, steps, preview=picture_side(position, len(SAMPLES))))
    except OSError as error:
        print(f"imgproc demo: {shown(out)} cannot be filled: {cause(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    start = perf_counter()
    workers = min(imgproc.get_num_threads(), len(jobs))
    with interruptible() as stop, Monitor(len(jobs), NORMAL) as monitor:
        outcomes = []
        process = partial(process_chain, writing=Writing(quality=95, overwrite=True))
        for outcome in run_jobs(jobs, process, workers=workers, fail_fast=False, stop=stop):
            outcomes.append(outcome)
            monitor.show(outcome)
    seconds = perf_counter() - start
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)
    page = out / "report.html"
    write_report(page, outcomes, Run(f"imgproc demo -o {out}", seconds, workers))
    done = sum(outcome.status == "done" for outcome in outcomes)
    print(
        f"{counted(done, 'picture')} processed in {in_time(seconds)}: "
        f"{shown(out / 'samples')} -> {shown(out / 'results')}"
    )
    print(f"Report: {shown(page.resolve())}")
    raise typer.Exit(0 if done == len(jobs) else 1)


def claim(out: Path) -> None:
    """Only a folder that is new, empty or an earlier demo's is written to."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).exists())):
        print(
            f"imgproc demo: {shown(out)} exists and is not a demo's; name a new folder with -o FOLDER",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    (out / "samples").mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
