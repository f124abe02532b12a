"""Many images through a chain: N at a time, each on its own, results in the order of the inputs."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import cv2

import imgproc

from ..io import ImageError, read_image, write_image
from ..io.folders import Pair, cause
from .chain import Step, run
from .outcomes import Outcome
from .report.previews import take_preview


@dataclass(frozen=True)
class Job:
    """One image: where from, where to, and through what."""

    pair: Pair
    steps: Sequence[Step]
    skip: bool = False
    preview: int = 0
    """Longest side of the report's pictures; 0 for none."""


@dataclass
class Interruption:
    """Set by SIGINT or SIGTERM: images in hand are finished, no other is begun."""

    signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int,
    quality: int,
    overwrite: bool,
    fail_fast: bool,
    stop: Interruption,
) -> Iterator[Outcome]:
    """Outcomes in the order of the jobs.

    Workers are threads: decoder, kernels and encoder all run without the GIL, so threads share the machine as
    well as processes would, and one image per worker is all the memory held. Each worker has one core: with
    several, the threads inside operations and OpenCV would only get in each other's way.
    """
    workers = max(1, min(workers, len(jobs)))
    with _threads_inside(max(1, imgproc.get_num_threads() // workers)), ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Outcome | None]] = deque()
        rest = iter(jobs)
        halted = False

        def work(job: Job) -> Outcome | None:
            return None if stop or halted else process(job, quality, overwrite)

        while True:
            # A few ahead of the workers, so that none starves while an early, long one is waited for.
            while (
                len(waiting) < 4 * workers and not (stop or halted) and (job := next(rest, None)) is not None
            ):
                waiting.append(pool.submit(work, job))
            if not waiting:
                return
            try:
                outcome = waiting.popleft().result()
            except CancelledError:
                continue
            if outcome is None:
                continue
            if fail_fast and outcome.status == "failed":
                halted = True
            if stop or halted:
                for future in waiting:
                    future.cancel()
            yield outcome


def process(job: Job, quality: int, overwrite: bool) -> Outcome:
    """Read, run, write; whatever goes wrong is this image's own failure."""
    source, target = job.pair.source, job.pair.target
    outcome = Outcome(source, target, "skipped", " ".join(map(str, job.steps)))
    if job.skip:
        return outcome
    try:
        _process(job, quality, overwrite, outcome)
        return replace(outcome, status="done")
    except Exception as error:
        return replace(outcome, status="failed", error=describe_failure(error), before=None, after=None)


def describe_failure(error: Exception) -> str:
    """The cause alone: the file is named beside it."""
    if isinstance(error, ImageError):
        return error.cause
    if isinstance(error, FileExistsError):
        return "its output was written by someone else meanwhile; say --skip-existing or --overwrite"
    if isinstance(error, OSError):
        return cause(error)
    if isinstance(error, MemoryError):
        return "not enough memory for this image"
    if isinstance(error, TypeError | ValueError | _WriteError):
        return str(error)
    return f"{type(error).__name__}: {error}"


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within, the first SIGINT or SIGTERM asks to stop; a second one is as rude as ever."""
    stop = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, _frame: object) -> None:
        stop.signal = number
        restore()

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()


def _process(job: Job, quality: int, overwrite: bool, outcome: Outcome) -> None:
    clock = _Clock(outcome.seconds)
    source, target = job.pair.source, job.pair.target
    with clock("read"):
        picture = read_image(source)
    outcome.shape, outcome.dtype = picture.pixels.shape, str(picture.pixels.dtype)
    outcome.bytes_in = source.stat().st_size
    if job.preview:
        outcome.before = take_preview(picture.pixels, job.preview)
    with clock("operations"):
        pixels = run(job.steps, picture.pixels)
    if job.preview:
        outcome.after = take_preview(pixels, job.preview)
    with clock("write"):
        try:
            os.makedirs(target.parent, exist_ok=True)
        except OSError as error:
            raise _WriteError(target, error) from None
        try:
            write_image(target, picture.with_pixels(pixels), quality=quality, overwrite=overwrite)
        except FileExistsError:
            raise
        except OSError as error:
            raise _WriteError(target, error) from None
    outcome.bytes_out = target.stat().st_size


class _WriteError(Exception):
    """Tells an output that cannot be written from an input that cannot be read."""

    def __init__(self, target: Path, error: OSError) -> None:
        super().__init__(f"cannot write {target}: {cause(error)}")


class _Clock:
    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = perf_counter() - start


@contextmanager
def _threads_inside(count: int) -> Iterator[None]:
    ours, opencvs = imgproc.get_num_threads(), cv2.getNumThreads()
    imgproc.set_num_threads(count)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        imgproc.set_num_threads(ours)
        cv2.setNumThreads(opencvs)
