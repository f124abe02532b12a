"""Contrast-limited adaptive histogram equalisation."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import FLOAT32, RGBA, UINT8, UINT16, Array, channel_count, check_image, check_out, rows
from .._core.operations import operation
from .._core.parameters import Choice, Pair, Range
from .._core.threads import run_bands
from .._ext import clahe as _clahe

CLIP_LIMIT = Range(low=0)
TILES = Pair(Range(low=1, high=256, integer=True), ("rows", "columns"))
CHANNEL = Choice(("luma", "each"))

# Nanoseconds on one thread, only an estimate for the choice of threads: per pixel to count and to blend, per tile.
_COST = {UINT8: (0.5, 0.8, 1e3), UINT16: (0.8, 1.2, 6e4), FLOAT32: (1.2, 1.5, 6e4)}
_COLOR_COST = 0.5


@operation("tone", halo=None, in_place=True)
def clahe(
    image: Array,
    *,
    clip_limit: Annotated[float, CLIP_LIMIT] = 2.0,
    tiles: Annotated[int | tuple[int, int], TILES] = (8, 8),
    channel: Annotated[str, CHANNEL] = "luma",
    out: Array | None = None,
) -> Array:
    """Equalise the histogram of each tile with limited contrast, blended between tiles (CLAHE).

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    clip_limit : float, default 2
        Largest bin of a tile's histogram, >= 0, in multiples of the mean bin; a bin keeps one pixel at least.
        What lies above is shared out to all bins. 0 sets no limit: plain adaptive equalisation.
    tiles : int or (int, int), default (8, 8)
        Tile rows and columns, 1 to 256 each. One number serves for both.
    channel : {"luma", "each"}, default "luma"
        ``"luma"`` equalises Y of RGB and adds its change to R, G and B, clipped, which keeps U and V;
        ``"each"`` equalises the three channels one by one. Gray images are the same under both.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        ``clip_limit < 0`` or not finite, ``tiles`` outside 1 to 256, unknown ``channel``, wrong shape, a tile of
        2**31 pixels or more, or an ``out`` that does not fit.

    Notes
    -----
    The table of a tile is round(max · cdf / pixels), halves to even, of its clipped histogram of 256 or 65536 bins.
    A pixel goes through the tables of the four nearest tile centres, blended bilinearly. Where the tiles do not
    divide both sides, tiles are H // rows + 1 by W // columns + 1 pixels and the image is mirrored without its
    last pixel (``"reflect"``) to the right and below, as OpenCV does.

    uint8 is blended in 15-bit fixed point, the others in float32: integers are within 1 of the exact blend rounded half
    to even, and differ from it only where it lies within 0.03 of a half. Bits do not depend on the instruction set
    or threads.

    float32 is counted as the 16-bit codes rint(65535 · clip(v, 0, 1)) and looked up by them, but the blend is not
    rounded: within 1e-6 of the exact one, in [0, 1]. NaN stays and is not counted; a tile of nothing else maps
    codes to themselves. Infinities count as 0 and 1; under ``"luma"`` the colours of a pixel with NaN or an infinity become
    NaN or clipped.

    Cost: two passes, and 256 bytes of tables a tile; 128 KiB for uint16 and float32, of which only the range
    that the image uses is filled.

    References
    ----------
    K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994, pp. 474-485.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> dull = np.array([[100, 101], [102, 103]], np.uint8)
    >>> imgproc.clahe(dull, tiles=1, clip_limit=0)
    array([[ 64, 128],
           [191, 255]], dtype=uint8)
    """
    image = check_image("clahe", image)
    clip_limit = CLIP_LIMIT.check("clahe", "clip_limit", clip_limit)
    tile_rows, tile_columns = TILES.check("clahe", "tiles", tiles)
    channel = CHANNEL.check("clahe", "channel", channel)
    height, width = image.shape[:2]
    uneven = height % tile_rows != 0 or width % tile_columns != 0
    tile = (height // tile_rows + uneven, width // tile_columns + uneven)
    if tile[0] * tile[1] >= 2**31:
        must = "so many that each has fewer than 2**31 pixels"
        raise wrong_value("clahe", "tiles", must, Got(f"{tile[0]} × {tile[1]} pixels"))
    out = check_out("clahe", out, image.shape, image.dtype, image, in_place=True)
    src, dst = rows(image), rows(out)
    channels = channel_count(image)
    if channels == RGBA and channel == "each" and out is not image:
        out[..., 3] = image[..., 3]
    numbers = (0,) if channels == 1 else (_clahe.LUMA,) if channel == "luma" else (0, 1, 2)
    for number in numbers:
        _equalize(src, dst, channels, number, clip_limit, (tile_rows, tile_columns), tile)
    return out


def _equalize(
    src: Array,
    dst: Array,
    channels: int,
    number: int,
    clip_limit: float,
    grid: tuple[int, int],
    tile: tuple[int, int],
) -> None:
    """One channel (or luma) of rows ``src`` into ``dst``."""
    height, width = len(src), src.shape[1] // channels
    count_cost, blend_cost, tile_cost = _COST[src.dtype]
    color_cost = _COLOR_COST if channels > 1 else 0.0
    first, last = 0, 65535
    if src.dtype == UINT16:
        found = run_bands(lambda y0, y1: _clahe.extremes(src, channels, y0, y1), height, src.size * 0.1)
        first, last = min(low for low, _ in found), max(high for _, high in found)
    count = grid[0] * grid[1]
    tables = np.empty((count, 256 if src.dtype == UINT8 else 65536), UINT8 if src.dtype == UINT8 else UINT16)

    def make(t0: int, t1: int) -> None:
        counts = np.empty(_clahe.counts_size(src), np.uint32)
        _clahe.tables(src, channels, number, *tile, clip_limit, first, last, counts, tables, grid[1], t0, t1)

    run_bands(make, count, height * width * (count_cost + color_cost) + count * tile_cost)

    weights = np.empty(width, np.uint32 if src.dtype == UINT8 else np.float32)
    _clahe.weights(tile[1], weights)

    def blend(y0: int, y1: int) -> None:
        if src.dtype == UINT8:
            work = np.empty(256 * (grid[1] + 1), np.uint32)
            _clahe.blend_u8(src, dst, channels, number, *tile, tables, grid[1], weights, work, y0, y1)
        else:
            work = np.empty(2 * 65536, np.uint32)
            _clahe.blend(
                src, dst, channels, number, *tile, tables, grid[1], weights, first, last, work, y0, y1
            )

    run_bands(blend, height, height * width * (blend_cost + 2 * color_cost))
