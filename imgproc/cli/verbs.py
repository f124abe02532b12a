"""What all verbs share: how they refuse, and the command as it was typed."""

from __future__ import annotations

import shlex
import sys
from typing import NoReturn

import typer

from .text import shown


def refuse(verb: str, sentence: str) -> NoReturn:
    """Say why nothing is done, and exit with the status of wrong usage."""
    print(f"imgproc {verb}: {shown(sentence)}", file=sys.stderr)
    raise typer.Exit(2) from None


def command_line() -> str:
    """The command as it could be typed again."""
    return shlex.join(["imgproc", *sys.argv[1:]])
