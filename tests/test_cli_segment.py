"""``imgproc segment`` as users run it: labels, pictures and tables."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, make, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc.cli import regions
from imgproc.cli.drawing import LEAST_SIDE, draw_borders
from imgproc.cli.methods import METHODS, foreground, otsu
from imgproc.io import Picture, read_image, write_image

DTYPES = (np.uint8, np.uint16, np.float32)


@pytest.fixture
def discs(run: Run) -> np.ndarray:
    """Two bright discs that touch, and one apart, in in/a.png; noise in in/sub/b.png."""
    y, x = np.mgrid[:40, :70]
    mask = np.any([(y - cy) ** 2 + (x - cx) ** 2 < 100 for cy, cx in ((12, 14), (12, 31), (27, 58))], axis=0)
    Path("in").mkdir()
    write_image("in/a.png", Picture(np.where(mask, 200, 30).astype(np.uint8)))
    make("in/sub/b.png", shape=(20, 30, 3))
    return mask


def table(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_objects_as_labels_picture_and_table(discs: np.ndarray, run: Run) -> None:
    assert run("segment", "objects", "in", "-o", "out", "-q") == 0
    assert outputs() == ["labels/a.png", "overlays/a.png", "regions/a.csv"]
    labels = read_image("out/labels/a.png").pixels
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, imgproc.split_touching_objects(discs))
    rows = table("out/regions/a.csv")
    assert list(rows[0]) == ["label", "area", "x1", "y1", "x2", "y2", "cx", "cy", "mean"]
    assert [int(row["label"]) for row in rows] == [1, 2, 3]
    for row in rows:
        y, x = np.nonzero(labels == int(row["label"]))
        assert int(row["area"]) == len(y)
        assert [int(row[k]) for k in ("x1", "y1", "x2", "y2")] == [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert (row["cx"], row["cy"]) == (f"{x.mean():.2f}", f"{y.mean():.2f}")
        assert float(row["mean"]) == 200
    overlay = read_image("out/overlays/a.png").pixels
    assert overlay.shape[2] == 3 and max(overlay.shape) >= LEAST_SIDE


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_every_kind_of_image(method: str, run: Run) -> None:
    for number, dtype in enumerate(DTYPES):
        for channels in (1, 3, 4):
            shape = (24, 31) if channels == 1 else (24, 31, channels)
            kind = "tif" if dtype is np.float32 else "png"
            make(f"in/{number}{channels}.{kind}", shape=shape, dtype=dtype, seed=number)
    assert run("segment", method, "in", "-o", "out", "-q", "-j", "2") == 0
    for path in Path("in").iterdir():
        labels = read_image(f"out/labels/{path.stem}.png").pixels
        pixels = read_image(path).pixels
        operation = METHODS[method]
        np.testing.assert_array_equal(labels, operation.function(pixels))
        rows = table(f"out/regions/{path.stem}.csv")
        assert sorted(int(row["label"]) for row in rows) == sorted(set(np.unique(labels).tolist()) - {0})
        plane = pixels if pixels.ndim == 2 else pixels[..., 2]
        first = int(rows[0]["label"])
        mean = plane[labels == first].astype(np.float64).mean()
        assert float(rows[0]["mean" if pixels.ndim == 2 else "mean_b"]) == pytest.approx(mean, rel=1e-5)


def test_options_reach_the_method(discs: np.ndarray, run: Run) -> None:
    assert run("segment", "objects:depth=9,dark=false,threshold=100", "in/a.png", "-o", "out", "-q") == 0
    assert read_image("out/labels/a.png").pixels.max() == 2
    assert run("segment", "watershed:markers=none,sigma=0,lines=true", "in/a.png", "-o", "w", "-q") == 0
    labels = read_image("w/labels/a.png").pixels
    assert (labels == 0).any() and labels.max() > 2


def test_tree_report_and_summary(discs: np.ndarray, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("segment", "components", "in", "-r", "-o", "out", "--report", "--json") == 0
    told = capsys.readouterr()
    summary = json.loads(told.out)
    assert summary["method"] == "components" and summary["processed"] == 2
    assert summary["regions"] == sum(result["regions"] for result in summary["results"])
    assert re.search(r"2 done in .*; \d+ regions; results in out; report: out/report.html", told.err)
    page = Path("out/report.html").read_text("utf-8")
    assert "components · 2 regions" in page and page.count("<img") == 4
    assert "labels/sub/b.png" in outputs()
    # Again: refused, left out, replaced.
    assert run("segment", "components", "in", "-r", "-o", "out") == 2
    assert "outputs exist already" in capsys.readouterr().err
    Path("out/overlays/a.png").unlink()
    assert run("segment", "components", "in", "-r", "-o", "out", "--skip-existing", "--json", "-q") == 0
    summary = json.loads(capsys.readouterr().out)
    assert [result["status"] for result in summary["results"]] == ["done", "skipped"]
    assert run("segment", "components", "in", "-r", "-o", "out", "--overwrite", "-q") == 0


def test_one_bad_file_does_not_stop_the_others(
    discs: np.ndarray, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/0.png").write_bytes(b"no image")
    assert run("segment", "components", "in", "-o", "out") == 1
    assert outputs() == ["labels/a.png", "overlays/a.png", "regions/a.csv"]
    assert "0.png" in capsys.readouterr().err


def test_more_regions_than_16_bits_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(regions, "MOST", 1)
    y, x = np.mgrid[:20, :20]
    Path("in").mkdir()
    write_image("in/a.png", Picture(np.uint8(((y % 10 < 5) & (x < 9)) * 200)))
    assert run("segment", "components", "in/a.png", "-o", "out") == 1
    assert (
        "components finds 2 regions, and a 16-bit image of labels holds 1; ask for fewer"
        in capsys.readouterr().err
    )
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["wather", "in"], "there is no method 'wather'; did you mean watershed?"),
        (["objects:depth=0", "in"], "objects: depth must be a number > 0, got 0"),
        (["objects:width=3", "in"], "objects has no parameter 'width', it takes threshold, dark, depth"),
        (["components:connectivity=6", "in"], 'connectivity must be one of "4", "8"'),
        (["components", "nowhere"], "there is no file or folder 'nowhere'"),
        (["components", "in", "--skip-existing", "--overwrite"], "exclude each other"),
    ],
)
def test_refusals(
    arguments: list[str], sentence: str, discs: np.ndarray, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("segment", *arguments, "-o", "out") == 2
    assert sentence in capsys.readouterr().err
    assert not Path("out").exists()


def test_no_two_inputs_have_one_output(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    make("in/a.jpg")
    assert run("segment", "components", "in", "-o", "out") == 2
    assert "would both be written to" in capsys.readouterr().err
    assert run("segment", "components", "in") == 2
    assert "say where the results go: -o FOLDER" in capsys.readouterr().err


def test_otsu_divides_two_heaps(rng: np.random.Generator) -> None:
    counts = np.zeros(256)
    counts[[20, 21, 200, 210]] = 5, 5, 3, 3
    assert 21 <= otsu(counts) < 200
    filters = pytest.importorskip("skimage.filters")
    image = np.clip(rng.normal(80, 20, (60, 70)) + 90 * (rng.random((60, 70)) < 0.3), 0, 255).astype(np.uint8)
    level = filters.threshold_otsu(image)
    np.testing.assert_array_equal(foreground(image, None, dark=False), image > level)
    np.testing.assert_array_equal(foreground(image, None, dark=True), image <= level)
    for same in (image.astype(np.uint16) * 257, image.astype(np.float32) / 255):
        np.testing.assert_array_equal(foreground(same, 90.5, dark=False), image > 90)
    assert not foreground(np.full((3, 4), 9, np.uint8), None, dark=False).any()


def test_borders_are_drawn_where_labels_change() -> None:
    image = np.full((500, 600), 90, np.uint8)
    labels = np.zeros((500, 600), np.int32)
    labels[100:200, 100:300] = 1
    drawn = draw_borders(image, labels)
    assert drawn.shape == (500, 600, 3)
    changed = (drawn != 90).any(axis=2)
    assert changed[100, 150] and changed[199, 150] and changed[150, 100] and changed[150, 299]
    assert not changed[110:190, 110:290].any() and not changed[:95].any()


def test_methods_say_what_they_take() -> None:
    for name, operation in METHODS.items():
        assert operation.summary.endswith(".") and operation.command == name
        for parameter in operation.parameters.values():
            assert parameter.text and not parameter.required
