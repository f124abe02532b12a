"""What the kernels rely on in the arrays of a cascade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.errors import Got, wrong_value

if TYPE_CHECKING:
    from .model import Cascade

MAX_WINDOW = 65536
"""Pixels of a window: beyond it, sums of squares of 8-bit samples no longer fit in 32 bits."""

MAX_NODES = 64
"""Of one tree."""


def check_cascade(c: Cascade) -> None:
    """Every rule that the kernels rely on."""

    def refuse(what: str, must: str, got: object) -> ValueError:
        return wrong_value(c.source, what, must, Got(str(got)))

    height, width = c.window
    if not (height >= 3 and width >= 3 and height * width <= MAX_WINDOW):
        raise refuse(
            "window", f"at least 3 x 3 and at most {MAX_WINDOW:,} pixels large", f"{height} x {width}"
        )
    haar = c.features == "haar"
    rectangles = 3 if haar else 1
    count, nodes, trees, stages = len(c.boxes), len(c.node_feature), len(c.first_node) - 1, len(c.thresholds)
    shapes = {
        "boxes": (count, rectangles, 4),
        "weights": (count, 3) if haar else (0, 3),
        "tilted": (count if haar else 0,),
        "node_left": (nodes,),
        "node_right": (nodes,),
        "node_thresholds": (nodes if haar else 0,),
        "subsets": (0 if haar else nodes, 8),
        "leaves": (nodes + trees,),
        "first_tree": (stages + 1,),
    }
    for name, shape in shapes.items():
        if getattr(c, name).shape != shape:
            raise refuse(name, f"of shape {shape}", f"shape {getattr(c, name).shape}")
    if not (count and nodes and trees > 0 and stages):
        raise refuse("stages", "at least one, with at least one tree and feature", f"{stages}")
    for name, end in (("first_node", nodes), ("first_tree", trees)):
        first = getattr(c, name)
        if first[0] != 0 or first[-1] != end or (np.diff(first) < 1).any():
            raise refuse(name, f"rising from 0 to {end}", first.tolist()[:8])
    if np.diff(c.first_node).max() > MAX_NODES:
        tree = int(np.argmax(np.diff(c.first_node)))
        raise refuse(f"tree {tree}", f"of at most {MAX_NODES} nodes", f"{np.diff(c.first_node)[tree]}")
    for name in ("weights", "node_thresholds", "leaves", "thresholds"):
        finite = np.isfinite(getattr(c, name))
        if not finite.all():
            raise refuse(name, "finite", f"{getattr(c, name)[~finite][0]}")
    wrong = (c.node_feature < 0) | (c.node_feature >= count)
    if wrong.any():
        node = int(np.argmax(wrong))
        raise refuse(f"feature of node {node}", f"from 0 to {count - 1}", f"{c.node_feature[node]}")
    _check_children(c, refuse)
    _check_boxes(c, refuse)


def _check_children(c: Cascade, refuse: Any) -> None:
    """Children are later nodes of the tree, so that following them ends, or its leaves."""
    sizes = np.diff(c.first_node)
    size = np.repeat(sizes, sizes)
    place = np.arange(len(c.node_feature)) - np.repeat(c.first_node[:-1], sizes)
    for name in ("node_left", "node_right"):
        child = getattr(c, name)
        wrong = np.where(child > 0, (child <= place) | (child >= size), -child.astype(np.int64) > size)
        if wrong.any():
            node = int(np.argmax(wrong))
            tree = int(np.searchsorted(c.first_node, node, "right")) - 1
            raise refuse(
                f"{name[5:]} child of node {place[node]} of tree {tree}",
                f"a later node of the tree (below {size[node]}) or a leaf (from 0 down to -{size[node]})",
                f"{child[node]}",
            )


def _check_boxes(c: Cascade, refuse: Any) -> None:
    """Rectangles have an area and stay inside the window."""
    height, width = c.window
    x, y, w, h = np.moveaxis(c.boxes.astype(np.int64), -1, 0)
    if c.features == "lbp":
        wrong = (x < 0) | (y < 0) | (w < 1) | (h < 1) | (x + 3 * w > width) | (y + 3 * h > height)
    else:
        upright = (x < 0) | (x + w > width) | (y + h > height)
        turned = (x - h < 0) | (x + w > width) | (y + w + h > height)
        wrong = (y < 0) | (w < 1) | (h < 1) | np.where(c.tilted[:, None], turned, upright)
        none = (c.weights == 0) & (c.boxes == 0).all(axis=2)
        none[:, :2] = False
        wrong &= ~none
    if wrong.any():
        feature, rectangle = np.argwhere(wrong)[0]
        raise refuse(
            f"rectangle {rectangle} of feature {feature}",
            f"x, y, width, height inside the window of {width} x {height}",
            c.boxes[feature, rectangle].tolist(),
        )
