"""Slow twin of boosting: P. Viola, M. Jones (CVPR 2001: AdaBoost on rectangle features, one sorted pass for each); Y.
Freund, R. Schapire (1997: AdaBoost); J. Friedman, T. Hastie, R. Tibshirani (2000: Gentle AdaBoost); L. Breiman et al.
(1984: the best subset of categories is a run of them in the order of their shares).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from . import cascade as reference

f32 = np.float32


def haar_features(height: int, width: int, tilted: bool) -> list[tuple[Any, ...]]:
    """(turned, weighted rectangles) of all features (R. Lienhart, J. Maydt, ICIP 2002), as OpenCV has them."""
    found = []
    for x in range(width):
        for y in range(height):
            for dx in range(1, width + 1):
                for dy in range(1, height + 1):

                    def upright(w: int, h: int, *parts: Any, x: int = x, y: int = y) -> None:
                        if x + w <= width and y + h <= height:
                            found.append((False, (x, y, w, h, -1), *parts))

                    upright(2 * dx, dy, (x + dx, y, dx, dy, 2))
                    upright(dx, 2 * dy, (x, y + dy, dx, dy, 2))
                    upright(3 * dx, dy, (x + dx, y, dx, dy, 3))
                    upright(dx, 3 * dy, (x, y + dy, dx, dy, 3))
                    upright(2 * dx, 2 * dy, (x, y, dx, dy, 2), (x + dx, y + dy, dx, dy, 2))
                    if not tilted:
                        continue
                    upright(4 * dx, dy, (x + dx, y, 2 * dx, dy, 2))
                    upright(dx, 4 * dy, (x, y + dy, dx, 2 * dy, 2))
                    upright(3 * dx, 3 * dy, (x + dx, y + dy, dx, dy, 9))

                    def turned(w: int, h: int, *parts: Any, x: int = x, y: int = y) -> None:
                        if x - h >= 0 and x + w <= width and y + w + h <= height:
                            found.append((True, (x, y, w, h, -1), *parts))

                    turned(2 * dx, dy, (x, y, dx, dy, 2))
                    turned(dx, 2 * dy, (x, y, dx, dy, 2))
                    turned(3 * dx, dy, (x + dx, y + dx, dx, dy, 3))
                    turned(dx, 3 * dy, (x - dy, y + dy, dx, dy, 3))
                    turned(4 * dx, dy, (x + dx, y + dx, 2 * dx, dy, 2))
                    turned(dx, 4 * dy, (x - dy, y + dy, dx, 2 * dy, 2))
    return found


def values(features: Any, chosen: list[int], windows: np.ndarray) -> np.ndarray:
    """(K, N) float32 values, or LBP codes, in the arithmetic of the detector."""
    return np.array(
        [
            [
                reference.lbp_code(features.boxes[f, 0].tolist(), window)
                if features.kind == "lbp"
                else reference.haar_value(
                    features.boxes[f].tolist(),
                    features.weights[f],
                    bool(features.tilted[f]),
                    window,
                    reference.window_norm(window),
                )
                for window in windows
            ]
            for f in chosen
        ],
        np.uint8 if features.kind == "lbp" else np.float32,
    )


def score(gini: bool, left: list[int], every: list[int]) -> float:
    """Of a split with these weights of objects and others on its left and in all. Error: half of all weights, less the
    error of the better way to vote. Gini: the squares of each side's difference over its sum."""
    if not gini:
        return abs((left[0] - left[1]) - 0.5 * (every[0] - every[1]))
    right = [every[0] - left[0], every[1] - left[1]]
    return sum(float(a - b) * float(a - b) / float(a + b) for a, b in (left, right) if a + b)


