"""Forests that tell the parts of a body from depth."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._core.array_files import read_arrays, write_arrays
from .._core.errors import wrong_value
from .._core.images import Array
from .._core.threads import run_bands
from .._ext import forest as kernels
from .features import check_body, prepare_depth
from .forest_files import KIND, VERSION, Checkpoint, check_model
from .forest_parameters import RANGES, Progress, fingerprint, growth_of
from .growing import NODE, Growth, Tree, grow
from .samples import MAX_PARTS, draw_samples, store_images


class DepthForest:
    """A forest of depth probes that gives every pixel of a body the probabilities of its part.

    Parameters
    ----------
    n_trees : int, default 3
        How many trees, 1 to 1000.
    max_depth : int, default 20
        Splits on the way to a leaf, at most; 0 to 40.
    n_features : int, default 2000
        Random features that each node tries.
    n_thresholds : int, default 50
        Thresholds tried for each feature, 1 to 250, evenly spaced over its values at the node.
    pixels_per_image : int, default 2000
        Pixels that a tree learns from an image, at most.
    bootstrap : bool, default True
        Whether each tree draws its own images with replacement; else all trees see all images, but their own pixels.
    even_parts : bool, default True
        Whether the parts in an image get equal shares of its pixels; else as many as they cover.
    min_samples_leaf : int, default 4
        Pixels that each side of a split must keep.
    max_offset : float, default 129
        Largest offset of a probe along rows and along columns, in pixels times metres, at the focal length of the
        training images (129 is 0.45 m at the Kinect's 320 x 240).
    seed : int, default 0
        The same seed gives the same forest, for any number of threads.
    checkpoint : path, optional
        A folder in which `fit` keeps its state after every level, and from which it goes on when it is called again
        with the same data; also the place of its scratch files.

    Attributes
    ----------
    classes_ : (P,) array of int64
        0 to P - 1, after `fit` or `load`.

    Examples
    --------
    >>> import imgproc
    >>> forest = imgproc.bodyparts.DepthForest(n_trees=1, max_depth=4, n_features=50)
    >>> poses = imgproc.bodyparts.sample_poses(4)
    >>> seen = [imgproc.bodyparts.render_body(pose) for pose in poses]
    >>> forest = forest.fit([s.depth for s in seen], [s.labels for s in seen])
    >>> forest.predict(seen[0].depth).shape
    (240, 320)
    """

    def __init__(
        self,
        n_trees: int = 3,
        max_depth: int = 20,
        n_features: int = 2000,
        n_thresholds: int = 50,
        pixels_per_image: int = 2000,
        *,
        bootstrap: bool = True,
        even_parts: bool = True,
        min_samples_leaf: int = 4,
        max_offset: float = 129.0,
        seed: int = 0,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> None:
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.n_features = n_features
        self.n_thresholds = n_thresholds
        self.pixels_per_image = pixels_per_image
        self.bootstrap = bootstrap
        self.even_parts = even_parts
        self.min_samples_leaf = min_samples_leaf
        self.max_offset = max_offset
        self.seed = seed
        self.checkpoint = checkpoint

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, by name."""
        return {name: getattr(self, name) for name in (*RANGES, "bootstrap", "even_parts", "checkpoint")}

    def set_params(self, **params: Any) -> DepthForest:
        """Change parameters by name."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise wrong_value("DepthForest.set_params", name, f"one of {', '.join(sorted(known))}", value)
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        fitted = (
            f", fitted: {len(self._first_node) - 1} trees, {len(self._nodes):,} nodes"
            if self._is_fitted()
            else ""
        )
        return f"DepthForest(n_trees={self.n_trees}, max_depth={self.max_depth}, seed={self.seed}{fitted})"

    def fit(
        self,
        images: Sequence[Array],
        labels: Sequence[Array],
        *,
        n_parts: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> DepthForest:
        """Learn from depth images whose pixels are labelled.

        Parameters
        ----------
        images : sequence of (H, W) arrays of float32 or uint16
            Metres or millimetres, of any sizes; 0 and NaN are missing. A sequence that reads its files when an element
            is asked for will do: each is asked for once.
        labels : sequence of (H, W) arrays of integers
            The part of each pixel, 0 to 254; negative where there is no body.
        n_parts : int, optional
            How many parts there are; by default one more than the largest label.
        progress : callable, optional
            Called with a `Progress` after each image and each level.

        Returns
        -------
        DepthForest
            The forest itself.

        Raises
        ------
        TypeError, ValueError
            Wrong kinds, shapes, labels or parameters; the sentence names the image.
        OSError
            The scratch files or the checkpoint cannot be written.

        Notes
        -----
        A node tries its features on all its pixels and takes the pair of feature and threshold that gains the most
        information. Half of the features compare a probe with the pixel itself, half two probes; offsets lie in a
        square, half of them within a quarter of its side. Features are computed as they are tried. Memory is 21 bytes
        for each pixel that a tree samples, its nodes and leaves, and 1 MB for each thread; images are cut to the body
        and mapped from a scratch file, 5 bytes for each pixel of the body's rectangle, which the system keeps in
        memory as far as there is room. Time is about 3 ns for each pixel, feature, level and tree, divided by the
        threads.

        References
        ----------
        J. Shotton et al., Real-time human pose recognition in parts from single depth images, CVPR 2011, section 3.
        """
        growth, trees = growth_of(self.get_params())
        started = time.monotonic()
        folder = None if self.checkpoint is None else os.fspath(self.checkpoint)
        if folder is not None:
            os.makedirs(folder, exist_ok=True)

        def report(
            stage: str, done: int, total: int, tree: int = 0, level: int = 0, nodes: int = 0, pixels: int = 0
        ) -> None:
            if progress is not None:
                progress(Progress(stage, done, total, tree, level, nodes, pixels, time.monotonic() - started))

        store = store_images(images, labels, folder, lambda done, total: report("reading", done, total))
        largest = int(store.labels[store.labels != 255].max(initial=0))
        parts = largest + 1 if n_parts is None else n_parts
        if not (isinstance(parts, int) and largest < parts <= MAX_PARTS):
            raise wrong_value("DepthForest.fit", "n_parts", f"from {largest + 1} to {MAX_PARTS}", n_parts)
        growth = Growth(**{**growth.__dict__, "parts": parts})
        saved = (
            None if folder is None else Checkpoint(Path(folder), fingerprint(self.get_params(), store, parts))
        )
        grown: list[Tree] = []
        levels = growth.depth + 1
        for number in range(trees):
            tree = Tree() if saved is None else saved.load(number)
            if tree.open:
                samples = draw_samples(
                    store, number, self.pixels_per_image, self.bootstrap, self.even_parts, self.seed
                )

                def tick(tree: Tree, pixels: int, number: int = number) -> None:
                    if saved is not None:
                        saved.save(number, tree)
                    level = len(tree.levels) - 1
                    done = number * levels + (level if tree.open else levels)
                    report(
                        "growing",
                        done,
                        trees * levels,
                        number,
                        level,
                        len(tree.nodes) - tree.levels[-1],
                        pixels,
                    )

                grow(store, samples, growth, number, tree, tick)
            grown.append(tree)
        self._join(grown, parts)
        if saved is not None:
            saved.clear()
        return self

    def _join(self, trees: list[Tree], parts: int) -> None:
        self._take(
            np.concatenate([tree.nodes for tree in trees]),
            np.cumsum([0, *(len(tree.nodes) for tree in trees)]),
            np.concatenate([np.array(tree.leaves, np.float32).reshape(-1, parts) for tree in trees]),
            np.cumsum([0, *(len(tree.leaves) for tree in trees)]),
            np.concatenate([gain for tree in trees for gain in tree.gains]),
        )

    def _take(self, nodes: Array, first_node: Array, leaves: Array, first_leaf: Array, gains: Array) -> None:
        self._nodes, self._leaves, self._gains = nodes, leaves, gains
        self._first_node, self._first_leaf = (
            np.asarray(first_node, np.int64),
            np.asarray(first_leaf, np.int64),
        )
        self.classes_ = np.arange(leaves.shape[1])

    def _is_fitted(self) -> bool:
        return hasattr(self, "classes_")

    def _fitted(self, function: str) -> None:
        if not self._is_fitted():
            raise ValueError(
                f"DepthForest.{function}: the forest must be fitted or loaded first; call fit or load"
            )

    def predict_proba(self, depth: Array, *, mask: Array | None = None) -> Array:
        """The probabilities of the parts at each pixel.

        Parameters
        ----------
        depth : (H, W) array of float32 or uint16
            Metres or millimetres; 0, NaN and what lies at or beyond 10 m are off the body.
        mask : (H, W) array of bool or uint8, optional
            Where the body is. Floors and walls must be left out: the forest has seen bodies alone.

        Returns
        -------
        (H, W, P) array of float32
            The mean of the trees' leaves; 0 off the body.

        Raises
        ------
        TypeError, ValueError
            Wrong kind or shape, or a forest that is not fitted.

        Notes
        -----
        Some 50 ns for each pixel of the body, tree and twenty levels. The same bits for any number of threads and any
        instruction set.
        """
        rows, columns, values = self._probabilities("predict_proba", depth, mask)
        out = np.zeros((*depth.shape, len(self.classes_)), np.float32)
        out[rows, columns] = values
        return out

    def predict(self, depth: Array, *, mask: Array | None = None) -> Array:
        """The most probable part of each pixel: (H, W) int32, -1 off the body; see `predict_proba`."""
        rows, columns, values = self._probabilities("predict", depth, mask)
        out = np.full(depth.shape, -1, np.int32)
        out[rows, columns] = values.argmax(axis=1)
        return out

    def _probabilities(self, function: str, depth: Array, mask: Array | None) -> tuple[Array, Array, Array]:
        self._fitted(function)
        name = f"DepthForest.{function}"
        body = check_body(name, mask, depth.shape if isinstance(depth, np.ndarray) else ())
        prepared, seen = prepare_depth(name, depth, body=body)
        rows, columns = (np.asarray(places, np.int32) for places in np.nonzero(seen))
        values = np.empty((len(rows), len(self.classes_)), np.float32)
        if len(rows):
            height, width = depth.shape
            nodes = self._nodes.view(np.uint8).reshape(len(self._nodes), NODE.itemsize)
            places = (rows, columns, nodes, self._first_node, self._leaves, self._first_leaf)
            run_bands(
                lambda i0, i1: kernels.predict(prepared, height, width, *places, i0, i1, values),
                len(rows),
                len(rows) * 50.0 * (len(self._first_node) - 1),
            )
        return rows, columns, values

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the forest to a file, whole or not at all; no pickle.

        Parameters
        ----------
        path : path
            Where to write.
        overwrite : bool, default False
            Whether an existing file may be replaced.

        Raises
        ------
        FileExistsError, OSError, ValueError
            The file exists, cannot be written, or the forest is not fitted.
        """
        self._fitted("save")
        arrays = {
            "splits": self._nodes["split"],
            "left": self._nodes["left"],
            "first_node": self._first_node,
            "leaves": self._leaves,
            "first_leaf": self._first_leaf,
            "gains": self._gains,
        }
        params = {k: v for k, v in self.get_params().items() if k != "checkpoint"}
        values = json.loads(json.dumps(params, default=lambda v: v.item()))
        write_arrays(path, KIND, VERSION, arrays, values, overwrite=overwrite)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> DepthForest:
        """Read a forest that `save` wrote.

        Parameters
        ----------
        path : path
            The file. The leaves are mapped into memory, not read: do not change it while the forest is in use.

        Returns
        -------
        DepthForest

        Raises
        ------
        OSError
            It cannot be read.
        ValueError
            It is no such file, or one of its indices leads out of its arrays.
        """
        arrays, values = read_arrays(path, KIND, VERSION)
        forest = DepthForest()
        try:
            forest.set_params(**values)
            growth_of(forest.get_params())
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.path.basename(os.fspath(path))}: {error}") from None
        forest._take(*check_model(os.path.basename(os.fspath(path)), arrays))
        return forest
