"""The features of a window: every rectangle feature, or every local binary pattern, that fits into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.parameters import Pair, Range

MAX_SIDE = 255
"""Of a window of a training set, in pixels."""

SIDE = Pair(Range(low=3, high=MAX_SIDE, integer=True), ("height", "width"))


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of a window, in the arrays of `Cascade`.

    Attributes
    ----------
    kind : {"haar", "lbp"}
        Weighted sums of rectangles, or local binary patterns of 3 by 3 blocks.
    window : (int, int)
        Height and width in pixels.
    boxes : (F, 3, 4) or (F, 1, 4) array of int32
        ``x, y, width, height`` of the rectangles, or of the first block.
    weights : (F, 3) array of float32
        Of the rectangles; empty for LBP.
    tilted : (F,) array of bool
        Whether a feature is turned by 45 degrees; empty for LBP.
    """

    kind: Literal["haar", "lbp"]
    window: tuple[int, int]
    boxes: Array
    weights: Array
    tilted: Array

    def __post_init__(self) -> None:
        for name, dtype in (("boxes", np.int32), ("weights", np.float32), ("tilted", np.bool_)):
            array = np.array(getattr(self, name), dtype, order="C")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, chosen: Array) -> FeatureSet:
        """Some of the features, in the order of ``chosen``, (K,) numbers."""
        haar = self.kind == "haar"
        return FeatureSet(
            self.kind,
            self.window,
            self.boxes[chosen],
            self.weights[chosen] if haar else self.weights,
            self.tilted[chosen] if haar else self.tilted,
        )


# Of every feature: for each rectangle its corner in units of (dx, dy), its size in the same units, and its weight. The
# first one covers the feature with weight -1, so that what lies twice or thrice on top has the balance of the areas.
_Rectangle = tuple[int, int, int, int, int]
_EDGES_LINES_CHECKERS: tuple[tuple[_Rectangle, ...], ...] = (
    ((0, 0, 2, 1, -1), (1, 0, 1, 1, 2)),
    ((0, 0, 1, 2, -1), (0, 1, 1, 1, 2)),
    ((0, 0, 3, 1, -1), (1, 0, 1, 1, 3)),
    ((0, 0, 1, 3, -1), (0, 1, 1, 1, 3)),
    ((0, 0, 2, 2, -1), (0, 0, 1, 1, 2), (1, 1, 1, 1, 2)),
)
_WIDE_LINES_CENTRE: tuple[tuple[_Rectangle, ...], ...] = (
    ((0, 0, 4, 1, -1), (1, 0, 2, 1, 2)),
    ((0, 0, 1, 4, -1), (0, 1, 1, 2, 2)),
    ((0, 0, 3, 3, -1), (1, 1, 1, 1, 9)),
)
# Along the two diagonals: steps down to the right for the first side, down to the left for the second.
_TILTED: tuple[tuple[_Rectangle, ...], ...] = (
    ((0, 0, 2, 1, -1), (0, 0, 1, 1, 2)),
    ((0, 0, 1, 2, -1), (0, 0, 1, 1, 2)),
    ((0, 0, 3, 1, -1), (1, 0, 1, 1, 3)),
    ((0, 0, 1, 3, -1), (0, 1, 1, 1, 3)),
    ((0, 0, 4, 1, -1), (1, 0, 2, 1, 2)),
    ((0, 0, 1, 4, -1), (0, 1, 1, 2, 2)),
)


