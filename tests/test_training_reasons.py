"""Why trainings end, and what is judged on the part held back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_sets import OPTIONS, objects, scenes

from imgproc.cascade import Training, train_cascade
from imgproc.cascade.detection import find_windows
from imgproc.cascade.negatives import LADDER
from imgproc.cascade.validation import Validation

POSITIVES, NEGATIVES = objects(200), scenes(12)


def train(positives: Any = POSITIVES, negatives: Any = NEGATIVES, **options: Any) -> Training:
    return train_cascade(positives, negatives, **OPTIONS | options)


def test_no_negatives_left() -> None:
    trained = train(negatives=scenes(1), stages=40, n_negatives=400)
    assert trained.cascade.stages < 40
    last = trained.stages[-1]
    assert trained.reason.startswith("no negatives left: the cascade passes ")
    assert trained.reason.endswith(" windows of the negatives at all sizes, views and steps")
    passed = int(trained.reason.split(" passes ")[1].split(" of ")[0].replace(",", ""))
    assert passed < 20 <= last.negatives < 400
    assert trained.facts["coverage"]["searched"] == [rung.name for rung in LADDER]
    # Stages with fewer negatives than asked for still have each one once.
    assert sum(stage.mined for stage in trained.stages) == trained.facts["coverage"]["windows_used"]


def test_target_reached() -> None:
    trained = train(stages=20, target_false_alarm=0.05)
    assert 1 <= trained.cascade.stages < 20
    assert trained.reason.startswith("target reached: the cascade passes ")
    words = trained.reason.replace(",", "").split()
    passed, scanned = int(words[5]), int(words[7])
    assert 0 < passed / scanned <= 0.05
    assert all(stage.windows_passed / stage.windows_scanned > 0.05 for stage in trained.stages)


def test_stumps_limit(rng: np.random.Generator) -> None:
    """Noise that cannot be told from noise; the one stage that there is stays."""
    noise = rng.integers(0, 256, (200, 12, 12)).astype(np.uint8)
    scene = rng.integers(0, 256, (4, 60, 60)).astype(np.uint8)
    options = {"max_stumps": 2, "max_false_alarm": 0.1, "min_detection_rate": 1.0}
    trained = train(noise, scene, **options)
    assert trained.cascade.stages == 1
    assert trained.reason.startswith("stumps limit: stage 1 still passes ")
    assert trained.reason.endswith(" of its negatives after 2 stumps")


def test_windows_that_no_feature_tells_apart() -> None:
    """Every window of a ramp is the same for features that are balanced."""
    ramp = (np.arange(60) * 4 + np.zeros((12, 1))).astype(np.uint8)
    with pytest.raises(
        ValueError, match=r"^train_cascade: positives must be other than the negatives, got windows"
    ):
        train(np.stack([ramp[:, :12]] * 30), [ramp], n_negatives=20)


def test_validation_no_longer_improves(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, True, False, True, False, False])
    monkeypatch.setattr(Validation, "improved", lambda *_: next(answers))
    trained = train(stages=9, validation=0.2, n_negatives=80, max_false_alarm=0.6)
    assert trained.reason == (
        "validation no longer improves: 2 more stages did no better there than a higher threshold, and are left out"
    )
    assert trained.cascade.stages == len(trained.stages) == 4
    assert trained.roc is not None


def test_too_much_learned_by_heart_is_noticed(rng: np.random.Generator) -> None:
    """Positives without anything in common: later stages only learn their noise."""
    noise = rng.integers(0, 256, (200, 12, 12)).astype(np.uint8)
    scene = rng.integers(0, 256, (8, 60, 60)).astype(np.uint8)
    trained = train(noise, scene, stages=8, validation=0.25, max_false_alarm=0.3, min_detection_rate=0.9)
    assert trained.reason.startswith("validation no longer improves")
    assert trained.cascade.stages < 6


@pytest.fixture(scope="module")
def judged() -> Training:
    return train(validation=(objects(80, seed=5), scenes(6, seed=5)))


def test_validation_is_what_the_cascade_does_there(judged: Training) -> None:
    held = objects(80, seed=5)
    found = [len(find_windows(judged.cascade, window, [np.float32(1)])) for window in held]
    assert judged.stages[-1].validation_detection == np.mean(found) > 0.8
    rates = [stage.validation_false_alarm for stage in judged.stages]
    assert all(rate is not None and 0 < rate < 1 for rate in rates)
    assert (np.diff(np.array(rates, float)) < 0).all()
    assert judged.facts["negatives"] == {"trained_on": 12, "held_back": 6, "too_small": 0, "skipped": []}
    assert judged.facts["parameters"]["validation"] == "given"


def test_the_roc_rises_through_the_operating_point(judged: Training) -> None:
    roc = judged.roc
    assert roc is not None
    assert (np.diff(roc, axis=0) >= 0).all()
    assert tuple(roc[0]) == (0, 0) and roc[-1, 1] >= 0.99
    last = judged.stages[-1]
    assert last.validation_false_alarm is not None
    at = np.searchsorted(roc[:, 0], last.validation_false_alarm, "right") - 1
    assert roc[at, 1] == pytest.approx(last.validation_detection, abs=0.02)
    assert judged.to_dict()["roc"] == roc.tolist()
