"""ONNX files on OpenCV's own network module: a backend that costs nothing beside the codecs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array
from ..errors import BackendUnavailable, InputMismatch, ModelFormatError, NeuralError, OutputMismatch
from ..model import BackendModel
from ..onnxfile import read_onnx
from ..specs import TensorSpec, first_not_finite

_IMPLAUSIBLE = 1e12  # a network of sane weights gives nothing like it for noise


class OpencvModel(BackendModel):
    """A network of OpenCV's; `load` makes one.

    OpenCV follows external weights out of the model's folder, so the file is scanned before. It may crash on a damaged
    file: hand what you have not made to a `Worker`. It may also give wrong numbers without a word, so a batch is tried
    at loading, and outputs that are not finite are refused. One run at a time.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "cpu",
        threads: int | None = None,
        trust: bool = False,
        verify: bool | Mapping[str, Any] | None = None,
    ) -> None:
        if verify is not None and not isinstance(verify, bool | Mapping):
            raise wrong_type("load", "verify", "None, True, False or a mapping of feeds", verify)
        found, content = read_onnx(path, trust=trust)
        try:
            import cv2
        except ImportError as error:
            hint = "pip install opencv-python-headless"
            raise BackendUnavailable(f"load: OpenCV must be installed ({hint}), got {error}") from error
        if device != "cpu":
            raise BackendUnavailable(f'load: device must be "cpu" for OpenCV, got {device!r}')
        if threads is not None:
            cv2.setNumThreads(threads)
        try:
            if isinstance(content, bytes):
                net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
            else:
                net = cv2.dnn.readNetFromONNX(str(content))
        except (cv2.error, RuntimeError, MemoryError) as error:
            raise ModelFormatError(f"{path}: OpenCV does not take it: {_short(error)}") from error
        self._net: Any = net
        self._error = cv2.error
        self._lock = Lock()
        self.inputs, self.outputs = found.inputs, found.outputs
        self._names = [spec.name for spec in found.outputs]
        missing = set(self._names) - set(net.getUnconnectedOutLayersNames())
        if missing:
            have = ", ".join(net.getUnconnectedOutLayersNames())
            raise ModelFormatError(
                f"{path}: OpenCV has lost its outputs {', '.join(sorted(missing))}; it has {have}"
            )
        if verify is not False:
            self._verify(path, trust, verify)

    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        for name, array in feeds.items():
            if not array.size or not array.ndim:
                raise InputMismatch("run", name, "of some elements for OpenCV", Got(f"shape {array.shape}"))
        with self._lock:
            try:
                for name, array in feeds.items():
                    self._net.setInput(array, name)
                # Copies: the network writes into what it gave on the next run.
                results = [np.array(result) for result in self._net.forward(self._names)]
            except (self._error, MemoryError) as error:
                raise NeuralError(f"run: OpenCV failed: {_short(error)}") from error
        outputs = dict(zip(self._names, results, strict=True))
        for name, array in outputs.items():
            where = first_not_finite(array)
            if where is not None:
                raise OutputMismatch("run", name, "finite", Got(f"{array[where]} at {where}"))
        return outputs

    def _verify(self, path: Path, trust: bool, verify: bool | Mapping[str, Any] | None) -> None:
        feeds = verify if isinstance(verify, Mapping) else _random_feeds(self.inputs)
        if feeds is None:
            if verify is None:
                return
            must = "feeds, for the model has sizes that no guess fits"
            raise wrong_value("load", "verify", must, Got(", ".join(map(str, self.inputs))))
        ours = self.run(feeds)
        for name, array in ours.items():
            if array.dtype.kind == "f" and array.size and np.abs(array).max() > _IMPLAUSIBLE:
                raise OutputMismatch(
                    "load", name, "a plausible number for noise", Got(f"{np.abs(array).max():.3g}")
                )
        if not find_spec("onnxruntime"):
            return
        from .onnx import OnnxModel

        with OnnxModel(path, trust=trust) as other:
            theirs = other.run(feeds)
        for name, array in ours.items():
            if array.shape != theirs[name].shape:
                wanted = f"of shape {theirs[name].shape} as in ONNX Runtime"
                raise OutputMismatch("load", name, wanted, Got(f"shape {array.shape}"))
            if not array.size:
                continue
            away = np.abs(array.astype(np.float64) - theirs[name])
            bound = 1e-3 * max(1.0, float(np.abs(theirs[name]).max()))
            if not away.max() <= bound:
                wanted = f"within {bound:.3g} of ONNX Runtime"
                raise OutputMismatch("load", name, wanted, Got(f"{away.max():.3g} away"))

    def _close(self) -> None:
        self._net = None


def _random_feeds(specs: tuple[TensorSpec, ...]) -> dict[str, Array] | None:
    """Noise of the sizes that are declared, one image where the batch is free; None where other sizes are."""
    rng = np.random.default_rng(0)
    feeds: dict[str, Array] = {}
    for spec in specs:
        if spec.shape is None or spec.dtype is None or np.dtype(spec.dtype).kind != "f":
            return None
        sizes = [1 if i == 0 and not isinstance(size, int) else size for i, size in enumerate(spec.shape)]
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            return None
        feeds[spec.name] = rng.standard_normal(sizes).astype(spec.dtype)  # type: ignore[arg-type]
    return feeds


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
