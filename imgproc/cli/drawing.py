"""Boxes with scores drawn into an image, so that they can be read at any size of it."""

from __future__ import annotations

from collections.abc import Mapping
from unicodedata import normalize

import cv2
import numpy as np

from .._core.images import FLOAT32, UINT16, Array, color_count
from .._core.packed_masks import as_packed
from ..boxes.masks import unpack_masks
from ..detections import Detections
from ..morphology.flat import dilate
from .colors import class_color, class_colors

LEAST_SIDE = 400
"""Smaller images are enlarged by a whole number, or scores would cover them."""

MOST_ZOOM = 16

LETTERS = 24
"""Of a class's name, that are drawn."""

_TINT = 0.45
_DOTS = 0.25
"""Keypoints that are less sure than this are not drawn."""

_BOX, _EDGE, _INK = (61, 220, 145), (16, 24, 20), (12, 30, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def eight_bits(image: Array) -> Array:
    """Samples as 8 bits, values beyond [0, 1] of float images clipped."""
    if image.dtype == UINT16:
        return (image // 257).astype(np.uint8)
    if image.dtype == FLOAT32:
        return (np.nan_to_num(image).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return image


def draw_boxes(
    image: Array, found: Detections, *, scores: bool = True, names: Mapping[int, str] | None = None
) -> Array:
    """The image as 8-bit RGB, without alpha, with a box and, if wanted, a score for each detection.

    With ``names``, which may be empty, classes have colours, and masks and keypoints are drawn too.
    """
    drawn, zoom = _enlarged(image)
    side = max(drawn.shape[:2])
    line = max(2, round(side * 0.004))
    letters = max(0.4, side / 1500)
    # Lowest scores first, so that the surest are never covered.
    rows = np.argsort(found.scores, kind="stable").tolist()
    boxes = np.rint(found.boxes * zoom).astype(int).tolist()
    colors = [_BOX if names is None else class_color(label) for label in found.labels.tolist()]
    if names is not None:
        _tint(drawn, found, rows, colors, zoom)
    for row in rows:
        _frame(drawn, boxes[row], line, colors[row])
    if names is not None:
        _dot(drawn, found, rows, colors, zoom, line)
    for row in rows if scores else ():
        text = f"{found.scores[row]:.2f}"
        if names is not None:
            text = f"{label_text(int(found.labels[row]), names)} {text}"
        _tag(drawn, boxes[row], text, letters, line, colors[row])
    return drawn


def label_text(label: int, names: Mapping[int, str]) -> str:
    """A class's name as the letters of pictures can show it, or its number."""
    name = normalize("NFKD", names.get(label, "")).encode("ascii", "ignore").decode("ascii").strip()
    if not name:
        return str(label)
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 2].rstrip()}.."


def draw_labels(image: Array, labels: Array, *, borders: Array | None = None) -> Array:
    """The image as 8-bit RGB under the colours of its classes, with a line where labels, or ``borders``, change."""
    drawn, zoom = _enlarged(image)
    colors, edges = (
        np.repeat(np.repeat(array, zoom, axis=0), zoom, axis=1)
        for array in (class_colors(labels), labels if borders is None else borders)
    )
    drawn = (drawn * np.float32(1 - _TINT) + colors * np.float32(_TINT)).astype(np.uint8)
    drawn[:, 1:][edges[:, 1:] != edges[:, :-1]] = _EDGE
    drawn[1:][edges[1:] != edges[:-1]] = _EDGE
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


def _tint(
    drawn: Array, found: Detections, rows: list[int], colors: list[tuple[int, int, int]], zoom: int
) -> None:
    """The pixels of each mask in its colour, one mask at a time: all together may be more than memory holds."""
    if found.masks is None:
        return
    masks = as_packed("draw_boxes", "masks", found.masks)
    if masks.shape[1] * zoom != drawn.shape[0] or masks.shape[2] * zoom != drawn.shape[1]:
        return
    for row in rows:
        y0, y1 = masks.boxes[row, :2].tolist()
        mask = np.repeat(np.repeat(unpack_masks(masks[[row]])[0, y0:y1], zoom, axis=0), zoom, axis=1)
        part = drawn[y0 * zoom : y1 * zoom]
        part[mask] = part[mask] * (1 - _TINT) + np.multiply(colors[row], _TINT)


def _dot(
    drawn: Array,
    found: Detections,
    rows: list[int],
    colors: list[tuple[int, int, int]],
    zoom: int,
    line: int,
) -> None:
    if found.keypoints is None:
        return
    for row in rows:
        for x, y, sure in found.keypoints[row].tolist():
            if sure >= _DOTS and abs(x) < 1e5 and abs(y) < 1e5:
                at = (round(x * zoom), round(y * zoom))
                cv2.circle(drawn, at, 2 * line, _EDGE, -1, cv2.LINE_AA)
                cv2.circle(drawn, at, max(1, round(1.3 * line)), colors[row], -1, cv2.LINE_AA)


def _frame(drawn: Array, box: list[int], line: int, bright: tuple[int, int, int]) -> None:
    """A bright line within dark ones, inside the box: seen on any ground."""
    x1, y1, x2, y2 = box
    edge = max(1, line // 3)
    for inset, width, color in ((0, line + 2 * edge, _EDGE), (edge, line, bright)):
        left, top, right, bottom = x1 + inset, y1 + inset, x2 - inset, y2 - inset
        for part in (
            (slice(top, top + width), slice(left, right)),
            (slice(max(top, bottom - width), bottom), slice(left, right)),
            (slice(top, bottom), slice(left, left + width)),
            (slice(top, bottom), slice(max(left, right - width), right)),
        ):
            drawn[part] = color


def _tag(
    drawn: Array, box: list[int], text: str, letters: float, line: int, bright: tuple[int, int, int]
) -> None:
    """The text on a bright ground above the box; where there is no room, in its upper corner."""
    height, width = drawn.shape[:2]
    thick = max(1, round(letters * 1.6))
    (wide, tall), _ = cv2.getTextSize(text, _FONT, letters, thick)
    pad = max(2, round(tall * 0.3))
    x1, y1 = box[0], box[1]
    wide, tall = wide + 2 * pad, tall + 2 * pad
    left = max(0, min(x1, width - wide))
    top = y1 - tall if y1 >= tall else max(0, min(y1 + line, height - tall))
    drawn[top : top + tall, left : left + wide] = bright
    at = (left + pad, top + tall - pad)
    cv2.putText(drawn, text, at, _FONT, letters, _INK, thick, cv2.LINE_AA)
