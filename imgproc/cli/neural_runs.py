"""Images through a network in batches: the next are read and the last ones written while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from .._core.images import Array
from ..io import Picture
from ..neural import NeuralError, Streamed, stream_images
from ..neural.pipeline import Pipeline
from .batch import Clock, Interruption, Job, attempt, describe_failure, read_source
from .outcomes import Outcome


@dataclass(eq=False)
class Work:
    """One image on its way."""

    job: Any
    outcome: Any
    picture: Picture
    clock: Clock


@dataclass(frozen=True, eq=False)
class Steps:
    """What is done with every image."""

    pipeline: Pipeline[Any]
    begin: Callable[[Any], Outcome]
    """The outcome of a job that is not begun yet."""
    write: Callable[[Work, Any], None]
    """Writes what an image's result is; what it raises is that image's failure."""
    stage: str = "operations"
    """What the time of the network is called, with what is made before and after it."""
    batch: int = 1
    tiled: Callable[[Array], Any] | None = None
    """Where images are cut into tiles: the result of one, whose tiles are the batches."""


@dataclass(eq=False)
class _Batch:
    works: list[Work]
    prepared: Any
    seconds: float


class _Ended(Exception):
    """An image that goes no further."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        super().__init__()
        self.outcome = outcome


def run_batches(
    jobs: Sequence[Job], process: object, *, steps: Steps, workers: int, fail_fast: bool, stop: Interruption
) -> Iterator[Outcome]:
    """Outcomes in the order of the jobs, as `run_jobs` gives them; ``process`` is not asked.

    Batches are the jobs as they follow one another, so that results are the same for any number of workers. These read
    and write; the network runs in this thread. Once stopped, the batch at hand is finished, and no other is begun.
    """
    halted = False

    def ended() -> bool:
        return bool(stop) or halted

    def sources() -> Iterator[Job]:
        for job in jobs:
            if ended():
                return
            yield job

    def load(job: Job) -> Work:
        outcome = steps.begin(job)
        if job.skip:
            raise _Ended(outcome)
        clock = Clock(outcome.seconds)
        pictures: list[Picture] = []
        attempt(outcome, lambda begun: pictures.append(read_source(job, clock, begun)))
        if not pictures:
            raise _Ended(outcome)
        return Work(job, outcome, pictures[0], clock)

    def prepare(works: list[Work]) -> _Batch:
        start = perf_counter()
        if ended():
            raise _Ended
        images = [work.picture.pixels for work in works]
        prepared = images if steps.tiled else steps.pipeline.preprocess(images)
        return _Batch(works, prepared, perf_counter() - start)

    def network(batch: _Batch) -> Any:
        start = perf_counter()
        if ended():
            raise _Ended
        raw = list(map(steps.tiled, batch.prepared)) if steps.tiled else steps.pipeline.run(batch.prepared)
        batch.seconds += perf_counter() - start
        return raw

    with ThreadPoolExecutor(workers, "imgproc-write") as writers:

        def finish(raw: Any, batch: _Batch) -> list[Outcome]:
            start = perf_counter()
            results = raw if steps.tiled else steps.pipeline.finish(raw, batch.prepared)
            each = (batch.seconds + perf_counter() - start) / len(batch.works)
            for work in batch.works:
                work.outcome.seconds[steps.stage] = each
            return list(writers.map(partial(_written, steps), batch.works, results))

        results = stream_images(
            sources(),
            network,
            load=load,
            prepare=prepare,
            finish=finish,
            batch=1 if steps.tiled else steps.batch,
            readers=workers,
        )
        with closing(results):  # type: ignore[type-var]  # a generator
            for one in results:
                outcome = _outcome(one, steps)
                if outcome is None:
                    continue
                halted = halted or (fail_fast and outcome.status == "failed")
                yield outcome


def _written(steps: Steps, work: Work, result: Any) -> Outcome:
    outcome: Outcome = attempt(work.outcome, lambda begun: steps.write(work, result))
    return outcome


def _outcome(one: Streamed[Outcome], steps: Steps) -> Outcome | None:
    """Of an image; None where it was not begun."""
    if isinstance(one.error, _Ended):
        return one.error.outcome
    if one.error is None:
        return one.result
    outcome = steps.begin(one.source)
    outcome.status = "failed"
    outcome.error = str(one.error) if isinstance(one.error, NeuralError) else describe_failure(one.error)
    return outcome
