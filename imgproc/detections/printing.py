"""Detections as text, for people to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .record import Detections

_SHOWN = 8
"""Rows and labels that are shown."""


def summary(found: Detections) -> str:
    """How many there are, and of which kind, in a line."""
    parts = ["1 box" if len(found) == 1 else f"{len(found)} boxes"]
    if len(found):
        low, high = str(found.scores.min()), str(found.scores.max())
        parts.append(f"score {low}" if low == high else f"scores {low} to {high}")
        labels = np.unique(found.labels)
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        parts.append(f"label{'s' * (len(found) > 1)} {' '.join(map(str, labels[:_SHOWN]))}{more}")
    if found.masks is not None:
        parts.append("masks {} × {}".format(*found.masks.shape[1:]))
    if found.keypoints is not None:
        parts.append(f"{found.keypoints.shape[1]} keypoints each")
    return f"<Detections: {', '.join(parts)}>"


def table(found: Detections) -> str:
    """The summary, and the first rows."""
    rows = [["x1", "y1", "x2", "y2", "score", "label", "count"]]
    columns = (found.boxes, found.scores, found.labels, found.counts)
    for box, *rest in zip(*(column[:_SHOWN] for column in columns), strict=True):
        rows.append([*(f"{value:.1f}" for value in box), f"{rest[0]:.4g}", str(rest[1]), str(rest[2])])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines += [f"… {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join([summary(found), *lines] if len(found) else [summary(found)])
