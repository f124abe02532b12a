"""``imgproc apply`` as users run it: what becomes of files and folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, make, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc.io import read_image


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
    assert run("apply", "gamma:0.5", "a.png", "-o", "v1.2/") == 0  # by its slash a folder
    assert outputs("v1.2") == ["a.png"]
    Path("v1.3").mkdir()
    assert run("apply", "gamma:0.5", "a.png", "-o", "v1.3") == 0
    assert outputs("v1.3") == ["a.png"]


def test_a_list_names_the_inputs(run: Run) -> None:
    for name in ("in/a.png", "in/b.png", "other/é c.png"):
        make(name)
    Path("list.txt").write_text("in/b.png\n\nother/*.png\r\n", "utf-8")
    assert run("apply", "gamma:0.5", "@list.txt", "-o", "out") == 0
    assert outputs() == ["b.png", "é c.png"]
    make("@list.txt/d.png")
    assert run("apply", "gamma:0.5", "@list.txt", "-o", "out2") == 0
    assert outputs("out2") == ["d.png"]


def test_a_report_replaces_reports_only(run: Run) -> None:
    make("in/a.png")
    page = Path("notes.html")
    page.write_text("mine")
    arguments = ("apply", "gamma:0.5", "in", "-o", "out", "--report", "notes.html")
    assert run(*arguments) == 2
    assert page.read_text() == "mine"
    assert run(*arguments, "--overwrite") == 0
    first = page.read_bytes()
    assert run(*arguments, "--skip-existing") == 0
    assert page.read_bytes() != first


def test_dry_run_lists_and_writes_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    make("in/a.png")
    make("in/b.png")
    make("out/b.png")
    Path("in/c.jpg").write_bytes(b"")
    shutil.copy("in/a.png", "in/d.jpg")
    assert run("apply", "gamma:0.5", "in", "-o", "out", "--dry-run", "--skip-existing") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("in/a.png -> out/a.png  (")
    assert lines[1] == "in/b.png -> out/b.png  (skipped)"
    assert lines[2] == "in/c.jpg -> out/c.jpg  (the file is empty)"
    assert "rename it to d.png" in lines[3]
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
