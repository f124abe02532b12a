"""Threads: rows are cut into bands, the caller works on the first and a shared pool on the others.

Kernels release the GIL and are re-entrant, so users may also call from threads of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Condition, Lock
from typing import TYPE_CHECKING, TypeVar

from .parameters import Range

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_COUNT = Range(low=1, high=1024, integer=True)
_Result = TypeVar("_Result")

# Handing a band to the pool and waiting for it costs 10 to 20 µs when idle and much more on a busy machine.
# Estimates are those of the slowest level, up to ten times what the fastest takes; those that the fastest does not
# undercut allow shorter bands.
_SHORTEST_BAND_NS = 500_000.0
_SHORTEST_SURE_BAND_NS = 40_000.0

# A thread that sleeps begins this much after the caller, who has so much more to do: were he done first, he would
# sleep as well, and waking him takes as long again (two even bands of 130 µs in all take 106 µs, uneven ones 83).
_HEAD_START_NS = 20_000.0


class _Pool:
    """The threads beside the caller's, started when first needed and forgotten in a forked child."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0
        self.threads = _default_threads()

    def get(self, helpers: int) -> ThreadPoolExecutor:
        with self.lock:
            if self.executor is None or self.size < helpers:
                from concurrent.futures import ThreadPoolExecutor

                # A smaller pool that is still working finishes what it was given.
                self.executor = ThreadPoolExecutor(helpers, thread_name_prefix="imgproc")
                self.size = helpers
            return self.executor

    def forget(self) -> None:
        self.lock = Lock()
        self.executor = None
        self.size = 0


def _default_threads() -> int:
    text = os.environ.get("IMGPROC_NUM_THREADS")
    if text:
        value = int(text) if text.isascii() and text.isdigit() else text
        return int(_COUNT.check("imgproc", "IMGPROC_NUM_THREADS", value))
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)


def get_num_threads() -> int:
    """How many threads a call may use, its own included."""
    return _pool.threads


def set_num_threads(n: int) -> None:
    """Set how many threads a call may use, its own included.

    Parameters
    ----------
    n : int
        1 to 1024. The default is the number of processors this process may run on, or the environment
        variable ``IMGPROC_NUM_THREADS``. Results are the same bits for any number; calls too short to gain
        from threads always stay on one: those under a millisecond as a rule, under 0.08 ms where their time is
        well known, as that of tables, histograms of integers, conversions of colour, box filters, the smallest
        medians, and linear or nearest resampling is.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or out of range.

    Examples
    --------
    >>> import imgproc
    >>> before = imgproc.get_num_threads()
    >>> imgproc.set_num_threads(1)
    >>> imgproc.set_num_threads(before)
    """
    _pool.threads = _COUNT.check("set_num_threads", "n", n)


def run_bands(
    kernel: Callable[[int, int], _Result],
    rows: int,
    nanoseconds: float,
    threads: int | None = None,
    *,
    sure: bool = False,
) -> list[_Result]:
    """Run ``kernel(y0, y1)`` over bands that cover rows ``[0, rows)``; results in row order.

    ``nanoseconds`` is the estimated time of the whole on one thread; it decides how many bands pay. ``sure`` says that
    no level takes much less. ``threads`` stands for the number that `set_num_threads` set.
    """
    threads = _pool.threads if threads is None else threads
    shortest = _SHORTEST_SURE_BAND_NS if sure else _SHORTEST_BAND_NS
    if nanoseconds < 2 * shortest or threads == 1:
        return [kernel(0, rows)]
    bands = min(threads, rows, int(nanoseconds / shortest))
    if bands <= 1:
        return [kernel(0, rows)]
    # At most half a band, or bands of a single row would be empty.
    later = rows * (1 - min(_HEAD_START_NS, shortest / 2) / nanoseconds) / bands
    edges = [0, *(rows - round(later * (bands - band)) for band in range(1, bands + 1))]
    executor = _pool.get(bands - 1)
    futures: list[Future[_Result]] = []
    try:
        for band in range(1, bands):
            futures.append(executor.submit(kernel, edges[band], edges[band + 1]))
    except RuntimeError:
        pass  # no new threads: the interpreter is ending, or the system refuses; the caller does the rest
    own: dict[int, _Result] = {}
    try:
        own[0] = kernel(edges[0], edges[1])
        for band in range(bands - 1, 0, -1):
            # Where processors are busy with other work, a band that none has begun is done before one comes.
            if band > len(futures) or futures[band - 1].cancel():
                own[band] = kernel(edges[band], edges[band + 1])
    finally:
        # Even when a band of the caller's failed: the others write to buffers that must not be let go.
        for future in futures:
            if not future.cancel():
                future.exception()
    return [own[band] if band in own else futures[band - 1].result() for band in range(bands)]


def run_relay(
    prepare: Callable[[int, int], None],
    finish: Callable[[int, int], None],
    blocks: int,
    workers: int,
) -> None:
    """Run ``prepare(block, worker)`` of all blocks side by side, and ``finish`` after it one block after the other.

    A worker does one block at a time, so that what belongs to it may be used again. For work of which a part needs
    what the block before has left.
    """
    turn = Condition()
    state = {"taken": 0, "turn": 0, "failed": False}

    def take() -> int:
        with turn:
            block = blocks if state["failed"] else state["taken"]
            state["taken"] += 1
            return block

    def work(worker: int) -> None:
        try:
            # A block is taken by a worker that runs, so the one whose turn it is never waits for a thread.
            while (block := take()) < blocks:
                prepare(block, worker)
                with turn:
                    while state["turn"] != block and not state["failed"]:
                        turn.wait()
                    if state["failed"]:
                        return
                finish(block, worker)
                with turn:
                    state["turn"] += 1
                    turn.notify_all()
        except BaseException:
            with turn:
                state["failed"] = True
                turn.notify_all()
            raise

    run_bands(lambda first, _: work(first), workers, workers * _SHORTEST_BAND_NS)


def relay_workers(blocks: int, nanoseconds: float) -> int:
    """How many workers pay for a relay that takes so long on one thread."""
    return max(1, min(_pool.threads, blocks, int(nanoseconds / _SHORTEST_BAND_NS)))
