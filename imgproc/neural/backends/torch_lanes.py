"""The ways between the host and a device of torch: streams, and pinned memory that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

import numpy as np

from ..._core.images import Array
from ..arrays import host_array


class Lanes:
    """Two ways to a GPU, each with a stream and pinned buffers of its own.

    A run takes one, so that the upload of one batch overlaps with the work on another where two threads run the model.
    Pinned memory is kept, for making it costs more than a copy.
    """

    def __init__(self, device: Any, count: int = 2) -> None:
        self._free: SimpleQueue[Lane] = SimpleQueue()
        for _ in range(count):
            self._free.put(Lane(device))

    def take(self) -> Lane:
        return self._free.get()

    def give(self, lane: Lane) -> None:
        self._free.put(lane)


class Lane:
    """One way to a device: its stream, and a pinned buffer for each tensor that crosses. On the CPU neither."""

    def __init__(self, device: Any) -> None:
        import torch

        self._torch = torch
        self._device = device
        self._pinned: dict[str, Any] = {}
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def upload(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays as tensors on the device; what is a tensor there already stays."""
        torch = self._torch
        found = {}
        for name, value in feeds.items():
            if not isinstance(value, np.ndarray):
                found[name] = value
                continue
            tensor = torch.from_numpy(value)
            if self.stream is not None:
                staged = self._buffer(f"> {name}", tensor)
                staged.copy_(tensor)
                tensor = staged
            found[name] = tensor.to(self._device, non_blocking=self.stream is not None)
        return found

    def download(self, tensors: Mapping[str, Any]) -> dict[str, Array]:
        """Tensors as arrays of the caller's own; waits for the device once."""
        if self.stream is None:
            return {name: host_array("run", name, tensor, True) for name, tensor in tensors.items()}
        staged = {}
        for name, tensor in tensors.items():
            tensor = tensor.detach().resolve_conj().resolve_neg()
            if tensor.dtype is self._torch.bfloat16:
                tensor = tensor.float()
            staged[name] = self._buffer(f"< {name}", tensor)
            staged[name].copy_(tensor, non_blocking=True)
        self.stream.synchronize()
        return {name: host_array("run", name, tensor).copy() for name, tensor in staged.items()}

    def _buffer(self, name: str, like: Any) -> Any:
        """Pinned memory of the size of a tensor, kept for the next."""
        count = like.numel() * like.element_size()
        kept = self._pinned.get(name)
        if kept is None or kept.numel() < count:
            kept = self._torch.empty(max(count, 1), dtype=self._torch.uint8, pin_memory=True)
            self._pinned[name] = kept
        return kept[:count].view(like.dtype).view(like.shape)
