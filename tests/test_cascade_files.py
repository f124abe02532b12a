"""Cascade files: round trips, both formats, and files that are broken or hostile."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cascades import KINDS, random_cascade

from imgproc.cascade import Cascade
from imgproc.cascade.opencv_xml import cascade_text

OLD = """<?xml version="1.0"?>
<opencv_storage><old type_id="opencv-haar-classifier">
  <size>20 18</size>
  <stages>
    <_><trees>
      <_><_><feature><rects><_>2 3 4 5 -1.</_><_>2 3 2 5 2.</_></rects><tilted>0</tilted></feature>
          <threshold>1.5e-002</threshold><left_val>-0.5</left_val><right_val>0.25</right_val></_></_>
      <_><_><feature><rects><_>10 1 3 4 -1.</_><_>9 2 2 2 3.</_><_>0 0 1 1 0.5</_></rects><tilted>0</tilted></feature>
          <threshold>-0.25</threshold><left_node>1</left_node><right_val>1.</right_val></_>
         <_><feature><rects><_>10 1 3 4 -1.</_><_>9 2 2 2 3.</_></rects><tilted>1</tilted></feature>
          <threshold>0.125</threshold><left_val>2.</left_val><right_val>3.</right_val></_></_></trees>
      <stage_threshold>0.75</stage_threshold><parent>-1</parent><next>-1</next></_>
    <_><trees>
      <_><_><feature><rects><_>2 3 4 5 -1.</_><_>2 3 2 5 2.</_></rects><tilted>0</tilted></feature>
          <threshold>2.</threshold><left_val>-1.</left_val><right_val>1.</right_val></_></_></trees>
      <stage_threshold>-0.5</stage_threshold><parent>0</parent><next>-1</next></_>
  </stages></old></opencv_storage>
