"""``imgproc ops``: the operations as they declare themselves."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

import imgproc

from .._core.operations import Operation, Parameter
from .chain import GRAY_UNCHANGED, find_operation, nearest, spelled, written
from .text import KINDS


def ops(
    name: Annotated[str | None, typer.Argument(help="One operation, in detail.", show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the operations, their parameters, ranges and defaults."""
    operations = imgproc.operations()
    chosen = sorted(operations.values(), key=lambda operation: (operation.kind, operation.command))
    if name is not None:
        operation = find_operation(name, operations)
        if operation is None:
            close = nearest(name, operations)
            hint = f"did you mean {close}?" if close else "'imgproc ops' lists them"
            print(f"imgproc ops: there is no operation {name!r}; {hint}", file=sys.stderr)
            raise typer.Exit(2)
        chosen = [operation]
    if json:
        print(json_format.dumps([_data(operation) for operation in chosen], indent=1))
    elif name is not None:
        print(_details(chosen[0]))
    elif sys.stdout.isatty():
        _print_table(chosen)
    else:
        print(_listing(chosen))


def _data(operation: Operation) -> dict[str, Any]:
    return {
        "command": operation.command,
        "function": f"imgproc.{operation.name}",
        "kind": operation.kind,
        "summary": _plain(operation.summary),
        "result": operation.result,
        "channels": list(operation.channels),
        "dtypes": [str(dtype) for dtype in operation.dtypes],
        "parameters": [
            {
                "name": parameter.name,
                "takes": _takes(parameter),
                "required": parameter.required,
                "default": None if parameter.required else parameter.default,
                "text": _plain(parameter.text),
            }
            for parameter in operation.parameters.values()
        ],
    }


def _plain(text: str) -> str:
    """A docstring's text without its markup."""
    return text.replace("``", "").replace("`", "")


def _takes(parameter: Parameter) -> str:
    return "; ".join(filter(None, [str(parameter.constraint), spelled(parameter.constraint)]))


def _default(parameter: Parameter) -> str:
    return "required" if parameter.required else f"default {written(parameter.default)}"


def _listing(operations: Sequence[Operation]) -> str:
    lines: list[str] = []
    kind = None
    for operation in operations:
        if operation.kind != kind:
            lines += [] if kind is None else [""]
            kind = operation.kind
            lines.append(kind)
        values = "" if operation.result == "image" else " (gives values; not in chains)"
        lines.append(f"  {operation.command}: {_plain(operation.summary)}{values}")
        lines += [
            f"      {parameter.name}: {_takes(parameter)}; {_default(parameter)}"
            for parameter in operation.parameters.values()
        ]
    return "\n".join(lines)


def _details(operation: Operation) -> str:
    lines = [
        f"{operation.command}: {_plain(operation.summary)}",
        "",
        f"  takes   {', '.join(KINDS[count] for count in operation.channels)} images of "
        f"{', '.join(map(str, operation.dtypes))}"
        + ("; on the command line gray ones pass unchanged" if operation.name in GRAY_UNCHANGED else ""),
        "  gives   " + ("an image" if operation.result == "image" else "values; Python only, not in chains"),
        f"  Python  imgproc.{operation.name}; help(imgproc.{operation.name}) tells formula, cost and sources",
    ]
    if operation.parameters:
        lines += ["", "Parameters"]
        for parameter in operation.parameters.values():
            lines.append(f"  {parameter.name}: {_takes(parameter)}; {_default(parameter)}")
            lines += [f"      {_plain(parameter.text)}"] if parameter.text else []
    if operation.result == "image":
        lines += ["", "Example", f"  imgproc apply {_example(operation)} photos/ -o out/"]
    return "\n".join(lines)


def _example(operation: Operation) -> str:
    shown = [
        f"{parameter.name}={'VALUE' if parameter.required else written(parameter.default)}"
        for parameter in operation.parameters.values()
        if parameter.required or parameter.default is not None
    ]
    return operation.command + (":" + ",".join(shown[:1]) if shown else "")


def _print_table(operations: Sequence[Operation]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("operation", "what it does", "parameter", "takes", "default"):
        table.add_column(heading, overflow="fold")
    for operation in operations:
        first = [Text(operation.command, style="bold"), Text(_plain(operation.summary))]
        for parameter in operation.parameters.values() or [None]:
            cells = (
                ["", "", ""]
                if parameter is None
                else [
                    parameter.name,
                    _takes(parameter),
                    "required" if parameter.required else written(parameter.default),
                ]
            )
            table.add_row(*first, *map(Text, cells))
            first = [Text(""), Text("")]
        table.add_section()
    Console().print(table)
