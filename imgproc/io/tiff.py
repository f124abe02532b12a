"""TIFF files: check what their directory promises, gather their metadata as EXIF, splice metadata in."""

from __future__ import annotations

import struct

from .directories import EXIF, GPS, ORIENTATION, Block, Entry, Tree, Value, serialize
from .errors import Defect
from .exif import orientation, set_numbers
from .formats import Header, Metadata, Piece

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _STRIP_COUNTS, _X, _Y, _PLANAR, _UNIT = 273, 277, 279, 282, 283, 284, 296
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
_XMP, _ICC = 700, 34675

# what a file says of its picture in words; the other tags tell how its pixels lie
_DESCRIPTIVE = frozenset(
    {
        269,
        270,
        271,
        272,
        ORIENTATION,
        285,
        305,
        306,
        315,
        316,
        EXIF,
        GPS,
        33432,
        40091,
        40092,
        40093,
        40094,
        40095,
    }
)
_FOREIGN = {4: "transparency mask", 5: "CMYK", 8: "CIE Lab", 9: "ICC Lab", 10: "ITU Lab", 32803: "raw sensor"}
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_UNSIGNED, _FLOAT = 1, 3
_UNSPECIFIED, _PREMULTIPLIED, _STRAIGHT = 0, 1, 2
_MOST_PAGES = 10_000


