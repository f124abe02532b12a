"""Chains of operations: read from the command line, checked once, run on each image.

Consecutive table operations on integer images go through the pixels once: a pointwise map of a pointwise map is
one, and the histogram that the second one asks for follows from the first one's by moving its counts. Both are
exact, so the result is the one of separate passes, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from .._core.array_parameters import Footprint, Shape, Weights
from .._core.errors import Got, wrong_value
from .._core.histograms import level_counts
from .._core.images import DTYPES, GRAY, UINT8, UINT16, Array, channel_count
from .._core.operations import Operation, Parameter
from .._core.parameters import Constraint, Interval, OrNone, Pair
from .._core.tables import apply_tables, levels
from .text import KINDS

Operations = Mapping[str, Operation]


GRAY_UNCHANGED = frozenset({"gray_world", "shades_of_gray", "white_patch", "rgb_to_gray"})
"""Operations on colours that have nothing to do on a gray image: it has no cast, and is gray already."""


class ChainError(ValueError):
    """A chain that cannot be run; the sentence says what to write instead."""


@dataclass(frozen=True)
class Step:
    """One operation with what the user set for it."""

    operation: Operation
    arguments: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters, in the form that the operation works with."""
        name = self.operation.name
        return {
            parameter.name: parameter.constraint.check(
                name, parameter.name, self.arguments.get(parameter.name, parameter.default)
            )
            for parameter in self.operation.parameters.values()
        }

    def __str__(self) -> str:
        values = ",".join(f"{name}={written(value)}" for name, value in self.arguments.items())
        return f"{self.operation.command}:{values}" if values else self.operation.command


def find_operation(name: str, operations: Operations) -> Operation | None:
    """By command or function name, hyphens and underscores alike."""
    wanted = name.replace("_", "-")
    for operation in operations.values():
        if wanted in (operation.command, operation.name.replace("_", "-")):
            return operation
    return None


def nearest(name: str, operations: Operations) -> str | None:
    """The command whose name or function name is most like a word, or else the first that holds it."""
    names = {operation.name.replace("_", "-"): operation.command for operation in operations.values()}
    names |= {operation.command: operation.command for operation in operations.values()}
    wanted = name.replace("_", "-").lower()
    close = get_close_matches(wanted, names, n=1, cutoff=0.5)
    close = close or [full for full in names if len(wanted) > 2 and wanted in full]
    return names[close[0]] if close else None


def parse_step(text: str, operations: Operations, *, last: bool = False) -> Step | None:
    """``OP[:value|key=value,...]`` as a checked step; None where OP is no operation.

    Values in place of an image are for the ``last`` step alone to give.
    """
    name, _, rest = text.partition(":")
    operation = find_operation(name, operations)
    if operation is None:
        return None
    if operation.result != "image" and not last:
        raise ChainError(f"{operation.command} gives values, not an image, so it cannot stand in a chain")
    step = Step(operation, step_arguments(operation, rest))
    for parameter in operation.parameters.values():
        if parameter.required and parameter.name not in step.arguments:
            raise ChainError(
                f"{operation.command} needs {parameter.name}, {parameter.constraint}; "
                f"write {operation.command}:{parameter.name}=VALUE"
            )
    _try_out(step)
    return step


def check_chain(steps: Sequence[Step]) -> None:
    """Raise where there is no kind of image that every step works on: a batch would fail file by file."""
    hurdles = []
    for dtype in DTYPES:
        for channels in KINDS:
            position, image = _first_misfit(steps, _small_image(channels, dtype))
            if position is None:
                return
            hurdles.append((position, image))
    position, image = max(hurdles, key=lambda hurdle: hurdle[0])
    before = f" after {steps[position - 1].operation.command}" if position else ""
    raise ChainError(f"this chain can work on no image: {_misfit(steps[position].operation, image, before)}")


def spelled(constraint: Constraint) -> str:
    """How a pair is written on the command line; nothing of other values."""
    if isinstance(constraint, OrNone):
        return spelled(constraint.constraint)
    if isinstance(constraint, Pair | Interval):
        return f"a pair is written {'/'.join(constraint.names).upper()}"
    if isinstance(constraint, Shape):
        return "it is written HEIGHTxWIDTH"
    if isinstance(constraint, Weights | Footprint):
        return "numbers stand between spaces, rows between slashes: 0 1 0/1 1 1/0 1 0"
    return ""


