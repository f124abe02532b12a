"""torch modules, exported programs and TorchScript, on any device of torch's."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array
from ..arrays import is_tensor
from ..errors import BackendUnavailable, InputMismatch, NeuralError, OutputMismatch
from ..model import BackendModel
from ..specs import Specs, check_feeds, check_specs, named
from .torch_lanes import Lane, Lanes


class TorchModel(BackendModel):
    """Runs a module without gradients; `load` makes one.

    The module is put into evaluation mode and moved to the device. Feeds go to the parameters of ``forward`` that have
    their names; where they have others, in the order of ``inputs``, or of the feeds. A module of half precision gets
    its floats in that. On a GPU feeds and results cross through pinned memory, two runs at a time may overlap, and
    feeds that are tensors of its device stay there.
    """

    def __init__(
        self,
        module: Any,
        *,
        device: str = "cpu",
        threads: int | None = None,
        inputs: object = None,
        outputs: object = None,
        reduce: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        positional: tuple[str, ...] | None = None,
    ) -> None:
        torch = import_torch()
        if reduce is not None and not callable(reduce):
            raise wrong_type("load", "reduce", "None or a function of a dict of tensors", reduce)
        self.inputs = check_specs("load", "inputs", inputs)
        self.outputs = check_specs("load", "outputs", outputs)
        self._device = torch_device(torch, device)
        self.device = str(self._device)
        if threads is not None:
            torch.set_num_threads(threads)
        if positional is None:  # exported programs have no mode
            module = module.eval()
        self._module: Any = module.to(self._device)
        self._reduce = reduce
        self._positional = positional
        self._known = _parameters(module)
        self._half = _half(torch, module)
        self._torch = torch
        cuda = self._device.type == "cuda"
        self._lanes = Lanes(self._device) if cuda else None
        if cuda:
            torch.cuda.synchronize(self._device)  # the weights are there before another stream reads them

    def _check(self, feeds: Any) -> dict[str, Any]:
        keep = None if self._device.type == "cpu" else self._stays
        return check_feeds(self.inputs, feeds, keep=keep, writeable=True)

    def _stays(self, value: Any) -> bool:
        return is_tensor(value) and value.device == self._device

    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        if self._lanes is None:
            return self._through(Lane(self._device), feeds)
        lane = self._lanes.take()
        assert lane.stream is not None
        try:
            lane.stream.wait_stream(self._torch.cuda.current_stream(self._device))
            return self._through(lane, feeds)
        finally:
            lane.stream.synchronize()  # also after a failure: its buffers are used again
            self._lanes.give(lane)

    def _through(self, lane: Lane, feeds: dict[str, Any]) -> dict[str, Array]:
        stream = nullcontext() if lane.stream is None else self._torch.cuda.stream(lane.stream)
        with self._torch.inference_mode(), stream:
            tensors = lane.upload(feeds)
            if self._half is not None:
                tensors = {
                    name: tensor.to(self._half) if tensor.is_floating_point() else tensor
                    for name, tensor in tensors.items()
                }
            try:
                result = self._call(tensors)
            except Exception as error:  # a module may raise anything
                kind = type(error).__name__
                raise NeuralError(f"run: the torch module failed: {kind}: {error}") from error
            if self._reduce is not None:
                result = self._reduce(named((), result, _tensor))
            return lane.download(named(self.outputs, result, _tensor))

    def _call(self, tensors: dict[str, Any]) -> Any:
        if self._positional is not None:
            for name in self._positional:
                if name not in tensors:
                    raise InputMismatch("run", name, "among the feeds", Got(", ".join(tensors) or "nothing"))
            first = [tensors[name] for name in self._positional]
            rest = {name: tensor for name, tensor in tensors.items() if name not in self._positional}
            return self._module(*first, **rest)
        if all(name in self._known for name in tensors):
            return self._module(**tensors)
        return self._module(*tensors.values())

    def _close(self) -> None:
        self._module = self._reduce = self._lanes = None


def from_program(program: Any, **options: Any) -> TorchModel:
    """An exported program, which says itself what it takes."""
    signature = program.graph_signature
    places, keywords = program.call_spec.in_spec.children()
    names = [name for name in signature.user_inputs if isinstance(name, str)]
    count = sum(child.is_leaf() for child in places.children())
    if count + len(keywords.context or ()) != len(names) or count != places.num_leaves:
        raise wrong_value(
            "load",
            "source",
            "a program that takes tensors, each an argument of its own",
            Got(", ".join(names)),
        )
    names[count:] = list(keywords.context or ())
    values = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
    if options.get("inputs") is None:
        options["inputs"] = _program_specs(names, [values.get(name) for name in signature.user_inputs])
    return TorchModel(program.module(), positional=tuple(names[:count]), **options)


def _program_specs(names: list[str], values: list[Any]) -> Specs:
    from ..specs import TensorSpec

    specs = []
    for name, value in zip(names, values, strict=True):
        shape = None if value is None else tuple(n if isinstance(n, int) else str(n) for n in value.shape)
        dtype = None if value is None else str(value.dtype).removeprefix("torch.")
        specs.append(TensorSpec(name, shape, None if dtype == "bfloat16" else dtype))
    return tuple(specs)


def import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise BackendUnavailable(f"load: torch must be installed (pip install torch), got {error}") from error
    return torch


def torch_device(torch: Any, device: str) -> Any:
    """The device, once it is known to be there."""
    kind, _, number = device.partition(":")
    if kind == "tensorrt":
        raise BackendUnavailable(f'load: device must be "cpu", "cuda" or "mps" for torch, got {device!r}')
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number) >= count:
            raise BackendUnavailable(
                f"load: device must be one that works: torch {torch.__version__} sees {count} of CUDA, not {device}"
            )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise BackendUnavailable(f"load: device must be one that works: torch {torch.__version__} has no mps")
    return torch.device(device)


def _parameters(module: Any) -> frozenset[str]:
    """Names that ``forward`` takes; none where it does not say."""
    schema = getattr(module.forward, "schema", None)
    if schema is not None:  # TorchScript
        return frozenset(argument.name for argument in schema.arguments[1:])
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))


def _half(torch: Any, module: Any) -> Any:
    for parameter in module.parameters():
        if parameter.is_floating_point():
            return parameter.dtype if parameter.dtype in (torch.float16, torch.bfloat16) else None
    return None


def _tensor(name: str, value: Any) -> Any:
    if not is_tensor(value):
        hint = "" if not isinstance(value, np.ndarray) else ", as torch modules give"
        raise OutputMismatch("run", name, f"a torch tensor{hint}", value)
    return value


def quietly(call: Callable[[], Any]) -> Any:
    """The result without the warnings that torch has for those who write TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()
