"""One way to run any network: named arrays in, named arrays out.

`Model` is what pipelines ask for, and any object with its members is one. `load` makes one of a file, a module or a
function; what runs it is a backend, imported when it is asked for. A backend checks what it is fed once for each call,
in a few µs for small inputs, so that a wrong name, size or dtype is a sentence that names the input and not a library's
trace, and NaN is found before it has spread.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Flag, OrNone, Range
from .errors import BackendUnavailable, ModelFormatError, NeuralError
from .specs import Specs, TensorSpec, check_feeds, check_outputs

__all__ = ["Model", "TensorSpec", "load"]

BACKENDS = ("callable", "onnx", "opencv", "torch")
THREADS = OrNone(Range(low=1, high=1024, integer=True))
_DEVICE = re.compile(r"cpu|mps|(cuda|tensorrt)(:\d{1,3})?")


@runtime_checkable
class Model(Protocol):
    """A network that is ready to run.

    Attributes
    ----------
    inputs, outputs : tuple of TensorSpec
        What it takes and gives; () where that is not declared, and anything goes.
    device : str
        Where it runs: "cpu", "cuda:0", "tensorrt:0" ….
    """

    @property
    def inputs(self) -> Specs: ...
    @property
    def outputs(self) -> Specs: ...
    @property
    def device(self) -> str: ...

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs for a batch, by name; arrays of the caller's own."""

    def close(self) -> None:
        """Let go of what it holds; running it afterwards is an error."""