def best_threshold(
    values: np.ndarray, is_object: np.ndarray, weights: list[int], gini: bool
) -> tuple[Any, ...]:
    """(score, weights on the left, value below, value above) by one pass over the sorted values."""
    every = [sum(w for w, o in zip(weights, is_object, strict=True) if o == side) for side in (True, False)]
    order = np.argsort(values, kind="stable")
    left = [0, 0]
    best: tuple[Any, ...] = (-1.0, None, None, None)
    for i, j in pairwise(order):
        left[0 if is_object[i] else 1] += weights[i]
        if values[i] == values[j] or not 0 < sum(left) < sum(every):
            continue
        here = score(gini, left, every)
        if here > best[0]:
            best = here, list(left), values[i], values[j]
    return best


def best_subset(codes: np.ndarray, is_object: np.ndarray, weights: list[int], gini: bool) -> tuple[Any, ...]:
    """(score, weights on the left, set of codes that go left)."""
    every = [sum(w for w, o in zip(weights, is_object, strict=True) if o == side) for side in (True, False)]
    of_code = {c: [0, 0] for c in range(256)}
    for code, object_, weight in zip(codes.tolist(), is_object, weights, strict=True):
        of_code[code][0 if object_ else 1] += weight
    if not gini:
        subset = [c for c, (a, b) in of_code.items() if a > b]
        left = [sum(of_code[c][side] for c in subset) for side in range(2)]
        feasible = 0 < sum(left) < sum(every)
        return (score(False, left, every) if feasible else -1.0), left, set(subset)
    present = sorted(
        (c for c in of_code if sum(of_code[c])), key=lambda c: (-of_code[c][0] / sum(of_code[c]), c)
    )
    best: tuple[Any, ...] = (-1.0, None, None)
    left = [0, 0]
    for k, c in enumerate(present[:-1]):
        left = [left[side] + of_code[c][side] for side in range(2)]
        here = score(True, left, every)
        if here > best[0]:
            best = here, left, set(present[: k + 1])
    return best


def boost(
    values: np.ndarray, is_object: np.ndarray, rounds: int, *, gini: bool, gentle: bool, weights: Any = None
) -> tuple[list[tuple[Any, ...]], np.ndarray]:
    """Stumps (feature, threshold or set of codes, left vote, right vote, error), and the weights after them."""
    w = np.full(len(is_object), 1.0 / len(is_object)) if weights is None else np.array(weights)
    sign = np.where(is_object, 1.0, -1.0)
    stumps = []
    for _ in range(rounds):
        whole = [int(v) for v in np.rint(w * 2.0**48)]
        find = best_subset if values.dtype == np.uint8 else best_threshold
        found = [find(row, is_object, whole, gini) for row in values]
        feature = max(range(len(found)), key=lambda f: found[f][0])
        best = found[feature]
        if best[0] < 0:
            break
        objects = sum(v for v, o in zip(whole, is_object, strict=True) if o)
        every = [objects, sum(whole) - objects]
        sides = [best[1], [every[0] - best[1][0], every[1] - best[1][1]]]
        if gentle:
            votes = [(a - b) / (a + b) for a, b in sides]
        elif gini:
            votes = [1.0 if a > b else -1.0 for a, b in sides]
        else:
            towards = sides[0][0] + sides[1][1] > sides[0][1] + sides[1][0]
            votes = [1.0, -1.0] if towards else [-1.0, 1.0]
        wrong = sum(b if vote > 0 else a for (a, b), vote in zip(sides, votes, strict=True))
        if 2 * wrong >= sum(whole):
            break
        error = wrong / sum(whole)
        if not gentle:
            least = max(error, 2.0**-40)
            votes = [vote * math.log((1 - least) / least) for vote in votes]
        if values.dtype == np.uint8:
            test = best[2]
            left = np.isin(values[feature], list(test))
        else:
            test = f32(0.5) * best[2] + f32(0.5) * best[3]
            test = test if best[2] < test <= best[3] else best[3]
            left = values[feature] < test
        stumps.append((feature, test, f32(votes[0]), f32(votes[1]), error))
        answer = np.where(left, float(f32(votes[0])), float(f32(votes[1])))
        if gentle:
            w = w * np.exp(-sign * answer)
        elif error:
            w = np.where(sign * answer < 0, w * ((1 - error) / error), w)
        w = w / w.sum()
    return stumps, w