def _places(
    prototype: tuple[_Rectangle, ...], window: tuple[int, int], tilted: bool
) -> Iterator[tuple[Array, Array]]:
    """Boxes and weights of all sizes and places of one kind of feature."""
    height, width = window
    across, down = prototype[0][2:4]
    weights = np.zeros(3, np.float32)
    weights[: len(prototype)] = [rectangle[4] for rectangle in prototype]
    for dx in range(1, width // across + 1):
        for dy in range(1, height // down + 1):
            w, h = across * dx, down * dy
            left, right, bottom = (h, width - w, height - w - h) if tilted else (0, width - w, height - h)
            if right < left or bottom < 0:
                continue
            y, x = (part.ravel() for part in np.mgrid[0 : bottom + 1, left : right + 1])
            boxes = np.zeros((len(x), 3, 4), np.int32)
            for k, (i, j, columns, lines, _) in enumerate(prototype):
                boxes[:, k, 0] = x + i * dx - (j * dy if tilted else 0)
                boxes[:, k, 1] = y + j * dy + (i * dx if tilted else 0)
                boxes[:, k, 2:] = columns * dx, lines * dy
            yield boxes, np.broadcast_to(weights, (len(x), 3))


def haar_features(window: tuple[int, int] = (24, 24), *, tilted: bool = False) -> FeatureSet:
    """Every rectangle feature of a window: two and three rectangles side by side, and four as on a chessboard.

    Parameters
    ----------
    window : (int, int), default (24, 24)
        Height and width in pixels, from 3 to 255.
    tilted : bool, default False
        Whether to add lines of width two, a centre with its surround, and all edges and lines turned by 45 degrees.

    Returns
    -------
    FeatureSet
        162,336 features at 24 by 24; with ``tilted`` those of OpenCV's mode ALL.

    Raises
    ------
    TypeError, ValueError
        A window of another kind or size.

    Notes
    -----
    As OpenCV's files hold three rectangles at most, each feature is one rectangle over all of it with weight -1, and
    one or two rectangles on it whose weights make up for it: 2 for halves and chessboards, 3 for thirds. The sum over a
    constant image is 0.

    References
    ----------
    P. Viola, M. Jones, Rapid object detection using a boosted cascade of simple features, CVPR 2001. R. Lienhart,
    J. Maydt, An extended set of Haar-like features for rapid object detection, ICIP 2002.

    Examples
    --------
    >>> from imgproc.cascade import haar_features
    >>> len(haar_features((24, 24)))
    162336
    """
    sides = SIDE.check("haar_features", "window", window)
    kinds = [(prototype, False) for prototype in _EDGES_LINES_CHECKERS]
    if tilted:
        kinds += [(prototype, False) for prototype in _WIDE_LINES_CENTRE]
        kinds += [(prototype, True) for prototype in _TILTED]
    found = [
        (boxes, weights, turned) for kind, turned in kinds for boxes, weights in _places(kind, sides, turned)
    ]
    return FeatureSet(
        "haar",
        sides,
        np.concatenate([boxes for boxes, _, _ in found]),
        np.concatenate([weights for _, weights, _ in found]),
        np.concatenate([np.full(len(boxes), turned) for boxes, _, turned in found]),
    )


def lbp_features(window: tuple[int, int] = (24, 24)) -> FeatureSet:
    """Every local binary pattern of 3 by 3 equal blocks in a window.

    Parameters
    ----------
    window : (int, int), default (24, 24)
        Height and width in pixels, from 3 to 255.

    Returns
    -------
    FeatureSet
        8,464 features at 24 by 24.

    Raises
    ------
    TypeError, ValueError
        A window of another kind or size.

    References
    ----------
    S. Liao, X. Zhu, Z. Lei, L. Zhang, S. Z. Li, Learning multi-scale block local binary patterns for face recognition,
    ICB 2007.

    Examples
    --------
    >>> from imgproc.cascade import lbp_features
    >>> len(lbp_features((24, 24)))
    8464
    """
    height, width = SIDE.check("lbp_features", "window", window)
    boxes = [
        np.stack([x.ravel(), y.ravel(), np.full(x.size, w), np.full(x.size, h)], axis=1)
        for w in range(1, width // 3 + 1)
        for h in range(1, height // 3 + 1)
        for y, x in [np.mgrid[0 : height - 3 * h + 1, 0 : width - 3 * w + 1]]
    ]
    return FeatureSet(
        "lbp",
        (height, width),
        np.concatenate(boxes).astype(np.int32)[:, None],
        np.empty((0, 3), np.float32),
        np.empty(0, bool),
    )


def check_chosen(function: str, chosen: object, count: int) -> Array:
    """Numbers of features, (K,) int64, each from 0 to ``count`` - 1."""
    numbers = np.atleast_1d(np.asarray(chosen))
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise wrong_value(function, "chosen", "a sequence of integers", numbers)
    numbers = numbers.astype(np.int64)
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < count):
        raise wrong_value(function, "chosen", f"from 0 to {count - 1}", Got(f"{numbers.tolist()[:8]}"))
    return numbers
