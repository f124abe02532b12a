"""Wrong usage of the command line: one sentence, status 2, nothing written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import Run, make, process

pytest.importorskip("cv2")
pytest.importorskip("typer")


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
        (["gamma:0.8", "in/a.png", "-o", "b.gif"], "'.gif' of the output 'b.gif' belongs to no format that"),
        (["gamma:0.8", "in/a.png", "-o", "b.HEIC"], "(.jpg, .jpeg, "),
        (["gamma:0.8", "other", "-o", "in/page.html/sub"], "'in/page.html/sub' cannot be made: "),
        (["gamma:0.8", "phots", "-o", "out"], "there is no file or folder 'phots'\n"),
        (["gamma:0.8", "nofile.jpg", "-o", "out"], "there is no file or folder 'nofile.jpg'\n"),
        (["gamma:0.8", "gray-wrld", "-o", "out"], "'gray-wrld'; did you mean the operation gray-world?"),
        (["rgb-to-gray", "gray-world", "in", "-o", "out"], "gray-world takes RGB or RGBA"),
        (["gamma:0.8", "-", "-o", "out"], "needs a file name to go to"),
        (["gamma:0.8", "in", "-", "-o", "out"], "- is one image from standard input"),
        (["gamma:0.8", "@none.txt", "-o", "out"], "the list 'none.txt' cannot be read: "),
        (["gamma:0.8", "@in/page.html", "-o", "out"], "the list 'in/page.html' names nothing"),
        (
            ["gamma:0.8", "in", "-o", "out", "--report", "in/page.html"],
            "'in/page.html' exists and is no report of imgproc",
        ),
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
    assert not Path("out").exists()


def test_options_are_checked(run: Run) -> None:
    make("in/a.png")
    assert run("apply", "gamma:1", "in", "-o", "out", "-j", "0") == 2
    assert run("apply", "gamma:1", "in", "-o", "out", "--quality", "101") == 2
    assert run("apply") == 2
    assert run("nonsense") == 2
    assert not Path("out").exists()


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


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("IMGPROC_CPU_LEVEL", "nonsense", "imgproc: IMGPROC_CPU_LEVEL must be one of"),
        ("IMGPROC_NUM_THREADS", "0", "imgproc: IMGPROC_NUM_THREADS must be"),
    ],
)
def test_wrong_environment_variables_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with process("ops", cwd=tmp_path) as child:
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (2, "")
    assert err.startswith(sentence)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("raise ImportError('libGL.so.1: cannot open shared object file')", "libGL.so.1: cannot open"),
        ("__version__ = '4.9.0'", "needs OpenCV 4.13 or newer, got 4.9.0"),
    ],
)
def test_an_opencv_that_does_not_serve_is_one_sentence(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, module: str, sentence: str
) -> None:
    Path("cv2.py").write_text(module)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.delitem(sys.modules, "cv2")
    assert run("ops") == 2
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sentence in err


def test_output_that_cannot_show_a_sign_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "é ✓.png")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with process("apply", "gamma:1", "é ✓.png", "-o", "out", "--dry-run", cwd=tmp_path) as child:
        out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert "\\xe9 \\u2713.png -> out" in out
    with process("demo", "-o", "é", cwd=tmp_path) as child:
        out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert "\\xe9/results" in out
