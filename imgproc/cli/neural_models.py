"""The network that the options name: opened, with what goes before and after it, and told of in files and pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer

from .._core.operations import Operation
from .._core.parameters import Choice, Constraint, OrNone, Range
from ..io.folders import PlanError, cause
from ..neural import BackendUnavailable, NeuralError, load
from ..neural.families import Family, families, same_name
from ..neural.pipeline import Classifier, DepthEstimator, Detector, Pipeline, Segmenter
from .arguments import option_value
from .chain import ChainError, step_arguments, written
from .text import shown

PIPELINES: dict[str, type[Pipeline[Any]]] = {
    "detect": Detector,
    "segment": Segmenter,
    "depth": DepthEstimator,
    "classify": Classifier,
}

Network = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="The network: a file, .onnx or what torch reads.", show_default=False
    ),
]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        metavar="NAME[:key=value,...]",
        help="How it is fed and read: one of those above.",
        show_default=False,
    ),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="NAME=OUTPUT",
        help="Where the model calls a tensor otherwise than the preset: logits=out1; may be repeated.",
        show_default=False,
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="N",
        help="Of its input, or HEIGHTxWIDTH; by default what the model or the preset has.",
        show_default=False,
    ),
]
Tiles = Annotated[
    str | None,
    typer.Option(
        "--tiles",
        metavar="N",
        help="Look at tiles of so many pixels, or HEIGHTxWIDTH, that overlap.",
        show_default=False,
    ),
]
Overlap = Annotated[
    str, typer.Option("--overlap", metavar="SHARE", help="Of tiles with their neighbours, at least.")
]
Names = Annotated[
    str | None,
    typer.Option("--names", metavar="FILE", help="Names of the classes, a line each.", show_default=False),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="onnx|opencv|torch",
        help="What runs it; by default what is there.",
        show_default=False,
    ),
]
Device = Annotated[
    str, typer.Option("--device", help="cpu, cuda, cuda:1, tensorrt; never another one unasked.")
]
Worker = Annotated[
    bool,
    typer.Option("--worker", help="Run it in a process of its own, whose crash is a failure like others."),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="It may run code as it is loaded: only for files of your own."),
]
Batch = Annotated[
    str, typer.Option("--batch", metavar="N", help="Images, or tiles, that it is given at a time.")
]
Score = Annotated[
    str | None,
    typer.Option(
        "--score-threshold", metavar="NUMBER", help="Keep what is surer; the preset's.", show_default=False
    ),
]

_RUNNERS = {
    "OnnxModel": "ONNX Runtime",
    "OpencvModel": "OpenCV",
    "TorchModel": "PyTorch",
    "Worker": "a process of its own",
}

_BATCH = Range(low=1, high=4096, integer=True)
_TILE = Range(low=1, high=2**20, integer=True)
_SIZE = OrNone(Range(low=1, high=2**20, integer=True))
_BACKEND = OrNone(Choice(("onnx", "opencv", "torch")))


@dataclass(frozen=True, kw_only=True)
class NetworkRequest:
    """What the options ask for."""

    model: str
    preset: str
    keys: Sequence[str] | None
    size: str | None
    names: str | None
    backend: str | None
    device: str
    worker: bool
    trust: bool
    batch: str
    score_threshold: str | None = None


@dataclass(frozen=True)
class Opened:
    """What every image goes through."""

    family: Family
    parameters: Mapping[str, Any]
    names: dict[int, str]
    batch: int
    params: dict[str, Any]
    """As files have it."""
    settings: list[tuple[str, str]]
    """As pages have it."""
    pipeline: Pipeline[Any] | None
    """None where nothing is run."""

    @property
    def chain(self) -> str:
        """The preset as it could be typed again."""
        values = ",".join(
            f"{name}={written(value)}" for name, value in self.parameters.items() if name != "keys"
        )
        return f"{self.family.name}:{values}" if values else self.family.name


def open_network(task: str, request: NetworkRequest, *, dry_run: bool) -> Opened:
    """The network with its preset; PlanError where something is wrong with it."""
    family, parameters = _preset(task, request.preset)
    if request.score_threshold is not None:
        parameters |= _threshold(family, request.score_threshold, parameters)
    if request.keys:
        parameters["keys"] = _keys(family, request.keys)
    size = _size(request.size)
    batch = option_value("batch", _BATCH, request.batch)
    backend = option_value("backend", _BACKEND, request.backend)
    names = {} if request.names is None else read_names(request.names)
    path = Path(request.model)
    if not path.is_file():
        raise PlanError(f"there is no model {request.model!r}; check the path")
    try:
        fingerprint = _fingerprint(path)
    except OSError as error:
        raise PlanError(f"the model {request.model!r} cannot be read: {cause(error)}") from None
    params: dict[str, Any] = {
        "detector": "neural",
        "model": shown(path.name),
        "model_sha256": fingerprint,
        "preset": family.name,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()},
        "size": list(size) if isinstance(size, tuple) else size,
    }
    settings = [("Model", shown(path.name)), ("Preset", f"{family.name}: {family.summary}")]
    if dry_run:
        return Opened(family, parameters, names, batch, params, settings, None)
    try:
        model = load(path, backend=backend, device=request.device, worker=request.worker, trust=request.trust)
        pipeline = family.pipeline(PIPELINES[task], model, size=size, names=names, **parameters)
    except BackendUnavailable as error:
        raise PlanError(str(error)) from None
    except (NeuralError, TypeError, ValueError) as error:
        text = str(error).removeprefix("load: ").replace("trust=True", "--trust")
        text = f"--{text}" if text.startswith("device must be") else text
        raise PlanError(text) from None
    except OSError as error:
        raise PlanError(f"the model {request.model!r} cannot be read: {cause(error)}") from None
    settings += [
        ("Runs on", f"{_RUNNERS.get(type(model).__name__, type(model).__name__)}, {model.device}"),
        ("Input", "; ".join(map(str, model.inputs)) or "any"),
        ("Batch", str(pipeline.batch_size(batch))),
    ]
    settings += [(name.replace("_", " ").capitalize(), _told(value)) for name, value in parameters.items()]
    return Opened(family, parameters, names, pipeline.batch_size(batch), params, settings, pipeline)


def _told(value: Any) -> str:
    return (
        ", ".join(f"{name} is {output}" for name, output in value.items())
        if isinstance(value, dict)
        else written(value)
    )


def tile_sides(text: str | None) -> tuple[int, int] | None:
    """Height and width of ``--tiles``."""
    if text is None:
        return None
    sides = [option_value("tiles", _TILE, side) for side in text.lower().split("x")]
    if len(sides) > 2:
        raise PlanError(f"--tiles must be pixels, or HEIGHTxWIDTH, got {text!r}")
    return sides[0], sides[-1]


def presets_text(task: str) -> str:
    """Every preset of a task with its parameters, for the help."""
    return "\n".join(
        f"{family.name}: {family.summary} ({', '.join(_operation(family).parameters)})"
        for family in families(task)
    )


def read_names(path: str) -> dict[int, str]:
    """The lines of a file by number, from 0; empty ones are classes without a name."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise PlanError(f"the names {path!r} cannot be read: {cause(error)}") from None
    except UnicodeDecodeError:
        raise PlanError(f"the names {path!r} are no text in UTF-8") from None
    names = {number: line.strip() for number, line in enumerate(lines) if line.strip() not in ("", "N/A")}
    places: dict[str, int] = {}
    for number, name in names.items():
        if not name.isprintable():
            raise PlanError(f"line {number + 1} of {path!r} does not print: {name!r}")
        if name in places:
            raise PlanError(
                f"lines {places[name] + 1} and {number + 1} of {path!r} are both {name!r}; classes differ"
            )
        places[name] = number
    return names


