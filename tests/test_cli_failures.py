"""Images that fail, odd names, interruptions: the rest of the batch is done, and nothing is half written."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from command_line import Run, make, outputs, process

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc.io import Picture, read_image

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and permissions of POSIX systems")


def test_fail_fast_stops(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    Path("in/a.png").write_bytes(b"")
    for number in range(30):
        make(f"in/b{number}.png")
    assert run("apply", "gamma:0.5", "in", "-o", "out", "--fail-fast", "-j", "1", "--json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == 1
    assert summary["processed"] + summary["unfinished"] == 30
    assert summary["unfinished"] >= 26


def test_one_bad_file_never_stops_the_batch(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    good = [make(name) for name in ("in/a.jpg", "in/b.PNG", "in/sub/c.tiff", "in/Ünïcode ✓ 'x'.webp")]
    whole = make("in/whole.png", shape=(64, 64, 3)).read_bytes()
    Path("in/whole.png").unlink()
    Path("in/truncated.png").write_bytes(whole[: len(whole) // 2])
    Path("in/empty.jpg").write_bytes(b"")
    Path("in/misnamed.jpg").write_bytes(whole)
    Path("in/text.png").write_text("not an image")
    Path("in/notes.txt").write_text("not an image either")
    Path("in/folder.png").mkdir()
    failures = {
        "in/truncated.png": "",
        "in/empty.jpg": "the file is empty",
        "in/misnamed.jpg": "rename it",
        "in/text.png": "not a picture",
        "in/notes.txt": "not a picture",
    }
    if os.name == "posix":
        Path("in/self.jpg").symlink_to("self.jpg")
        Path("in/gone.jpg").symlink_to("nowhere")
        Path("in/around").symlink_to(".")
        os.mkfifo("in/pipe.png")
        failures |= {
            "in/self.jpg": "leads back to itself",
            "in/gone.jpg": "no such file",
            "in/pipe.png": "it is not a file",
        }
    if os.name == "posix" and os.geteuid() != 0:
        make("in/secret.png").chmod(0)
        failures["in/secret.png"] = "permission denied"
    assert run("apply", "gamma:0.8", "in", "in/notes.txt", "-r", "-o", "out", "--json") == 1
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["processed"], summary["failed"]) == (len(good), len(failures))
    assert {r["input"] for r in summary["results"] if r["status"] == "done"} == {str(path) for path in good}
    errors = {r["input"]: r["error"] for r in summary["results"] if r["status"] == "failed"}
    assert errors.keys() == failures.keys()
    for name, cause in failures.items():
        assert cause in errors[name]
        assert f"failed  {name}: " in err
    assert len(outputs()) == len(good)


def test_a_file_that_may_not_be_read(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("in/a.png")
    make("in/b.png")
    from imgproc.cli import batch

    def guarded(path: Path) -> Picture:
        if path.name == "a.png":
            raise PermissionError(13, "Permission denied", str(path))
        return read_image(path)

    monkeypatch.setattr(batch, "read_image", guarded)  # tests may run as root, whom no permission stops
    assert run("apply", "gamma:0.8", "in", "-o", "out") == 1
    assert "failed  in/a.png: permission denied" in capsys.readouterr().err
    assert outputs() == ["b.png"]


def test_an_operation_that_does_not_take_an_image_fails_it(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make("in/gray.png", shape=(8, 9))
    make("in/rgb.png")
    assert run("apply", "rgb-to-yuv", "in", "-o", "out") == 1
    assert "failed  in/gray.png: gray image; rgb-to-yuv takes RGB or RGBA\n" in capsys.readouterr().err
    assert outputs() == ["rgb.png"]


def test_a_gray_result_is_no_ppm_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("a.ppm")
    assert run("apply", "rgb-to-gray", "a.ppm", "-o", "out") == 1
    assert "write PGM (--format pgm on the command line)" in capsys.readouterr().err
    assert run("apply", "rgb-to-gray", "a.ppm", "-o", "out", "--format", "pgm") == 0
    assert outputs() == ["a.pgm"]


def test_names_cannot_act_on_the_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    name = "in/a\x1b[31m\n\u202egnp.png"
    try:
        Path("in").mkdir()
        Path(name).write_bytes(b"")
    except OSError:
        pytest.skip("the file system refuses such names")
    assert run("apply", "gamma:0.8", "in", "-o", "out", "-v") == 1
    assert "in/a\\x1b[31m\\n\\u202egnp.png: the file is empty" in capsys.readouterr().err


@POSIX
def test_names_that_are_no_text(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    try:
        with open(b"in/\xff.png", "wb"):
            pass
    except OSError:
        pytest.skip("the file system refuses such names")
    assert run("apply", "gamma:0.8", "in", "-o", "out", "--json", "--report") == 1
    assert json.loads(capsys.readouterr().out)["failed"] == 1
    assert "\\udcff.png" in Path("out/report.html").read_text("utf-8")


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_done(tmp_path: Path, number: signal.Signals) -> None:
    make(tmp_path / "in/000.png", shape=(600, 800, 3))
    for copy in range(1, 400):
        os.link(tmp_path / "in/000.png", tmp_path / f"in/{copy:03}.png")
    with process("apply", "gamma:0.8", "in", "-o", "out", "-j", "2", "-v", "--json", cwd=tmp_path) as child:
        assert child.stderr is not None
        for _ in range(3):
            assert child.stderr.readline().startswith("done")
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    summary = json.loads(out)
    assert summary["interrupted"]
    assert 3 <= summary["processed"] < 400
    assert summary["processed"] + summary["unfinished"] == 400
    assert f"interrupted: {summary['processed']} done in" in err
    written = outputs(tmp_path / "out")
    assert written == [f"{index:03}.png" for index in range(summary["processed"])]
    for name in written:
        assert read_image(tmp_path / "out" / name).pixels.shape == (600, 800, 3)


@POSIX
def test_a_kill_leaves_no_half_file(tmp_path: Path) -> None:
    make(tmp_path / "in/000.png", shape=(600, 800, 3))
    for copy in range(1, 400):
        os.link(tmp_path / "in/000.png", tmp_path / f"in/{copy:03}.png")
    for round_ in range(3):
        out = f"out{round_}"
        with process("apply", "gamma:0.8", "in", "-o", out, "-j", "2", "-v", cwd=tmp_path) as child:
            assert child.stderr is not None
            for _ in range(2 + round_):
                assert child.stderr.readline().startswith("done")
            child.kill()
            child.communicate(timeout=60)
        visible = [name for name in outputs(tmp_path / out) if not name.startswith(".")]
        assert len(visible) >= 2 + round_
        for name in visible:
            assert read_image(tmp_path / out / name).pixels.shape == (600, 800, 3)
        # What may be left is hidden, is no image by its name, and does not stop the next run.
        assert all(name.endswith(".part") for name in set(outputs(tmp_path / out)) - set(visible))


def test_hostile_and_standard_images(run: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(
            "apply",
            "gamma:0.8",
            str(data / "robustness_images"),
            str(data / "pngsuite"),
            "-o",
            "out",
            "--json",
        )
        == 1
    )
    summary = json.loads(capsys.readouterr().out)
    good = {Path(result["output"]) for result in summary["results"] if result["status"] == "done"}
    assert good == {path for path in Path("out").rglob("*") if path.is_file()}
    for path in good:
        read_image(path)
    assert all(result["error"] for result in summary["results"] if result["status"] == "failed")


def test_an_output_that_cannot_be_written_is_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    make("in/sub/b.png")
    Path("out").mkdir()
    Path("out/sub").touch()
    assert run("apply", "gamma:0.5", "in", "-r", "-o", "out") == 1
    assert "failed  in/sub/b.png: cannot write out/sub/b.png: " in capsys.readouterr().err
    assert outputs() == ["a.png", "sub"]


def test_a_full_disk_is_the_fault_of_the_output(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("in/a.png")
    from imgproc.cli import batch

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(batch, "write_image", full)
    assert run("apply", "gamma:0.5", "in", "-o", "out/deep") == 1
    assert "in/a.png: cannot write out/deep/a.png: no space left on device\n" in capsys.readouterr().err
    assert not Path("out").exists()


def test_where_all_fail_no_empty_folder_stays(run: Run) -> None:
    make("in/sub/rgba.png", shape=(5, 6, 4))
    assert run("apply", "gamma:0.5", "in", "-r", "-o", "new/out", "--format", "jpg") == 1
    assert not Path("new").exists()
