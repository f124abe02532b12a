"""The search for the best stump: bounds for every feature first, then exact arithmetic for the few that are left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .._core.images import Array
from .._core.threads import run_bands
from .._ext import boosting as kernels

_T = TypeVar("_T")

GROUP: int = kernels.GROUP
"""Windows whose values lie together; objects fill groups of their own."""

_CHUNK_BYTES = 4 << 20
"""Codes made at a time where they are not kept."""

_NS_COARSE, _NS_ENCODE, _NS_FINE, _NS_EXACT = 0.05, 0.4, 0.6, 6.0
"""Of one feature of one window; only estimates for the choice of threads."""

_DIGITS = 14
"""Bits of the weights from which the first bounds are made."""


@dataclass(frozen=True)
class Split:
    """A threshold between two values, or a subset of codes, of one feature, and the weights of what goes left."""

    feature: int
    score: float
    objects: int
    others: int
    below: float = 0.0
    above: float = 0.0
    subset: Array | None = None

    @property
    def threshold(self) -> np.float32:
        """Halfway between the two values: ``below < threshold <= above`` in float32."""
        low, high = np.float32(self.below), np.float32(self.above)
        middle = np.float32(0.5) * low + np.float32(0.5) * high
        return middle if low < middle <= high else high


def places(is_object: Array) -> tuple[Array, Array]:
    """Where samples stand: the place of each, (N,), and the sample in each place, -1 for padding."""
    objects, others = np.flatnonzero(is_object), np.flatnonzero(~is_object)
    first_other = -(-len(objects) // GROUP) * GROUP
    order = np.full(first_other + -(-len(others) // GROUP) * GROUP, -1, np.int64)
    order[: len(objects)] = objects
    order[first_other : first_other + len(others)] = others
    place = np.empty(len(is_object), np.int64)
    place[order[order >= 0]] = np.flatnonzero(order >= 0)
    return place, order


class StumpSearch:
    """Finds the best stump over all features of a source for any weights of its samples.

    Of each feature, codes of 8 bits that rise with its values are kept for all samples, as many features as fit into
    ``memory`` bytes; those of others are made anew in each search, with the same result.

    A search has three steps, each exact in what it rules out. First the sums of weights at 15 values of each feature
    bound its best score from both sides, in vectors over codes of 4 bits. Features that can still win are bounded by
    the sums of all 256 codes. What is left then is sorted and rated value by value.
    """

    def __init__(
        self, source: kernels.Source, table: Array, order: Array, lbp: bool, memory: int, threads: int | None
    ) -> None:
        self.source, self.table, self.lbp, self.threads = source, table, lbp, threads
        self.places = len(order)
        self.kept = min(len(table), memory // self.places)
        self.rows = np.empty((self.kept, self.places), np.uint8)
        self.chunk = max(1, _CHUNK_BYTES // self.places)

        def encode(first: int, last: int) -> None:
            for start in range(first, last, self.chunk):
                end = min(start + self.chunk, last)
                source.encode(table, start, end, self.rows[start:end])

        self._bands(encode, self.kept, _NS_ENCODE)

    def best(self, weights: Array, objects: int, gini: bool) -> Split | None:
        """The split of the highest score for int64 weights in places; None where no feature tells samples apart.

        ``objects`` is the weight of all objects. Of equal scores the lowest feature wins, then its lowest threshold.
        """
        totals = (float(objects), float(int(weights.sum()) - objects), gini)
        if self.lbp:
            return self._best_subset(weights, totals)
        lower, upper = self._coarse(weights, totals)
        # The likeliest first: what they reach rules out many of the others.
        floor = lower.max()
        left = np.flatnonzero(upper >= floor)
        left = left[np.argsort(-upper[left], kind="stable")]
        uppers = []
        sure = []
        for part in (left[:64], left[64:]):
            part = part[upper[part] >= floor]
            if not len(part):
                continue
            part_lower, part_upper = self._fine(part, weights, totals)
            floor = max(floor, part_lower.max())
            sure.append(part)
            uppers.append(part_upper)
        left, upper = np.concatenate(sure), np.concatenate(uppers)
        order = np.argsort(-upper, kind="stable")
        left, upper = left[order], upper[order]
        best: tuple[float, int, int, int, float, float] = (-1.0, -1, 0, 0, 0.0, 0.0)
        start = 0
        while start < len(left) and upper[start] >= max(floor, best[0]):
            end = start + min(
                16 if start == 0 else 64, int(np.count_nonzero(upper[start:] >= max(floor, best[0])))
            )

            def exact(
                first: int, last: int, part: Array = left[start:end]
            ) -> tuple[float, int, int, int, float, float]:
                found: tuple[float, int, int, int, float, float]
                found = self.source.exact(self.table, part[first:last], weights, *totals)
                return found

            for found in self._bands(exact, end - start, _NS_EXACT):
                if found[0] > best[0] or (found[0] == best[0] and 0 <= found[1] < best[1]):
                    best = found
            start = end
        score, feature, left_objects, left_others, below, above = best
        return Split(feature, score, left_objects, left_others, below, above) if feature >= 0 else None

    def _bands(self, kernel: Callable[[int, int], _T], count: int, nanoseconds: float) -> list[_T]:
        return run_bands(kernel, count, count * self.places * nanoseconds, self.threads)

    def _made(self, first: int, last: int) -> Array:
        """Codes that are not kept."""
        rows = np.empty((last - first, self.places), np.uint8)
        self.source.encode(self.table, first, last, rows)
        return rows

    def _coarse(self, weights: Array, totals: tuple[float, float, bool]) -> tuple[Array, Array]:
        shift = max(0, int(weights.max()).bit_length() - _DIGITS)
        digits = weights >> shift
        rest = float(int((weights - (digits << shift)).sum()))
        high, low = (digits >> 7).astype(np.int8), (digits & 127).astype(np.int8)
        lower, upper = np.empty(len(self.table)), np.empty(len(self.table))

        def coarse(first: int, last: int) -> None:
            bounds = (high, low, 2.0**shift, rest, *totals)
            end = min(last, self.kept)
            if first < end:
                self.source.coarse(self.rows[first:end], *bounds, lower[first:end], upper[first:end])
            for start in range(max(first, self.kept), last, self.chunk):
                end = min(start + self.chunk, last)
                self.source.coarse(self._made(start, end), *bounds, lower[start:end], upper[start:end])

        self._bands(coarse, len(self.table), _NS_COARSE if self.kept == len(self.table) else _NS_ENCODE)
        return lower, upper

    def _fine(self, chosen: Array, weights: Array, totals: tuple[float, float, bool]) -> tuple[Array, Array]:
        lower, upper = np.empty(len(chosen)), np.empty(len(chosen))

        def fine(first: int, last: int) -> None:
            kept = np.flatnonzero(chosen[first:last] < self.kept) + first
            some_lower, some_upper = np.empty(len(kept)), np.empty(len(kept))
            self.source.fine(self.rows, chosen[kept], weights, *totals, some_lower, some_upper)
            lower[kept], upper[kept] = some_lower, some_upper
            zero = np.zeros(1, np.int64)
            for k in np.flatnonzero(chosen[first:last] >= self.kept) + first:
                row = self._made(int(chosen[k]), int(chosen[k]) + 1)
                self.source.fine(row, zero, weights, *totals, lower[k : k + 1], upper[k : k + 1])

        self._bands(fine, len(chosen), _NS_FINE)
        return lower, upper

    def _best_subset(self, weights: Array, totals: tuple[float, float, bool]) -> Split | None:
        def subsets(first: int, last: int) -> list[Split]:
            found = []
            for start in range(first, last, self.chunk):
                end = min(start + self.chunk, last)
                kept = self.rows[start:end] if end <= self.kept else self._made(start, end)
                subset = np.zeros(8, np.uint32)
                score, row, objects, others = self.source.subsets(kept, weights, *totals, subset)
                if row >= 0:
                    found.append(Split(start + row, score, objects, others, subset=subset))
            return found

        splits = [split for band in self._bands(subsets, len(self.table), _NS_FINE) for split in band]
        # The first of equal scores: bands and chunks are in the order of the features.
        return max(splits, key=lambda split: split.score, default=None)
