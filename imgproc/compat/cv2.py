"""What OpenCV 5's main package dropped, with the signatures and return shapes of OpenCV 4.

Change ``cv2.CascadeClassifier`` to ``imgproc.compat.cv2.CascadeClassifier`` and keep the rest. Conventions here are
OpenCV's: colours in the order B, G, R, sizes as (width, height), boxes as x, y, width, height, and an empty tuple where
nothing is found.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Pair, Range
from ..boxes import group_boxes
from ..cascade import Cascade
from ..cascade.detection import find_objects

__all__ = ["CascadeClassifier", "groupRectangles"]

_INTEGER = Range(low=-(2**31), high=2**31 - 1, integer=True)
_SIZE = Pair(_INTEGER, ("width", "height"))


class CascadeClassifier:
    """``cv2.CascadeClassifier`` on our detector: the same boxes, from any number of threads at once.

    Parameters
    ----------
    filename : path, optional
        XML of a cascade, in either format; `load` reads it later.

    Notes
    -----
    As in OpenCV, a file that cannot be read or is no cascade leaves the classifier `empty` without an error; use
    `imgproc.cascade.Cascade.load` to be told what is wrong with it. ``flags`` are accepted and, as in OpenCV for files
    of the newer format, without effect. Images of 16 bits and float32 are taken too. Unlike OpenCV's, boxes come in
    the same order whatever the number of threads.

    Examples
    --------
    >>> from imgproc.compat.cv2 import CascadeClassifier
    >>> CascadeClassifier("no such file.xml").empty()
    True
    """

    def __init__(self, filename: str | os.PathLike[str] | None = None) -> None:
        self._cascade: Cascade | None = None
        if filename is not None:
            self.load(filename)

    def load(self, filename: str | os.PathLike[str]) -> bool:
        """Read a cascade; False, and `empty`, where that fails."""
        try:
            self._cascade = Cascade.load(os.fspath(filename))
        except (OSError, ValueError):
            self._cascade = None
        return not self.empty()

    def empty(self) -> bool:
        """Whether nothing is loaded."""
        return self._cascade is None

    def isOldFormatCascade(self) -> bool:
        """False: files of the older format are converted when they are read."""
        return False

    def getOriginalWindowSize(self) -> tuple[int, int]:
        """Width and height of the window."""
        height, width = self._loaded().window
        return width, height

    def getFeatureType(self) -> int:
        """0 for Haar, 1 for LBP features."""
        return ("haar", "lbp").index(self._loaded().features)

    def detectMultiScale(
        self,
        image: Array,
        scaleFactor: float = 1.1,
        minNeighbors: int = 3,
        flags: int = 0,
        minSize: Sequence[int] = (0, 0),
        maxSize: Sequence[int] = (0, 0),
    ) -> Array | tuple[()]:
        """Boxes as an (N, 4) int32 array, or ``()``."""
        boxes: Array | tuple[()] = self._detect(image, scaleFactor, minNeighbors, minSize, maxSize)[0]
        return boxes

    def detectMultiScale2(
        self,
        image: Array,
        scaleFactor: float = 1.1,
        minNeighbors: int = 3,
        flags: int = 0,
        minSize: Sequence[int] = (0, 0),
        maxSize: Sequence[int] = (0, 0),
    ) -> tuple[Any, Any]:
        """Boxes, and how many windows each was merged from, an (N,) int32 array."""
        boxes, counts, _ = self._detect(image, scaleFactor, minNeighbors, minSize, maxSize)
        return boxes, counts

    def detectMultiScale3(
        self,
        image: Array,
        scaleFactor: float = 1.1,
        minNeighbors: int = 3,
        flags: int = 0,
        minSize: Sequence[int] = (0, 0),
        maxSize: Sequence[int] = (0, 0),
        outputRejectLevels: bool = False,
    ) -> tuple[Any, Any, Any]:
        """Boxes, the stage that each reached, and the greatest sum of its last stage.

        The levels, int32, are all the number of stages; the sums are float64. Without ``outputRejectLevels`` both
        are ``()``.
        """
        boxes, _, margins = self._detect(image, scaleFactor, minNeighbors, minSize, maxSize)
        if not outputRejectLevels or not len(boxes):
            return boxes, (), ()
        cascade = self._loaded()
        levels = np.full(len(boxes), cascade.stages, np.int32)
        return boxes, levels, margins.astype(np.float64) + float(cascade.stage_limits[-1])

    def _loaded(self) -> Cascade:
        if self._cascade is None:
            raise ValueError("CascadeClassifier: a cascade must be loaded first, got an empty classifier")
        return self._cascade

    def _detect(
        self,
        image: Array,
        scaleFactor: float,
        minNeighbors: int,
        minSize: Sequence[int],
        maxSize: Sequence[int],
    ) -> tuple[Any, Any, Any]:
        if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 3:
            image = image[..., ::-1]
        found, counts, margins = find_objects(
            self._loaded(),
            image,
            scale_factor=scaleFactor,
            # A negative number groups as little as 0 does.
            min_neighbors=max(_INTEGER.check("detectMultiScale", "minNeighbors", minNeighbors), 0),
            min_size=_size("minSize", minSize),
            max_size=_size("maxSize", maxSize),
        )
        if not len(found):
            return (), (), ()
        return _rectangles(found), counts.astype(np.int32), margins


def _size(argument: str, size: Sequence[int]) -> tuple[int, int] | None:
    """(width, height) with 0 for "any" as our (height, width)."""
    pair = tuple(size.tolist()) if isinstance(size, np.ndarray) and size.ndim else size
    width, height = _SIZE.check("detectMultiScale", argument, pair)
    return (max(height, 1), max(width, 1)) if width > 0 and height > 0 else None


def _rectangles(boxes: Array) -> Array:
    whole = np.rint(boxes).astype(np.int32)
    whole[:, 2:] -= whole[:, :2]
    return whole


def groupRectangles(
    rectList: Sequence[Sequence[int]] | Array, groupThreshold: int, eps: float = 0.2
) -> tuple[Any, Any]:
    """``cv2.groupRectangles``: the same groups in the same order, in time that grows with N, not with its square.

    Parameters
    ----------
    rectList : (N, 4) integers
        Boxes as x, y, width, height.
    groupThreshold : int
        Groups of more boxes than this are kept; 0 keeps every box as it is.
    eps : float, default 0.2
        How far boxes of a group may be apart, as a share of their size.

    Returns
    -------
    rectList : (K, 4) int32 array
        A box for each group, or ``()``.
    weights : (K,) int32 array
        How many boxes each has, or ``()``.

    Raises
    ------
    TypeError
        No integers.
    ValueError
        Another shape, a negative width or height, corners beyond int32, or an eps out of range.

    Examples
    --------
    >>> from imgproc.compat.cv2 import groupRectangles
    >>> groupRectangles([(10, 10, 20, 20), (11, 10, 20, 20)], 1)
    (array([[10, 10, 20, 20]], dtype=int32), array([2], dtype=int32))
    """
    boxes = _corners(rectList)
    least = max(_INTEGER.check("groupRectangles", "groupThreshold", groupThreshold), 0)
    grouped, counts = group_boxes(boxes, least, eps)
    if not len(grouped):
        return (), ()
    return _rectangles(grouped), counts.astype(np.int32)


def _corners(rectangles: Any) -> Array:
    """x1, y1, x2, y2 of x, y, width, height."""
    must = "boxes x, y, width, height of integers"
    try:
        array = np.asarray(rectangles)
    except ValueError:  # rows of different lengths
        raise wrong_value("groupRectangles", "rectList", must, rectangles) from None
    if array.size == 0 and array.ndim:
        return np.empty((0, 4))
    if array.dtype.kind not in "iu":
        raise wrong_type("groupRectangles", "rectList", must, rectangles)
    if array.ndim != 2 or array.shape[1] != 4:
        raise wrong_value("groupRectangles", "rectList", must, Got(f"shape {array.shape}"))
    boxes = array.astype(np.float64)
    boxes[:, 2:] += boxes[:, :2]
    wrong = (boxes[:, 2:] < boxes[:, :2]).any(axis=1) | ~((boxes >= -(2**31)) & (boxes < 2**31)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must += ", width and height >= 0, all corners within int32"
        raise wrong_value("groupRectangles", "rectList", must, Got(f"{array[row].tolist()} in row {row}"))
    return boxes
