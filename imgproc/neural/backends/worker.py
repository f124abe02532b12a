"""A model in a process of its own: what crashes there is an error here.

Messages are JSON over a pipe, arrays lie in shared memory, one piece each way that grows when a batch does. A piece
loses its name as soon as both sides hold it, so nothing is left behind however either ends. The child ends when its
parent does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import weakref
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..._core.errors import Got, describe, wrong_type
from ..._core.images import Array
from ..._core.parameters import Flag, OrNone, Range
from .. import errors
from ..errors import NeuralError, WorkerDied
from ..model import BackendModel
from ..specs import Specs, TensorSpec
from .shared import child, laid_out, let_go, place, views

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory

_SECONDS = OrNone(Range(above=0))
_BYTES = OrNone(Range(low=1, integer=True))
_SMALLEST = 1 << 16


class Worker(BackendModel):
    """Runs a model in a child process.

    Parameters
    ----------
    source : path, callable or module
        As for `load`; what is not a path must be one that pickle takes, such as a function of a module.
    timeout : float, optional
        Seconds that a run may take. One that takes longer is an error, and its process is ended.
    start_timeout : float, default 120
        Seconds that starting and loading may take.
    restart : bool, default False
        Whether the run after a crash starts a new process. The run that crashed is an error in any case.
    memory : int, optional
        Bytes of address space that the process may have, where the system can limit it. Libraries reserve more than
        they use, those of CUDA by far.
    **options
        As for `load`: ``backend``, ``device``, ``threads``, ``trust`` ….

    Raises
    ------
    WorkerDied
        The process ended, with the signal that ended it; also while it started.
    NeuralError
        As `load` and ``run`` have it, from the child; what a function raises there comes as a NeuralError.
    TypeError, ValueError
        A wrong argument, or a source that pickle does not take.

    Notes
    -----
    A call costs two copies and two wake-ups more than in this process: some 0.5 ms for a frame of 1080p. One run at a
    time. The child is started by spawn: a script needs the usual ``if __name__ == "__main__":``. Its OpenMP threads do
    not spin. It is kept from crashing its parent, not from what it may do: it has the rights of its user.

    Examples
    --------
    >>> from imgproc.neural import Worker
    >>> with Worker("detector.onnx", timeout=10, restart=True) as model:  # doctest: +SKIP
    ...     outputs = model.run({"images": batch})
    """

    def __init__(
        self,
        source: object,
        *,
        timeout: float | None = None,
        start_timeout: float | None = 120.0,
        restart: bool = False,
        memory: int | None = None,
        **options: Any,
    ) -> None:
        self._timeout = _SECONDS.check("Worker", "timeout", timeout)
        self._start_timeout = _SECONDS.check("Worker", "start_timeout", start_timeout)
        self._restart = Flag().check("Worker", "restart", restart)
        memory = _BYTES.check("Worker", "memory", memory)
        if "worker" in options:
            raise wrong_type("Worker", "options", "those of load for this process", Got("worker"))
        self._job = (str(source) if isinstance(source, Path) else source, memory, options)
        self._lock = Lock()
        self._process: _Process | None = None
        self._last: WorkerDied | None = None
        self._start()

    @property
    def pid(self) -> int | None:
        """The child's process number; None while there is none."""
        return self._process.child.pid if self._process is not None else None

    def _start(self) -> None:
        self._process = _Process(self._job)
        try:
            answer = self._process.receive("load", self._start_timeout)
        except BaseException:
            self._drop(kill=True)
            raise
        self.inputs, self.outputs = (_specs(answer[key]) for key in ("inputs", "outputs"))
        self.device = answer["device"]

    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        if self._process is not None and self._process.owner != os.getpid():
            must = "must be used by the process that started it, got a fork of that"
            raise NeuralError(f"run: the worker {must}: start another one here")
        with self._lock:
            if self._closed:
                raise NeuralError("run: the model must be open, got one that was closed")
            if self._process is not None and not self._process.child.is_alive():
                self._last = self._process.died("run", "between two runs, ")
                self._drop()
            if self._process is None:
                if not self._restart:
                    how = f"must be alive (restart=True starts another): {self._last}"
                    raise WorkerDied(f"run: the worker {how}", self._last.exitcode if self._last else None)
                self._start()
            assert self._process is not None
            try:
                return self._process.run(feeds, self._timeout)
            except WorkerDied as error:
                self._last = error
                self._drop()
                raise
            except Exception:
                raise  # told by a child that waits for the next run
            except BaseException:  # an interrupt, and the answer to this run may still come
                self._last = WorkerDied("run: the worker was ended as its run was interrupted")
                self._drop(kill=True)
                raise

    def _drop(self, *, kill: bool = False) -> None:
        if self._process is not None:
            self._process.end(kill=kill)
            self._process = None

    def _close(self) -> None:
        with self._lock:
            self._drop()


