"""Functions that tests run in a worker: they must be found by name in another process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

HELD: list[Any] = []


def double(feeds: dict[str, Any]) -> dict[str, Any]:
    return {name: 2 * array for name, array in feeds.items()}


def same(feeds: dict[str, Any]) -> dict[str, Any]:
    """Its feeds themselves, which it also keeps."""
    HELD.append(dict(feeds))
    return feeds


def grow(feeds: dict[str, Any]) -> dict[str, Any]:
    return {"y": np.zeros(int(feeds["n"]), np.uint8)}


def nothing(feeds: dict[str, Any]) -> dict[str, Any]:
    return {}


def environment(feeds: dict[str, Any]) -> dict[str, Any]:
    passive = os.environ.get("OMP_WAIT_POLICY") == "PASSIVE"
    return {
        "passive": np.array(passive),
        "ignored": np.array(signal.getsignal(signal.SIGINT) == signal.SIG_IGN),
    }


TASKS = ("double", "same", "grow", "nothing", "environment")


def act(feeds: dict[str, Any]) -> dict[str, Any]:
    """One of the above."""
    found: dict[str, Any] = globals()[TASKS[int(feeds.pop("task"))]](feeds)
    return found


def misbehave(feeds: dict[str, Any]) -> dict[str, Any]:
    """Does what its feed says: 0 nothing, 1 raise, 2 never answer, 3 exit, above that the signal of that number."""
    what = int(feeds["what"])
    if what == 1:
        raise KeyError("misbehaved")
    if what == 2:
        time.sleep(600)
    if what == 3:
        os._exit(7)
    if what > 3:
        os.kill(os.getpid(), what)
    return {"pid": np.array(os.getpid())}


def allocate(feeds: dict[str, Any]) -> dict[str, Any]:
    return {"size": np.array(np.ones(int(feeds["bytes"]), np.uint8).size)}


def opencv_reads(feeds: dict[str, Any]) -> dict[str, Any]:
    """Whether OpenCV takes and runs a file of such bytes; a crash of it ends this process."""
    from imgproc.neural import NeuralError
    from imgproc.neural.backends.opencv import OpencvModel

    path = Path(feeds["folder"].tobytes().decode()) / "mutated.onnx"
    path.write_bytes(feeds["file"].tobytes())
    try:
        with OpencvModel(path, verify=False) as model:
            model.run({"x": np.ones((1, 3), np.float32)})
    except NeuralError:
        return {"ran": np.array(False)}
    return {"ran": np.array(True)}
