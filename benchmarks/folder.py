"""``python -m benchmarks.folder``: a folder of large JPEGs on two processors, by the command line and by other ways.

The job is a stretch of all channels together and a gamma; photographs are enlarged to 12 megapixels, and JPEGs are
written at quality 92 with full chroma by everyone. Peers: ImageMagick's mogrify, and a loop over OpenCV in a pool of
processes, as one would write it by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from .__main__ import machine
from .harness import photograph
from .rivals import cv2, versions

WORKERS, QUALITY, GAMMA = 2, 92, 0.8
SIZE = 3000, 4000
DISTINCT = 6
RESULTS = Path(__file__).parent / "results"


def draw_inputs(folder: Path, count: int) -> None:
    """Photographs side by side, enlarged; a few contents, each in many files."""
    image = photograph("4K")
    files = []
    for number in range(min(count, DISTINCT)):
        part = image[(number % 2) * 700 :, (number // 2) * 1200 :][:750, :1000]
        # Less contrast than the range holds, so that there is something to stretch.
        part = cv2.resize(part // 4 * 3 + 20, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
        files.append(cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    for number in range(count):
        (folder / f"{number:03}.jpg").write_bytes(files[number % len(files)])


def by_imgproc(source: Path, out: Path) -> None:
    chain = ["autocontrast:channel=pooled", f"gamma:{GAMMA}"]
    command = [sys.executable, "-m", "imgproc", "apply", *chain, str(source), "-o", str(out)]
    subprocess.run([*command, "-j", str(WORKERS), "--quality", str(QUALITY), "-q"], check=True)


def by_mogrify(source: Path, out: Path) -> None:
    files = map(str, sorted(source.iterdir()))
    command = [
        "mogrify",
        "-path",
        str(out),
        "-quality",
        str(QUALITY),
        "-auto-level",
        "-gamma",
        str(1 / GAMMA),
    ]
    limit = os.environ | {"OMP_NUM_THREADS": str(WORKERS), "MAGICK_THREAD_LIMIT": str(WORKERS)}
    subprocess.run([*command, *files], check=True, env=limit)


def one_by_opencv(out: Path, path: Path) -> None:
    cv2.setNumThreads(1)
    image = cv2.imread(str(path))
    counts = cv2.calcHist([image.reshape(-1, 1)], [0], None, [256], [0, 256]).ravel()
    low, high = np.flatnonzero(counts)[[0, -1]]
    stretched = np.rint(np.clip((np.arange(256) - low) * 255 / max(high - low, 1), 0, 255))
    table = np.rint(255 * (stretched / 255) ** GAMMA).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
    options.append(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    cv2.imwrite(str(out / path.name), cv2.LUT(image, table), options)


def by_opencv(source: Path, out: Path) -> None:
    # Not forked: OpenCV's threads of this process would be missing there.
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        list(pool.map(partial(one_by_opencv, out), sorted(source.iterdir())))


def compare(outs: dict[str, Path]) -> None:
    """The pictures of all ways are about the same, before any of them is timed."""
    (first, *others) = outs.values()
    for path in sorted(first.iterdir()):
        ours = cv2.imread(str(path)).astype(np.int16)
        for other in others:
            difference = np.abs(ours - cv2.imread(str(other / path.name)))
            assert difference.mean() < 1, (
                f"{other.name} differs from us by {difference.mean():.2f} in the mean"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folder", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100, help="images")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each way, in turn; the fastest counts")
    options = parser.parse_args()
    ways: dict[str, Callable[[Path, Path], None]] = {"imgproc apply": by_imgproc}
    if shutil.which("mogrify"):
        ways["mogrify"] = by_mogrify
    ways["opencv, pool of processes"] = by_opencv
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name:
        small, large, outs = Path(name) / "small", Path(name) / "in", {}
        for folder, count in ((small, DISTINCT), (large, options.count)):
            folder.mkdir()
            draw_inputs(folder, count)
        for way, run in ways.items():
            outs[way] = Path(name) / f"out {way}"
            outs[way].mkdir()
            run(small, outs[way])
        compare(outs)
        for turn in range(options.rounds):
            for way in list(ways)[:: 1 if turn % 2 else -1]:
                shutil.rmtree(outs[way])
                outs[way].mkdir()
                start = perf_counter()
                ways[way](large, outs[way])
                seconds[way].append(perf_counter() - start)
    best = {way: min(times) for way, times in seconds.items()}
    for way, time in best.items():
        print(f"{way:<28}{time:7.2f} s{time / best['imgproc apply']:7.2f}x")
    report = {
        "machine": machine(),
        "versions": versions(),
        "images": options.count,
        "megapixels": SIZE[0] * SIZE[1] / 1e6,
        "workers": WORKERS,
        "seconds": {way: [round(time, 3) for time in times] for way, times in seconds.items()},
    }
    (RESULTS / "folder.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
