"""Looking at a forest: its trees as text or graphs, and where its probes look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np

from .._core.errors import wrong_type
from .._core.images import Array
from .._core.parameters import Choice, Range
from .skeleton import PARTS

if TYPE_CHECKING:
    from .forest import DepthForest

FORMAT = Choice(("text", "dot"))
DEPTH = Range(low=0, high=40, integer=True)
BINS = Range(low=1, high=1001, odd=True)


def export_tree(
    forest: DepthForest,
    tree: int = 0,
    *,
    format: Annotated[str, FORMAT] = "text",
    max_depth: Annotated[int, DEPTH] = 4,
) -> str:
    """Write a tree of a forest as indented text, or as a graph for Graphviz.

    Parameters
    ----------
    forest : DepthForest
        A fitted forest.
    tree : int, default 0
        Which of its trees.
    format : {"text", "dot"}
        Lines of text, or the language of Graphviz's ``dot``.
    max_depth : int, default 4
        Nodes below this depth are only counted.

    Returns
    -------
    str
        Splits as ``D[u] - D[v] < t``, offsets (rows, columns) in pixels times metres, t in metres; leaves with their
        most probable parts.

    Raises
    ------
    TypeError, ValueError
        No forest, one that is not fitted, or a number out of range.

    Examples
    --------
    >>> import imgproc
    >>> seen = imgproc.bodyparts.render_body(imgproc.bodyparts.sample_poses(1)[0])
    >>> forest = imgproc.bodyparts.DepthForest(n_trees=1, max_depth=0).fit([seen.depth], [seen.labels])
    >>> imgproc.bodyparts.export_tree(forest).startswith("leaf: ")
    True
    """
    name = "export_tree"
    _check_forest(name, forest)
    count = len(forest._first_node) - 1
    tree = int(Range(low=0, high=count - 1, integer=True).check(name, "tree", tree))
    format = FORMAT.check(name, "format", format)
    deepest = int(DEPTH.check(name, "max_depth", max_depth))
    nodes = forest._nodes[forest._first_node[tree] : forest._first_node[tree + 1]]
    leaves = forest._leaves[forest._first_leaf[tree] : forest._first_leaf[tree + 1]]
    sizes = _sizes(nodes["left"])
    lines: list[str] = []
    graph: list[str] = []
    waiting = [(0, 0, "")]
    while waiting:
        number, depth, edge = waiting.pop()
        left = int(nodes["left"][number])
        if left < 0:
            text = f"leaf: {_parts(leaves[~left])}"
        elif depth >= deepest:
            text = f"{sizes[number] - 1:,} nodes below"
        else:
            ur, uc, vr, vc, threshold = nodes["split"][number].tolist()
            text = f"D[{ur:+.1f}, {uc:+.1f}] - D[{vr:+.1f}, {vc:+.1f}] < {threshold:.3f} m"
            waiting += [(left + 1, depth + 1, "no: "), (left, depth + 1, "yes: ")]
            graph += [f'  {number} -> {left} [label="yes"];', f'  {number} -> {left + 1} [label="no"];']
        lines.append("  " * depth + edge + text)
        graph.append(f'  {number} [label="{text}"];')
    if format == "text":
        return "\n".join(lines)
    return "\n".join(["digraph tree {", "  node [shape=box];", *graph, "}"])


def probe_importances(forest: DepthForest, bins: Annotated[int, BINS] = 33) -> Array:
    """Tell where a forest looks: the share of the information gained by probes at each offset.

    Parameters
    ----------
    forest : DepthForest
        A fitted forest.
    bins : int, default 33
        Rows and columns of the result, an odd number; its middle is no offset, its ends are ``max_offset``.

    Returns
    -------
    (bins, bins) array of float64
        Sums to 1, or is 0 where no tree has a split. A split's gain counts half for each of its probes that moves.

    Raises
    ------
    TypeError, ValueError
        No forest, one that is not fitted, or bins out of range.

    Examples
    --------
    >>> import imgproc
    >>> poses = imgproc.bodyparts.sample_poses(4)
    >>> seen = [imgproc.bodyparts.render_body(pose) for pose in poses]
    >>> forest = imgproc.bodyparts.DepthForest(n_trees=1, max_depth=4, n_features=50)
    >>> forest = forest.fit([s.depth for s in seen], [s.labels for s in seen])
    >>> float(imgproc.bodyparts.probe_importances(forest, 5).sum().round(6))
    1.0
    """
    name = "probe_importances"
    _check_forest(name, forest)
    count = int(BINS.check(name, "bins", bins))
    result = np.zeros((count, count))
    reach = float(forest.max_offset)
    for probe in (slice(0, 2), slice(2, 4)):
        offsets = forest._nodes["split"][:, probe].astype(np.float64)
        moved = (offsets != 0).any(axis=1) & (forest._nodes["left"] >= 0)
        places = np.rint((offsets[moved] / reach + 1) / 2 * (count - 1)).astype(np.intp).clip(0, count - 1)
        np.add.at(result, (places[:, 0], places[:, 1]), forest._gains[moved])
    total = float(result.sum())
    return result / total if total > 0 else result


def _check_forest(function: str, forest: object) -> None:
    from .forest import DepthForest

    if not isinstance(forest, DepthForest):
        raise wrong_type(function, "forest", "a DepthForest", forest)
    if not forest._is_fitted():
        raise ValueError(f"{function}: forest must be fitted or loaded first; call fit or load")


def _sizes(left: Array) -> list[int]:
    """Nodes of each subtree, its root included."""
    sizes = [1] * len(left)
    for number in range(len(left) - 1, -1, -1):  # children come after their parents
        child = int(left[number])
        if child >= 0:
            sizes[number] += sizes[child] + sizes[child + 1]
    return sizes


def _parts(leaf: Array) -> str:
    best = np.argsort(-leaf, kind="stable")[:3]
    named = PARTS if len(leaf) == len(PARTS) else tuple(f"part {number}" for number in range(len(leaf)))
    return ", ".join(f"{named[part]} {leaf[part]:.2f}" for part in best if leaf[part] > 0)
