"""Many images through a network: while it runs on some, the next are read and the last ones' results worked out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from .._core.errors import Got, wrong_type
from .._core.parameters import Range

BATCH = Range(low=1, high=65536, integer=True)
AHEAD = Range(low=1, high=1024, integer=True)
READERS = Range(low=1, high=256, integer=True)

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Streamed(Generic[Result]):
    """What became of one image of a stream.

    Attributes
    ----------
    source : object
        What the stream was given: a path, an array.
    result : object or None
        What was found; None where there is an error.
    error : Exception or None
        What went wrong with this image.
    """

    source: Any
    result: Result | None = None
    error: Exception | None = None

    def get(self) -> Result:
        """The result; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # None is a result too, of a function that gives none


@dataclass(eq=False)
class _Batch:
    """Sources on their way: those that could be loaded with what they were made into."""

    sources: list[Any]
    errors: dict[int, Exception] = field(default_factory=dict)
    loaded: list[Any] = field(default_factory=list)
    prepared: Any = None
    results: Future[Sequence[Any]] | None = None
    last: bool = False


def stream_images(
    sources: Iterable[Any],
    run: Callable[[Any], Any],
    *,
    load: Callable[[Any], Any] | None = None,
    prepare: Callable[[list[Any]], Any] | None = None,
    finish: Callable[[Any, Any], Sequence[Result]] | None = None,
    batch: Annotated[int, BATCH] = 8,
    ahead: Annotated[int, AHEAD] = 2,
    readers: Annotated[int, READERS] = 1,
) -> Iterator[Streamed[Result]]:
    """Run images through the steps load, prepare, run and finish, in batches, with the steps at work side by side.

    Parameters
    ----------
    sources : iterable
        What images are loaded from, one at a time: paths, arrays, the frames of a video. It may be endless, and is
        never read by two threads at once, nor further ahead than ``ahead`` batches.
    run : callable
        Takes what ``prepare`` gives and runs the network. It is always called in the thread that asks for results, one
        call at a time.
    load : callable, optional
        Makes an image of one source; the source itself by default. What it raises is that image's error alone.
    prepare : callable, optional
        Makes the input of the network from a list of loaded images; the list itself by default.
    finish : callable, optional
        Takes what ``run`` gave and what ``prepare`` gave, and gives a result for each image of the batch; by default
        what ``run`` gives are these results.
    batch : int, default 8
        Images at a time; fewer where some could not be loaded, and at the end.
    ahead : int, default 2
        Batches that may be loaded and prepared before their turn; as many may wait to be finished. At least 1.
    readers : int, default 1
        Threads that load the images of a batch; at least 1. ``load`` must then be safe to call from several.

    Yields
    ------
    Streamed
        One for each source, in their order.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of range. What ``sources`` itself raises comes after the results
        of all that it gave before.

    Notes
    -----
    Threads: one takes sources, loads and prepares; the caller's runs the network; one finishes. Kernels and decoders
    of images release the GIL, as networks do, so that the three overlap. Results come when they are asked for: a
    caller that stops asking stops all, with at most ``2 ahead + 1`` batches in memory.

    Where a step fails on a batch of several, each of its images is tried alone, so that an error is that of one image.
    Leaving the loop, by ``break``, an exception or ``close()``, waits for the steps at hand, at most one batch each,
    and ends the threads.

    References
    ----------
    None: the steps of a pipeline, as every loader of images has them.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import stream_images
    >>> images = [np.full((2, 2), value, np.float32) for value in (1, 2, 3)]
    >>> [one.get() for one in stream_images(images, lambda batch: batch.mean(axis=(1, 2)).tolist(), prepare=np.stack)]
    [1.0, 2.0, 3.0]
    """
    name = "stream_images"
    if isinstance(sources, str | bytes | os.PathLike) or not isinstance(sources, Iterable):
        raise wrong_type(name, "sources", "an iterable of paths or images", sources)
    steps = {"run": run, "load": load, "prepare": prepare, "finish": finish}
    for step, function in steps.items():
        if not callable(function) and (function is not None or step == "run"):
            raise wrong_type(name, step, "a function", Got(repr(function)[:80]))
    return _Stream(
        iter(sources),
        run,
        load,
        prepare or list,
        finish or _as_given,
        BATCH.check(name, "batch", batch),
        AHEAD.check(name, "ahead", ahead),
        READERS.check(name, "readers", readers),
    ).results()


def _as_given(raw: Any, prepared: Any) -> Any:
    return raw


