"""``imgproc detect`` as users run it: what is found, and where it is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cascades import image
from command_line import Run, make, outputs
from pages import Page

pytest.importorskip("cv2")
pytest.importorskip("typer")

from detect_runs import COMMAND, FORMATS, files, picture, prepare

from imgproc import Detections, DetectionSet, read_detections, write_detections
from imgproc.cascade import Cascade
from imgproc.cli.drawing import LEAST_SIDE, draw_boxes
from imgproc.io import Picture, read_image, write_image


@pytest.fixture
def cascade(run: Run) -> Cascade:
    return prepare()


def test_it_finds_what_the_cascade_finds(cascade: Cascade, run: Run) -> None:
    options = {"scale_factor": 1.3, "min_neighbors": 1, "min_size": (13, 12), "max_size": (30, 31), "step": 1}
    texts = ["--scale-factor", "1.3", "--min-neighbors", "1", "--min-size", "13x12", "--max-size", "30x31"]
    texts += ["--step", "1", "--score-threshold", "0.5", "--class", "blob"]
    assert run(*COMMAND, "-r", *texts, "-q") == 0
    assert outputs() == ["detections.jsonl"]
    found = read_detections("out/detections.jsonl")
    assert found.image_names == ("a.png", "b.png", "sub/a.png")
    assert found.image_sizes.tolist() == [[40, 50]] * 3
    assert found.class_names == {0: "blob"}
    for name in found.image_names:
        expected = cascade.detect(read_image(f"in/{name}").pixels, **options).filter(min_score=0.5)
        assert found.detections(name) == expected
    assert len(found.boxes)
    assert found.params["cascade"] == "c.xml"
    assert found.params["min_size"] == [13, 12]
    assert found.params["score_threshold"] == 0.5
    assert json.loads(Path("out/detections.jsonl").read_text().splitlines()[0])["program"].startswith(
        "imgproc"
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_back(cascade: Cascade, run: Run, kind: str) -> None:
    assert run(*COMMAND, "-r", "--format", kind, "-q", "--min-neighbors", "1") == 0
    assert run(*COMMAND[:-1], "plain", "-r", "-q", "--min-neighbors", "1") == 0
    expected = read_detections("plain/detections.jsonl")
    sizes = dict.fromkeys(expected.image_names, (40, 50))
    path = Path("out", FORMATS[kind])
    found = read_detections(path, image_sizes=sizes)
    assert sorted(found.image_names) == sorted(expected.image_names)
    for name in expected.image_names:
        np.testing.assert_allclose(found.detections(name).boxes, expected.detections(name).boxes, atol=1e-4)
        np.testing.assert_array_equal(found.detections(name).scores, expected.detections(name).scores)
    if kind in ("yolo", "voc"):
        end = {"yolo": "txt", "voc": "xml"}[kind]
        names = [f"labels/{stem}.{end}" for stem in ("a", "b", "sub/a")]
        assert outputs() == sorted([*names, *["labels/classes.txt"] * (kind == "yolo")])
    if kind == "coco":
        assert json.loads(path.read_text())["info"]["params"] == expected.params


def test_the_output_is_what_evaluate_reads(
    cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The truth is what the cascade finds but for one box that it misses, in another format each time."""
    assert run(*COMMAND, "-r", "-q", "--min-neighbors", "1", "--class", "blob") == 0
    found = read_detections("out/detections.jsonl")
    boxes = np.vstack([found.boxes, [[1, 1, 4, 4]]])
    truth = DetectionSet(
        found.image_names,
        np.append(found.images, 2),
        boxes,
        labels=np.full(len(boxes), 7),
        class_names={7: "blob"},
        image_sizes=found.image_sizes,
    )
    write_detections("truth.json", truth)
    write_detections("truth", truth, format="voc")
    for kind, path in FORMATS.items():
        assert (
            run(*COMMAND[:-1], kind, "-r", "-q", "--min-neighbors", "1", "--class", "blob", "--format", kind)
            == 0
        )
        for against in ("truth.json", "truth"):
            assert (
                run("evaluate", f"{kind}/{path}", against, "--images", "in", "--json", "--score", "-100") == 0
            )
            numbers = json.loads(capsys.readouterr().out)
            at = numbers["at_score"]
            assert (at["hits"], at["missed"], at["false"]) == (len(found.boxes), 1, 0)


def test_results_do_not_depend_on_the_number_of_workers(cascade: Cascade, run: Run) -> None:
    for seed in range(7):
        picture(f"in/{seed}.png", seed=seed)
    for jobs in ("1", "2", "5"):
        command = [*COMMAND[:-1], f"out{jobs}", "-r", "--annotate", "--crops", "-j", jobs, "-q"]
        assert run(*command, "--min-neighbors", "1") == 0
    one = {path.removeprefix("out1"): content for path, content in files("out1").items()}
    for jobs in ("2", "5"):
        assert {p.removeprefix(f"out{jobs}"): c for p, c in files(f"out{jobs}").items()} == one


