"""Disparity in plain loops: the sums of every pixel and disparity are kept, and looked through one by one.

H. Hirschmüller, Stereo processing by semiglobal matching and mutual information, PAMI 30 (2008); the census of
Spangenberg, Langner and Rojas, CAIP 2013; the clipped derivative of K. Konolige's block matching, 1998.
"""

from __future__ import annotations

import itertools

import numpy as np

STEPS = {
    3: [(0, 1), (0, -1), (1, 0)],
    4: [(0, 1), (0, -1), (1, 0), (-1, 0)],
    8: [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)],
}
NONE = 10**6  # the cost of what does not exist


def census(gray: np.ndarray) -> list[list[list[int]]]:
    """For every pixel 31 bits, of the pairs opposite each other in 9 × 7 pixels: is the first above the second?"""
    height, width = gray.shape
    pairs = [(j, i) for j in range(-3, 1) for i in range(-4, 5) if (j, i) < (0, 0)]

    def at(y: int, x: int) -> float:
        return gray[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]

    return [
        [[int(at(y + j, x + i) > at(y - j, x - i)) for j, i in pairs] for x in range(width)]
        for y in range(height)
    ]


def slopes(gray: np.ndarray) -> list[list[int]]:
    """The horizontal Sobel derivative in the dtype's own arithmetic, clipped to ±31, rounded half up."""
    height, width = gray.shape
    values = gray if gray.dtype == np.float32 else gray.astype(np.int64)

    def difference(y: int, x: int) -> float:
        row = min(max(y, 0), height - 1)
        return values[row, min(x + 1, width - 1)] - values[row, max(x - 1, 0)]

    def slope(y: int, x: int) -> int:
        total = difference(y, x) * 2 + difference(y - 1, x) + difference(y + 1, x)
        return int(np.floor(min(max(total, -31), 31) + 0.5))

    return [[slope(y, x) for x in range(width)] for y in range(height)]


def stretched(left: np.ndarray, right: np.ndarray) -> list[np.ndarray]:
    """uint16 and float32 mapped to 0 ... 255 by the range of both images."""
    if left.dtype == np.uint8:
        return [left, right]
    low = min(float(left.min()), float(right.min()))
    span = max(float(left.max()), float(right.max())) - low
    scale = np.float32(255 / span if span else 0)
    return [(image.astype(np.float32) - np.float32(low)) * scale for image in (left, right)]


def costs(left: np.ndarray, right: np.ndarray, count: int, cost: str) -> np.ndarray:
    """C[y, x, d]; beyond the left border of the right image goes on as its outermost pixels."""
    height, width = left.shape
    if cost == "census":
        a, b = census(left), census(right)
    else:
        a, b = (slopes(image) for image in stretched(left, right))
    out = np.zeros((height, width, count), np.int64)
    for y, x, d in np.ndindex(out.shape):
        p, q = a[y][x], b[y][max(x - d, 0)]
        out[y, x, d] = sum(i != j for i, j in zip(p, q, strict=True)) if cost == "census" else abs(p - q)
    return out


def windows(cost: np.ndarray, radius: int) -> np.ndarray:
    """Sums over squares of 2 radius + 1 pixels; what lies outside is the nearest inside."""
    height, width = cost.shape[:2]
    out = np.zeros_like(cost)
    for y, x in np.ndindex(height, width):
        for j, i in itertools.product(range(-radius, radius + 1), repeat=2):
            out[y, x] += cost[min(max(y + j, 0), height - 1), min(max(x + i, 0), width - 1)]
    return out


def closed(sums: np.ndarray) -> np.ndarray:
    """With NONE where x - d lies outside the right image."""
    out = sums.copy()
    for x, d in np.ndindex(sums.shape[1:]):
        if d > x:
            out[:, x, d] = NONE
    return out


