"""``python -m benchmarks.radius_curve``: time per pixel over the radius of the window, as JSON and chart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import imgproc

from .__main__ import machine
from .harness import Array, photograph

RADII = (1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200)
RESULTS = Path(__file__).parent / "results"
SECONDS = 0.1


def filters() -> dict[str, Callable[[int], Callable[[], Any]]]:
    """What is timed, for a radius: one thread, 1080p, gray."""
    found: dict[str, Callable[[int], Callable[[], Any]]] = {}
    for dtype in (np.uint8, np.uint16, np.float32):
        image = photograph("1080p", channels=1, dtype=dtype)
        out = np.empty_like(image)

        def box(radius: int, image: Array = image, out: Array = out) -> Callable[[], Any]:
            return lambda: imgproc.box_filter(image, radius, out=out)

        def erosion(radius: int, image: Array = image, out: Array = out) -> Callable[[], Any]:
            return lambda: imgproc.erode(image, 2 * radius + 1, out=out)

        def median(radius: int, image: Array = image, out: Array = out) -> Callable[[], Any]:
            return lambda: imgproc.median_filter(image, radius, out=out)

        name = str(np.dtype(dtype))
        found |= {f"box_filter {name}": box, f"erode {name}": erosion}
        if dtype == np.uint8:
            found[f"median_filter {name}"] = median
    return found


def fastest(call: Callable[[], Any]) -> float:
    """Seconds of the fastest run."""
    best, end = float("inf"), perf_counter() + SECONDS
    while perf_counter() < end or best == float("inf"):
        start = perf_counter()
        call()
        best = min(best, perf_counter() - start)
    return best


def measure() -> dict[str, list[float]]:
    """Nanoseconds for each pixel at each radius."""
    pixels = 1080 * 1920
    return {
        name: [round(fastest(call(radius)) / pixels * 1e9, 4) for radius in RADII]
        for name, call in filters().items()
    }


def draw(report: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "imgproc"})
    from matplotlib import pyplot

    colors = {"box_filter": "#2a6f97", "erode": "#588157", "median_filter": "#b56576"}
    strokes = {"uint8": "-", "uint16": "--", "float32": ":"}
    figure, axes = pyplot.subplots(figsize=(8.5, 4.2), layout="constrained")
    for name, times in report["nanoseconds"].items():
        function, dtype = name.split()
        axes.plot(report["radii"], times, strokes[dtype], color=colors[function], linewidth=1.5, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = (1, 2, 5, 10, 20, 50, 100, 200)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_yticks((0.03, 0.1, 0.3, 1, 3, 10), ["0.03", "0.1", "0.3", "1", "3", "10"])
    axes.minorticks_off()
    axes.set_xlabel("radius", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, 0.84))
    axes.set_title(
        "Nanoseconds for a pixel, by radius; gray, 1080p\n"
        f"{report['machine']['processor']}, {report['level']}, 1 thread",
        fontsize=9,
        loc="left",
    )
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    imgproc.set_num_threads(1)
    report = {
        "machine": machine(),
        "level": imgproc.get_cpu_level(),
        "radii": RADII,
        "nanoseconds": measure(),
    }
    (RESULTS / "radius.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    draw(report, RESULTS / "radius.svg")
    for name, times in report["nanoseconds"].items():
        print(f"{name:<24}", *(f"{time:7.3f}" for time in times))


if __name__ == "__main__":
    main()