class BackendModel(ABC):
    """What the backends share: the checks around ``_run``, and closing once.

    A backend sets ``inputs``, ``outputs`` and ``device``; its ``_run`` gets checked arrays and gives arrays by name.
    """

    inputs: Specs = ()
    outputs: Specs = ()
    device: str = "cpu"
    _closed: bool = False

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs for a batch.

        Parameters
        ----------
        feeds : mapping
            An array for each input, by name, of its dtype and shape; NumPy arrays, or what `to_host` takes.

        Returns
        -------
        dict
            A NumPy array for each output.

        Raises
        ------
        InputMismatch
            A name, shape, dtype that the model does not take, or values that are not finite.
        OutputMismatch
            What came out is not what is declared.
        NeuralError
            The model is closed, or its library failed.
        TypeError
            Not arrays, or arrays on a device that the model is not on.
        """
        if self._closed:
            raise NeuralError("run: the model must be open, got one that was closed")
        return check_outputs(self.outputs, self._run(self._check(feeds)))

    def _check(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        return check_feeds(self.inputs, feeds)

    @abstractmethod
    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        """Arrays by name for feeds that are checked."""

    def close(self) -> None:
        """Let go of what the model holds; once more does nothing."""
        if not self._closed:
            self._closed = True
            self._close()

    def _close(self) -> None:  # noqa: B027 - a backend that holds nothing has nothing to let go of
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        inputs, outputs = (", ".join(map(str, specs)) or "any" for specs in (self.inputs, self.outputs))
        return f"<{type(self).__name__} on {self.device}: {inputs} -> {outputs}>"


def load(
    source: object,
    *,
    backend: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    trust: bool = False,
    worker: bool = False,
    **options: Any,
) -> BackendModel:
    """A network that is ready to run, from a file, a module or a function.

    Parameters
    ----------
    source : path, callable or module
        ``.onnx``; with torch also ``.safetensors`` and state dicts (``.pt``, ``.pth``, with ``module``), and, only
        where ``trust``, ``.pt2``, TorchScript and pickled modules; a torch module or exported program; or any
        function that takes a dict of arrays and returns a dict, a sequence or an array.
    backend : {"callable", "onnx", "opencv", "torch"}, optional
        What runs it. By default the one for the kind of source; for ``.onnx`` ONNX Runtime where it is installed,
        else OpenCV.
    device : str, default "cpu"
        "cpu", "cuda", "cuda:1" …; "tensorrt" for ONNX Runtime, "mps" for torch. Never another one in its place.
    threads : int, optional
        How many the backend may use, 1 to 1024. By default as many as `imgproc.get_num_threads` says for ONNX Runtime;
        torch and OpenCV have one number for the whole process, which is left as it is unless given here.
    trust : bool, default False
        Whether a file may run code as it is loaded, or read files outside its folder. Only for files of your own.
    worker : bool, default False
        Whether the model runs in a process of its own, so that a crash is an error; see `Worker`, which has more to
        choose.
    **options
        inputs, outputs : sequence of TensorSpec or names, optional
            What a function or torch module takes and gives; by default free. A file of ONNX says it itself.
        module : module or callable, optional
            For weights alone: the torch module that they fit, or a function without arguments that makes it.
        reduce : callable, optional
            For torch: takes the dict of output tensors and returns a smaller one, on the device, before anything is
            copied to the host; see `imgproc.neural.backends.torch_device`.
        verify : bool or mapping, optional
            For OpenCV: whether the first thing is to run a random batch, or the one given as feeds, and compare it with
            ONNX Runtime. By default it is run where the sizes allow, and compared where ONNX Runtime is installed.

    Returns
    -------
    Model
        Also a context manager, which closes it.

    Raises
    ------
    BackendUnavailable
        The library is not installed, or does not have the device.
    ModelFormatError
        The file is damaged, or of a kind that is not read.
    UntrustedModelError
        The file could run code or read elsewhere, and ``trust`` is false.
    TypeError, ValueError
        A wrong argument, or an option that the backend does not have.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import load
    >>> with load(lambda feeds: {"doubled": 2 * feeds["x"]}) as model:
    ...     model.run({"x": np.ones(2, np.float32)})["doubled"]
    array([2., 2.], dtype=float32)
    """
    backend = OrNone(Choice(BACKENDS)).check("load", "backend", backend)
    threads = THREADS.check("load", "threads", threads)
    trust = Flag().check("load", "trust", trust)
    device = check_device(device)
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    backend = backend or _backend_for(source, path)
    known = _OPTIONS[backend]
    for name in options:
        if name not in known:
            has = f"one of {', '.join(known)}" if known else "none"
            raise wrong_type("load", "options", f"{has} for the backend {backend}", Got(name))
    if Flag().check("load", "worker", worker):
        from .backends.worker import Worker

        return Worker(path or source, backend=backend, device=device, threads=threads, trust=trust, **options)
    if path is not None and not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    given = {"device": device, "threads": threads, **options}
    if backend == "callable":
        from .backends.callable import CallableModel

        return CallableModel(source, **given)
    if backend == "torch":
        from .backends.torch_files import load_torch

        return load_torch(path or source, trust=trust, **given)
    if path is None:
        raise wrong_type("load", "source", f"the path of an .onnx file for the backend {backend}", source)
    if backend == "onnx":
        from .backends.onnx import OnnxModel

        return OnnxModel(path, trust=trust, **given)
    from .backends.opencv import OpencvModel

    return OpencvModel(path, trust=trust, **given)


_OPTIONS = {
    "callable": ("inputs", "outputs"),
    "onnx": (),
    "opencv": ("verify",),
    "torch": ("inputs", "outputs", "module", "reduce"),
}
_TORCH_SUFFIXES = (".bin", ".ckpt", ".pt", ".pt2", ".pth", ".safetensors", ".torchscript", ".ts")


def check_device(device: object) -> str:
    must = '"cpu", "cuda", "tensorrt" (with a number, as in "cuda:1") or "mps"'
    if not isinstance(device, str):
        raise wrong_type("load", "device", must, device)
    if not _DEVICE.fullmatch(device):
        raise wrong_value("load", "device", must, device)
    return f"{device}:0" if device in ("cuda", "tensorrt") else device


def _backend_for(source: object, path: Path | None) -> str:
    if path is None:
        if any(base.__module__.partition(".")[0] == "torch" for base in type(source).__mro__):
            return "torch"
        if callable(source):
            return "callable"
        raise wrong_type("load", "source", "a path, a torch module or a callable", source)
    suffix = path.suffix.lower()
    if suffix in _TORCH_SUFFIXES:
        return "torch"
    if suffix != ".onnx":
        known = ", ".join((".onnx", *_TORCH_SUFFIXES))
        raise ModelFormatError(f"{path}: models are read from {known}")
    if find_spec("onnxruntime"):
        return "onnx"
    if find_spec("cv2"):
        return "opencv"
    raise BackendUnavailable(
        f"{path}: an .onnx file needs ONNX Runtime (pip install 'imgproc-toolkit[neural]') or OpenCV"
    )
