"""COCO's evaluation of a drawn data set: 7 truths and 22 detections an image, 80 classes, as in COCO's validation set.

Three ways in: structures that each program has loaded, dicts as JSON gives them, and JSON files. Every peer makes the
twelve numbers from there. hotcoco takes as many threads as RAYON_NUM_THREADS says when it starts; we take one.
pycocotools and faster-coco-eval, whose evaluations of 5,000 images take 14 s and 2 s, run on the smaller sets alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import imgproc

from .harness import Case
from .rivals import load

IMAGES = {"512": 500, "1080p": 2000, "4K": 5000}
CLASSES = 80

Entries = list[dict[str, Any]]


@lru_cache
def data_set(images: int, seed: int = 0) -> tuple[Entries, dict[str, Any]]:
    """Detections and truth; most detections lie near a truth with errors of 8 % of its size, others anywhere."""
    rng = np.random.default_rng(seed)
    ids = (np.sort(rng.choice(600_000, images, replace=False)) + 1).tolist()
    popularity = np.arange(1, CLASSES + 1) ** -0.9
    popularity /= popularity.sum()
    annotations: Entries = []
    found: Entries = []

    def label() -> int:
        return int(rng.choice(CLASSES, p=popularity)) + 1

    def box() -> list[float]:
        size = np.exp(rng.normal(4, 1, 2)).clip(4, 400)
        corner = rng.random(2) * (np.array([640, 480]) - size).clip(1)
        return np.round([*corner, *size], 2).tolist()

    def detect(image: int, category: int, where: list[float], score: float) -> None:
        entry = {"image_id": image, "category_id": category, "bbox": where, "score": round(float(score), 4)}
        found.append(entry)

    for image in ids:
        count = int(rng.poisson(7.3))
        few = [label() for _ in range(min(4, max(1, count)))]
        for _ in range(count):
            where, category = box(), few[int(rng.integers(len(few)))]
            entry = {"id": len(annotations) + 1, "image_id": image, "category_id": category, "bbox": where}
            area = round(where[2] * where[3] * rng.uniform(0.5, 0.9), 2)
            annotations.append({**entry, "area": area, "iscrowd": int(rng.random() < 0.01)})
            for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.85 else 0):
                near = np.array(where) + rng.normal(0, 0.08, 4) * np.tile(where[2:], 2)
                near[2:] = near[2:].clip(1)
                detect(image, category, near.round(2).tolist(), rng.beta(4, 2))
        for _ in range(max(0, 22 - round(1.275 * count) + int(rng.integers(-3, 4)))):
            detect(image, label(), box(), rng.beta(1.2, 6))
    truth = {
        "images": [
            {"id": image, "width": 640, "height": 480, "file_name": f"{image:012}.jpg"} for image in ids
        ],
        "categories": [{"id": k + 1, "name": f"class {k + 1}"} for k in range(CLASSES)],
        "annotations": annotations,
    }
    return found, truth


@lru_cache
def _files(images: int) -> tuple[str, str, Any]:
    folder = tempfile.TemporaryDirectory()
    paths = [str(Path(folder.name, name)) for name in ("found.json", "truth.json")]
    for path, content in zip(paths, data_set(images), strict=True):
        Path(path).write_text(json.dumps(content))
    return paths[0], paths[1], folder


def _ours(found: Any, truth: Any) -> list[float]:
    return list(imgproc.coco_evaluate(found, truth).stats.values())


def _close(ours: Any, rival: Any) -> None:
    np.testing.assert_allclose(ours, rival, rtol=0, atol=1e-9)


def _quiet(function: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return function()


def _stats(evaluation: Any) -> list[float]:
    def run() -> list[float]:
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return [float(value) for value in evaluation.stats[:12]]

    result: list[float] = _quiet(run)
    return result


def cases(size: str) -> Iterator[Case]:
    images = IMAGES[size]
    found, truth = data_set(images)
    files = _files(images)[:2]
    columns = imgproc.CocoTruth.load(truth)
    detections = imgproc.CocoDetections.load(found, columns)
    loaded: dict[str, Callable[[], Any]] = {}
    dicts: dict[str, Callable[[], Any]] = {}
    from_files: dict[str, Callable[[], Any]] = {}
    peer: Any = load("hotcoco")
    if peer:
        name = f"hotcoco {peer.__version__}"
        ground = _quiet(lambda: peer.COCO(files[1]))
        results = _quiet(lambda: ground.load_res(files[0]))

        def hot(truth: Any, found: Any) -> list[float]:
            fresh = _quiet(lambda: peer.COCO(truth))
            return _stats(peer.COCOeval(fresh, _quiet(lambda: fresh.load_res(found)), "bbox"))

        loaded[name] = lambda: _stats(peer.COCOeval(ground, results, "bbox"))
        dicts[name] = lambda: hot(truth, found)
        from_files[name] = lambda: hot(files[1], files[0])
    fast: Any = load("faster_coco_eval") if images < 5000 else None
    if fast:
        from importlib.metadata import version

        name = f"faster-coco-eval {version('faster-coco-eval')}"
        fast_ground = _quiet(lambda: fast.COCO(files[1]))
        fast_results = _quiet(lambda: fast_ground.loadRes(files[0]))
        loaded[name] = lambda: _stats(fast.COCOeval_faster(fast_ground, fast_results, "bbox"))
    if images <= 500 and load("pycocotools"):
        from importlib.metadata import version

        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        name = f"pycocotools {version('pycocotools')}"
        slow_ground = _quiet(lambda: COCO(files[1]))
        slow_results = _quiet(lambda: slow_ground.loadRes(files[0]))
        loaded[name] = lambda: _stats(COCOeval(slow_ground, slow_results, "bbox"))
    name = f"coco_evaluate {images} images"
    n = len(found)
    yield Case(f"{name}, loaded", size, n, lambda: _ours(detections, columns), loaded, _close)
    yield Case(f"{name}, dicts", size, n, lambda: _ours(found, truth), dicts, _close)
    yield Case(f"{name}, files", size, n, lambda: _ours(*files), from_files, _close)
