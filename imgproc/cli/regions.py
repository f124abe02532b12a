"""What ``imgproc segment`` does with one image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from csv import writer
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from .._core.files import write_file
from .._core.images import Array, color_count
from ..io import Picture
from .batch import Clock, Job, WriteError, attempt, read_source, write_output
from .chain import Step
from .drawing import draw_borders
from .outcomes import Outcome
from .report.previews import take_preview

MOST = 65535
"""Regions that a 16-bit label image tells apart."""

COLUMNS = ("label", "area", "x1", "y1", "x2", "y2", "cx", "cy")


@dataclass(frozen=True)
class SegmentJob(Job):
    """One image; ``target`` is its label image."""

    target: Path
    overlay: Path
    table: Path
    step: Step


@dataclass
class Segmented(Outcome):
    """One image's end, and how many regions it has."""

    regions: int = 0

    def line(self) -> str:
        return f": {self.regions:,} regions{super().line()}" if self.status == "done" else super().line()

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        return result | {"regions": self.regions} if self.status == "done" else result


def process(job: SegmentJob, *, quality: int, overwrite: bool) -> Segmented:
    """Read, segment, write labels, picture and table."""
    outcome = Segmented(job.source, job.target, "skipped", str(job.step))
    return outcome if job.skip else attempt(outcome, partial(_process, job, quality, overwrite))


def _process(job: SegmentJob, quality: int, overwrite: bool, outcome: Segmented) -> None:
    clock = Clock(outcome.seconds)
    picture = read_source(job, clock, outcome)
    with clock("operations"):
        labels = job.step.operation.function(picture.pixels, **job.step.arguments)
    largest = int(labels.max())
    if largest > MOST:
        raise ValueError(
            f"{job.step.operation.command} finds {largest:,} regions, and a 16-bit image of labels holds {MOST:,}; "
            "ask for fewer, or cut the image"
        )
    drawn = draw_borders(picture.pixels, labels)
    if job.preview:
        outcome.before = take_preview(picture.pixels, job.preview)
        outcome.after = take_preview(drawn, job.preview)
    rows = list(region_rows(picture.pixels, labels))
    outcome.regions = len(rows) - 1
    outcome.chain = f"{job.step} · {outcome.regions:,} regions"
    with clock("write"):
        write = partial(write_output, quality=quality, overwrite=overwrite)
        write(job.overlay, picture.with_pixels(drawn))
        write_table(job.table, rows, overwrite)
        write(job.target, Picture(labels.astype(np.uint16)))  # last: where it is, all three are
    outcome.bytes_out = job.target.stat().st_size


def region_rows(image: Array, labels: Array, *, first: int = 1) -> Iterator[list[Any]]:
    """The table's head, then each region: pixels, least box (half-open), centre, mean colour in the image's levels.

    Labels are at least 0; those below ``first`` are left out.
    """
    colors = color_count(image)
    yield [*COLUMNS, *(["mean"] if colors == 1 else ["mean_r", "mean_g", "mean_b"])]
    height, width = labels.shape
    count = int(labels.max()) + 1
    flat = labels.ravel()
    areas = np.bincount(flat, minlength=count)
    boxes = np.empty((4, count), np.int64)
    centers = np.empty((2, count))
    planes = image.reshape(height, width, -1)[..., :colors].astype(np.float64)
    divisor = np.maximum(areas, 1)
    means = [np.bincount(flat, planes[..., c].ravel(), count) / divisor for c in range(colors)]
    for axis, places in enumerate(np.broadcast_arrays(*np.ogrid[:height, :width])[::-1]):
        at = np.ascontiguousarray(places).ravel()
        centers[axis] = np.bincount(flat, at, count) / divisor
        boxes[axis], boxes[axis + 2] = max(height, width), 0
        np.minimum.at(boxes[axis], flat, at)
        np.maximum.at(boxes[axis + 2], flat, at + 1)
    for label in range(first, count):
        if areas[label]:
            center = [f"{value:.2f}" for value in centers[:, label]]
            color = [f"{mean[label]:.6g}" for mean in means]
            yield [label, int(areas[label]), *boxes[:, label].tolist(), *center, *color]


def write_table(path: Path, rows: Iterable[Iterable[Any]], overwrite: bool) -> None:
    """Rows as CSV; the folder is made."""
    text = StringIO()
    writer(text, lineterminator="\n").writerows(rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.getvalue().encode(), overwrite=overwrite)
    except FileExistsError:
        raise
    except OSError as error:
        raise WriteError(path, error) from None
