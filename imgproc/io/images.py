"""Read and write image files without losing what they hold.

OpenCV's codecs decode and encode the pixels; what the containers say besides is read and written here,
because no codec library carries all of it through. Neither importing this module nor this package loads
OpenCV.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO

from .._core.errors import wrong_type, wrong_value
from .._core.files import check_free, write_file
from .._core.images import RGB, RGBA, Array, channel_count, check_image
from .._core.parameters import Range
from . import bitmaps, codecs, jpeg, png, tiff, webp
from .errors import Defect, ImageError
from .exif import upright, upright_xmp
from .formats import FORMATS, HEAD, Header, Metadata, Piece, sniff, stranger, suffix_format

QUALITY = Range(low=1, high=101, integer=True)

PIXELS = Range(low=1, integer=True)

_SCAN: dict[str, Callable[[bytes], Header]] = {
    "jpeg": jpeg.scan,
    "png": png.scan,
    "tiff": tiff.scan,
    "webp": webp.scan,
    "bmp": bitmaps.scan_bmp,
    "ppm": bitmaps.scan_netpbm,
}
_EMBED: dict[str, Callable[[memoryview, Metadata], list[Piece]]] = {
    "jpeg": jpeg.embed,
    "png": png.embed,
    "tiff": tiff.embed,
    "webp": webp.embed,
    "bmp": bitmaps.embed_bmp,
}
_EXIF_MARK = b"Exif\0\0"
_MEMORY = "<bytes>"


@dataclass(eq=False)
class Picture:
    """An image and what its file says of it.

    Attributes
    ----------
    pixels : (H, W), (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        Gray, RGB or RGBA with straight alpha, upright. A gray file with alpha is expanded to RGBA.
    format : str
        ``"jpeg"``, ``"png"``, ``"tiff"``, ``"webp"``, ``"bmp"`` or ``"ppm"`` (all of the Netpbm family).
    exif : bytes or None
        The EXIF block, a TIFF structure, as in the file but with orientation 1, width and height exchanged
        where the picture was turned by 90°, and the embedded thumbnail unlinked. From a TIFF file: its
        descriptive tags with their EXIF and GPS directories.
    icc : bytes or None
        The ICC colour profile, where it is one of the pixels' colour space. Pixels are never converted by it.
    xmp : bytes or None
        The XMP packet, with orientation 1.
    dpi : (float, float) or None
        Pixels per inch, horizontal and vertical.
    """

    pixels: Array
    format: str = "png"
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None

    def with_pixels(self, pixels: Array) -> Picture:
        """The same picture with other pixels; a colour profile that cannot describe these is left out."""
        return replace(
            self, pixels=pixels, icc=self.icc if _profile_fits(self.icc, channel_count(pixels)) else None
        )


def lost_metadata(picture: Picture, format: str) -> tuple[str, ...]:
    """Which of ``"exif"``, ``"icc"``, ``"xmp"`` and ``"dpi"`` a picture has and a format cannot carry."""
    if format not in FORMATS:
        raise wrong_value("lost_metadata", "format", " or ".join(map(repr, FORMATS)), format)
    kept = FORMATS[format].metadata
    return tuple(
        name
        for name in ("exif", "icc", "xmp", "dpi")
        if name not in kept and getattr(picture, name) is not None
    )


def read_image(
    source: str | os.PathLike[str] | bytes, *, max_pixels: Annotated[int, PIXELS] = 2**28
) -> Picture:
    """Read an image file with its bit depth, alpha, metadata, upright.

    Parameters
    ----------
    source : path or bytes
        The file, or its content.
    max_pixels : int, default 2**28
        Largest height · width that is decoded. Guards against small files that unfold to fill the memory.

    Returns
    -------
    Picture
        Pixels as the file has them: 8 or 16 bits or 32-bit float, gray, RGB or RGBA. Palettes are expanded,
        transparent colours included; 1, 2 and 4-bit gray and Netpbm ranges other than 255 and 65535 are
        widened to the full range. The EXIF orientation is applied, once.

    Raises
    ------
    ImageError
        The file is truncated or damaged, holds another format than its suffix promises, more than
        ``max_pixels``, several pages or frames, CMYK or other pixels that have no exact place in a Picture,
        or no picture at all. The sentence names the file.
    OSError
        The file cannot be opened.

    Notes
    -----
    A file is decoded once. Truncation is told from the container (end marker, checksums, offsets,
    sizes) before any pixel is decoded. A JPEG whose compressed data are damaged but which ends properly is
    not told from a good one. Of a multi-picture JPEG (preview, gain map) the main picture is read, of a TIFF
    with reduced versions the whole one. Not kept: extended XMP, JPEG comments and IPTC blocks, PNG's gAMA,
    cHRM and text.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.io import Picture, encode_image, read_image
    >>> read_image(b"P5 2 1 255\\n\\x00\\xff").pixels
    array([[  0, 255]], dtype=uint8)
    """
    max_pixels = PIXELS.check("read_image", "max_pixels", max_pixels)
    name, data, kind = _open(source)
    try:
        header = _SCAN[kind](data)
        if header.height * header.width > max_pixels:
            raise Defect(
                f"{header.width} × {header.height} pixels are more than the limit of {max_pixels}; "
                "if the file is to be trusted, raise max_pixels"
            )
        pixels = codecs.decode(data if header.data is None else header.data, kind, header)
        return _picture(pixels, kind, header)
    except Defect as defect:
        raise ImageError(name, str(defect)) from None
    except (struct.error, IndexError, OverflowError):
        raise ImageError(name, f"the {FORMATS[kind].title} header is damaged or cut off") from None


def _open(source: object) -> tuple[str, bytes, str]:
    """A source's name, content and format; only the first bytes of a file of no known format are read."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        kind = sniff(data[:HEAD])
        if kind is None:
            raise ImageError(_MEMORY, stranger(data[:HEAD]))
        return _MEMORY, data, kind
    if not isinstance(source, str | os.PathLike):
        raise wrong_type("read_image", "source", "a path or bytes", source)
    name = os.fsdecode(source)
    with open_image(name) as (file, kind):
        return name, file.read(), kind


@contextmanager
def open_image(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """A file of a known format, which its name does not belie, and that format; nothing is decoded."""
    mode = os.stat(name).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a pipe would wait for ever
        raise ImageError(name, "it is not a file")
    with open(name, "rb") as file:
        head = file.read(HEAD)
        kind = sniff(head)
        if kind is None:
            raise ImageError(name, stranger(head))
        promised = suffix_format(name)
        if promised not in (None, kind):
            raise ImageError(
                name,
                f"the content is {FORMATS[kind].title} though the name says {FORMATS[promised].title}; "
                f"rename it to {Path(name).stem}{FORMATS[kind].suffixes[0]}",
            )
        file.seek(0)
        yield file, kind


def _picture(pixels: Array, kind: str, header: Header) -> Picture:
    flag, exif = header.orientation, header.exif
    if exif is not None:
        exif = exif.removeprefix(_EXIF_MARK)
        from_exif, exif = upright(exif)
        flag = flag if kind == "tiff" else from_exif
    return Picture(
        codecs.turn(pixels, flag),
        kind,
        exif,
        header.icc if _profile_fits(header.icc, channel_count(pixels)) else None,
        upright_xmp(header.xmp) if header.xmp is not None else None,
        header.dpi if header.dpi is None or flag < 5 else header.dpi[::-1],
    )


def _profile_fits(icc: bytes | None, channels: int) -> bool:
    """Whether a profile's colour space is that of pixels with so many channels."""
    return icc is not None and icc[16:20] == (b"RGB " if channels in (RGB, RGBA) else b"GRAY")


def write_image(
    path: str | os.PathLike[str],
    picture: Picture,
    *,
    quality: Annotated[int, QUALITY] = 95,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write an image file whole or not at all, with its metadata.

    Parameters
    ----------
    path : path
        The file. Its folder must exist.
    picture : Picture
        What to write. ``picture.format`` does not matter here.
    quality : int, default 95
        As in `encode_image`.
    format : str, optional
        As in `encode_image`; from the path's suffix by default.
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Raises
    ------
    ImageError
        The format cannot hold the picture, or no format belongs to the suffix.
    FileExistsError
        The file exists and ``overwrite`` is false.
    OSError
        The file cannot be written.

    Notes
    -----
    As `imgproc._core.files.write_file` does it: a process killed meanwhile never leaves a half-written ``path``.
    """
    if not isinstance(path, str | os.PathLike):
        raise wrong_type("write_image", "path", "a path", path)
    name = os.fsdecode(path)
    check_free(name, overwrite=overwrite)
    suffix = Path(name).suffix.lower()
    kind = format or suffix_format(name)
    if kind is None:
        known = ", ".join(suffixes for form in FORMATS.values() for suffixes in form.suffixes)
        raise ImageError(
            name, f"the suffix {suffix or '(none)'!r} belongs to no format that is written ({known})"
        )
    try:
        if format is None:
            _check_netpbm_suffix(suffix, picture)
        content = _encode("write_image", picture, kind, quality)
    except Defect as defect:
        raise ImageError(name, str(defect)) from None
    write_file(path, *content, overwrite=overwrite)


def _check_netpbm_suffix(suffix: str, picture: Picture) -> None:
    colored = isinstance(picture, Picture) and channel_count(picture.pixels) >= RGB
    if suffix == ".pbm":
        raise Defect("PBM holds black and white only and is not written; write PGM")
    if suffix == ".pgm" and colored:
        raise Defect("PGM holds gray only and the picture is RGB; write PPM or convert it with rgb_to_gray")
    if suffix == ".ppm" and not colored:
        raise Defect(
            "PPM holds RGB only and the picture is gray; write PGM (--format pgm on the command line)"
        )


def encode_image(picture: Picture, format: str, quality: Annotated[int, QUALITY] = 95) -> bytes:
    """The content of an image file.

    Parameters
    ----------
    picture : Picture
        What to encode; pixels of any strides, ``(H, W, 1)`` is gray. ``picture.format`` does not matter here.
    format : str
        ``"jpeg"``, ``"png"``, ``"tiff"``, ``"webp"``, ``"bmp"`` or ``"ppm"`` (PGM for gray).
    quality : int, default 95
        JPEG: 1 to 100; chroma is stored at full resolution (4:4:4) from 90, at half (4:2:0) below. WebP: 1 to
        100, or 101 for lossless. The other formats are lossless and ignore it.

    Returns
    -------
    bytes
        EXIF, ICC, XMP and dpi are in it as far as the format carries them: JPEG, PNG and TIFF all of them,
        WebP all but dpi, BMP dpi only, PPM/PGM none (`lost_metadata` tells).

    Raises
    ------
    ImageError
        The format cannot hold the pixels: depth, alpha or size; or their profile is of another colour space.

    Notes
    -----
    Lossless formats give back the same bits. WebP has no gray: three equal channels come back. A WebP whose
    alpha is opaque everywhere comes back without it. PNG is compressed fast rather than small, TIFF by LZW.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.io import Picture, encode_image, read_image
    >>> pixels = np.array([[0, 65535]], np.uint16)
    >>> read_image(encode_image(Picture(pixels), "tiff")).pixels
    array([[    0, 65535]], dtype=uint16)
    """
    try:
        return b"".join(_encode("encode_image", picture, format, quality))
    except Defect as defect:
        raise ImageError(_MEMORY, str(defect)) from None


def _encode(function: str, picture: Picture, format: str, quality: int) -> list[Piece]:
    if not isinstance(picture, Picture):
        raise wrong_type(function, "picture", "a Picture", picture)
    if format not in FORMATS:
        raise wrong_value(function, "format", " or ".join(map(repr, FORMATS)), format)
    quality = QUALITY.check(function, "quality", quality)
    pixels = check_image(function, picture.pixels, argument="picture.pixels")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    _check_fits(pixels, format, quality)
    stored = RGB if format == "webp" and pixels.ndim == 2 else channel_count(pixels)
    if picture.icc is not None and not _profile_fits(picture.icc, stored):
        raise Defect(
            f"the ICC profile is of another colour space than the pixels are in {FORMATS[format].title}; "
            "set picture.icc to None, or make the picture by picture.with_pixels(pixels)"
        )
    encoded = codecs.encode(pixels, format, quality)
    if format not in _EMBED:
        return [encoded]
    exif = None if picture.exif is None else picture.exif.removeprefix(_EXIF_MARK)
    return _EMBED[format](encoded, Metadata(exif, picture.icc, picture.xmp, picture.dpi))


def _check_fits(pixels: Array, name: str, quality: int) -> None:
    kind = FORMATS[name]
    if pixels.dtype not in kind.dtypes:
        takers = [form.title for form in FORMATS.values() if pixels.dtype in form.dtypes]
        raise Defect(
            f"{kind.title} cannot hold {pixels.dtype} pixels; write {' or '.join(takers)}, "
            f"or convert them to {' or '.join(map(str, kind.dtypes))} first"
        )
    if channel_count(pixels) not in kind.channels:
        raise Defect(
            f"{kind.title} cannot hold alpha; write PNG, TIFF or WebP, or drop it with pixels[:, :, :3]"
        )
    if max(pixels.shape[:2]) > kind.side:
        raise Defect(
            f"{kind.title} holds at most {kind.side} pixels on a side, and the picture has "
            f"{pixels.shape[1]} × {pixels.shape[0]}; write PNG or TIFF"
        )
    if name == "jpeg" and quality > 100:
        raise Defect("JPEG quality ends at 100; 101 (lossless) is for WebP")
