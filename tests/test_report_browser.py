"""The report in a real browser: it asks no network for anything, shows every picture and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, DRIVER, Browser

pytest.importorskip("cv2")
pytest.importorskip("typer")

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
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_stands_alone_and_fits(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.show(page, width=width, dark=dark)
    assert browser.run("return innerWidth") == width
    pictures = browser.run(
        "document.querySelectorAll('article').forEach(card => card.style.contentVisibility = 'visible');"
        "return Promise.all([...document.images].map(async i => { await i.decode(); return i.naturalWidth; }))"
    )
    assert len(pictures) == 12
    assert min(pictures) > 0
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