def written(value: Any) -> str:
    """A parameter's value as the command line takes it."""
    if isinstance(value, tuple):
        return "/".join(map(written, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def run(steps: Sequence[Step], image: Array) -> Array:
    """The image after all steps; ``image`` itself may be written to."""
    position = 0
    while position < len(steps):
        count, composed = _compose(steps[position:], image)
        if count:
            image = apply_tables(image, composed, _room(image))
            position += count
            continue
        step = steps[position]
        position += 1
        if step.operation.name in GRAY_UNCHANGED and channel_count(image) == GRAY:
            continue
        if not _fits(step.operation, image):
            raise ValueError(_misfit(step.operation, image))
        out = (
            {"out": image}
            if step.operation.in_place and image.flags.writeable and image.flags.c_contiguous
            else {}
        )
        image = step.operation.function(image, **step.arguments, **out)
    return image


def _compose(steps: Sequence[Step], image: Array) -> tuple[int, Array]:
    """How many of the first steps are tables for this image, and the one table that they make."""
    if image.dtype not in (UINT8, UINT16):
        return 0, np.empty(0)
    size = levels(image.dtype)
    composed = np.arange(size, dtype=image.dtype)[None]
    counts = _once(lambda: level_counts(image, None))
    done = 0
    for step in steps:
        operation = step.operation
        if operation.tables is None or not _fits(operation, image):
            break
        # One pixel tells whether this is a table at all; the histograms of the image are not taken in vain.
        if operation.tables(lambda: level_counts(image[:1, :1], None), image.dtype, **step.settings) is None:
            break
        table = operation.tables(_moved(counts, composed), image.dtype, **step.settings)
        channels = max(len(table), len(composed))
        composed = np.take_along_axis(
            np.broadcast_to(table, (channels, size)),
            np.broadcast_to(composed, (channels, size)).astype(np.intp),
            axis=1,
        )
        done += 1
    return done, composed


def _moved(counts: Callable[[], Array], table: Array) -> Callable[[], Array]:
    """Histograms of the image after a table, from those before it."""

    def histograms() -> Array:
        before = counts()
        after = np.zeros_like(before)
        for channel, row in enumerate(np.broadcast_to(table, before.shape)):
            np.add.at(after[channel], row, before[channel])
        return after

    return _once(histograms)


def _once(make: Callable[[], Array]) -> Callable[[], Array]:
    made: list[Array] = []

    def get() -> Array:
        if not made:
            made.append(make())
        return made[0]

    return get


def _room(image: Array) -> Array:
    """The image's own memory where it can be written to: fresh memory costs as much as the pass itself."""
    return image if image.flags.writeable and image.flags.c_contiguous else np.empty(image.shape, image.dtype)


def step_arguments(operation: Operation, text: str) -> dict[str, Any]:
    """``value`` or ``key=value,...`` as checked parameters."""
    arguments: dict[str, Any] = {}
    for number, part in enumerate(text.split(",") if text else []):
        key, equals, value = part.partition("=")
        if not equals:
            if number > 0 or not operation.parameters:
                takes = ", ".join(operation.parameters) or "no parameters"
                raise ChainError(
                    f"{operation.command}: {part!r} needs a name before it (name=value); it takes {takes}"
                )
            key, value = next(iter(operation.parameters)), part
        parameter = _parameter(operation, key.strip().replace("-", "_"))
        if parameter.name in arguments:
            raise ChainError(f"{operation.command}: {parameter.name} is given twice")
        arguments[parameter.name] = _value(operation, parameter, value.strip())
    return arguments


def _parameter(operation: Operation, key: str) -> Parameter:
    if key in operation.parameters:
        return operation.parameters[key]
    if not operation.parameters:
        raise ChainError(f"{operation.command} takes no parameters, got {key!r}")
    close = get_close_matches(key, operation.parameters, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ChainError(
        f"{operation.command} has no parameter {key!r}, it takes {', '.join(operation.parameters)}{hint}"
    )


def _value(operation: Operation, parameter: Parameter, text: str) -> Any:
    try:
        value = parameter.constraint.parse(text)
    except ValueError:
        must = str(parameter.constraint)
        error = wrong_value(operation.name, parameter.name, must, Got(repr(text)))
        raise ChainError(_with_spelling(error, parameter)) from None
    try:
        parameter.constraint.check(operation.name, parameter.name, value)
    except (TypeError, ValueError) as error:
        raise ChainError(_with_spelling(error, parameter)) from None
    return value


def _with_spelling(error: Exception, parameter: Parameter) -> str:
    return "; ".join(filter(None, [str(error), spelled(parameter.constraint)]))


def _fits(operation: Operation, image: Array) -> bool:
    return channel_count(image) in operation.channels and image.dtype in operation.dtypes


def _misfit(operation: Operation, image: Array, before: str = "") -> str:
    kinds = " or ".join(KINDS[count] for count in operation.channels)
    if channel_count(image) in operation.channels:
        return f"{image.dtype} image{before}; {operation.command} takes {' or '.join(map(str, operation.dtypes))}"
    return f"{KINDS[channel_count(image)]} image{before}; {operation.command} takes {kinds}"


def _first_misfit(steps: Sequence[Step], image: Array) -> tuple[int | None, Array]:
    """The first step that does not take what the ones before it give, and that image."""
    for position, step in enumerate(steps):
        if not _fits(step.operation, image):
            return position, image
        try:
            image = step.operation.function(image, **step.arguments)
        except (TypeError, ValueError):
            break  # of this image alone: its kind is one that the operation takes
    return None, image


def _small_image(channels: int, dtype: np.dtype[Any]) -> Array:
    shape = (64, 64) if channels == GRAY else (64, 64, channels)
    return np.arange(np.prod(shape), dtype=np.uint32).astype(dtype).reshape(shape)


def _try_out(step: Step) -> None:
    """Run on a small image: rules between parameters are the function's own, and a batch is no place to meet them."""
    operation = step.operation
    image = _small_image(operation.channels[-1], operation.dtypes[0])
    try:
        operation.function(image, **step.arguments)
    except (TypeError, ValueError) as error:
        if not str(error).startswith(f"{operation.name}: image "):
            raise ChainError(str(error)) from None
