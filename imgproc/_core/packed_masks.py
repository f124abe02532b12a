"""Masks of one size as bits: what detectors of objects keep, count and write without a byte for each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._ext import masks as _kernels
from .box_arrays import INT64
from .errors import Got, wrong_type, wrong_value
from .images import Array
from .rows import check_rows
from .threads import run_bands

# Nanoseconds for a pixel of a bool mask.
_PACK_COST = 0.1


@dataclass(frozen=True, eq=False)
class PackedMasks:
    """Masks of one size as bits, each within the rows and words that its pixels need; made by `pack_masks`.

    Attributes
    ----------
    shape : (int, int, int)
        Count, height and width: the shape of the bool array.
    words : (total,) array of uint64
        Pixels by rows, 64 to a word, the first in the lowest bit. Word w of a row begins at column 64 w.
    offsets : (N + 1,) array of int64
        Where the words of each mask begin.
    boxes : (N, 4) array of int64
        Rows ``y0, y1`` and words ``w0, w1`` of each mask, half-open; 0 for one without pixels.
    areas : (N,) array of int64
        The pixels of each mask.

    Notes
    -----
    All arrays are C-contiguous and read-only; those that are not are copied. Indexing with an integer, slice, bool or
    integer array gives masks again, a single one for an integer; slices in order share memory. Two are equal where all
    fields are. ``np.asarray`` of them is the bool array, a byte for each pixel.
    """

    shape: tuple[int, int, int]
    words: Array
    offsets: Array
    boxes: Array
    areas: Array

    def __post_init__(self) -> None:
        # The kernels read words by these numbers unchecked.
        if not self._is_consistent():
            raise wrong_value("PackedMasks", "fields", "those that pack_masks makes", Got("others"))
        for name in ("words", "offsets", "boxes", "areas"):
            array = getattr(self, name)
            if array.flags.writeable or not array.flags.c_contiguous:
                array = array.copy()
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def _is_consistent(self) -> bool:
        count, height, width = self.shape
        arrays = self._arrays
        shapes = ((self.words.size,), (count + 1,), (count, 4), (count,))
        if any(array.shape != shape for array, shape in zip(arrays, shapes, strict=True)):
            return False
        if [array.dtype for array in arrays] != [np.uint64, INT64, INT64, INT64]:
            return False
        y0, y1, w0, w1 = self.boxes.T
        words = -(-width // 64)
        inside = (y0 >= 0) & (y0 <= y1) & (y1 <= height) & (w0 >= 0) & (w0 <= w1) & (w1 <= words)
        # More rows and words than that cannot be in memory, and their product would wrap.
        return (
            bool(inside.all())
            and height * words < 2**60
            and int(self.offsets[0]) == 0
            and int(self.offsets[-1]) == self.words.size
            and np.array_equal(np.diff(self.offsets), (y1 - y0) * (w1 - w0))
        )

    @property
    def _arrays(self) -> tuple[Array, Array, Array, Array]:
        return self.words, self.offsets, self.boxes, self.areas

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> PackedMasks:
        rows = check_rows("PackedMasks", index, len(self), "masks")
        boxes, areas = self.boxes[rows], self.areas[rows]
        offsets = word_offsets(boxes)
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            words = self.words[self.offsets[start] : self.offsets[max(start, stop)]]
        else:
            # Each word's place is its number in the new order, moved by as much as its mask is.
            moved = np.repeat(self.offsets[:-1][rows] - offsets[:-1], np.diff(offsets))
            words = self.words[moved + np.arange(offsets[-1])]
        return frozen_masks((len(boxes), *self.shape[1:]), words, offsets, boxes, areas)

    def __iter__(self) -> Iterator[PackedMasks]:
        return (self[row] for row in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise wrong_value("PackedMasks", "copy", "None or True, for pixels lie in bits", copy)
        pixels = as_bools(self)
        return pixels if dtype is None else pixels.astype(dtype, copy=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PackedMasks):
            return NotImplemented
        return self.shape == other.shape and all(
            np.array_equal(mine, theirs) for mine, theirs in zip(self._arrays, other._arrays, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return frozen_masks, (self.shape, *self._arrays)

    @staticmethod
    def concat(parts: Sequence[PackedMasks]) -> PackedMasks:
        """All masks of several sets of one height and width, one after the other."""
        sizes = {part.shape[1:] for part in parts}
        if len(sizes) != 1:
            got = " and ".join(map(str, sorted(sizes))) or "no parts"
            raise wrong_value("PackedMasks.concat", "parts", "masks of one size", Got(got))
        words, _, boxes, areas = (
            np.concatenate(arrays) for arrays in zip(*(part._arrays for part in parts), strict=True)
        )
        return frozen_masks((len(boxes), *parts[0].shape[1:]), words, word_offsets(boxes), boxes, areas)


Masks = Array | PackedMasks


def frozen_masks(
    shape: tuple[int, int, int], words: Array, offsets: Array, boxes: Array, areas: Array
) -> PackedMasks:
    """Of arrays that nobody else writes to."""
    for array in (words, offsets, boxes, areas):
        array.flags.writeable = False
    return PackedMasks(shape, words, offsets, boxes, areas)


def word_offsets(boxes: Array) -> Array:
    """Where the words of each mask begin, and where all end."""
    offsets = np.zeros(len(boxes) + 1, INT64)
    np.cumsum((boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]), out=offsets[1:])
    return offsets


def as_packed(function: str, argument: str, masks: object) -> PackedMasks:
    """Packed masks as they are, and a bool array packed."""
    if isinstance(masks, PackedMasks):
        return masks
    if not isinstance(masks, np.ndarray) or isinstance(masks, np.ma.MaskedArray):
        raise wrong_type(
            function, argument, "a bool array of shape (N, H, W) or what pack_masks gives", masks
        )
    if masks.dtype != np.bool_:
        raise wrong_type(
            function, argument, "of dtype bool; masks != 0 makes it", Got(f"dtype {masks.dtype}")
        )
    if masks.ndim != 3:
        raise wrong_value(function, argument, "of shape (N, H, W)", Got(f"shape {masks.shape}"))
    count, height, width = masks.shape
    source = masks if masks.strides[2] == 1 else np.ascontiguousarray(masks)
    pixels = source.view(np.uint8)
    boxes = np.empty((count, 4), INT64)
    run_bands(lambda n0, n1: _kernels.extents(pixels, boxes, n0, n1), count, _PACK_COST * masks.size)
    boxes[:, 2] >>= 6
    boxes[:, 3] = (boxes[:, 3] + 63) >> 6
    offsets = word_offsets(boxes)
    words, areas = np.empty(offsets[-1], np.uint64), np.empty(count, INT64)
    run_bands(
        lambda n0, n1: _kernels.pack(pixels, boxes, offsets, words, areas, n0, n1),
        count,
        _PACK_COST * 64 * words.size,
    )
    return frozen_masks((count, height, width), words, offsets, boxes, areas)


def as_bools(masks: Masks) -> Array:
    """An ``(N, H, W)`` bool array that is nobody else's."""
    if not isinstance(masks, PackedMasks):
        return masks.copy()
    out = np.zeros(masks.shape, np.bool_)
    run_bands(
        lambda n0, n1: _kernels.unpack(masks.words, masks.offsets, masks.boxes, out.view(np.uint8), n0, n1),
        len(masks),
        _PACK_COST * 64 * masks.words.size,
    )
    return out
