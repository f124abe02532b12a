"""Growing one tree of a depth forest, level by level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .._core.images import Array
from .._core.threads import get_num_threads, run_bands
from .._ext import forest as kernels
from .samples import DepthStore, Samples

NODE = np.dtype([("split", np.float32, 5), ("left", np.int32)])
"""Offsets of both probes, threshold; the left child, or ~row of the leaf."""

_NS_PER_VALUE = 4.0
"""Only an estimate for the choice of threads."""

_VALUE_REACH = 2.0
"""Metres: differences beyond it come from probes off the body."""


@dataclass(frozen=True)
class Growth:
    """How trees grow."""

    depth: int
    features: int
    thresholds: int
    smallest: int
    reach: float
    parts: int
    seed: int


@dataclass(eq=False)
class Tree:
    """A tree as far as it has grown: nodes level by level, and the leaves' probabilities."""

    nodes: Array = field(default_factory=lambda: np.zeros(1, NODE))
    leaves: list[Array] = field(default_factory=list)
    levels: list[int] = field(default_factory=lambda: [0])
    """Where each level's nodes begin; those of the last are open."""
    gains: list[Array] = field(default_factory=list)
    """Information gained by the nodes of each level, in nats, weighted by their share of the pixels."""
    open: bool = True


def grow(
    store: DepthStore,
    samples: Samples,
    growth: Growth,
    key: int,
    tree: Tree,
    tick: Callable[[Tree, int], None],
) -> Tree:
    """Grow a tree to the end; one that was interrupted goes on from its last whole level.

    ``tick`` is called after each level with the tree and the number of its pixels that are still open.
    """
    order = np.arange(len(samples), dtype=np.int32)
    begins = np.array([0, len(samples)], np.int64)
    for level in range(len(tree.levels) - 1):
        nodes = tree.nodes[tree.levels[level] : tree.levels[level + 1]]
        order, begins = _descend(store, samples, order, begins, nodes)
    while tree.open:
        order, begins = _grow_level(store, samples, growth, key, tree, order, begins)
        tick(tree, len(order))
    return tree


def _data(store: DepthStore, samples: Samples) -> tuple[Array, ...]:
    return store.depths, store.firsts, store.shapes, samples.image, samples.row, samples.column, samples.label


def _grow_level(
    store: DepthStore, samples: Samples, growth: Growth, key: int, tree: Tree, order: Array, begins: Array
) -> tuple[Array, Array]:
    level, first, count = len(tree.levels) - 1, tree.levels[-1], len(begins) - 1
    totals = np.empty((count, growth.parts), np.uint32)
    kernels.count_labels(samples.label, order, begins, 0, count, totals)
    sizes = np.diff(begins)
    able = (totals.max(axis=1) < sizes) & (sizes >= 2 * growth.smallest)
    if level >= growth.depth:
        able[:] = False
    splits, gains = _search(store, samples, growth, key, first, order, begins, totals, able)
    split = gains > 0
    nodes = tree.nodes[first:]
    nodes["split"] = splits
    nodes["left"][split] = first + count + 2 * np.arange(np.count_nonzero(split))
    leaves = np.flatnonzero(~split)
    nodes["left"][leaves] = ~(len(tree.leaves) + np.arange(len(leaves)))
    shares = totals[leaves].astype(np.float32) / sizes[leaves, None].astype(np.float32)
    tree.leaves.extend(shares)
    tree.gains.append(np.where(split, gains, 0.0) / max(len(samples), 1))
    tree.levels.append(first + count)
    below = 2 * int(np.count_nonzero(split))
    tree.open = below > 0
    tree.nodes = np.concatenate([tree.nodes, np.zeros(below, NODE)])
    return _descend(store, samples, order, begins, nodes)


def _search(
    store: DepthStore,
    samples: Samples,
    growth: Growth,
    key: int,
    first: int,
    order: Array,
    begins: Array,
    totals: Array,
    able: Array,
) -> tuple[Array, Array]:
    """The best split of each node that may be split, and its gain; 0 where there is none."""
    count = len(able)
    splits, gains = np.zeros((count, 5), np.float32), np.zeros(count)
    numbers = np.flatnonzero(able)
    if not len(numbers):
        return splits, gains
    # Nodes keep their place in `order`; those not searched are in no task.
    blocks = -(-growth.features // kernels.FEATURES_PER_BLOCK)
    found = np.full((count, blocks), -1.0)
    chosen = np.full((count, blocks), -1, np.int32)
    cuts = np.zeros((count, blocks), np.float32)
    keys = node_keys(growth.seed, key, first + np.arange(count))
    costs = np.repeat(np.diff(begins)[numbers] + 200, blocks).astype(np.float64)
    tasks = (numbers[:, None] * blocks + np.arange(blocks)).ravel()
    # Pieces of about equal cost, several for each thread; a piece is a run of tasks.
    pieces = min(len(tasks), 8 * get_num_threads())
    edges = np.searchsorted(np.cumsum(costs), np.linspace(0, costs.sum(), pieces + 1)[1:-1])
    edges = np.concatenate([[0], edges, [len(tasks)]])

    def kernel(piece0: int, piece1: int) -> None:
        kernels.search(
            *_data(store, samples),
            order,
            begins,
            keys,
            totals,
            growth.features,
            growth.thresholds,
            growth.smallest,
            growth.reach,
            _VALUE_REACH,
            tasks,
            edges[piece0],
            edges[piece1],
            found,
            chosen,
            cuts,
        )

    run_bands(kernel, pieces, float(costs.sum()) * kernels.FEATURES_PER_BLOCK * _NS_PER_VALUE)
    best = found.argmax(axis=1)
    every = np.arange(count)
    gains = np.maximum(found[every, best], 0.0)
    features = np.where(gains > 0, chosen[every, best], -1).astype(np.int32)
    gains[features < 0] = 0.0
    kernels.offsets_of(keys, features, growth.reach, splits)
    splits[:, 4] = np.where(features >= 0, cuts[every, best], 0.0)
    return splits, gains


def _descend(
    store: DepthStore, samples: Samples, order: Array, begins: Array, nodes: Array
) -> tuple[Array, Array]:
    """The pixels of the split nodes, parted: children in order, pixels of leaves left out."""
    split = np.flatnonzero(nodes["left"] >= 0)
    if not len(split):
        return order[:0].copy(), np.zeros(1, np.int64)
    kept = [order[begins[node] : begins[node + 1]] for node in split]
    order = np.concatenate(kept)
    sizes = np.array([len(part) for part in kept])
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    below = np.empty(len(split), np.int64)
    rows = np.ascontiguousarray(nodes["split"][split])

    def kernel(node0: int, node1: int) -> None:
        kernels.part(*_data(store, samples), order, begins, rows, node0, node1, below)

    run_bands(kernel, len(split), len(order) * 30.0)
    halves = np.stack([below, sizes - below], axis=1).ravel()
    return order, np.concatenate([[0], np.cumsum(halves)]).astype(np.int64)


def node_keys(seed: int, tree: int, nodes: Array) -> Array:
    """What each node draws its features from."""
    state = np.random.SeedSequence([seed, tree]).generate_state(1, np.uint64)
    return np.asarray((state + nodes.astype(np.uint64) * np.uint64(0xD1342543DE82EF95)), np.uint64)
