"""The reports in a real browser: they ask no network for anything, show every picture and fit a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, DRIVER, Browser
from cascades import random_cascade
from tiny_networks import brightness_detector, color_classifier
from training_sets import objects, scenes

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import DetectionSet, write_detections
from imgproc.cascade import Cascade
from imgproc.cli import main
from imgproc.io import Picture, write_image

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="Chromium and chromedriver are not installed"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every kind of image, a failure and names as long and hostile as they come."""
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(1)
    for name, shape, dtype in (
        ("gray.png", (300, 500), np.uint16),
        ("alpha.webp", (500, 300, 4), np.uint8),
        ("wide.tif", (40, 900, 3), np.float32),
        ("one.png", (1, 1), np.uint8),
        ("a" * 200 + ".jpg", (200, 300, 3), np.uint8),
        ("<img src=x onerror=alert(1)>&amp;.png", (20, 30, 3), np.uint8),
    ):
        values = rng.uniform(0.2, 0.7, shape)
        top = 1 if dtype is np.float32 else np.iinfo(dtype).max
        (folder / "in").mkdir(exist_ok=True)
        write_image(folder / "in" / name, Picture((values * top).astype(dtype)))
    (folder / "in" / ("b" * 200 + ".jpg")).write_bytes(b"")
    with pytest.raises(SystemExit) as ending:
        main(["apply", "gamma:0.8", str(folder / "in"), "-o", str(folder / "out"), "-q", "--report"])
    assert ending.value.code == 1
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an evaluation with many classes, long and hostile names, wide and high pictures and a missing one."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "in").mkdir()
    rng = np.random.default_rng(2)
    names = ("wide.png", "high.png", "b" * 200 + ".png", "<img src=x onerror=alert(1)>&amp;.png")
    sizes = ((40, 900), (900, 40), (300, 400), (60, 50))
    for name, size in zip(names, sizes, strict=True):
        write_image(folder / "in" / name, Picture(rng.integers(0, 255, (*size, 3), np.uint8)))
    images = np.repeat(np.arange(5), 12)
    corners = rng.uniform(0, 30, (60, 2))
    truth, found = (
        DetectionSet(
            (*names, "missing.png"),
            images,
            np.hstack([corners, corners + rng.uniform(3, 10, (60, 2))]),
            scores=scores,
            labels=rng.integers(0, 30, 60),
            class_names={label: f"{'c' * label}<b>{label}" for label in range(30)},
        )
        for scores in (None, rng.uniform(0, 1, 60))
    )
    write_detections(folder / "truth.jsonl", truth)
    write_detections(folder / "found.jsonl", found)
    command = ["evaluate", str(folder / "found.jsonl"), str(folder / "truth.jsonl"), "--iou", "0.1", "-q"]
    with pytest.raises(SystemExit) as ending:
        main([*command, "--images", str(folder / "in"), "-o", str(folder / "out")])
    assert ending.value.code == 1
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def detection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a detection: many boxes, none, wide, high and tiny pictures, hostile names and a failure."""
    folder = tmp_path_factory.mktemp("detection")
    (folder / "in").mkdir()
    for name, size in (
        ("wide.png", (40, 900)),
        ("high.png", (900, 40)),
        ("one.png", (1, 1)),
        ("b" * 200 + ".png", (200, 300)),
        ("<img src=x onerror=alert(1)>&amp;.png", (60, 50)),
    ):
        pixels = np.random.default_rng(3).integers(0, 255, (*size, 3), np.uint8)
        write_image(folder / "in" / name, Picture(pixels))
    (folder / "in" / ("c" * 200 + ".jpg")).write_bytes(b"")
    random_cascade(2).save(folder / "c.xml")
    command = [
        "detect",
        str(folder / "in"),
        "--cascade",
        str(folder / "c.xml"),
        "-o",
        str(folder / "out"),
        "-q",
    ]
    with pytest.raises(SystemExit) as ending:
        main([*command, "--min-neighbors", "1", "--class", "x" * 100, "--report"])
    assert ending.value.code == 1
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a training: a part held back, many left out, hostile and long names."""
    folder = tmp_path_factory.mktemp("training")
    for name, images in (("p", objects(120)), ("n", scenes(10))):
        (folder / name).mkdir()
        for number, image in enumerate(images):
            hostile = "<b>&amp;" if number % 2 else "long" * 40
            write_image(folder / name / f"{hostile}{number}.png", Picture(image))
    (folder / "p" / ("c" * 200 + ".jpg")).write_bytes(b"")
    command = ["train-cascade", str(folder / "p"), str(folder / "n"), "-o", str(folder / "m.xml"), "-q"]
    with pytest.raises(SystemExit) as ending:
        main([*command, "--window", "12", "--validation", "0.25", "--stages", "4", "--report"])
    assert ending.value.code == 1
    return folder / "m-report.html"


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of what a network finds and of classes: long and hostile names of images and of classes, a failure."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "in").mkdir()
    rng = np.random.default_rng(4)
    for name, size in (
        ("wide.png", (40, 900)),
        ("high.png", (900, 40)),
        ("b" * 200 + ".png", (200, 300)),
        ("<img src=x onerror=alert(1)>&amp;.png", (60, 50)),
    ):
        write_image(folder / "in" / name, Picture(rng.integers(0, 255, (*size, 3), np.uint8)))
    (folder / "in" / ("c" * 200 + ".jpg")).write_bytes(b"")
    (folder / "names.txt").write_text("<b>&amp;\n" + "long" * 40 + "\nthird\n")
    models = {
        "detect": brightness_detector(folder / "boxes.onnx", np.array([[2, 2, 14, 14], [10, 6, 32, 30]])),
        "classify": color_classifier(folder / "classes.onnx"),
    }
    pages = {}
    for task, preset in (("detect", "boxes:score_threshold=0.1"), ("classify", "vit")):
        out = folder / task
        command = ["neural", task, str(models[task]), str(folder / "in"), "--preset", preset, "-o", str(out)]
        with pytest.raises(SystemExit) as ending:
            main([*command, "--backend", "opencv", "--names", str(folder / "names.txt"), "-q", "--report"])
        assert ending.value.code == 1
        pages[task] = out / "report.html"
    return pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_stands_alone_and_fits(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.show(page, width=width, dark=dark)
    _stands_alone_and_fits(browser, page, width, dark, pictures=12)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_an_evaluation_stands_alone_and_fits(
    browser: Browser, evaluation: Path, width: int, dark: bool
) -> None:
    browser.show(evaluation, width=width, dark=dark)
    _stands_alone_and_fits(browser, evaluation, width, dark, pictures=4)
    assert _uncovered(browser) == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_detection_stands_alone_and_fits(
    browser: Browser, detection: Path, width: int, dark: bool
) -> None:
    browser.show(detection, width=width, dark=dark)
    _stands_alone_and_fits(browser, detection, width, dark, pictures=5)
    assert browser.run("return document.querySelectorAll('.picture i.found').length") > 10
    assert _uncovered(browser) == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_training_stands_alone_and_fits(
    browser: Browser, training: Path, width: int, dark: bool
) -> None:
    browser.show(training, width=width, dark=dark)
    stumps = len(Cascade.load(training.with_name("m.xml")).node_feature)
    _stands_alone_and_fits(browser, training, width, dark, pictures=min(16, stumps) + 24)
    assert browser.run("return document.querySelectorAll('svg path').length") >= 9


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("task", ["detect", "classify"])
def test_the_pages_of_networks_stand_alone_and_fit(
    browser: Browser, networks: dict[str, Path], task: str, width: int
) -> None:
    dark = width < 600
    browser.show(networks[task], width=width, dark=dark)
    _stands_alone_and_fits(browser, networks[task], width, dark, pictures=4)
    if task == "detect":
        colors = (
            "return [...document.querySelectorAll('.picture i')].map(e => getComputedStyle(e).borderColor)"
        )
        assert browser.run(colors) == ["rgb(85, 231, 161)"] * 8  # of the class, not of all that is found
        assert _uncovered(browser) == 0
    else:
        widths = (
            "return [...document.querySelectorAll('.likely u i')].map(e => e.getBoundingClientRect().width)"
        )
        assert len(browser.run(widths)) == 12 and min(browser.run(widths)) >= 0


def _uncovered(browser: Browser) -> int:
    """Pictures whose boxes, which are placed in shares of them, would not lie where they belong."""
    script = """
        return [...document.querySelectorAll('.picture')].filter(picture => {
            const [a, b] = [picture, picture.querySelector('img')].map(e => e.getBoundingClientRect());
            return Math.abs(a.width - b.width) > 1 || Math.abs(a.height - b.height) > 1;
        }).length"""
    return int(browser.run(script))


def _stands_alone_and_fits(browser: Browser, page: Path, width: int, dark: bool, *, pictures: int) -> None:
    assert browser.run("return innerWidth") == width
    sizes = browser.run(
        "document.querySelectorAll('article').forEach(card => card.style.contentVisibility = 'visible');"
        "return Promise.all([...document.images].map(async i => { await i.decode(); return i.naturalWidth; }))"
    )
    assert len(sizes) == pictures
    assert min(sizes) > 0
    assert browser.run("return document.documentElement.scrollWidth") == width
    asked = [address for address in browser.requests() if not address.startswith("data:")]
    assert asked == [page.resolve().as_uri()]
    assert browser.complaints() == []
    ground, ink = browser.run(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    )
    assert (_brightness(ground) < _brightness(ink)) == dark


def test_overlay_shows_one_picture_at_a_time(browser: Browser, page: Path) -> None:
    visible = (
        "return [...document.querySelectorAll('.pair')]"
        ".map(pair => [...pair.children].map(figure => getComputedStyle(figure).visibility))"
    )
    browser.show(page, width=1280)
    assert browser.run(visible) == [["visible", "visible"]] * 6
    browser.run("document.querySelector('label[for=over]').click()")
    assert browser.run(visible) == [["hidden", "visible"]] * 6
    browser.run("document.querySelector('.pair').focus()")
    assert browser.run(visible)[0] == ["visible", "hidden"]
    assert browser.run("return document.documentElement.scrollWidth") == 1280


def _brightness(color: str) -> float:
    return sum(float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3])
