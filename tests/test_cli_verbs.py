"""``imgproc ops``, ``imgproc demo`` and the module itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import Run, outputs, process

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc._core.parameters import Pair


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
            if isinstance(parameter.constraint, Pair):
                written = "/".join(parameter.constraint.names).upper()
                assert f"; a pair is written {written}; " in details
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
