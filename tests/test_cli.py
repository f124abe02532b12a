"""The command line as users run it: real files, real processes where signals and exit codes matter."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc.cli import main
from imgproc.io import Picture, read_image, write_image

Run = Callable[..., int]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and permissions of POSIX systems")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``imgproc`` in a fresh folder, in this process; gives the exit status."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        return int(ending.value.code or 0)

    return call


def make(
    path: str | Path,
    *,
    shape: tuple[int, ...] = (12, 16, 3),
    dtype: type = np.uint8,
    seed: int = 0,
    **facts: Any,
) -> Path:
    rng = np.random.default_rng(seed)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    top = 0.8 if dtype is np.float32 else np.iinfo(dtype).max * 0.8
    write_image(path, Picture((rng.uniform(0.2, 1, shape) * top).astype(dtype), **facts), overwrite=True)
    return path


def outputs(folder: str | Path = "out") -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if not path.is_dir()
    )


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """``python -m imgproc`` that finds the package this process has found."""
    paths = [str(Path(imgproc.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "imgproc", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        **options,
    )


def test_a_chain_is_what_the_functions_give(run: Run) -> None:
    make("in/a.png")
    make("in/sub/b.tif", dtype=np.uint16, seed=1)
    assert run("apply", "autocontrast:cutoff=1", "gray-world", "gamma:0.8", "in", "-r", "-o", "out") == 0
    assert outputs() == ["a.png", "sub/b.tif"]
    for name in outputs():
        image = read_image(f"in/{name}").pixels
        expected = imgproc.gamma_correct(imgproc.gray_world(imgproc.autocontrast(image, cutoff=1)), 0.8)
        np.testing.assert_array_equal(read_image(f"out/{name}").pixels, expected, strict=True)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("a.png", (9, 11), np.uint8),
        ("a.png", (9, 11), np.uint16),
        ("a.png", (9, 11, 4), np.uint16),
        ("a.tif", (9, 11, 3), np.float32),
        ("a.webp", (9, 11, 4), np.uint8),
        ("a.bmp", (9, 11, 3), np.uint8),
        ("a.ppm", (9, 11, 3), np.uint16),
        ("a.jpg", (9, 11), np.uint8),
    ],
)
def test_depth_alpha_and_metadata_are_kept(run: Run, name: str, shape: tuple[int, ...], dtype: type) -> None:
    make(name, shape=shape, dtype=dtype, dpi=(72.0, 72.0))
    before = read_image(name)
    assert run("apply", "gamma:0.8", name, "-o", "out") == 0
    after = read_image(f"out/{name}")
    assert (after.pixels.shape, after.pixels.dtype) == (before.pixels.shape, before.pixels.dtype)
    assert (after.exif, after.icc, after.dpi) == (before.exif, before.icc, before.dpi)
    if shape[-1] == 4 and name != "a.webp":
        np.testing.assert_array_equal(after.pixels[..., 3], before.pixels[..., 3])


def test_results_do_not_depend_on_the_number_of_workers(run: Run) -> None:
    for seed in range(7):
        make(f"in/{seed}.jpg", shape=(40, 60, 3), seed=seed)
    for jobs in ("1", "2", "5"):
        assert run("apply", "autocontrast", "clahe:tiles=2x3", "in", "-o", f"out{jobs}", "-j", jobs) == 0
    assert outputs("out1") == outputs("out2") == outputs("out5")
    for name in outputs("out1"):
        assert (
            Path("out1", name).read_bytes()
            == Path("out2", name).read_bytes()
            == Path("out5", name).read_bytes()
        )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gama:0.8", "in", "-o", "out"], "did you mean gamma?"),
        (["gamma:0", "in", "-o", "out"], "gamma_correct: gamma must be a number > 0, got 0.0"),
        (["gamma:0.8", "in"], "say where the results go: -o FOLDER, or --in-place"),
        (["gamma:0.8", "in", "-o", "out", "--in-place"], "leave out -o"),
        (["gamma:0.8", "-o", "out"], "name at least one file"),
        (["in", "-o", "out"], "name at least one operation before the inputs"),
        (["gamma:0.8", "missing/", "-o", "out"], "there is no file or folder 'missing/'"),
        (["gamma:0.8", "in", "gray-world", "-o", "out"], "comes after an input"),
        (["gamma:0.8", "in", "-o", "in/out"], "lies inside the input folder"),
        (["gamma:0.8", "in", "-o", "in"], "--in-place to replace"),
        (["gamma:0.8", "in", "other", "-o", "out"], "would both be written to"),
        (["gamma:0.8", "in", "-o", "in/a.png"], "is a file; name a folder"),
        (["gamma:0.8", "in/*.gif", "-o", "out"], "no image matches"),
        (["gamma:0.8", "in", "-o", "full"], "1 of 1 outputs exist already"),
        (["gamma:0.8", "in", "-o", "full", "--skip-existing", "--overwrite"], "exclude each other"),
        (["gamma:0.8", "in", "--in-place", "--skip-existing"], "exclude each other"),
        (["gamma:0.8", "in", "-o", "out", "--format", "gif"], "--format must be one of jpeg, png"),
        (["gamma:0.8", "in", "-o", "out", "--suffix", "a/b"], "--suffix is a part of a file name"),
        (
            ["gamma:0.8", "in", "-o", "out", "--report", "in/page.html", "in/page.html"],
            "would overwrite an input",
        ),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    for name in ("in/a.png", "other/a.png", "full/a.png"):
        make(name)
    Path("in/page.html").touch()
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert run("apply", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("imgproc apply: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_options_are_checked(run: Run) -> None:
    make("in/a.png")
    assert run("apply", "gamma:1", "in", "-o", "out", "-j", "0") == 2
    assert run("apply", "gamma:1", "in", "-o", "out", "--quality", "101") == 2
    assert run("apply") == 2
    assert run("nonsense") == 2
    assert not Path("out").exists()


def test_existing_outputs(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    make("in/b.png")
    assert run("apply", "gamma:0.5", "in", "-o", "out") == 0
    first = Path("out/a.png").read_bytes()
    Path("out/b.png").unlink()
    assert run("apply", "gamma:2", "in", "-o", "out", "--skip-existing", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["processed"], summary["skipped"], summary["failed"]) == (1, 1, 0)
    assert [result["status"] for result in summary["results"]] == ["skipped", "done"]
    assert Path("out/a.png").read_bytes() == first
    assert run("apply", "gamma:2", "in", "-o", "out", "--overwrite") == 0
    assert Path("out/a.png").read_bytes() != first


def test_in_place(run: Run) -> None:
    file = make("in/a.png")
    expected = imgproc.gamma_correct(read_image(file).pixels, 0.5)
    assert run("apply", "gamma:0.5", "in", "--in-place") == 0
    np.testing.assert_array_equal(read_image(file).pixels, expected)
    assert outputs("in") == ["a.png"]


def test_one_file_to_one_file_in_another_format(run: Run) -> None:
    make("a.png")
    assert run("apply", "gamma:0.5", "a.png", "-o", "b.tif") == 0
    assert read_image("b.tif").format == "tiff"
    assert run("apply", "gamma:0.5", "a.png", "-o", "out", "--suffix", "_x", "--format", "webp") == 0
    assert outputs() == ["a_x.webp"]


def test_dry_run_lists_and_writes_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    make("in/b.png")
    make("out/b.png")
    Path("in/c.jpg").write_bytes(b"")
    assert run("apply", "gamma:0.5", "in", "-o", "out", "--dry-run", "--skip-existing") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("in/a.png -> out/a.png  (")
    assert lines[1] == "in/b.png -> out/b.png  (skipped)"
    assert lines[2] == "in/c.jpg -> out/c.jpg  (the file is empty)"
    assert outputs() == ["b.png"]
    assert run("apply", "gamma:0.5", "in/a.png", "-o", "out", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["planned"] == 1


def test_loudness(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    Path("in/b.png").write_bytes(b"")
    said = {}
    for option in ("-q", "-v", "--overwrite"):
        assert run("apply", "gamma:0.5", "in", "-o", "out", "--overwrite", option) == 1
        out, said[option] = capsys.readouterr()
        assert out == ""
        assert "failed  in/b.png: the file is empty\n" in said[option]
    assert len(said["-q"].splitlines()) == 1
    assert "done    in/a.png -> out/a.png (" in said["-v"]
    assert said["--overwrite"].splitlines()[1].startswith("1 done, 1 failed in ")


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
    assert run("apply", "gray-world", "in", "-o", "out") == 1
    assert "failed  in/gray.png: gray_world: image must be of shape" in capsys.readouterr().err
    assert outputs() == ["rgb.png"]


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


def test_without_the_extra_one_sentence_says_what_to_install(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith("imgproc.cli."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "typer", None)
    assert run("ops") == 2
    assert (
        capsys.readouterr().err
        == 'imgproc: the command line needs typer; pip install "imgproc-toolkit[cli]"\n'
    )


def test_the_module_runs(tmp_path: Path) -> None:
    with process("--version", cwd=tmp_path) as child:
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (0, f"imgproc {imgproc.__version__}\n", "")


def test_ops_lists_every_operation(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ops", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    operations = imgproc.operations()
    assert {entry["function"] for entry in listed} == {f"imgproc.{name}" for name in operations}
    assert run("ops") == 0
    text = capsys.readouterr().out
    for operation in operations.values():
        assert f"  {operation.command}: " in text
        assert run("ops", operation.command) == 0
        details = capsys.readouterr().out
        for parameter in operation.parameters.values():
            assert f"  {parameter.name}: {parameter.constraint}; " in details
    assert run("ops", "gama") == 2
    assert "did you mean gamma?" in capsys.readouterr().err


def test_ops_as_a_table(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    assert run("ops") == 0
    text = capsys.readouterr().out
    assert all(operation.command in text for operation in imgproc.operations().values())


def test_demo(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "-o", "show") == 0
    out = capsys.readouterr().out
    page = Path(out.splitlines()[-1].removeprefix("Report: "))
    assert page == Path("show/report.html").resolve()
    assert page.stat().st_size > 100_000
    assert outputs("show/results") == outputs("show/samples")
    shutil.rmtree("show/results")
    assert run("demo", "-o", "show") == 0  # an earlier demo's folder may be filled again
    Path("mine").mkdir()
    Path("mine/file").touch()
    assert run("demo", "-o", "mine") == 2
    assert outputs("mine") == ["file"]
    assert "is not a demo's" in capsys.readouterr().err


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
