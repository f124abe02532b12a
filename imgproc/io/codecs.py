"""Pixels through OpenCV's codecs: exact values in, RGB out, no chatter."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._core.images import DTYPES, FLOAT32, RGB, RGBA, Array, channel_count
from .errors import Defect
from .formats import FORMATS, Header

_OLDEST = (4, 13)  # earlier ones drop the alpha of BMP
_INSTALL = "pip install 'imgproc-toolkit[cli]'"

_LOSSLESS = 101  # WebP quality
_FULL_CHROMA = 90  # JPEG quality from which chroma is not subsampled

_SILENT = 0  # OpenCV's LOG_LEVEL_SILENT

_quiet = threading.Lock()
_quiet_depth = 0
_loud_level = 0


def _forget() -> None:
    """A forked child has none of the threads that were within."""
    global _quiet, _quiet_depth
    _quiet, _quiet_depth = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextmanager
def _silence(cv2: Any) -> Iterator[None]:
    """No log lines from OpenCV meanwhile. The level is the process's, so threads within are counted.

    libjpeg and libpng write some warnings past the log, straight to stderr.
    """
    global _quiet_depth, _loud_level
    log = cv2.utils.logging
    with _quiet:
        if _quiet_depth == 0:
            _loud_level = log.setLogLevel(_SILENT)
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet:
            _quiet_depth -= 1
            if _quiet_depth == 0:
                log.setLogLevel(_loud_level)


def opencv() -> Any:
    """OpenCV, loaded when first needed, once it is known to serve."""
    try:
        import cv2
    except ModuleNotFoundError as error:
        if error.name != "cv2":
            raise
        raise ModuleNotFoundError(f"imgproc.io needs OpenCV for its codecs: {_INSTALL}", name="cv2") from None
    except ImportError as error:
        raise ImportError(
            f"OpenCV does not load ({error}); the one without windows has no such needs: {_INSTALL}"
        ) from None
    if tuple(map(int, cv2.__version__.split(".")[:2])) < _OLDEST:
        raise ImportError(f"imgproc.io needs OpenCV 4.13 or newer, got {cv2.__version__}: {_INSTALL}")
    return cv2


def decode(data: bytes, kind: str, header: Header) -> Array:
    """The pixels of a file whose container was found whole."""
    cv2 = opencv()
    flags = cv2.IMREAD_UNCHANGED
    swapped = True
    if kind == "jpeg" and header.hint["channels"] == RGB:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION  # libjpeg gives RGB at no cost
        swapped = False
    title = FORMATS[kind].title
    with _silence(cv2):
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error as error:
            raise Defect(f"the {title} data cannot be decoded ({_reason(error)})") from None
    if pixels is None:
        detail = header.hint.get("detail", "")
        raise Defect(f"the {title} data{detail} cannot be decoded; the file is damaged or of a rare kind")
    if pixels.dtype not in DTYPES or pixels.ndim > 3:
        raise Defect(f"{title} with {pixels.dtype} samples is not supported; convert it first")
    if pixels.shape[:2] != (header.height, header.width):
        raise Defect(f"the {title} data decodes to another size than the header gives; the file is damaged")
    if pixels.ndim == 3 and swapped:
        pixels = cv2.cvtColor(
            pixels, cv2.COLOR_BGRA2RGBA if channel_count(pixels) == RGBA else cv2.COLOR_BGR2RGB
        )
    if kind == "png" and "transparent" in header.hint:
        pixels = _add_transparency(pixels, header)
    if header.hint.get("inverted"):
        pixels = np.invert(pixels, out=pixels)
    if "top" in header.hint:
        pixels = _widen(pixels, header.hint["top"])
    return np.asarray(pixels)


def _reason(error: Exception) -> str:
    return str(getattr(error, "err", error)).strip() or "OpenCV gives no reason"


def _add_transparency(pixels: Array, header: Header) -> Array:
    """PNG's one transparent colour as alpha, where the decoder left it out; palettes come with theirs."""
    if header.hint["kind"] not in (0, 2) or channel_count(pixels) == RGBA:
        return pixels
    top = np.iinfo(pixels.dtype).max
    sample = np.frombuffer(header.hint["transparent"], ">u2").astype(np.int64)
    if sample.size != (3 if header.hint["kind"] == 2 else 1):
        return pixels
    depth = header.hint["depth"]
    color = (sample & (2**depth - 1)) * (top // (2**depth - 1))
    gray = pixels.ndim == 2
    clear = pixels == color if gray else (pixels == color).all(axis=2)
    result = np.empty((*pixels.shape[:2], RGBA), pixels.dtype)
    result[:, :, :RGB] = pixels[:, :, None] if gray else pixels
    result[:, :, RGB] = np.where(clear, 0, top)
    return result


def _widen(pixels: Array, top: int) -> Array:
    """Samples 0..top on the full range of their dtype, rounded half up; larger, invalid ones become white."""
    whole = int(np.iinfo(pixels.dtype).max)
    levels = np.minimum(np.arange(whole + 1, dtype=np.int64), top)
    table = ((2 * levels * whole + top) // (2 * top)).astype(pixels.dtype)
    return np.asarray(table[pixels])


def turn(pixels: Array, flag: int) -> Array:
    """The picture upright, given the EXIF orientation flag that its pixels were stored under."""
    if flag == 1:
        return pixels
    cv2 = opencv()
    if flag == 6:
        return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE))
    if flag == 8:
        return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE))
    if flag in (5, 7):
        pixels = cv2.transpose(pixels)
    mirror = {2: 1, 3: -1, 4: 0, 7: -1}.get(flag)
    return np.asarray(pixels if mirror is None else cv2.flip(pixels, mirror))


def encode(pixels: Array, kind: str, quality: int) -> memoryview:
    """The file that OpenCV makes of checked pixels."""
    cv2 = opencv()
    suffix = FORMATS[kind].suffixes[0]
    channels = channel_count(pixels)
    if kind == "ppm" and channels == 1:
        suffix = ".pgm"
    pixels = np.require(pixels, requirements=["C", "A"])
    if channels > 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if channels == RGBA else cv2.COLOR_RGB2BGR)
    options: list[int] = []
    if kind == "jpeg":
        sampling = "444" if quality >= _FULL_CHROMA else "420"
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
        options.append(getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}"))
    elif kind == "webp":
        options = [cv2.IMWRITE_WEBP_QUALITY, quality]
        if quality == _LOSSLESS and channels == RGBA:
            options += _exact_alpha(cv2)
    elif kind == "tiff" and pixels.dtype == FLOAT32:
        options = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    with _silence(cv2):
        try:
            done, encoded = cv2.imencode(suffix, pixels, options)
        except cv2.error as error:
            raise Defect(f"OpenCV cannot encode it as {FORMATS[kind].title} ({_reason(error)})") from None
    if not done:
        raise Defect(f"OpenCV cannot encode it as {FORMATS[kind].title}")
    return memoryview(encoded).cast("B")


def _exact_alpha(cv2: Any) -> list[int]:
    """The option that keeps colours under full transparency."""
    if not hasattr(cv2, "IMWRITE_WEBP_LOSSLESS_MODE"):
        raise Defect(
            f"lossless WebP with alpha needs a newer OpenCV than {cv2.__version__}, which would change the "
            "colours of transparent pixels; write PNG"
        )
    return [cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR]
