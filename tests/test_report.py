"""The report page as text: what it says, what it leaves out, and that names cannot become markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import Page

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc.cli.outcomes import Outcome
from imgproc.cli.report import DETAILED, Run, build_report, picture_side, write_report
from imgproc.cli.report.histograms import HEIGHT, WIDTH, histogram_paths
from imgproc.cli.report.previews import BINS, take_preview

RUN = Run("imgproc apply gamma:0.8 in -o out", 2.0, 2)


def image(shape: tuple[int, ...] = (30, 40, 3), dtype: Any = np.uint8) -> np.ndarray[Any, Any]:
    values = np.random.default_rng(0).uniform(0.2, 0.6, shape)
    return (values * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)


def done(
    name: str = "in/a.png", pixels: np.ndarray[Any, Any] | None = None, *, detailed: bool = True
) -> Outcome:
    pixels = image() if pixels is None else pixels
    preview = take_preview(pixels, 480) if detailed else None
    return Outcome(
        Path(name),
        Path("out") / name,
        "done",
        chain="gamma:gamma=0.8",
        seconds={"read": 0.02, "operations": 0.01, "write": 0.03},
        shape=pixels.shape,
        dtype=str(pixels.dtype),
        bytes_in=1234,
        bytes_out=1_234_567,
        before=preview,
        after=preview,
    )


def failed(name: str = "in/bad.png", error: str = "the file is empty") -> Outcome:
    return Outcome(Path(name), None, "failed", error=error)


def test_the_page_says_what_happened() -> None:
    outcomes = [done(), failed(), Outcome(Path("in/c.png"), Path("out/c.png"), "skipped")]
    page = Page(build_report(outcomes, Run("imgproc apply gamma:0.8 in -o out", 2.0, 2, unfinished=7)))
    text = " ".join(page.words.split())
    for part in (
        "1 image processed, 1 failed",
        "imgproc apply gamma:0.8 in -o out",
        "Skipped, output was there1",
        "Not begun7",
        "Time2.0 s",
        "in/bad.pngthe file is empty",
        "40 × 30uint8 RGB1.2 kB → 1.2 MB",
        "read 20 msoperations 10 mswrite 30 ms",
        "NumPy",
    ):
        assert part in text
    assert text.index("the file is empty") < text.index("Before and after")
    assert [picture["alt"] for picture in page.all("img")] == [
        "Before: in/a.png, 40 × 30 pixels",
        "After: in/a.png, 40 × 30 pixels",
    ]


def test_the_page_holds_all_it_shows() -> None:
    page = Page(build_report([done()], RUN))
    for tag, attributes in page.elements:
        assert tag not in ("script", "iframe", "object", "embed")
        for name in ("src", "href", "srcset", "action", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    text = build_report([done()], RUN)
    assert not re.search(r"url\(|@import|https?:", text)


def test_names_cannot_become_markup() -> None:
    hostile = "in/<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\n\udcff\u202e.png"
    text = build_report([done(hostile), failed(hostile, error=hostile)], Run(hostile, 1.0, 1))
    text.encode("utf-8")
    page = Page(text)
    assert not page.all("script")
    assert len(page.all("img")) == 2
    assert "\u202e" not in text
    assert "<script>alert(1)</script>" in page.words


def test_the_page_of_thousands_is_bounded_and_says_so() -> None:
    outcomes = [done(f"{n}.png", detailed=picture_side(n, 5000) > 0) for n in range(300)]
    outcomes += [failed(f"bad{n}.png") for n in range(50)]
    page = Page(build_report(outcomes, RUN))
    assert len(page.all("article")) == DETAILED
    assert f"Pictures are shown of the first {DETAILED} images; 100 more were processed" in page.words
    assert page.words.count("the file is empty") == 50


def test_nothing_done_is_a_page_too() -> None:
    page = Page(build_report([failed()], RUN))
    assert "0 images processed, 1 failed" in " ".join(page.words.split())
    assert not page.all("img")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "shape", [(30, 40), (30, 40, 1), (30, 40, 3), (30, 40, 4), (1, 1), (3, 5000), (2000, 2, 4)]
)
def test_previews_of_every_kind_of_image(shape: tuple[int, ...], dtype: Any) -> None:
    pixels = image(shape, dtype)
    if dtype == np.float32:
        pixels.flat[0] = np.nan
        pixels.flat[-1] = np.inf
    preview = take_preview(pixels, 480)
    assert preview.uri.startswith("data:image/webp" if shape[-1] == 4 else "data:image/jpeg")
    assert max(preview.width, preview.height) <= 480
    assert preview.histogram.shape == (3 if shape[-1] in (3, 4) and len(shape) == 3 else 1, BINS)
    np.testing.assert_allclose(preview.histogram.sum(axis=1), 1)  # shares of a sum, rounded once each


def test_histograms_are_drawn_inside_their_box_on_one_scale() -> None:
    flat, peak = np.full((1, BINS), 1 / BINS), np.eye(1, BINS)
    (gray,), (spike,) = histogram_paths(flat, peak)
    assert gray[0] == spike[0] == "gray"
    heights = [[float(y) for y in re.findall(r"V([\d.]+)h", path)] for _, path in (gray, spike)]
    assert len(heights[0]) == BINS == WIDTH // 2
    assert min(heights[1]) == 2
    assert heights[0][0] == pytest.approx(
        HEIGHT - (HEIGHT - 2) / BINS**0.5, abs=0.05
    )  # written to one decimal
    assert [name for name, _ in histogram_paths(np.full((3, BINS), 1 / BINS))[0]] == ["red", "green", "blue"]


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "new" / "report.html"
    write_report(page, [done()], RUN)
    before = page.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        write_report(page, [failed()], RUN)
    assert page.read_bytes() == before
    assert list(page.parent.iterdir()) == [page]
