"""A model in a process of its own: the same results, and every way in which a child may end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_files as write
import pytest
import worker_models

from imgproc.neural import (
    InputMismatch,
    Model,
    ModelFormatError,
    NeuralError,
    TensorSpec,
    Worker,
    WorkerDied,
    load,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX systems")
SHARED = Path("/dev/shm")


def segments() -> set[str]:
    """Names of Python's shared memory on this machine; tests beside this one may have some for a moment."""
    return {path.name for path in SHARED.glob("psm_*")} if SHARED.is_dir() else set()


@pytest.fixture(scope="module")
def tame() -> Iterator[Any]:
    """One child for all that end well: what it does is in its feed ``task``."""
    with load(worker_models.act, worker=True) as model:
        yield model


def do(model: Any, task: str, **feeds: Any) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = model.run({"task": np.array(worker_models.TASKS.index(task)), **feeds})
    return found


@pytest.fixture(scope="module")
def wild() -> Iterator[Any]:
    """One child for all that need one to end: each of them leaves it to the next to start another."""
    options = {"inputs": [TensorSpec("what", ())], "outputs": ["pid"]}
    with Worker(worker_models.misbehave, restart=True, timeout=60, **options) as model:
        assert model.inputs == (TensorSpec("what", ()),)
        assert model.outputs == (TensorSpec("pid"),)
        yield model


def ask(model: Any, what: int) -> int:
    return int(model.run({"what": np.array(what)})["pid"])


def test_results_are_those_of_this_process(tame: Any, rng: np.random.Generator) -> None:
    assert isinstance(tame, Model)
    assert tame.pid != os.getpid()
    for dtype in ("u1", "i8", "f2", "f4", "c16", "?"):
        feeds = {
            "a": rng.integers(0, 2, (3, 5)).astype(dtype),
            "b": np.ones((0, 4), dtype),
            "c": np.array(1, dtype),
            "d": rng.integers(0, 2, (4, 6)).astype(dtype).T[::-1],
        }
        outputs = do(tame, "double", **feeds)
        for name, wanted in worker_models.double(feeds).items():
            assert outputs[name].dtype == wanted.dtype
            np.testing.assert_array_equal(outputs[name], wanted)
            assert outputs[name].flags.owndata and outputs[name].flags.writeable


def test_memory_grows_with_the_batch_and_has_no_name(tame: Any) -> None:
    for size in (1, 1 << 14, 1 << 18, 3, 1 << 20):
        array = np.arange(size, dtype=np.float32)
        np.testing.assert_array_equal(do(tame, "double", x=array)["x"], 2 * array)
    mine = {name for name in segments() if (SHARED / name).stat().st_size >= 1 << 22}
    assert not mine


def full(descriptor: int, start: int, size: int) -> None:
    """posix_fallocate where there is no room."""
    raise OSError(28, "No space left on device")


