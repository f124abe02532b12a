"""Borders, seeds, parameters and bands: the rules that no single operation owns."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from itertools import pairwise

import numpy as np
import pytest

import imgproc
from imgproc._core.borders import BORDER, border_indices
from imgproc._core.images import rows
from imgproc._core.parameters import Choice, Pair, Range
from imgproc._core.seeds import generator
from imgproc._core.threads import run_bands, run_relay


@pytest.mark.parametrize("border", BORDER.words)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("before, after", [(0, 0), (1, 2), (5, 0), (17, 23)])
def test_border_indices_are_those_of_pad(border: str, n: int, before: int, after: int) -> None:
    axis = np.arange(n)
    if border == "constant":
        expected = np.pad(axis, (before, after), mode="constant", constant_values=-1)
    else:
        expected = np.pad(axis, (before, after), mode=border)
    assert np.array_equal(border_indices(n, before, after, border), expected)


def test_seed() -> None:
    assert generator("f", 5).integers(1 << 60) == np.random.default_rng(5).integers(1 << 60)
    own = np.random.default_rng(1)
    assert generator("f", own) is own
    for value in (-1, 1.0, "1", None, True):
        with pytest.raises((TypeError, ValueError), match=r"^f: seed must be an integer >= 0 or a"):
            generator("f", value)


def test_range_says_what_it_takes() -> None:
    assert str(Range(low=0, high=100)) == "a number >= 0 and <= 100"
    assert str(Range(above=0)) == "a number > 0"
    assert str(Range(low=1, integer=True)) == "an integer >= 1"
    assert str(Pair(Range(low=0), ("low", "high"))) == "a number >= 0 or a pair (low, high) of such"
    assert str(Choice(("a", "b"))) == 'one of "a", "b"'


def test_range_takes_numpy_numbers() -> None:
    assert Range(low=0).check("f", "x", np.float32(2.5)) == 2.5
    assert Range(low=0, integer=True).check("f", "x", np.uint8(2)) == 2
    assert Pair(Range(low=0), ("a", "b")).check("f", "x", (1, np.int64(2))) == (1, 2)


def test_numbers_beyond_float_and_print_are_values_out_of_range() -> None:
    for value in (10**400, -(10**400), 10**5000):
        with pytest.raises(ValueError, match=r"^f: x must be a number"):
            Range().check("f", "x", value)
        with pytest.raises(ValueError, match=r"^f: x must be an integer"):
            Range(low=1, high=9, integer=True).check("f", "x", value)


def test_rows_are_aligned() -> None:
    raw = np.zeros(4 * 15 + 1, np.uint8)
    packed = raw[1:].view(np.float32).reshape(3, 5)
    assert not packed.flags.aligned
    assert rows(packed).flags.aligned
    assert rows(packed[:, ::2]).flags.aligned


def test_bands_without_new_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of the interpreter, or where the system has no thread left, the caller does all."""

    class Refusing:
        def submit(self, *arguments: object) -> None:
            raise RuntimeError("cannot schedule new futures after shutdown")

    before = imgproc.get_num_threads()
    imgproc.set_num_threads(4)
    monkeypatch.setattr("imgproc._core.threads._pool.get", lambda helpers: Refusing())
    assert run_bands(lambda y0, y1: (y0, y1), 8, 1e9) == [(0, 2), (2, 4), (4, 6), (6, 8)]
    imgproc.set_num_threads(before)


