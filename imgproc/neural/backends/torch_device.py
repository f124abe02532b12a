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
from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.parameters import Choice, OrNone, Range
from ..arrays import is_tensor

_BAND_BYTES = 16 << 20  # of upsampled logits; three arrays of that size are there at a time
_THRESHOLD = OrNone(Range(low=0, below=1))
_TOP = Range(low=1, integer=True)
_SIZES = Range(low=0, integer=True)
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
    on the logits and T scores are computed. Which of equal logits come first is up to torch; a NaN counts as none.
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


def best_anchors(
    heads: Mapping[str, Any], by: str, *, top: int = 1000, levels: Sequence[int] | None = None
) -> dict[str, Any]:
    """The rows of a dense head's tensors that belong to the best anchors, in their order, for a decoder on the host.

    Parameters
    ----------
    heads : mapping of tensors, each of shape (N, A, ·)
        Logits, deltas and what else there is for each anchor.
    by : str
        Which of them ranks: an anchor by its largest value there.
    top : int, default 1000
        How many anchors at most, of each level.
    levels : sequence of int, optional
        How many anchors each level of a pyramid has, in their order; by default all are of one.

    Returns
    -------
    dict
        The same names with tensors (N, T, ·), T the sum of min(top, A) over the levels, and "anchors", (N, T) int64:
        which rows they are.

    Raises
    ------
    TypeError, ValueError
        Not tensors of these shapes, or parameters out of range.

    Notes
    -----
    The best ``top`` pairs of anchor and class lie on the best ``top`` anchors, so a decoder that looks at as many pairs
    of each level gives the same for these rows, with the anchors ``anchors[rows]``, as for all; only where the last of
    equal ones are cut off it may differ.
    """
    function = "best_anchors"
    top = _TOP.check(function, "top", top)
    if not isinstance(heads, Mapping) or by not in heads:
        raise wrong_type(function, "heads", f"a mapping of tensors with {by!r} among them", heads)
    tensors = {name: _check_tensor(function, name, tensor, 3) for name, tensor in heads.items()}
    ranks = tensors[by]
    if not ranks.shape[2]:
        raise wrong_value(function, by, "of at least one class", Got(f"shape {tuple(ranks.shape)}"))
    images, anchors, _ = ranks.shape
    sizes = [anchors] if levels is None else [_SIZES.check(function, "levels", size) for size in levels]
    if sum(sizes) != anchors:
        raise wrong_value(function, "levels", f"{anchors} anchors in all", Got(f"{sum(sizes)}"))
    import torch

    best, parts, start = ranks.amax(dim=2), [], 0
    for size in sizes:
        picked = best[:, start : start + size].topk(min(top, size), dim=1).indices
        parts.append(picked.sort(dim=1).values + start)
        start += size
    rows = torch.cat(parts, dim=1)
    found = {}
    for name, tensor in tensors.items():
        if tensor.shape[:2] != ranks.shape[:2]:
            must = f"of shape ({images}, {anchors}, ...), as {by} is"
            raise wrong_value(function, name, must, Got(f"shape {tuple(tensor.shape)}"))
        found[name] = tensor.gather(1, rows[..., None].expand(-1, -1, tensor.shape[2]))
    return {**found, "anchors": rows}


def label_map(logits: Any, shape: tuple[int, int]) -> Any:
    """The best class of each pixel, of logits made larger bilinearly: `imgproc.neural.label_map`, on the device.

    Parameters
    ----------
    logits : tensor, shape (N, C, h, w)
        Of floats, C >= 1.
    shape : (int, int)
        Height and width of the map.

    Returns
    -------
    tensor
        ``(N, H, W)``, uint8 for up to 256 classes, else int32; of equal logits the lowest class.

    Raises
    ------
    TypeError, ValueError
        Not such a tensor, or a shape that is none.

    Notes
    -----
    The samples lie as ``interpolate(mode="bilinear", align_corners=False)`` puts them: pixel i at
    ``(i + 0.5) h / H - 0.5``, clipped to the edges. Bands of rows bound the memory at some 64 MB beside the result. A
    pixel can differ from another way of computing it only where its two best logits are within rounding.
    """
    function = "label_map"
    import torch

    logits = _check_tensor(function, "logits", logits, 4)
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise wrong_type(function, "shape", "a pair (height, width)", shape)
    height, width = (_SIZE.check(function, f"shape[{i}]", value) for i, value in enumerate(shape))
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
