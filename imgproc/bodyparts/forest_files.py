"""The files of forests: what is checked when one is loaded, and the state of one that is not finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._core.array_files import read_arrays, write_arrays
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .growing import NODE, Tree
from .samples import MAX_PARTS

KIND, VERSION = "a depth forest", 1
_CHECKPOINT = "an unfinished depth forest"

_ARRAYS = {
    "splits": ("f4", 2),
    "left": ("i4", 1),
    "first_node": ("i8", 1),
    "leaves": ("f4", 2),
    "first_leaf": ("i8", 1),
    "gains": ("f8", 1),
}


def check_model(name: str, arrays: dict[str, Array]) -> tuple[Array, Array, Array, Array, Array]:
    """Every rule that the kernel relies on."""

    def refuse(what: str, must: str, got: object) -> ValueError:
        return wrong_value(name, what, must, Got(str(got)[:60]))

    for key, (dtype, ndim) in _ARRAYS.items():
        if key not in arrays or arrays[key].dtype != np.dtype(dtype) or arrays[key].ndim != ndim:
            got = f"{arrays[key].dtype} of {arrays[key].ndim}" if key in arrays else "none"
            raise refuse(key, f"an array of {dtype} of {ndim} dimensions", got)
    splits, left, leaves, gains = (arrays[key] for key in ("splits", "left", "leaves", "gains"))
    count, rows = len(left), len(leaves)
    if splits.shape != (count, 5) or gains.shape != (count,):
        raise refuse(
            "splits and gains", f"one row for each of {count} nodes", f"{splits.shape}, {gains.shape}"
        )
    if not 1 <= leaves.shape[1] <= MAX_PARTS:
        raise refuse("leaves", f"of 1 to {MAX_PARTS} parts", leaves.shape[1])
    firsts = {}
    for key, end in (("first_node", count), ("first_leaf", rows)):
        first = firsts[key] = np.array(arrays[key])
        if len(first) < 2 or first[0] != 0 or first[-1] != end or (np.diff(first) < 1).any():
            raise refuse(key, f"rising from 0 to {end}", first.tolist()[:8])
    if len(firsts["first_node"]) != len(firsts["first_leaf"]):
        raise refuse("first_leaf", "as long as first_node", len(firsts["first_leaf"]))
    if not (np.abs(splits) <= 1e6).all():
        raise refuse("splits", "numbers within ±1e6", "others")
    if not ((leaves >= 0) & (leaves <= 1)).all():
        raise refuse("leaves", "from 0 to 1", "others")
    sizes, tops = np.diff(firsts["first_node"]), np.diff(firsts["first_leaf"])
    size = np.repeat(sizes, sizes)
    place = np.arange(count) - np.repeat(firsts["first_node"][:-1], sizes)
    wrong = np.where(
        left >= 0, (left <= place) | (left.astype(np.int64) + 1 >= size), ~left >= np.repeat(tops, sizes)
    )
    if wrong.any():
        node = int(np.argmax(wrong))
        raise refuse(f"left of node {node}", "a later node of its tree, or one of its leaves", left[node])
    nodes = np.empty(count, NODE)
    nodes["split"], nodes["left"] = splits, left
    return nodes, firsts["first_node"], leaves, firsts["first_leaf"], np.array(gains)


class Checkpoint:
    """The trees of an unfinished forest, one file each, replaced after every level."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder, self.fingerprint = folder, fingerprint

    def _path(self, number: int) -> Path:
        return self.folder / f"tree-{number:04d}.part"

    def save(self, number: int, tree: Tree) -> None:
        arrays = {
            "splits": tree.nodes["split"],
            "left": tree.nodes["left"],
            "leaves": np.array(tree.leaves, np.float32),
            "levels": np.array(tree.levels, np.int64),
            "gains": np.concatenate(tree.gains),
        }
        values = {"fingerprint": self.fingerprint, "open": tree.open}
        write_arrays(self._path(number), _CHECKPOINT, VERSION, arrays, values, overwrite=True)

    def load(self, number: int) -> Tree:
        """The tree as it was left; a new one where there is none."""
        path = self._path(number)
        if not path.exists():
            return Tree()
        arrays, values = read_arrays(path, _CHECKPOINT, VERSION)
        if values.get("fingerprint") != self.fingerprint:
            must = "of the same images, labels and parameters; remove it, or choose another folder"
            raise wrong_value("DepthForest.fit", "checkpoint", must, Got(f"{path.name} of others"))
        nodes = np.empty(len(arrays["left"]), NODE)
        nodes["split"], nodes["left"] = arrays["splits"], arrays["left"]
        levels = arrays["levels"].tolist()
        gains = np.split(np.array(arrays["gains"]), levels[1:-1])
        return Tree(nodes, list(np.array(arrays["leaves"])), levels, gains, bool(values["open"]))

    def clear(self) -> None:
        for path in self.folder.glob("tree-*.part"):
            path.unlink()
