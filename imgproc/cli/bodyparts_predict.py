"""``imgproc bodyparts predict``: parts and joints of depth images."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import imgproc

from .. import bodyparts as bodies
from .._core.files import write_file
from .._core.images import Array
from ..io import ImageError, Picture, read_image
from ..io.folders import Pair, PlanError, cause, find_images, plan_names, refuse_meeting, refuse_results
from .arguments import report_path, with_lists
from .batch import Clock, Job, attempt, read_source, write_output
from .bodyparts_folder import NO_PART
from .bodyparts_pictures import draw_joints, draw_parts
from .options import INPUTS, FailFast, Jobs, Json, Overwrite, Quiet, Recursive, Report, SkipExisting, Verbose
from .outcomes import Outcome
from .progress import QUIET, loudness
from .report import picture_side
from .report.bodyparts import BodyRun, write_bodyparts_page
from .report.previews import take_preview
from .runs import carry_out, make_folder, page_written, print_plan, remove_empty, sentence, summarize
from .text import counted, shown
from .verbs import command_line, refuse

PICTURES, PARTS, JOINTS = "pictures", "parts", "joints.jsonl"


@dataclass(frozen=True)
class Seeking:
    """How bodies are looked for."""

    forest: bodies.DepthForest
    focal: float | None
    nearest: float
    farthest: float
    masks: Path | None
    overwrite: bool


@dataclass(frozen=True)
class BodyJob(Job):
    """One depth image; ``target`` is its picture."""

    name: str = ""
    parts: Path | None = None


@dataclass
class BodyOutcome(Outcome):
    """One image's end, and the joints that were found."""

    name: str = ""
    pixels: int = 0
    joints: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        if self.status != "done":
            return super().line()
        return f": {counted(len(self.joints), 'joint')}{super().line()}"

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict() | {"image": self.name}
        if self.status == "done":
            result |= {"body_pixels": self.pixels, "joints": self.joints}
        return result


