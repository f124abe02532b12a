"""The file formats: their names, suffixes and first bytes, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from .._core.images import FLOAT32, GRAY, RGB, RGBA, UINT8, UINT16


@dataclass(frozen=True)
class Format:
    """One file format as this package writes it."""

    title: str
    suffixes: tuple[str, ...]
    dtypes: tuple[np.dtype[Any], ...]
    channels: tuple[int, ...]
    side: int
    """Most pixels on one side."""
    metadata: frozenset[str] = frozenset()
    """Which of exif, icc, xmp and dpi the container can carry."""


_ALL = frozenset({"exif", "icc", "xmp", "dpi"})

Piece = bytes | memoryview
"""Part of a file. An encoded file travels in pieces, so that metadata are spliced in without copying it."""


class Metadata(NamedTuple):
    """What a file says of its picture besides the pixels."""

    exif: bytes | None
    icc: bytes | None
    xmp: bytes | None
    dpi: tuple[float, float] | None


FORMATS = {
    "jpeg": Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), (UINT8,), (GRAY, RGB), 65500, _ALL),
    "png": Format("PNG", (".png",), (UINT8, UINT16), (GRAY, RGB, RGBA), 1_000_000, _ALL),
    "tiff": Format("TIFF", (".tif", ".tiff"), (UINT8, UINT16, FLOAT32), (GRAY, RGB, RGBA), 2**20, _ALL),
    "webp": Format("WebP", (".webp",), (UINT8,), (GRAY, RGB, RGBA), 16383, _ALL - {"dpi"}),
    "bmp": Format("BMP", (".bmp", ".dib"), (UINT8,), (GRAY, RGB, RGBA), 2**20, frozenset({"dpi"})),
    "ppm": Format("PPM/PGM", (".ppm", ".pgm", ".pnm", ".pbm"), (UINT8, UINT16), (GRAY, RGB), 2**20),
}

SUFFIXES = {suffix: name for name, kind in FORMATS.items() for suffix in kind.suffixes}

HEAD = 32
"""Bytes that `sniff` looks at."""


@dataclass
class Header:
    """What a container says of its picture, and what decoding it needs to know."""

    height: int
    width: int
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    data: bytes | None = None
    """The file for the decoder, where it must see it with some tags changed."""
    hint: dict[str, Any] = field(default_factory=dict)
    """What one format's decoding needs beyond that."""


def sniff(head: bytes) -> str | None:
    """The format that the first bytes of a file tell, or None."""
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM":
        return "bmp"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n#":
        return "ppm"
    return None


def stranger(head: bytes) -> str:
    """What a file of no supported format seems to be, as the end of a sentence."""
    if not head:
        return "the file is empty"
    known = "JPEG, PNG, TIFF, WebP, BMP and PPM/PGM/PBM are read"
    if head[:4] == b"GIF8":
        kind = "a GIF file"
    elif head[4:8] == b"ftyp":
        kind = "an ISO media file (HEIC, AVIF or video)"
    elif head[:4] == b"8BPS":
        kind = "a Photoshop file"
    elif head[4:8] == b"jP  " or head[:4] == b"\xff\x4f\xff\x51":
        kind = "a JPEG 2000 file"
    elif head[:5] == b"%PDF-":
        kind = "a PDF file"
    else:
        return f"the content is not a picture in a known format ({known})"
    return f"the content is {kind}, which is not supported ({known}); convert it first"


def suffix_format(name: str) -> str | None:
    """The format that a file's name promises, or None."""
    return SUFFIXES.get(PurePath(name).suffix.lower())
