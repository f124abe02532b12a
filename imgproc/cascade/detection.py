"""Finding objects with a cascade: every size of window, grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, UINT16, Array, check_image, check_mask, color_count, rows
from .._core.parameters import OrNone, Pair, Range
from .._core.threads import get_num_threads, run_bands
from .._ext import cascade as kernels
from ..boxes import group_boxes

if TYPE_CHECKING:
    from .model import Cascade

SCALE_FACTOR = Range(above=1.0, high=1e6)
MIN_NEIGHBORS = Range(low=0, high=2**31 - 1, integer=True)
SIZE = OrNone(Pair(Range(low=1, high=2**31 - 1, integer=True), ("height", "width")))
STEP = OrNone(Range(low=1, high=64, integer=True))
GROUP_EPS = 0.2
MAX_SIDE = 2**24
"""Pixels: positions are 32-bit and scales float32."""

_TILE_WINDOWS = 8192
_NS_PER_WINDOW = 40.0
"""Only an estimate for the choice of threads."""

Size = int | tuple[int, int] | None
WINDOW = np.dtype([("scale", np.int32), ("x", np.int32), ("y", np.int32), ("margin", np.float32)])


def find_objects(
    cascade: Cascade,
    image: Array,
    *,
    scale_factor: float = 1.1,
    min_neighbors: int = 3,
    min_size: Size = None,
    max_size: Size = None,
    step: int | None = None,
    mask: Array | None = None,
    stage_counts: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Boxes, numbers of windows and greatest margins of the groups, in OpenCV's order; see `Cascade.detect`."""
    name = "Cascade.detect"
    image = check_image(name, image)
    scale_factor = SCALE_FACTOR.check(name, "scale_factor", scale_factor)
    min_neighbors = MIN_NEIGHBORS.check(name, "min_neighbors", min_neighbors)
    low, high = SIZE.check(name, "min_size", min_size), SIZE.check(name, "max_size", max_size)
    step = STEP.check(name, "step", step)
    where = check_mask(name, mask, image)
    seen = None if stage_counts is None else _check_counts(stage_counts, cascade.stages)
    height, width = image.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise wrong_value(
            name, "image", f"at most {MAX_SIDE:,} pixels high and wide", Got(f"{height} x {width}")
        )
    chosen = scales(cascade.window, (height, width), scale_factor, low, high)
    windows = np.empty(0, WINDOW)
    if chosen:
        windows = find_windows(cascade, gray_bytes(image), chosen, step=step, mask=where, seen=seen)
    if stage_counts is not None and seen is not None:
        stage_counts += np.append(seen, len(windows))
    boxes, counts, margins = group_boxes(
        window_boxes(cascade, windows, chosen), min_neighbors, GROUP_EPS, scores=windows["margin"]
    )
    # The size of a window is rounded up at some scales, so that a box at the edge may reach a pixel beyond.
    return np.clip(boxes, 0.0, [width, height, width, height]), counts, margins


def _check_counts(counts: object, stages: int) -> Array:
    """Zeros to count the windows of each stage in, where the array to add them to is right."""
    must = f"a writeable array of int64 of shape ({stages + 1},)"
    if not isinstance(counts, np.ndarray) or counts.dtype != np.int64:
        raise wrong_type("Cascade.detect", "stage_counts", must, counts)
    if counts.shape != (stages + 1,) or not counts.flags.writeable:
        raise wrong_value("Cascade.detect", "stage_counts", must, counts)
    return np.zeros(stages, np.int64)


def scales(
    window: tuple[int, int],
    image: tuple[int, int],
    scale_factor: float,
    min_size: tuple[int, int] | None,
    max_size: tuple[int, int] | None,
) -> list[np.float32]:
    """The sizes of window that OpenCV looks for, as factors of the cascade's own; heights before widths."""
    every: list[np.float32] = []
    factor = 1.0
    while all(round(side * factor) <= length for side, length in zip(window, image, strict=True)):
        every.append(np.float32(factor))
        factor *= scale_factor
    sizes = [window_size(window, scale) for scale in every]
    chosen = [
        scale
        for scale, size in zip(every, sizes, strict=True)
        if (min_size is None or all(s >= m for s, m in zip(size, min_size, strict=True)))
        and (max_size is None or all(s <= m for s, m in zip(size, max_size, strict=True)))
    ]
    if not chosen and every:
        # A range between two sizes: the nearest one to its lower end.
        low = min_size or (0, 0)
        distances = [sum((s - m) ** 2 for s, m in zip(size, low, strict=True)) for size in sizes]
        chosen = [every[int(np.argmin(distances))]]
    return chosen


def window_size(window: tuple[int, int], scale: np.float32) -> tuple[int, int]:
    """Height and width of the window at a scale, rounded half to even as in OpenCV."""
    return round(float(np.float32(window[0]) * scale)), round(float(np.float32(window[1]) * scale))


