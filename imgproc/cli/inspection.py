"""What can be told of a cascade without an image: its parts, and what in them is of no use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.images import Array
from ..cascade import Cascade
from ..cascade.opencv_xml import CascadeFile
from .text import counted

LISTED = 8
"""Numbers that a warning lists."""


@dataclass(frozen=True)
class Stage:
    """One stage, and between what its votes can sum to."""

    trees: int
    nodes: int
    features: int
    threshold: float
    least: float
    most: float


@dataclass(frozen=True)
class Inspection:
    """A cascade file as ``imgproc inspect`` tells of it."""

    file: CascadeFile
    stages: list[Stage]
    warnings: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        cascade = self.file.cascade
        height, width = cascade.window
        return {
            "format": "old" if self.file.old else "new",
            "features": cascade.features,
            "tilted": int(cascade.tilted.sum()),
            "window": {"height": height, "width": width},
            "stages": [vars(stage) for stage in self.stages],
            "trees": len(cascade.first_node) - 1,
            "nodes": len(cascade.node_feature),
            "deepest_tree": int(np.diff(cascade.first_node).max()),
            "number_of_features": len(cascade.boxes),
            "warnings": self.warnings,
        }


def inspect_cascade(file: CascadeFile) -> Inspection:
    """Count, and look for what is of no use."""
    cascade = file.cascade
    stages = _stages(cascade)
    warnings = _warnings(cascade, stages)
    if file.misspelt:
        warnings.insert(
            0, "the tag <featuhreParams> is misspelt: OpenCV refuses the file; 'imgproc convert' mends it"
        )
    return Inspection(file, stages, warnings)


def _stages(c: Cascade) -> list[Stage]:
    leaves = c.first_node[:-1] + np.arange(len(c.first_node) - 1)
    least, most = (ufunc.reduceat(c.leaves, leaves).astype(float) for ufunc in (np.minimum, np.maximum))
    stages = []
    for first, last, threshold in zip(c.first_tree[:-1], c.first_tree[1:], c.thresholds, strict=True):
        nodes = c.node_feature[c.first_node[first] : c.first_node[last]]
        stages.append(
            Stage(
                int(last - first),
                len(nodes),
                len(np.unique(nodes)),
                float(threshold),
                float(least[first:last].sum()),
                float(most[first:last].sum()),
            )
        )
    return stages


def _warnings(c: Cascade, stages: list[Stage]) -> list[str]:
    limits = c.stage_limits.tolist()
    pairs = list(zip(stages, limits, strict=True))
    idle = [number for number, (stage, limit) in enumerate(pairs, 1) if stage.least >= limit]
    shut = [number for number, (stage, limit) in enumerate(pairs, 1) if stage.most < limit]
    leaves = np.split(c.leaves, (c.first_node[1:-1] + np.arange(1, len(c.first_node) - 1)))
    mute = [number for number, values in enumerate(leaves) if (values == values[0]).all()]
    unused = np.setdiff1d(np.arange(len(c.boxes)), c.node_feature).tolist()
    found = [
        (shut, "stage", "lets no window pass, so that nothing is ever found", "let no window pass"),
        (idle, "stage", "is without effect: every window passes", "are without effect: every window passes"),
        (mute, "tree", "votes the same for every window", "vote the same for every window"),
        (_unreached(c), "node", "is never reached", "are never reached"),
        (_one_way(c), "node", "sends every window the same way", "send every window the same way"),
        (unused, "feature", "is never used", "are never used"),
        (
            _unbalanced(c),
            "feature",
            "does not cancel on a plain window, so that brightness counts",
            "do not cancel on a plain window, so that brightness counts",
        ),
    ]
    return [_sentence(*entry) for entry in found if entry[0]]


def _sentence(numbers: list[int], noun: str, one: str, many: str) -> str:
    listed = ", ".join(map(str, numbers[:LISTED])) + (", …" if len(numbers) > LISTED else "")
    if len(numbers) == 1:
        return f"{noun} {listed} {one}"
    return f"{counted(len(numbers), noun)} ({listed}) {many}"


def _unreached(c: Cascade) -> list[int]:
    """Nodes but the first of a tree to which no other goes."""
    starts = np.repeat(c.first_node[:-1], np.diff(c.first_node))
    reached = np.zeros(len(c.node_feature), bool)
    reached[c.first_node[:-1]] = True
    for child in (c.node_left, c.node_right):
        reached[(starts + child)[child > 0]] = True
    return np.flatnonzero(~reached).tolist()


def _one_way(c: Cascade) -> list[int]:
    """LBP nodes whose subset is empty or everything, and nodes both of whose ways lead to one place."""
    same = c.node_left == c.node_right
    if c.features == "lbp":
        same |= (c.subsets == 0).all(axis=1) | (c.subsets == 0xFFFFFFFF).all(axis=1)
    return np.flatnonzero(same).tolist()


def _unbalanced(c: Cascade) -> list[int]:
    if c.features == "lbp":
        return []
    areas: Array = np.prod(c.boxes[:, :, 2:].astype(float), axis=2) * np.where(c.tilted, 2, 1)[:, None]
    parts = areas * c.weights
    return np.flatnonzero(np.abs(parts.sum(axis=1)) > 1e-3 * np.abs(parts).sum(axis=1)).tolist()