@POSIX
def test_shared_memory_may_be_full(tame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a SIGBUS in this process, as it would be where memory is only promised."""

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full, raising=False)
        with pytest.raises(
            NeuralError, match=r"run: .* bytes of shared memory must be there, got .*No space left"
        ):
            do(tame, "double", x=np.ones(1 << 20))
    np.testing.assert_array_equal(do(tame, "double", x=np.ones(1 << 20))["x"], 2)


@POSIX
def test_shared_memory_may_be_full_for_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    with Worker(worker_models.grow, restart=True) as model:
        assert model.run({"n": np.array(5)})["y"].size == 5
        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", full, raising=False)
            with pytest.raises(WorkerDied, match="No space left on device: the worker was ended"):
                model.run({"n": np.array(1 << 20)})
        assert model.run({"n": np.array(1 << 20)})["y"].size == 1 << 20


def test_outputs_outlive_the_next_run(tame: Any) -> None:
    first = do(tame, "double", x=np.ones(100))["x"]
    do(tame, "double", x=np.zeros(100))
    np.testing.assert_array_equal(first, 2)


def test_several_threads_may_share_one(tame: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(i: int) -> bool:
        return bool((do(tame, "double", x=np.full(50 + i, i))["x"] == 2 * i).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(40)))


def test_feeds_are_checked_here(tame: Any) -> None:
    with pytest.raises(InputMismatch, match="x must be finite"):
        do(tame, "double", x=np.array([np.nan]))
    with pytest.raises(TypeError, match="run: x must be a NumPy array"):
        do(tame, "double", x=[1])


def test_a_backend_may_keep_and_give_back_its_feeds(tame: Any) -> None:
    for size in (1 << 10, 1 << 16, 1 << 18):
        array = np.arange(size, dtype=np.float64)
        np.testing.assert_array_equal(do(tame, "same", x=array)["x"], array)


def test_outputs_may_be_much_larger_than_feeds_or_none(tame: Any) -> None:
    for size in (0, 1, 1 << 17, 5, 1 << 20):
        assert do(tame, "grow", n=np.array(size))["y"].shape == (size,)
    assert do(tame, "nothing") == {}


def test_an_error_of_the_function_is_told_and_not_the_end(wild: Any) -> None:
    pid = ask(wild, 0)
    with pytest.raises(NeuralError, match="KeyError in the worker: 'misbehaved'"):
        ask(wild, 1)
    assert ask(wild, 0) == pid == wild.pid


@POSIX
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL"])
def test_a_crash_names_the_signal_and_the_next_run_starts_another(wild: Any, name: str) -> None:
    before = ask(wild, 0)
    number = getattr(signal, name)
    with pytest.raises(
        WorkerDied, match=f"run: the worker must stay alive, got one that was ended by {name}"
    ) as died:
        ask(wild, number)
    assert died.value.exitcode == -number
    assert wild.pid is None
    assert ask(wild, 0) not in (before, os.getpid())


def test_a_child_that_exits(wild: Any) -> None:
    with pytest.raises(WorkerDied, match="ended with exit status 7"):
        ask(wild, 3)


def test_time_is_limited() -> None:
    with Worker(worker_models.misbehave, timeout=0.2) as model:
        with pytest.raises(WorkerDied, match=r"run: the worker must answer within 0\.2 s"):
            ask(model, 2)
        with pytest.raises(
            WorkerDied, match=r"must be alive \(restart=True starts another\): .*within 0\.2 s"
        ):
            ask(model, 0)
    with pytest.raises(NeuralError, match="must be open"):
        ask(model, 0)
    with pytest.raises(WorkerDied, match="load: the worker must answer within"):
        Worker(worker_models.misbehave, start_timeout=1e-3)


@POSIX
def test_a_child_killed_between_two_runs(wild: Any) -> None:
    ask(wild, 0)
    child = wild._process.child
    os.kill(wild.pid, signal.SIGKILL)
    child.join()
    assert ask(wild, 0) == wild.pid


@POSIX
@pytest.mark.skipif(sys.platform == "darwin", reason="the system does not hold to the limit")
def test_memory_is_limited() -> None:
    with Worker(worker_models.allocate, memory=4 << 30) as model:
        assert model.run({"bytes": np.array(1 << 20)})["size"] == 1 << 20
        with pytest.raises(NeuralError, match="MemoryError in the worker"):
            model.run({"bytes": np.array(8 << 30)})
        assert model.run({"bytes": np.array(1 << 20)})["size"] == 1 << 20


def test_an_interrupted_run_does_not_answer_the_next(wild: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ask(wild, 0)

    def interrupted(doing: str, seconds: float | None) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(wild._process, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(wild, 0)
    assert wild.pid is None
    assert ask(wild, 0) != before


def test_an_interrupt_leaves_no_shared_memory(wild: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of MB take a while to reserve: the likeliest place for an interrupt to hit."""
    pieces = []

    def interrupted(piece: Any) -> None:
        pieces.append(piece)
        raise KeyboardInterrupt

    wild._drop(kill=True)  # so that the next run needs memory
    with monkeypatch.context() as patch:
        patch.setattr("imgproc.neural.backends.worker._reserve", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(wild, 0)
    (piece,) = pieces
    with pytest.raises(FileNotFoundError):
        type(piece)(piece.name)
    assert ask(wild, 0) > 0


def test_a_fork_is_told_to_start_its_own(tame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that ask through one pipe would get each other's answers."""
    own = os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: own + 1)
        with pytest.raises(NeuralError, match="by the process that started it, got a fork of that"):
            do(tame, "double", x=np.ones(3))
    np.testing.assert_array_equal(do(tame, "double", x=np.ones(3))["x"], 2)


def test_what_the_child_sees(tame: Any) -> None:
    assert all(do(tame, "environment").values())


def test_errors_of_loading_are_those_of_load(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelFormatError, match=r"m\.onnx: not an ONNX file"):
        load(path, worker=True, backend="opencv")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timeout": 0}, ValueError, "Worker: timeout must be None or a number > 0"),
        ({"start_timeout": "1"}, TypeError, "Worker: start_timeout"),
        ({"restart": 1}, TypeError, "Worker: restart"),
        ({"memory": 0.5}, TypeError, "Worker: memory"),
        ({"worker": True}, TypeError, "Worker: options"),
        ({"inputs": [lambda: 0]}, TypeError, "load: source must be a path or what pickle takes"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Worker(worker_models.double, **options)


def test_functions_that_pickle_does_not_take() -> None:
    with pytest.raises(TypeError, match="load: source must be a path or what pickle takes"):
        load(lambda feeds: feeds, worker=True)


@POSIX
def test_opencv_may_crash_on_a_mutated_file(tmp_path: Path, rng: np.random.Generator) -> None:
    """OpenCV 5.0 crashed on 4 of 300: whatever a file does to it, it is an error here."""
    pytest.importorskip("cv2")
    folder = np.frombuffer(str(tmp_path).encode(), np.uint8)
    whole, outcomes = write.scaled(2.0), set()
    with Worker(worker_models.opencv_reads, restart=True, timeout=60) as model:
        for number in range(30):
            content = bytearray(whole)
            for at in rng.integers(len(content), size=number % 4):
                content[at] = rng.integers(256)
            feeds = {"folder": folder, "file": np.frombuffer(bytes(content), np.uint8)}
            try:
                outcomes.add(bool(model.run(feeds)["ran"]))
            except WorkerDied:
                outcomes.add(None)
    assert {True, False} <= outcomes


PARENT = """
import os, signal, sys, numpy as np, worker_models
from imgproc.neural import load
if __name__ == "__main__":
    model = load(worker_models.double, worker=True)
    model.run({"x": np.ones(1 << 18)})
    print(model.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_a_killed_parent_leaves_nothing(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    paths = os.pathsep.join([*filter(None, sys.path)])
    before = segments()
    ran = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        timeout=60,
        check=False,
    )
    # The pipes above are closed only when the child, which has them too, has ended.
    assert ran.returncode == -signal.SIGKILL
    assert ran.stderr == b""
    state = Path(f"/proc/{int(ran.stdout)}/stat")
    with contextlib.suppress(FileNotFoundError):
        assert state.read_text().rpartition(") ")[2].startswith("Z")  # ended, but no one has asked how
    with contextlib.suppress(FileNotFoundError):
        left = {name for name in segments() - before if (SHARED / name).stat().st_size >= 1 << 21}
        assert not left


def test_a_script_without_the_usual_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "bare.py"
    lines = ("import worker_models, imgproc.neural", "imgproc.neural.load(worker_models.double, worker=True)")
    script.write_text("\n".join(lines))
    ran = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert 'a script that starts one needs `if __name__ == "__main__":`' in ran.stderr
