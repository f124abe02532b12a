"""What a cascade is trained on, and what is held back to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .checkpoints import FUNCTION
from .pictures import Pictures, open_pictures
from .positives import Positives, Variety, collect_positives

VALIDATION = Range(above=0, high=0.5)

FEW = 20
"""Fewer positives held back say nothing."""


@dataclass(frozen=True)
class TrainingData:
    """What is trained on, and what is held back."""

    found: Positives
    rows: Array
    """Positives to train on."""
    pictures: Pictures
    images: Array
    """Negatives to train on."""
    judged: Array
    """Windows of the positives held back."""
    judge_pictures: Pictures
    judge_images: Array
    notes: list[str]

    @property
    def windows(self) -> Array:
        chosen = self.found.windows[:, self.rows]
        return chosen.reshape(-1, *chosen.shape[2:])

    @property
    def fingerprint(self) -> str:
        """Of everything that went in."""
        digest = sha256()
        for array in (self.rows, self.images, self.judged, self.judge_images):
            digest.update(array.tobytes())
        for text in (self.found.fingerprint, self.pictures.fingerprint, self.judge_pictures.fingerprint):
            digest.update(text.encode())
        return digest.hexdigest()


def collect_data(
    positives: Any,
    negatives: Any,
    images: Any,
    groups: Any,
    validation: Any,
    window: tuple[int, int],
    variety: Variety,
    budget: int,
) -> TrainingData:
    given, share = _checked_validation(validation)
    pictures = open_pictures(FUNCTION, "negatives", negatives, budget)
    found = collect_positives(
        positives, "positives", images=images, groups=groups, window=window, variety=variety, budget=budget
    )
    rng = np.random.default_rng(variety.seed)
    rows, judge_rows = _parted(found.groups, share, rng)
    empty, judge_images = _parted(np.arange(len(pictures)), share, rng)
    notes = [*found.notes]
    if share and (len(judge_rows) < FEW or not len(judge_images)):
        notes.append(
            f"too few positives or negatives to hold a share of {share:g} back: there is no validation"
        )
        rows, empty = np.arange(len(found)), np.arange(len(pictures))
        judge_rows = judge_images = np.empty(0, np.int64)
    judged, judge_pictures = found.windows[0][judge_rows], pictures
    if given is not None:
        theirs = collect_positives(
            given[0],
            "validation[0]",
            images=None,
            groups=None,
            window=window,
            variety=Variety(),
            budget=budget,
        )
        judged, judge_pictures = theirs.windows[0], open_pictures(FUNCTION, "validation[1]", given[1], budget)
        judge_images = np.arange(len(judge_pictures))
    return TrainingData(found, rows, pictures, empty, judged, judge_pictures, judge_images, notes)


def _checked_validation(validation: Any) -> tuple[tuple[Any, Any] | None, float]:
    """Positives and negatives to judge by, or the share of those given that is held back."""
    must = f"None, {VALIDATION} (a share to hold back) or a pair of positives and negatives"
    if validation is None:
        return None, 0.0
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise wrong_value(FUNCTION, "validation", must, Got(f"{len(validation)} members"))
        return (validation[0], validation[1]), 0.0
    try:
        return None, VALIDATION.check(FUNCTION, "validation", validation)
    except TypeError:
        raise wrong_type(FUNCTION, "validation", must, validation) from None
    except ValueError:
        raise wrong_value(FUNCTION, "validation", must, validation) from None


def _parted(groups: Array, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Rows to train on and rows to hold back, no group in both."""
    every = rng.permutation(np.unique(groups))
    back = np.isin(groups, every[: round(share * len(every))])
    return np.flatnonzero(~back), np.flatnonzero(back)
