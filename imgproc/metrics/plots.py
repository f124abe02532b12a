"""Plots of metrics by matplotlib, which is imported when a plot is drawn: ``pip install 'imgproc-toolkit[plots]'``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Flag
from .curves import METHOD, PrecisionRecall, Roc, average_precision
from .label_maps import check_confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLAG = Flag()
SCALE = Choice(("linear", "log"))

# Okabe and Ito's colours, told apart by colour-blind eyes too, darkest first; yellow is too pale for a line.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")
_GRAY = "#8a8a8a"
_INK = "#262626"
# Cells of a confusion matrix from which numbers in them could not be read.
_MOST_NUMBERS = 21


def _axes(function: str, ax: Any, width: float, height: float) -> Axes:
    """The given axes, or new ones on a figure that no window and no global state knows."""
    try:
        from matplotlib.axes import Axes
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise ImportError(
            f"{function}: matplotlib is not installed; pip install 'imgproc-toolkit[plots]' brings it"
        ) from error
    if ax is None:
        figure = Figure(
            figsize=(width, height), dpi=120, layout=ConstrainedLayoutEngine(w_pad=0.16, h_pad=0.12)
        )
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
    if not isinstance(ax, Axes):
        raise wrong_type(function, "ax", "None or matplotlib Axes", ax)
    return ax


def _named(function: str, curves: Any, kind: type) -> dict[str, Any]:
    """Curves by name; one without a name is named by nothing."""
    must = f"a {kind.__name__} or a mapping of names to such"
    found = {"": curves} if isinstance(curves, kind) else curves
    if not isinstance(found, Mapping):
        raise wrong_type(function, "curves", must, found)
    if not found:
        raise wrong_value(function, "curves", must, Got("none"))
    for name, curve in found.items():
        if not isinstance(name, str) or not isinstance(curve, kind):
            raise wrong_type(function, "curves", must, Got(f"{name!r}: {type(curve).__name__}"))
    return dict(found)


def _finish(ax: Axes, x: str, y: str, title: str) -> None:
    ax.set_xlabel(x, color=_INK)
    ax.set_ylabel(y, color=_INK)
    ax.set_title(title, color=_INK, loc="left", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(_GRAY)
    ax.tick_params(colors=_INK, labelsize=9)


def _line(number: int) -> dict[str, Any]:
    style = _STYLES[number // len(_COLORS) % len(_STYLES)]
    return {"color": _COLORS[number % len(_COLORS)], "linestyle": style, "linewidth": 2}


def plot_precision_recall(
    curves: PrecisionRecall | Mapping[str, PrecisionRecall],
    *,
    method: Annotated[str, METHOD] = "coco",
    ax: Axes | None = None,
) -> Axes:
    """Draw precision over recall, each curve with its envelope and its average precision in the legend.

    Parameters
    ----------
    curves : PrecisionRecall, or mapping of str to PrecisionRecall
        What ``precision_recall`` gives: one curve, or several by name (classes, detectors), drawn in their order.
    method : {"coco", "voc", "voc11"}
        Of the average precision: see ``average_precision``.
    ax : matplotlib Axes, optional
        Where to draw; by default axes of a new figure of its own, which ``ax.figure.savefig`` writes.

    Returns
    -------
    matplotlib Axes
        With title, labels and legend.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        Something else than curves or axes, no curve, or an unknown method.

    Notes
    -----
    Pale lines join points of equal F1. The solid line of each curve is the envelope whose area the average precision
    is, a thin one the precision itself, as steps. Works without a screen; the state of ``pyplot`` is neither used nor
    changed. Colours are those of Okabe and Ito, then again with other dashes.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> curve = imgproc.precision_recall(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]), 4)
    >>> axes = imgproc.plot_precision_recall({"face": curve})
    >>> axes.get_legend().get_texts()[0].get_text()
    'face (AP 42.2 %)'
    """
    named = _named("plot_precision_recall", curves, PrecisionRecall)
    method = METHOD.check("plot_precision_recall", "method", method)
    ax = _axes("plot_precision_recall", ax, 6.4, 5.2)
    _equal_f1(ax)
    for number, (name, curve) in enumerate(named.items()):
        area = average_precision(curve.recall, curve.precision, method=method)
        envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
        line = _line(number)
        # From recall 0 to the last recall, down to 0 there: what lies below is the area.
        along = np.concatenate([[0.0], curve.recall, curve.recall[-1:]])
        heights = np.concatenate([envelope[:1], envelope, [0.0]]) if len(envelope) else np.zeros(1)
        label = f"{name} (AP {100 * area:.1f} %)" if name else f"AP {100 * area:.1f} %"
        ax.plot(curve.recall, curve.precision, color=line["color"], linewidth=0.8, alpha=0.45)
        ax.step(along, heights, where="pre", label=label, **line)
        if len(named) == 1:
            ax.fill_between(along, heights, step="pre", color=line["color"], alpha=0.08, linewidth=0)
    ax.set(xlim=(0, 1.01), ylim=(0, 1.03))
    _finish(ax, "Recall", "Precision", "Precision and recall")
    ax.legend(loc="lower left", fontsize=9, frameon=True, framealpha=0.9, edgecolor="none")
    return ax


def _equal_f1(ax: Axes) -> None:
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(f1 / 2 + 1e-3, 1, 200)
        precision = f1 * recall / (2 * recall - f1)
        shown = precision <= 1
        ax.plot(recall[shown], precision[shown], color="#dddddd", linewidth=0.9, zorder=0)
        ax.annotate(
            f"F1 {f1:.1f}",
            (1.0, f1 / (2 - f1)),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=_GRAY,
            zorder=0,
        )


def plot_roc(
    curves: Roc | Mapping[str, Roc], *, scale: Annotated[str, SCALE] = "linear", ax: Axes | None = None
) -> Axes:
    """Draw the detection rate over the false positives per image.

    Parameters
    ----------
    curves : Roc, or mapping of str to Roc
        What ``roc_curve`` gives: one curve, or several by name, drawn in their order.
    scale : {"linear", "log"}
        Of the horizontal axis. Logarithmic shows the part with few false positives; points without any then stand at
        the left edge.
    ax : matplotlib Axes, optional
        Where to draw; by default axes of a new figure of its own, which ``ax.figure.savefig`` writes.

    Returns
    -------
    matplotlib Axes
        With title, labels and legend, which names each curve and its last detection rate.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        Something else than curves or axes, no curve, or an unknown scale.

    Notes
    -----
    Curves are steps: a threshold between two scores gives the rates of the higher one. Works without a screen; the
    state of ``pyplot`` is neither used nor changed.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> curve = imgproc.roc_curve(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]), 4, 10)
    >>> axes = imgproc.plot_roc({"cascade": curve})
    >>> axes.get_legend().get_texts()[0].get_text()
    'cascade (50.0 % at 0.1)'
    """
    named = _named("plot_roc", curves, Roc)
    scale = SCALE.check("plot_roc", "scale", scale)
    ax = _axes("plot_roc", ax, 6.4, 4.8)
    rates = np.concatenate([curve.false_positives for curve in named.values()])
    right = float(rates.max(initial=0)) or 1.0
    left = float(rates[rates > 0].min(initial=right)) / 2 if scale == "log" else 0.0
    for number, (name, curve) in enumerate(named.items()):
        hits = np.concatenate([[0.0], curve.detection_rate])
        wrong = np.maximum(np.concatenate([[0.0], curve.false_positives]), left)
        last = f"{100 * hits[-1]:.1f} % at {curve.false_positives[-1] if len(curve[0]) else 0:.3g}"
        # To the right edge, where it would go on with a lower threshold.
        ax.step(
            np.append(wrong, right),
            np.append(hits, hits[-1]),
            where="post",
            label=f"{name} ({last})" if name else last,
            **_line(number),
        )
    ax.set_xscale(scale)
    ax.set(xlim=(left, right * (1.02 if scale == "linear" else 1.1)), ylim=(0, 1.02))
    ax.grid(color="#e6e6e6", linewidth=0.8)
    ax.set_axisbelow(True)
    _finish(ax, "False positives per image", "Detection rate", "Detection rate and false positives")
    ax.legend(loc="lower right", fontsize=9, frameon=True, framealpha=0.9, edgecolor="none")
    return ax


def plot_confusion(
    confusion: Array,
    *,
    names: Sequence[str] | None = None,
    normalize: Annotated[bool, FLAG] = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a confusion matrix: true classes down, predicted ones across.

    Parameters
    ----------
    confusion : (n, n) array of integers, none negative
        Counts by true class (row) and predicted class (column), as in ``SegmentationScores.confusion``.
    names : sequence of str, optional
        Of the n classes; their numbers by default.
    normalize : bool, default True
        Show the share of each true class, in percent, instead of counts. A class without any is left blank.
    ax : matplotlib Axes, optional
        Where to draw; by default axes of a new figure of its own, which ``ax.figure.savefig`` writes.

    Returns
    -------
    matplotlib Axes
        With title, labels, a colour bar, and numbers in the cells of up to 21 classes.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        No square matrix of counts, names of another number, or no axes.

    Notes
    -----
    Colours run from white to dark blue at even steps of lightness, so that they read in gray as well; counts are
    coloured by their share of the largest. Works without a screen; the state of ``pyplot`` is neither used nor changed.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> axes = imgproc.plot_confusion(np.array([[8, 2], [1, 9]]), names=["cell", "background"])
    >>> [text.get_text() for text in axes.texts]
    ['80', '20', '10', '90']
    """
    counts = check_confusion("plot_confusion", confusion)
    labels = _labels(names, len(counts))
    normalize = FLAG.check("plot_confusion", "normalize", normalize)
    side = min(2.4 + 0.45 * len(counts), 11.0)
    ax = _axes("plot_confusion", ax, side + 1.2, side)
    totals = counts.sum(axis=1, keepdims=True).astype(float)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    shown = 100 * shares if normalize else counts.astype(float)
    most = 100.0 if normalize else max(float(counts.max()), 1.0)
    image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
    if len(counts) <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(shown):
            if np.isnan(value):
                continue
            text = _percent(value) if normalize else _short(int(value))
            color = "white" if value > 0.55 * most else _INK
            faint = color if value else "#c4c4c4"
            ax.text(column, row, text, ha="center", va="center", fontsize=8, color=faint)
    # Beyond some 40 classes their names would overlap.
    every = range(0, len(counts), -(-len(counts) // 40))
    turned = max(len(labels[k]) for k in every) > 3
    ax.set_xticks(
        every, [labels[k] for k in every], rotation=45 if turned else 0, ha="right" if turned else "center"
    )
    ax.set_yticks(every, [labels[k] for k in every])
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, colors=_INK, length=0)
    bar.set_label("% of the true class" if normalize else "count", color=_INK)
    _finish(ax, "Predicted class", "True class", "Confusion matrix")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def _labels(names: Any, count: int) -> list[str]:
    if names is None:
        return [str(k) for k in range(count)]
    must = f"None or {count} names, one for each class"
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise wrong_type("plot_confusion", "names", must, names)
    if not all(isinstance(name, str) for name in names):
        raise wrong_type("plot_confusion", "names", must, names)
    if len(names) != count:
        raise wrong_value("plot_confusion", "names", must, Got(f"{len(names)}"))
    return list(names)


def _percent(value: float) -> str:
    """Whole percents; what is there but less than half of one is not shown as nothing."""
    return "<1" if 0 < value < 0.5 else ">99" if 99.5 <= value < 100 else f"{value:.0f}"


def _short(count: int) -> str:
    """Four characters or fewer up to 999 millions."""
    for step, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if count >= step:
            size = 10**3 if unit == "k" else step
            return f"{count / size:.0f}{unit}"
    return str(count)
