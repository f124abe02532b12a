"""What a run says while it runs: on stderr, with a bar only where that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from .outcomes import Outcome
from .text import in_time, shown

if TYPE_CHECKING:
    from rich.progress import Progress

QUIET, NORMAL, VERBOSE = range(3)


def loudness(quiet: bool, verbose: bool) -> int:
    return QUIET if quiet else VERBOSE if verbose else NORMAL


class Monitor:
    """Shows outcomes as they come: failures always, the rest by ``loudness``."""

    def __init__(self, total: int, loudness: int) -> None:
        self.loudness = loudness
        self.progress = _bar(total) if loudness > QUIET and sys.stderr.isatty() else None

    def __enter__(self) -> Monitor:
        if self.progress is not None:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.progress is not None:
            self.progress.stop()

    def show(self, outcome: Outcome) -> None:
        if outcome.status == "failed" or self.loudness == VERBOSE:
            self._say(_line(outcome))
        if self.progress is not None:
            self.progress.advance(self.progress.task_ids[0])

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)


def _bar(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    progress = Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    )
    progress.add_task("images", total=total)
    return progress


def _line(outcome: Outcome) -> str:
    if outcome.status == "failed":
        return f"failed  {shown(outcome.source)}: {shown(outcome.error or '')}"
    text = f"{shown(outcome.source)}{outcome.line()}"
    if outcome.status == "skipped":
        return f"skipped {text}"
    return f"done    {text} ({in_time(sum(outcome.seconds.values()))})"
