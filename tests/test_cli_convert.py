"""``imgproc convert``: any cascade that is read, in the newer format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cascades import KINDS, image, random_cascade
from command_line import Run, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc.cascade import Cascade
from imgproc.cascade.opencv_xml import read_cascade_file

OLD = """<?xml version="1.0"?>
<opencv_storage>
<face type_id="opencv-haar-classifier">
  <size>12 10</size>
  <stages><_><trees><_><_>
    <feature><rects><_>1 2 6 4 -1.</_><_>1 2 3 4 2.</_></rects><tilted>0</tilted></feature>
    <threshold>0.01</threshold><left_val>-0.5</left_val><right_val>0.7</right_val></_></_></trees>
    <stage_threshold>0.1</stage_threshold><parent>-1</parent><next>-1</next></_></stages></face>
</opencv_storage>
"""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_the_same(run: Run, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    cascade = random_cascade(5, **KINDS[kind])
    cascade.save("a.xml")
    assert run("convert", "a.xml", "b.xml") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{cascade.features} cascade of 3 stages: a.xml -> b.xml\n")
    picture = image(1, 40, 50)
    assert Cascade.load("b.xml").detect(picture, min_neighbors=0) == cascade.detect(picture, min_neighbors=0)
    assert Path("a.xml").read_bytes() == Path("b.xml").read_bytes()


def test_the_old_format_becomes_the_new_one(run: Run) -> None:
    Path("old.xml").write_text(OLD)
    assert run("convert", "old.xml", "new.xml", "-q") == 0
    old, new = read_cascade_file("old.xml"), read_cascade_file("new.xml")
    assert (old.old, new.old) == (True, False)
    picture = image(2, 30, 40)
    found = [file.cascade.detect(picture, min_neighbors=0) for file in (old, new)]
    assert len(found[0])
    assert found[0] == found[1]


def test_a_misspelt_file_is_mended(run: Run) -> None:
    data = pytest.importorskip("skimage.data")
    misspelt = data.lbp_frontal_face_cascade_filename()
    assert run("convert", misspelt, "new.xml", "-q") == 0
    assert read_cascade_file(misspelt).misspelt
    mended = read_cascade_file("new.xml")
    assert not mended.misspelt
    np.testing.assert_array_equal(mended.cascade.subsets, Cascade.load(misspelt).subsets)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.xml", "b.xml"], "the cascade 'missing.xml' cannot be read: no such file or directory"),
        (["folder", "b.xml"], "the cascade 'folder' cannot be read: is a directory"),
        (["empty.xml", "b.xml"], "file empty.xml"),
        (["image.png", "b.xml"], "file image.png"),
        (["bomb.xml", "b.xml"], "file bomb.xml"),
        (["cut.xml", "b.xml"], "file cut.xml"),
        (["index.xml", "b.xml"], "file index.xml"),
        (["a.xml", "a.xml"], "'a.xml' is the file that is read; name another"),
        (["a.xml", "a.xml", "--overwrite"], "'a.xml' is the file that is read; name another"),
        (["a.xml", "mine.xml"], "'mine.xml' exists already; say --overwrite to replace it"),
        (["a.xml", "none/b.xml"], "'none/b.xml' cannot be written: no such file or directory"),
        (["a.xml", "folder", "--overwrite"], "'folder' cannot be written: is a directory"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    random_cascade(1).save("a.xml")
    text = Path("a.xml").read_text()
    Path("mine.xml").write_text("mine")
    Path("folder").mkdir()
    Path("empty.xml").touch()
    Path("image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    Path("bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "cc">]><opencv_storage>&b;</opencv_storage>')
    Path("cut.xml").write_text(text[: len(text) // 2])
    first = text[text.index("<internalNodes>") :].split()[3]
    Path("index.xml").write_text(
        text.replace(f"0 -1 {first} ", "0 -1 999999 ").replace(f"-1 0 {first} ", "-1 0 -7 ")
    )
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert run("convert", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("imgproc convert: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_an_existing_file_is_replaced_when_asked(run: Run) -> None:
    random_cascade(1).save("a.xml")
    Path("mine.xml").write_text("mine")
    assert run("convert", "a.xml", "mine.xml", "--overwrite", "-q") == 0
    assert Path("mine.xml").read_bytes() == Path("a.xml").read_bytes()
    assert outputs(".") == ["a.xml", "mine.xml"]
