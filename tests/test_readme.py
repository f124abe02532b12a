"""The README stays true: its examples run, and its table of operations is the registry."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import imgproc

README = Path(__file__).parents[1] / "README.md"
NAMES = {1: "gray", 3: "RGB", 4: "RGBA"}


def operations_table() -> str:
    rows = [
        "| Python | command line | parameters | images | what it does |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, op in imgproc.operations().items():
        parameters = ", ".join(
            f"`{p.name}`" + ("" if p.required else f" = {p.default}") for p in op.parameters.values()
        )
        command = f"`{op.command}`" if op.result == "image" else "–"
        images = ", ".join(NAMES[count] for count in op.channels)
        summary = op.summary.rstrip(".").replace("|", "\\|").replace("``", "`")
        rows.append(f"| `{name}` | {command} | {parameters or '–'} | {images} | {summary} |")
    return "\n".join(rows)


def test_operations_table() -> None:
    text = README.read_text("utf-8")
    found = re.search(r"<!-- operations -->\n(.*?)\n?<!-- /operations -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == operations_table(), f"the table should be:\n{operations_table()}"


@pytest.mark.parametrize(("mark", "function"), [("speed", "table"), ("counted", "counted_table")])
def test_tables_of_speed_are_the_measured_results(mark: str, function: str) -> None:
    summary = runpy.run_path(str(README.parent / "benchmarks" / "summary.py"))
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1] == summary[function](), "python -m benchmarks.summary prints the tables"


def test_the_chart_of_speed_shows_the_measured_results() -> None:
    summary = runpy.run_path(str(README.parent / "benchmarks" / "summary.py"))
    assert "(benchmarks/results/speed.svg)" in README.read_text("utf-8")
    chart = (README.parent / "benchmarks" / "results" / "speed.svg").read_text("utf-8")
    shown = re.findall(r">([\d.]+× [^<]+)</text>", chart)
    assert shown == [f"{row['ratio']:.1f}× {row['rival']}" for row in summary["charted"]()][::-1], (
        "python -m benchmarks.summary draws the chart"
    )


def test_the_growth_with_the_radius_is_the_measured_one() -> None:
    results = README.parent / "benchmarks" / "results" / "radius.json"
    report = json.loads(results.read_text("utf-8"))
    five, last = report["radii"].index(5), report["radii"].index(200)
    most = max(times[last] / times[five] for times in report["nanoseconds"].values())
    assert f"the time for a pixel by at most {most:.1f}." in README.read_text("utf-8")


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text("utf-8"))
    assert len(pictures) >= 5
    for name in pictures:
        assert (README.parent / name).is_file(), name


def test_examples_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 3
    scope: dict[str, object] = {}
    for block in blocks:
        exec(block, scope)  # one after the other, as a reader would type them


def test_commands_name_what_exists() -> None:
    text = README.read_text("utf-8")
    known = {op.command for op in imgproc.operations().values()}
    for line in re.findall(r"^imgproc apply (.*)$", text, re.MULTILINE):
        for word in line.split():
            if "/" in word or word.startswith("-"):
                break
            assert word.split(":")[0] in known
