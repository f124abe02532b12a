"""``imgproc train-cascade``: from pictures of an object, and pictures without it, to a cascade."""

from __future__ import annotations

import json as json_format
import re
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

import imgproc

from .._core.files import check_free
from .._core.parameters import Constraint
from ..cascade import Training
from ..cascade import train_cascade as train
from ..cascade import training as parts
from ..cascade.boosting import ALGORITHM
from ..cascade.checkpoints import checkpoint_path
from ..cascade.detection import SCALE_FACTOR
from ..cascade.training_data import VALIDATION
from ..io.folders import PlanError, cause
from .arguments import check_page, option_value
from .options import Quiet
from .progress import QUIET, loudness
from .report.pages import write_page
from .report.training import build_training_page
from .runs import page_written
from .text import aligned, counted, in_time, parse_bytes, shown
from .training_progress import TrainingMonitor
from .verbs import command_line, refuse

VERB = "train-cascade"

_CONSTRAINTS: dict[str, Constraint] = {
    "window": parts.WINDOW,
    "features": parts.FEATURES,
    "stages": parts.STAGES,
    "min_detection_rate": parts.DETECTION_RATE,
    "max_false_alarm": parts.FALSE_ALARM,
    "target_false_alarm": parts.TARGET,
    "max_stumps": parts.STUMPS,
    "algorithm": ALGORITHM,
    "n_positives": parts.COUNT,
    "n_negatives": parts.COUNT,
    "copies": parts.COPIES,
    "shift": parts.SHARE,
    "brightness": parts.BRIGHTNESS,
    "validation": VALIDATION,
    "scale_factor": SCALE_FACTOR,
    "seed": parts.SEED,
}
"""Of the options that are text here and parameters of `imgproc.cascade.train_cascade` there."""


def _option(name: str, help: str, metavar: str = "NUMBER") -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=help)


