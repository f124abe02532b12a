"""``imgproc train-cascade``: outputs, the page, going on after an interruption, and refusals."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, outputs, process
from pages import Page
from training_sets import objects, scenes

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import Detections, DetectionSet, write_detections
from imgproc.cascade import Cascade, Progress, train_cascade
from imgproc.cascade.checkpoints import FILE
from imgproc.cascade.opencv_xml import cascade_text
from imgproc.cli.text import parse_bytes
from imgproc.cli.training_progress import told
from imgproc.io import Picture, write_image

COMMAND = ("train-cascade", "p", "n", "-o", "m.xml", "--window", "12", "--negatives", "150", "--stages", "2")


def prepare(*, count: int = 120, negatives: int = 8) -> None:
    for name, images in (("p", objects(count)), ("n", scenes(negatives))):
        Path(name).mkdir()
        for number, image in enumerate(images):
            write_image(f"{name}/{number:03}.png", Picture(image))


def test_a_cascade_its_record_and_its_page(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(count=240)
    assert run(*COMMAND, "--report", "--validation", "0.25", "--mirror") == 0
    assert outputs(".")[-3:] == ["p/237.png", "p/238.png", "p/239.png"]
    assert {path.name for path in Path(".").glob("m*")} == {"m.xml", "m.json", "m-report.html"}
    out, err = capsys.readouterr()
    assert out.startswith("stage  stumps  positives  negatives  windows  detected  false alarms")
    assert err.count("stage done") == 2
    assert err.endswith("all 2 stages are trained; written: m.xml, m.json, m-report.html\n")
    options = {"window": 12, "n_negatives": 150, "stages": 2, "validation": 0.25, "mirror": True}
    wanted = train_cascade("p", "n", **options)
    assert cascade_text(Cascade.load("m.xml")) == cascade_text(wanted.cascade)
    record = json.loads(Path("m.json").read_text())
    assert record["roc"] == wanted.to_dict()["roc"]
    page = Page(Path("m-report.html").read_text())
    assert len(page.all("img")) == min(16, sum(s.stumps for s in wanted.stages)) + len(wanted.hardest)
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))  # type: ignore[union-attr]
    assert len(page.all("svg")) == 3 and len(page.all("tr")) == 3
    for words in ("m.xml: 2 stages", "all 2 stages are trained", "180 + 60 held back", "Hardest negatives"):
        assert words in " ".join(page.words.split()), words


def test_the_page_without_validation_and_with_lbp(run: Run) -> None:
    prepare()
    (Path("p") / "<b>.png").write_bytes(b"")
    options = ("--validation", "none", "--features", "lbp", "--stages", "1", "--report", "page.html", "-q")
    assert run(*COMMAND, *options) == 1
    page = Page(Path("page.html").read_text())
    words = " ".join(page.words.split())
    assert len(page.all("svg")) == 2 and "Left out <b>.png positives" in words
    assert "held back" not in words.replace("of what was held back, all stages together", "")


def test_boxes_and_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos").mkdir()
    found = {}
    for number, scene in enumerate(scenes(50, seed=3)):
        scene[10:34, 20:44] = objects(1, seed=number, side=24)[0]
        write_image(f"photos/{number:03}.png", Picture(scene))
        found[f"{number:03}.png"] = Detections(np.array([[20, 10, 44, 34]], np.float32))
    write_detections("boxes.csv", DetectionSet.of(found, truth=True))
    Path("n").mkdir()
    for number, image in enumerate(scenes(6)):
        write_image(f"n/{number}.png", Picture(image))
    command = ("train-cascade", "boxes.csv", "n", "--images", "photos", "-o", "m.xml", "--window", "12x12")
    assert run(*command, "--negatives", "60", "--stages", "1", "--json", "-q") == 0
    out, err = capsys.readouterr()
    assert err == ""
    facts = json.loads(out)
    assert facts["positives"]["trained_on"] == 50 and facts["model"] == "m.xml" and facts["report"] is None
    assert len(facts["stages"]) == 1 and facts["reason"] == "its one stage is trained"


def test_an_interrupted_training_goes_on(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(negatives=60)  # so many that the last stages are far when the first is done
    child = process(*COMMAND, "--stages", "40", "--max-false-alarm", "0.6", "--checkpoint", "state")
    assert child.stderr is not None
    for line in child.stderr:
        if "stage done" in line:
            child.send_signal(signal.SIGINT)
            break
    rest = child.communicate()[1]
    assert child.returncode == 130
    assert rest.endswith("interrupted: what is done is in state, --resume goes on\n")
    assert not Path("m.xml").exists() and outputs("state") == [FILE]
    short = (*COMMAND, "--stages", "3", "--max-false-alarm", "0.6", "--checkpoint", "state")
    assert run(*short) == 2
    assert "say --resume to go on from it" in capsys.readouterr().err
    assert run(*short, "--resume", "--max-false-alarm", "0.4") == 2
    assert "with --max-false-alarm 0.6, now 0.4" in capsys.readouterr().err
    long = (*short[:-2], "--stages", "9", "--checkpoint", "state", "--resume", "-q")
    assert run(*long) == 0
    resumed = Path("m.xml").read_bytes()
    assert run(*short[:-2], "--stages", "9", "--overwrite", "-q") == 0
    assert Path("m.xml").read_bytes() == resumed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p", "n"), "say where the cascade goes: -o MODEL.xml"),
        (("p", "n", "-o", "m.txt"), "the cascade 'm.txt' needs a name that ends in .xml"),
        (("p", "n", "-o", "x/m.xml"), "there is no folder 'x'"),
        (("nowhere", "n", "-o", "m.xml"), "positives: there is no file or folder 'nowhere'"),
        (
            ("p", "empty", "-o", "m.xml"),
            "negatives must be a folder with images in it, got 'empty' without any",
        ),
        (
            ("p", "n", "-o", "m.xml", "--window", "200"),
            "--window must be an integer >= 8 and <= 128 or a pair (height, width) of such, got '200'",
        ),
        (
            ("p", "n", "-o", "m.xml", "--min-detection-rate", "0.5"),
            "--min-detection-rate must be greater than --max-false-alarm, 0.5, or a stage would gain nothing, got 0.5",
        ),
        (("p", "n", "-o", "m.xml", "--memory", "much"), "--memory must be a size of at least 67MB"),
        (("p", "n", "-o", "m.xml", "--memory", "1kB"), "--memory must be a size of at least 67MB"),
        (("p", "n", "-o", "m.xml", "--resume"), "--resume needs the checkpoint: --checkpoint FOLDER"),
        (("p", "n", "-o", "m.xml", "--negatives", "-1"), "--negatives must be None or an integer >= 1"),
        (
            ("p", "n", "-o", "m.xml", "--window", "64"),
            "positives must be at least one of 64 x 64 pixels, the window",
        ),
    ],
)
def test_refusals(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    prepare(count=3)
    Path("empty").mkdir()
    assert run("train-cascade", *arguments) == 2
    assert capsys.readouterr().err.startswith(f"imgproc train-cascade: {sentence}")
    assert not list(Path(".").glob("m*"))


def test_outputs_that_exist_are_kept(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(count=3)
    for name in ("m.xml", "m.json"):
        Path(name).write_text("kept")
        assert run(*COMMAND) == 2
        assert f"'{name}' exists already; say --overwrite to replace it" in capsys.readouterr().err
        assert Path(name).read_text() == "kept"
        Path(name).unlink()


def test_sizes_of_memory() -> None:
    sizes = {"4GB": 4e9, "500 mb": 5e8, "1.5g": 1.5e9, "67108864": 2**26, "2TB": 2e12, "3k": 3e3}
    assert {text: parse_bytes(text) for text in sizes} == sizes
    for text in ("", "GB", "4XB", "four"):
        with pytest.raises(ValueError):
            parse_bytes(text)


def test_the_state_in_words() -> None:
    state = Progress(3, 20, "boosting", 12, 0.9961, 0.55, 0.041, 80.0, 400.0)
    assert told(state) == (
        "stage 3/20: boosting, 12 stumps, detection rate 99.61%, false alarms 55.0% of 0.041; 1 min 20 s, "
        "about 6 min 40 s left"
    )
    assert told(Progress(1, 2, "mining", 0, 1, 1, 1, 0.5, None)) == "stage 1/2: mining; 500 ms"
