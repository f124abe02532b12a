"""``imgproc detect`` as users run it: what is found, and where it is written."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cascades import image, random_cascade
from command_line import Run, make, outputs, process
from pages import Page

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import Detections, DetectionSet, read_detections, write_detections
from imgproc.cascade import Cascade
from imgproc.cli.drawing import LEAST_SIDE, draw_boxes
from imgproc.io import Picture, read_image, write_image

COMMAND = ("detect", "in", "--cascade", "c.xml", "-o", "out")
FORMATS = {
    "jsonl": "detections.jsonl",
    "csv": "detections.csv",
    "coco": "detections.json",
    "json": "detections.json",
    "yolo": "labels",
    "voc": "labels",
}


def picture(name: str, *, height: int = 40, width: int = 50, seed: int = 1, **facts: Any) -> np.ndarray:
    pixels = image(seed, height, width)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    write_image(name, Picture(pixels, **facts), overwrite=True)
    return pixels


def files(root: str | Path = ".") -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(root).rglob("*")) if path.is_file()}


@pytest.fixture
def cascade(run: Run) -> Cascade:
    """In c.xml, beside a folder of two images, and one in a folder below it that is called as another."""
    cascade = random_cascade(2)
    cascade.save("c.xml")
    picture("in/a.png", seed=1)
    picture("in/b.png", seed=3)
    picture("in/sub/a.png", seed=5)
    return Cascade.load("c.xml")


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


def test_one_bad_file_never_stops_the_batch(
    cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Path("in/b.png").read_bytes()
    Path("in/aa.png").write_bytes(whole[: len(whole) // 2])
    Path("in/empty.jpg").touch()
    Path("in/notes.txt").write_text("no image")
    assert run(*COMMAND, "--json", "--annotate") == 1
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["processed"], summary["failed"]) == (2, 2)
    assert "failed  in/aa.png: " in err
    assert "failed  in/empty.jpg: the file is empty\n" in err
    assert read_detections("out/detections.jsonl").image_names == ("a.png", "b.png")
    assert outputs("out/annotated") == ["a.png", "b.png"]
    for copy in range(20):
        shutil.copy("in/b.png", f"in/c{copy}.png")
    assert run(*COMMAND[:-1], "fast", "--fail-fast", "-j", "1", "--json") == 1
    assert json.loads(capsys.readouterr().out)["unfinished"] >= 16


def test_all_bad_leaves_no_folder(cascade: Cascade, run: Run) -> None:
    Path("bad").mkdir()
    Path("bad/a.png").touch()
    assert run("detect", "bad", *COMMAND[2:-1], "new/out") == 1
    assert not Path("new").exists()


def test_images_smaller_than_the_window(cascade: Cascade, run: Run) -> None:
    make("small/one.png", shape=(1, 1))
    picture("small/under.png", height=10, width=9)
    picture("small/equal.png", height=11, width=9)
    assert run("detect", "small", *COMMAND[2:], "--annotate", "--crops", "--report", "-q") == 0
    found = read_detections("out/detections.jsonl")
    assert found.image_names == ("equal.png", "one.png", "under.png")
    assert {found.image_names[row] for row in found.images} <= {"equal.png"}
    assert outputs("out/annotated") == ["equal.png", "one.png", "under.png"]


@pytest.mark.parametrize("kind", FORMATS)
def test_skip_existing_continues(
    cascade: Cascade, run: Run, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*COMMAND, "-r", "--format", kind, "--annotate", "--crops", "--min-neighbors", "1", "--json"]
    assert run(*command) == 0
    capsys.readouterr()
    whole = files("out")
    assert run(*command) == 2
    assert "outputs exist already" in capsys.readouterr().err
    assert run(*command, "--skip-existing") == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == 3
    assert files("out") == whole
    # As after a run that was stopped: one picture is missing, and all that comes of another image.
    Path("out/annotated/sub/a.png").unlink()
    shutil.move("in/b.png", "b.png")
    shutil.rmtree("out")
    assert run(*command) == 0
    shutil.move("b.png", "in/b.png")
    Path("out/annotated/sub/a.png").unlink()
    capsys.readouterr()
    assert run(*command, "--skip-existing") == 0
    summary = json.loads(capsys.readouterr().out)
    assert {result["image"]: result["status"] for result in summary["results"]} == {
        "a.png": "skipped",
        "b.png": "done",
        "sub/a.png": "done",
    }
    assert files("out") == whole


def test_runs_that_do_not_belong_together_are_not_joined(
    cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*COMMAND, "-q") == 0
    for options, sentence in (
        (["--min-neighbors", "5"], "was made with min_neighbors 3, now 5; say --overwrite"),
        (["--class", "face"], "holds other detections than of 'face'"),
        (["--cascade", "d.xml"], "was made with cascade 'c.xml', now 'd.xml'"),
    ):
        random_cascade(7).save("d.xml", overwrite=True)
        assert run(*COMMAND, "--skip-existing", *options) == 2
        assert sentence in capsys.readouterr().err
    assert run(*COMMAND[:-1], "y", "--format", "yolo", "-q") == 0
    assert run(*COMMAND[:-1], "y", "--format", "yolo", "--class", "face", "--skip-existing") == 2
    assert "names other classes than 'face'" in capsys.readouterr().err
    Path("out/detections.jsonl").write_text("broken")
    assert run(*COMMAND, "--skip-existing") == 2
    assert "file out/detections.jsonl: line 1 must be JSON" in capsys.readouterr().err


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


def test_real_faces_are_found(run: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lbp = pytest.importorskip("skimage.data").lbp_frontal_face_cascade_filename()
    folder = data / "faces_dlib"
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


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
def test_an_interruption_keeps_what_is_done(tmp_path: Path) -> None:
    random_cascade(2).save(tmp_path / "c.xml")
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in/000.png", Picture(image(1, 200, 300)))
    for copy in range(1, 400):
        os.link(tmp_path / "in/000.png", tmp_path / f"in/{copy:03}.png")
    with process(*COMMAND, "-j", "2", "-v", "--json", cwd=tmp_path) as child:
        assert child.stderr is not None
        for _ in range(3):
            assert child.stderr.readline().startswith("done")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 128 + signal.SIGINT
    summary = json.loads(out)
    assert 3 <= summary["processed"] < 400
    assert "--skip-existing continues" in err
    found = read_detections(tmp_path / "out/detections.jsonl")
    assert len(found.image_names) == summary["processed"]


@pytest.mark.parametrize("kind", ["jsonl", "voc"])
def test_what_is_done_is_written_from_time_to_time(
    cascade: Cascade, run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imgproc.cli import results

    saved: list[int] = []
    write = results.write_detections

    def counted(path: Path, found: DetectionSet, **options: Any) -> None:
        saved.append(len(found.image_names))
        write(path, found, **options)

    monkeypatch.setattr(results, "write_detections", counted)
    monkeypatch.setattr(results, "_SECONDS", 0.0)
    assert run(*COMMAND, "-r", "-q", "--format", kind) == 0
    assert saved == ([1, 2, 3] if kind == "jsonl" else [1, 1, 1])
    assert len(read_detections(f"out/{FORMATS[kind]}").image_names) == 3


def test_a_full_disk_is_told_and_1(
    cascade: Cascade, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("imgproc.cli.results.write_detections", full)
    assert run(*COMMAND) == 1
    err = capsys.readouterr().err
    assert (
        err.count("the detections 'out/detections.jsonl' cannot be written: no space left on device\n") == 1
    )
    monkeypatch.setattr("imgproc.cli.batch.write_image", full)
    assert run(*COMMAND, "--annotate") == 1
    assert "in/a.png: cannot write out/annotated/a.png: no space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["in", "-o", "out"], "name a cascade with --cascade FILE; OpenCV's own XML files are read"),
        (["in", "-o", "out", "--cascade", "none.xml"], "the cascade 'none.xml' cannot be read: no such file"),
        (["in", "-o", "out", "--cascade", "in"], "the cascade 'in' cannot be read: is a directory"),
        (["in", "-o", "out", "--cascade", "bomb.xml"], "file bomb.xml"),
        (["in", "-o", "out", "--cascade", "cut.xml"], "file cut.xml"),
        (["in", "-o", "out", "--cascade", "in/a.png"], "file in/a.png"),
        (["in"], "say where the results go: -o FOLDER"),
        (["in", "-o", "in"], "the output folder 'in' is the input folder; name another\n"),
        (["in", "-o", "in/out"], "lies inside the input folder"),
        (["in", "-o", "c.xml"], "the output 'c.xml' is a file"),
        (["in", "-o", "full"], "1 of the outputs exist already, 'full/detections.jsonl' first"),
        (
            ["in", "-o", "full", "--annotate", "--format", "csv"],
            "1 of the outputs exist already, 'full/annotated",
        ),
        (["in", "-o", "full", "--crops", "--format", "csv"], "'full/crops/a_001.png' first"),
        (["in", "-o", "out", "--skip-existing", "--overwrite"], "exclude each other"),
        (["in", "other", "-o", "out"], "'in/a.png' and 'other/a.png' would both be called 'a.png'"),
        (["missing", "-o", "out"], "there is no file or folder 'missing'"),
        (["hollow", "-o", "out"], "no image found in hollow; -r reaches into subfolders"),
        (["-", "-o", "out"], "standard input is not read"),
        (["full/crops", "-o", "full", "--crops", "--overwrite"], "lies where the results go"),
        (["in", "-o", "out", "--format", "xls"], "--format must be one of jsonl, json, csv, coco, yolo, voc"),
        (
            ["in", "-o", "out", "--scale-factor", "1"],
            "--scale-factor must be a number > 1 and <= 1e+06, got '1'",
        ),
        (["in", "-o", "out", "--scale-factor", "nan"], "--scale-factor must be a number > 1 and <= 1e+06"),
        (["in", "-o", "out", "--scale-factor", "x"], "--scale-factor must be a number > 1 and <= 1e+06"),
        (["in", "-o", "out", "--min-neighbors", "-1"], "--min-neighbors must be an integer >= 0"),
        (["in", "-o", "out", "--min-size", "0"], "--min-size must be an integer >= 1"),
        (["in", "-o", "out", "--min-size", "3x4x5"], "--min-size must be an integer >= 1"),
        (["in", "-o", "out", "--min-size", "9", "--max-size", "8"], "--max-size must be at least --min-size"),
        (["in", "-o", "out", "--step", "65"], "--step must be an integer >= 1 and <= 64, got '65'"),
        (["in", "-o", "out", "--score-threshold", "inf"], "--score-threshold must be a number, got 'inf'"),
        (["in", "-o", "out", "--class", " "], "--class must be a name that prints"),
        (["in", "-o", "out", "--report", "mine.html"], "is no report of imgproc"),
    ],
)
@pytest.mark.usefixtures("cascade")
def test_wrong_usage_is_one_sentence_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    picture("other/a.png")
    picture("full/annotated/a.png")
    picture("full/crops/a_001.png")
    Path("full/detections.jsonl").touch()
    Path("hollow").mkdir()
    Path("mine.html").write_text("mine")
    Path("bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "cc">]><opencv_storage>&b;</opencv_storage>')
    Path("cut.xml").write_text(Path("c.xml").read_text()[:2000])
    if "--cascade" not in arguments and "name a cascade" not in sentence:
        arguments = [*arguments, "--cascade", "c.xml"]
    before = files()
    assert run("detect", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("imgproc detect: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert files() == before


def test_names_that_a_format_cannot_hold(
    run: Run, capsys: pytest.CaptureFixture[str], cascade: Cascade
) -> None:
    picture("odd/.hidden.png")
    picture("odd/classes.png")
    try:
        picture("odd/new\rline.png")
    except OSError:
        pytest.skip("the file system refuses such names")
    for kind, name in (
        ("yolo", "odd/.hidden.png"),
        ("yolo", "odd/classes.png"),
        ("csv", "odd/new\rline.png"),
    ):
        assert run("detect", name, *COMMAND[2:], "--format", kind) == 2
        assert f"imgproc detect: {kind}: image names must be" in capsys.readouterr().err
        assert run("detect", name, *COMMAND[2:], "--overwrite", "-q") == 0
    assert not Path("out/labels").exists()
