"""ONNX files on ONNX Runtime: CPU, CUDA or TensorRT, and never one in place of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..._core.errors import wrong_value
from ..._core.images import Array
from ..._core.threads import get_num_threads
from ..arrays import is_tensor, on_device
from ..errors import BackendUnavailable, ModelFormatError, NeuralError
from ..model import BackendModel
from ..onnxfile import DTYPES, read_onnx
from ..specs import Specs, TensorSpec, check_feeds

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
_NAMES = {"float": "float32", "double": "float64"}


class OnnxModel(BackendModel):
    """A session of ONNX Runtime; `load` makes one.

    Its threads do not spin while they wait: spinning costs whatever else wants the processor several times what it
    gives. Runs may overlap from several threads.
    """

    def __init__(
        self, path: Path, *, device: str = "cpu", threads: int | None = None, trust: bool = False
    ) -> None:
        found, content = read_onnx(path, trust=trust)
        ort = import_runtime()
        kind, _, number = device.partition(":")
        if kind not in _PROVIDERS:
            raise wrong_value("load", "device", "cpu, cuda or tensorrt for ONNX Runtime", device)
        provider = _PROVIDERS[kind]
        _check_provider(provider, ort.get_available_providers(), "this onnxruntime has")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        chosen: list[Any] = [provider] if kind == "cpu" else [(provider, {"device_id": number})]
        if kind == "tensorrt":
            chosen.append((_PROVIDERS["cuda"], {"device_id": number}))
        try:
            session = ort.InferenceSession(
                content if isinstance(content, bytes) else str(content),
                options,
                providers=chosen,
                enable_fallback=0,
            )
        except Exception as error:  # the runtime has a dozen kinds without a common one of its own
            if kind != "cpu" and "Provider" in str(error):
                raise BackendUnavailable(
                    f"load: device must be one that works, got {device}: {error}"
                ) from error
            hint = f" (it uses operators of {', '.join(found.domains)})" if found.domains else ""
            raise ModelFormatError(f"{path}: ONNX Runtime does not take it{hint}: {error}") from error
        _check_provider(provider, session.get_providers(), f"the session for {device} has")
        session.disable_fallback()
        self._session: Any = session
        self.device = device
        self.inputs = _specs(session.get_inputs(), path)
        self.outputs = _specs(session.get_outputs(), path)
        self._names = [spec.name for spec in self.outputs]

    def _check(self, feeds: Any) -> dict[str, Any]:
        keep = None if self.device == "cpu" else lambda x: is_tensor(x) and on_device(x)
        return check_feeds(self.inputs, feeds, keep=keep)

    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        session = self._session
        try:
            if all(isinstance(array, np.ndarray) for array in feeds.values()):
                results = session.run(self._names, feeds)
            else:
                results = self._run_bound(session, feeds)
        except Exception as error:
            raise NeuralError(f"run: ONNX Runtime failed: {error}") from error
        return dict(zip(self._names, results, strict=True))

    def _run_bound(self, session: Any, feeds: dict[str, Any]) -> list[Array]:
        """Feeds that are tensors are read where they lie; with arrays of the host this gains nothing."""
        binding = session.io_binding()
        for name, value in feeds.items():
            if isinstance(value, np.ndarray):
                binding.bind_cpu_input(name, value)
                continue
            tensor = value.detach().resolve_conj().resolve_neg().contiguous()
            feeds[name] = tensor  # it must live until the run is over
            if tensor.is_cuda:
                import torch

                torch.cuda.current_stream(tensor.device).synchronize()
            dtype = np.dtype(str(tensor.dtype).removeprefix("torch."))
            place = (tensor.device.type, tensor.device.index or 0)
            binding.bind_input(name, *place, dtype.type, tuple(tensor.shape), tensor.data_ptr())
        for name in self._names:
            binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)
        found: list[Array] = binding.copy_outputs_to_cpu()
        return found

    def _close(self) -> None:
        self._session = None


def import_runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendUnavailable(
            f"load: ONNX Runtime must be installed (pip install 'imgproc-toolkit[neural]'), got {error}"
        ) from error
    return onnxruntime


def _check_provider(wanted: str, have: list[str], who: str) -> None:
    if wanted not in have:
        hint = "" if wanted.startswith("CPU") else "; the package onnxruntime-gpu has those of NVIDIA"
        raise BackendUnavailable(
            f"load: device must be one that works: {who} {', '.join(have)}, not {wanted}{hint}"
        )


def _specs(arguments: Any, path: Path) -> Specs:
    found = []
    for argument in arguments:
        kind = argument.type.removeprefix("tensor(").removesuffix(")")
        if not argument.type.startswith("tensor("):
            raise ModelFormatError(
                f"{path}: {argument.name!r} is a {argument.type}, and tensors alone are run"
            )
        dtype = _NAMES.get(kind, kind)
        known = dtype in DTYPES.values()  # others are those that NumPy lacks, and strings
        found.append(TensorSpec(argument.name, tuple(argument.shape), dtype if known else None))
    return tuple(found)