"""


def same(a: Cascade, b: Cascade) -> None:
    for field in fields(Cascade):
        if field.name != "source":
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), field.name)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_loaded(kind: str, tmp_path: Path) -> None:
    for seed in range(3):
        c, path = random_cascade(seed, **KINDS[kind]), tmp_path / f"größe {seed}.xml"
        c.save(path)
        same(Cascade.load(path), c)
        same(Cascade.load(str(path)), c)
        same(Cascade.load(path.read_bytes()), c)
        with path.open("rb") as file:
            same(Cascade.load(file), c)
        same(Cascade.load(io.BytesIO(path.read_bytes())), c)


def test_existing_files_are_replaced_on_demand_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    random_cascade(0).save(path)
    with pytest.raises(FileExistsError, match="overwrite"):
        random_cascade(1).save(path)
    same(Cascade.load(path), random_cascade(0))
    random_cascade(1).save(path, overwrite=True)
    same(Cascade.load(path), random_cascade(1))
    assert [p.name for p in tmp_path.iterdir()] == ["model.xml"]


def test_old_format() -> None:
    c = Cascade.load(OLD.encode())
    assert (c.window, c.stages, len(c.leaves), c.features) == ((18, 20), 2, 7, "haar")
    assert c.node_left.tolist() == [0, 1, -1, 0]
    assert c.node_right.tolist() == [-1, 0, -2, -1]
    # The first leaf of the second tree is its root's right one.
    assert c.leaves.tolist() == [-0.5, 0.25, 1, 2, 3, -1, 1]
    assert c.first_node.tolist() == [0, 1, 3, 4] and c.first_tree.tolist() == [0, 2, 3]
    assert c.thresholds.tolist() == [0.75, -0.5]
    assert c.boxes[1].tolist() == [[10, 1, 3, 4], [9, 2, 2, 2], [0, 0, 1, 1]]
    assert c.weights[1].tolist() == [-1, 3, 0.5] and c.tilted.tolist() == [False, False, True, False]
    same(Cascade.load(cascade_text(c).encode()), c)


def test_files_of_other_projects() -> None:
    skimage = pytest.importorskip("skimage")
    c = Cascade.load(Path(skimage.__file__).parent / "data" / "lbpcascade_frontalface_opencv.xml")
    assert (c.features, c.window, c.stages, len(c.node_feature)) == ("lbp", (24, 24), 20, 139)


def test_files_of_opencv() -> None:
    folder = Path(pytest.importorskip("cv2").data.haarcascades)
    files = sorted(folder.glob("*.xml"))
    if not files:
        pytest.skip("this OpenCV comes without cascades")
    for file in files:
        c = Cascade.load(file)
        same(Cascade.load(cascade_text(c).encode()), c)


def test_numbers_are_printed_for_looking_at() -> None:
    assert repr(random_cascade(0)) == "Cascade(haar, window 11x9, 3 stages, 9 trees, 9 features)"


def broken(text: str, wrong: str, right: str) -> bytes:
    assert len(re.findall(wrong, text)) >= 1
    return re.sub(wrong, right, text, count=1).encode()


HAAR, LBP = cascade_text(random_cascade(0, nodes=2)), cascade_text(random_cascade(0, features="lbp"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "must be well-formed XML, got no element found"),
        (HAAR.encode()[:900], "must be well-formed XML"),
        (b"<x/>", r"<x> must be <opencv_storage> with a cascade in it"),
        (b"<opencv_storage/>", "<opencv_storage> with a cascade in it"),
        (broken(HAAR, "opencv-cascade-classifier", "opencv-hog"), 'of type_id "opencv-cascade-classifier"'),
        (broken(HAAR, "BOOST", "SVM"), "<stageType> must be BOOST, got 'SVM'"),
        (broken(HAAR, "HAAR", "HOG"), "<featureType> must be HAAR or LBP, got 'HOG'"),
        (broken(HAAR, "<height>11", "<height>1e1"), "<height> must be 32-bit integers, got '1e1'"),
        (broken(HAAR, "<height>11", "<height>99999999999"), "<height> must be 32-bit integers"),
        (broken(HAAR, "<height>11", "<height>70000"), "window must be at least 3 x 3"),
        (broken(HAAR, "<height>11</height>", ""), "an element with <height> in it"),
        (
            broken(HAAR, "<maxCatCount>0", "<maxCatCount>7"),
            "<maxCatCount> must be 256 for LBP, 0 for HAAR, got 7",
        ),
        (broken(HAAR, "<stageNum>3", "<stageNum>4"), "<stageNum> must be 3, the number of stages, got 4"),
        (
            broken(HAAR, "<stageThreshold>[^<]*", "<stageThreshold>nan"),
            "<stageThreshold> must be finite numbers",
        ),
        (
            broken(HAAR, "<stageThreshold>[^<]*", "<stageThreshold>1e39"),
            "<stageThreshold> must be finite numbers",
        ),
        (
            broken(HAAR, "<stageThreshold>[^<]*", "<stageThreshold>1 2"),
            "<stageThreshold> must be finite numbers",
        ),
        (broken(HAAR, r"<internalNodes>\s*\S+", "<internalNodes>"), "nodes of 4 numbers"),
        (
            broken(HAAR, r"<internalNodes>\s*\S+ \S+ \S+", "<internalNodes>0 -1 99999"),
            "feature of node 0 must be from 0",
        ),
        (
            broken(HAAR, r"<internalNodes>\s*\S+ \S+ \S+", "<internalNodes>0 -1 -7"),
            "feature of node 0 must be from 0",
        ),
        (
            broken(HAAR, r"<internalNodes>\s*\S+ \S+", "<internalNodes>9 -1"),
            "left child of node 0 of tree 0 must be a later",
        ),
        (
            broken(HAAR, r"<internalNodes>\s*\S+ \S+", "<internalNodes>0 -9"),
            "right child of node 0 of tree 0 must be",
        ),
        (broken(HAAR, r"<leafValues>\s*\S+", "<leafValues>"), "<leafValues> must be"),
        (broken(HAAR, r"<leafValues>\s*\S+", "<leafValues>inf"), "<leafValues> must be finite numbers"),
        (
            broken(HAAR, r"<rects>\s*<_>\s*\S+", "<rects><_>-1"),
            "rectangle 0 of feature 0 must be x, y, width, height inside",
        ),
        (broken(HAAR, r"<rects>\s*<_>\s*\S+", "<rects><_>2147483647"), "rectangle 0 of feature 0 must be"),
        (
            broken(HAAR, r"<rects>\s*<_>\s*\S+", "<rects><_>"),
            "<_> must be x, y, width, height and weight, got 4 words",
        ),
        (broken(HAAR, r"(?s)<rects>.*?</rects>", "<rects></rects>"), "at least one element long"),
        (
            broken(HAAR, r"(?s)<features>.*</features>", "<features></features>"),
            "<features> must be at least one",
        ),
        (broken(HAAR, r"(?s)<stages>.*</stages>", "<stages></stages>"), "<stages> must be at least one"),
        (broken(LBP, r"<rect>\s*\S+ \S+ \S+", "<rect>0 0 9"), "rectangle 0 of feature 0 must be"),
        (broken(LBP, r"<internalNodes>\s*\S+", "<internalNodes>"), "nodes of 11 numbers"),
        (
            broken(OLD, "<parent>0", "<parent>-1"),
            "<parent> must be 0: stages in a row, no tree of stages, got -1",
        ),
        (broken(OLD, "<left_node>1", "<left_node>0"), "<left_node> must be a later node of the tree"),
        (broken(OLD, "<left_node>1", "<left_node>7"), "left child of node 0 of tree 1 must be a later node"),
        (broken(OLD, "<left_val>2.</left_val>", ""), "<left_val>"),
        (broken(OLD, "<size>20 18", "<size>20"), "<size> must be 2 integers"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><opencv_storage>&b;</opencv_storage>',
            "free of document type declarations",
        ),
    ],
)
def test_broken_files_are_refused_by_what_is_wrong(content: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^Cascade\.load: file the bytes given") as error:
        Cascade.load(content)
    assert re.search(sentence, str(error.value)), error.value


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Cascade.load(tmp_path / "none.xml")
    with pytest.raises(OSError):
        Cascade.load(tmp_path)
    for source in (None, 3, io.StringIO(HAAR)):
        with pytest.raises(TypeError, match=r"^Cascade.load: source must be .*, got "):
            Cascade.load(source)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"thresholds": np.zeros(2)}, "first_tree must be of shape"),
        ({"leaves": np.zeros(3)}, "leaves must be of shape"),
        ({"first_tree": np.array([0, 0, 5, 9])}, "first_tree must be rising"),
        ({"first_node": np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 9])}, "first_node must be rising"),
        ({"weights": np.full((9, 3), np.nan)}, "weights must be finite"),
    ],
)
def test_arrays_are_checked(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^Cascade: {sentence}"):
        replace(random_cascade(0), **changes)


def test_arrays_are_frozen() -> None:
    with pytest.raises(ValueError, match="read-only"):
        random_cascade(0).leaves[0] = 1


FUZZ = """
import random, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from cascades import image, random_cascade
from imgproc.cascade import Cascade
from imgproc.cascade.opencv_xml import cascade_text
from test_cascade_files import OLD
picture = image(0, 40, 44)
sources = [cascade_text(random_cascade(seed, **kind)) for seed, kind in enumerate(
    ({}, {"tilted": True, "nodes": 3}, {"features": "lbp"}))] + [OLD]
