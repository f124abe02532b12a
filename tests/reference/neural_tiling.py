"""Slow twins of the tiles of large images: the specification, in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def starts(length: int, tile: int, overlap: float) -> list[int]:
    """``n = ceil((L - o) / (t - o))`` tiles of t that share at least o, the k-th at ``floor(k (L - t) / (n - 1))``."""
    if tile >= length:
        return [0]
    shared = min(math.ceil(overlap * tile), tile - 1)
    count = math.ceil((length - shared) / (tile - shared))
    return [math.floor(place * (length - tile) / (count - 1)) for place in range(count)]


def iou(a: list[float], b: list[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inter = width * height
    return inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)


def clipped(box: list[float], area: list[float]) -> list[float] | None:
    cut = [max(box[0], area[0]), max(box[1], area[1]), min(box[2], area[2]), min(box[3], area[3])]
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def cut_sides(box: list[float], tile: list[int], shape: tuple[int, int], margin: float) -> list[bool]:
    """Left, top, right, bottom: whether the tile ends there, the image does not, and the box comes near."""
    height, width = shape
    return [
        tile[0] > 0 and box[0] - tile[0] <= margin,
        tile[1] > 0 and box[1] - tile[1] <= margin,
        tile[2] < width and tile[2] - box[2] <= margin,
        tile[3] < height and tile[3] - box[3] <= margin,
    ]


def merge(
    parts: list[dict[str, Any]],
    tiles: list[list[int]],
    shape: tuple[int, int],
    method: str = "nmm",
    threshold: float = 0.5,
    any_label: bool = False,
    margin: float = 4.0,
) -> list[dict[str, Any]]:
    """Boxes of all tiles, of which those of one object become one; as `imgproc.neural.merge_tiles` says it.

    Each part has ``boxes``, ``scores``, ``labels`` and, it may be, ``masks`` of bool, in its tile.
    """
    every = []
    for number, (part, tile) in enumerate(zip(parts, tiles, strict=True)):
        for row, box in enumerate(part["boxes"]):
            x, y = tile[0], tile[1]
            mask = None
            if "masks" in part:
                mask = np.zeros(shape, bool)
                mask[tile[1] : tile[3], tile[0] : tile[2]] = part["masks"][row]
            moved = [box[0] + x, box[1] + y, box[2] + x, box[3] + y]
            every.append(
                {
                    "tile": number,
                    "box": moved,
                    "score": part["scores"][row],
                    "label": part["labels"][row],
                    "mask": mask,
                    "cut": cut_sides(moved, tile, shape, margin),
                }
            )

    def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
        if a["tile"] == b["tile"] or not (any_label or a["label"] == b["label"]):
            return False
        seen = clipped(tiles[a["tile"]], tiles[b["tile"]])
        if seen is None:
            return False
        mine, theirs = clipped(a["box"], seen), clipped(b["box"], seen)
        return mine is not None and theirs is not None and iou(mine, theirs) > threshold

    order = sorted(range(len(every)), key=lambda row: (any(every[row]["cut"]), -every[row]["score"], row))
    taken: set[int] = set()
    merged = []
    for leader in order:
        if leader in taken:
            continue
        taken.add(leader)
        group = [leader]
        cut = any(every[leader]["cut"])
        for member in group:
            for other in range(len(every)):
                if other not in taken and same(every[member], every[other]):
                    taken.add(other)
                    group.append(other)
            if not cut:
                break
        merged.append(_result([every[row] for row in group], leader, method, cut))
    return sorted(merged, key=lambda one: (-one["score"], one["leader"]))


def _result(group: list[dict[str, Any]], leader: int, method: str, cut: bool) -> dict[str, Any]:
    joined = group if cut and method != "nms" else group[:1]
    boxes = [one["box"] for one in joined]
    hull = [min(box[side] for box in boxes) for side in (0, 1)] + [
        max(box[side] for box in boxes) for side in (2, 3)
    ]
    if method == "wbf":
        plain = any(one["score"] <= 0 for one in group)
        around = [min(one["box"][side] for one in group) for side in (0, 1)]
        around += [max(one["box"][side] for one in group) for side in (2, 3)]
        for side in range(4):
            shown = [
                (1 if plain else one["score"], one["box"][side]) for one in group if not one["cut"][side]
            ]
            total = sum(weight for weight, _ in shown)
            hull[side] = sum(weight * value for weight, value in shown) / total if shown else around[side]
    mask = group[0]["mask"]
    if mask is not None:
        mask = np.logical_or.reduce([one["mask"] for one in joined])
    score = max(one["score"] for one in (group[:1] if method == "nms" else group))
    return {
        "box": hull,
        "score": score,
        "label": group[0]["label"],
        "count": len(group),
        "mask": mask,
        "leader": leader,
    }
