"""The verbs under one name."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import imgproc

VERBS = {
    "apply": "apply",
    "detect": "detect",
    "propose": "propose",
    "segment": "segment",
    "evaluate": "evaluate",
    "stereo": "stereo",
    "inspect": "inspect",
    "convert": "convert",
    "train-cascade": "train.train_cascade",
    "bodyparts": "bodyparts.app",
    "neural": "neural.app",
    "ops": "ops",
    "demo": "demo",
}
"""Where each is: a function in the file of the same name, or else "file.function"; or an app of further verbs."""

_SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Verbs(TyperGroup):
    """Loads the file of a verb when it is named: each brings what the others do not need."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        names: dict[str, Any] = dict.fromkeys(VERBS)
        self.commands = names  # for the list of them, and for the nearest to what was mistyped

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        file, _, name = VERBS[cmd_name].partition(".")
        verb = getattr(import_module(f".{file}", __package__), name or file)
        if isinstance(verb, typer.Typer):
            return typer.main.get_command(verb)
        alone = typer.Typer(**_SETTINGS)
        alone.command(cmd_name)(verb)
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Verbs,
    name="imgproc",
    help="Classical image processing on files and folders of images.",
    no_args_is_help=True,
    **_SETTINGS,
)


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