def gathered(cost: np.ndarray, p1: int, p2: int, paths: int) -> np.ndarray:
    """The sum of L_r(p, d) over the paths r."""
    height, width, count = cost.shape
    total = np.zeros_like(cost)
    for dy, dx in STEPS[paths]:
        path = np.zeros_like(cost)
        for y in range(height)[:: 1 if dy >= 0 else -1]:
            for x in range(width)[:: 1 if dx >= 0 else -1]:
                path[y, x] = cost[y, x]
                if not (0 <= y - dy < height and 0 <= x - dx < width):
                    continue
                before = path[y - dy, x - dx]
                least = min(before)
                for d in range(count):
                    ways = [before[d], least + p2]
                    ways += [before[d - 1] + p1] if d > 0 else []
                    ways += [before[d + 1] + p1] if d < count - 1 else []
                    path[y, x, d] += min(ways) - least
        total += path
    return np.minimum(total, NONE)


def chosen(sums: np.ndarray, uniqueness: int, check: bool) -> np.ndarray:
    """The winners of sums, NONE where there is no partner, with their fractions; NaN where they are left out."""
    height, width, count = sums.shape
    out = np.full((height, width), np.nan, np.float32)
    for y, x in np.ndindex(height, width):
        those = [int(s) for s in sums[y, x, : min(x + 1, count)]]
        least = min(those)
        d = those.index(least)
        if any(s * (100 - uniqueness) < 100 * least for e, s in enumerate(those) if abs(e - d) > 1):
            continue
        if check:
            partner = x - d
            met = {e: int(sums[y, partner + e, e]) for e in range(count) if partner + e < width}
            if min(met[e] for e in (d - 1, d, d + 1) if e in met) > min(met.values()):
                continue
        out[y, x] = d
        if 0 < d < len(those) - 1:
            before, after = those[d - 1], those[d + 1]
            out[y, x] += np.float32(before - after) / np.float32(2 * (before + after - 2 * least))
    return out


def without_speckles(disparity: np.ndarray, area: int) -> np.ndarray:
    """Regions of fewer pixels than ``area``, whose neighbours differ by at most 1, left out."""
    out = disparity.copy()
    height, width = out.shape
    seen = np.isnan(out)
    for start in np.ndindex(out.shape):
        if seen[start]:
            continue
        region, seen[start] = [start], True
        for y, x in region:
            for to in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= to[0] < height and 0 <= to[1] < width
                if inside and not seen[to] and abs(disparity[to] - disparity[y, x]) <= 1:
                    seen[to] = True
                    region.append(to)
        if len(region) < area:
            for place in region:
                out[place] = np.nan
    return out


def disparity(
    left: np.ndarray,
    right: np.ndarray,
    max_disparity: int,
    *,
    method: str,
    cost: str,
    radius: int,
    paths: int = 3,
    p1: int = 5,
    p2: int = 30,
    uniqueness: int = 10,
    check: bool = True,
    speckle: int = 0,
) -> np.ndarray:
    """Of gray images."""
    sums = windows(costs(left, right, max_disparity + 1, cost), radius)
    if method == "sgm":
        area = (2 * radius + 1) ** 2
        sums = gathered(closed((sums + area // 2) // area), p1, p2, paths)
    return without_speckles(chosen(closed(sums), uniqueness, check), speckle)


def photometric_error(left: np.ndarray, right: np.ndarray, disparity: np.ndarray, ssim: float) -> np.ndarray:
    """Of gray images in [0, 1], in float64: Godard, Mac Aodha and Brostow, CVPR 2017, equation 2."""
    height, width = left.shape
    rebuilt = np.full((height, width), np.nan)
    for y, x in np.ndindex(height, width):
        at = np.float32(x) - disparity[y, x]
        if 0 <= at <= width - 1:
            first = min(int(at), width - 2) if width > 1 else 0
            part = float(at) - first
            rebuilt[y, x] = (1 - part) * right[y, first] + (part * right[y, first + 1] if part else 0)
    out = (1 - ssim) * np.abs(left - rebuilt)
    a, b = (np.pad(image.astype(np.float64), 1, "reflect") for image in (left, rebuilt))
    for y, x in np.ndindex(height, width):
        p, q = a[y : y + 3, x : x + 3], b[y : y + 3, x : x + 3]
        covariance = (p * q).mean() - p.mean() * q.mean()
        likeness = (2 * p.mean() * q.mean() + 1e-4) * (2 * covariance + 9e-4)
        likeness /= (p.mean() ** 2 + q.mean() ** 2 + 1e-4) * (p.var() + q.var() + 9e-4)
        out[y, x] += ssim * min(max((1 - likeness) / 2, 0), 1) if ssim else 0
    return out
