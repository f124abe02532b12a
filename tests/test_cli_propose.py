"""``imgproc propose``: the boxes of selective search in files, pictures and a page; the rest is that of ``detect``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

from detect_runs import FORMATS
from pages import Page

import imgproc
from imgproc import read_detections
from imgproc.io import Picture, read_image, write_image

COMMAND = ("propose", "in", "-o", "out", "-q")


@pytest.fixture(autouse=True)
def pictures(run: Run) -> None:
    """Two images with objects, and one in a folder below."""
    rng = np.random.default_rng(3)
    for number, name in enumerate(("a.png", "b.png", "sub/a.png")):
        image = np.full((60, 80, 3), (50, 80, 60)) + rng.integers(-5, 6, (60, 80, 3))
        image[10:40, 10 + 5 * number : 40] += (120, 20, 0)
        image[30:55, 50:75] += (0, 40, 130)
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, Picture(image.astype(np.uint8)))


def test_it_proposes_what_selective_search_does(run: Run) -> None:
    texts = ["--mode", "quality", "--scales", "80/200", "--sigma", "0.5", "--min-size", "10", "--seed", "7"]
    assert run(*COMMAND, "-r", *texts, "--max-boxes", "25", "--class", "thing") == 0
    assert outputs() == ["detections.jsonl"]
    found = read_detections("out/detections.jsonl")
    assert found.image_names == ("a.png", "b.png", "sub/a.png")
    assert found.class_names == {0: "thing"}
    options = {"scales": [80.0, 200.0], "sigma": 0.5, "min_size": 10, "max_boxes": 25, "seed": 7}
    for name in found.image_names:
        expected = imgproc.selective_search(read_image(f"in/{name}").pixels, "quality", **options)
        one = found.detections(name)
        np.testing.assert_array_equal(one.boxes, expected)
        assert len(expected) > 5
        np.testing.assert_allclose(one.scores, np.linspace(1, 1 / len(one), len(one)), rtol=1e-6)
    assert found.params == {"detector": "selective search", "mode": "quality", **options}


def test_defaults_are_those_of_the_function(run: Run) -> None:
    assert run(*COMMAND, "--max-boxes", "none") == 0
    found = read_detections("out/detections.jsonl")
    for name in found.image_names:
        expected = imgproc.selective_search(read_image(f"in/{name}").pixels)
        np.testing.assert_array_equal(found.detections(name).boxes, expected)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format(run: Run, kind: str) -> None:
    assert run(*COMMAND, "--format", kind) == 0
    sizes = dict.fromkeys(("a.png", "b.png"), (60, 80))
    found = read_detections(Path("out", FORMATS[kind]), image_sizes=sizes)
    expected = imgproc.selective_search(read_image("in/a.png").pixels)
    np.testing.assert_allclose(found.detections("a.png").boxes, expected, atol=1e-4)


def test_pictures_and_page(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*COMMAND[:-1], "--annotate", "--top", "3", "--report", "--json", "-j", "2") == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert outputs() == ["annotated/a.png", "annotated/b.png", "detections.jsonl", "report.html"]
    assert f"{summary['found']:,} found (object) in 2 images" in err
    assert (read_image("out/annotated/a.png").pixels != 0).any()
    text = Path("out/report.html").read_text("utf-8")
    Page(text)
    assert text.count('class="found"') == 6
    assert "number 3" in text and "number 4" not in text and "windows merged" not in text
    assert "the first 3 shown" in text and "selective search, fast" in text


def test_a_run_continues_only_as_it_was(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*COMMAND) == 0
    before = Path("out/detections.jsonl").read_bytes()
    assert run(*COMMAND) == 2
    assert "outputs exist already" in capsys.readouterr().err
    assert run(*COMMAND, "--skip-existing") == 0
    assert Path("out/detections.jsonl").read_bytes() == before
    assert run(*COMMAND, "--skip-existing", "--seed", "1") == 2
    assert "was made with seed 0, now 1" in capsys.readouterr().err


def test_wrong_options(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for option, value, must in (
        ("--mode", "slow", 'one of "fast", "quality"'),
        ("--scales", "0", "None or a sequence of finite numbers > 0"),
        ("--scales", "x", "None or a sequence of finite numbers > 0"),
        ("--sigma", "nan", "a number >= 0 and <= 1000"),
        ("--min-size", "-1", "an integer >= 0"),
        ("--max-boxes", "0", "None or an integer >= 1"),
        ("--seed", "1.5", "an integer >= 0"),
        ("--top", "0", "an integer >= 1"),
    ):
        assert run(*COMMAND, f"{option}={value}") == 2
        assert f"imgproc propose: {option} must be {must}, got '{value}'" in capsys.readouterr().err
    assert run("propose", "in") == 2
    assert "imgproc propose: say where the results go: -o FOLDER" in capsys.readouterr().err
