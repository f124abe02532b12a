"""``imgproc apply`` through standard input and output, and names of inputs from there."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, make, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc.io import read_image


class Stream(io.TextIOWrapper):
    """A standard stream with bytes below it."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), "utf-8")

    @property
    def content(self) -> bytes:
        self.flush()
        store = self.buffer
        assert isinstance(store, io.BytesIO)
        return store.getvalue()


def pipes(monkeypatch: pytest.MonkeyPatch, content: bytes | None = None) -> Stream:
    """Standard input with a photograph, or with other content; gives standard output."""
    if content is None:
        content = make("in.tif", dtype=np.uint16, dpi=(72.0, 72.0)).read_bytes()
    out = Stream()
    monkeypatch.setattr(sys, "stdin", Stream(content))
    monkeypatch.setattr(sys, "stdout", out)
    return out


@pytest.mark.parametrize("source", ["-", "in.tif"])
def test_an_image_goes_through(run: Run, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    out = pipes(monkeypatch)
    assert run("apply", "gamma:0.8", "autocontrast", source, "-o", "-") == 0
    before, after = read_image("in.tif"), read_image(out.content)
    expected = imgproc.autocontrast(imgproc.gamma_correct(before.pixels, 0.8))
    np.testing.assert_array_equal(after.pixels, expected, strict=True)
    assert (after.format, after.dpi) == ("tiff", before.dpi)


def test_the_format_is_the_one_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    out = pipes(monkeypatch)
    assert run("apply", "gamma:1", "-", "-o", "-", "--format", "png", "--strip") == 0
    after = read_image(out.content)
    assert (after.format, after.dpi, after.exif) == ("png", None, None)


def test_an_image_goes_to_a_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pipes(monkeypatch)
    assert run("apply", "gamma:1", "-", "-o", "new/out.png") == 0
    np.testing.assert_array_equal(read_image("new/out.png").pixels, read_image("in.tif").pixels)
    assert run("apply", "gamma:1", "-", "-o", "new/out.png") == 2
    assert "exists already" in capsys.readouterr().err
    assert out.content == b""


def test_a_bad_image_is_a_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipes(monkeypatch, b"no image")
    assert run("apply", "gamma:1", "-", "-o", "-") == 1
    assert capsys.readouterr().err.startswith("failed  standard input: the content is not a picture")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-"], "say where the result goes: -o FILE, or -o -"),
        (["-", "-o", "-", "--json"], "--json is for files"),
        (["-", "-o", "-", "--report"], "--report is for files"),
        (["-", "-o", "out.png", "--format", "png"], "--format is for files"),
        (["-", "-o", "-", "--format", "gif"], "--format must be one of"),
        (["-", "-o", "out"], "needs a file name to go to"),
        (["in.tif", "in.tif", "-o", "-"], "got 2 inputs"),
        (["*.tif", "-o", "-"], "got '*.tif'"),
        ([".", "-o", "-"], "got '.'"),
    ],
)
def test_what_one_image_cannot_have_is_refused(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    pipes(monkeypatch)
    assert run("apply", "gamma:1", *arguments) == 2
    assert sentence in capsys.readouterr().err


def test_names_of_inputs_come_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    make("in/a.png")
    make("in/b.png")
    pipes(monkeypatch, b"in/b.png\nin/a.png\n")
    assert run("apply", "gamma:1", "@-", "-o", "out") == 0
    assert outputs() == ["a.png", "b.png"]


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX systems")
def test_a_reader_that_leaves_is_no_traceback(run: Run) -> None:
    make("in.png", shape=(400, 600, 3))
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "imgproc", "apply", "gamma:1", "in.png", "-o", "-"]
    path = os.pathsep.join([str(Path(imgproc.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_metadata_and_times(run: Run) -> None:
    make("in/a.png", dpi=(72.0, 72.0))
    os.utime("in/a.png", (1e9, 1e9))
    assert run("apply", "gamma:1", "in", "-o", "out", "--keep-times") == 0
    assert (read_image("out/a.png").dpi, Path("out/a.png").stat().st_mtime) == (
        read_image("in/a.png").dpi,
        1e9,
    )
    assert run("apply", "gamma:1", "in", "--in-place", "--strip") == 0
    assert read_image("in/a.png").dpi is None
    assert Path("in/a.png").stat().st_mtime > 1e9
