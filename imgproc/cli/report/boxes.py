"""Boxes over a picture of a page, in shares of its sides, so that they fit at any size it is shown in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

TAGGED = 10
"""Boxes of a picture that are named in it."""


@dataclass(frozen=True)
class Box:
    """A rectangle over a picture, in percent of its sides."""

    kind: str
    left: float
    top: float
    width: float
    height: float
    title: str
    tag: str = ""
    color: str = ""
    """Where it is not the one of its kind."""


def place_box(
    kind: str, box: Sequence[float], size: tuple[int, int], title: str, tag: str = "", color: str = ""
) -> Box:
    """A box of an image of (height, width), clipped to it."""
    height, width = size
    x1, x2 = (100 * min(max(x / width, 0.0), 1.0) for x in box[::2])
    y1, y2 = (100 * min(max(y / height, 0.0), 1.0) for y in box[1::2])
    return Box(kind, round(x1, 2), round(y1, 2), round(x2 - x1, 2), round(y2 - y1, 2), title, tag, color)


def layered(boxes: Sequence[Box]) -> list[Box]:
    """Small boxes over large ones, so that each can be pointed at; tags of the largest only where there are many."""
    ready = sorted(boxes, key=lambda box: -box.width * box.height)
    untold = [box for box in ready if box.tag][TAGGED:]
    return [replace(box, tag="") if box in untold else box for box in ready]