numbers = ["-1", "0", "1", "2147483647", "-2147483648", "4294967296", "1e38", "-1e-40", "nan", "", "x", "9" * 400]
draw = random.Random(20260101)
loaded = refused = 0
for turn in range(1500):
    text = sources[turn % len(sources)]
    for _ in range(draw.choice([1, 1, 1, 2, 5])):
        at = draw.randrange(max(len(text), 1))
        way = draw.randrange(5)
        if way == 0:
            text = text[:at] + chr(draw.randrange(32, 127)) + text[at + 1:]
        elif way == 1:
            text = text[:at] + text[at + draw.randrange(1, 60):]
        elif way == 2:
            text = text[:at]
        else:
            import re
            found = list(re.finditer(r"-?[0-9][-0-9.e]*", text))
            if found:
                match = draw.choice(found)
                text = text[:match.start()] + draw.choice(numbers) + text[match.end():]
    try:
        cascade = Cascade.load(text.encode())
    except ValueError as error:
        assert str(error).startswith("Cascade.load: file the bytes given"), error
        refused += 1
        continue
    loaded += 1
    cascade.detect(picture, scale_factor=1.5)
    Cascade.load(cascade_text(cascade).encode())
print(loaded, refused)
"""


def test_mutants_are_refused_or_harmless() -> None:
    """In a process of its own, so that a crash is a failure of this test and not the end of all."""
    command = [sys.executable, "-c", FUZZ, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded, refused = map(int, done.stdout.split())
    assert loaded > 100 and refused > 500