@dataclass(eq=False)
class _Stream:
    sources: Iterator[Any]
    run: Callable[[Any], Any]
    load: Callable[[Any], Any] | None
    prepare: Callable[[list[Any]], Any]
    finish: Callable[[Any, Any], Sequence[Any]]
    size: int
    ahead: int
    readers: int
    ended: bool = False
    failure: BaseException | None = None

    def results(self) -> Iterator[Streamed[Any]]:
        first = ThreadPoolExecutor(1, thread_name_prefix="imgproc-prepare")
        last = ThreadPoolExecutor(1, thread_name_prefix="imgproc-finish")
        loaders = ThreadPoolExecutor(self.readers, "imgproc-load") if self.readers > 1 else None
        coming: deque[Future[_Batch]] = deque()
        going: deque[_Batch] = deque()
        try:
            for _ in range(self.ahead):
                coming.append(first.submit(self._take, loaders))
            while True:
                batch = coming.popleft().result()
                if not batch.last:
                    coming.append(first.submit(self._take, loaders))
                if batch.sources:
                    self._go(batch, last)
                    going.append(batch)
                # What is done is handed out; else the network goes on as soon as it has something to run.
                while going and (
                    batch.last or len(going) > self.ahead or _is_done_first(going[0], coming[0])
                ):
                    yield from self._arrived(going.popleft())
                if batch.last:
                    break
            if self.failure is not None:
                raise self.failure
        finally:
            for pool in (first, last, loaders):
                if pool is not None:
                    pool.shutdown(wait=False, cancel_futures=True)
            for pool in (first, last, loaders):
                if pool is not None:
                    pool.shutdown(wait=True)

    def _take(self, loaders: ThreadPoolExecutor | None) -> _Batch:
        """The next batch of sources, loaded and prepared."""
        batch = _Batch([])
        try:
            while len(batch.sources) < self.size and not self.ended:
                batch.sources.append(next(self.sources))
        except StopIteration:
            self.ended = True
        except BaseException as error:  # raised where the results are asked for
            self.ended, self.failure = True, error
        batch.last = self.ended
        loaded = list((loaders.map if loaders else map)(self._loaded, batch.sources))
        for place, (image, wrong) in enumerate(loaded):
            if wrong is not None:
                batch.errors[place] = wrong
            else:
                batch.loaded.append(image)
        del loaded
        if batch.loaded:
            try:
                batch.prepared = self.prepare(batch.loaded)
            except Exception as error:
                batch.results = _failed(error)
        return batch

    def _loaded(self, source: Any) -> tuple[Any, Exception | None]:
        if self.load is None:
            return source, None
        try:
            return self.load(source), None
        except Exception as error:
            return None, error

    def _go(self, batch: _Batch, last: ThreadPoolExecutor) -> None:
        """Run, and have the results worked out."""
        if not batch.loaded or batch.results is not None:
            return
        try:
            raw = self.run(batch.prepared)
        except Exception as error:
            batch.results = _failed(error)
        else:
            batch.results = last.submit(self._finished, raw, batch.prepared, len(batch.loaded))

    def _finished(self, raw: Any, prepared: Any, count: int) -> Sequence[Any]:
        results = self.finish(raw, prepared)
        if not isinstance(results, Sequence) or len(results) != count:
            what = "finish" if self.finish is not _as_given else "run"
            raise wrong_type(
                "stream_images", what, f"a function that gives {count} results for as many images", results
            )
        return results

    def _arrived(self, batch: _Batch) -> Iterator[Streamed[Any]]:
        """The results of a batch; where it failed as one, of its images one by one."""
        results: list[Any] = []
        if batch.results is not None:
            try:
                results = [(result, None) for result in batch.results.result()]
            except Exception as error:
                alone = len(batch.loaded) == 1
                results = [(None, error)] if alone else [self._alone(image) for image in batch.loaded]
        batch.loaded.clear()
        batch.prepared = None
        arrived = iter(results)
        for place, source in enumerate(batch.sources):
            wrong = batch.errors.get(place)
            yield Streamed(source, None, wrong) if wrong is not None else Streamed(source, *next(arrived))

    def _alone(self, image: Any) -> tuple[Any, Exception | None]:
        try:
            prepared = self.prepare([image])
            return self._finished(self.run(prepared), prepared, 1)[0], None
        except Exception as error:
            return None, error


def _is_done_first(batch: _Batch, following: Future[_Batch]) -> bool:
    """Whether the results of a batch are there before the next one is prepared, or with it; waits for either."""
    if batch.results is None:
        return True
    both: tuple[Future[Any], ...] = (batch.results, following)
    wait(both, return_when=FIRST_COMPLETED)
    return batch.results.done()


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future
