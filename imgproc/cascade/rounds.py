"""Rounds of AdaBoost: the best stump, its votes, new weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._core.images import Array
from .stumps import Split, StumpSearch

_UNIT = 2.0**48
"""Of the integers that weights are summed as: sums are exact, in any order, and fit float64."""

_PURE = 2.0**-40
"""The weighted error that a stump without errors is taken to have."""


@dataclass(frozen=True)
class Stump:
    """One weak classifier: a feature, what goes left, and the votes.

    Attributes
    ----------
    feature : int
        Its number in the feature set.
    threshold : float32 or None
        Haar values below it go left.
    subset : (8,) array of uint32 or None
        LBP codes go left whose bit is set.
    left, right : float32
        Votes for an object.
    error : float
        The weighted error of the sign of the votes, on the weights before the round.
    """

    feature: int
    threshold: np.float32 | None
    subset: Array | None
    left: np.float32
    right: np.float32
    error: float

    def goes_left(self, values: Array) -> Array:
        """Which values of the feature, float32 or uint8 codes, go left."""
        if self.subset is None:
            return np.asarray(values < self.threshold)
        return np.asarray((self.subset[values >> 5] >> (values & 31) & 1) != 0)


class Rounds:
    """AdaBoost on samples in places; see `StageBooster`.

    With ``gini`` splits are rated by Gini impurity, else by weighted error; with ``gentle`` votes and weights are those
    of Gentle AdaBoost.
    """

    def __init__(
        self,
        search: StumpSearch,
        place: Array,
        is_object: Array,
        weights: Array,
        *,
        gini: bool,
        gentle: bool,
    ) -> None:
        self.search, self.place, self.is_object = search, place, is_object
        self.gini, self.gentle = gini, gentle
        self.weights = weights
        self.votes = np.zeros(len(is_object))

    def next_stump(self) -> Stump | None:
        """One round; None where no stump beats chance."""
        whole = np.rint(self.weights * _UNIT).astype(np.int64)
        placed = np.zeros(self.search.places, np.int64)
        placed[self.place] = whole
        objects, total = int(whole[self.is_object].sum()), int(whole.sum())
        split = self.search.best(placed, objects, self.gini)
        stump = None if split is None else self._stump(split, objects, total - objects)
        if split is None or stump is None:
            return None
        left = stump.goes_left(self.search.values(split.feature)[self.place])
        self.votes += np.where(left, np.float64(stump.left), np.float64(stump.right))
        self._reweigh(split, stump, left, objects, total - objects)
        return stump

    def _stump(self, split: Split, objects: int, others: int) -> Stump | None:
        """The split with the votes of its sides."""
        sides = ((split.objects, split.others), (objects - split.objects, others - split.others))
        if self.gentle:
            votes = [(a - b) / (a + b) for a, b in sides]
        elif self.gini:
            votes = [1.0 if a > b else -1.0 for a, b in sides]
        else:
            towards = sides[0][0] + sides[1][1] > sides[0][1] + sides[1][0]
            votes = [1.0, -1.0] if towards else [-1.0, 1.0]
        wrong = sum(b if vote > 0 else a for (a, b), vote in zip(sides, votes, strict=True))
        if 2 * wrong >= objects + others:
            return None
        error = wrong / (objects + others)
        if not self.gentle:
            least = max(error, _PURE)
            votes = [vote * math.log((1 - least) / least) for vote in votes]
        threshold = split.threshold if split.subset is None else None
        left, right = (np.float32(vote) for vote in votes)
        return Stump(split.feature, threshold, split.subset, left, right, error)

    def _reweigh(self, split: Split, stump: Stump, left: Array, objects: int, others: int) -> None:
        """New weights: a factor for the objects and the others of each side, from sums that are exact."""
        masses = (split.objects, split.others, objects - split.objects, others - split.others)
        votes = [sign * float(vote) for vote in (stump.left, stump.right) for sign in (1, -1)]
        if self.gentle:
            factors = [math.exp(-vote) for vote in votes]
        elif stump.error:
            factors = [(1 - stump.error) / stump.error if vote < 0 else 1.0 for vote in votes]
        else:
            return
        after = math.fsum(mass * factor for mass, factor in zip(masses, factors, strict=True))
        which = np.where(left, 0, 2) + np.where(self.is_object, 0, 1)
        self.weights = (
            self.weights * np.array([factor * ((objects + others) / after) for factor in factors])[which]
        )
