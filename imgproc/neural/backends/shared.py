"""The child's side of a worker, and how arrays lie in the memory that both sides see."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.images import Array

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory

_APART = 64  # a line of the cache

Table = list[Any]  # [name, dtype, shape, where] of each array


def laid_out(arrays: Mapping[str, Array]) -> tuple[Table, int]:
    """Where each array goes in one piece of memory, and how large that must be."""
    table, size = [], 0
    for name, array in arrays.items():
        table.append([name, array.dtype.str, list(array.shape), size])
        size += -(-array.nbytes // _APART) * _APART
    return table, max(size, 1)


def place(piece: SharedMemory, table: Table, arrays: Mapping[str, Array]) -> None:
    for name, view in views(piece, table).items():
        view[...] = arrays[name]


def views(piece: SharedMemory, table: Table) -> dict[str, Array]:
    """The arrays of a table, in the memory itself."""
    return {
        name: np.ndarray(tuple(shape), np.dtype(dtype), piece.buf, where)
        for name, dtype, shape, where in table
    }


def child(pipe: Any, source: Any, memory: int | None, options: dict[str, Any]) -> None:
    """Load a model and run it for the parent until that ends."""
    # Read by the OpenMP libraries when they are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _limit(memory)
        from ..model import load

        model = load(source, **options)
    except BaseException as error:
        _send(pipe, {"error": _told(error, loading=True)})
        return
    described = {
        key: [[s.name, s.shape, None if s.dtype is None else np.dtype(s.dtype).str] for s in specs]
        for key, specs in (("inputs", model.inputs), ("outputs", model.outputs))
    }
    _send(pipe, {**described, "device": model.device})
    pieces: dict[str, SharedMemory] = {}
    while True:
        try:
            message = json.loads(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            if "request" in message:
                _attach(pieces, "request", message["request"])
            outputs = model._run(views(pieces["request"], message["run"]))
            table, size = laid_out(outputs)
            if not table:
                _send(pipe, {"outputs": table})
                continue
            if "response" not in pieces or pieces["response"].size < size:
                _send(pipe, {"needs": size})
                _attach(pieces, "response", json.loads(pipe.recv_bytes())["response"])
            place(pieces["response"], table, outputs)
            del outputs
            _send(pipe, {"outputs": table})
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:
            told = _told(error, loading=False)
            del error
            for which in list(pieces):  # as the parent does: one of them may hold what the other does not
                let_go(pieces.pop(which))
            _send(pipe, {"error": told})


def _attach(pieces: dict[str, SharedMemory], which: str, name: str) -> None:
    from multiprocessing.shared_memory import SharedMemory

    piece = SharedMemory(name)
    if which in pieces:
        let_go(pieces.pop(which))
    pieces[which] = piece


def let_go(piece: SharedMemory) -> None:
    try:
        piece.close()
    except BufferError:  # the backend still holds an array in it; the memory goes with that
        piece._buf = piece._mmap = None  # type: ignore[attr-defined]


def _send(pipe: Any, message: dict[str, Any]) -> None:
    pipe.send_bytes(json.dumps(message).encode())


def _told(error: BaseException, *, loading: bool) -> dict[str, Any]:
    parts = [str(getattr(error, name, "")) for name in ("function", "name", "wanted", "got")]
    return {"kind": type(error).__name__, "text": str(error), "parts": parts, "loading": loading}


def _limit(memory: int | None) -> None:
    try:
        import resource
    except ImportError:
        if memory is not None:
            raise ValueError("Worker: memory must be None on this system, which cannot limit it") from None
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected here
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _end_with_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
