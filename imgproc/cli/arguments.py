"""What the arguments of ``imgproc apply`` ask for, and why they are refused before any image is opened."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._core.parameters import Constraint
from ..io.folders import Found, Pair, PlanError, cause, existing, find_images, is_pattern, plan
from ..io.formats import FORMATS, suffix_format
from .chain import ChainError, Operations, Step, check_chain, find_operation, nearest, parse_step
from .report import is_report


def split(arguments: Sequence[str], operations: Operations) -> tuple[list[Step], list[str]]:
    """The chain that stands first, and the inputs after it."""
    steps: list[Step] = []
    for argument in arguments:
        step = parse_step(argument, operations)
        if step is None:
            break
        steps.append(step)
    inputs = list(arguments[len(steps) :])
    if inputs != ["-"]:  # one image from standard input
        inputs = with_lists(inputs)
    for position, argument in enumerate(inputs):
        if argument == "-" or os.path.lexists(argument) or is_pattern(argument):
            continue
        name = argument.partition(":")[0]
        if position > 0 and find_operation(name, operations) is not None:
            raise ChainError(f"the operation {argument!r} comes after an input; write all operations first")
        if position == 0 and not os.path.dirname(name):
            # Only names of files have suffixes.
            close = None if os.path.splitext(name)[1] else nearest(name, operations)
            if steps and len(inputs) == 1:
                hint = f"; did you mean the operation {close}?" if close else ""
                raise PlanError(f"there is no file or folder {argument!r}{hint}")
            hint = f"did you mean {close}? " if close else ""
            raise ChainError(
                f"{argument!r} is neither an operation nor an existing file, folder or pattern; "
                f"{hint}'imgproc ops' lists the operations"
            )
    if not steps:
        raise ChainError("name at least one operation before the inputs; 'imgproc ops' lists them")
    if not inputs:
        same = next((step for step in steps if os.path.lexists(step.operation.command)), None)
        hint = f"; write ./{same.operation.command} for the file or folder of that name" if same else ""
        raise PlanError(f"name at least one file, folder or pattern after the operations{hint}")
    check_chain(steps)
    return steps, inputs


def with_lists(inputs: Sequence[str]) -> list[str]:
    """Inputs, where ``@LIST`` stands for the lines of a file: paths from the current folder, or patterns.

    ``@-`` stands for the lines of standard input.
    """
    expanded: list[str] = []
    for argument in inputs:
        if not argument.startswith("@") or os.path.lexists(argument):
            expanded.append(argument)
            continue
        try:
            content = sys.stdin.buffer.read() if argument == "@-" else Path(argument[1:]).read_bytes()
            lines = os.fsdecode(content).splitlines()
        except OSError as error:
            raise PlanError(f"the list {argument[1:]!r} cannot be read: {cause(error)}") from None
        if not any(lines):
            raise PlanError(f"the list {argument[1:]!r} names nothing")
        expanded += filter(None, lines)
    if "-" in expanded:
        raise PlanError(
            "- is one image from standard input, for 'imgproc apply' and with nothing beside it; @- reads a list of "
            "names from there, and a file '-' is written ./-"
        )
    return expanded


def planned(
    inputs: Sequence[str], out: str | None, in_place: bool, recursive: bool, suffix: str, format: str | None
) -> tuple[Found, list[Pair]]:
    if in_place and (out is not None or suffix or format is not None):
        raise PlanError("--in-place replaces the inputs; leave out -o, --suffix and --format")
    if out is None and not in_place:
        raise PlanError("say where the results go: -o FOLDER, or --in-place to replace the inputs")
    if os.path.basename(suffix) != suffix:
        raise PlanError(f"--suffix is a part of a file name, got {suffix!r}")
    extension = None if format is None else extension_of(format)
    found = find_images(inputs, recursive=recursive)
    folder = out is not None and out.endswith(("/", os.sep))
    target = None if out is None else Path(out)
    return found, plan(found, target, suffix=suffix, extension=extension, folder=folder)


def extension_of(format: str) -> str:
    """The suffix that ``--format`` asks for: a format's name, or a suffix with or without its dot."""
    extension = "." + format.lower().lstrip(".")
    if suffix_format(f"image{extension}") is not None:
        return extension
    if format.lower() not in FORMATS:
        raise PlanError(f"--format must be one of {', '.join(FORMATS)}, got {format!r}")
    return FORMATS[format.lower()].suffixes[0]


def skipped(pairs: Sequence[Pair], in_place: bool, skip_existing: bool, overwrite: bool) -> set[Path]:
    """Outputs that stay as they are."""
    if skip_existing and (overwrite or in_place):
        raise PlanError(
            f"--skip-existing and {'--in-place' if in_place else '--overwrite'} exclude each other; keep one"
        )
    there = [] if in_place or overwrite else existing(pairs)
    if there and not skip_existing:
        raise PlanError(
            f"{len(there)} of {len(pairs)} outputs exist already, {str(there[0].target)!r} first; "
            "say --skip-existing to keep them or --overwrite to replace them"
        )
    return {pair.target for pair in there}


def option_value(name: str, constraint: Constraint, text: str | None) -> Any:
    """What an option's text stands for, once it is known to be right; None where it is not given."""
    option = f"--{name.replace('_', '-')}"
    if text is None:
        return None
    try:
        return constraint.check(option, option, constraint.parse(text))
    except (TypeError, ValueError):
        raise PlanError(f"{option} must be {constraint}, got {text!r}") from None


def report_path(report: str | None, pairs: Sequence[Pair], out: Path | None, overwrite: bool) -> Path | None:
    if report is None:
        return None
    if report:
        page = Path(report)
    elif out is None:
        page = Path("imgproc-report.html")
    else:
        single = len(pairs) == 1 and pairs[0].target == out
        page = out.with_name(f"{out.stem}-report.html") if single else out / "report.html"
    if page.is_file() and any(page.samefile(pair.source) for pair in pairs if pair.source.exists()):
        raise PlanError(f"the report {str(page)!r} would overwrite an input; name another file")
    check_page(page, overwrite)
    return page


def check_page(page: Path, overwrite: bool) -> None:
    """Whether a report may be written there: over an older one, but over nothing else unasked."""
    if page.is_dir():
        raise PlanError(f"--report needs a file name, and {str(page)!r} is a folder")
    if page.exists() and not overwrite and not is_report(page):
        raise PlanError(
            f"{str(page)!r} exists and is no report of imgproc; name another file, or say --overwrite"
        )
