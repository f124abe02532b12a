"""Streams: order, errors of single images, steps side by side, nothing read too far ahead, and a clean end."""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc.neural import Streamed, stream_images


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("imgproc-")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    gc.collect()
    assert not threads()


class Wrong(Exception):
    pass


def fails_on(*values: Any) -> Callable[[Any], Any]:
    def load(value: Any) -> Any:
        if value in values:
            raise Wrong(value)
        return value

    return load


@given(
    st.integers(0, 30), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.sets(st.integers(0, 30))
)
@settings(max_examples=40, deadline=None)
def test_one_result_for_each_source_in_order(
    count: int, batch: int, ahead: int, readers: int, bad: set[int]
) -> None:
    sizes = []

    def run(prepared: np.ndarray) -> np.ndarray:
        sizes.append(len(prepared))
        return prepared * 2

    found = list(
        stream_images(
            range(count),
            run,
            load=fails_on(*bad),
            prepare=np.array,
            finish=lambda raw, prepared: (raw + prepared).tolist(),
            batch=batch,
            ahead=ahead,
            readers=readers,
        )
    )
    assert [one.source for one in found] == list(range(count))
    for one in found:
        if one.source in bad:
            assert isinstance(one.error, Wrong) and one.result is None
            with pytest.raises(Wrong):
                one.get()
        else:
            assert one.error is None and one.get() == one.source * 3
    # Sources go in batches as they come, whatever became of those before.
    parts = [range(start, min(start + batch, count)) for start in range(0, count, batch)]
    assert sizes == [size for part in parts if (size := len(set(part) - bad))]


@pytest.mark.parametrize("step", ["prepare", "run", "finish"])
def test_one_bad_image_fails_alone(step: str) -> None:
    """A batch that fails is tried image by image, so that a step may refuse one of eight."""

    def refuse(values: Any) -> Any:
        if 5 in values:
            raise Wrong(5)
        return values

    steps: dict[str, Any] = {"prepare": refuse, "run": refuse, "finish": lambda raw, prepared: refuse(raw)}
    steps = {"run": lambda values: values} | {step: steps[step]}
    found = list(stream_images(range(12), batch=4, **steps))
    assert [one.source for one in found if one.error] == [5]
    assert [one.result for one in found if not one.error] == [value for value in range(12) if value != 5]


def test_the_network_runs_in_the_caller_s_thread_one_call_at_a_time() -> None:
    """Slicers that run a network from a pool of threads crash (supervision#1632)."""
    inside = []

    def run(values: list[int]) -> list[int]:
        inside.append(threading.current_thread())
        return values

    def finish(raw: Any, prepared: Any) -> Any:
        inside.append(threading.current_thread())
        return raw

    list(stream_images(range(6), run, finish=finish, batch=2))
    assert {one.name.partition("_")[0] for one in inside} == {
        threading.current_thread().name,
        "imgproc-finish",
    }
    assert inside.count(threading.current_thread()) == 3


def test_steps_work_side_by_side() -> None:
    """Three batches meet, one in each step; with steps in turn this would wait for ever."""
    meeting = threading.Barrier(3, timeout=150)

    def meet(number: int, values: Any) -> Any:
        if values[0] == number:
            meeting.wait()
        return values

    found = stream_images(
        range(3),
        lambda values: meet(1, values),
        prepare=lambda values: meet(2, values),
        finish=lambda raw, prepared: meet(0, raw),
        batch=1,
    )
    assert [one.get() for one in found] == [0, 1, 2]


def test_the_network_does_not_wait_for_results_while_there_is_something_to_run() -> None:
    """The next batch is prepared while the first one's results are worked out, which takes until it has run."""
    finishing, running = threading.Event(), threading.Event()

    def prepare(values: list[int]) -> list[int]:
        assert values[0] != 1 or finishing.wait(150)
        return values

    def run(values: list[int]) -> list[int]:
        if values[0] == 1:
            running.set()
        return values

    def finish(raw: list[int], prepared: list[int]) -> list[int]:
        finishing.set()
        assert raw[0] != 0 or running.wait(150)
        return raw

    found = stream_images(range(3), run, prepare=prepare, finish=finish, batch=1)
    assert [one.get() for one in found] == [0, 1, 2]


