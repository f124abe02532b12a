"""A cascade that grows: its stages of stumps while it is trained, in the arithmetic in which it detects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._core.images import Array
from .boosting import Samples
from .haar import FeatureSet
from .model import STAGE_ALLOWANCE, Cascade
from .rounds import Stump

_BLOCK = 8192
"""Windows judged at a time."""


@dataclass(frozen=True, eq=False)
class GrownStage:
    """Stumps over features of a set, and the sum of votes from which a window passes."""

    features: Array
    """(T,) int32, rows of the set."""
    thresholds: Array
    """(T,) float32; empty for LBP."""
    subsets: Array
    """(T, 8) uint32; empty for Haar."""
    leaves: Array
    """(T, 2) float32: left, right."""
    threshold: np.float32

    @staticmethod
    def of(stumps: Sequence[Stump], threshold: np.float32, lbp: bool) -> GrownStage:
        return GrownStage(
            np.array([stump.feature for stump in stumps], np.int32),
            np.array([] if lbp else [stump.threshold for stump in stumps], np.float32),
            np.array([stump.subset for stump in stumps] if lbp else np.empty((0, 8)), np.uint32),
            np.array([(stump.left, stump.right) for stump in stumps], np.float32),
            threshold,
        )

    @property
    def limit(self) -> np.float32:
        """What a sum of votes must reach: the threshold less the detector's allowance."""
        return np.float32(self.threshold - STAGE_ALLOWANCE)

    def votes(self, features: FeatureSet, samples: Samples) -> Array:
        """The float64 sums of votes of samples, as the detector's."""
        values = samples.values(features, self.features)
        total = np.zeros(len(samples))
        for row, (left, right) in enumerate(self.leaves.astype(np.float64)):
            if len(self.subsets):
                goes_left = (self.subsets[row][values[row] >> 5] >> (values[row] & 31) & 1) != 0
            else:
                goes_left = values[row] < self.thresholds[row]
            total += np.where(goes_left, left, right)
        return total


def lowered_threshold(votes: Array, rate: float) -> np.float32:
    """The highest threshold that at least the share ``rate`` of some votes passes."""
    rejected = int(np.floor((1 - rate) * len(votes) + 1e-9))
    least = np.sort(votes)[rejected]
    threshold = np.float32(least)
    while np.float32(threshold - STAGE_ALLOWANCE) > least:  # rounded up by more than the allowance
        threshold = np.nextafter(threshold, np.float32(-np.inf))
    return threshold


def grown_cascade(features: FeatureSet, stages: Sequence[GrownStage]) -> Cascade:
    """The stages as a cascade, of only those features that they use."""
    every = np.concatenate([stage.features for stage in stages])
    used, node_feature = np.unique(every, return_inverse=True)
    lbp = features.kind == "lbp"
    count = len(every)
    return Cascade(
        features=features.kind,
        window=features.window,
        boxes=features.boxes[used],
        weights=features.weights if lbp else features.weights[used],
        tilted=features.tilted if lbp else features.tilted[used],
        node_feature=node_feature,
        node_left=np.zeros(count, np.int32),
        node_right=np.full(count, -1, np.int32),
        node_thresholds=np.concatenate([stage.thresholds for stage in stages]),
        subsets=np.concatenate([stage.subsets for stage in stages]),
        leaves=np.concatenate([stage.leaves for stage in stages]).reshape(-1),
        first_node=np.arange(count + 1),
        first_tree=np.cumsum([0, *(len(stage.features) for stage in stages)]),
        thresholds=np.array([stage.threshold for stage in stages], np.float32),
        source="train_cascade",
    )


def open_cascade(features: FeatureSet) -> Cascade:
    """A cascade through which every window passes that the detector looks at."""
    lbp = features.kind == "lbp"
    stage = GrownStage(
        np.zeros(1, np.int32),
        np.zeros(0 if lbp else 1, np.float32),
        np.zeros((1 if lbp else 0, 8), np.uint32),
        np.zeros((1, 2), np.float32),
        np.float32(-1),
    )
    return grown_cascade(features, [stage])


def flat_windows(features: FeatureSet, windows: Array) -> Array:
    """Which windows the detector passes over because they are too flat; none for LBP."""
    return np.zeros(len(windows), bool) if features.kind == "lbp" else Samples(windows).flat


def passing(features: FeatureSet, stages: Sequence[GrownStage], windows: Array) -> Array:
    """Which of some windows pass all stages; flat ones are not asked for."""
    every = np.zeros(len(windows), bool)
    for start in range(0, len(windows), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(windows)))
        for stage in stages:
            if not len(rows):
                break
            rows = rows[stage.votes(features, Samples(windows[rows])) >= stage.limit]
        every[rows] = True
    return every
