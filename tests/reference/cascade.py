"""Slow twin of cascades: P. Viola, M. Jones (CVPR 2001); R. Lienhart, J. Maydt (ICIP 2002: tilted rectangles); S. Liao
et al. (ICB 2007: multi-block LBP); in the arithmetic of OpenCV 4, which decides what equality means.
"""

from __future__ import annotations

import math

import numpy as np

from imgproc.cascade import Cascade

f32 = np.float32


def scaled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, weights of 8 bits, one rounding half up."""

    def taps(length: int, out: int) -> list[tuple[int, int]]:
        found = []
        for i in range(out):
            at = 1.0 / (out / length) * (i + 0.5) - 0.5
            low = math.floor(at)
            if low < 0:
                found.append((0, 0))
            elif low >= length - 1:
                found.append((length - 2, 256))
            else:
                found.append((low, round((at - low) * 256)))
        return found

    result = np.zeros((height, width), np.uint8)
    columns = taps(image.shape[1], width)
    for i, (y, v) in enumerate(taps(image.shape[0], height)):
        for j, (x, w) in enumerate(columns):
            top = int(image[y, x]) * (256 - w) + int(image[y, x + 1]) * w
            bottom = int(image[y + 1, x]) * (256 - w) + int(image[y + 1, x + 1]) * w
            result[i, j] = (top * (256 - v) + bottom * v + 32768) >> 16
    return result


def box_sum(window: np.ndarray, box: list[int], tilted: bool) -> int:
    """Upright: w by h pixels from (x, y). Tilted: what four cones of pixels that open upwards leave over."""
    x, y, w, h = box
    if not tilted:
        return int(window[y : y + h, x : x + w].sum(dtype=np.int64))

    def cone(corner_y: int, corner_x: int) -> int:
        return sum(
            int(window[row, column])
            for row in range(min(corner_y, window.shape[0]))
            for column in range(window.shape[1])
            if abs(column - corner_x + 1) < corner_y - row
        )

    return cone(y, x) - cone(y + h, x - h) - cone(y + w, x + w) + cone(y + w + h, x + w - h)


def leaf_sum(c: Cascade, stage: int, window: np.ndarray, norm: np.float32) -> float:
    total = 0.0
    for tree in range(c.first_tree[stage], c.first_tree[stage + 1]):
        first, at = c.first_node[tree], 0
        while True:
            node = first + at
            at = int((c.node_left if _left(c, node, window, norm) else c.node_right)[node])
            if at <= 0:
                break
        total += float(c.leaves[first + tree - at])
    return total


def _left(c: Cascade, node: int, window: np.ndarray, norm: np.float32) -> bool:
    feature = c.node_feature[node]
    boxes = c.boxes[feature].tolist()
    if c.features == "lbp":
        code = lbp_code(boxes[0], window)
        return bool(int(c.subsets[node, code // 32]) >> (code % 32) & 1)
    value = haar_value(boxes, c.weights[feature], bool(c.tilted[feature]), window, norm)
    return bool(value < c.node_thresholds[node])


def haar_value(
    boxes: list[list[int]], weights: np.ndarray, tilted: bool, window: np.ndarray, norm: np.float32
) -> np.float32:
    """The weighted sums of two or three rectangles times the window's norm: float32 products, added in this order."""
    value = weights[0] * f32(box_sum(window, boxes[0], tilted)) + weights[1] * f32(
        box_sum(window, boxes[1], tilted)
    )
    if weights[2]:
        value += weights[2] * f32(box_sum(window, boxes[2], tilted))
    return value * norm


def lbp_code(box: list[int], window: np.ndarray) -> int:
    """One bit for each of the 8 blocks around the middle one, clockwise from the top left, the highest first."""
    x, y, w, h = box
    blocks = [[box_sum(window, [x + i * w, y + j * h, w, h], False) for i in range(3)] for j in range(3)]
    around = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
    return sum((blocks[j][i] >= blocks[1][1]) << (7 - k) for k, (j, i) in enumerate(around))


def window_norm(window: np.ndarray) -> np.float32:
    """One over the standard deviation times the area, of a window without its border; 0 where it is flat."""
    inner = window[1:-1, 1:-1].astype(np.int64)
    spread = float(inner.size) * float((inner * inner).sum()) - float(inner.sum()) ** 2
    norm = f32(1.0 / math.sqrt(spread)) if spread > 0 else f32(0)
    return norm if inner.size * float(norm) < 0.1 else f32(0)


def windows(
    c: Cascade, image: np.ndarray, scales: list[np.float32], step: int | None = None
) -> list[tuple[int, int, int, float]]:
    """(scale, x, y, margin) of the windows that pass, by scale, row, column."""
    height, width = c.window
    found = []
    for number, scale in enumerate(scales):
        size = [round(float(f32(side) / scale)) for side in image.shape]
        small = scaled(image, *size)
        stride = step or (1 if scale >= 2 else 2)
        for y in range(0, size[0] - height + 1, stride):
            x = 0
            while x + width <= size[1]:
                stage, margin = verdict(c, small[y : y + height, x : x + width])
                if stage == c.stages:
                    found.append((number, x, y, margin))
                x += stride * (2 if stage == 0 else 1)
    return found


def verdict(c: Cascade, window: np.ndarray) -> tuple[int, float]:
    """The stage that fails, -1 for a window that is flat, the number of stages where all pass; the last margin."""
    norm = window_norm(window) if c.features == "haar" else f32(0)
    if c.features == "haar" and norm == 0:
        return -1, 0.0
    margin = 0.0
    for stage in range(c.stages):
        limit = float(c.thresholds[stage] - f32(1e-5))
        total = leaf_sum(c, stage, window, norm)
        if total < limit:
            return stage, 0.0
        margin = total - limit
    return c.stages, margin