def predict(
    inputs: Annotated[
        list[str], typer.Argument(metavar="DEPTH...", help=f"Depth images: {INPUTS}", show_default=False)
    ],
    model: Annotated[str, typer.Option("--model", metavar="FILE", help="The forest.", show_default=False)],
    out: Annotated[str, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)],
    masks: Annotated[
        str | None,
        typer.Option(
            "--masks",
            metavar="FOLDER",
            help="Images of the same names, not 0 on the body.",
            show_default=False,
        ),
    ] = None,
    nearest: Annotated[
        float, typer.Option("--nearest", min=0, help="Metres; what is nearer is no body.")
    ] = 0.4,
    farthest: Annotated[
        float, typer.Option("--farthest", min=0, help="Metres; what is farther is none.")
    ] = 8.0,
    focal: Annotated[
        float | None,
        typer.Option(
            "--focal", help="Pixels; the first Kinect's at the images' width by default.", show_default=False
        ),
    ] = None,
    recursive: Recursive = False,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    jobs: Jobs = None,
    fail_fast: FailFast = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be looked at.")] = False,
    json: Json = False,
    report: Report = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find body parts and joints in depth images: 16-bit PNG or TIFF in millimetres, 0 where nothing was seen.

    \b
    imgproc bodyparts predict depth/ --model body.forest -o out/ --report
    imgproc bodyparts predict frames/ --masks person/ --model body.forest -o out/

    OUT/pictures shows parts with the skeleton, OUT/parts holds them as numbers (255 where there is none),
    OUT/joints.jsonl the joints in metres, x right, y down, z ahead. A forest knows bodies alone: leave out walls
    and floors by --masks, --nearest and --farthest.
    Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """
    try:
        seeking = Seeking(
            open_forest(model),
            focal,
            nearest,
            farthest,
            None if masks is None else Path(masks),
            overwrite or skip_existing,
        )
        if nearest >= farthest:
            raise PlanError(f"--nearest must be below --farthest ({farthest:g}), got {nearest:g}")
        if focal is not None and focal <= 0:
            raise PlanError(f"--focal must be above 0, got {focal:g}")
        if skip_existing and overwrite:
            raise PlanError("--skip-existing and --overwrite exclude each other; keep one")
        if masks is not None and not Path(masks).is_dir():
            raise PlanError(f"--masks needs a folder, got {masks!r}")
        folder = Path(out)
        found = find_images(with_lists(inputs), recursive=recursive)
        names = plan_names(found, folder)
        sources = [source.path for source in found.sources]
        targets = [name.with_name(f"{name.stem}.png") for name in names]
        refuse_meeting(map(Pair, sources, map(Path, targets)), "pictured as")
        refuse_results(found, [folder / PICTURES, folder / PARTS])
        tasks = [
            BodyJob(source, folder / PICTURES / target, name=name.as_posix(), parts=folder / PARTS / target)
            for source, name, target in zip(sources, names, targets, strict=True)
        ]
        there = [task.target for task in tasks if task.target is not None and task.target.exists()]
        if there and not (skip_existing or overwrite):
            hint = "say --skip-existing to keep them or --overwrite to replace them"
            raise PlanError(f"{len(there)} of the outputs exist already, {str(there[0])!r} first; {hint}")
        if skip_existing:
            tasks = [replace(task, skip=task.target in set(there)) for task in tasks]
        page = report_path(
            report, [Pair(task.source, folder / task.name) for task in tasks], folder, overwrite
        )
        if page is not None:
            tasks = [replace(task, preview=picture_side(n, len(tasks))) for n, task in enumerate(tasks)]
        before = _joints_before(folder / JOINTS) if skip_existing else {}
        made = [] if dry_run else make_folder(folder)
    except PlanError as error:
        refuse("bodyparts predict", str(error))
    except OSError as error:
        refuse("bodyparts predict", f"{error.filename}: {cause(error)}")
    volume = loudness(quiet, verbose)
    if dry_run:
        raise typer.Exit(print_plan(tasks, found.unreadable, loudness=volume, json=json))
    run = carry_out(
        tasks,
        partial(process, seeking=seeking),
        unreadable=found.unreadable,
        workers=jobs,
        loudness=volume,
        fail_fast=fail_fast,
    )
    done = [one for one in run.outcomes if isinstance(one, BodyOutcome) and one.status == "done"]
    failed = False
    if done:
        lines = before | {one.name: {"image": one.name, "joints": one.joints} for one in done}
        try:
            text = "".join(json_format.dumps(line) + "\n" for line in lines.values())
            write_file(folder / JOINTS, text.encode(), overwrite=True)
        except OSError as error:
            failed = True
            print(
                f"imgproc bodyparts predict: {shown(folder / JOINTS)} cannot be written: {cause(error)}",
                file=sys.stderr,
            )
    else:
        remove_empty(made)
    if page is not None:
        facts = BodyRun(command_line(), run.seconds, run.workers, run.unfinished, model=Path(model).name)
        page = page_written(
            "bodyparts predict", page, partial(write_bodyparts_page, outcomes=run.outcomes, run=facts)
        )
    summary = {"version": imgproc.__version__, "model": model} | summarize(run, page)
    if json:
        print(json_format.dumps(summary, indent=1))
    if volume > QUIET or run.signal is not None:
        total = sum(len(one.joints) for one in done)
        print(sentence(summary, folder, f"{counted(total, 'joint')} found" if done else ""), file=sys.stderr)
    raise typer.Exit(run.exit_status() or int(failed or (report is not None and page is None)))


def open_forest(path: str) -> bodies.DepthForest:
    """The forest of a file that has the parts of `PARTS`."""
    try:
        forest = bodies.DepthForest.load(path)
    except OSError as error:
        raise PlanError(f"the forest {path!r} cannot be read: {cause(error)}") from None
    except ValueError as error:
        raise PlanError(str(error)) from None
    if len(forest.classes_) != len(bodies.PARTS):
        raise PlanError(
            f"{path!r} knows {len(forest.classes_)} parts; {len(bodies.PARTS)} are needed for joints"
        )
    return forest


def process(job: BodyJob, seeking: Seeking) -> BodyOutcome:
    """Read, predict, write."""
    outcome = BodyOutcome(job.source, job.target, "skipped", name=job.name)
    return outcome if job.skip else attempt(outcome, partial(_process, job, seeking))


def _process(job: BodyJob, seeking: Seeking, outcome: BodyOutcome) -> None:
    clock = Clock(outcome.seconds)
    depth = depth_pixels(read_source(job, clock, outcome).pixels)
    metres = depth.astype(np.float32) / np.float32(1000)
    body = (metres >= seeking.nearest) & (metres <= seeking.farthest)
    if seeking.masks is not None:
        body &= _mask(seeking.masks, job, depth.shape)
    height, width = depth.shape
    default = bodies.Camera()
    focal = default.focal * width / default.shape[1] if seeking.focal is None else seeking.focal
    camera = bodies.Camera((height, width), focal)
    with clock("predict"):
        proba = seeking.forest.predict_proba(depth, mask=body)
        only = np.where(body, metres, np.float32(0))
        joints = bodies.estimate_joints(only, proba, camera)
    labels = np.where(body & (proba.sum(axis=2) > 0), proba.argmax(axis=2), -1).astype(np.int32)
    outcome.pixels = int(np.count_nonzero(labels >= 0))
    outcome.joints = {
        name: {"position": [round(c, 4) for c in place], "confidence": round(weight, 6)}
        for name, place, weight in zip(
            bodies.FOUND_JOINTS, joints.positions.tolist(), joints.confidences.tolist(), strict=True
        )
        if weight > 0
    }
    picture = draw_joints(draw_parts(labels, metres), joints, camera)
    if job.preview:
        outcome.before = take_preview(picture, job.preview)
    with clock("write"):
        assert job.target is not None and job.parts is not None
        numbers = np.where(labels < 0, NO_PART, labels).astype(np.uint8)
        write_output(job.parts, Picture(numbers), quality=95, overwrite=seeking.overwrite)
        write_output(job.target, Picture(picture), quality=95, overwrite=seeking.overwrite)


def depth_pixels(pixels: Array) -> Array:
    """(H, W) uint16 in millimetres, or a sentence that says what was read."""
    if pixels.ndim != 2 or pixels.dtype != np.uint16:
        kind = f"{pixels.dtype} of shape {pixels.shape}"
        raise ValueError(f"must be a gray image of 16 bits, depth in millimetres, got {kind}")
    return pixels


def _mask(folder: Path, job: BodyJob, shape: tuple[int, ...]) -> Array:
    path = folder / job.name
    if not path.exists():
        path = path.with_suffix(".png")
    try:
        pixels = read_image(path).pixels
    except ImageError as error:
        raise ValueError(f"its mask {path}: {error.cause}") from None
    if pixels.shape[:2] != shape:
        raise ValueError(f"its mask {path} is of shape {pixels.shape[:2]}, the image of {shape}")
    return np.asarray((pixels.reshape(*shape, -1) != 0).any(axis=2))


def _joints_before(path: Path) -> dict[str, Any]:
    """The lines of an earlier run, by image."""
    try:
        lines = [json_format.loads(line) for line in path.read_text("utf-8").splitlines()]
        return {line["image"]: line for line in lines}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise PlanError(f"{str(path)!r} is no file of joints; say --overwrite to replace it") from None
