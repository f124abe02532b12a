"""What verbs that find boxes do with one image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from .._core.images import Array
from ..detections import Detections
from ..io import Picture
from ..io.formats import suffix_format
from .batch import Clock, Job, WriteError, attempt, read_source, write_output
from .drawing import draw_boxes
from .outcomes import Outcome
from .report.previews import take_preview
from .text import counted, shown

STAGES = ("read", "detect", "write")


@dataclass(frozen=True)
class Search:
    """What is looked for in every image, and how results are written."""

    find: Callable[[Array, Finding], Detections] | None
    """What is in an image's pixels; what else is to be told of it goes into its outcome. None where a runner finds it
    in several images at a time."""
    quality: int
    overwrite: bool
    drawn: int | None = None
    """Only the first so many are drawn, without their scores."""
    names: Mapping[int, str] | None = None
    """Of the classes, where there may be several: drawn beside the scores."""


@dataclass(frozen=True)
class DetectJob(Job):
    """One image; ``target`` is its annotated picture, where one is asked for."""

    name: str = ""
    crops: Path | None = None
    """What the crops' names are made from: a.jpg for a_001.jpg and so on."""


@dataclass
class Finding(Outcome):
    """One image's end, and what was found in it."""

    name: str = ""
    found: Detections = field(default_factory=Detections.empty)
    crops: int = 0
    stage_counts: Array | None = None
    """Windows that entered each stage, and those that passed all."""

    def line(self) -> str:
        if self.status != "done":
            return super().line()
        return f": {len(self.found)} found{super().line()}"

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict() | {"image": self.name}
        if self.status == "done":
            result |= {"found": len(self.found), "crops": self.crops} | self.found.to_dict()
        return result


def picture_name(name: PurePath) -> PurePath:
    """What pictures made of an image are called: as it, and .png where its format may not hold them."""
    if suffix_format(name.name) in (None, "ppm"):
        return name.with_name(f"{name.name}.png")
    return name


def crop_path(path: Path, number: int) -> Path:
    """a.jpg gives a_001.jpg: of two images' crops no two meet, as stem and suffix differ together or not at all."""
    return path.with_name(f"{path.stem}_{number:03}{path.suffix}")


def process(job: DetectJob, search: Search) -> Finding:
    """Read, detect, write pictures."""
    outcome = Finding(job.source, job.target, "skipped", name=job.name)
    return outcome if job.skip else attempt(outcome, partial(_process, job, search))


def _process(job: DetectJob, search: Search, outcome: Finding) -> None:
    clock = Clock(outcome.seconds)
    picture = read_source(job, clock, outcome)
    assert search.find is not None
    with clock("detect"):
        outcome.found = search.find(picture.pixels, outcome)
    write_found(job, search, outcome, picture, clock)


def write_found(job: DetectJob, search: Search, outcome: Finding, picture: Picture, clock: Clock) -> None:
    """The pictures of what was found in an image."""
    found = outcome.found
    if job.preview:
        outcome.before = take_preview(picture.pixels, job.preview)
    with clock("write"):
        if job.target is not None:
            boxes = draw_boxes(
                picture.pixels, found[: search.drawn], scores=search.drawn is None, names=search.names
            )
            drawn = picture.with_pixels(boxes)
            write_output(job.target, drawn, quality=search.quality, overwrite=search.overwrite)
        if job.crops is not None:
            _write_crops(job.crops, picture, found, search)
            outcome.crops = len(found)


def _write_crops(path: Path, picture: Picture, found: Detections, search: Search) -> None:
    """Highest score first, in the image's own depth. What EXIF and XMP say is of the whole image."""
    for number, box in enumerate(found.boxes.astype(int).tolist(), 1):
        x1, y1, x2, y2 = box
        crop = replace(picture.with_pixels(picture.pixels[y1:y2, x1:x2]), exif=None, xmp=None)
        write_output(crop_path(path, number), crop, quality=search.quality, overwrite=search.overwrite)
    if search.overwrite:
        # Crops of an earlier run beyond the last would pass for some of this one.
        number = len(found) + 1
        while (old := crop_path(path, number)).exists():
            try:
                old.unlink()
            except OSError as error:
                raise WriteError(old, error) from None
            number += 1


def told(findings: int, class_name: str, images: int) -> str:
    """The result in words."""
    count = f"{findings:,}" if findings else "nothing"
    where = f" in {counted(images, 'image')}" if findings else ""
    return f"{count} found ({shown(class_name)}){where}"
