"""Cases, comparison, and interleaved timing."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .rivals import OPENCV, PILLOW, SCIPY, SKIMAGE

Array = np.ndarray[Any, Any]
Rule = Callable[[Any, Any], None]

SIZES = {"512": (512, 512), "1080p": (1080, 1920), "4K": (2160, 3840)}
DATA = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))
_PHOTOS = DATA / "photos_kodak"


@dataclass
class Case:
    """One job: ours, and the peers' ways to do it, each called without arguments and giving the result."""

    name: str
    size: str
    pixels: int
    ours: Callable[[], Any]
    rivals: dict[str, Callable[[], Any]]
    rule: Rule
    moved: int = 0
    """Bytes that must be read and written at least once."""


def case(
    name: str, size: str, image: Array, out: Array | None, ours: Callable[[], Any], rule: Any, **rivals: Any
) -> Case:
    """A case whose peers are named by what is installed: opencv=, pillow=, skimage=, scipy=, numpy=."""
    named = {"opencv": OPENCV, "pillow": PILLOW, "skimage": SKIMAGE, "scipy": SCIPY, "numpy": "numpy"}
    moved = image.nbytes + (0 if out is None else out.nbytes)
    height, width = SIZES[size]
    present = {named[key]: rival for key, rival in rivals.items() if rival is not None and named[key]}
    return Case(name, size, height * width, ours, present, rule, moved)


@dataclass
class Timing:
    """Milliseconds."""

    ours: list[float] = field(default_factory=list)
    rival: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times faster we are, from the fastest runs."""
        return min(self.rival) / min(self.ours)

    @property
    def median_ratio(self) -> float:
        return float(np.median(self.rival) / np.median(self.ours))


def equal(ours: Any, rival: Any) -> None:
    np.testing.assert_array_equal(ours, rival)


def within(levels: float, share: float = 1.0) -> Rule:
    """At most ``levels`` apart, and different in at most ``share`` of the values."""

    def rule(ours: Any, rival: Any) -> None:
        difference = np.abs(ours.astype(np.float64) - rival.astype(np.float64))
        assert difference.max() <= levels, f"{difference.max()} apart, at most {levels} expected"
        different = np.count_nonzero(difference) / difference.size
        assert different <= share, f"{different:.2%} of the values differ, at most {share:.2%} expected"

    return rule


def another_rule(ours: Any, rival: Any) -> None:
    """For peers whose arithmetic differs on purpose: same shape and dtype, and about the same picture."""
    assert ours.shape == rival.shape and ours.dtype == rival.dtype
    scale = 1.0 if ours.dtype.kind == "f" else np.iinfo(ours.dtype).max
    mean = np.abs(ours.astype(np.float64) - rival.astype(np.float64)).mean() / scale
    assert mean < 0.02, f"mean difference {mean:.3f} of the range"


def photograph(size: str, *, channels: int = 3, dtype: Any = np.uint8) -> Array:
    """Photographs side by side at their own resolution, or drawn textures where the data set is not at hand."""
    height, width = SIZES[size]
    files = sorted(_PHOTOS.rglob("*.png"))
    if files:
        import cv2

        tiles = [cv2.imread(str(file), cv2.IMREAD_COLOR)[:512, :512, ::-1] for file in files]
    else:
        tiles = [_texture(seed) for seed in range(6)]
    down, across = -(-height // 512), -(-width // 512)
    bands = [
        np.concatenate([tiles[(row * across + column) % len(tiles)] for column in range(across)], axis=1)
        for row in range(down)
    ]
    image = np.concatenate(bands)[:height, :width]
    if dtype == np.uint16:
        fine = np.random.default_rng(1).integers(0, 256, image.shape, np.uint16)
        image = image.astype(np.uint16) * 256 + fine
    elif dtype == np.float32:
        image = (image / np.float32(255)).astype(np.float32)
    return np.ascontiguousarray(image[..., 1] if channels == 1 else image)


def _texture(seed: int) -> Array:
    """Smooth shapes with fine grain, 512 × 512 RGB."""
    rng = np.random.default_rng(seed)
    total = np.zeros((512, 512, 3))
    for octave in range(2, 10):
        coarse = rng.random((2**octave, 2**octave, 3)) / octave
        total += coarse.repeat(512 // 2**octave, 0).repeat(512 // 2**octave, 1)
    total -= total.min()
    return np.uint8(255 * total / total.max())


def compare(case: Case) -> None:
    """Run everyone once; a case whose results do not agree is not timed."""
    ours = case.ours()
    ours = ours.copy() if isinstance(ours, np.ndarray) else ours
    for name, rival in case.rivals.items():
        try:
            case.rule(ours, rival())
        except AssertionError as error:
            raise AssertionError(f"{case.name} {case.size} against {name}: {error}") from error


def time_pair(ours: Callable[[], Any], rival: Callable[[], Any], seconds: float = 0.4) -> Timing:
    """Both in turn, the order alternating, until the time is spent and each ran at least three times."""
    timing = Timing()
    clock = time.perf_counter
    enabled = gc.isenabled()
    gc.disable()
    try:
        end = clock() + seconds
        turn = 0
        while clock() < end or turn < 3:
            for function, list_ in ((ours, timing.ours), (rival, timing.rival))[:: 1 if turn % 2 else -1]:
                start = clock()
                function()
                list_.append((clock() - start) * 1e3)
            turn += 1
    finally:
        if enabled:
            gc.enable()
    return timing


def bandwidth() -> float:
    """Bytes per second of a copy that is much larger than the caches, read and write together."""
    source = np.ones(1 << 26, np.uint8)
    target = np.empty_like(source)
    best = min(_once(lambda: np.copyto(target, source)) for _ in range(7))
    return 2 * source.nbytes / best


def _once(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(cases: Iterator[Case], seconds: float) -> Iterator[tuple[Case, dict[str, Timing]]]:
    for case in cases:
        compare(case)
        yield case, {name: time_pair(case.ours, rival, seconds) for name, rival in case.rivals.items()}
