"""How runs of networks stop, and how what they found is drawn."""

from __future__ import annotations

import csv
import signal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import make

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import Detections
from imgproc.cli.batch import Clock, Interruption, Job
from imgproc.cli.colors import UNKNOWN, class_color, class_colors
from imgproc.cli.drawing import draw_boxes, draw_labels, label_text
from imgproc.cli.neural_images import ImageJob
from imgproc.cli.neural_runs import Steps, Work, run_batches
from imgproc.cli.neural_segment import NONE, Labelled, _write
from imgproc.cli.outcomes import Outcome
from imgproc.io import Picture, read_image
from imgproc.neural import Detector
from imgproc.segmentation import PanopticSegments, Segment


class Run:
    """Images through a network that counts them."""

    def __init__(self, folder: Path, count: int, batch: int, bad: tuple[int, ...] = ()) -> None:
        self.jobs = [Job(make(folder / f"{number:02}.png", shape=(8, 8, 3)), None) for number in range(count)]
        for number in bad:
            self.jobs[number].source.write_bytes(b"no image")
        self.seen: list[int] = []
        self.written: list[Path] = []
        self.stop = Interruption()
        self.steps = Steps(
            Detector.from_preset(self.network, "boxes", size=8),
            lambda job: Outcome(job.source, None, "skipped"),
            lambda work, result: self.written.append(work.job.source),
            batch=batch,
        )

    def network(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        count = len(feeds["images"])
        self.seen.append(count)
        return {"boxes": np.zeros((count, 1, 4), np.float32), "scores": np.zeros((count, 1), np.float32)}

    def outcomes(self, workers: int = 2, fail_fast: bool = False) -> Any:
        return run_batches(
            self.jobs, None, steps=self.steps, workers=workers, fail_fast=fail_fast, stop=self.stop
        )


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_are_the_jobs_in_order(workers: int, tmp_path: Path) -> None:
    run = Run(tmp_path, 10, batch=4, bad=(5,))
    outcomes = list(run.outcomes(workers))
    assert [outcome.source for outcome in outcomes] == [job.source for job in run.jobs]
    assert [outcome.status for outcome in outcomes].count("failed") == 1 and outcomes[5].status == "failed"
    assert run.seen == [4, 3, 2]
    assert sorted(run.written) == [outcome.source for outcome in outcomes if outcome.status == "done"]
    assert all(
        {"read", "operations"} <= set(outcome.seconds) for outcome in outcomes if outcome.status == "done"
    )


def test_an_interruption_finishes_what_is_at_hand(tmp_path: Path) -> None:
    run = Run(tmp_path, 40, batch=2)
    told = []
    for outcome in run.outcomes():
        told.append(outcome)
        run.stop.signal = signal.SIGINT
    assert 2 <= len(told) <= 12  # of 40
    assert [outcome.source for outcome in told] == [job.source for job in run.jobs[: len(told)]]
    assert sorted(run.written) == [
        outcome.source for outcome in told
    ]  # nothing is written that is not told of


def test_fail_fast_tells_of_all_that_is_written(tmp_path: Path) -> None:
    run = Run(tmp_path, 40, batch=2, bad=(3,))
    told = list(run.outcomes(fail_fast=True))
    assert 4 <= len(told) <= 14
    assert [outcome.status for outcome in told].count("failed") == 1
    assert sorted(run.written) == sorted(outcome.source for outcome in told if outcome.status == "done")


def test_writing_that_fails_is_that_image_s_failure(tmp_path: Path) -> None:
    run = Run(tmp_path, 6, batch=3)

    def write(work: Any, result: Any) -> None:
        if work.job.source.name == "04.png":
            raise OSError(28, "No space left on device")

    steps = Steps(run.steps.pipeline, run.steps.begin, write, batch=3)
    outcomes = list(run_batches(run.jobs, None, steps=steps, workers=2, fail_fast=False, stop=run.stop))
    assert [outcome.error for outcome in outcomes] == [None] * 4 + ["no space left on device", None]


def test_tiled_images_go_one_by_one(tmp_path: Path) -> None:
    run = Run(tmp_path, 3, batch=2)
    seen = []

    def look(image: np.ndarray) -> Detections:
        seen.append(image.shape)
        return Detections.empty()

    steps = Steps(run.steps.pipeline, run.steps.begin, run.steps.write, batch=2, tiled=look)
    outcomes = list(run_batches(run.jobs, None, steps=steps, workers=2, fail_fast=False, stop=run.stop))
    assert [outcome.status for outcome in outcomes] == ["done"] * 3
    assert seen == [(8, 8, 3)] * 3 and not run.seen


# Pictures.


def test_masks_and_points_are_drawn_in_the_colour_of_their_class() -> None:
    image = np.full((400, 500, 3), 100, np.uint8)
    masks = np.zeros((2, 400, 500), bool)
    masks[0, 100:200, 100:200] = masks[1, 250:300, 300:450] = True
    boxes = np.array([[100, 100, 200, 200], [300, 250, 450, 300]], np.float32)
    points = np.array([[[150, 120, 1], [150, 180, 0]], [[400, 275, 1], [np.inf, 3, 0]]], np.float32)
    points[1, 1, 0] = 1e9
    found = Detections(boxes, labels=np.array([4, 9]), masks=masks, keypoints=points)
    drawn = draw_boxes(image, found, names={4: "cat"})
    for y, x, label in ((150, 150, 4), (275, 340, 9)):
        np.testing.assert_allclose(drawn[y, x], np.multiply(class_color(label), 0.45) + 55, atol=1)
    assert (drawn[120, 150] == class_color(4)).all() and (drawn[275, 400] == class_color(9)).all()
    assert (drawn[350, 50] == 100).all()
    np.testing.assert_allclose(drawn[180, 150], drawn[150, 150])  # a point that is not sure
    plain = draw_boxes(image, found)
    assert (plain[150, 150] == 100).all()  # one class: boxes alone


def test_names_as_pictures_show_them() -> None:
    names = {0: "cat", 1: "naïve café", 2: "猫", 3: "a name that is longer than a tag", 4: ""}
    told = [label_text(label, names) for label in (0, 1, 2, 3, 4, 5)]
    assert told == ["cat", "naive cafe", "2", "a name that is longer..", "4", "5"]


def test_colors_of_classes_are_light_and_apart() -> None:
    colors = np.array([class_color(label) for label in range(30)])
    assert (colors @ [0.299, 0.587, 0.114] > 90).all()  # dark letters can be read
    apart = np.abs(colors[:, None] - colors).max(axis=2) + 255 * np.eye(30, dtype=int)
    assert apart[:12, :12].min() > 25
    labels = np.array([[0, 3], [-1, 3]], np.int32)
    assert class_colors(labels).tolist() == [
        [list(class_color(0)), list(class_color(3))],
        [list(UNKNOWN), list(class_color(3))],
    ]
    assert class_colors(np.full((2, 2), -1)).tolist() == [[list(UNKNOWN)] * 2] * 2


def test_labels_over_a_picture_of_any_kind() -> None:
    labels = np.zeros((500, 420), np.int32)
    labels[:, 200:] = 1
    draw = partial(draw_labels, labels=labels)
    for image in (
        np.full((500, 420), 40, np.uint8),
        np.full((500, 420, 4), 40 * 257, np.uint16),
        np.full((500, 420, 3), 40 / 255, np.float32),
    ):
        drawn = draw(image)
        assert drawn.dtype == np.uint8 and drawn.shape == (500, 420, 3)
        np.testing.assert_allclose(drawn[100, 100], np.multiply(class_color(0), 0.45) + 22, atol=1.5)
        assert (drawn[:, 200] == (16, 24, 20)).all()
    small = draw_labels(np.zeros((3, 4), np.uint8), np.arange(12).reshape(3, 4))
    assert max(small.shape) >= 48


# Label images.


def written(
    tmp_path: Path, result: Any, names: dict[int, str]
) -> tuple[Any, list[dict[str, str]], np.ndarray]:
    """Outcome, table and label image of a result."""
    pixels = np.full((6, 8, 3), 50, np.uint8)
    outputs = tuple(tmp_path / name for name in ("overlay.png", "table.csv", "labels.png"))
    job = ImageJob(tmp_path / "a.png", outputs[-1], name="a.png", outputs=outputs, preview=32)
    outcome = Labelled(job.source, job.target, "skipped", shape=pixels.shape)
    work = Work(job, outcome, Picture(pixels), Clock(outcome.seconds))
    _write(work, result, names=names, quality=95, overwrite=False)
    with open(outputs[1], newline="", encoding="utf-8") as file:
        return outcome, list(csv.DictReader(file)), read_image(outputs[2]).pixels


def test_panoptic_segments_have_classes_and_scores(tmp_path: Path) -> None:
    ids = np.zeros((6, 8), np.int32)
    ids[:3], ids[3:, :4] = 1, 2
    ids[3:, 4:6] = 3
    segments = (
        Segment(1, 40, 24, False),
        Segment(2, 7, 12, True, score=0.875, index=0),
        Segment(3, 7, 6, True, score=0.5, index=1),
    )
    outcome, rows, labels = written(tmp_path, PanopticSegments(ids, segments), {7: "dog, brown"})
    assert [(r["label"], r["class"], r["name"], r["score"], r["area"], r["x2"]) for r in rows] == [
        ("1", "40", "", "", "24", "8"),
        ("2", "7", "dog, brown", "0.875", "12", "4"),
        ("3", "7", "dog, brown", "0.5", "6", "6"),
    ]
    np.testing.assert_array_equal(labels, np.where(ids == 0, NONE, ids))
    assert outcome.shares == {"40": 0.5, "dog, brown": 0.375}
    assert outcome.note == "40 50%, dog, brown 38%"


def test_labels_with_nothing_and_with_scores(tmp_path: Path) -> None:
    labels = np.full((6, 8), -1, np.int32)
    labels[0] = 3
    for number, result in enumerate((labels, (labels, np.ones((6, 8), np.float32)))):
        (tmp_path / str(number)).mkdir()
        outcome, rows, written_labels = written(tmp_path / str(number), result, {})
        assert [(row["label"], row["name"], row["area"]) for row in rows] == [("3", "", "8")]
        assert (written_labels[0] == 3).all() and (written_labels[1:] == NONE).all()
        assert outcome.shares == {"3": pytest.approx(1 / 6)}
    (tmp_path / "none").mkdir()
    outcome, rows, written_labels = written(tmp_path / "none", np.full((6, 8), -1, np.int32), {})
    assert not rows and not outcome.shares and (written_labels == NONE).all()


def test_what_is_no_map_of_labels(tmp_path: Path) -> None:
    for wrong, sentence in (
        (np.ones((3, 6, 8), bool), "the preset must give a map of labels"),
        (np.ones((6, 8), np.float32), "the preset must give a map of labels"),
        (np.full((6, 8), NONE, np.int32), "holds numbers below 65535, got 65535"),
    ):
        with pytest.raises((TypeError, ValueError), match=sentence):
            written(tmp_path, wrong, {})
