"""The registry: each public operation declares itself once, and the command line, its help, the contract tests,
block processing and the tables in the documents read that declaration."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .images import CHANNELS, DTYPES
from .parameters import Constraint

_Function = TypeVar("_Function", bound=Callable[..., Any])
Result = Literal["image", "values"]
Takes = Literal["image", "boxes", "masks", "labels", "relief", "stereo"]
Halo = int | None | Callable[..., int | None]


@dataclass(frozen=True)
class Parameter:
    """A parameter that a user sets: everything but arrays and ``out``."""

    name: str
    constraint: Constraint
    default: Any
    text: str

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Operation:
    """One public function of the library, as data."""

    function: Callable[..., Any]
    kind: str
    command: str
    takes: Takes
    result: Result
    channels: tuple[int, ...]
    dtypes: tuple[Any, ...]
    halo: Halo
    in_place: bool
    tables: Callable[..., Any] | None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def summary(self) -> str:
        return (self.function.__doc__ or "").strip().split("\n")[0]

    def reach(self, **arguments: Any) -> int | None:
        """The halo with these parameters, and the defaults of the others."""
        if not callable(self.halo):
            return self.halo
        given = {name: arguments.get(name, parameter.default) for name, parameter in self.parameters.items()}
        return self.halo(
            **{
                name: self.parameters[name].constraint.check(self.name, name, value)
                for name, value in given.items()
            }
        )

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Names of all arguments, in order."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What a user can set, read from the signature's ``Annotated`` constraints and the docstring."""
        hints = get_type_hints(self.function, include_extras=True)
        found = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            hint = hints.get(name)
            if get_origin(hint) is Annotated:
                constraint = get_args(hint)[1]
                found[name] = Parameter(name, constraint, parameter.default, _describe(self.function, name))
        return found


def _describe(function: Callable[..., Any], parameter: str) -> str:
    """The first sentence that the docstring gives a parameter."""
    doc = inspect.getdoc(function) or ""
    match = re.search(rf"^{parameter} : .*\n((?:    .*\n)+)", doc, re.MULTILINE)
    if match is None:
        return ""
    text = " ".join(line.strip() for line in match[1].splitlines())
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;")


REGISTRY: dict[str, Operation] = {}


def operation(
    kind: str,
    *,
    command: str | None = None,
    takes: Takes = "image",
    result: Result = "image",
    channels: tuple[int, ...] = CHANNELS,
    dtypes: tuple[Any, ...] = DTYPES,
    halo: Halo = 0,
    in_place: bool = False,
    tables: Callable[..., Any] | None = None,
) -> Callable[[_Function], _Function]:
    """Register the decorated public function.

    Parameters
    ----------
    kind : str
        Subject it is listed under.
    command : str, optional
        Its name on the command line; the function's own with hyphens by default.
    takes : {"image", "boxes", "masks", "labels", "relief", "stereo"}
        What its first argument holds; "stereo" is the left of two images, or disparities. Those that take images are
        on the command line and have ``channels``, ``dtypes`` and a ``halo``; the others are called from Python alone
        and give values.
    result : {"image", "values"}
        Whether it gives an image (and can stand in a chain) or other values.
    channels, dtypes : tuple
        Images it takes.
    halo : int, None or callable
        Pixels around a block that its result depends on; None where it depends on the whole image. Where
        parameters decide, ``halo(**parameters)`` gives it from all of them.
    in_place : bool
        Whether ``out`` may be the image itself.
    tables : callable, optional
        For operations that are a table: ``tables(histograms, dtype, **parameters)`` gives the
        ``(1 or C, levels)`` table that it applies, from a function that returns the ``(C, levels)`` histograms.
        None instead of a table: with these parameters the operation is not one.
    """

    def register(function: _Function) -> _Function:
        REGISTRY[function.__name__] = Operation(
            function=function,
            kind=kind,
            command=command or function.__name__.replace("_", "-"),
            takes=takes,
            result=result if takes == "image" else "values",
            channels=channels,
            dtypes=dtypes,
            halo=halo,
            in_place=in_place,
            tables=tables,
        )
        return function

    return register
