"""What is told of a training: stage by stage, why it ended, and how good the result is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .._core.files import write_file
from .._core.images import Array
from .model import Cascade
from .pictures import Skipped


@dataclass(frozen=True)
class StageRecord:
    """One stage as it was trained."""

    stumps: int
    detection_rate: float
    """Share of the stage's positives that pass it."""
    false_alarm: float
    """Share of its negatives that pass it."""
    positives: int
    replaced: int
    """Positives that took the place of some that earlier stages reject."""
    negatives: int
    mined: int
    """Negatives that are new in this stage; the others were in earlier ones and still pass."""
    windows_scanned: int
    """Windows of the negatives that were looked at for this stage."""
    windows_passed: int
    """How many of them pass the stages before."""
    rungs: int
    """How far the ladder of views and sizes was climbed for them."""
    validation_detection: float | None
    """Of all validation positives, the share that passes the stages up to here."""
    validation_false_alarm: float | None
    """Of all validation windows, likewise."""
    seconds: float


@dataclass(frozen=True, eq=False)
class Training:
    """A trained cascade, and how it came about.

    Attributes
    ----------
    cascade : Cascade
        The result.
    stages : list of StageRecord
        One for each of its stages.
    reason : str
        Why no further stage was trained, in a sentence.
    roc : (N, 2) array of float64 or None
        Detection rate over false alarms per window on the validation part, as thresholds are raised and stages taken
        away: columns are the false-alarm rate, rising, and the detection rate. None without validation.
    mean : (height, width) array of uint8
        The mean of the positives.
    hardest : (N, height, width) array of uint8
        Negatives of the last stage with the most votes.
    hardest_from : list of dict
        The image of each, and the margin by which it passes the last stage, or fails where that is negative.
    facts : dict
        What went in: numbers of positives and negatives, what was left out and why, parameters, coverage.
    """

    cascade: Cascade
    stages: list[StageRecord]
    reason: str
    roc: Array | None
    mean: Array
    hardest: Array
    hardest_from: list[dict[str, Any]]
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the cascade and the pictures, as JSON can hold it."""
        return {
            "reason": self.reason,
            "stages": [asdict(stage) for stage in self.stages],
            "roc": None if self.roc is None else self.roc.tolist(),
            "hardest": self.hardest_from,
            **self.facts,
        }

    def save_record(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write `to_dict` as JSON, whole or not at all."""
        write_file(path, (json.dumps(self.to_dict(), indent=1) + "\n").encode(), overwrite=overwrite)


@dataclass(frozen=True)
class Progress:
    """Where a training stands, as its callback is told."""

    stage: int
    """The stage in hand, from 1."""
    stages: int
    phase: str
    """"mining" for negatives, "boosting", or "stage done"."""
    stumps: int
    detection_rate: float
    false_alarm: float
    """Of the stage in hand, on its training windows."""
    overall_false_alarm: float
    """Share of all negative windows that reach the stage in hand."""
    seconds: float
    seconds_left: float | None
    """An estimate: the stages that are left, each as long as the last; None before the first."""


def told_skipped(skipped: Skipped) -> list[dict[str, str]]:
    return [{"name": name, "cause": cause} for name, cause in skipped]
