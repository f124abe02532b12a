"""``imgproc apply ... - -o -``: one image through standard input or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..io import encode_image, read_image
from ..io.folders import PlanError
from ..io.formats import FORMATS, suffix_format
from .batch import Writing, describe_failure, stripped, write_output
from .chain import Step, run
from .text import shown

STREAM = "-"
"""In the place of an input or of the output: standard input, standard output."""


def is_piped(inputs: Sequence[str], out: str | None) -> bool:
    return list(inputs) == [STREAM] or out == STREAM


def one_image(
    inputs: Sequence[str], out: str | None, overwrite: bool, unfit: Sequence[tuple[str, object]]
) -> tuple[str, str]:
    """The one input and the output; ``unfit`` are options with nothing to do here, and what was given for them."""
    for option, value in unfit:
        if value:
            raise PlanError(f"{option} is for files, not for standard input and output; leave it out")
    if out is None:
        raise PlanError("say where the result goes: -o FILE, or -o - for standard output")
    source = inputs[0]
    if len(inputs) > 1 or (source != STREAM and (os.path.isdir(source) or not os.path.lexists(source))):
        got = f"{len(inputs)} inputs" if len(inputs) > 1 else repr(source)
        raise PlanError(f"-o - takes the result of one file, or of - for standard input; got {got}")
    if out == STREAM:
        if sys.stdout.isatty():
            raise PlanError("standard output is a terminal; send the image to a file or a program")
        return source, out
    if os.path.isdir(out) or suffix_format(out) is None:
        known = ", ".join(suffixes for form in FORMATS.values() for suffixes in form.suffixes)
        raise PlanError(f"the image from standard input needs a file name to go to ({known}), got {out!r}")
    if os.path.lexists(out) and not overwrite:
        raise PlanError(f"the output {out!r} exists already; say --overwrite to replace it")
    return source, out


def stream(steps: Sequence[Step], source: str, out: str, *, format: str | None, writing: Writing) -> int:
    """Read, run, write; gives the exit status."""
    try:
        picture = read_image(sys.stdin.buffer.read() if source == STREAM else source)
        if writing.strip:
            picture = stripped(picture)
        result = picture.with_pixels(run(steps, picture.pixels))
        if out == STREAM:
            sys.stdout.buffer.write(encode_image(result, format or picture.format, writing.quality))
            sys.stdout.buffer.flush()
        else:
            write_output(Path(out), result, quality=writing.quality, overwrite=writing.overwrite)
    except BrokenPipeError:
        # Whoever read has left; the interpreter would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        name = "standard input" if source == STREAM else shown(source)
        print(f"failed  {name}: {shown(describe_failure(error))}", file=sys.stderr)
        return 1
    return 0