class _Process:
    """One child, the pipe to it, and the shared memory of both directions."""

    def __init__(self, job: tuple[object, int | None, dict[str, Any]]) -> None:
        # Here and not above: they would be a third of the time that importing this package takes.
        from multiprocessing import get_context
        from pickle import PicklingError

        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.child = context.Process(target=child, args=(theirs, *job), name="imgproc-worker", daemon=True)
        self.owner = os.getpid()
        self._pieces: dict[str, SharedMemory] = {}
        self._named: list[SharedMemory] = []
        try:
            self.child.start()
        except (AttributeError, PicklingError, TypeError) as error:
            self.pipe.close()
            must = "a path or what pickle takes, with such options, for a worker"
            raise wrong_type("load", "source", must, Got(f"{describe(job[0])} ({error})")) from None
        except OSError as error:
            self.pipe.close()
            raise WorkerDied(f"load: the worker must start, got {error}") from error
        finally:
            theirs.close()
        self._finalizer = weakref.finalize(self, _end, self.child, self.pipe, self.owner)

    def run(self, feeds: Mapping[str, Array], seconds: float | None) -> dict[str, Array]:
        """One run; an array goes over and back by one copy each."""
        table, size = laid_out(feeds)
        message = {"run": table, **self._room("request", size)}
        place(self._pieces["request"], table, feeds)
        answer = self._ask(message, seconds)
        if "needs" in answer:
            try:
                room = self._room("response", answer["needs"])
            except NeuralError as error:  # the child waits for it, and for nothing else
                self.end(kill=True)
                raise WorkerDied(f"{error}: the worker was ended", self.code) from error
            answer = self._ask(room, seconds)
        if not answer["outputs"]:
            return {}
        found = views(self._pieces["response"], answer["outputs"])
        return {name: array.copy() for name, array in found.items()}

    def _ask(self, message: Mapping[str, Any], seconds: float | None) -> dict[str, Any]:
        with contextlib.suppress(OSError):  # it is gone: receiving says how
            self.pipe.send_bytes(json.dumps(message).encode())
        try:
            return self.receive("run", seconds)
        except NeuralError:
            self._forget()  # the child may not have come to hold what was new
            raise
        finally:
            while self._named:  # by now it holds them
                self._named.pop().unlink()

    def receive(self, doing: str, seconds: float | None) -> dict[str, Any]:
        """The child's next message; raises what it tells, or how it ended."""
        from multiprocessing.connection import wait

        ready = wait([self.pipe, self.child.sentinel], seconds)
        if not ready:
            self.end(kill=True)
            sentence = f"{doing}: the worker must answer within {seconds:g} s, got none: it was ended"
            raise WorkerDied(sentence, self.code)
        try:
            # A last message may have come before the end.
            message = self.pipe.recv_bytes() if self.pipe in ready or self.pipe.poll() else b""
        except (EOFError, OSError):
            message = b""
        if not message:
            raise self.died(doing)
        answer: dict[str, Any] = json.loads(message)
        if "error" in answer:
            raise _relayed(answer["error"])
        return answer

    def died(self, doing: str, when: str = "") -> WorkerDied:
        """How a child ended that did by itself."""
        self.end()
        hint = ""
        if doing == "load" and self.code == 1:
            hint = ' (a script that starts one needs `if __name__ == "__main__":`)'
        return WorkerDied(
            f"{doing}: the worker must stay alive, got one that {when}{_how(self.code)}{hint}", self.code
        )

    def _room(self, which: str, size: int) -> dict[str, str]:
        """A piece at least that large; what to tell the child where it is a new one."""
        old = self._pieces.get(which)
        if old is not None and old.size >= size:
            return {}
        if old is not None:
            del self._pieces[which]
            let_go(old)
        from multiprocessing.shared_memory import SharedMemory

        sentence = f"run: {size} bytes of shared memory must be there"
        piece = None
        try:
            piece = SharedMemory(create=True, size=max(_SMALLEST, 1 << (size - 1).bit_length()))
            _reserve(piece)
        except BaseException as error:  # an interrupt as well: to reserve hundreds of MB takes a while
            if piece is not None:
                piece.close()
                piece.unlink()
            if isinstance(error, OSError):
                raise NeuralError(f"{sentence}, got {error}") from error
            raise
        self._pieces[which] = piece
        self._named.append(piece)
        return {which: piece.name}

    def _forget(self) -> None:
        for piece in self._pieces.values():
            let_go(piece)  # an interrupted copy's frame may hold an array in it
        self._pieces.clear()

    def end(self, *, kill: bool = False) -> None:
        """End the child if it lives, and let go of everything."""
        if kill and self._finalizer.alive:
            self.child.kill()
        if self._finalizer.alive:
            self.code = self._finalizer()
        while self._named:
            self._named.pop().unlink()
        self._forget()

    code: int | None = None


def _reserve(piece: SharedMemory) -> None:
    """Have all of it now: what the system promises and does not have is a SIGBUS where it is written to."""
    descriptor = getattr(piece, "_fd", -1)
    if descriptor >= 0 and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, piece.size)


def _end(process: Any, pipe: Any, owner: int) -> int | None:
    """Ends a child and says how it ended; not from a fork of the process that started it."""
    if os.getpid() != owner:
        return None
    pipe.close()  # a child that waits takes this as the end
    process.join(2)
    if process.is_alive():
        process.kill()
        process.join()
    code: int | None = process.exitcode
    process.close()
    return code


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit status {code}"


def _specs(listed: list[Any]) -> Specs:
    return tuple(
        TensorSpec(name, None if shape is None else tuple(shape), dtype) for name, shape, dtype in listed
    )


def _relayed(error: dict[str, Any]) -> Exception:
    """The child's error, of the same kind where it is one of ours."""
    kind = getattr(errors, error["kind"], None)
    parts = error["parts"]
    if kind in (errors.InputMismatch, errors.OutputMismatch):
        return kind(parts[0], parts[1], parts[2], Got(parts[3]))  # type: ignore[no-any-return]
    if isinstance(kind, type) and issubclass(kind, NeuralError):
        return kind(error["text"])
    if error["kind"] in ("TypeError", "ValueError", "FileNotFoundError") and error["loading"]:
        return {"TypeError": TypeError, "ValueError": ValueError, "FileNotFoundError": FileNotFoundError}[
            error["kind"]
        ](error["text"])
    return NeuralError(f"{error['kind']} in the worker: {error['text']}")
