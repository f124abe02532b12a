"""``imgproc neural classify``: what images show."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

from .._core.files import write_file
from ..detections.checks import shortest
from ..io.folders import PlanError, cause
from ..neural import Classes
from .neural_images import ImageJob, ImagesRequest, Verb, run_network
from .neural_models import (
    Backend,
    Batch,
    Device,
    Keys,
    Names,
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
from .report.classes import write_classes_page
from .report.previews import take_preview
from .text import shown

CLASSES = "classes.jsonl"


@dataclass
class Classified(Outcome):
    """One image's end, and the likeliest classes: number, name and score of each."""

    name: str = ""
    classes: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> str:
        if self.status != "done" or not self.classes:
            return super().line()
        return f": {shown(called(self.classes[0]))} {self.classes[0]['score']:.2f}"

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict() | {"image": self.name}
        return result | {"classes": self.classes} if self.status == "done" else result


def called(entry: Mapping[str, Any]) -> str:
    """A class by its name, or its number."""
    return str(entry.get("name", entry["label"]))


def classify(
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be looked at.")] = False,
    json: Json = False,
    report: Report = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    lines: dict[str, dict[str, Any]] = {}
    run_network(
        Verb(
            task="classify",
            outputs=_outputs,
            steps=_steps,
            told=_told,
            page=write_classes_page,
            before=partial(_before, lines, skip_existing=skip_existing, overwrite=overwrite),
            save=partial(_save, lines),
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


classify.__doc__ = f"""Say what images show, with a network.

    \b
    imgproc neural classify resnet50.onnx photos/ --preset imagenet --names imagenet.txt -o out/ --report
    imgproc neural classify vit.onnx 'photos/**/*.jpg' --preset vit:top_k=1 -o out/

    \b
{chr(10).join("    " + line for line in presets_text("classify").splitlines())}

    OUT/classes.jsonl has a line for each image: its path below the argument that named it, and the likeliest classes
    with label, name and score. Exit status: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted.
    """


def _outputs(name: PurePath) -> list[PurePath]:
    return []


def _steps(opened: Opened) -> Steps:
    assert opened.pipeline is not None
    return Steps(opened.pipeline, _begin, partial(_write, opened.names), batch=opened.batch)


def _begin(job: ImageJob) -> Classified:
    return Classified(job.source, job.target, "skipped", name=job.name)


def _write(names: Mapping[int, str], work: Work, found: Classes) -> None:
    if work.job.preview:
        work.outcome.before = take_preview(work.picture.pixels, work.job.preview)
    work.outcome.classes = [
        {"label": label} | ({"name": names[label]} if label in names else {}) | {"score": score}
        for label, score in zip(found.labels.tolist(), shortest(found.scores).tolist(), strict=True)
    ]


def _told(done: Sequence[Classified]) -> str:
    return ""


def _before(
    lines: dict[str, dict[str, Any]], out: Path, opened: Opened, *, skip_existing: bool, overwrite: bool
) -> Callable[[str], bool]:
    """Reads the lines of an earlier run, which stay where ``skip_existing``."""
    path = out / CLASSES
    if not path.exists() or overwrite:
        return lambda name: False
    if not skip_existing:
        raise PlanError(
            f"{str(path)!r} exists already; say --skip-existing to add to it or --overwrite to replace it"
        )
    try:
        head, *rest = [json_format.loads(line) for line in path.read_text("utf-8").splitlines()]
        earlier = head["params"]
        lines |= {line["image"]: line for line in rest}
    except OSError as error:
        raise PlanError(f"{str(path)!r} cannot be read: {cause(error)}") from None
    except (ValueError, KeyError, TypeError):
        raise PlanError(f"{str(path)!r} is no file of classes; say --overwrite to replace it") from None
    for key, value in opened.params.items():
        if earlier.get(key) != value:
            raise PlanError(
                f"{str(path)!r} was made with {key} {earlier.get(key)!r}, now {value!r}; "
                "say --overwrite to replace it, or name another folder"
            )
    return lines.__contains__


def _save(lines: dict[str, dict[str, Any]], out: Path, done: Sequence[Classified], opened: Opened) -> None:
    every = lines | {one.name: {"image": one.name, "classes": one.classes} for one in done}
    content = [{"format": "imgproc classes 1", "params": opened.params}, *every.values()]
    text = "".join(json_format.dumps(line, ensure_ascii=False) + "\n" for line in content)
    write_file(out / CLASSES, text.encode(), overwrite=True)
