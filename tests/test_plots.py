"""Plots: what they show, that they need no screen and leave pyplot alone, and what they refuse."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

import imgproc

pytest.importorskip("matplotlib")


@pytest.fixture
def curves(rng):
    matched, scores = rng.random(60) < 0.6, rng.random(60)
    return (
        imgproc.precision_recall(matched, scores, 50),
        imgproc.roc_curve(matched, scores, 50, 20),
        imgproc.precision_recall(np.zeros(0, bool), np.zeros(0), 5),
        imgproc.roc_curve(np.zeros(0, bool), np.zeros(0), 5, 3),
    )


def picture(axes):
    """The pixels of the figure as it is drawn."""
    file = io.BytesIO()
    axes.figure.savefig(file, format="rgba", dpi=40)
    return np.frombuffer(file.getvalue(), np.uint8)


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_precision_and_recall(curves):
    curve, _, empty, _ = curves
    axes = imgproc.plot_precision_recall({"face": curve, "none": empty}, method="voc11")
    area = imgproc.average_precision(curve.recall, curve.precision, method="voc11")
    assert legend(axes) == [f"face (AP {100 * area:.1f} %)", "none (AP 0.0 %)"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Recall", "Precision")
    assert len(np.unique(picture(axes))) > 50
    assert legend(imgproc.plot_precision_recall(curve))[0].startswith("AP ")


def test_the_drawn_envelope_has_the_area_of_the_average_precision(curves):
    curve = curves[0]
    axes = imgproc.plot_precision_recall(curve, method="voc")
    (line,) = (line for line in axes.get_lines() if line.get_drawstyle() == "steps-pre")
    along, heights = line.get_data()
    area = float(np.sum(np.diff(along) * heights[1:]))
    np.testing.assert_allclose(
        area, imgproc.average_precision(curve.recall, curve.precision, method="voc"), rtol=1e-12
    )


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_roc(curves, scale):
    _, curve, _, empty = curves
    axes = imgproc.plot_roc({"a": curve, "b": empty}, scale=scale)
    last = f"{100 * curve.detection_rate[-1]:.1f} % at {curve.false_positives[-1]:.3g}"
    assert legend(axes) == [f"a ({last})", "b (0.0 % at 0)"]
    assert axes.get_xscale() == scale and axes.get_xlabel() == "False positives per image"
    assert len(np.unique(picture(axes))) > 50
    picture(imgproc.plot_roc(empty, scale=scale))


def test_confusion(rng):
    counts = np.array([[998, 1, 1], [0, 0, 0], [30, 0, 70]])
    axes = imgproc.plot_confusion(counts, names=["cat", "dog", "bird"])
    assert [t.get_text() for t in axes.texts] == [">99", "<1", "<1", "30", "0", "70"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["cat", "dog", "bird"]
    picture(axes)
    axes = imgproc.plot_confusion(counts * 123, normalize=False)
    assert [t.get_text() for t in axes.texts][:3] == ["123k", "123", "123"]
    large = imgproc.plot_confusion(rng.integers(0, 9, (60, 60)))
    assert not large.texts and len(large.get_xticks()) == 30
    picture(large)


def test_numbers_in_cells_are_short():
    from imgproc.metrics.plots import _short

    counts = (0, 9999, 10_000, 123_456, 999_999, 1_000_000, 5 * 10**8, 2 * 10**9)
    assert [_short(n) for n in counts] == ["0", "9999", "10k", "123k", "1000k", "1M", "500M", "2G"]


def test_many_curves_differ(curves):
    axes = imgproc.plot_roc({str(k): curves[1] for k in range(20)})
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == 20


def test_own_axes_are_drawn_on(curves):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert imgproc.plot_precision_recall(curves[0], ax=ax) is ax
    assert imgproc.plot_roc(curves[1], ax=ax) is ax
    assert imgproc.plot_confusion(np.eye(2, dtype=int), ax=ax) is ax


def test_pyplot_is_not_loaded_and_matplotlib_only_when_drawing():
    code = (
        "import io, sys, numpy, imgproc; plot = imgproc.plot_confusion; assert 'matplotlib' not in sys.modules\n"
        "plot(numpy.eye(2, dtype=int)).figure.savefig(io.BytesIO(), format='png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_without_matplotlib_the_extra_is_named(curves, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"^plot_roc: matplotlib is not installed; pip install .*\[plots\]"):
        imgproc.plot_roc(curves[1])


def test_bad_input_is_named(curves):
    pr, roc = curves[:2]
    for name, right, other in (("plot_precision_recall", pr, roc), ("plot_roc", roc, pr)):
        for value in (None, tuple(right), {}, {"a": other}, {1: right}, other, [right]):
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: curves must be .*, got "):
                getattr(imgproc, name)(value)
        with pytest.raises(TypeError, match=rf"^{name}: ax must be None or matplotlib Axes, got "):
            getattr(imgproc, name)(right, ax=3)
    with pytest.raises(ValueError, match=r"^plot_precision_recall: method must be one of"):
        imgproc.plot_precision_recall(pr, method="area")
    with pytest.raises(ValueError, match=r"^plot_roc: scale must be one of"):
        imgproc.plot_roc(roc, scale="cubic")
    good = np.eye(2, dtype=int)
    for value in (None, [[1]], np.eye(2), np.ones((2, 3), int), -good, np.zeros((0, 0), int)):
        with pytest.raises((TypeError, ValueError), match=r"^plot_confusion: confusion must be .*, got "):
            imgproc.plot_confusion(value)
    for names in ("ab", ["a"], [1, 2], 3):
        with pytest.raises((TypeError, ValueError), match=r"^plot_confusion: names must be .*, got "):
            imgproc.plot_confusion(good, names=names)
    with pytest.raises(TypeError, match=r"^plot_confusion: normalize must be True or False, got 1"):
        imgproc.plot_confusion(good, normalize=1)
