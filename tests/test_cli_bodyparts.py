"""``imgproc bodyparts``: the way from rendered bodies to a forest, its results and its scores; refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imgproc.bodyparts import FOUND_JOINTS, DepthForest
from imgproc.io import Picture, read_image, write_image

Run = Callable[..., int]
TRAIN = ("--trees", "1", "--depth", "8", "--features", "40", "--pixels", "100")


@pytest.fixture
def trained(run: Run) -> Run:
    assert run("bodyparts", "render", "-o", "train", "--count", "8", "--size", "80x60", "-q") == 0
    assert run("bodyparts", "train", "train", "-o", "m.forest", *TRAIN, "-q") == 0
    return run


def test_from_bodies_to_scores(trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    names = sorted(path.name for path in Path("train/depth").iterdir())
    assert names == sorted(path.name for path in Path("train/labels").iterdir()) and len(names) == 8
    depth, labels = (read_image(f"train/{part}/{names[0]}").pixels for part in ("depth", "labels"))
    assert depth.dtype == np.uint16 and labels.dtype == np.uint8 and depth.shape == labels.shape == (60, 80)
    assert ((labels < 31) <= (depth > 0)).all() and (labels < 31).any()
    assert (
        trained("bodyparts", "predict", "train/depth", "--model", "m.forest", "-o", "out", "--report", "-q")
        == 0
    )
    lines = [json.loads(line) for line in Path("out/joints.jsonl").read_text().splitlines()]
    assert [line["image"] for line in lines] == names
    assert all(set(line["joints"]) <= set(FOUND_JOINTS) and line["joints"] for line in lines)
    found = read_image(f"out/parts/{names[0]}").pixels
    proba = DepthForest.load("m.forest").predict_proba(depth)
    assert (
        np.array_equal(found[depth > 0], proba.argmax(axis=2)[depth > 0]) and (found[depth == 0] == 255).all()
    )
    assert max(read_image(f"out/pictures/{names[0]}").pixels.shape[:2]) >= 640
    assert "joints found in 8 images" in Path("out/report.html").read_text("utf-8")
    capsys.readouterr()
    assert trained("bodyparts", "evaluate", "train", "--model", "m.forest", "-o", "scores", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    saved = json.loads(Path("scores/scores.json").read_text())
    assert told["mean_part_accuracy"] == saved["mean_part_accuracy"] > 0.2
    assert 0 < saved["joint_map"] <= 1 and set(saved["joints"]) == set(FOUND_JOINTS)
    assert read_image("scores/confusion.png").pixels.ndim == 3


def test_skip_existing_keeps_what_is_known(trained: Run) -> None:
    files = sorted(map(str, Path("train/depth").iterdir()))
    assert trained("bodyparts", "predict", *files[:2], "--model", "m.forest", "-o", "out", "-q") == 0
    before = Path("out/pictures/000000.png").stat().st_mtime_ns
    assert trained("bodyparts", "predict", "train/depth", "--model", "m.forest", "-o", "out", "-q") == 2
    assert (
        trained(
            "bodyparts", "predict", "train/depth", "--model", "m.forest", "-o", "out", "--skip-existing", "-q"
        )
        == 0
    )
    assert Path("out/pictures/000000.png").stat().st_mtime_ns == before
    assert len(Path("out/joints.jsonl").read_text().splitlines()) == 8


def test_masks_ranges_and_bad_images(trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    depth = read_image("train/depth/000000.png").pixels
    mask = np.zeros(depth.shape, np.uint8)
    mask[:, :40] = 255
    for folder in ("in", "masks"):
        Path(folder).mkdir()
    write_image("in/a.png", Picture(depth))
    write_image("masks/a.png", Picture(mask))
    write_image("in/b.png", Picture(mask))
    Path("in/c.png").write_bytes(b"no image")
    capsys.readouterr()
    arguments = ("--model", "m.forest", "-o", "out", "--masks", "masks", "--farthest", "9")
    assert trained("bodyparts", "predict", "in", *arguments) == 1
    said = capsys.readouterr().err
    assert "b.png: must be a gray image of 16 bits" in said and "c.png" in said and "1 done, 2 failed" in said
    assert (read_image("out/parts/a.png").pixels[:, 40:] == 255).all()
    assert (
        trained(
            "bodyparts", "predict", "in/a.png", "--model", "m.forest", "-o", "o2", "--farthest", "0.5", "-q"
        )
        == 0
    )
    assert json.loads(Path("o2/joints.jsonl").read_text())["joints"] == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("render", "-o", "train"), "has images already"),
        (("render", "-o", "x", "--size", "80"), "--size must be WIDTHxHEIGHT"),
        (("render", "-o", "x", "--motion", "none.bvh"), "none.bvh"),
        (("train", "empty", "-o", "x.forest"), "needs the folders depth and labels"),
        (("train", "train", "-o", "m.forest"), "exists already; say --overwrite"),
        (("predict", "train/depth", "--model", "none", "-o", "x"), "cannot be read"),
        (("predict", "train/depth", "--model", "train/scenes.json", "-o", "x"), "a depth forest"),
        (
            ("predict", "train/depth", "--model", "m.forest", "-o", "x", "--nearest", "9"),
            "--nearest must be below",
        ),
        (
            ("predict", "train/depth", "--model", "m.forest", "-o", "x", "--masks", "none"),
            "--masks needs a folder",
        ),
        (("evaluate", "train", "--model", "none"), "cannot be read"),
    ],
)
def test_refusals(
    trained: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    capsys.readouterr()
    assert trained("bodyparts", *arguments) == 2
    assert says in capsys.readouterr().err


def test_demo(run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgproc.cli.bodyparts_demo._SCENES", 10)
    assert run("bodyparts", "demo", "-o", "d") == 0
    assert Path("d/report.html").exists() and len(list(Path("d/pictures").iterdir())) == 12
    assert "Report:" in capsys.readouterr().out
    Path("other").mkdir()
    Path("other/file").touch()
    assert run("bodyparts", "demo", "-o", "other") == 2
