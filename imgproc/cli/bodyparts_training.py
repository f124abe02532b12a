"""What ``imgproc bodyparts`` says while it renders and trains: a line on a terminal, else one for each tree."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from ..bodyparts import Progress
from .progress import QUIET
from .text import counted, in_time

if TYPE_CHECKING:
    from rich.status import Status


class ForestMonitor:
    """Shows where a training stands."""

    def __init__(self, loudness: int) -> None:
        self.loudness = loudness
        self.status = _status() if loudness > QUIET and sys.stderr.isatty() else None
        self.started = monotonic()
        self.seconds = 0.0
        self._grown_from: tuple[int, float] | None = None

    def __enter__(self) -> ForestMonitor:
        if self.status is not None:
            self.status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = monotonic() - self.started
        if self.status is not None:
            self.status.stop()

    def count(self, doing: str, done: int, total: int) -> None:
        """So many images are done."""
        if self.status is not None:
            self.status.update(f"{doing}: {done:,} of {counted(total, 'image')}")

    def show(self, progress: Progress) -> None:
        """A step of `DepthForest.fit`."""
        if progress.stage == "reading":
            self.count("reading", progress.done, progress.total)
            return
        now = monotonic()
        if self._grown_from is None:
            self._grown_from = progress.done - 1, now
        line = f"tree {progress.tree + 1}, level {progress.level}: {counted(progress.nodes, 'open node')}, "
        line += f"{counted(progress.pixels, 'pixel')}; {in_time(progress.elapsed)}"
        first, began = self._grown_from
        if progress.done > first + 1:
            # Levels of a tree take about equally long.
            left = (now - began) * (progress.total - progress.done) / (progress.done - first - 1)
            line += f", about {in_time(left)} left"
        if self.status is not None:
            self.status.update(line)
        elif self.loudness > QUIET and progress.nodes == 0:
            print(
                f"tree {progress.tree + 1} is grown; {in_time(progress.elapsed)}", file=sys.stderr, flush=True
            )


def _status() -> Status:
    from rich.console import Console

    return Console(stderr=True).status("reading the images")
