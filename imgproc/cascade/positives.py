"""The positives of a training: where they come from, and the copies that are made of each."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .checkpoints import FUNCTION
from .pictures import Pictures, Skipped, open_pictures
from .sampling import sample_windows

if TYPE_CHECKING:
    from ..detections import DetectionSet

_STRETCH = 1.1
"""Crops whose proportions are off by more than this factor are told of."""


@dataclass(frozen=True)
class Variety:
    """What copies of a positive differ in."""

    mirror: bool = False
    copies: int = 0
    shift: float = 0.05
    brightness: float = 0.1
    seed: int = 0

    @property
    def plain(self) -> int:
        """Copies that hold the positive itself: as it is, and mirrored."""
        return 2 if self.mirror else 1


@dataclass(frozen=True)
class Positives:
    """Windows of all positives: `windows` is (copies, N, height, width) uint8; the first copies are the plain ones."""

    windows: Array
    groups: Array
    """Of each of the N: what must not be parted between training and validation."""
    skipped: Skipped
    notes: list[str]
    fingerprint: str

    def __len__(self) -> int:
        return int(self.windows.shape[1])


@dataclass
class _Collector:
    """Takes regions of images one by one, and makes their windows."""

    window: tuple[int, int]
    variety: Variety
    parts: list[Array] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    small: int = 0
    reshaped: int = 0

    def add(self, image: Array, box: tuple[float, float, float, float], group: int, *, grow: bool) -> None:
        """One region of an image; where ``grow``, widened or heightened to the window's proportions."""
        x1, y1, x2, y2 = box
        height, width = self.window
        tall, wide = y2 - y1, x2 - x1
        if tall < height - 0.5 or wide < width - 0.5:
            self.small += 1
            return
        ratio = (tall / height) / (wide / width)
        self.reshaped += not 1 / _STRETCH <= ratio <= _STRETCH
        if grow:
            side = max(tall / height, wide / width)
            tall, wide = side * height, side * width
        middle = (y1 + y2) / 2, (x1 + x2) / 2
        self.parts.append(self._copies(image, middle, (tall / height, wide / width), len(self.parts)))
        self.groups.append(group)

    def _copies(
        self, image: Array, middle: tuple[float, float], scale: tuple[float, float], number: int
    ) -> Array:
        variety, window = self.variety, self.window
        count = variety.plain + variety.copies
        rng = np.random.default_rng((variety.seed, number))
        size = np.ones(count)
        moved = np.zeros((2, count))
        gamma = np.ones(count)
        turned = np.zeros(count, bool)
        turned[1 : variety.plain] = True
        if variety.copies:
            drawn = rng.uniform(-1, 1, (5, variety.copies))
            size[variety.plain :] = 1 + variety.shift * drawn[0]
            moved[:, variety.plain :] = variety.shift * drawn[1:3]
            gamma[variety.plain :] = (1 + variety.brightness) ** drawn[3]
            turned[variety.plain :] = variety.mirror & (drawn[4] > 0)
        scales = [size * each for each in scale]
        starts = [
            (center + shift * ratio * side) / new - side / 2
            for center, shift, ratio, new, side in zip(middle, moved, scale, scales, window, strict=True)
        ]
        windows = sample_windows(image, starts[1], starts[0], (scales[0], scales[1]), window)
        for copy in np.flatnonzero(gamma != 1):
            table = np.rint(255 * (np.arange(256) / 255) ** gamma[copy]).astype(np.uint8)
            windows[copy] = table[windows[copy]]
        windows[turned] = windows[turned, :, ::-1]
        return windows

    def finish(self, argument: str, skipped: Skipped, fingerprint: str, grown: bool) -> Positives:
        height, width = self.window
        if not self.parts:
            least = f"at least one of {height} x {width} pixels, the window"
            got = f"{self.small:,} smaller ones" if self.small else "none"
            if skipped:
                got += f" and {len(skipped):,} that cannot be read, {skipped[0][0]!r} first: {skipped[0][1]}"
            raise wrong_value(FUNCTION, argument, least, Got(got))
        notes = []
        if self.small:
            notes.append(f"{self.small:,} positives are smaller than the window and left out")
        if self.reshaped:
            done = "their boxes are widened to them, around the middle" if grown else "they are stretched"
            notes.append(
                f"{self.reshaped:,} positives have other proportions than the window of {height} x {width}: {done}"
            )
        windows = np.stack(self.parts, axis=1)
        return Positives(windows, np.array(self.groups, np.int64), skipped, notes, fingerprint)


