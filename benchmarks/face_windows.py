"""Windows to train the face cascade with: faces from crops and photographs, and hard negatives around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

import imgproc
from imgproc.cascade import Cascade
from imgproc.cascade.detection import WINDOW, find_windows, scales

from .face_photographs import DATA, Photograph

CROPS = DATA / "face_crops_24" / "faces_24x24_u8.npy"
COPIES = 10
"""Of each face among the crops, jittered and mirrored already."""


@dataclass(frozen=True)
class Variety:
    """How variants of a face differ; shares are of the box's side."""

    crops: int = 8
    """Of each face among the crops."""
    cuts: int = 20
    """Of each face in a photograph."""
    smaller: float = 0.09
    larger: float = 0.11
    """Natural logarithms of the size of the window over that of the box."""
    shift: float = 0.05
    angle: float = 4.0
    """Degrees, standard deviation."""


def face_variants(
    photographs: Sequence[Photograph], side: int, variety: Variety, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Windows (N, side, side) uint8, and the number of the face that each shows.

    The boxes of the photographs are framed as the crops are: the mean faces of both fit best at the boxes' own size and
    place (correlation 0.88 and 0.89 in two sets, to 5 % of the size).
    """
    crops = np.load(CROPS, allow_pickle=False)
    count = len(crops) // COPIES
    windows, faces = [], []
    for face in range(count):
        for copy in rng.permutation(COPIES)[: variety.crops]:
            crop = crops[COPIES * face + copy]
            if side != crop.shape[0]:
                method = "area" if rng.random() < 0.5 else "linear"
                crop = imgproc.resize(crop, (side, side), method=method)
            windows.append(_lit(_mirrored(crop, rng), rng))
            faces.append(face)
    for photograph in photographs:
        for box in photograph.boxes[~photograph.ignore].astype(np.float64):
            for _ in range(variety.cuts):
                windows.append(_lit(_mirrored(_cut(photograph.gray, box, side, variety, rng), rng), rng))
                faces.append(count)
            count += 1
    return np.stack(windows), np.array(faces)


def _mirrored(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return window[:, ::-1] if rng.random() < 0.5 else window


def _cut(
    gray: np.ndarray, box: np.ndarray, side: int, variety: Variety, rng: np.random.Generator
) -> np.ndarray:
    """A face turned, moved and resized at random, by bilinear samples without smoothing as the detector's."""
    width = float(box[2:].sum() - box[:2].sum()) / 2
    step = width / side * np.exp(rng.uniform(-variety.smaller, variety.larger))
    x, y = (box[:2] + box[2:]) / 2 + rng.uniform(-variety.shift, variety.shift, 2) * width - 0.5
    angle = np.radians(variety.angle * rng.normal())
    place = step * (np.arange(side) - (side - 1) / 2)
    down, across = place[:, None], place[None]
    coordinates = np.stack(
        [
            y + np.cos(angle) * down + np.sin(angle) * across,
            x - np.sin(angle) * down + np.cos(angle) * across,
        ],
        axis=2,
    )
    return imgproc.warp_backward(gray, coordinates, border="edge")


def _lit(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With less detail, noise and light from one side, each now and then; always with some other contrast."""
    side = window.shape[0]
    if rng.random() < 0.15:
        small = max(8, int(side * rng.uniform(0.6, 0.9)))
        window = imgproc.resize(np.ascontiguousarray(window), (small, small), method="area")
        window = imgproc.resize(window, (side, side))
    values = window.astype(np.float64)
    if rng.random() < 0.3:
        values += rng.normal(size=values.shape) * rng.uniform(0, 6)
    if rng.random() < 0.3:
        slope = np.linspace(-1, 1, side)
        down, across = 0.25 * rng.normal(size=2)
        values *= 1 + down * slope[:, None] + across * slope[None]
    middle = values.mean()
    values = (values - middle) * rng.uniform(0.8, 1.2) + middle + rng.uniform(-15, 15)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


class Negatives:
    """Windows of photographs that show no face, or so little of one that they do not count as found.

    A window counts where its IoU with every face is at most 0.2 and at most a tenth of it lies in a box to ignore.
    """

    SEARCHES = tuple(
        (factor, turns, mirrored)
        for factor in (1.1, 1.07)
        for turns in (0, 1, 2, 3)
        for mirrored in (False, True)
    )
    """One after the other while windows lack: from one size of window to the next, quarters of a turn, and whether
    mirrored. Only photographs without faces are turned, as a face on its side is neither one nor none."""

    def __init__(self, photographs: Sequence[Photograph], side: int, rng: np.random.Generator) -> None:
        self.photographs = photographs
        self.side = side
        self.rng = rng

    def any(self, count: int) -> np.ndarray:
        """Windows of all sizes anywhere."""
        found: list[np.ndarray] = []
        while len(found) < count:
            photograph = self.photographs[self.rng.integers(len(self.photographs))]
            gray = photograph.gray
            most = np.log(min(gray.shape) / self.side)
            if most < 0:
                continue
            scale = np.float32(np.exp(self.rng.uniform(0, most)))
            height, width = (round(float(np.float32(length) / scale)) for length in gray.shape)
            windows = np.zeros(20, WINDOW)
            windows["x"] = self.rng.integers(0, width - self.side + 1, 20)
            windows["y"] = self.rng.integers(0, height - self.side + 1, 20)
            free = self._free(self._boxes(windows, [scale]), photograph)
            found += list(_pixels(gray, windows[free], [scale], self.side))
        return np.stack(found[:count])

    def hard(self, cascade: Cascade, count: int, most: int) -> tuple[np.ndarray, float]:
        """Up to so many windows that pass a cascade, at most ``most`` of an image and search; and their share.

        No two have the same pixels.
        """
        found: list[np.ndarray] = []
        entered = passed = 0
        for factor, turns, mirrored in self.SEARCHES:
            for number in self.rng.permutation(len(self.photographs)):
                if turns and len(self.photographs[number].boxes):
                    continue
                photograph = _turned(self.photographs[number], turns, mirrored)
                gray = photograph.gray
                chosen = scales(cascade.window, gray.shape, factor, None, None)
                if not chosen:
                    continue
                seen = np.zeros(cascade.stages, np.int64)
                windows = find_windows(cascade, gray, chosen, seen=seen)
                windows = windows[self._free(self._boxes(windows, chosen), photograph)]
                entered += int(seen[0])
                passed += len(windows)
                if len(windows) > most:
                    windows = windows[np.sort(self.rng.choice(len(windows), most, replace=False))]
                found += list(_pixels(gray, windows, chosen, self.side))
                if len(found) >= count:
                    break
            if len(found) >= count:
                break
        share = passed / max(entered, 1)
        if not found:
            return np.empty((0, self.side, self.side), np.uint8), share
        unique = np.unique(np.stack(found).reshape(len(found), -1), axis=0).reshape(-1, self.side, self.side)
        return unique[self.rng.permutation(len(unique))[:count]], share

    def _boxes(self, windows: np.ndarray, chosen: list[np.float32]) -> np.ndarray:
        factor = np.array(chosen, np.float64)[windows["scale"]]
        corner = np.stack([windows["x"] * factor, windows["y"] * factor], axis=1)
        return np.concatenate([corner, corner + self.side * factor[:, None]], axis=1)

    def _free(self, boxes: np.ndarray, photograph: Photograph) -> np.ndarray:
        if not len(photograph.boxes) or not len(boxes):
            return np.ones(len(boxes), bool)
        truth = photograph.boxes.astype(np.float64)
        size = np.minimum(boxes[:, None, 2:], truth[:, 2:]) - np.maximum(boxes[:, None, :2], truth[:, :2])
        both = np.clip(size, 0, None).prod(axis=2)
        own = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]
        other = (truth[:, 2:] - truth[:, :2]).prod(axis=1)
        wrong = np.where(photograph.ignore, both / own > 0.1, both / (own + other - both) > 0.2)
        return ~wrong.any(axis=1)


def _turned(photograph: Photograph, turns: int, mirrored: bool) -> Photograph:
    """The photograph mirrored, or turned where it has no boxes."""
    gray, boxes = np.rot90(photograph.gray, turns), photograph.boxes
    if mirrored:
        gray, boxes = gray[:, ::-1], boxes.copy()
        boxes[:, [0, 2]] = gray.shape[1] - boxes[:, [2, 0]]
    return replace(photograph, gray=np.ascontiguousarray(gray), boxes=boxes)


def _pixels(gray: np.ndarray, windows: np.ndarray, chosen: list[np.float32], side: int) -> list[np.ndarray]:
    """The windows as the detector sees them."""
    found = []
    for number in np.unique(windows["scale"]):
        shape = tuple(round(float(np.float32(length) / chosen[number])) for length in gray.shape)
        image = imgproc.resize(gray, shape)
        for window in windows[windows["scale"] == number]:
            y, x = int(window["y"]), int(window["x"])
            found.append(image[y : y + side, x : x + side].copy())
    return found
