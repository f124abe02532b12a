"""``imgproc neural`` as users run it: tiny networks over folders of drawn images."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Run, make, outputs
from tiny_networks import (
    brightness_detector,
    color_classifier,
    color_segmenter,
    redness_depth,
    spot_detector,
)

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import read_detections
from imgproc.io import Picture, read_image, read_pfm, write_image

BOXES = np.array([[4, 6, 12, 14], [16, 0, 32, 8]], np.float32)
NAMES = ("red", "green", "blue")


@pytest.fixture
def scene(run: Run) -> Run:
    """Networks, and a folder of images: a bright one, a dark one, and one below with a quarter of each colour."""
    brightness_detector("boxes.onnx", BOXES)
    color_classifier("classes.onnx")
    color_segmenter("labels.onnx", 32)
    redness_depth("depth.onnx", 32)
    Path("names.txt").write_text("red\ngreen\nblue\n")
    image(np.full((64, 96, 3), 230, np.uint8), "in/bright.png")
    image(np.full((40, 32, 3), 20, np.uint8), "in/dark.jpg")
    colors = np.zeros((32, 32, 3), np.uint8)
    colors[:16, :16, 0] = colors[:16, 16:, 1] = colors[16:, :, 2] = 200
    image(colors, "in/sub/colors.png")
    return run


def image(pixels: np.ndarray, path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_image(path, Picture(pixels))


def neural(task: str, model: str, preset: str, *more: str) -> list[str]:
    return ["neural", task, model, "in", "-r", "--preset", preset, "-o", "out", "--backend", "opencv", *more]


def test_detect(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        scene(*neural("detect", "boxes.onnx", "boxes", "--annotate", "--crops", "--names", "names.txt")) == 0
    )
    assert outputs() == [
        "annotated/bright.png",
        "annotated/dark.jpg",
        "annotated/sub/colors.png",
        "crops/bright_001.png",
        "crops/bright_002.png",
        "detections.jsonl",
    ]
    found = read_detections("out/detections.jsonl")
    assert found.image_names == ("bright.png", "dark.jpg", "sub/colors.png")
    assert found.class_names == dict(enumerate(NAMES))
    assert found.params["preset"] == "boxes" and len(found.params["model_sha256"]) == 64
    bright = found.detections("bright.png")
    assert bright.boxes.tolist() == [[12, 12, 36, 28], [48, 0, 96, 16]]  # three times as wide, twice as high
    np.testing.assert_allclose(bright.scores, 230 / 255, rtol=1e-5)
    assert len(found.detections("dark.jpg")) == 0
    assert "2 found (object) in 1 image" in capsys.readouterr().err


@pytest.mark.parametrize("batch", ["1", "2", "8"])
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_results_do_not_depend_on_workers_or_batches(batch: str, jobs: str, scene: Run) -> None:
    for number in range(5):
        make(f"in/more{number}.png", shape=(30 + number, 40, 3), seed=number)
    command = neural("detect", "boxes.onnx", "boxes:score_threshold=0.1", "-q")
    assert scene(*command, "--batch", batch, "-j", jobs) == 0
    first = Path("out/detections.jsonl").read_bytes()
    assert scene(*command, "--overwrite") == 0
    assert Path("out/detections.jsonl").read_bytes() == first


def test_one_bad_file_stops_nothing(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Path("in/empty.jpg").write_bytes(b"")
    command = neural("detect", "boxes.onnx", "boxes", "--batch", "4", "--json", "--report")
    assert scene(*command) == 1
    told = capsys.readouterr()
    summary = json.loads(told.out)
    assert (summary["processed"], summary["failed"], summary["found"]) == (3, 2, 2)
    assert [Path(one["input"]).name for one in summary["results"] if one["status"] == "failed"] == [
        "broken.png",
        "empty.jpg",
    ]
    assert [one["input"] for one in summary["results"]] == sorted(one["input"] for one in summary["results"])
    assert "broken.png" in told.err and "done, 2 failed" in told.err
    page = Path("out/report.html").read_text("utf-8")
    assert "2 failed" in page and "broken.png" in page and "<script" not in page


def test_fail_fast_begins_no_other(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/a.png").write_bytes(b"no image")
    for number in range(40):
        make(f"in/c{number:02}.png", shape=(20, 20, 3))
    assert scene(*neural("detect", "boxes.onnx", "boxes", "--fail-fast", "--json", "-j", "1")) == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == 1 and summary["processed"] <= 4
    assert summary["unfinished"] == 43 - summary["processed"]


def test_skip_existing_goes_on(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command = neural("detect", "boxes.onnx", "boxes", "--names", "names.txt", "--annotate")
    assert scene(*command) == 0
    assert scene(*command) == 2 and "outputs exist already" in capsys.readouterr().err
    image(np.full((32, 32, 3), 250, np.uint8), "in/new.png")
    assert scene(*command, "--skip-existing", "--json", "--batch", "3") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["processed"], summary["skipped"]) == (1, 3)
    assert set(read_detections("out/detections.jsonl").image_names) == {
        "bright.png",
        "dark.jpg",
        "new.png",
        "sub/colors.png",
    }
    assert scene(*neural("detect", "boxes.onnx", "boxes:score_threshold=0.2", "--skip-existing")) == 2
    brightness_detector("boxes.onnx", BOXES[:1])
    assert scene(*command, "--skip-existing") == 2
    assert "was made with model_sha256" in capsys.readouterr().err


@pytest.mark.parametrize("tiles", [(), ("--tiles", "64", "--overlap", "0.25", "--batch", "4")])
def test_detect_finds_what_is_drawn(tiles: tuple[str, ...], scene: Run) -> None:
    """Once each, also where tiles overlap."""
    spot_detector("spots.onnx", 64 if tiles else 160)
    pixels = np.zeros((160, 160, 3), np.uint8)
    places = [(8, 12), (60, 60), (60, 148), (156, 0), (96, 48), (100, 104)]
    for y, x in places:
        pixels[y : y + 4, x : x + 4] = 255
    image(pixels, "spots/one.png")
    command = ["neural", "detect", "spots.onnx", "spots", "--preset", "centernet", "-o", "out"]
    assert scene(*command, "--backend", "opencv", *tiles) == 0
    found = read_detections("out/detections.jsonl").detections("one.png")
    assert sorted(found.boxes.tolist()) == sorted([x, y, x + 4, y + 4] for y, x in places)


def test_tiles(scene: Run) -> None:
    command = neural("detect", "boxes.onnx", "boxes", "--tiles", "32", "--overlap", "0", "--batch", "4")
    assert scene(*command) == 0
    found = read_detections("out/detections.jsonl")
    bright = found.detections("bright.png")
    # Six tiles; the first box is whole in each, and the second lies on a seam and is cut but in the last of a row.
    whole = [[4 + x, 6 + y, 12 + x, 14 + y] for y in (0, 32) for x in (0, 32, 64)]
    assert sorted(box for box in bright.boxes.tolist() if box[2] - box[0] == 8) == sorted(whole)
    assert found.params["tiles"] == {"tile": [32, 32], "overlap": 0.0, "method": "nmm", "whole": False}


def test_segment(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command = neural("segment", "labels.onnx", "segformer", "--names", "names.txt", "--json", "--report")
    assert scene(*command) == 0
    made = [
        f"{folder}/{stem}"
        for folder in ("labels", "overlays", "regions")
        for stem in ("bright", "dark", "sub/colors")
    ]
    assert [re.sub(r"\.\w+$", "", path) for path in outputs() if "report" not in path] == sorted(made)
    labels = read_image("out/labels/sub/colors.png").pixels
    assert labels.dtype == np.uint16 and labels.shape == (32, 32)
    assert (labels[:16, :16] == 0).all() and (labels[:16, 16:] == 1).all() and (labels[16:] == 2).all()
    with open("out/regions/sub/colors.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["label"], row["name"], row["area"], row["y2"]) for row in rows] == [
        ("0", "red", "256", "16"),
        ("1", "green", "256", "16"),
        ("2", "blue", "512", "32"),
    ]
    assert rows[0]["mean_r"] == "200"
    summary = json.loads(capsys.readouterr().out)
    assert summary["results"][-1]["shares"] == {"red": 0.25, "green": 0.25, "blue": 0.5}
    assert "blue 50%" in Path("out/report.html").read_text("utf-8")


def test_segment_in_tiles(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    color_segmenter("free.onnx")
    image(read_image("in/sub/colors.png").pixels.repeat(5, axis=0).repeat(5, axis=1), "large/colors.png")
    command = ["neural", "segment", "free.onnx", "large", "--preset", "segformer", "--backend", "opencv"]
    assert scene(*command, "-o", "out", "--tiles", "32", "--size", "32", "--batch", "4") == 0
    labels = read_image("out/labels/colors.png").pixels
    assert (labels[:80, :80] == 0).all() and (labels[:80, 80:] == 1).all() and (labels[80:] == 2).all()
    command[5] = "mask2former"
    assert scene(*command, "-o", "other", "--tiles", "32") == 2
    assert (
        "--tiles is for presets with one class for each pixel, which mask2former has not"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("more", [(), ("--factor", "1000"), ("--factor", "1000", "--colors")])
def test_depth(more: tuple[str, ...], scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert scene(*neural("depth", "depth.onnx", "glpn", "--size", "32", "--report", "--json", *more)) == 2
    assert "size must be" in capsys.readouterr().err  # images keep their own
    redness_depth("depth.onnx")
    assert scene(*neural("depth", "depth.onnx", "glpn", "--report", "--json", *more)) == 0
    suffixes = [".pfm", *[".png"] * bool(more)]
    made = [f"depth/{stem}{suffix}" for stem in ("bright", "dark", "sub/colors") for suffix in suffixes]
    made += [f"colors/{stem}.png" for stem in ("bright", "dark", "sub/colors")] * ("--colors" in more)
    assert outputs() == sorted([*made, "report.html"])
    depth = read_pfm("out/depth/bright.pfm")
    assert depth.shape == (64, 96)
    np.testing.assert_allclose(depth, 230 / 255, rtol=1e-4)
    if more:
        png = read_image("out/depth/bright.png").pixels
        assert png.dtype == np.uint16 and (png == 902).all()
    results = json.loads(capsys.readouterr().out)["results"]
    assert results[0]["low"] == pytest.approx(230 / 255, abs=1e-4)


def test_depth_that_does_not_fit_fails_its_image_alone(
    scene: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    redness_depth("depth.onnx")
    assert scene(*neural("depth", "depth.onnx", "glpn", "--factor", "65000", "--batch", "3", "--json")) == 0
    image(np.full((32, 32, 3), 255, np.uint8), "in/white.png")
    assert (
        scene(*neural("depth", "depth.onnx", "glpn", "--factor", "65535", "--batch", "4", "--skip-existing"))
        == 0
    )
    assert scene(*neural("depth", "depth.onnx", "glpn", "--factor", "65536")) == 2
    assert "--factor must be" in capsys.readouterr().err


def test_classify(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    image(np.full((50, 40, 3), (10, 200, 30), np.uint8), "in/grass, and more.png")
    command = neural("classify", "classes.onnx", "vit:top=2", "--names", "names.txt", "--report")
    assert scene(*command) == 0
    assert outputs() == ["classes.jsonl", "report.html"]
    head, *lines = map(json.loads, Path("out/classes.jsonl").read_text("utf-8").splitlines())
    assert head["params"]["preset"] == "vit" and head["params"]["top"] == 2
    assert [line["image"] for line in lines] == [
        "bright.png",
        "dark.jpg",
        "grass, and more.png",
        "sub/colors.png",
    ]
    grass = lines[2]["classes"]
    assert [entry["name"] for entry in grass] == ["green", "blue"]
    logits = 10 * (np.array([10, 200, 30]) / 127.5 - 1)
    softmax = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose([entry["score"] for entry in grass], softmax[[1, 2]], rtol=1e-4)
    assert scene(*command) == 2 and "classes.jsonl' exists already" in capsys.readouterr().err
    image(np.full((50, 40, 3), (10, 20, 230), np.uint8), "in/sky.png")
    assert scene(*command, "--skip-existing", "--json") == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == 4
    assert len(Path("out/classes.jsonl").read_text("utf-8").splitlines()) == 6
    assert scene(*neural("classify", "classes.onnx", "vit:top=1", "--skip-existing")) == 2
    assert "was made with top 2, now 1" in capsys.readouterr().err


def test_dry_run_loads_and_writes_nothing(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.onnx").write_bytes(b"no network")
    for task, preset in (("detect", "boxes"), ("segment", "segformer"), ("classify", "vit")):
        assert scene(*neural(task, "broken.onnx", preset, "--dry-run")) == 0
        told = capsys.readouterr()
        assert "bright.png" in told.out and "3 to do" in told.err
        assert not Path("out").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "missing.onnx"}, "there is no model 'missing.onnx'"),
        ({"model": "names.txt"}, "names.txt: not an ONNX file"),
        ({"preset": "yolo9000"}, "there is no preset 'yolo9000'"),
        ({"preset": "box"}, "did you mean boxes?"),
        ({"preset": "boxes:iou=3"}, "boxes has no parameter 'iou', it takes score_threshold, format, unit"),
        ({"preset": "boxes:format=abc"}, '--preset boxes: format must be one of "xyxy", "xywh", "cxcywh"'),
        ({"more": ["--score-threshold", "x"]}, "--score-threshold must be a number, got 'x'"),
        ({"more": ["--batch", "0"]}, "--batch must be an integer >= 1"),
        ({"more": ["--size", "0"]}, "--size must be pixels, or HEIGHTxWIDTH, each side 1 to 1048576, got"),
        (
            {"more": ["--size", "x"]},
            "--size must be pixels, or HEIGHTxWIDTH, each side 1 to 1048576, got 'x'",
        ),
        ({"more": ["--size", "1x2x3"]}, "--size must be pixels, or HEIGHTxWIDTH"),
        ({"more": ["--tiles", "0"]}, "--tiles must be an integer >= 1"),
        ({"more": ["--whole"]}, "--whole is for --tiles N"),
        ({"more": ["--key", "boxes"]}, "--key must be NAME=OUTPUT, each name once, got 'boxes'"),
        ({"preset": "yolov3", "more": ["--key", "a=b"]}, "the preset yolov3 has no --key"),
        ({"preset": "yolov3:boxes=1"}, "yolov3 has no parameter 'boxes'"),
        ({"more": ["--overlap", "1"]}, "--overlap must be a number >= 0 and < 1"),
        ({"more": ["--merge", "best"]}, '--merge must be one of "nms", "nmm", "wbf"'),
        ({"more": ["--names", "missing.txt"]}, "the names 'missing.txt' cannot be read"),
        ({"more": ["--device", "cuda"]}, "device must be"),
        ({"more": ["--device", "toaster"]}, "--device must be"),
        ({"more": ["--backend", "tpu"]}, "--backend must be None or one of"),
        ({"more": ["--format", "xml"]}, "--format must be one of"),
        ({"more": ["--skip-existing", "--overwrite"]}, "exclude each other"),
    ],
)
def test_wrong_usage(
    change: dict[str, Any], sentence: str, scene: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"model": "boxes.onnx", "preset": "boxes", "more": []} | change
    assert scene(*neural("detect", asked["model"], asked["preset"], *asked["more"])) == 2
    told = capsys.readouterr()
    assert told.err.startswith("imgproc neural detect: ") and sentence in told.err
    assert not Path("out").exists()


def test_outputs_of_other_names(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command = neural("classify", "classes.onnx", "vit", "--key", "logits=wrong", "--json")
    assert scene(*command) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == 3 and "logits must be among the outputs as wrong" in told["results"][0]["error"]
    command[command.index("logits=wrong")] = "logits=logits"
    assert scene(*command) == 0


def test_names_that_are_wrong(scene: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for content, sentence in (
        (b"cat\ndog\ncat\n", "lines 1 and 3 of 'wrong.txt' are both 'cat'"),
        (b"cat\nd\x1bog\n", "line 2 of 'wrong.txt' does not print"),
        (b"\xff\xfe", "the names 'wrong.txt' are no text in UTF-8"),
    ):
        Path("wrong.txt").write_bytes(content)
        assert scene(*neural("detect", "boxes.onnx", "boxes", "--names", "wrong.txt")) == 2
        assert sentence in capsys.readouterr().err


def test_names_with_gaps(scene: Run) -> None:
    Path("coco.txt").write_text("person\n\nN/A\nN/A\nnaïve café\n")
    assert scene(*neural("detect", "boxes.onnx", "boxes", "--names", "coco.txt", "--annotate")) == 0
    assert read_detections("out/detections.jsonl").class_names == {0: "person", 4: "naïve café"}


def test_a_worker_gives_the_same(scene: Run) -> None:
    command = neural("detect", "boxes.onnx", "boxes", "-q")
    assert scene(*command) == 0
    first = Path("out/detections.jsonl").read_bytes()
    assert scene(*command, "--overwrite", "--worker", "--batch", "2") == 0
    assert Path("out/detections.jsonl").read_bytes() == first


@pytest.mark.onnx
def test_backends_give_the_same(scene: Run) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    command = neural("detect", "boxes.onnx", "boxes", "-q")
    assert scene(*command) == 0
    first = read_detections("out/detections.jsonl")
    command[command.index("opencv")] = "onnx"
    assert scene(*command, "--overwrite") == 0
    second = read_detections("out/detections.jsonl")
    assert second.image_names == first.image_names
    np.testing.assert_allclose(second.boxes, first.boxes, rtol=1e-5)
    np.testing.assert_allclose(second.scores, first.scores, rtol=1e-5)
