"""Pictures of parts and joints."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from .._core.images import Array
from ..bodyparts import FOUND_JOINTS, PARTS, Camera, Joints

BONES = (
    ("head", "neck"),
    *(
        (f"{a}_{side}" if a != "neck" else a, f"{b}_{side}")
        for side in ("left", "right")
        for a, b in (
            ("neck", "shoulder"),
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("wrist", "hand"),
            ("knee", "ankle"),
            ("ankle", "foot"),
        )
    ),
)
"""Joints that a line joins; hips are not found."""

_INK, _BONE = (16, 24, 20), (255, 255, 255)


def _palette() -> Array:
    """A colour for each part: hues go round the body, the left side is lighter than the right."""
    colors = []
    names = [name.removesuffix("_left").removesuffix("_right") for name in PARTS]
    order = list(dict.fromkeys(names))
    for name, part in zip(names, PARTS, strict=True):
        hue = (
            order.index(name) * 0.381966
        ) % 1.0  # golden section: neighbours in the list are far apart in hue
        light = 0.72 if part.endswith("_left") else 0.5
        colors.append([round(255 * c) for c in colorsys.hls_to_rgb(hue, light, 0.75)])
    return np.array([*colors, [24, 28, 32]], np.uint8)


PALETTE = _palette()
"""(P + 1, 3): the last is for pixels off the body."""


def draw_parts(labels: Array, depth: Array | None = None) -> Array:
    """Labels (-1 where there is none) as colours, darker where the body is farther away."""
    drawn = PALETTE[np.where((labels >= 0) & (labels < len(PARTS)), labels, len(PARTS))]
    body = labels >= 0
    if depth is None or not body.any():
        return drawn
    near, far = np.percentile(depth[body], (1, 99))
    shade = np.clip((depth - near) / max(far - near, 1e-3), 0, 1) * 0.45
    return np.where(body[..., None], drawn * (1 - shade[..., None]), drawn).astype(np.uint8)


def draw_depth(depth: Array, body: Array) -> Array:
    """Depth in metres as gray, near is bright; off the body dark."""
    if not body.any():
        return np.full((*depth.shape, 3), 24, np.uint8)
    near, far = np.percentile(depth[body], (1, 99))
    gray = 235 - np.clip((depth - near) / max(far - near, 1e-3), 0, 1) * 165
    return np.repeat(np.where(body, gray, 24).astype(np.uint8)[..., None], 3, axis=2)


def draw_joints(picture: Array, found: Joints, camera: Camera) -> Array:
    """Joints and bones on a picture, which is enlarged so that they can be told apart."""
    zoom = max(1, -(-640 // max(picture.shape[:2])))
    drawn = np.ascontiguousarray(np.repeat(np.repeat(picture, zoom, axis=0), zoom, axis=1))
    places = (camera.project(found.positions) + 0.5) * zoom
    line = max(1, round(max(drawn.shape[:2]) * 0.003))
    at = {
        name: (round(column), round(row))
        for name, (row, column) in zip(FOUND_JOINTS, places.tolist(), strict=True)
        if np.isfinite([row, column]).all() and max(abs(row), abs(column)) < 1e5
    }
    for width, color in ((3 * line, _INK), (line, _BONE)):
        for a, b in BONES:
            if a in at and b in at:
                cv2.line(drawn, at[a], at[b], color, width, cv2.LINE_AA)
    for place in at.values():
        cv2.circle(drawn, place, 3 * line, _INK, -1, cv2.LINE_AA)
        cv2.circle(drawn, place, 2 * line, _BONE, -1, cv2.LINE_AA)
    return drawn