def scan(data: bytes) -> Header:
    """Size, kind and metadata of a file with one page whose pixels all lie within it."""
    block = Block(data)
    page, _, following = block.directory(block.first)
    _refuse_more_pages(block, page, following)

    def one(tag: int, default: int) -> int:
        values = block.numbers(page.get(tag))
        return values[0] if values else default

    width, height = one(_WIDTH, 0), one(_HEIGHT, 0)
    if not width or not height:
        raise Defect("the TIFF directory gives no size")
    header = Header(height, width)
    samples = one(_SAMPLES, 1)
    bits = set(block.numbers(page.get(_BITS))) or {1}
    formats = set(block.numbers(page.get(_SAMPLE_FORMAT))) or {_UNSIGNED}
    photometric = one(_PHOTOMETRIC, _BLACK_IS_ZERO)
    if photometric in _FOREIGN or photometric > _YCBCR:
        kind = _FOREIGN.get(photometric, f"photometric kind {photometric}")
        raise Defect(f"TIFF with {kind} pixels is not supported; convert it to RGB or gray first")
    whole = formats == {_UNSIGNED} and bits in ({1}, {2}, {4}, {8}, {16})
    if not whole and not (formats == {_FLOAT} and bits == {32}):
        listed = "/".join(map(str, sorted(bits)))
        kind = {2: "signed ", 3: "floating-point "}.get(min(formats), "")
        raise Defect(
            f"TIFF with {listed}-bit {kind}samples is not supported; "
            "convert it to 8 or 16 bits or 32-bit float first"
        )
    depth = bits.pop()
    extra = block.numbers(page.get(_EXTRA))
    colors = 3 if photometric in (_RGB, _YCBCR) else 1
    if samples not in ((3, 4) if photometric == _RGB else (colors,)):
        raise Defect(
            f"TIFF with {samples} samples per pixel of this kind is not supported; convert it to RGB or RGBA"
        )
    if samples == 4 and extra == (_PREMULTIPLIED,):
        raise Defect("TIFF with premultiplied alpha is not supported; convert it to straight alpha first")
    if (colors == 3 and depth < 8) or (photometric in (_PALETTE, _YCBCR) and depth > 8):
        raise Defect(f"TIFF with {depth}-bit samples of this kind is not supported; convert it to RGB first")
    if photometric == _WHITE_IS_ZERO and depth == 32:
        raise Defect("TIFF with 32-bit float samples whose zero is white is not supported; convert it first")
    if samples > 1 and depth > 8 and one(_PLANAR, 1) != 1:
        raise Defect(
            f"TIFF with {depth}-bit separate planes is not supported; convert it to interleaved samples"
        )
    exact = one(_COMPRESSION, 1) == 1 and photometric != _YCBCR  # whose chroma may be subsampled
    _check_pixels(block, page, height * ((width * samples * depth + 7) // 8), exact)
    tile = one(_TILE_WIDTH, 1) * one(_TILE_HEIGHT, 1)
    if tile > max(4 * width * height, 2**22):
        raise Defect("the TIFF tiles are far larger than the picture; the file is damaged")

    header.orientation = orientation(block, page.get(ORIENTATION))
    header.hint["detail"] = f" (compression {one(_COMPRESSION, 1)})"
    header.hint["inverted"] = photometric == _WHITE_IS_ZERO and depth == 16  # libtiff inverts up to 8 bits
    _gather_metadata(block, header, page)
    header.data = _plain(block, header, page, straight=samples == 4 and depth == 8)
    return header


def _refuse_more_pages(block: Block, page: dict[int, Entry], following: int) -> None:
    """Reduced versions of the first page may follow; other pages would be lost."""
    pages, seen = 1, {block.first}
    while following and following not in seen and len(seen) < _MOST_PAGES:
        seen.add(following)
        try:
            page, _, following = block.directory(following)
        except struct.error:
            raise Defect("the TIFF directory of a further page is cut off; the file is damaged") from None
        flags = block.numbers(page.get(_SUBFILE))
        if not flags or not flags[0] & 1:
            pages += 1
    if pages > 1:
        raise Defect(
            f"TIFF with {pages} pages is not supported (it would lose all but the first); split it first"
        )


def _check_pixels(block: Block, page: dict[int, Entry], size: int, exact: bool) -> None:
    """Every strip or tile lies within the file, and a picture of known size is all there."""
    tiled = _TILE_OFFSETS in page
    offsets = block.numbers(page.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS))
    counts = block.numbers(page.get(_TILE_COUNTS if tiled else _STRIP_COUNTS))
    if not offsets:
        raise Defect("the TIFF directory does not say where the pixels are")
    end = len(block.data)
    if any(at >= end for at in offsets) or any(at + n > end for at, n in zip(offsets, counts, strict=False)):
        raise Defect("the TIFF pixels reach behind the end of the file; it is truncated")
    if exact and counts and sum(counts) < size:
        raise Defect("the TIFF data holds fewer pixels than its directory says; the file is damaged")


def _gather_metadata(block: Block, header: Header, page: dict[int, Entry]) -> None:
    for tag, name in ((_XMP, "xmp"), (_ICC, "icc")):
        if tag in page and page[tag].kind in (1, 7):
            setattr(header, name, block.content(page[tag]))
    unit = (block.numbers(page.get(_UNIT)) or (2,))[0]
    x, y = (block.ratio(page.get(tag)) for tag in (_X, _Y))
    if x and y and unit in (2, 3):
        scale = 1.0 if unit == 2 else 2.54
        header.dpi = (x * scale, y * scale)
    words = {tag: value for tag, value in block.tree(block.first, strict=True).items() if tag in _DESCRIPTIVE}
    if words.keys() - {ORIENTATION}:
        header.exif = b"II*\0\x08\0\0\0" + serialize(words, 8)


def _plain(block: Block, header: Header, page: dict[int, Entry], *, straight: bool) -> bytes | None:
    """The file with tags changed that decoders act upon by themselves, or None where there are none.

    OpenCV applies the orientation, and libtiff multiplies 8-bit colours by straight alpha.
    """
    if header.orientation == 1 and not (straight and _EXTRA in page):
        return None
    changed = bytearray(block.data)
    if header.orientation != 1:
        set_numbers(block, changed, page[ORIENTATION], (1,))
    if straight and _EXTRA in page:
        set_numbers(block, changed, page[_EXTRA], (_UNSPECIFIED,))
    return bytes(changed)


def embed(encoded: memoryview, metadata: Metadata) -> list[Piece]:
    """The file with a new directory at its end, which holds the old one's entries and the metadata."""
    exif, icc, xmp, dpi = metadata
    block = Block(encoded)
    tree: Tree = dict(block.tree(block.first))
    samples = tree.get(_SAMPLES)
    if isinstance(samples, Value) and samples.content[:2] == b"\4\0":
        tree[_EXTRA] = Value(3, 1, struct.pack("<H", _STRAIGHT))
    if exif is not None:
        try:
            source = Block(exif)
            words = source.tree(source.first)
        except (Defect, struct.error):
            raise Defect(
                "the EXIF block is damaged and TIFF cannot carry it; set picture.exif to None"
            ) from None
        tree |= {tag: value for tag, value in words.items() if tag in _DESCRIPTIVE}
    if icc is not None:
        tree[_ICC] = Value(7, len(icc), icc)
    if xmp is not None:
        tree[_XMP] = Value(1, len(xmp), xmp)
    if dpi is not None:
        for tag, value in zip((_X, _Y), dpi, strict=True):
            tree[tag] = Value(5, 1, struct.pack("<II", min(max(round(value * 1000), 1), 2**32 - 1), 1000))
        tree[_UNIT] = Value(3, 1, struct.pack("<H", 2))
    at = len(encoded) + len(encoded) % 2
    if at > 2**32 - 2**26:
        raise Defect("a TIFF file of 4 GB or more cannot be written; write PNG")
    padding = b"\0" * (len(encoded) % 2)
    return [encoded[:4], struct.pack("<I", at), encoded[8:], padding + serialize(tree, at)]
