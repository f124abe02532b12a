"""How a growing cascade does on windows it is not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.images import Array
from .boosting import Samples
from .growing import GrownStage
from .haar import FeatureSet
from .model import Cascade
from .negatives import KEY, Miner

WINDOWS = 5000
"""Negative windows that a stage is judged by: those that pass the stages before, or as many of them."""

LEAST_POSITIVES, LEAST_WINDOWS = 30, 50
"""Below these a stage is not judged."""

_POINTS = 200
"""Of the ROC, for each stage."""


class Validation:
    """Positives and images held back, and what each stage makes of them."""

    def __init__(self, features: FeatureSet, windows: Array, flat: Array, miner: Miner) -> None:
        self.features = features
        self.windows = windows
        self.miner = miner
        self.alive = np.flatnonzero(~flat)
        """Positives that pass all stages so far."""
        self.kept = np.empty(0, KEY)
        """Negative windows that were looked at and still pass."""
        self.entering: list[float] = []
        """Share of all negative windows that reach each stage."""
        self.positive_votes: list[Array] = []
        self.negative_votes: list[Array] = []

    def judge(
        self, before: Cascade, stages: Sequence[GrownStage], stage: GrownStage
    ) -> tuple[float, float | None]:
        """The shares of all positives and of all negative windows that pass with one more stage."""

        def still(windows: Array) -> Array:
            return stages[-1].votes(self.features, Samples(windows)) >= stages[-1].limit

        keys, windows, searched = self.miner.mine(before, WINDOWS - len(self.kept), self.kept, still)
        if len(self.kept):
            keys = np.concatenate([self.kept, keys])
            windows = np.concatenate([self.miner.cut(self.kept), windows])
        self.entering.append(searched.passed / searched.scanned if searched.scanned else 0.0)
        positive = (
            stage.votes(self.features, Samples(self.windows[self.alive])) if len(self.alive) else np.zeros(0)
        )
        negative = stage.votes(self.features, Samples(windows)) if len(windows) else np.zeros(0)
        self.positive_votes.append(positive)
        self.negative_votes.append(negative)
        self.alive = self.alive[positive >= stage.limit]
        self.kept = keys[negative >= stage.limit]
        detection = len(self.alive) / len(self.windows)
        if not searched.scanned:
            return detection, None
        return detection, self._rate(len(self.entering) - 1, float(stage.limit))

    def improved(self, limit: np.float32) -> bool | None:
        """Whether the newest stage did better than a higher threshold of the one before it would have, at the same
        detection rate; None where there is too little to tell by."""
        stage = len(self.entering) - 1
        if stage < 1:
            return None
        before, remaining = self.positive_votes[-2], len(self.alive)
        if len(self.windows) < LEAST_POSITIVES or len(self.negative_votes[-1]) < LEAST_WINDOWS:
            return None
        if not remaining:
            return False
        raised = float(np.sort(before)[len(before) - remaining])
        return self._rate(stage, float(limit)) < self._rate(stage - 1, raised)

    def roc(self, limits: Sequence[float]) -> Array:
        """False-alarm and detection rates as the last stage's threshold is raised, then lowered, then the stage taken
        away, and so on with the one before it."""
        points = []
        for stage in range(len(limits) - 1, -1, -1):
            votes = np.unique(self.positive_votes[stage])
            if stage < len(limits) - 1:
                votes = votes[votes < limits[stage]]
            for vote in votes[:: -max(1, len(votes) // _POINTS)].tolist():
                found = int((self.positive_votes[stage] >= vote).sum())
                points.append((self._rate(stage, vote), found / len(self.windows)))
        table = np.array([(0.0, 0.0), *points])
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        table[:, 1] = np.maximum.accumulate(table[:, 1])
        return table

    def state(self) -> dict[str, Any]:
        """All that a checkpoint must hold."""
        votes = {
            f"{name}_{stage}": array
            for name, arrays in (("positive", self.positive_votes), ("negative", self.negative_votes))
            for stage, array in enumerate(arrays)
        }
        return {"alive": self.alive, "kept": self.kept, "entering": np.array(self.entering), **votes}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        self.alive, self.kept, self.entering = state["alive"], state["kept"], state["entering"].tolist()
        count = range(len(self.entering))
        self.positive_votes = [state[f"positive_{stage}"] for stage in count]
        self.negative_votes = [state[f"negative_{stage}"] for stage in count]

    def drop(self, count: int) -> None:
        """Forget the newest stages, for the ROC of those that stay."""
        for entries in (self.entering, self.positive_votes, self.negative_votes):
            del entries[len(entries) - count :]

    def _rate(self, stage: int, vote: float) -> float:
        votes = self.negative_votes[stage]
        return self.entering[stage] * float((votes >= vote).mean()) if len(votes) else 0.0