def _tasks(
    cascade: Cascade, shape: tuple[int, int], chosen: list[np.float32], step: int | None
) -> dict[int, Array]:
    """Tiles of about equally many windows, by step, in an order in which any run of them costs about the same."""
    height, width = cascade.window
    tiles: dict[int, list[tuple[int, ...]]] = {}
    for number, scale in enumerate(chosen):
        out_height, out_width = (_scaled(side, scale) for side in shape)
        if out_height < height or out_width < width:
            continue
        stride = step or (1 if scale >= 2 else 2)
        lines = (out_height - height) // stride + 1
        columns = (out_width - width) // stride + 1
        # No lower than the window, whose rows above and below a tile are summed again for the next.
        most = min(max(_TILE_WINDOWS // columns, height // stride, 1), lines)
        # Upright and tilted sums of a tile are reached by 32-bit offsets.
        if 2 * (most * stride + height + 1) * (out_width + 1 + 65 * stride) >= 2**31:
            must = f"less wide for a window {height} pixels high"
            raise wrong_value("Cascade.detect", "image", must, Got(f"{shape[1]} pixels wide"))
        parts = -(-lines // most)
        for part in range(parts):
            first, last = lines * part // parts, lines * (part + 1) // parts
            tiles.setdefault(stride, []).append(
                (out_height, out_width, stride, first * stride, last - first, number)
            )
    threads = get_num_threads()
    return {
        stride: np.array([tile for start in range(threads) for tile in found[start::threads]], np.int64)
        for stride, found in tiles.items()
    }


def find_windows(
    cascade: Cascade,
    image: Array,
    chosen: list[np.float32],
    *,
    step: int | None = None,
    mask: Array | None = None,
    seen: Array | None = None,
    threads: int | None = None,
) -> Array:
    """The windows of a uint8 gray image that pass, as records of `WINDOW`, in OpenCV's order on one thread.

    ``threads`` stands for the number that `set_num_threads` set: 1 for callers with threads of their own.
    """
    arrays = (
        *cascade.window,
        cascade.features == "lbp",
        cascade.boxes.reshape(-1, 4),
        cascade.weights,
        cascade.tilted.view(np.uint8),
        cascade.node_feature,
        cascade.node_thresholds,
        cascade.subsets,
        cascade.node_left,
        cascade.node_right,
        cascade.leaves,
        cascade.first_node,
        cascade.first_tree,
        cascade.stage_limits,
        cascade.stage_slack,
    )
    counting = seen is not None
    parts: list[bytes] = []
    for tasks in _tasks(cascade, image.shape[:2], chosen, step).values():
        count = float((tasks[:, 4] * (tasks[:, 1] // tasks[:, 2])).sum())

        def kernel(first: int, last: int, tasks: Array = tasks) -> tuple[bytes, Array | None]:
            counts = np.zeros(cascade.stages, np.int64) if counting else None
            return kernels.detect(image, mask, tasks[first:last], *arrays, counts), counts

        for found, counts in run_bands(kernel, len(tasks), count * _NS_PER_WINDOW, threads):
            parts.append(found)
            if seen is not None:
                seen += counts
    windows: Array = np.frombuffer(b"".join(parts), WINDOW)
    return windows[np.lexsort((windows["x"], windows["y"], windows["scale"]))]


def _scaled(length: int, scale: np.float32) -> int:
    """A length of the image at a scale, rounded half to even as in OpenCV."""
    return round(float(np.float32(length) / scale))


def gray_bytes(image: Array) -> Array:
    """An image as (H, W) uint8: luma of colours, 16 bits and [0, 1] rounded to 8."""
    if color_count(image) == 3:
        from ..color import rgb_to_gray

        image = rgb_to_gray(image)
    gray = rows(image)
    if gray.dtype == UINT16:
        return np.asarray((gray.astype(np.uint32) + 128) // 257, np.uint8)
    if gray.dtype == FLOAT32:
        clipped = np.clip(np.nan_to_num(gray, nan=0.0), np.float32(0), np.float32(1))
        return np.asarray(np.rint(clipped * np.float32(255)), np.uint8)
    return gray


def window_boxes(cascade: Cascade, windows: Array, chosen: list[np.float32]) -> Array:
    """Boxes of windows in pixels of the image, (N, 4) float64 of whole numbers, as OpenCV rounds them."""
    factor = np.array(chosen, np.float32)[windows["scale"]]
    size = np.array([window_size(cascade.window, scale) for scale in chosen], np.float64).reshape(-1, 2)
    x = np.rint(windows["x"].astype(np.float32) * factor).astype(np.float64)
    y = np.rint(windows["y"].astype(np.float32) * factor).astype(np.float64)
    tall, wide = size[windows["scale"]].T
    return np.stack([x, y, x + wide, y + tall], axis=1)
