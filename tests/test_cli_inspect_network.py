"""``imgproc inspect`` of networks: told from the file alone, whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx_files as onnx
import pytest
from command_line import Run
from tiny_networks import brightness_detector

pytest.importorskip("cv2")
pytest.importorskip("typer")


def test_what_a_network_takes_and_gives(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    brightness_detector("net.onnx", np.array([[0, 0, 8, 8]]), size=64)
    assert run("inspect", "net.onnx") == 0
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == "net.onnx"
    assert "format ONNX, opset 17, written by tests" in told
    assert "operators Conv, GlobalAveragePool, Reshape" in told
    assert "inputs images float32 N × 3 × 64 × 64" in told
    assert "outputs boxes float32 N × 1 × 4" in told and "scores float32 N × 1" in told
    assert run("inspect", "net.onnx", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["inputs"] == [{"name": "images", "shape": ["N", 3, 64, 64], "dtype": "float32"}]
    assert facts["opset"] == 17 and facts["bytes"] == Path("net.onnx").stat().st_size


def test_names_that_could_act_on_a_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.onnx").write_bytes(onnx.scaled(name="x\x1b[2J", shape=(None, "a\nb")))
    assert run("inspect", "odd.onnx") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told and "x\\x1b[2J" in told and "any × a\\nb" in told


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("missing.onnx", [], "cannot be read: no such file"),
        ("broken.onnx", [], "broken.onnx: "),
        ("net.onnx", ["-o", "a.png"], "-o and --on are for cascades"),
    ],
)
def test_refusals(
    name: str, more: list[str], sentence: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.onnx").write_bytes(b"\xff" * 40)
    Path("net.onnx").write_bytes(onnx.scaled())
    assert run("inspect", name, *more) == 2
    assert sentence in capsys.readouterr().err