def test_bands_that_no_thread_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all processors are busy, the caller takes back what waits."""

    class Busy:
        def submit(self, *arguments: object) -> Future[object]:
            return Future()

    before = imgproc.get_num_threads()
    imgproc.set_num_threads(4)
    monkeypatch.setattr("imgproc._core.threads._pool.get", lambda helpers: Busy())
    assert run_bands(lambda y0, y1: (y0, y1), 8, 1e9) == [(0, 2), (2, 4), (4, 6), (6, 8)]
    imgproc.set_num_threads(before)


def test_parse_reads_what_the_command_line_writes() -> None:
    assert Range(above=0).parse("0.8") == 0.8
    assert Range(low=1, integer=True).parse("8") == 8
    pair = Pair(Range(low=0), ("a", "b"))
    assert pair.parse("1/2.5") == (1, 2.5)
    assert pair.parse("8x8") == (8, 8)
    assert pair.parse("3") == 3


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_bands_cover_each_row_once(rows: int, threads: int) -> None:
    seen = np.zeros(rows, int)

    def kernel(y0: int, y1: int) -> tuple[int, int]:
        seen[y0:y1] += 1
        return y0, y1

    edges = run_bands(kernel, rows, 1e9)
    assert (seen == 1).all()
    assert edges[0][0] == 0 and edges[-1][1] == rows
    assert all(a[1] == b[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("bands", range(2, 9))
def test_the_caller_has_the_first_and_longest_band(bands: int) -> None:
    """Of a short call too each band has a row, and the others share the rest evenly."""
    before = imgproc.get_num_threads()
    imgproc.set_num_threads(bands)
    for height in (*range(bands, bands + 20), 1000):
        edges = run_bands(lambda y0, y1: (y0, y1), height, bands * 40_000.0, sure=True)
        lengths = [y1 - y0 for y0, y1 in edges]
        assert len(lengths) == bands and sum(lengths) == height
        assert min(lengths) >= 1 and max(lengths[1:]) <= min(lengths[1:]) + 1
        assert lengths[0] >= height / bands
    assert lengths[0] > lengths[1] + 300 / bands
    imgproc.set_num_threads(before)


def test_short_calls_stay_on_one_thread() -> None:
    before = imgproc.get_num_threads()
    imgproc.set_num_threads(8)
    assert run_bands(lambda y0, y1: threading.current_thread(), 100, 0.9e6) == [threading.current_thread()]
    assert run_bands(lambda y0, y1: threading.current_thread(), 100, 0.07e6, sure=True) == [
        threading.current_thread()
    ]
    assert len(run_bands(lambda y0, y1: None, 100, 0.1e6, sure=True)) == 2
    imgproc.set_num_threads(before)


def test_errors_in_a_band_reach_the_caller_after_all_bands_ended(threads: int) -> None:
    begun, ended = [], []
    failing = threading.Event()

    def kernel(y0: int, y1: int) -> None:
        begun.append(y0)
        if y0 == 0:
            failing.set()
            raise RuntimeError(f"band {y0}")
        failing.wait()
        ended.append(y0)

    with pytest.raises(RuntimeError, match="band 0"):
        run_bands(kernel, 10, 1e9)
    assert begun.count(0) == 1 and len(begun) == len(ended) + 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_relay_finishes_in_order(workers: int) -> None:
    before = imgproc.get_num_threads()
    imgproc.set_num_threads(workers)
    at_work: set[int] = set()
    prepared, finished = [], []

    def prepare(block: int, worker: int) -> None:
        assert worker < workers and worker not in at_work
        at_work.add(worker)
        prepared.append(block)

    def finish(block: int, worker: int) -> None:
        assert block in prepared
        finished.append(block)
        at_work.remove(worker)

    try:
        run_relay(prepare, finish, 20, workers)
    finally:
        imgproc.set_num_threads(before)
    assert finished == list(range(20)) and sorted(prepared) == finished


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("step", ["prepare", "finish"])
def test_a_relay_that_fails_ends(workers: int, step: str) -> None:
    before = imgproc.get_num_threads()
    imgproc.set_num_threads(workers)
    finished = []

    def fail(block: int, worker: int) -> None:
        if block == 4:
            raise MemoryError

    def finish(block: int, worker: int) -> None:
        finished.append(block)
        if step == "finish":
            fail(block, worker)

    try:
        with pytest.raises(MemoryError):
            run_relay(fail if step == "prepare" else lambda block, worker: None, finish, 9, workers)
    finally:
        imgproc.set_num_threads(before)
    assert finished == list(range(5 if step == "finish" else 4))
