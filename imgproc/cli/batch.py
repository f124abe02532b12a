"""Many images: N at a time, each on its own, results in the order of the inputs."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import cv2

import imgproc

from ..io import ImageError, Picture, read_image, write_image
from ..io.folders import cause
from .chain import Step, run
from .outcomes import Outcome
from .report.previews import take_preview

AnyJob = TypeVar("AnyJob", bound="Job")
AnyOutcome = TypeVar("AnyOutcome", bound=Outcome)


@dataclass(frozen=True)
class Job:
    """One image: where from, and where to."""

    source: Path
    target: Path | None
    skip: bool = field(default=False, kw_only=True)
    preview: int = field(default=0, kw_only=True)
    """Longest side of the report's pictures; 0 for none."""


@dataclass(frozen=True)
class ChainJob(Job):
    """One image, and the chain that it goes through."""

    target: Path
    steps: Sequence[Step]


@dataclass
class Interruption:
    """Set by SIGINT or SIGTERM: images in hand are finished, no other is begun."""

    signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


def run_jobs(
    jobs: Sequence[AnyJob],
    process: Callable[[AnyJob], Outcome],
    *,
    workers: int,
    fail_fast: bool,
    stop: Interruption,
) -> Iterator[Outcome]:
    """Outcomes in the order of the jobs; ``process`` never raises.

    Workers are threads: decoder, kernels and encoder all run without the GIL, so threads share the machine as
    well as processes would, and one image per worker is all the memory held. Each worker has one core: with
    several, the threads inside operations and OpenCV would only get in each other's way.
    """
    workers = max(1, min(workers, len(jobs)))
    with _threads_inside(max(1, imgproc.get_num_threads() // workers)), ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Outcome | None]] = deque()
        rest = iter(jobs)
        halted = False

        def work(job: AnyJob) -> Outcome | None:
            return None if stop or halted else process(job)

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


@dataclass(frozen=True)
class Writing:
    """How every result is written."""

    quality: int
    overwrite: bool
    strip: bool = False
    """Without metadata."""
    keep_times: bool = False
    """With the modification time of the input."""


def process_chain(job: ChainJob, *, writing: Writing) -> Outcome:
    """Read, run, write."""
    outcome = Outcome(job.source, job.target, "skipped", " ".join(map(str, job.steps)))
    return outcome if job.skip else attempt(outcome, partial(_process, job, writing))


def attempt(outcome: AnyOutcome, work: Callable[[AnyOutcome], None]) -> AnyOutcome:
    """The outcome of one image's work; whatever goes wrong is this image's own failure."""
    try:
        work(outcome)
        outcome.status = "done"
    except Exception as error:
        outcome.status, outcome.error = "failed", describe_failure(error)
        outcome.before = outcome.after = None
    return outcome


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
    if isinstance(error, TypeError | ValueError | WriteError):
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


def _process(job: ChainJob, writing: Writing, outcome: Outcome) -> None:
    clock = Clock(outcome.seconds)
    before = job.source.stat() if writing.keep_times else None
    picture = read_source(job, clock, outcome)
    if job.preview:
        outcome.before = take_preview(picture.pixels, job.preview)
    with clock("operations"):
        pixels = run(job.steps, picture.pixels)
    if job.preview:
        outcome.after = take_preview(pixels, job.preview)
    with clock("write"):
        result = (stripped(picture) if writing.strip else picture).with_pixels(pixels)
        write_output(job.target, result, quality=writing.quality, overwrite=writing.overwrite)
    if before is not None:
        os.utime(job.target, ns=(before.st_atime_ns, before.st_mtime_ns))
    outcome.bytes_out = job.target.stat().st_size


def stripped(picture: Picture) -> Picture:
    """The pixels alone."""
    return replace(picture, exif=None, icc=None, xmp=None, dpi=None)


def read_source(job: Job, clock: Clock, outcome: Outcome) -> Picture:
    with clock("read"):
        picture = read_image(job.source)
    outcome.shape, outcome.dtype = picture.pixels.shape, str(picture.pixels.dtype)
    outcome.bytes_in = job.source.stat().st_size
    return picture


def write_output(target: Path, picture: Picture, *, quality: int, overwrite: bool) -> None:
    """Write an image, and make its folder."""
    try:
        os.makedirs(target.parent, exist_ok=True)
    except OSError as error:
        raise WriteError(target, error) from None
    try:
        write_image(target, picture, quality=quality, overwrite=overwrite)
    except FileExistsError:
        raise
    except OSError as error:
        raise WriteError(target, error) from None


class WriteError(Exception):
    """Tells an output that cannot be written from an input that cannot be read."""

    def __init__(self, target: Path, error: OSError) -> None:
        super().__init__(f"cannot write {target}: {cause(error)}")


class Clock:
    """Wall time of each stage."""

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