def test_boxes_are_those_of_the_upright_image(cascade: Cascade, run: Run, data: Path) -> None:
    folder = data / "exif_orientation"
    turned = sorted(path for path in folder.rglob("*.jpg") if "6" in path.stem)[:1]
    if not turned:
        pytest.skip("no turned image in the data")
    assert run("detect", str(turned[0]), *COMMAND[2:], "--annotate", "-q") == 0
    found = read_detections("out/detections.jsonl")
    pixels = read_image(turned[0]).pixels
    assert found.image_sizes.tolist() == [list(pixels.shape[:2])]
    assert found.detections(0) == cascade.detect(pixels)


def test_annotated_images_and_crops_stand_in_the_same_tree(cascade: Cascade, run: Run) -> None:
    deep = make("in/deep.tif", shape=(40, 50), dtype=np.uint16)
    write_image(deep, Picture(image(1, 40, 50).astype(np.uint16) * 257), overwrite=True)
    picture("in/gray.pgm", seed=1)
    assert run(*COMMAND, "-r", "--annotate", "--crops", "-q", "--min-neighbors", "1") == 0
    found = read_detections("out/detections.jsonl")
    expected = ["detections.jsonl"]
    for name in found.image_names:
        shown = f"{name}.png" if name.endswith(".pgm") else name
        annotated = read_image(f"out/annotated/{shown}").pixels
        assert annotated.shape == (320, 400, 3)  # enlarged so that scores can be read
        assert annotated.dtype == np.uint8
        expected.append(f"annotated/{shown}")
        pixels = read_image(f"in/{name}").pixels
        for number, box in enumerate(found.detections(name).boxes.astype(int).tolist(), 1):
            path = Path("crops", shown)
            expected.append(str(path.with_name(f"{path.stem}_{number:03}{path.suffix}")))
            x1, y1, x2, y2 = box
            np.testing.assert_array_equal(read_image(f"out/{expected[-1]}").pixels, pixels[y1:y2, x1:x2])
    assert outputs() == sorted(expected)
    assert len(expected) > 10


