"""``imgproc detect`` where something fails, is stopped, goes on, or is wrongly asked for."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from cascades import image, random_cascade
from command_line import Run, make, outputs, process

pytest.importorskip("cv2")
pytest.importorskip("typer")

from detect_runs import COMMAND, FORMATS, files, picture, prepare

from imgproc import DetectionSet, read_detections
from imgproc.cascade import Cascade
from imgproc.io import Picture, write_image


@pytest.fixture
def cascade(run: Run) -> Cascade:
    return prepare()


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
        (["-", "-o", "out"], "- is one image from standard input"),
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
    if "--cascade" not in arguments:
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
    for kind, name in (("yolo", "odd/.hidden.png"), ("yolo", "odd/classes.png")):
        assert run("detect", name, *COMMAND[2:], "--format", kind) == 2
        assert f"imgproc detect: {kind}: image names must be" in capsys.readouterr().err
        assert run("detect", name, *COMMAND[2:], "--overwrite", "-q") == 0
    assert not Path("out/labels").exists()