def _operation(family: Family) -> Operation:
    """The decoder as the command line reads functions."""
    return Operation(
        function=family.decode,
        kind="neural",
        command=family.name,
        takes="boxes",
        result="values",
        channels=(),
        dtypes=(),
        halo=None,
        in_place=False,
        tables=None,
    )


def _preset(task: str, text: str) -> tuple[Family, dict[str, Any]]:
    name, _, rest = text.partition(":")
    known = {same_name(family.name): family for family in families(task)}
    family = known.get(same_name(name))
    if family is None:
        close = get_close_matches(same_name(name), known, n=1, cutoff=0.5)
        hint = f"did you mean {known[close[0]].name}? " if close else ""
        names = ", ".join(one.name for one in known.values())
        raise PlanError(f"there is no preset {name!r}; {hint}it is one of {names}")
    try:
        return family, step_arguments(_operation(family), rest)
    except ChainError as error:
        # A wrong value is told by the decoder, a wrong name by its preset: users know the preset.
        sentence = re.sub(r"^decode_\w+:", f"{family.name}:", str(error))
        raise PlanError(f"--preset {sentence}") from None


def _threshold(family: Family, text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    known = _operation(family).parameters
    if "score_threshold" not in known:
        raise PlanError(f"the preset {family.name} has no --score-threshold; it takes {', '.join(known)}")
    if "score_threshold" in parameters:
        raise PlanError("--score-threshold is given twice; leave one of them out")
    constraint: Constraint = known["score_threshold"].constraint
    return {"score_threshold": option_value("score_threshold", constraint, text)}


def _keys(family: Family, texts: Sequence[str]) -> dict[str, str]:
    if "keys" not in signature(family.decode).parameters:
        raise PlanError(f"the preset {family.name} has no --key")
    keys: dict[str, str] = {}
    for text in texts:
        name, equals, output = text.partition("=")
        if not (name and equals and output) or name in keys:
            raise PlanError(f"--key must be NAME=OUTPUT, each name once, got {text!r}")
        keys[name] = output
    return keys


def _size(text: str | None) -> int | tuple[int, int] | None:
    if text is None:
        return None
    try:
        sides = [option_value("size", _SIZE, side) for side in text.lower().split("x")]
    except PlanError:
        sides = []
    if len(sides) not in (1, 2) or None in sides:
        raise PlanError(f"--size must be pixels, or HEIGHTxWIDTH, each side 1 to 1048576, got {text!r}")
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def _fingerprint(path: Path) -> str:
    digest = sha256()
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
