"""Label maps of large images: a network over overlapping tiles, whose logits are blended before they are labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array, check_image
from .errors import OutputMismatch
from .logit_tiles import WINDOW, label_tiles
from .tiling import BATCH, OVERLAP, TILE, plan_tiles

Logits = Callable[[list[Array]], Sequence[Array]]


def segment_tiles(
    logits: Logits,
    image: Array,
    tile: Annotated[int | tuple[int, int], TILE],
    *,
    overlap: Annotated[float, OVERLAP] = 0.25,
    batch: Annotated[int, BATCH] = 8,
    window: Annotated[str | Array, WINDOW] = "hann",
) -> Array:
    """Label a large image tile by tile, several at a time, without seams.

    Parameters
    ----------
    logits : callable
        Takes a list of images, as many as ``batch`` at most, each of the size of a tile, and gives ``(C, h, w)``
        float32 logits of each, which lie all over it: h and w divide the sides of the tile.
    image : (H, W), (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        The image.
    tile : int or (int, int)
        Height and width of the tiles in pixels. Tiles of the size of the network's input are not resized.
    overlap : float, default 0.25
        Share of its sides that a tile has in common with its neighbours at least; 0 to below 1.
    batch : int, default 8
        Tiles that are handed over at a time.
    window : str or array, default "hann"
        What logits count by their place in the tile, as `blend_logits` takes it.

    Returns
    -------
    (H, W) array of int32
        The class of the largest blended logit of each pixel.

    Raises
    ------
    TypeError, ValueError
        An argument of the wrong kind or out of range. What ``logits`` raises goes through.
    OutputMismatch
        Logits of another rank, or whose sides do not divide those of the tile.

    Notes
    -----
    Tiles lie on the grid of the logits, so that those of two tiles meet exactly. Where the grid reaches beyond the
    image, and where the image is smaller than a tile, the last row and column are repeated. Rows of labels are made as
    soon as no tile will change them: memory beside the result is that of a batch, and logits of two rows of tiles.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, U-Net: convolutional networks for biomedical image segmentation, MICCAI 2015:
    overlapping tiles.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import segment_tiles
    >>> def bright(images):  # class 1 where the mean of 2 × 2 pixels is above a half
    ...     cells = [image.reshape(2, 2, 2, 2).mean(axis=(1, 3), dtype=np.float32) for image in images]
    ...     return [np.stack([1 - cell, cell]) for cell in cells]
    >>> image = np.zeros((4, 10), np.float32)
    >>> image[:, 4:] = 1
    >>> segment_tiles(bright, image, 4)[0]
    array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], dtype=int32)
    """
    name = "segment_tiles"
    if not callable(logits):
        raise wrong_type(name, "logits", "a function of a list of images", logits)
    image = check_image(name, image)
    sides = TILE.check(name, "tile", tile)
    overlap = OVERLAP.check(name, "overlap", overlap)
    batch = BATCH.check(name, "batch", batch)
    window = WINDOW.check(name, "window", window)
    if max(sides) > 2**20:
        raise wrong_value(name, "tile", "of sides <= 2**20, to which the image is filled up", tile)
    # How fine the logits are shows when the first tile has gone through.
    first = _logits(logits, [_cut(image, 0, 0, sides)], sides)
    rows, columns = first[0].shape[1:]
    steps = sides[0] // rows, sides[1] // columns
    height, width = image.shape[:2]
    grid = -(-height // steps[0]), -(-width // steps[1])
    places = plan_tiles(grid, (rows, columns), overlap=overlap)

    def tiles() -> Iterator[Array]:
        yield first[0][:, : grid[0], : grid[1]]
        for start in range(1, len(places), batch):
            cuts = [
                _cut(image, y1 * steps[0], x1 * steps[1], sides)
                for x1, y1, _, _ in places[start : start + batch].tolist()
            ]
            for one in _logits(logits, cuts, sides):
                yield one[:, : grid[0], : grid[1]]

    if not isinstance(window, str):
        window = window[: grid[0], : grid[1]]
    covered = grid[0] * steps[0], grid[1] * steps[1]
    labels = label_tiles(tiles(), places, grid, covered, window=window)
    return np.ascontiguousarray(labels[:height, :width])


def _cut(image: Array, top: int, left: int, sides: tuple[int, int]) -> Array:
    """The tile at a place, its last row and column repeated where the image ends before it."""
    part = image[top : top + sides[0], left : left + sides[1]]
    missing = sides[0] - part.shape[0], sides[1] - part.shape[1]
    if missing == (0, 0):
        return part
    return np.pad(part, ((0, missing[0]), (0, missing[1]), *((0, 0),) * (part.ndim - 2)), mode="edge")


def _logits(function: Logits, images: list[Array], sides: tuple[int, int]) -> Sequence[Array]:
    found: Any = function(images)
    if isinstance(found, np.ndarray) and found.ndim == 4:
        found = list(found)
    if not isinstance(found, Sequence) or len(found) != len(images):
        must = f"a function that gives a list of logits for each of {len(images)} images"
        raise wrong_type("segment_tiles", "logits", must, found)
    for one in found:
        if not isinstance(one, np.ndarray) or one.dtype != FLOAT32 or one.ndim != 3:
            raise OutputMismatch("segment_tiles", "logits", "float32 of shape (C, h, w)", one)
        if 0 in one.shape or sides[0] % one.shape[1] or sides[1] % one.shape[2]:
            wanted = f"of sides that divide those of the tile, {sides[0]} × {sides[1]}"
            raise OutputMismatch("segment_tiles", "logits", wanted, Got(f"shape {one.shape}"))
    return found
