"""Masks as COCO's run lengths and polygons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64
from .._core.coco_runs import MOST_PIXELS, counts_of, polygon_runs, run_lengths
from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.packed_masks import Masks, PackedMasks, as_bools, as_packed, frozen_masks, word_offsets
from .._core.parameters import Flag
from .._core.places import Place
from .._core.threads import run_bands
from .._ext import rle as kernels

FLAG = Flag()
SHAPE = Shape()

# Nanoseconds for a word of 64 pixels.
_WORD_COST = 6.0


@operation("segmentation", takes="masks")
def encode_rle(masks: Masks, *, compressed: Annotated[bool, FLAG] = True) -> Any:
    """Encode masks as COCO's run lengths.

    Parameters
    ----------
    masks : (H, W) or (N, H, W) array of bool, or PackedMasks
        One mask or many; less than 2**32 pixels each.
    compressed : bool, default True
        Whether the counts are COCO's text, or a list of integers.

    Returns
    -------
    dict, or list of dict for many masks
        ``{"size": [height, width], "counts": …}``, as JSON takes it.

    Raises
    ------
    TypeError
        Not an array of bool, or a flag of the wrong kind.
    ValueError
        Not two or three axes, or too many pixels.

    Notes
    -----
    Counts are the lengths of runs of pixels outside and inside the mask in turn, down the columns, the first one
    outside and 0 where the first pixel is inside. The text holds 5 bits of a count in each character, and from the
    fourth count on its difference to that two before. The same text as pycocotools', there as bytes.

    The mask is packed first (`pack_masks`), and rows of bits are turned into columns 64 by 64; time is that of
    reading the mask, and some steps for each run. Packed masks need the latter alone.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common objects in context, ECCV 2014; its programming interface defines the text.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> mask = np.zeros((3, 4), bool)
    >>> mask[1:, 1:3] = True
    >>> imgproc.encode_rle(mask)
    {'size': [3, 4], 'counts': '42102'}
    >>> imgproc.encode_rle(mask, compressed=False)
    {'size': [3, 4], 'counts': [4, 2, 1, 2, 3]}
    """
    single = isinstance(masks, np.ndarray) and masks.ndim == 2
    packed = as_packed("encode_rle", "masks", masks[None] if single else masks)
    compressed = FLAG.check("encode_rle", "compressed", compressed)
    size = list(packed.shape[1:])
    codes = [
        {"size": size.copy(), "counts": counts}
        for counts in counts_of("encode_rle", "masks", packed, compressed=compressed)
    ]
    return codes[0] if single else codes


@operation("segmentation", takes="masks")
def decode_rle(rle: Any, *, packed: Annotated[bool, FLAG] = False) -> Masks:
    """Decode COCO's run lengths to masks.

    Parameters
    ----------
    rle : dict, or list of dict
        ``{"size": [height, width], "counts": …}``, the counts as COCO's text, str or bytes, or as a list of integers.
        Many masks must be of one size.
    packed : bool, default False
        Whether to give `PackedMasks`, which take an eighth of the memory or less, in place of an array.

    Returns
    -------
    (H, W) or (N, H, W) array of bool, or PackedMasks
        One mask for a dict, many for a list, of shape (0, 0, 0) for an empty one.

    Raises
    ------
    TypeError
        Neither a dict nor a list, or a flag of the wrong kind.
    ValueError
        What is no run lengths, does not add up to the pixels of the size, or is of another size than the first one.

    Notes
    -----
    The counterpart of `encode_rle`. Counts of 0, also between others, are allowed; what pycocotools reads beyond the
    end of a mask is refused. Only the rows and words of 64 pixels that a mask needs are written.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common objects in context, ECCV 2014; its programming interface defines the text.

    Examples
    --------
    >>> import imgproc
    >>> imgproc.decode_rle({"size": [3, 4], "counts": "42102"}).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 1, 1, 0]])
    """
    packed = FLAG.check("decode_rle", "packed", packed)
    place = Place("decode_rle", "rle")
    single = isinstance(rle, Mapping)
    if not single and not isinstance(rle, list | tuple):
        raise wrong_type("decode_rle", "rle", 'a dict {"size": …, "counts": …} or a list of such', rle)
    entries, size, runs = [rle] if single else list(rle), (0, 0), []
    for number, entry in enumerate(entries):
        here = place if single else place.at(number)
        if not isinstance(entry, Mapping):
            raise here.wrong('a dict {"size": …, "counts": …}', entry)
        own = _size(here, entry)
        if number and own != size:
            raise here.at("size").wrong(f"{list(size)}, as that of the first mask", list(own))
        size = own
        runs.append(run_lengths(here, dict(entry), size))
    masks = _pack_runs(runs, size)
    if packed:
        return masks
    unpacked = as_bools(masks)
    return unpacked[0] if single else unpacked


@operation("segmentation", takes="masks")
def polygons_to_mask(polygons: Any, shape: Annotated[Any, SHAPE]) -> Array:
    """Fill polygons as COCO does.

    Parameters
    ----------
    polygons : list of (2 K,) or (K, 2) sequences of numbers
        Each holds ``x, y`` of 3 or more corners, in turn or by rows; a pixel's centre lies half a pixel from its
        edges, so that ``[0, 0, w, 0, w, h, 0, h]`` is a whole image. Parts outside of it are cut off.
    shape : (int, int)
        Height and width of the image.

    Returns
    -------
    (H, W) array of bool
        The pixels that lie in any of the polygons; in one that crosses itself, those with an odd number of crossings
        above them.

    Raises
    ------
    TypeError
        Wrong kind of list or shape.
    ValueError
        No polygon, fewer than three corners, a number that is not within 10**6, or a shape without pixels or of 2**32
        of them and more.

    Notes
    -----
    Corners are rounded to fifths of a pixel, and edges walked at that step; a pixel belongs to the polygon where an odd
    number of edges cross the line from its centre upwards. These are the pixels of pycocotools' ``frPyObjects`` and
    ``merge``, one for one.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common objects in context, ECCV 2014; its programming interface defines the rule.

    Examples
    --------
    >>> import imgproc
    >>> imgproc.polygons_to_mask([[1, 1, 4, 1, 4, 3, 1, 3]], (4, 5)).astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 1, 1, 1, 0],
           [0, 1, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """
    height, width = SHAPE.check("polygons_to_mask", "shape", shape)
    if height * width > MOST_PIXELS:
        raise wrong_value("polygons_to_mask", "shape", "of less than 2**32 pixels", (height, width))
    place = Place("polygons_to_mask", "polygons")
    if not isinstance(polygons, list | tuple):
        raise wrong_type("polygons_to_mask", "polygons", "a list of polygons", polygons)
    flat = [
        polygon.ravel()
        if isinstance(polygon, np.ndarray) and polygon.ndim == 2 and polygon.shape[1] == 2
        else polygon
        for polygon in polygons
    ]
    runs = polygon_runs(place, flat, (height, width))
    mask: Array = as_bools(_pack_runs([runs], (height, width)))[0]
    return mask


def _size(place: Place, entry: Mapping[Any, Any]) -> tuple[int, int]:
    must = "a list of two integers >= 0, height and width, of less than 2**32 pixels"
    if "size" not in entry:
        raise place.at("size").missing()
    size = entry["size"]
    sides = list(size) if isinstance(size, list | tuple) else []
    if len(sides) != 2 or not all(
        isinstance(side, int | np.integer) and not isinstance(side, bool) and side >= 0 for side in sides
    ):
        raise place.at("size").wrong(must, size)
    height, width = int(sides[0]), int(sides[1])
    if max(height, width) > MOST_PIXELS or height * width > MOST_PIXELS:
        raise place.at("size").wrong(must, size)
    return height, width


def _pack_runs(runs: list[Array], size: tuple[int, int]) -> PackedMasks:
    """Masks of one size from the intervals of each."""
    height, width = size
    first = np.cumsum([0, *map(len, runs)], dtype=INT64)
    intervals = np.concatenate(runs) if runs else np.empty((0, 2), np.uint32)
    boxes, areas = np.empty((len(runs), 4), INT64), np.empty(len(runs), INT64)
    kernels.extents(intervals, first, boxes, areas, height)
    boxes[:, 2] >>= 6
    boxes[:, 3] = (boxes[:, 3] + 63) >> 6
    offsets = word_offsets(boxes)
    words = np.empty(offsets[-1], np.uint64)
    run_bands(
        lambda n0, n1: kernels.pack(intervals, first, words, offsets, boxes, height, width, n0, n1),
        len(runs),
        _WORD_COST * words.size,
    )
    return frozen_masks((len(runs), height, width), words, offsets, boxes, areas)