def collect_positives(
    source: Any,
    argument: str,
    *,
    images: Any,
    groups: Any,
    window: tuple[int, int],
    variety: Variety,
    budget: int,
) -> Positives:
    """Windows of what is given: a folder or sequence of crops, or boxes in images, as a file or record of them."""
    from ..detections import DetectionSet

    boxes = None
    named = isinstance(source, str | os.PathLike)
    if isinstance(source, DetectionSet) or images is not None or (named and os.path.isfile(source)):
        pictures, boxes = _open_boxes(source, argument, images, budget)
    else:
        pictures = open_pictures(FUNCTION, argument, source, budget)
    group = _checked_groups(groups, len(pictures))
    collector = _Collector(window, variety)
    for number in range(len(pictures)):
        if boxes is None:
            image = pictures.get(number)
            if image is not None:
                collector.add(image, (0, 0, image.shape[1], image.shape[0]), group[number], grow=False)
            continue
        rows = boxes.rows(number)
        wanted = [row for row in range(rows.start, rows.stop) if not boxes.crowd[row]]
        image = pictures.get(number) if wanted else None
        if image is not None:
            for row in wanted:
                collector.add(image, tuple(boxes.boxes[row].tolist()), group[number], grow=True)
    return collector.finish(argument, pictures.left_out(), pictures.fingerprint, boxes is not None)


def _checked_groups(groups: Any, count: int) -> Array:
    """One number for each image; each its own by default."""
    if groups is None:
        return np.arange(count)
    must = f"{count:,} integers, one for each image of the positives"
    try:
        array = np.asarray(groups)
    except ValueError:
        raise wrong_type(FUNCTION, "groups", must, groups) from None
    if array.dtype.kind not in "iu":
        raise wrong_type(FUNCTION, "groups", must, groups)
    if array.shape != (count,):
        raise wrong_value(FUNCTION, "groups", must, array)
    return array.astype(np.int64)


def _open_boxes(source: Any, argument: str, images: Any, budget: int) -> tuple[Pictures, DetectionSet]:
    """The images that boxes are in, and the boxes."""
    from ..detections import DetectionSet, read_detections
    from ..io import read_image

    if isinstance(source, DetectionSet):
        found = source
    elif isinstance(source, str | os.PathLike):
        found = read_detections(source)
        images = os.path.dirname(os.fspath(source)) or "." if images is None else images
    else:
        must = "a file of boxes or a DetectionSet where images is given"
        raise wrong_type(FUNCTION, argument, must, source)
    if not isinstance(images, str | os.PathLike):
        raise wrong_type(FUNCTION, "images", "the folder of the images that the boxes are in", images)
    root = os.fspath(images)
    if not os.path.isdir(root):
        raise FileNotFoundError(f"{FUNCTION}: images: there is no folder {root!r}")

    def read(number: int) -> Array:
        name = found.image_names[number]
        places = [os.path.join(root, *below, name) for below in ((), ("images",))]
        return read_image(next(filter(os.path.lexists, places), places[0])).pixels

    digest = sha256(found.boxes.tobytes() + found.images.tobytes())
    digest.update("\0".join(found.image_names).encode("utf-8", "surrogateescape"))
    return Pictures(found.image_names, read, digest.hexdigest(), budget), found