def test_no_two_images_share_a_result(cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = picture("in/a.png", seed=1)
    write_image("in/a.tif", Picture(np.ascontiguousarray(pixels[:, ::-1])))
    assert run(*COMMAND, "--annotate", "--crops", "-q", "--min-neighbors", "1") == 0
    found = read_detections("out/detections.jsonl")
    names = outputs("out/crops")
    assert len(names) == len(set(names)) == len(found.boxes)
    assert {"a.png", "a.tif"} < set(outputs("out/annotated"))
    for kind in ("yolo", "voc"):  # which have one file for both
        assert run(*COMMAND[:-1], kind, "--format", kind) == 2
        assert "'in/a.png' and 'in/a.tif' would both be written to" in capsys.readouterr().err
        assert not Path(kind).exists()


def test_stale_crops_go_when_they_are_made_again(cascade: Cascade, run: Run) -> None:
    assert run(*COMMAND, "--crops", "-q", "--min-neighbors", "0") == 0
    many = outputs("out/crops")
    Path("out/crops/mine.txt").touch()
    assert run(*COMMAND, "--crops", "-q", "--min-neighbors", "2", "--overwrite") == 0
    few = outputs("out/crops")
    assert len(few) - 1 == len(read_detections("out/detections.jsonl").boxes) < len(many)
    assert "mine.txt" in few


def test_json_says_what_was_found(cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*COMMAND, "-r", "--json", "--min-neighbors", "1") == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    found = read_detections("out/detections.jsonl")
    assert (summary["processed"], summary["failed"], summary["found"]) == (3, 0, len(found.boxes))
    assert summary["detections"] == "out/detections.jsonl"
    result = summary["results"][2]
    assert (result["input"], result["image"], result["output"]) == ("in/sub/a.png", "sub/a.png", None)
    assert Detections.from_dict(
        {k: result[k] for k in ("boxes", "scores", "labels", "counts")}
    ) == found.detections(2)
    assert set(result["seconds"]) == {"read", "detect", "write"}
    assert err.startswith("3 done in ")
    assert f"; {len(found.boxes)} found (object) in 3 images; results in out\n" in err


def test_verbose_and_quiet(cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*COMMAND, "-v", "--annotate") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "done    in/a.png: " in err
    assert " found -> out/annotated/a.png (" in err
    assert run(*COMMAND, "-q", "--overwrite") == 0
    assert capsys.readouterr() == ("", "")


def test_dry_run_writes_nothing(cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/empty.jpg").touch()
    before = files()
    assert run(*COMMAND, "--dry-run", "--annotate", "--report") == 1
    out, err = capsys.readouterr()
    assert "in/a.png -> out/annotated/a.png  (" in out
    assert "in/empty.jpg -> out/annotated/empty.jpg  (the file is empty)" in out
    assert err == "2 to do, 0 to skip, 1 would fail\n"
    assert files() == before


def test_the_page(cascade: Cascade, run: Run) -> None:
    Path("in/<b>bad.png").touch()
    assert run(*COMMAND, "-r", "--report", "--min-neighbors", "1", "--class", "<i>blob", "-q") == 1
    found = read_detections("out/detections.jsonl")
    text = Path("out/report.html").read_text("utf-8")
    page = Page(text)
    words = " ".join(page.words.split())
    for part in (
        f"{len(found.boxes)} found in 3 images, 1 failed",
        "Found: <i>blob",
        "in/<b>bad.pngthe file is empty",
        "Cascadec.xml",
        "Window9 × 11 pixels",
        "Least neighborsmore than 1",
        "sub/a.png",
        f"{found.scores[0]:.2f} ×{found.counts[0]}",
        "ReachedWindowsShare",
        "passed all",
    ):
        assert part in words
    assert len(page.all("article")) == len(page.all("img")) == 3
    boxes = [attributes for attributes in page.all("i") if attributes.get("class") == "found"]
    assert len(boxes) == len(found.boxes)
    assert not page.all("script")
    assert not page.all("b") or "<b>bad" not in text
    assert run(*COMMAND, "-r", "--report", "page.html", "--overwrite", "-q") == 1
    assert Path("page.html").exists()


def test_scores_can_be_read_on_images_of_any_size() -> None:
    for height, width in ((1, 1), (20, 30), (400, 300), (3000, 20), (1500, 2000)):
        box = np.float32(
            [[0, 0, max(1, width // 2), max(1, height // 2)], [width - 1, height - 1, width, height]]
        )
        drawn = draw_boxes(np.zeros((height, width), np.uint8), Detections(box, np.float32([1.5, -12.25])))
        zoom = drawn.shape[0] // height
        assert drawn.shape == (height * zoom, width * zoom, 3)
        assert zoom == 16 or max(drawn.shape) >= LEAST_SIDE or max(height, width) < LEAST_SIDE / 16
        assert (drawn == (61, 220, 145)).all(axis=2).any()
    rgba = np.full((500, 500, 4), 90, np.uint8)
    assert draw_boxes(rgba, Detections.empty()).tolist() == rgba[:, :, :3].tolist()
    assert (rgba == 90).all()
    floats = np.float32([[np.nan, -1, 0.5, 2]]).repeat(500, axis=0).repeat(100, axis=1)
    assert np.unique(draw_boxes(floats, Detections.empty())).tolist() == [0, 128, 255]


def test_without_a_cascade_it_looks_for_faces(run: Run) -> None:
    picture("in/a.png")
    assert run("detect", "in", "-o", "out", "-q") == 0
    found = read_detections("out/detections.jsonl")
    assert found.params["cascade"] == "frontalface"
    assert found.params["min_neighbors"] == 1
    assert (found.scores >= found.params["score_threshold"]).all()
    assert found.class_names == {0: "face"}
    assert run("detect", "in", "-o", "other", "--class", "head", "-q") == 0
    assert read_detections("other/detections.jsonl").class_names == {0: "head"}


@pytest.mark.parametrize("cascade", ["lbp of scikit-image", "default"])
def test_real_faces_are_found(cascade: str, run: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data / "faces_dlib"
    options = []
    if cascade != "default":
        lbp = pytest.importorskip("skimage.data").lbp_frontal_face_cascade_filename()
        options = ["--cascade", lbp, "--class", "face", "--min-neighbors", "2"]
    assert run("detect", str(folder / "images"), *options, "-o", "out", "-q") == 0
    found = read_detections("out/detections.jsonl")
    lines = ["image,class,x,y,w,h"]
    for line in (folder / "faces.csv").read_text().splitlines()[1:]:
        name, *box, ignore = line.split(",")
        if name in found.image_names and ignore == "0":
            lines.append(",".join([name, "face", *box]))
    Path("truth.csv").write_text("\n".join(lines) + "\n")
    truth = read_detections("truth.csv")
    write_detections("truth.json", truth)
    for path in ("truth.csv", "truth.json"):
        assert run("evaluate", "out/detections.jsonl", path, "--iou", "0.3", "--json") == 0
        at = json.loads(capsys.readouterr().out)["at_score"]
        assert at["recall"] > 0.6
        assert at["precision"] > 0.6