def train_cascade(
    positives: Annotated[
        str,
        typer.Argument(
            metavar="POSITIVES",
            help="Folder of pictures that show the object and nothing else, or a file of boxes: CSV, JSONL, COCO.",
            show_default=False,
        ),
    ],
    negatives: Annotated[
        str, typer.Argument(metavar="NEGATIVES", help="Folder of pictures without it.", show_default=False)
    ],
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="MODEL.xml", help="Where the cascade goes.", show_default=False),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(
            "--images",
            help="Folder of the images that the boxes are in; beside the file.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[str, _option("window", "Pixels of the smallest objects, or HEIGHTxWIDTH.", "N")] = "24",
    features: Annotated[str, _option("features", "haar, haar+tilted or lbp.", "KIND")] = "haar",
    stages: Annotated[str, _option("stages", "At most.", "N")] = "20",
    min_detection_rate: Annotated[str, _option("min-detection-rate", "Of each stage.")] = "0.995",
    max_false_alarm: Annotated[str, _option("max-false-alarm", "Of each stage.")] = "0.5",
    target_false_alarm: Annotated[
        str, _option("target-false-alarm", "Of the whole; ends the training.")
    ] = "0",
    max_stumps: Annotated[str, _option("max-stumps", "Of each stage.", "N")] = "200",
    algorithm: Annotated[str, _option("algorithm", "gentle or discrete.", "NAME")] = "gentle",
    n_positives: Annotated[str, _option("positives", "For each stage; by default all.", "N")] = "none",
    n_negatives: Annotated[str, _option("negatives", "For each stage; by default as many.", "N")] = "none",
    mirror: Annotated[bool, typer.Option("--mirror", help="The object's mirror image is one too.")] = False,
    copies: Annotated[str, _option("copies", "Random copies of each positive, as a reserve.", "N")] = "0",
    shift: Annotated[str, _option("shift", "By which share of the window copies are moved.")] = "0.05",
    brightness: Annotated[str, _option("brightness", "By which share their gamma differs from 1.")] = "0.1",
    validation: Annotated[str, _option("validation", "Share held back to judge by, or none.")] = "0.1",
    scale_factor: Annotated[str, _option("scale-factor", "Between sizes of the negatives' windows.")] = "1.1",
    seed: Annotated[str, _option("seed", "Same seed, same data: same cascade.", "N")] = "0",
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j", "--jobs", min=1, max=1024, help="Threads; the processors by default.", show_default=False
        ),
    ] = None,
    memory: Annotated[str, _option("memory", "To keep within.", "SIZE")] = "4GB",
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="FOLDER", help="Keep the state here.", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what the checkpoint holds.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The record as JSON on stdout.")] = False,
    report: Annotated[
        str | None,
        typer.Option(
            "--report", metavar="[FILE.html]", help="Write a page; MODEL-report.html.", show_default=False
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train a cascade that 'imgproc detect' and OpenCV 2.4 to 4 can use.

    \b
    imgproc train-cascade faces/ no_faces/ -o faces.xml --mirror --report
    imgproc train-cascade plates.csv roads/ --images photos/ -o plates.xml --window 12x48 --copies 5

    MODEL.json beside MODEL.xml says how it came about. With --checkpoint, a training that was interrupted in any way
    goes on with --resume, to the same cascade. Boxes of other proportions than the window are widened around their
    middle, pictures stretched. Images that cannot be read are named and left out.
    Exit status: 0 all done, 1 some images could not be read, 2 wrong usage or nothing to train from, 130 interrupted.
    """
    texts = {name: value for name, value in locals().items() if name in _CONSTRAINTS}
    volume = loudness(quiet, False)
    try:
        values = _values(texts, memory)
        model, record, page = _outputs(out, report, overwrite)
        _check_checkpoint(checkpoint, resume)
        with TrainingMonitor(volume) as monitor:
            training = train(
                positives,
                negatives,
                images=images,
                mirror=mirror,
                n_jobs=jobs,
                checkpoint=checkpoint,
                progress=monitor.show,
                **values,
            )
    except PlanError as error:
        refuse(VERB, str(error))
    except KeyboardInterrupt:
        raise typer.Exit(_interrupted(checkpoint)) from None
    except (ValueError, OSError) as error:
        refuse(VERB, _told(error))
    try:
        training.cascade.save(model, overwrite=overwrite)
        training.save_record(record, overwrite=overwrite)
    except OSError as error:
        refuse(VERB, f"{str(model)!r} cannot be written: {cause(error)}")
    skipped = [one for part in ("positives", "negatives") for one in training.facts[part]["skipped"]]
    for one in skipped:
        print(f"failed  {shown(one['name'])}: {shown(one['cause'])}", file=sys.stderr)
    wanted = page
    if page is not None:
        content = build_training_page(training, command_line(), model.name)
        page = page_written(VERB, page, partial(write_page, page=content))
    if json:
        files = {"model": str(model), "record": str(record), "report": None if page is None else str(page)}
        print(json_format.dumps({"version": imgproc.__version__} | files | training.to_dict(), indent=1))
    elif volume > QUIET:
        print("\n".join(_table(training)))
    if volume > QUIET:
        written = ", ".join(shown(str(path)) for path in (model, record, page) if path is not None)
        print(f"{training.reason}; written: {written}", file=sys.stderr)
    raise typer.Exit(1 if skipped or page != wanted else 0)


def _values(texts: dict[str, str], memory: str) -> dict[str, Any]:
    """The parameters that the options stand for."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        if name == "validation" and text.lower() == "none":
            values[name] = None
        else:
            values[name] = option_value(_spelt(name), _CONSTRAINTS[name], text)
    try:
        values["memory"] = parts.MEMORY.check(VERB, "memory", parse_bytes(memory))
    except ValueError:
        least = "a size of at least 67MB, such as 500MB or 4GB"
        raise PlanError(f"--memory must be {least}, got {memory!r}") from None
    return values


def _outputs(out: str | None, report: str | None, overwrite: bool) -> tuple[Path, Path, Path | None]:
    """Files of the cascade, its record and the page, checked before anything is read."""
    if out is None:
        raise PlanError("say where the cascade goes: -o MODEL.xml")
    model = Path(out)
    if model.suffix.lower() != ".xml":
        raise PlanError(f"the cascade {out!r} needs a name that ends in .xml")
    if not model.parent.is_dir():
        raise PlanError(f"there is no folder {str(model.parent)!r}")
    record = model.with_suffix(".json")
    page = None
    if report is not None:
        page = Path(report) if report else model.with_name(f"{model.stem}-report.html")
        check_page(page, overwrite)
    for path in (model, record):
        if path.is_dir():
            raise PlanError(f"{str(path)!r} is a folder")
        try:
            check_free(path, overwrite=overwrite)
        except FileExistsError:
            raise PlanError(f"{str(path)!r} exists already; say --overwrite to replace it") from None
    return model, record, page


def _check_checkpoint(checkpoint: str | None, resume: bool) -> None:
    if resume and checkpoint is None:
        raise PlanError("--resume needs the checkpoint: --checkpoint FOLDER")
    if checkpoint is not None and not resume and Path(checkpoint_path(checkpoint)).exists():
        raise PlanError(
            f"{checkpoint!r} holds a checkpoint; say --resume to go on from it, or name another folder"
        )


def _interrupted(checkpoint: str | None) -> int:
    if checkpoint is None:
        hint = "nothing is kept; --checkpoint FOLDER would have"
    elif Path(checkpoint_path(checkpoint)).exists():
        hint = f"what is done is in {shown(checkpoint)}, --resume goes on"
    else:
        hint = "no stage was done"
    print(f"interrupted: {hint}", file=sys.stderr)
    return 130


def _told(error: Exception) -> str:
    """The library's sentence, with options in the place of parameters."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{cause(error)}"
    sentence = re.sub(r"^\w+: ", "", str(error))
    names = "|".join(_CONSTRAINTS)
    long = "|".join(name for name in _CONSTRAINTS if "_" in name)
    return re.sub(rf"^({names})(?= must be)|\b({long})\b", lambda match: f"--{_spelt(match[0])}", sentence)


def _spelt(name: str) -> str:
    """A parameter as its option is called."""
    return name.removeprefix("n_").replace("_", "-")


def _table(training: Training) -> list[str]:
    """What is printed."""
    rows = [["stage", "stumps", "positives", "negatives", "windows", "detected", "false alarms", "time"]]
    for number, stage in enumerate(training.stages, 1):
        judged = stage.validation_detection is not None
        found = stage.validation_detection if judged else stage.detection_rate
        alarm = stage.validation_false_alarm if judged else stage.false_alarm
        rows.append(
            [
                str(number),
                str(stage.stumps),
                f"{stage.positives:,}",
                f"{stage.negatives:,}",
                f"{stage.windows_scanned:,}",
                f"{found:.2%}",
                "-" if alarm is None else f"{alarm:.3g}",
                in_time(stage.seconds),
            ]
        )
    judged = training.roc is not None
    what = "of the part held back, stages up to here together" if judged else "of each stage's own windows"
    kept = counted(len(training.stages), "stage")
    return [*aligned(rows), f"{kept}; detected and false alarms: {what}"]
