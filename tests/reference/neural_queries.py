"""The slow twins of decoders of queries: the formulas of the papers, pixel by pixel in float64."""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.float64(x)))


def softmax(x: Any) -> Any:
    powers = np.exp(x.astype(np.float64) - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def between(size: int, length: int, place: float) -> tuple[int, int, float]:
    """The samples beside a place of an input of that length, and what the second counts: middles, held at the edge."""
    at = min(max(place * size / length - 0.5, 0), size - 1)
    return int(at), min(int(at) + 1, size - 1), at - int(at)


def stretched(maps: Any, geometry: Any) -> Any:
    """Maps ``(Q, h, w)`` over the input, at the middles of the image's pixels; NaN in no part of the input."""
    height, width = geometry.image_shape
    out = np.full((len(maps), height, width), np.nan)
    for y in range(height):
        for x in range(width):
            down = (y + 0.5) * geometry.scale[0] + geometry.offset[0]
            across = (x + 0.5) * geometry.scale[1] + geometry.offset[1]
            across = geometry.input_shape[1] - across if geometry.flip else across
            if not (0 <= down <= geometry.input_shape[0] and 0 <= across <= geometry.input_shape[1]):
                continue
            y0, y1, v = between(maps.shape[1], geometry.input_shape[0], down)
            x0, x1, u = between(maps.shape[2], geometry.input_shape[1], across)
            upper = maps[:, y0, x0] * (1 - u) + maps[:, y0, x1] * u
            lower = maps[:, y1, x0] * (1 - u) + maps[:, y1, x1] * u
            out[:, y, x] = upper * (1 - v) + lower * v
    return out


def resized(maps: Any, shape: tuple[int, int]) -> Any:
    """Linearly between middles, as torch's interpolate with align_corners=False."""
    out = np.empty((len(maps), *shape))
    for y in range(shape[0]):
        for x in range(shape[1]):
            y0, y1, v = between(maps.shape[1], shape[0], y + 0.5)
            x0, x1, u = between(maps.shape[2], shape[1], x + 0.5)
            upper = maps[:, y0, x0] * (1 - u) + maps[:, y0, x1] * u
            lower = maps[:, y1, x0] * (1 - u) + maps[:, y1, x1] * u
            out[:, y, x] = upper * (1 - v) + lower * v
    return out


def detr(
    logits: Any, boxes: Any, geometry: Any, scores: str, threshold: float, most: int | None
) -> list[Any]:
    """Rows score, label, x1, y1, x2, y2: N. Carion et al., ECCV 2020; X. Zhu et al., ICLR 2021."""
    rows = []
    for query, (of_query, (cx, cy, w, h)) in enumerate(zip(logits, boxes.astype(np.float64), strict=True)):
        if scores == "softmax":
            chances = softmax(of_query)[:-1]
            pairs = [(chances.max(), int(chances.argmax()))]
        else:
            pairs = [(sigmoid(x), label) for label, x in enumerate(of_query)]
        height, width = geometry.input_shape
        corners = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
        for axis in (0, 1):
            low, high = (
                (corners[i] - geometry.offset[1 - axis]) / geometry.scale[1 - axis] for i in (axis, axis + 2)
            )
            if axis == 0 and geometry.flip:
                low, high = ((width - corners[i] - geometry.offset[1]) / geometry.scale[1] for i in (2, 0))
            limit = geometry.image_shape[1 - axis]
            corners[axis], corners[axis + 2] = min(max(low, 0), limit), min(max(high, 0), limit)
        rows += [(-score, query, label, *corners) for score, label in pairs]
    rows.sort()
    return [
        (-row[0], *row[2:]) for row in rows[: len(logits) if most is None else most] if -row[0] > threshold
    ]


def panoptic(
    classes: Any, masks: Any, geometry: Any, stuff: set[int], score: float, mask: float, overlap: float
) -> tuple[Any, list[Any], Any]:
    """B. Cheng et al., CVPR 2022: ids, and segments as id, label, area, is_thing, score, query.

    And where the two best scores lie within 1e-5 of each other, or a mask of its threshold, so that rounding decides.
    """
    chances = softmax(classes)
    scores, labels = chances.max(axis=1), chances.argmax(axis=1)
    kept = [q for q in range(len(classes)) if labels[q] != chances.shape[1] - 1 and scores[q] > score]
    logits = stretched(masks[kept], geometry)
    ids = np.zeros(geometry.image_shape, np.int32)
    doubtful = np.zeros(geometry.image_shape, bool)
    if not kept:
        return ids, [], doubtful
    probabilities = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    products = scores[kept][:, None, None] * probabilities
    inside_input = ~np.isnan(logits[0])
    winner = np.where(inside_input, np.argmax(np.nan_to_num(products, nan=-1), axis=0), -1)
    if len(kept) > 1:
        second, best = np.sort(products, axis=0)[-2:]
        doubtful |= best - second < 1e-5 * best
    doubtful |= (np.abs(logits - np.log(mask / (1 - mask))) < 1e-5).any(axis=0)
    segments: list[Any] = []
    fused: dict[int, int] = {}
    for at, query in enumerate(kept):
        won, whole = winner == at, probabilities[at] >= mask
        held = won & whole
        if not held.any() or won.sum() / whole.sum() < overlap:
            continue
        label = int(labels[query])
        if label in fused:
            number = fused[label]
            row = segments[number - 1]
            segments[number - 1] = (*row[:2], row[2] + held.sum(), False, max(row[4], scores[query]), row[5])
        else:
            number = len(segments) + 1
            segments.append((number, label, held.sum(), label not in stuff, scores[query], query))
            if label in stuff:
                fused[label] = number
        ids[held] = number
    return ids, segments, doubtful


def semantic(classes: Any, masks: Any, geometry: Any) -> tuple[Any, Any]:
    """B. Cheng, A. Schwing, A. Kirillov, NeurIPS 2021: labels, and where the two best sums lie within 1e-5."""
    probabilities = sigmoid(stretched(masks, geometry))
    sums = np.tensordot(softmax(classes)[:, :-1].T, probabilities, 1)
    labels = np.where(np.isnan(sums[0]), -1, np.nan_to_num(sums, nan=-1).argmax(axis=0))
    if len(sums) == 1:
        return labels, np.zeros(labels.shape, bool)
    second, best = np.sort(sums, axis=0)[-2:]
    return labels, best - second < 1e-5 * best


def instances(classes: Any, masks: Any, geometry: Any, most: int, mask: float) -> list[Any]:
    """B. Cheng et al., CVPR 2022, its code: rows score, query, label, mask, all that have pixels, by falling score."""
    chances = softmax(classes)[:, :-1]
    logits = stretched(masks, geometry)
    pairs = sorted((-chances[q, c], q, c) for q in range(len(chances)) for c in range(chances.shape[1]))[
        :most
    ]
    rows = []
    for chance, query, label in pairs:
        inside = np.nan_to_num(logits[query], nan=-1e9) >= np.log(mask / (1 - mask))
        if inside.any():
            rows.append((-chance * sigmoid(logits[query][inside]).mean(), query, label, inside))
    return sorted(rows, key=lambda row: -row[0])
