"""A picture of a cascade's first features, each drawn on its window."""

from __future__ import annotations

import cv2
import numpy as np

from .._core.images import Array
from ..cascade import Cascade

SHOWN = 24
COLUMNS = 6
SIDE = 160
"""Pixels of a window's longer side, about."""

_GAP, _TOP, _CAPTION = 24, 64, 26
_PAPER, _INK, _SOFT = (250, 249, 246), (30, 29, 27), (118, 114, 106)
_PLAIN, _GRID = (226, 223, 216), (214, 211, 203)
_DARK, _LIGHT, _CENTER = (38, 37, 35), (255, 255, 255), (47, 111, 94)


def draw_features(cascade: Cascade, title: str, ground: Array | None = None) -> Array:
    """The features of the first nodes, each once, as an RGB image; on a (height, width) picture where one is given.

    Rectangles of positive weight are light and those of negative weight dark, as the sum over both counts for each
    pixel; of LBP features the middle block is green, and the eight around it are compared with it.
    """
    chosen = first_features(cascade)
    height, width = cascade.window
    zoom = max(1, SIDE // max(height, width))
    cell_height, cell_width = max(height * zoom, 1), max(width * zoom, 96)
    columns = min(COLUMNS, len(chosen))
    lines = -(-len(chosen) // columns)
    sheet = np.empty(
        (
            _TOP + lines * (cell_height + _CAPTION + _GAP),
            max(_GAP + columns * (cell_width + _GAP), 420),
            3,
        ),
        np.uint8,
    )
    sheet[:] = _PAPER
    shown = title if title.isascii() and title.isprintable() else "cascade"
    _write(sheet, _fitted(shown, sheet.shape[1] - 2 * _GAP, 0.55), (_GAP, 28), _INK, 0.55)
    kind = "LBP" if cascade.features == "lbp" else "Haar"
    note = f"first {len(chosen)} of {len(cascade.boxes)} {kind} features, window {width} x {height}"
    _write(sheet, note, (_GAP, 48), _SOFT, 0.42)
    for place, (feature, stage) in enumerate(chosen):
        row, column = divmod(place, columns)
        top = _TOP + row * (cell_height + _CAPTION + _GAP)
        left = _GAP + column * (cell_width + _GAP)
        picture = (
            _draw(cascade, feature, zoom) if ground is None else draw_feature_on(cascade, feature, ground)
        )
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        _write(sheet, f"{feature}", (left, top + cell_height + 17), _INK, 0.42)
        text = f"stage {stage}"
        _write(sheet, text, (left + width * zoom - _width(text, 0.42), top + cell_height + 17), _SOFT, 0.42)
    return sheet


def draw_feature_on(cascade: Cascade, feature: int, ground: Array, side: int = SIDE) -> Array:
    """One feature over a (height, width) uint8 picture of the window, as an RGB image."""
    zoom = max(1, side // max(cascade.window))
    drawn = _draw(cascade, feature, zoom).astype(np.float32)
    below = np.repeat(np.repeat(ground, zoom, axis=0), zoom, axis=1).astype(np.float32)[:, :, None]
    marked = (drawn != np.array(_PLAIN)).any(axis=2) & (drawn != np.array(_GRID)).any(axis=2)
    return np.where(marked[:, :, None], 0.6 * drawn + 0.4 * below, below).astype(np.uint8)


def first_features(c: Cascade) -> list[tuple[int, int]]:
    """Feature and stage, counted from 1, of the first nodes, each feature once."""
    chosen: dict[int, int] = {}
    ends = c.first_node[c.first_tree[1:]]
    for node, feature in enumerate(c.node_feature.tolist()):
        chosen.setdefault(feature, int(np.searchsorted(ends, node, "right")) + 1)
        if len(chosen) == SHOWN:
            break
    return list(chosen.items())


def _draw(c: Cascade, feature: int, zoom: int) -> Array:
    height, width = c.window
    picture = np.empty((height * zoom, width * zoom, 3), np.uint8)
    picture[:] = _PLAIN
    if zoom >= 4:
        picture[::zoom] = picture[:, ::zoom] = _GRID
    if c.features == "lbp":
        x, y, w, h = (zoom * value for value in c.boxes[feature, 0].tolist())
        for row in range(3):
            for column in range(3):
                block = picture[y + row * h : y + (row + 1) * h, x + column * w : x + (column + 1) * w]
                block[:] = _CENTER if row == column == 1 else _LIGHT
                cv2.rectangle(
                    picture,
                    (x + column * w, y + row * h),
                    (x + (column + 1) * w - 1, y + (row + 1) * h - 1),
                    _DARK,
                    1,
                )
    else:
        total = np.zeros((height * zoom, width * zoom))
        for box, weight in zip(c.boxes[feature].tolist(), c.weights[feature].tolist(), strict=True):
            total += weight * _inside(box, bool(c.tilted[feature]), total.shape, zoom)
        picture[total < -1e-6] = _DARK
        picture[total > 1e-6] = _LIGHT
    cv2.rectangle(picture, (0, 0), (width * zoom - 1, height * zoom - 1), _SOFT, 1)
    return picture


def _inside(box: list[int], tilted: bool, shape: tuple[int, ...], zoom: int) -> Array:
    """Which pixels of the drawing lie in a rectangle of the window."""
    left, top, width, height = box
    y, x = ((np.arange(side) + 0.5) / zoom for side in shape)
    if not tilted:
        upright: Array = ((y >= top) & (y < top + height))[:, None] & ((x >= left) & (x < left + width))
        return upright
    down, across = (y - top)[:, None], (x - left)[None]
    right, back = (down + across) / 2, (down - across) / 2
    turned: Array = (right >= 0) & (right < width) & (back >= 0) & (back < height)
    return turned


def _write(sheet: Array, text: str, at: tuple[int, int], color: tuple[int, int, int], scale: float) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)


def _width(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0])


def _fitted(text: str, width: int, scale: float) -> str:
    """A text, with its middle left out where it is too long."""
    if _width(text, scale) <= width:
        return text
    kept = max(8, len(text) * width // _width(text, scale) - 4)
    return f"{text[: kept // 2]}...{text[-(kept - kept // 2) :]}"
