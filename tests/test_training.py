"""Training: targets hold, threads and memory change nothing, and what passes in training passes in the detector."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_sets import OPTIONS, WINDOW, objects, scenes

from imgproc.cascade import Cascade, Progress, Samples, Training, train_cascade
from imgproc.cascade.detection import find_windows
from imgproc.cascade.growing import lowered_threshold
from imgproc.cascade.model import STAGE_ALLOWANCE
from imgproc.cascade.opencv_xml import cascade_text

POSITIVES, NEGATIVES = objects(150), scenes(8)


def train(**options: Any) -> Training:
    return train_cascade(POSITIVES, NEGATIVES, **OPTIONS | options)


def found_alone(cascade: Cascade, windows: np.ndarray) -> np.ndarray:
    """Which windows the detector finds where each is an image of its own."""
    return np.array([len(find_windows(cascade, window, [np.float32(1)])) for window in windows]) == 1


@pytest.fixture(scope="module")
def trained() -> Training:
    return train()


def test_each_stage_reaches_its_targets(trained: Training) -> None:
    assert trained.reason == "all 3 stages are trained"
    assert trained.cascade.stages == len(trained.stages) == 3
    assert trained.cascade.window == WINDOW
    for stage in trained.stages:
        assert stage.detection_rate >= 0.99 and stage.false_alarm <= 0.4
        assert stage.negatives == 150
    # 1 % of 150 at most at each stage.
    assert trained.stages[0].positives == 150
    first, second, third = trained.stages
    assert (first.mined, first.windows_scanned) == (150, first.windows_passed)
    for before, after in pairwise(trained.stages):
        assert after.mined == round(150 * (1 - before.false_alarm))
        assert after.positives == round(before.positives * before.detection_rate) >= before.positives - 1
    share = [stage.windows_passed / stage.windows_scanned for stage in (second, third)]
    assert 0 < share[1] < share[0] < 1


@pytest.mark.parametrize("features", ["haar", "haar+tilted", "lbp"])
def test_training_and_the_detector_agree_on_every_positive(features: str) -> None:
    trained = train(features=features, stages=2)
    found = found_alone(trained.cascade, POSITIVES)
    first, second = trained.stages
    kept = round(second.positives * second.detection_rate)
    assert found.sum() == kept
    assert found.mean() >= 0.99**2
    assert first.positives == 150
    margins = np.array([one["margin"] for one in trained.hardest_from])
    assert len(margins) == 24 and (np.diff(margins) <= 0).all()
    np.testing.assert_array_equal(found_alone(trained.cascade, trained.hardest), margins >= 0)


def test_the_object_is_found_in_a_scene(trained: Training) -> None:
    for shown, thing in zip(scenes(3, seed=7), POSITIVES, strict=False):
        shown[10:34, 20:44] = np.repeat(np.repeat(thing, 2, axis=0), 2, axis=1)
        boxes = trained.cascade.detect(shown, min_neighbors=0).boxes
        assert np.abs(boxes - [20, 10, 44, 34]).max(axis=1).min() <= 4


@pytest.mark.parametrize(
    "options",
    [{"n_jobs": 1}, {"n_jobs": 3}, {"memory": 64 * 2**20}],
    ids=["one thread", "three threads", "little memory"],
)
def test_threads_and_memory_change_nothing(trained: Training, options: dict[str, Any]) -> None:
    other = train(**options)
    assert cascade_text(other.cascade) == cascade_text(trained.cascade)
    without = [{**stage.__dict__, "seconds": 0} for stage in other.stages]
    assert without == [{**stage.__dict__, "seconds": 0} for stage in trained.stages]


def test_another_seed_is_another_cascade(trained: Training) -> None:
    assert cascade_text(train(seed=1).cascade) != cascade_text(trained.cascade)


def test_the_file_detects_the_same(trained: Training, tmp_path: Path) -> None:
    trained.cascade.save(tmp_path / "a.xml")
    again = Cascade.load(tmp_path / "a.xml")
    assert cascade_text(again) == cascade_text(trained.cascade)
    shown = scenes(1, seed=7)[0]
    assert again.detect(shown, min_neighbors=0) == trained.cascade.detect(shown, min_neighbors=0)


def test_the_record_is_json_and_whole(trained: Training, tmp_path: Path) -> None:
    trained.save_record(tmp_path / "a.json")
    facts = json.loads((tmp_path / "a.json").read_text())
    assert facts["reason"] == trained.reason
    assert facts["stages"][1]["stumps"] == trained.stages[1].stumps
    assert facts["positives"] == {
        "trained_on": 150,
        "held_back": 0,
        "windows": 150,
        "too_flat": 0,
        "skipped": [],
    }
    assert facts["negatives"] == {"trained_on": 8, "held_back": 0, "too_small": 0, "skipped": []}
    coverage = facts["coverage"]
    assert coverage["windows_used"] == sum(stage.mined for stage in trained.stages)
    assert coverage["searched"][0] == "as the detector looks at them"
    assert coverage["share_used"] == coverage["windows_used"] / coverage["windows_scanned"]
    with pytest.raises(FileExistsError):
        trained.save_record(tmp_path / "a.json")
    np.testing.assert_array_equal(trained.mean, np.rint(POSITIVES.mean(axis=0)))


def test_rejected_positives_are_replaced_by_copies() -> None:
    options = {"copies": 2, "mirror": True, "min_detection_rate": 0.9, "n_positives": 150}
    trained = train(**options)
    assert [stage.positives for stage in trained.stages] == [150, 150, 150]
    assert [stage.replaced for stage in trained.stages] == [
        0,
        *(150 - round(150 * stage.detection_rate) for stage in trained.stages[:-1]),
    ]
    assert train(mirror=True, stages=1).stages[0].positives == 300


def test_progress_is_told_and_may_stop() -> None:
    told: list[Progress] = []
    train(stages=2, progress=told.append)
    phases = [one.phase for one in told]
    assert phases.count("stage done") == 2 and phases[0] == "mining"
    assert {one.stage for one in told} == {1, 2} and {one.stages for one in told} == {2}
    boosted = [one for one in told if one.phase == "boosting"]
    assert boosted[0].stumps == 1 and boosted[-1].false_alarm <= 0.4
    assert told[0].seconds_left is None and told[-1].seconds_left == 0

    def stop(one: Progress) -> None:
        if one.phase == "boosting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(progress=stop)


@pytest.mark.parametrize("rate", [1.0, 0.995, 0.9, 0.5, 0.01])
def test_thresholds_are_the_highest_that_hold_the_rate(rate: float, rng: np.random.Generator) -> None:
    votes = rng.normal(size=200).astype(np.float32).astype(np.float64)
    for scale in (1e-3, 1.0, 1e4):
        limit = lowered_threshold(votes * scale, rate) - STAGE_ALLOWANCE
        assert (votes * scale >= limit).mean() >= rate
        above = np.sort(votes * scale)[int(np.floor(200 * (1 - rate) + 1e-9)) + 1 :]
        assert (above > limit).all()


def test_flat_positives_are_told_and_left_out() -> None:
    flat = np.full((3, *WINDOW), 90, np.uint8)
    trained = train_cascade(np.concatenate([POSITIVES, flat]), NEGATIVES, **OPTIONS | {"stages": 1})
    assert trained.facts["positives"]["too_flat"] == 3
    assert trained.stages[0].positives == 150
    assert not Samples(POSITIVES).flat.any()
    with pytest.raises(ValueError, match=r"^train_cascade: positives must be windows of more contrast"):
        train_cascade(flat, NEGATIVES, **OPTIONS)
    # Local binary patterns have no such rule.
    both = np.concatenate([POSITIVES, flat])
    assert (
        train_cascade(both, NEGATIVES, **OPTIONS | {"features": "lbp", "stages": 1}).stages[0].positives
        == 153
    )
