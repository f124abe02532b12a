"""What is done with torch on the device, so that little crosses to the host.

The logits of a dense head are tens of MB a frame, its best thousand are tens of kB: the functions here reduce first.
They are plain functions of tensors, for the ``reduce`` of `load`, and run on torch's CPU device as well::

    def reduce(outputs):
        return {"labels": label_map(outputs["logits"], (1080, 1920))}

    model = load(module, device="cuda", reduce=reduce)

torch is imported by the calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array
from ..._core.parameters import Choice, OrNone, Range
from ..arrays import host_array, is_tensor

_BAND_BYTES = 64 << 20  # of upsampled logits at a time
_THRESHOLD = OrNone(Range(low=0, below=1))
_TOP = Range(low=1, integer=True)
_ACTIVATIONS = Choice(("sigmoid", "none"))
_SIZE = Range(low=1, high=1 << 20, integer=True)


def top_of_heads(
    logits: Any,
    deltas: Any = None,
    *,
    threshold: float | None = 0.05,
    top: int = 1000,
    activation: str = "sigmoid",
) -> dict[str, Any]:
    """The best pairs of anchor and class of each image of a dense head, best first.

    Parameters
    ----------
    logits : tensor, shape (N, A, K)
        Of floats: for each image and anchor one logit for each class.
    deltas : tensor of shape (N, A, D), optional
        What else is known of the anchors, such as the deltas of their boxes; their rows are picked along.
    threshold : float, optional
        In [0, 1): pairs of a score not above it are marked as none.
    top : int, default 1000
        How many pairs at most.
    activation : {"sigmoid", "none"}
        What makes a score of a logit.

    Returns
    -------
    dict
        Tensors on the device of ``logits``, with T = min(top, A · K): "scores" (N, T) float32, 0 where there is none;
        "anchors" and "labels" (N, T) int64, -1 where there is none; with ``deltas`` also "deltas" (N, T, D), 0 there.

    Raises
    ------
    TypeError, ValueError
        Not tensors of these shapes, or parameters out of range.

    Notes
    -----
    The sizes do not depend on the values, so nothing waits for the device. A sigmoid is monotone, so the choice is made
    on the logits and T scores are computed. Which of equal logits come first is up to torch.
    """
    function = "top_of_heads"
    import torch

    logits = _check_tensor(function, "logits", logits, 3)
    threshold = _THRESHOLD.check(function, "threshold", threshold)
    top = _TOP.check(function, "top", top)
    activation = _ACTIVATIONS.check(function, "activation", activation)
    images, anchors, classes = logits.shape
    count = min(top, anchors * classes)
    best, places = logits.reshape(images, anchors * classes).topk(count, dim=1)
    scores = best.float().sigmoid() if activation == "sigmoid" else best.float()
    if threshold is None:
        kept = torch.ones_like(scores, dtype=torch.bool)
    elif activation == "none" or threshold == 0:
        kept = scores > threshold
    else:
        kept = best.float() > math.log(threshold / (1 - threshold))
    rows = torch.div(places, max(classes, 1), rounding_mode="floor")
    found = {
        "scores": scores.where(kept, 0),
        "anchors": rows.where(kept, -1),
        "labels": (places - rows * classes).where(kept, -1),
    }
    if deltas is not None:
        deltas = _check_tensor(function, "deltas", deltas, 3)
        if deltas.shape[:2] != logits.shape[:2]:
            must = f"of shape ({images}, {anchors}, D), as the logits are"
            raise wrong_value(function, "deltas", must, Got(f"shape {tuple(deltas.shape)}"))
        picked = deltas.gather(1, rows[..., None].expand(-1, -1, deltas.shape[2]))
        found["deltas"] = picked.where(kept[..., None], 0)
    return found


def label_map(logits: Any, size: tuple[int, int]) -> Any:
    """The best class of each pixel, of logits made larger bilinearly, in bands that bound the memory.

    Parameters
    ----------
    logits : tensor, shape (N, C, h, w)
        Of floats, C >= 1.
    size : (int, int)
        Height and width of the map.

    Returns
    -------
    tensor
        ``(N, H, W)``, uint8 for up to 256 classes, else int32; of equal logits the lowest class.

    Raises
    ------
    TypeError, ValueError
        Not such a tensor, or a size that is none.

    Notes
    -----
    The samples lie as ``interpolate(mode="bilinear", align_corners=False)`` puts them: pixel i at
    ``(i + 0.5) h / H - 0.5``, clipped to the edges. A pixel can differ from another way of computing it only where its
    two best logits are within rounding.
    """
    function = "label_map"
    import torch

    logits = _check_tensor(function, "logits", logits, 4)
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise wrong_type(function, "size", "a pair (height, width)", size)
    height, width = (_SIZE.check(function, f"size[{i}]", value) for i, value in enumerate(size))
    images, classes, rows, columns = logits.shape
    if not classes or not rows or not columns:
        raise wrong_value(
            function, "logits", "of some classes and pixels", Got(f"shape {tuple(logits.shape)}")
        )
    dtype = torch.uint8 if classes <= 256 else torch.int32
    labels = torch.empty((images, height, width), dtype=dtype, device=logits.device)
    values = logits.float()
    left, right, across = _taps(torch, width, columns, logits.device)
    upper, lower, down = _taps(torch, height, rows, logits.device)
    down = down[:, None]
    band = max(1, _BAND_BYTES // (4 * classes * width))
    for image in range(images):
        for top in range(0, height, band):
            part = slice(top, top + band)
            grown = torch.lerp(values[image][:, upper[part]], values[image][:, lower[part]], down[part])
            grown = torch.lerp(grown[..., left], grown[..., right], across)
            labels[image, part] = grown.argmax(dim=0)
    return labels


def _taps(torch: Any, size: int, source: int, device: Any) -> tuple[Any, Any, Any]:
    """For each place the two samples around it and the weight of the second."""
    at = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) * (source / size) - 0.5
    at = at.clamp(min=0)
    first = at.floor().long().clamp(max=source - 1)
    return first, (first + 1).clamp(max=source - 1), at - first


def _check_tensor(function: str, argument: str, tensor: Any, rank: int) -> Any:
    must = f"a torch tensor of floats and {rank} axes"
    if not is_tensor(tensor) or not tensor.is_floating_point():
        raise wrong_type(function, argument, must, tensor)
    if tensor.ndim != rank:
        raise wrong_value(function, argument, must, Got(f"shape {tuple(tensor.shape)}"))
    return tensor


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
