"""The search for the best stump: bounds for every feature first, then exact arithmetic for the few that are left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .._core.images import Array
from .._core.threads import run_bands
from .._ext import boosting as kernels

_T = TypeVar("_T")

GROUP: int = kernels.GROUP
"""Windows whose values lie together; objects fill groups of their own."""

_CHUNK_BYTES = 4 << 20
"""Codes made at a time where they are not kept."""

_NS_COARSE, _NS_ENCODE, _NS_REFINE, _NS_EXACT, _NS_SUBSET = 0.1, 1.0, 0.2, 6.0, 0.6
"""Of one feature of one window; only estimates for the choice of threads."""

_LIKELY = 256
"""Features that are rated exactly before the bounds of others are made closer."""

_AT_ONCE = 8
"""Features that are rated exactly before the bounds of the next are looked at again."""

SUM_BYTES = 128
"""Sums that are kept of each feature during a search."""

_Found = tuple[float, int, int, int, float, float]
"""Score, feature, weights of objects and others that go left, values below and above the threshold."""

_NONE: _Found = (-1.0, -1, 0, 0, 0.0, 0.0)


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


def _digits(weights: Array, first_other: int) -> tuple[Array, float, Array]:
    """Weights in 16 bits, as two rows of digits; their unit, and what rounding down lost of objects and others."""
    shift = max(0, int(weights.max()).bit_length() - 16, int(weights.sum()).bit_length() - 32)
    whole = weights >> shift
    digits = np.stack([whole >> 8, whole & 255]).astype(np.uint8)
    rest = weights - (whole << shift)
    return digits, 2.0**shift, np.array([rest[:first_other].sum(), rest[first_other:].sum()], np.float64)


class StumpSearch:
    """Finds the best stump over all features of a source for any weights of its samples.

    Of each feature, codes of 8 bits that rise with its values are kept for all samples, as many features as fit into
    ``memory`` bytes; those of others are made anew in each search, with the same result.

    A search has three steps, each exact in what it rules out. First the sums of weights at 15 values of each feature
    bound its best score from both sides, in vectors over codes of 4 bits. Features that can still win are bounded by
    the sums of all 256 codes. What is left then is sorted and rated value by value.
    """

    def __init__(
        self,
        source: kernels.Source,
        table: Array,
        order: Array,
        objects: int,
        *,
        lbp: bool,
        memory: int,
        threads: int | None,
        spare: Array | None = None,
    ) -> None:
        self.source, self.table, self.lbp, self.threads = source, table, lbp, threads
        self.places = len(order)
        self.first_other = -(-objects // GROUP) * GROUP
        self.kept = min(len(table), memory // self.places)
        size = self.kept * self.places
        self.memory: Array = spare if spare is not None and len(spare) >= size else np.empty(size, np.uint8)
        self.rows = self.memory[:size].reshape(self.kept, self.places)
        self.chunk = max(1, _CHUNK_BYTES // self.places)

        def encode(first: int, last: int) -> None:
            for start in range(first, last, self.chunk):
                end = min(start + self.chunk, last)
                source.encode(table, start, end, self.rows[start:end])

        self._bands(encode, self.kept, _NS_ENCODE)

    def give_memory(self) -> Array:
        """The memory of the codes, which are no longer kept."""
        memory = self.memory
        self.kept = 0
        self.memory = np.empty(0, np.uint8)
        self.rows = self.memory.reshape(0, self.places)
        return memory

    def values(self, feature: int) -> Array:
        """Values of one feature in all places, float32, or uint8 codes of LBP."""
        out = np.empty((1, self.places), np.float32)
        self.source.values(self.table, np.array([feature]), out)
        values: Array = out[0]
        return values.astype(np.uint8) if self.lbp else values

    def best(self, weights: Array, objects: int, gini: bool) -> Split | None:
        """The split of the highest score for int64 weights in places; None where no feature tells samples apart.

        ``objects`` is the weight of all objects. Of equal scores the lowest feature wins, then its lowest threshold.
        """
        totals = (float(objects), float(int(weights.sum()) - objects), gini)
        if self.lbp:
            return self._best_subset(weights, totals)
        bounds = (*_digits(weights, self.first_other), *totals)
        sums, upper = self._coarse(bounds)
        # The likeliest first: what they reach rules out most of the others before these are looked at more closely.
        likely = np.argpartition(-upper, min(_LIKELY, len(upper)) - 1)[:_LIKELY]
        best = self._exact(likely, self._refined(likely, bounds, sums, -1.0), weights, totals, _NONE)
        left = np.flatnonzero(upper >= best[0])
        best = self._exact(left, self._refined(left, bounds, sums, best[0]), weights, totals, best)
        score, feature, left_objects, left_others, below, above = best
        return Split(feature, score, left_objects, left_others, below, above) if feature >= 0 else None

    def _exact(
        self, chosen: Array, upper: Array, weights: Array, totals: tuple[float, float, bool], best: _Found
    ) -> _Found:
        """The best split of the chosen features, whose scores are bounded, or ``best``."""
        order = np.argsort(-upper, kind="stable")
        chosen, upper = chosen[order], upper[order]
        start = 0
        while start < len(chosen) and upper[start] >= best[0]:
            part = chosen[start : start + _AT_ONCE][upper[start : start + _AT_ONCE] >= best[0]]

            def exact(first: int, last: int, part: Array = part) -> _Found:
                found: _Found = self.source.exact(self.table, part[first:last], weights, *totals)
                return found

            for found in self._bands(exact, len(part), _NS_EXACT):
                if found[0] > best[0] or (found[0] == best[0] and found[1] < best[1]):
                    best = found
            start += _AT_ONCE
        return best

    def _bands(self, kernel: Callable[[int, int], _T], count: int, nanoseconds: float) -> list[_T]:
        return run_bands(kernel, count, count * self.places * nanoseconds, self.threads)

    def _made(self, first: int, last: int) -> Array:
        """Codes that are not kept."""
        rows = np.empty((last - first, self.places), np.uint8)
        self.source.encode(self.table, first, last, rows)
        return rows

    def _coarse(self, bounds: tuple[Any, ...]) -> tuple[Array, Array]:
        """Sums of weights above 16 codes, and bounds, for all features."""
        sums, upper = np.empty((len(self.table), SUM_BYTES // 4), np.uint32), np.empty(len(self.table))

        def coarse(first: int, last: int) -> None:
            end = min(last, self.kept)
            if first < end:
                self.source.coarse(self.rows[first:end], *bounds, sums[first:end], upper[first:end])
            for start in range(max(first, self.kept), last, self.chunk):
                end = min(start + self.chunk, last)
                self.source.coarse(self._made(start, end), *bounds, sums[start:end], upper[start:end])

        self._bands(coarse, len(self.table), _NS_COARSE if self.kept == len(self.table) else _NS_ENCODE)
        return sums, upper

    def _refined(self, chosen: Array, bounds: tuple[Any, ...], sums: Array, floor: float) -> Array:
        """Closer bounds of the chosen features, or less than ``floor``."""
        upper = np.empty(len(chosen))

        def refine(first: int, last: int) -> None:
            kept = np.flatnonzero(chosen[first:last] < self.kept) + first
            some = np.empty(len(kept))
            self.source.refine(self.rows, chosen[kept], *bounds, sums[chosen[kept]], floor, some)
            upper[kept] = some
            zero = np.zeros(1, np.int64)
            for k in np.flatnonzero(chosen[first:last] >= self.kept) + first:
                f = int(chosen[k])
                self.source.refine(
                    self._made(f, f + 1), zero, *bounds, sums[f : f + 1], floor, upper[k : k + 1]
                )

        self._bands(refine, len(chosen), _NS_REFINE)
        return upper

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

        splits = [split for band in self._bands(subsets, len(self.table), _NS_SUBSET) for split in band]
        # The first of equal scores: bands and chunks are in the order of the features.
        return max(splits, key=lambda split: split.score, default=None)