def test_results_are_handed_out_while_the_source_is_waited_for() -> None:
    """A camera that gives no picture for a while keeps back no result."""
    handed = threading.Event()

    def camera() -> Iterator[int]:
        yield from range(2)
        assert handed.wait(150)
        yield 2

    got = []
    for one in stream_images(camera(), list, batch=1, ahead=1):
        got.append(one.get())
        if got == [0, 1]:
            handed.set()
    assert got == [0, 1, 2]


def test_readers_load_a_batch_together() -> None:
    meeting = threading.Barrier(4, timeout=150)
    found = stream_images(range(4), list, load=lambda value: (meeting.wait(), value)[1], batch=4, readers=4)
    assert [one.get() for one in found] == [0, 1, 2, 3]


def test_an_endless_source_is_read_no_further_than_asked() -> None:
    read: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            read.append(len(read))
            yield read[-1]

    found = stream_images(endless(), list, batch=3, ahead=2)
    assert not read  # nothing begins before it is asked for
    for place in range(10):
        assert next(found).source == place
        assert len(read) <= place + 1 + 3 * (2 * 2 + 2)
    found.close()
    assert not threads()
    before = len(read)
    assert list(found) == [] and len(read) == before


def test_leaving_the_loop_ends_the_threads() -> None:
    for one in stream_images(range(1000), list, batch=2):
        assert threads()
        if one.source == 5:
            break
    del one
    gc.collect()
    assert not threads()
    with pytest.raises(Wrong):
        for _ in stream_images(range(1000), list, batch=2):
            raise Wrong
    gc.collect()
    assert not threads()


def test_what_the_source_raises_comes_after_what_it_gave() -> None:
    def broken() -> Iterator[int]:
        yield from range(5)
        raise Wrong("camera")

    got = []
    with pytest.raises(Wrong, match="camera"):
        for one in stream_images(broken(), list, batch=2):
            got.append(one.get())
    assert got == [0, 1, 2, 3, 4]


def test_an_interruption_in_the_network_goes_through() -> None:
    def run(values: list[int]) -> list[int]:
        if values[0] >= 4:
            raise KeyboardInterrupt
        return values

    got = []
    with pytest.raises(KeyboardInterrupt):
        for one in stream_images(range(100), run, batch=2):
            got.append(one.get())
    assert got == list(range(len(got)))


def test_a_stop_iteration_of_a_step_is_an_error_like_any() -> None:
    def stop(values: Any) -> Any:
        raise StopIteration

    for step in ("load", "prepare", "run"):
        found = list(stream_images(range(2), **({"run": list} | {step: stop})))
        assert [type(one.error) for one in found] == [StopIteration] * 2


def test_results_that_do_not_fit_the_batch() -> None:
    for steps in ({"run": lambda values: values[:-1]}, {"run": list, "finish": lambda raw, prepared: 3}):
        found: list[Streamed[Any]] = list(stream_images(range(2), **steps))
        for one in found:
            assert isinstance(one.error, TypeError)
            assert re.search("(run|finish) must be a function that gives 1 results", str(one.error))


def test_images_are_let_go() -> None:
    """Results that a caller keeps do not keep the images."""
    import weakref

    class Image:
        pass

    alive: list[weakref.ref[Any]] = []

    def load(source: int) -> Image:
        image = Image()
        alive.append(weakref.ref(image))
        return image

    kept = []
    for one in stream_images(range(16), lambda images: [0] * len(images), load=load, batch=2, ahead=1):
        kept.append(one)
        gc.collect(1)  # a whole collection takes long where large libraries are loaded
        assert sum(ref() is not None for ref in alive) <= 2 * 5
    gc.collect()
    assert not any(ref() is not None for ref in alive) and len(kept) == 16


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sources": "photo.jpg"}, "sources must be an iterable of paths or images, got 'photo.jpg'"),
        ({"sources": 3}, "sources must be an iterable"),
        ({"run": None}, "run must be a function, got None"),
        ({"load": 3}, "load must be a function, got 3"),
        ({"batch": 0}, "batch must be an integer >= 1"),
        ({"ahead": 0}, "ahead must be an integer >= 1"),
        ({"readers": 0}, "readers must be an integer >= 1"),
    ],
)
def test_wrong_arguments_are_told_at_once(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(f"stream_images: {sentence}")):
        stream_images(**({"sources": [], "run": list} | options))
