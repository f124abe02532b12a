"""``imgproc inspect``: what a cascade file holds, and what in it is of no use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cascades import KINDS, random_cascade
from command_line import Run, outputs

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc.cascade import Cascade
from imgproc.cascade.opencv_xml import CascadeFile
from imgproc.cli.feature_picture import _inside, draw_features
from imgproc.cli.inspection import inspect_cascade
from imgproc.io import Picture, read_image, write_image


def warnings(cascade: Cascade) -> list[str]:
    return inspect_cascade(CascadeFile(cascade, old=False, misspelt=False)).warnings


def changed(cascade: Cascade, name: str, row: int, value: Any) -> Cascade:
    array = getattr(cascade, name).copy()
    array[row] = value
    return replace(cascade, **{name: array})


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_of_the_cascade(run: Run, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    cascade = random_cascade(3, **KINDS[kind])
    cascade.save("a.xml")
    assert run("inspect", "a.xml", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["file"], facts["format"], facts["features"]) == ("a.xml", "new", cascade.features)
    assert facts["tilted"] == cascade.tilted.sum()
    assert facts["window"] == dict(zip(("height", "width"), cascade.window, strict=True))
    assert [stage["trees"] for stage in facts["stages"]] == [2, 3, 4]
    assert sum(stage["nodes"] for stage in facts["stages"]) == facts["nodes"] == len(cascade.node_feature)
    assert facts["trees"] == 9
    assert facts["number_of_features"] == len(cascade.boxes)
    assert [stage["threshold"] for stage in facts["stages"]] == cascade.thresholds.tolist()
    # The bounds of a stage's votes, by going through every choice of leaves.
    first, last = cascade.first_node[0], cascade.first_node[1]
    sums = np.zeros(1)
    for tree in range(2):
        first, last = cascade.first_node[tree], cascade.first_node[tree + 1]
        sums = np.add.outer(sums, cascade.leaves[first + tree : last + tree + 1].astype(float)).ravel()
    assert facts["stages"][0]["least"] == pytest.approx(sums.min())
    assert facts["stages"][0]["most"] == pytest.approx(sums.max())


def test_the_table(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    random_cascade(3, tilted=True, nodes=4, window=(8, 21)).save("a.xml")
    assert run("inspect", "a.xml") == 0
    out, err = capsys.readouterr()
    assert err == ""
    for part in (
        "a.xml\n  format    opencv_traincascade (new)\n",
        " Haar, ",
        " tilted\n  window    21 × 8 pixels, width × height\n  stages    3, 9 trees of up to ",
        "stage  trees  nodes  features  threshold",
        "\n  3          4     ",
    ):
        assert part in out


def test_a_clean_cascade_has_no_warnings() -> None:
    assert warnings(random_cascade(7)) == []
    assert warnings(random_cascade(7, features="lbp")) == []


def test_each_warning() -> None:
    clean = random_cascade(7)
    last = len(clean.boxes) - 1
    assert warnings(changed(clean, "thresholds", 1, -100.0)) == [
        "stage 2 is without effect: every window passes"
    ]
    assert warnings(changed(clean, "thresholds", 2, 100.0)) == [
        "stage 3 lets no window pass, so that nothing is ever found"
    ]
    same = changed(changed(clean, "leaves", 0, 0.5), "leaves", 1, 0.5)
    assert "tree 0 votes the same for every window" in warnings(same)
    assert warnings(changed(clean, "node_feature", last, 0)) == [f"feature {last} is never used"]
    none = changed(changed(clean, "node_feature", last, 0), "node_feature", last - 1, 0)
    assert warnings(none) == [f"2 features ({last - 1}, {last}) are never used"]
    assert warnings(changed(clean, "weights", 4, clean.weights[4] * np.float32([1, 2, 2]))) == [
        "feature 4 does not cancel on a plain window, so that brightness counts"
    ]
    assert warnings(changed(clean, "node_left", 3, clean.node_right[3])) == [
        "node 3 sends every window the same way"
    ]
    deep = random_cascade(4, nodes=3)
    parent = int(np.flatnonzero((deep.node_left > 0) | (deep.node_right > 0))[0])
    side = "node_left" if deep.node_left[parent] > 0 else "node_right"
    assert any("reached" in warning for warning in warnings(changed(deep, side, parent, 0)))
    lbp = random_cascade(7, features="lbp")
    assert warnings(changed(lbp, "subsets", 2, 0)) == ["node 2 sends every window the same way"]


def test_the_misspelt_tag_is_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    data = pytest.importorskip("skimage.data")
    assert run("inspect", data.lbp_frontal_face_cascade_filename()) == 0
    assert "1 warning\n  the tag <featuhreParams> is misspelt: OpenCV refuses" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_written(run: Run, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    random_cascade(3, **KINDS[kind]).save("a.xml")
    assert run("inspect", "a.xml", "-o", "features.png", "-q") == 0
    assert capsys.readouterr() == ("", "")
    picture = read_image("features.png").pixels
    assert picture.ndim == 3
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5


def test_features_are_drawn_where_they_are() -> None:
    """One feature: a dark left half and a light right half in a window of 4 × 8."""
    cascade = replace(
        random_cascade(1, window=(4, 8)),
        boxes=np.int32([[[0, 0, 8, 4], [4, 0, 4, 4], [0, 0, 0, 0]]]),
        weights=np.float32([[-1, 2, 0]]),
        tilted=np.zeros(1, bool),
        node_feature=np.zeros(9, np.int32),
    )
    picture = draw_features(cascade, "name")
    dark, light = ((picture == color).all(axis=2) for color in ((38, 37, 35), (255, 255, 255)))
    assert 0.4 < dark.sum() / (dark.sum() + light.sum()) < 0.6
    assert np.nonzero(dark)[1].max() < np.nonzero(light)[1].min()


def test_tilted_rectangles_are_drawn_as_the_sums_go() -> None:
    """Topmost corner (3, 1), two down to the right and one down to the left: twice the area of 2 × 1."""
    inside = _inside([3, 1, 2, 1], True, (50, 60), 10)
    assert inside.sum() == pytest.approx(400, rel=0.1)
    rows, columns = np.nonzero(inside)
    assert (rows.min(), rows.max()) == pytest.approx((10, 39), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((20, 49), abs=1)


def test_features_are_drawn_on_an_image(run: Run) -> None:
    """A gray ramp shows beside the features, and through them."""
    random_cascade(3).save("a.xml")
    write_image("mean.png", Picture(np.tile(np.arange(0, 250, 2, np.uint8), (99, 1))))
    assert run("inspect", "a.xml", "-o", "plain.png", "-q") == 0
    assert run("inspect", "a.xml", "-o", "on.png", "--on", "mean.png", "-q") == 0
    plain, on = read_image("plain.png").pixels, read_image("on.png").pixels
    assert plain.shape == on.shape
    changed = (plain != on).any(axis=2)
    assert changed.mean() > 0.2
    assert not changed[:60].any()


@pytest.mark.parametrize("window", [(3, 3), (3, 200), (200, 5)])
def test_windows_of_any_shape_are_drawn(window: tuple[int, int]) -> None:
    picture = draw_features(random_cascade(2, window=window, features="lbp"), "x" * 300)
    assert max(picture.shape) < 4000
    assert draw_features(random_cascade(2, features="lbp"), "ü\n").shape[2] == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.xml"], "the cascade 'missing.xml' cannot be read: no such file or directory"),
        (["broken.xml"], "file broken.xml"),
        (["a.xml", "-o", "mine.png"], "'mine.png' exists already; say --overwrite to replace it"),
        (["a.xml", "-o", "a.xml", "--overwrite"], "'a.xml' is the file that is read; name another"),
        (["a.xml", "-o", "none/b.png"], "'none/b.png' cannot be written: no such file or directory"),
        (["a.xml", "--on", "a.xml"], "--on needs -o PICTURE"),
        (["a.xml", "-o", "b.png", "--on", "none.png"], "'none.png' cannot be read: no such file"),
        (["a.xml", "-o", "b.png", "--on", "mine.png"], "mine.png: "),
        (["a.xml", "-o", "b.svg"], "b.svg: the suffix '.svg' belongs to no format that is written"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    random_cascade(1).save("a.xml")
    Path("broken.xml").write_text("<opencv_storage>")
    Path("mine.png").write_text("mine")
    assert run("inspect", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("imgproc inspect: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert outputs(".") == ["a.xml", "broken.xml", "mine.png"]
    assert Path("mine.png").read_text() == "mine"
