"""Boxes with scores drawn into an image, so that they can be read at any size of it."""

from __future__ import annotations

import cv2
import numpy as np

from .._core.images import FLOAT32, UINT16, Array, color_count
from ..detections import Detections
from ..morphology.flat import dilate

LEAST_SIDE = 400
"""Smaller images are enlarged by a whole number, or scores would cover them."""

MOST_ZOOM = 16

_BOX, _EDGE, _INK = (61, 220, 145), (16, 24, 20), (12, 30, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def eight_bits(image: Array) -> Array:
    """Samples as 8 bits, values beyond [0, 1] of float images clipped."""
    if image.dtype == UINT16:
        return (image // 257).astype(np.uint8)
    if image.dtype == FLOAT32:
        return (np.nan_to_num(image).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return image


def draw_boxes(image: Array, found: Detections, *, scores: bool = True) -> Array:
    """The image as 8-bit RGB, without alpha, with a box and, if wanted, a score for each detection."""
    drawn, zoom = _enlarged(image)
    side = max(drawn.shape[:2])
    line = max(2, round(side * 0.004))
    letters = max(0.4, side / 1500)
    # Lowest scores first, so that the surest are never covered.
    rows = np.argsort(found.scores, kind="stable").tolist()
    boxes = np.rint(found.boxes * zoom).astype(int).tolist()
    for row in rows:
        _frame(drawn, boxes[row], line)
    for row in rows if scores else ():
        _tag(drawn, boxes[row], f"{found.scores[row]:.2f}", letters, line)
    return drawn


def draw_borders(image: Array, labels: Array) -> Array:
    """The image as 8-bit RGB, without alpha, with a bright line along each border between labels, on a dark one."""
    drawn, zoom = _enlarged(image)
    labels = np.repeat(np.repeat(labels, zoom, axis=0), zoom, axis=1)
    border = np.zeros(labels.shape, np.uint8)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    border[:, 1:] |= across
    border[1:] |= down
    if (labels == 0).any():  # lines, or ground: the border is the region's own
        border &= labels > 0
        border[:, :-1] |= across & (labels[:, 1:] == 0)
        border[:-1] |= down & (labels[1:] == 0)
    width = 1 + 2 * (max(drawn.shape[:2]) // 1600)
    bright = dilate(border, width) if width > 1 else border
    drawn[dilate(border, width + 2) != 0] = _EDGE
    drawn[bright != 0] = _BOX
    return drawn


def _enlarged(image: Array) -> tuple[Array, int]:
    """A picture to draw in, 8-bit RGB, and how many times larger it is."""
    pixels = eight_bits(image)
    if color_count(pixels) == 3:
        drawn = np.ascontiguousarray(pixels[:, :, :3]).copy()
    else:
        drawn = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    zoom = min(MOST_ZOOM, max(1, -(-LEAST_SIDE // max(drawn.shape[:2]))))
    if zoom > 1:
        drawn = np.repeat(np.repeat(drawn, zoom, axis=0), zoom, axis=1)
    return drawn, zoom


def _frame(drawn: Array, box: list[int], line: int) -> None:
    """A bright line within dark ones, inside the box: seen on any ground."""
    x1, y1, x2, y2 = box
    edge = max(1, line // 3)
    for inset, width, color in ((0, line + 2 * edge, _EDGE), (edge, line, _BOX)):
        left, top, right, bottom = x1 + inset, y1 + inset, x2 - inset, y2 - inset
        for part in (
            (slice(top, top + width), slice(left, right)),
            (slice(max(top, bottom - width), bottom), slice(left, right)),
            (slice(top, bottom), slice(left, left + width)),
            (slice(top, bottom), slice(max(left, right - width), right)),
        ):
            drawn[part] = color


def _tag(drawn: Array, box: list[int], text: str, letters: float, line: int) -> None:
    """The score on a bright ground above the box; where there is no room, in its upper corner."""
    height, width = drawn.shape[:2]
    thick = max(1, round(letters * 1.6))
    (wide, tall), _ = cv2.getTextSize(text, _FONT, letters, thick)
    pad = max(2, round(tall * 0.3))
    x1, y1 = box[0], box[1]
    wide, tall = wide + 2 * pad, tall + 2 * pad
    left = max(0, min(x1, width - wide))
    top = y1 - tall if y1 >= tall else max(0, min(y1 + line, height - tall))
    drawn[top : top + tall, left : left + wide] = _BOX
    at = (left + pad, top + tall - pad)
    cv2.putText(drawn, text, at, _FONT, letters, _INK, thick, cv2.LINE_AA)
