"""Charts of ratios, and which rows stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def best_peers(report: dict[str, Any]) -> dict[tuple[str, str], Row]:
    """The row of the fastest peer for each case and size."""
    best: dict[tuple[str, str], Row] = {}
    for row in report["rows"]:
        key = row["case"], row["size"]
        if key not in best or row["ratio"] < best[key]["ratio"]:
            best[key] = row
    return best


def sizes(best: dict[tuple[str, str], Any]) -> list[str]:
    return [size for size in ("512", "1080p", "4K") if any(key[1] == size for key in best)]


def condition(report: dict[str, Any]) -> str:
    """Machine, level and threads."""
    first = report["rows"][0]
    threads = f"{first['threads']} thread{'s' if first['threads'] > 1 else ''}"
    return f"{report['machine']['processor']}, {first['level']}, {threads}"


def draw(rows: Iterable[Row], title: str, path: Path) -> None:
    """Ratio of each row to its peer, as bars on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    # Text stays text, and names inside the file do not depend on the run.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "imgproc"})
    from matplotlib import pyplot

    found = list(rows)[::-1]
    ratios = [row["ratio"] for row in found]
    figure, axes = pyplot.subplots(figsize=(8.5, 0.27 * len(found) + 1.3), layout="constrained")
    axes.barh(
        [row["case"] for row in found],
        ratios,
        color=["#2a6f97" if ratio >= 1 else "#b56576" for ratio in ratios],
        height=0.7,
    )
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_xscale("log")
    axes.margins(y=0.01)
    ticks = [tick for tick in (0.5, 1, 2, 4, 8, 16, 32, 64, 128) if tick <= max(ratios) * 1.3]
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.set_xlim(min(0.7, *ratios), max(ratios) * 1.6)
    for position, row in enumerate(found):
        label = f"{row['ratio']:.1f}× {row['rival']}"
        axes.text(max(row["ratio"], 1) * 1.03, position, label, va="center", fontsize=7, color="#333333")
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(title, fontsize=9, loc="left")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
