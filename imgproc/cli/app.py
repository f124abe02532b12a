"""The verbs under one name."""

from __future__ import annotations

from typing import Annotated

import typer

import imgproc

from .apply import apply
from .convert import convert
from .demo import demo
from .detect import detect
from .evaluate import evaluate
from .inspect import inspect
from .ops import ops
from .propose import propose
from .segment import segment

app = typer.Typer(
    name="imgproc",
    help="Classical image processing on files and folders of images.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(apply)
app.command()(detect)
app.command()(propose)
app.command()(segment)
app.command()(evaluate)
app.command()(inspect)
app.command()(convert)
app.command()(ops)
app.command()(demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"imgproc {imgproc.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


def start(arguments: list[str]) -> None:
    app(args=_with_report_value(arguments), prog_name="imgproc")


def _with_report_value(arguments: list[str]) -> list[str]:
    """``--report`` takes a file only where an .html name follows, so that it never swallows an input."""
    ready: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return ready + arguments[position:]
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        bare = argument == "--report" and not following.lower().endswith((".html", ".htm"))
        ready.append("--report=" if bare else argument)
    return ready
