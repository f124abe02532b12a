"""The page of an evaluation: what it says and draws, that it stands alone, and its curves."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from evaluations import a_set, evaluated
from pages import Page

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc.cli.evaluation import evaluate_sets
from imgproc.cli.report.charts import (
    SIDE,
    equal_f1_path,
    log_position,
    log_ticks,
    precision_recall_path,
    step_path,
)
from imgproc.cli.report.evaluation import CONFUSED, LISTED, WORST, build_evaluation_page


def pixels(_: str) -> np.ndarray[Any, Any]:
    return np.full((60, 80, 3), 99, np.uint8)


def test_the_page_says_and_draws_it() -> None:
    text, problems = build_evaluation_page(evaluated(), "imgproc evaluate f t", pixels)
    page = Page(text)
    words = " ".join(page.words.split())
    assert problems == []
    for part in (
        "imgproc evaluate f t",
        "1 found, 2 missed, 2 false",
        "COCO's twelve numbers",
        "cat23",
        "Mean35",
        "1 missed, 2 false, 1 found",
        "False positives per image, at most0.010.030.10.313",
    ):
        assert part in words
    assert len(page.all("img")) == 2
    boxes = [(box["class"], box["title"]) for box in page.all("i") if "title" in box]
    assert sorted(boxes) == [
        ("false", "false: cat, score 0.7"),
        ("false", "false: cat, score 0.8"),
        ("hit", "found: cat, score 0.9"),
        ("ignored", "not counted: dog"),
        ("missed", "missed: cat"),
        ("missed", "missed: dog"),
    ]
    hit = next(box for box in page.all("i") if box.get("class") == "hit" and "title" in box)
    assert hit["style"] == "left:0.0%;top:0.0%;width:25.0%;height:33.33%"


def test_the_page_holds_all_it_shows_and_names_cannot_become_markup() -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e"
    images = (f"{hostile}.png",)
    names = {1: hostile, 2: "dog"}
    truth = a_set([(images[0], 0, 0, 20, 20, 1), (images[0], 40, 0, 60, 20, 2)], images=images, names=names)
    found = a_set([(images[0], 0, 0, 20, 20, 2)], [0.5], images=images, names=names)
    text, _ = build_evaluation_page(evaluate_sets(found, truth, iou=0.5, score=0.1), hostile, pixels)
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in ("script", "iframe", "object", "embed")
        for name in ("src", "href", "srcset", "action", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"url\(|@import|https?:", text)
    assert len(page.all("img")) == 1
    assert "\u202e" not in text


def test_images_that_cannot_be_shown_are_told() -> None:
    def broken(name: str) -> np.ndarray[Any, Any]:
        if name == "a.png":
            raise ValueError("the file is empty")
        return np.zeros((10, 10), np.uint8)

    text, problems = build_evaluation_page(evaluated(), "", broken)
    assert problems == [
        "a.png: the file is empty",
        "b.png: the picture is 10 × 10 and its boxes are of 80 × 60 pixels",
    ]
    page = Page(text)
    assert not page.all("img")
    assert "the file is empty" in page.words


def test_the_page_of_thousands_is_bounded_and_says_so() -> None:
    images = tuple(f"{n}.png" for n in range(300))
    names = {n: f"class {n}" for n in range(50)}
    truth = a_set([(name, 0, 0, 9, 9, n % 50) for n, name in enumerate(images)], images=images, names=names)
    found = a_set(
        [(name, 20, 0, 29, 9, n % 50) for n, name in enumerate(images)],
        [0.5] * 300,
        images=images,
        names=names,
    )
    result = evaluate_sets(found, truth, iou=0.5, score=0.1)
    page = Page(build_evaluation_page(result, "", pixels)[0])
    assert len(page.all("img")) == WORST
    assert f"{300 - WORST} more images have errors" in page.words
    assert f"{50 - CONFUSED} classes with fewer boxes are left out" in page.words
    page = Page(build_evaluation_page(result, "", None)[0])
    assert f"{300 - LISTED} more images have errors" in page.words
    assert "--images" in page.words


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", path)]


def test_curves_are_steps_within_their_square() -> None:
    assert step_path(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.5, 0.0])) == "M0 0H0V0H500V500H1000V1000"
    assert step_path(np.empty(0), np.empty(0)) == ""
    assert precision_recall_path(np.empty(0), np.empty(0)) == ""
    path = precision_recall_path(np.array([0.25, 0.5]), np.array([0.5, 1.0]))
    assert path == "M0 0H0V0H250V0H500V1000"
    open_path = precision_recall_path(np.array([0.25, 0.5]), np.array([0.5, 0.25]), closed=False)
    assert "1000" not in open_path
    rng = np.random.default_rng(0)
    long = step_path(np.sort(rng.uniform(0, 1, 100_000)), np.sort(rng.uniform(0, 1, 100_000))[::-1])
    assert len(long) < 40_000
    assert max(numbers(long)) <= SIDE
    assert 0 <= min(numbers(equal_f1_path(0.4))) <= max(numbers(equal_f1_path(0.4))) <= SIDE


def test_logarithmic_axes() -> None:
    np.testing.assert_allclose(
        log_position(np.array([0.0, 0.01, 0.1, 1.0, 9.0]), 0.01, 1.0), [0, 0, 0.5, 1, 1]
    )
    assert [(tick.text, round(tick.at, 6)) for tick in log_ticks(0.1, 10)] == [
        ("0.1", 0),
        ("0.3", 23.856063),
        ("1", 50),
        ("3", 73.856063),
        ("10", 100),
    ]
