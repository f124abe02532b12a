"""Packed masks of tiles as masks of the whole image: moved to their place and joined, a bit to a pixel throughout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .._core.box_arrays import INT64
from .._core.images import Array
from .._core.packed_masks import PackedMasks, frozen_masks, word_offsets

_WORD = 64

Block = tuple[int, int, Array]
"""First row, first word, and the words of a mask by rows."""

_NOTHING: Block = (0, 0, np.zeros((0, 0), np.uint64))


def blocks_at(masks: PackedMasks, top: int, left: int) -> list[Block]:
    """The masks of a tile whose first pixel is at (top, left) of the image."""
    lead, shift = divmod(left, _WORD)
    blocks = []
    for row, (y0, y1, w0, w1) in enumerate(masks.boxes.tolist()):
        words = masks.words[masks.offsets[row] : masks.offsets[row + 1]].reshape(y1 - y0, w1 - w0)
        if shift:
            moved = np.zeros((y1 - y0, w1 - w0 + 1), np.uint64)
            moved[:, :-1] = words << np.uint64(shift)
            moved[:, 1:] |= words >> np.uint64(_WORD - shift)
            words = moved
        blocks.append(_cropped((y0 + top, w0 + lead, words)))
    return blocks


def union(blocks: Sequence[Block]) -> Block:
    """One mask with the pixels of all."""
    filled = [block for block in blocks if block[2].size]
    if len(filled) < 2:
        return filled[0] if filled else _NOTHING
    top, left = min(y for y, _, _ in filled), min(w for _, w, _ in filled)
    bottom, right = (
        max(y + part.shape[0] for y, _, part in filled),
        max(w + part.shape[1] for _, w, part in filled),
    )
    words = np.zeros((bottom - top, right - left), np.uint64)
    for y, w, part in filled:
        words[y - top : y - top + part.shape[0], w - left : w - left + part.shape[1]] |= part
    return top, left, words


def masks_of(blocks: Sequence[Block], shape: tuple[int, int]) -> PackedMasks:
    """Blocks within an image of (height, width) as packed masks."""
    boxes = np.array(
        [(y, y + words.shape[0], w, w + words.shape[1]) for y, w, words in blocks], INT64
    ).reshape(-1, 4)
    parts = [words.ravel() for _, _, words in blocks]
    words = np.concatenate([np.empty(0, np.uint64), *parts])
    areas = np.fromiter(_areas(parts), INT64, len(parts))
    return frozen_masks((len(blocks), *shape), words, word_offsets(boxes), boxes, areas)


def _areas(parts: Iterable[Array]) -> Iterable[int]:
    bits = np.array([number.bit_count() for number in range(256)], np.uint8)
    return (int(bits[words.view(np.uint8)].sum(dtype=np.int64)) for words in parts)


def _cropped(block: Block) -> Block:
    """Without words at the sides that the shift has left empty."""
    top, left, words = block
    used = np.flatnonzero(words.any(axis=0))
    if not len(used):
        return _NOTHING
    first, last = int(used[0]), int(used[-1]) + 1
    return top, left + first, np.ascontiguousarray(words[:, first:last])
