"""Hard negatives: windows of images without the object that a cascade lets pass, none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.images import Array
from .detection import find_windows
from .model import Cascade
from .pictures import Pictures
from .sampling import sample_windows

KEY = np.dtype(
    [
        ("rung", np.uint8),
        ("view", np.uint8),
        ("size", np.uint16),
        ("image", np.int32),
        ("x", np.int32),
        ("y", np.int32),
    ]
)
"""A window: which rung found it, how its image was turned, the number of its scale in quarters of a step, where."""

POOL = 200_000
"""Windows of a rung that are kept for the stages to come, so that it need not be searched again: 5 MB of keys."""

_PIXELS = 2**22

VIEWS = 8
"""An image as it is, mirrored, and both turned by 90, 180 and 270 degrees."""


@dataclass(frozen=True)
class Rung:
    """A part of all windows of the negatives: some views of the images, some scales, one step."""

    name: str
    views: tuple[int, ...]
    quarters: tuple[int, ...]
    """Scales are `scale_factor ** (k + quarter / 4)`."""
    step: int | None


LADDER = (
    Rung("as the detector looks at them", (0,), (0,), None),
    Rung("mirrored", (1,), (0,), None),
    Rung("at sizes in between", (0, 1), (2,), None),
    Rung("at every pixel", (0, 1), (0, 2), 1),
    Rung("turned by 90, 180 and 270 degrees", (2, 3, 4, 5, 6, 7), (0, 2), None),
    Rung("turned, at every pixel", (2, 3, 4, 5, 6, 7), (0, 2), 1),
    Rung("at finer sizes, at every pixel", (0, 1, 2, 3, 4, 5, 6, 7), (1, 3), 1),
)
"""From the most natural windows to the others; each is searched only where those before it no longer give enough."""


@dataclass(frozen=True)
class Searched:
    """What a search came across."""

    scanned: int
    """Windows that were looked at, of the rungs that it needed."""
    passed: int
    """Of these, how many the cascade lets pass, those already taken included."""
    rungs: int
    images: int
    """From how many images windows were taken."""


class Miner:
    """Gives windows that pass a cascade, each once.

    A rung that has been searched whole and of which few windows pass is never searched again: what passed is kept, and
    a window that passes a longer cascade has passed the shorter one. What is taken, and in which order, follows from
    the windows' own hashes, so that neither threads nor interruptions change it.
    """

    def __init__(
        self,
        pictures: Pictures,
        members: Array,
        window: tuple[int, int],
        scale_factor: float,
        seed: int,
        jobs: int,
    ) -> None:
        self.pictures = pictures
        self.members = members
        """Numbers of the images that this miner may use."""
        self.window = window
        self.scale_factor = scale_factor
        self.seed = np.uint64(seed & 0xFFFFFFFFFFFFFFFF)
        self.jobs = jobs
        self.used = np.empty(0, np.uint64)
        """Hashes of all windows ever given, sorted."""
        self.pool = np.empty(0, KEY)
        """Windows of the rungs held that pass and were not given."""
        self.held: list[int] = []
        """How many windows each rung held has."""
        self.small: set[int] = set()
        """Images that were found to be smaller than the window."""

    def mine(
        self, cascade: Cascade, count: int, kept: Array, still: Callable[[Array], Array]
    ) -> tuple[Array, Array, Searched]:
        """Up to ``count`` windows that pass the cascade: their keys, their pixels, and what was searched for them.

        ``kept`` are keys that were given before and still pass, ``still(pixels)`` tells which windows of the pool do.
        """
        self._filter(still)
        rung = len(self.held)
        scanned = sum(self.held)
        passed = len(self.pool) + int((kept["rung"] < rung).sum())
        found = self.pool
        while len(found) < count and rung < len(LADDER):
            limit = max(16, 8 * count // max(1, len(self.members)))
            known = np.union1d(self.used, self.hashes(found))
            while True:
                fresh, whole, seen, through = self._search(cascade, rung, limit, known)
                if whole or len(found) + len(fresh) >= count:
                    break
                limit *= 16
            scanned += seen
            passed += through
            found = np.concatenate([found, fresh])
            if whole and len(found) <= POOL and rung == len(self.held):
                self.held.append(seen)
                self.pool = found
            rung += 1
        order = np.lexsort((self.hashes(found), found["rung"]))
        chosen = found[order[:count]]
        self.used = np.union1d(self.used, self.hashes(chosen))
        self.pool = self.pool[~_among(self.hashes(self.pool), self.used)]
        images = len(np.unique(chosen["image"]))
        return chosen, self.cut(chosen), Searched(scanned, passed, rung, images)

    def state(self) -> dict[str, Any]:
        """All that a checkpoint must hold."""
        return {
            "used": self.used,
            "pool": self.pool,
            "held": self.held,
            "small": sorted(self.small),
            "skipped": sorted(self.pictures.skipped.items()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        self.used, self.pool, self.held = state["used"], state["pool"], state["held"]
        self.small = set(state["small"])
        self.pictures.skipped |= dict(state["skipped"])

    def hashes(self, keys: Array) -> Array:
        """A number for each window, the same however it was found; they order the windows as if at random."""
        parts = {name: keys[name].astype(np.uint64) for name in ("image", "view", "size", "x", "y")}
        source = parts["image"] << np.uint64(32) | parts["view"] << np.uint64(16) | parts["size"]
        return _mixed(_mixed(source ^ self.seed) ^ (parts["x"] << np.uint64(32) | parts["y"]))

    def cut(self, keys: Array) -> Array:
        """The pixels of windows, (N, height, width) uint8, as the detector sees them."""
        out = np.empty((len(keys), *self.window), np.uint8)
        for image, view, rows in _runs(keys):
            picture = self.pictures.get(image)
            if picture is None:  # it could be read before: the file was taken away meanwhile
                raise OSError(f"train_cascade: negatives: {self.pictures.names[image]!r} is gone")
            turned = _view(picture, view)
            ratios = {
                size: self._ratio(size, turned.shape) for size in np.unique(keys["size"][rows]).tolist()
            }
            scale = np.array([ratios[size] for size in keys["size"][rows].tolist()])
            x, y = (keys[name][rows].astype(np.float64) for name in ("x", "y"))
            out[rows] = sample_windows(turned, x, y, (scale[:, 0], scale[:, 1]), self.window)
        return out

    def _scale(self, size: int) -> np.float32:
        return np.float32(self.scale_factor ** (size / 4))

    def _ratio(self, size: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """The exact ratios of the image's sides to those of its scaled copy, as the detector's."""
        scale = self._scale(size)
        height, width = (1.0 / (round(float(np.float32(side) / scale)) / side) for side in shape)
        return height, width

    def _filter(self, still: Callable[[Array], Array]) -> None:
        """Keep of the pool what passes also the newest stage."""
        block = 16_384
        passing = [
            still(self.cut(self.pool[start : start + block])) for start in range(0, len(self.pool), block)
        ]
        if passing:
            self.pool = self.pool[np.concatenate(passing)]

    def _search(
        self, cascade: Cascade, number: int, limit: int, known: Array
    ) -> tuple[Array, bool, int, int]:
        """Of each image the ``limit`` passing windows of least hash that are not known; whether these are all of them;
        how many windows were looked at, and how many passed."""

        def search(image: int) -> tuple[Array, bool, int, int]:
            best, whole, scanned, passed = np.empty(0, KEY), True, 0, 0
            for keys, seen in self._look(cascade, number, image):
                scanned += seen
                passed += len(keys)
                hashes = self.hashes(keys)
                best = np.concatenate([best, keys[~_among(hashes, known)]])
                if len(best) > limit:
                    best = best[np.argsort(self.hashes(best), kind="stable")[:limit]]
                    whole = False
            return best, whole, scanned, passed

        with ThreadPoolExecutor(self.jobs) as pool:
            results = list(pool.map(search, self.members.tolist()))
        every = np.concatenate([result[0] for result in results] or [np.empty(0, KEY)])
        whole = all(result[1] for result in results)
        return every, whole, sum(result[2] for result in results), sum(result[3] for result in results)

    def _look(self, cascade: Cascade, number: int, image: int) -> Iterator[tuple[Array, int]]:
        """The passing windows of one image, view by view."""
        rung = LADDER[number]
        picture = self.pictures.get(image)
        if picture is None:
            return
        if not any(True for _ in self._sizes(picture.shape)):
            self.small.add(image)
        for view in rung.views:
            turned = _view(picture, view)
            sizes = [size for size in self._sizes(turned.shape) if size % 4 in rung.quarters]
            # Many sizes at a time, but not so many windows that a large image fills the memory.
            at_once = max(1, _PIXELS // turned.size)
            for start in range(0, len(sizes), at_once):
                part = sizes[start : start + at_once]
                seen = np.zeros(cascade.stages, np.int64)
                scales = [self._scale(size) for size in part]
                windows = find_windows(cascade, turned, scales, step=rung.step, seen=seen, threads=1)
                keys = np.empty(len(windows), KEY)
                keys["rung"], keys["view"], keys["image"] = number, view, image
                keys["size"] = np.array(part, np.uint16)[windows["scale"]]
                keys["x"], keys["y"] = windows["x"], windows["y"]
                yield keys, int(seen[0])

    def _sizes(self, shape: tuple[int, ...]) -> Iterator[int]:
        size = 0
        while all(
            round(float(np.float32(side) / self._scale(size))) >= least
            for side, least in zip(shape, self.window, strict=True)
        ):
            yield size
            size += 1


def _view(image: Array, view: int) -> Array:
    if view == 0:
        return image
    flipped = image[:, ::-1] if view & 1 else image
    return np.ascontiguousarray(np.rot90(flipped, view >> 1))


def _mixed(values: Array) -> Array:
    """A round of splitmix64: every bit of the result hangs on every bit of the value."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def _among(values: Array, known: Array) -> Array:
    """Which values are among those of a sorted array."""
    if not len(known):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values)


def _runs(keys: Array) -> Iterator[tuple[int, int, Array]]:
    """Rows of each image and view, so that each is turned once."""
    order = np.lexsort((keys["view"], keys["image"]))
    same = keys["image"][order].astype(np.int64) * VIEWS + keys["view"][order]
    starts = np.flatnonzero(np.diff(same, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(order)][: len(starts)], strict=True):
        yield int(same[start] // VIEWS), int(same[start] % VIEWS), order[start:end]
