"""Boxes and masks of COCO's evaluation as columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core.errors import Got
from .._core.images import Array
from .coco_masks import boxes_of_runs
from .coco_source import Place


@dataclass(frozen=True)
class Items:
    """Boxes or masks of all images, one row each."""

    image: Array  # int32 index into the image ids
    label: Array  # int32 index into the class ids, -1 for none of them
    box: Array  # (N, 4) float64: x, y, width, height
    area: Array  # float64
    runs: Array = field(default_factory=lambda: np.zeros((0, 2), np.uint32))
    first_run: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    mask_area: Array = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def masks(self) -> bool:
        """Whether these are masks."""
        return len(self.first_run) > 0

    def columns(self) -> tuple[Array, ...]:
        return self.image, self.label, self.box, self.area, self.runs, self.first_run, self.mask_area


class Rows:
    """What `Items` are made of, entry by entry."""

    def __init__(self) -> None:
        self.image: list[int] = []
        self.label: list[int] = []
        self.box: list[list[float]] = []
        self.area: list[float | None] = []  # None: that of the mask
        self.runs: list[Array] = []
        self.height: list[int] = []

    def items(self, masks: bool) -> Items:
        image, label = np.array(self.image, np.int32), np.array(self.label, np.int32)
        if not masks:
            box = np.array(self.box, np.float64).reshape(-1, 4)
            return Items(image, label, box, np.array(self.area, np.float64))
        return mask_items(image, label, self.area, self.runs, np.array(self.height, np.int64))


def mask_items(
    image: Array, label: Array, area: Iterable[float | None], runs: list[Array], height: Array
) -> Items:
    first_run = np.cumsum([0, *map(len, runs)])
    # One more row, so that there is a first one to point at.
    joined = np.concatenate([*runs, np.zeros((1, 2), np.uint32)])
    lengths = np.concatenate([[0], np.cumsum(np.diff(joined.astype(np.int64), axis=1))])
    mask_area = np.diff(lengths[first_run])
    box = boxes_of_runs(joined[:-1], first_run, height)
    areas = [own if given is None else given for given, own in zip(area, mask_area, strict=True)]
    return Items(image, label, box, np.array(areas, np.float64), joined, first_run, mask_area)


def areas_of(box: Array) -> Array:
    """Of x, y, width, height; beyond float64 infinite, and so out of every range."""
    with np.errstate(over="ignore"):
        areas: Array = box[:, 2] * box[:, 3]
    return areas


def ordered(place: Place, found: Iterable[Any]) -> tuple[tuple[Any, ...], dict[Any, int]]:
    try:
        ordered = tuple(sorted(found))
    except TypeError:
        raise place.wrong("identified by integers or by texts", Got("both")) from None
    return ordered, {identity: index for index, identity in enumerate(ordered)}
