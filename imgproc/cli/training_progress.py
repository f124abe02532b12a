"""What ``imgproc train-cascade`` says while it runs: a line that changes on a terminal, else one for each stage."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from ..cascade import Progress
from .progress import QUIET
from .text import counted, in_time

if TYPE_CHECKING:
    from rich.status import Status


class TrainingMonitor:
    """Shows where a training stands."""

    def __init__(self, loudness: int) -> None:
        self.loudness = loudness
        self.status = _status() if loudness > QUIET and sys.stderr.isatty() else None

    def __enter__(self) -> TrainingMonitor:
        if self.status is not None:
            self.status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is not None:
            self.status.stop()

    def show(self, progress: Progress) -> None:
        if self.loudness == QUIET:
            return
        line = told(progress)
        if self.status is not None:
            self.status.update(line)
        if progress.phase == "stage done":
            if self.status is not None:
                self.status.console.print(line, markup=False, highlight=False)
            else:
                print(line, file=sys.stderr, flush=True)


def told(progress: Progress) -> str:
    """A training's state in words."""
    text = f"stage {progress.stage}/{progress.stages}: {progress.phase}"
    if progress.stumps:
        text += f", {counted(progress.stumps, 'stump')}, detection rate {progress.detection_rate:.2%}, "
        text += f"false alarms {progress.false_alarm:.1%} of {progress.overall_false_alarm:.2g}"
    text += f"; {in_time(progress.seconds)}"
    if progress.seconds_left is not None:
        text += f", about {in_time(progress.seconds_left)} left"
    return text


def _status() -> Status:
    from rich.console import Console

    return Console(stderr=True).status("reading the images")
