"""``imgproc stereo``: pairs of files and folders, what is written, scores, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Run, outputs
from stereo_pairs import pair

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc.cli.colors import UNKNOWN, color_table, colored
from imgproc.io import Picture, read_image, read_pfm, write_image, write_pfm

WAY = ("--max-disparity", "10", "--speckle", "0")


def make_pair(left: str, right: str, seed: int = 0, dtype: Any = np.uint8) -> tuple[np.ndarray, np.ndarray]:
    images = pair(np.random.default_rng(seed), (24, 60), dtype)
    for path, image in zip((left, right), images, strict=True):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_image(path, Picture(image))
    return images


def test_a_pair_of_files(run: Run) -> None:
    left, right = make_pair("left.png", "right.png")
    expected = imgproc.disparity(left, right, 10, speckle=0, method="block", uniqueness=3)
    more = ("--method", "block", "--uniqueness", "3", "--pfm", "--colors", "--report")
    assert run("stereo", "left.png", "right.png", "-o", "out", *WAY, *more) == 0
    assert outputs() == ["colors/left.png", "left.pfm", "left.png", "report.html"]
    values = read_image("out/left.png").pixels
    known = np.isfinite(expected)
    assert values.dtype == np.uint16 and np.array_equal(values > 0, known)
    assert np.abs(values[known] / 256 - expected[known]).max() <= 1 / 256
    assert np.array_equal(read_pfm("out/left.pfm"), np.where(known, expected, np.inf))
    assert np.array_equal(read_image("out/colors/left.png").pixels, colored(expected, 10))
    page = Path("out/report.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == 2


def test_folders_are_paired_by_name(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make_pair("l/a.png", "r/a.png", 1)
    make_pair("l/deep/b.png", "r/deep/b.tiff", 2, np.uint16)
    make_pair("l/c.png", "r/c.png", 3)
    write_image("r/c.png", Picture(np.zeros((24, 61), np.uint8)), overwrite=True)
    assert run("stereo", "l", "r", "-o", "out", *WAY, "-r", "-j", "2", "--json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["processed"], summary["failed"]) == (2, 1)
    failure = next(entry for entry in summary["results"] if entry["status"] == "failed")
    assert failure["error"].startswith("disparity: right must be of shape (24, 60), as left is, got")
    assert outputs() == ["a.png", "deep/b.png"]
    assert run("stereo", "l", "r", "-o", "out", *WAY, "-r", "--skip-existing") == 1
    assert "2 skipped" in capsys.readouterr().err


def test_scores(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    left, right = make_pair("l/a.png", "r/a.png")
    make_pair("l/b.png", "r/b.png", 5)
    found = imgproc.disparity(left, right, 10, speckle=0)
    Path("truth").mkdir()
    write_pfm("truth/a.pfm", np.where(np.isnan(found), np.float32(2), found) + np.float32(0.25))
    values = np.full((24, 60, 3), 12, np.uint8)
    values[:12] = 0
    write_image("truth/b.png", Picture(values))
    truth = ("--ground-truth", "truth", "--truth-factor", "4", "--report")
    assert run("stereo", "l", "r", "-o", "out", *WAY, *truth) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("mean of 2: bad-2.0 ")
    assert "mean error 0.250" in Path("out/report.html").read_text("utf-8")
    assert f"0.00 % of the {100 * np.isfinite(found).mean():.1f} % found, mean error 0.250" in lines[0]
    assert run("stereo", "l", "r", "-o", "out", *WAY, *truth, "--overwrite", "--json") == 0
    known = [entry["scores"]["known"] for entry in json.loads(capsys.readouterr().out)["results"]]
    assert known == [24 * 60, 12 * 60]


REFUSED = {
    "say where the results go": ("left.png", "right.png"),
    "there is no file or folder 'none'": ("none", "right.png", "-o", "out"),
    "there is no file or folder 'gone' with the right image": ("left.png", "gone", "-o", "out"),
    "is a file and 'l' a folder": ("left.png", "l", "-o", "out"),
    "is a folder and 'right.png' a file": ("l", "right.png", "-o", "out"),
    "no file in 'empty' for the right image of 'a.png'": ("l", "empty", "-o", "out"),
    "2 files in 'twice' for the right image of 'a.png'": ("l", "twice", "-o", "out"),
    "no file in 'empty' for the ground truth": ("l", "r", "-o", "out", "--ground-truth", "empty"),
    "lies where the results go": ("left.png", "right.png", "-o", "."),
    "would overwrite an input": ("l/a.png", "right.png", "-o", "r", "--ground-truth", "r/a.png"),
    "--max-disparity must be an integer >= 1": ("left.png", "right.png", "-o", "out", "--max-disparity", "0"),
    "does not fit 16 bits; say --factor 163": (
        "left.png",
        "right.png",
        "-o",
        "out",
        "--max-disparity",
        "400",
    ),
    "--radius must be None or an integer": ("left.png", "right.png", "-o", "out", "--radius", "15"),
    "--paths must be 3, 4 or 8, got '5'": ("left.png", "right.png", "-o", "out", "--paths", "5"),
    "--method must be one of": ("left.png", "right.png", "-o", "out", "--method", "bm"),
    "--factor must be a number": ("left.png", "right.png", "-o", "out", "--factor", "nan"),
    "exclude each other": ("left.png", "right.png", "-o", "out", "--overwrite", "--skip-existing"),
}


def test_what_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make_pair("left.png", "right.png")
    make_pair("l/a.png", "r/a.png")
    make_pair("twice/a.bmp", "twice/a.tiff")
    Path("empty").mkdir()
    for sentence, arguments in REFUSED.items():
        assert run("stereo", *arguments) == 2, sentence
        error = capsys.readouterr().err
        assert error.startswith("imgproc stereo: ") and sentence in error, error
        assert error.count("\n") == 1 and not Path("out").exists()


def test_what_exists_is_kept_and_a_plan_writes_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make_pair("left.png", "right.png")
    assert run("stereo", "left.png", "right.png", "-o", "out", *WAY, "--dry-run") == 0
    assert "left.png -> out/left.png" in capsys.readouterr().out and not Path("out").exists()
    assert run("stereo", "left.png", "right.png", "-o", "out", *WAY) == 0
    assert run("stereo", "left.png", "right.png", "-o", "out", *WAY) == 2
    assert "exist already" in capsys.readouterr().err


def test_colours_rise_in_lightness() -> None:
    table = color_table().astype(float)
    light = table @ (0.2126, 0.7152, 0.0722)
    assert len(table) == 256 and np.diff(light).min() >= 0 and light[0] > np.dot(UNKNOWN, (1, 1, 1))
    assert np.abs(np.diff(table, axis=0)).max() < 8, "a step that would look like an edge"
    values = np.float32([[-1, 0, 5, 10, 11, np.nan, np.inf]])
    picture = colored(values, 10)[0]
    assert np.array_equal(picture[[0, 3]], picture[[1, 4]])
    assert np.array_equal(picture[:2].astype(float), table[[0, 0]]) and (picture[5:] == UNKNOWN).all()
