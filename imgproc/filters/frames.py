"""The mean of several frames of one scene."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, UINT8, UINT16, Array, check_image, check_out, rows
from .._core.threads import run_bands
from .._ext import frames as kernels

# Sums of a stream of frames, how many frames they hold, and what those that follow are added up in.
_SUMS: dict[np.dtype[Any], np.dtype[Any]] = {
    UINT8: np.dtype(np.uint16),
    UINT16: np.dtype(np.uint32),
    FLOAT32: np.dtype(np.float64),
}
_HELD = {UINT8: 257, UINT16: 65537, FLOAT32: 1 << 53}
_SUMS_OF_MANY: dict[np.dtype[Any], np.dtype[Any]] = {UINT8: np.dtype(np.uint32), UINT16: np.dtype(np.uint64)}

# The mean of so many is exact.
_MOST = {UINT8: 1 << 24, UINT16: 1 << 36, FLOAT32: 1 << 53}

# Nanoseconds per sample of one frame, only an estimate for the choice of threads.
_COST = {UINT8: 0.12, UINT16: 0.25, FLOAT32: 0.5}
_COST_OF_STREAM = 4


def average_frames(frames: Iterable[Array], *, out: Array | None = None) -> Array:
    """Average frames of one scene: noise falls with the square root of their number.

    Parameters
    ----------
    frames : (N, H, W[, C]) array, sequence or other iterable of (H, W[, C]) arrays
        One or more images of one shape and dtype, uint8, uint16 or float32, gray, RGB or RGBA. Of an iterator
        or generator only the sums and one frame are held at a time, and the next may overwrite it.
    out : (H, W[, C]) array, optional
        C-contiguous array for the result, of the dtype of the frames, that shares no memory with an array or a
        sequence of frames.

    Returns
    -------
    (H, W[, C]) array of the dtype of the frames
        The mean. All channels are averaged, alpha included: noise and movement are in it as in the others, and
        no frame's alpha would be right for all.

    Raises
    ------
    TypeError
        Wrong kind of array, or a frame of another dtype than the first, which is named.
    ValueError
        No frame, wrong shape, or a frame of another shape than the first, which is named.

    Notes
    -----
    Integer results are the exact mean rounded half to even. float32 results come from float64 sums in the order
    of the frames: within half a unit in the last place and ``N · 2⁻⁵³ · Σ |v| / N`` of the exact mean. NaN and
    infinity reach only the mean of their own sample.

    Each sample is read once and each mean written once, where the frames are at hand. A stream also reads and
    writes sums with every frame: 2 bytes a sample for uint8, 4 for uint16, 8 for float32 (and as many again after
    257 or 65537 frames of integers). The same bits for any number of threads, and however the frames are handed
    in.

    Noise that is independent from frame to frame, of standard deviation σ, falls to σ / √N.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 2.6, example 2.5: image averaging.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.average_frames(np.array([[[10, 20]], [[11, 21]], [[14, 20]]], np.uint8))
    array([[12, 20]], dtype=uint8)
    """
    if isinstance(frames, np.ndarray):
        at_hand = _frames_of_array(frames)
    elif isinstance(frames, list | tuple):
        at_hand = [_check_frame(frame, number, frames[0]) for number, frame in enumerate(frames)]
    elif isinstance(frames, Iterable):
        return _average_stream(frames, out)
    else:
        must = "an array (N, H, W[, C]) or an iterable of images"
        raise wrong_type("average_frames", "frames", must, frames)
    if not at_hand:
        raise wrong_value("average_frames", "frames", "at least one image", Got("none"))
    first = at_hand[0]
    _check_count(len(at_hand) - 1, first.dtype)
    out = check_out("average_frames", out, first.shape, first.dtype, *at_hand)
    if not all(_has_packed_rows(frame) for frame in at_hand):
        # Copies of all frames at once might not fit the memory.
        return _average_stream(at_hand, out)
    samples, means = [rows(frame) for frame in at_hand], rows(out)
    cost = means.size * len(at_hand) * _COST[first.dtype]
    run_bands(lambda y0, y1: kernels.mean(samples, means, y0, y1), len(means), cost)
    return out


def _average_stream(frames: Iterable[object], out: Array | None) -> Array:
    first: Array | None = None
    sums = many = np.empty(0)
    total = held = 0
    for total, frame in enumerate(frames, 1):
        image = _check_frame(frame, total - 1, frame if first is None else first)
        samples, dtype = rows(image), image.dtype
        if first is None:
            # Only shape and dtype: the frame may be overwritten.
            first = np.broadcast_to(np.zeros((), dtype), image.shape)
            out = check_out("average_frames", out, image.shape, dtype)
            sums = samples.astype(_SUMS[dtype], order="C")
            held = 1
            continue
        _check_count(total - 1, dtype)
        if held == _HELD[dtype]:
            many = many + sums if many.size else sums.astype(_SUMS_OF_MANY[dtype])
            sums.fill(0)
            held = 0
        _add(samples, sums)
        held += 1
    if out is None or first is None:
        raise wrong_value("average_frames", "frames", "at least one image", Got("none"))
    if many.size:
        many += sums
        sums = many
    means, of_many, cost = rows(out), bool(many.size), first.size * _COST_OF_STREAM * _COST[first.dtype]
    run_bands(lambda y0, y1: kernels.divide(sums, means, total, of_many, y0, y1), len(means), cost)
    return out


def _add(samples: Array, sums: Array) -> None:
    cost = samples.size * _COST_OF_STREAM * _COST[samples.dtype]
    run_bands(lambda y0, y1: kernels.add(samples, sums, y0, y1), len(samples), cost)


def _has_packed_rows(frame: Array) -> bool:
    return np.may_share_memory(rows(frame[:1]), frame)


def _frames_of_array(frames: Array) -> list[Array]:
    if frames.ndim not in (3, 4) or len(frames) == 0:
        must = "of shape (N, H, W) or (N, H, W, C) with N >= 1"
        raise wrong_value("average_frames", "frames", must, Got(f"shape {frames.shape}"))
    if isinstance(frames, np.ma.MaskedArray):
        raise wrong_type(
            "average_frames", "frames", "an array without a mask of its own", Got("a MaskedArray")
        )
    check_image("average_frames", frames[0], argument="frames[0]")
    return list(frames.view(np.ndarray))


def _check_frame(frame: object, number: int, first: Any) -> Array:
    """The frame, once it is known to be an image like the first."""
    argument = f"frames[{number}]"
    image = check_image("average_frames", frame, argument=argument)
    if image.dtype != first.dtype:
        must = f"of dtype {first.dtype} as frames[0]"
        raise wrong_type("average_frames", argument, must, Got(f"dtype {image.dtype}"))
    if image.shape != first.shape:
        must = f"of shape {first.shape} as frames[0]"
        raise wrong_value("average_frames", argument, must, Got(f"shape {image.shape}"))
    return image


def _check_count(number: int, dtype: np.dtype[Any]) -> None:
    if number >= _MOST[dtype]:
        most = f"at most {_MOST[dtype]} {dtype} images"
        raise wrong_value("average_frames", "frames", most, Got("more"))
