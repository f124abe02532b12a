"""Trainings that are interrupted: what a checkpoint holds, when it is refused, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_sets import OPTIONS, objects, scenes

import imgproc
from imgproc.cascade import Progress, Training, train_cascade
from imgproc.cascade.checkpoints import FILE
from imgproc.cascade.opencv_xml import cascade_text

OFTEN = OPTIONS | {
    "validation": 0.25,
    "copies": 1,
    "min_detection_rate": 0.97,
    "stages": 4,
    "max_false_alarm": 0.5,
}
POSITIVES, NEGATIVES = objects(120), [*scenes(8), np.zeros((5, 5), np.uint8)]


def train(**options: Any) -> Training:
    return train_cascade(POSITIVES, NEGATIVES, **OFTEN | options)


def stop_in(stage: int) -> Any:
    def progress(one: Progress) -> None:
        if one.stage == stage and one.phase == "boosting":
            raise KeyboardInterrupt

    return progress


def same(one: Training, other: Training) -> bool:
    records = [[{**stage.__dict__, "seconds": 0} for stage in each.stages] for each in (one, other)]
    assert one.roc is not None and other.roc is not None
    return (
        cascade_text(one.cascade) == cascade_text(other.cascade)
        and records[0] == records[1]
        and one.reason == other.reason
        and np.array_equal(one.roc, other.roc)
        and np.array_equal(one.hardest, other.hardest)
        and {**one.facts, "parameters": 0} == {**other.facts, "parameters": 0}
    )


@pytest.fixture(scope="module")
def unbroken() -> Training:
    return train()


@pytest.mark.parametrize("stage", [1, 2, 4])
def test_a_training_goes_on_where_it_was_interrupted(unbroken: Training, tmp_path: Path, stage: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=tmp_path / "state", progress=stop_in(stage))
    assert (tmp_path / "state" / FILE).exists() == (stage > 1)
    begun: list[int] = []
    again = train(checkpoint=tmp_path / "state", progress=lambda one: begun.append(one.stage), n_jobs=2)
    assert same(again, unbroken)
    assert begun[0] == stage
    # What is finished is not trained again, and more stages may be added.
    assert same(train(checkpoint=tmp_path / "state", progress=stop_in(1)), unbroken)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=tmp_path / "state", progress=stop_in(5), stages=5)


_CHILD = """
import sys
import numpy as np
from training_sets import *
from imgproc.cascade import train_cascade
def progress(one):
    print(one.stage, one.phase, flush=True)
negatives = [*scenes(8), np.zeros((5, 5), np.uint8)]
train_cascade(objects(120), negatives, **{options!r}, checkpoint=sys.argv[1], progress=progress)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_a_killed_training_leaves_a_whole_checkpoint(unbroken: Training, tmp_path: Path) -> None:
    paths = [str(Path(__file__).parent), str(Path(imgproc.__file__).parents[1])]
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD.format(options=OFTEN), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])},
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line == "3 boosting\n":
            child.kill()
            break
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    begun: list[int] = []
    assert same(train(checkpoint=tmp_path, progress=lambda one: begun.append(one.stage)), unbroken)
    assert begun[0] == 3


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_false_alarm": 0.45}, "max_false_alarm 0.5, now 0.45"),
        ({"features": "lbp"}, "features 'haar', now 'lbp'"),
        ({"seed": 3}, "seed 0, now 3"),
        ({"copies": 2}, "copies 1, now 2"),
    ],
)
def test_a_checkpoint_of_other_parameters_is_refused(
    tmp_path: Path, options: dict[str, Any], name: str
) -> None:
    train(stages=1, checkpoint=tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ValueError, match=r"^train_cascade: checkpoint must be") as caught:
        train(checkpoint=tmp_path, **options)
    assert name in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    train(stages=1, checkpoint=tmp_path)
    for positives, negatives in ((objects(120, seed=1), NEGATIVES), (POSITIVES, scenes(8, seed=1))):
        with pytest.raises(ValueError, match=r"^train_cascade: checkpoint must be .* with data '"):
            train_cascade(positives, negatives, **OFTEN, checkpoint=tmp_path)


def test_damaged_checkpoints_are_told(tmp_path: Path) -> None:
    train(stages=1, checkpoint=tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    for data in (b"", b"nonsense", whole[: len(whole) // 2], whole[:-30]):
        (tmp_path / FILE).write_bytes(data)
        with pytest.raises(ValueError, match=r"^train_cascade: checkpoint must be .*, which is damaged"):
            train(checkpoint=tmp_path)
    np.savez(tmp_path / FILE, json=np.array([{"any": "object"}], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        train(checkpoint=tmp_path)


def test_a_full_disk_leaves_the_checkpoint_before(
    unbroken: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(stages=2, checkpoint=tmp_path)
    before = (tmp_path / FILE).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("imgproc._core.files.os.replace", full)
        with pytest.raises(OSError, match="No space left"):
            train(checkpoint=tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert same(train(checkpoint=tmp_path), unbroken)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(ValueError, match=r"^train_cascade: checkpoint must be a folder, got '.*', a file$"):
        train(checkpoint=tmp_path / "a")
    with pytest.raises(TypeError, match=r"^train_cascade: checkpoint must be None or a folder"):
        train(checkpoint=1)
