"""Reading and writing image files: what is kept, what is refused, and that a file is whole or not there."""

from __future__ import annotations

import io
import os
import pickle
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgproc.io import ImageError, Picture, encode_image, lost_metadata, read_image, write_image
from imgproc.io.directories import Block
from imgproc.io.files import write_file

cv2 = pytest.importorskip("cv2", "4.13")

LOSSLESS = {
    "png": (np.uint8, np.uint16),
    "tiff": (np.uint8, np.uint16, np.float32),
    "bmp": (np.uint8,),
    "ppm": (np.uint8, np.uint16),
    "webp": (np.uint8,),
}
CHANNELS = {"png": (1, 3, 4), "tiff": (1, 3, 4), "bmp": (1, 3, 4), "ppm": (1, 3), "webp": (3, 4)}
CARRIERS = ("jpeg", "png", "tiff", "webp")
QUALITY = {"webp": 101}
ICC_RGB = (b"\0" * 16 + b"RGB XYZ ").ljust(70_000, b"p")
ICC_GRAY = (b"\0" * 16 + b"GRAYXYZ ").ljust(700, b"p")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'


def sample(dtype: Any, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if np.dtype(dtype) == np.float32:
        return generator.normal(size=shape).astype(np.float32)
    return generator.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def make_exif(order: str = "<", orientation: int = 6, size: tuple[int, int] = (90, 60)) -> bytes:
    """A block with a maker, an orientation, an EXIF directory with the size, and a thumbnail directory."""
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    inner_at = 8 + 2 + 3 * 12 + 4
    thumbnail_at = inner_at + 2 + 3 * 12 + 4
    maker_at = thumbnail_at + 2 + 12 + 4
    directory = struct.pack(order + "H", 3)
    directory += struct.pack(order + "HHII", 271, 2, 8, maker_at)
    directory += struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    directory += struct.pack(order + "HHII", 34665, 4, 1, inner_at)
    directory += struct.pack(order + "I", thumbnail_at)
    inner = struct.pack(order + "H", 3)
    inner += struct.pack(order + "HHIHH", 0x8827, 3, 1, 400, 0)
    inner += struct.pack(order + "HHII", 0xA002, 4, 1, size[0])
    inner += struct.pack(order + "HHII", 0xA003, 4, 1, size[1]) + struct.pack(order + "I", 0)
    thumbnail = struct.pack(order + "HHHIHHI", 1, 259, 3, 1, 6, 0, 0)
    return head + directory + inner + thumbnail + b"Toolkit\0"


def thumbnail_at(exif: bytes) -> int:
    block = Block(exif)
    return block.directory(block.first)[2]


def open_exif(block: bytes) -> Any:
    """The block through another reader."""
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif.load(block)
    return exif


# Pixels


@pytest.mark.parametrize(
    ("format", "dtype", "channels"),
    [(f, dtype, c) for f, dtypes in LOSSLESS.items() for dtype in dtypes for c in CHANNELS[f]],
)
def test_lossless_formats_give_back_every_bit(format: str, dtype: Any, channels: int) -> None:
    if format == "webp" and channels == 4 and not hasattr(cv2, "IMWRITE_WEBP_LOSSLESS_MODE"):
        pytest.skip("this OpenCV cannot; encode_image says so")
    for height, width in [(1, 1), (1, 7), (5, 1), (3, 8), (17, 33), (64, 65)]:
        pixels = sample(dtype, (height, width) if channels == 1 else (height, width, channels))
        if format == "webp" and channels == 4:
            pixels[0, 0, 3] = 0  # with opaque alpha everywhere, WebP drops it
        back = read_image(encode_image(Picture(pixels), format, QUALITY.get(format, 95)))
        assert back.format == format
        assert back.pixels.dtype == pixels.dtype
        np.testing.assert_array_equal(back.pixels, pixels)
        assert back.pixels.flags.c_contiguous
        assert back.pixels.flags.writeable


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_round_trip_of_any_pixels(data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(["png", "tiff", "bmp", "ppm"]))
    dtype = data.draw(st.sampled_from(LOSSLESS[format]))
    channels = data.draw(st.sampled_from(CHANNELS[format]))
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    pixels = data.draw(hnp.arrays(dtype, shape if channels == 1 else (*shape, channels)))
    back = read_image(encode_image(Picture(pixels), format)).pixels
    assert back.dtype == pixels.dtype
    assert back.tobytes() == pixels.tobytes()  # NaN payloads and signed zeros included


def test_gray_webp_comes_back_as_three_equal_channels() -> None:
    pixels = sample(np.uint8, (9, 7))
    back = read_image(encode_image(Picture(pixels), "webp", 101)).pixels
    np.testing.assert_array_equal(back, np.dstack([pixels] * 3))


def test_pixels_of_any_strides_are_written(tmp_path: Path) -> None:
    base = sample(np.uint16, (20, 24, 3))
    views = [
        base[::-1],
        base[:, ::-2],
        base[3:, 5:, ::-1],
        base.transpose(1, 0, 2),
        base[:, :, :1],
        base[:, :, 1],
    ]
    for number, view in enumerate(views):
        before = view.copy()
        view.flags.writeable = False
        write_image(tmp_path / f"{number}.png", Picture(view))
        back = read_image(tmp_path / f"{number}.png").pixels
        np.testing.assert_array_equal(back, np.squeeze(before, axis=2) if before.shape[-1] == 1 else before)


def test_jpeg_quality_and_chroma() -> None:
    y, x = np.mgrid[:64, :64]
    pixels = np.stack([(x % 2) * 200, y * 4, 255 - x * 4], axis=2).astype(np.uint8)
    sizes = [len(encode_image(Picture(pixels), "jpeg", quality)) for quality in (10, 50, 95)]
    assert sizes == sorted(sizes)

    def sampling(content: bytes) -> int:
        at = content.index(b"\xff\xc0")
        return content[at + 11]

    assert sampling(encode_image(Picture(pixels), "jpeg", 90)) == 0x11
    assert sampling(encode_image(Picture(pixels), "jpeg", 89)) == 0x22
    close = read_image(encode_image(Picture(pixels), "jpeg", 100)).pixels.astype(int) - pixels
    assert np.abs(close).max() <= 4  # rounding of YCbCr and of coefficients at quality 100


def make_png(
    samples: np.ndarray,
    kind: int,
    depth: int,
    transparent: bytes = b"",
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """A PNG made by the letter of the specification, unfiltered."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width = samples.shape[:2]
    rows = []
    for row in samples.reshape(height, -1):
        bits = "".join(format(int(value), f"0{depth}b") for value in row)
        bits += "0" * (-len(bits) % 8)
        rows.append(b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big"))
    content = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    )
    content += b"".join(chunk(name, body) for name, body in extra)
    if transparent:
        content += chunk(b"tRNS", transparent)
    return content + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_png_gray_of_every_depth_with_a_transparent_level(depth: int) -> None:
    samples = sample(np.uint16, (5, 9)) & (2**depth - 1)
    whole = 65535 if depth == 16 else 255
    want = samples * (whole // (2**depth - 1))
    np.testing.assert_array_equal(read_image(make_png(samples, 0, depth)).pixels, want)
    clear = int(samples[2, 3])
    back = read_image(make_png(samples, 0, depth, struct.pack(">H", clear))).pixels
    np.testing.assert_array_equal(back[..., 0], want)
    np.testing.assert_array_equal(back[..., 3], np.where(samples == clear, 0, whole))


@pytest.mark.parametrize("depth", [8, 16])
def test_png_transparent_colour_is_compared_with_all_its_bits(depth: int) -> None:
    samples = sample(np.uint16, (5, 9, 3)) & (2**depth - 1)
    samples[0, 0] = samples[2, 3] ^ (0, 0, 1)
    back = read_image(make_png(samples, 2, depth, struct.pack(">HHH", *map(int, samples[2, 3])))).pixels
    np.testing.assert_array_equal(back[..., :3], samples)
    np.testing.assert_array_equal(back[..., 3] == 0, (samples == samples[2, 3]).all(axis=2))


def test_gray_with_alpha_is_expanded() -> None:
    samples = sample(np.uint16, (4, 6, 2))
    back = read_image(make_png(samples, 4, 16)).pixels
    np.testing.assert_array_equal(back, samples[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("top", [1, 2, 15, 100, 254, 255, 256, 1023, 4095, 65534, 65535])
def test_netpbm_ranges_are_widened(top: int) -> None:
    samples = np.array([0, 1, top // 2, top - 1, top])
    whole = 255 if top < 256 else 65535
    want = np.floor(samples * whole / top + 0.5)[None]
    binary = b"P5 # comment\n5 1\n%d\n" % top + samples.astype(np.uint8 if top < 256 else ">u2").tobytes()
    text = b"P2\n5 1 %d\n" % top + " ".join(map(str, samples)).encode() + b"\n"
    for content in (binary, text):
        pixels = read_image(content).pixels
        assert pixels.dtype == (np.uint8 if top < 256 else np.uint16)
        np.testing.assert_array_equal(pixels, want)


def test_bilevel_netpbm_is_black_and_white() -> None:
    want = np.array([[0, 255, 0, 0, 0, 0, 0, 0, 255], [255] * 9], np.uint8)
    packed = np.packbits(want == 0, axis=1).tobytes()
    np.testing.assert_array_equal(read_image(b"P4\n9 2\n" + packed).pixels, want)
    text = "\n".join(" ".join(str(int(v == 0)) for v in row) for row in want)
    np.testing.assert_array_equal(read_image(b"P1\n9 2\n" + text.encode() + b"\n").pixels, want)


# Metadata


@pytest.mark.parametrize("format", CARRIERS)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_metadata_survive(format: str, order: str, channels: int) -> None:
    if format == "jpeg" and channels == 4:
        pytest.skip("JPEG has no alpha")
    gray = channels == 1
    icc = (ICC_GRAY if gray else ICC_RGB) if format != "webp" or not gray else None
    exif = make_exif(order, orientation=1)
    pixels = sample(np.uint8, (60, 90) if gray else (60, 90, channels))
    picture = Picture(pixels, exif=exif, icc=icc, xmp=XMP, dpi=(300.0, 150.0))
    back = read_image(encode_image(picture, format))
    assert back.icc == icc
    assert back.xmp == XMP.replace(b'"6"', b'"1"')
    if format != "webp":
        assert back.dpi == pytest.approx((300, 150), abs=0.02)  # PNG stores whole pixels per metre
    assert back.exif is not None
    tags = open_exif(back.exif)
    assert tags[271] == "Toolkit"
    assert tags.get_ifd(34665) == {0x8827: 400, 0xA002: 90, 0xA003: 60}
    if format != "tiff":  # which keeps the tags rather than the block
        assert len(back.exif) == len(exif)
    again = read_image(encode_image(back, format))
    assert (again.exif, again.icc, again.xmp, again.dpi) == (back.exif, back.icc, back.xmp, back.dpi)


@pytest.mark.parametrize("format", CARRIERS)
def test_other_readers_find_the_metadata(format: str) -> None:
    image = pytest.importorskip("PIL.Image")
    picture = Picture(
        sample(np.uint8, (60, 90, 3)), exif=make_exif(orientation=1), icc=ICC_RGB, dpi=(300.0, 300.0)
    )
    with image.open(io.BytesIO(encode_image(picture, format))) as other:
        other.load()
        assert other.info["icc_profile"] == ICC_RGB
        assert other.getexif()[271] == "Toolkit"
        assert other.getexif().get_ifd(34665)[0x8827] == 400
        if format != "webp":
            assert other.info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("format", CARRIERS)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("flag", range(10))
def test_orientation_is_applied_once(format: str, order: str, flag: int) -> None:
    stored = sample(np.uint8, (12, 20, 3), seed=1)
    if format == "jpeg":  # smooth, so that the codec leaves the corners apart
        stored = np.kron(sample(np.uint8, (3, 5, 3), seed=1), np.ones((4, 4, 1), np.uint8))
    exif = make_exif(order, orientation=flag, size=(20, 12))
    content = encode_image(Picture(stored, exif=exif, xmp=XMP), format, 101 if format == "webp" else 100)
    turned = {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }.get(flag, stored)
    first = read_image(content)
    assert first.pixels.shape == turned.shape
    np.testing.assert_allclose(first.pixels.astype(int), turned, atol=12 if format == "jpeg" else 0)
    assert first.exif is not None
    tags = open_exif(first.exif)
    assert tags[274] == 1
    assert tags[271] == "Toolkit"
    assert tags.get_ifd(34665)[0xA002] == first.pixels.shape[1]
    assert tags.get_ifd(34665)[0xA003] == first.pixels.shape[0]
    assert first.xmp == XMP.replace(b'"6"', b'"1"')
    second = read_image(encode_image(first, format, 101 if format == "webp" else 100))
    assert second.pixels.shape == turned.shape


def test_the_thumbnail_of_the_old_pixels_is_unlinked() -> None:
    exif = make_exif()
    pixels = sample(np.uint8, (60, 90, 3))
    assert thumbnail_at(exif)
    back = read_image(encode_image(Picture(pixels, exif=exif), "png"))
    assert back.exif is not None
    assert not thumbnail_at(back.exif)


@pytest.mark.parametrize(
    "exif", [b"", b"junk", b"II*\0", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff"]
)
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_broken_exif_block_does_not_lose_the_picture(exif: bytes, format: str) -> None:
    pixels = np.full((8, 8, 3), 7, np.uint8)
    back = read_image(encode_image(Picture(pixels, exif=exif), format))
    np.testing.assert_array_equal(back.pixels, pixels)
    assert back.exif == exif


def test_exif_may_be_handed_in_with_its_jpeg_mark() -> None:
    exif = make_exif(orientation=1)
    plain, marked = (
        encode_image(Picture(np.zeros((4, 4), np.uint8), exif=e), "png") for e in (exif, b"Exif\0\0" + exif)
    )
    assert plain == marked


def test_a_profile_of_another_colour_space_is_an_error_on_writing_and_left_out_by_with_pixels() -> None:
    rgb = Picture(np.zeros((4, 4, 3), np.uint8), icc=ICC_RGB, xmp=XMP)
    gray = rgb.with_pixels(np.zeros((4, 4), np.uint8))
    assert gray.icc is None
    assert gray.xmp == XMP
    assert rgb.with_pixels(np.zeros((4, 4, 4), np.uint8)).icc == ICC_RGB
    rgb.pixels = gray.pixels
    with pytest.raises(ImageError, match=r"colour space.*picture\.icc to None"):
        encode_image(rgb, "png")


def test_lost_metadata_tells_what_a_format_drops() -> None:
    picture = Picture(np.zeros((2, 2, 3), np.uint8), exif=make_exif(), icc=ICC_RGB, dpi=(72.0, 72.0))
    assert lost_metadata(picture, "png") == ()
    assert lost_metadata(picture, "webp") == ("dpi",)
    assert lost_metadata(picture, "bmp") == ("exif", "icc")
    assert lost_metadata(picture, "ppm") == ("exif", "icc", "dpi")
    with pytest.raises(ValueError, match="lost_metadata: format must be"):
        lost_metadata(picture, "gif")


def test_jpeg_refuses_a_block_longer_than_a_segment() -> None:
    picture = Picture(np.zeros((2, 2, 3), np.uint8), exif=make_exif() + bytes(70_000))
    with pytest.raises(ImageError, match=r"EXIF block .* picture\.exif to None or write PNG"):
        encode_image(picture, "jpeg")
    assert read_image(encode_image(picture, "png")).exif is not None


# What cannot be written


@pytest.mark.parametrize(
    ("format", "pixels", "message"),
    [
        ("jpeg", np.zeros((2, 2), np.uint16), "JPEG cannot hold uint16.*write PNG or TIFF"),
        ("jpeg", np.zeros((2, 2, 4), np.uint8), "JPEG cannot hold alpha"),
        ("png", np.zeros((2, 2), np.float32), "PNG cannot hold float32 pixels; write TIFF"),
        ("webp", np.zeros((2, 2, 3), np.uint16), "WebP cannot hold uint16"),
        ("bmp", np.zeros((2, 2, 3), np.float32), "BMP cannot hold float32"),
        ("ppm", np.zeros((2, 2, 4), np.uint8), "cannot hold alpha"),
        ("webp", np.zeros((1, 16384, 3), np.uint8), "WebP holds at most 16383 pixels"),
        ("jpeg", np.zeros((65501, 1), np.uint8), "JPEG holds at most 65500 pixels"),
    ],
)
def test_what_a_format_cannot_hold_is_an_error(
    format: str, pixels: np.ndarray, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match=message):
        encode_image(Picture(pixels), format)
    path = tmp_path / "out"
    with pytest.raises(ImageError, match=message) as caught:
        write_image(path, Picture(pixels), format=format)
    assert caught.value.name == str(path)
    assert list(tmp_path.iterdir()) == []


def test_suffixes_decide_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    gray, rgb = Picture(np.zeros((2, 2), np.uint8)), Picture(np.zeros((2, 2, 3), np.uint8))
    for name, format in [
        ("a.JPG", "jpeg"),
        ("b.tif", "tiff"),
        ("c.webp", "webp"),
        ("d.dib", "bmp"),
        ("e.pnm", "ppm"),
    ]:
        write_image(tmp_path / name, rgb)
        assert read_image(tmp_path / name).format == format
    for name, picture in [("a.pbm", gray), ("a.pgm", rgb), ("a.ppm", gray), ("a.gif", rgb), ("noname", rgb)]:
        with pytest.raises(ImageError, match=name):
            write_image(tmp_path / name, picture)
        assert not (tmp_path / name).exists()


def test_wrong_arguments_are_named() -> None:
    picture = Picture(np.zeros((2, 2), np.uint8))
    with pytest.raises(TypeError, match="read_image: source must be a path or bytes"):
        read_image(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read_image: max_pixels must be"):
        read_image(b"", max_pixels=0)
    with pytest.raises(ValueError, match="encode_image: format must be"):
        encode_image(picture, "gif")
    with pytest.raises(TypeError, match="encode_image: quality must be an integer"):
        encode_image(picture, "jpeg", 9.5)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="quality ends at 100"):
        encode_image(picture, "jpeg", 101)
    with pytest.raises(TypeError, match="encode_image: picture must be a Picture"):
        encode_image(picture.pixels, "png")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"encode_image: picture\.pixels must be of dtype"):
        encode_image(Picture(np.zeros((2, 2))), "tiff")
    with pytest.raises(TypeError, match="write_image: path must be a path"):
        write_image(3, picture)  # type: ignore[arg-type]


# What cannot be read


@pytest.mark.parametrize("format", ["jpeg", "png", "tiff", "webp", "bmp", "ppm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_truncated_file_is_an_error_wherever_it_ends(format: str, channels: int, tmp_path: Path) -> None:
    pixels = sample(np.uint8, (31, 17) if channels == 1 else (31, 17, 3))
    picture = Picture(pixels, exif=make_exif(), xmp=XMP, dpi=(72.0, 72.0))
    content = encode_image(picture, format)
    for length in [*range(0, 200, 7), *range(200, len(content) - 1, 97), len(content) - 1]:
        if length >= len(content):
            continue
        with pytest.raises(ImageError):
            read_image(content[:length])
    path = tmp_path / "cut.bin"
    path.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(ImageError, match=r"cut\.bin: .*(truncated|damaged|end)"):
        read_image(path)


def test_a_mislabelled_file_is_an_error_that_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode_image(Picture(np.zeros((4, 4), np.uint8)), "png"))
    with pytest.raises(ImageError, match=r"photo\.jpg: the content is PNG .* JPEG; rename it to photo\.png"):
        read_image(path)
    other = tmp_path / "photo.unknown"
    other.write_bytes(path.read_bytes())
    assert read_image(other).format == "png"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello, world", "not a picture"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"\0\0\0\x1cftypheic" + bytes(20), "HEIC"),
        (b"8BPS" + bytes(20), "Photoshop"),
        (b"\xff\xd8\xff\xd9", "no picture|header"),
    ],
)
def test_other_content_is_named(content: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        read_image(content)
    assert caught.value.name == "<bytes>"
    assert isinstance(caught.value, ValueError)


def test_too_many_pixels_are_refused_before_decoding() -> None:
    content = encode_image(Picture(np.zeros((10, 11), np.uint8)), "png")
    with pytest.raises(
        ImageError, match=r"11 × 10 pixels are more than the limit of 100; .* raise max_pixels"
    ):
        read_image(content, max_pixels=100)
    assert read_image(content, max_pixels=110).pixels.shape == (10, 11)


def test_a_png_that_claims_more_than_its_data_can_unfold_to() -> None:
    content = bytearray(make_png(np.zeros((2, 2), np.uint8), 0, 8))
    content[16:24] = struct.pack(">II", 16000, 16000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with pytest.raises(ImageError, match="fewer pixels"):
        read_image(bytes(content))


def test_a_profile_that_unfolds_without_end_is_left_out() -> None:
    bomb = zlib.compress(bytes(2**27), 9)
    content = make_png(np.zeros((2, 2, 3), np.uint8), 2, 8, extra=((b"iCCP", b"x\0\0" + bomb),))
    assert read_image(content).icc is None


def test_pages_and_frames_are_not_lost_silently() -> None:
    animated = ((b"acTL", struct.pack(">II", 3, 0)),)
    with pytest.raises(ImageError, match="animated PNG"):
        read_image(make_png(np.zeros((2, 2), np.uint8), 0, 8, extra=animated))
    image = pytest.importorskip("PIL.Image")
    frames = [image.fromarray(sample(np.uint8, (8, 8, 3), seed)) for seed in range(3)]
    for form, message in [("TIFF", "3 pages"), ("WEBP", "animated WebP")]:
        buffer = io.BytesIO()
        frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
        with pytest.raises(ImageError, match=message):
            read_image(buffer.getvalue())


@pytest.mark.parametrize(
    ("form", "mode", "message"),
    [
        ("JPEG", "CMYK", "CMYK JPEG is not supported; convert it to RGB"),
        ("TIFF", "CMYK", "CMYK"),
        ("TIFF", "LAB", "Lab"),
        ("TIFF", "LA", "2 samples"),
        ("TIFF", "I", "32-bit"),
    ],
)
def test_pixels_without_an_exact_place_are_refused(form: str, mode: str, message: str) -> None:
    image = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    image.new(mode, (9, 7)).save(buffer, form)
    with pytest.raises(ImageError, match=message):
        read_image(buffer.getvalue())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_whose_zero_is_white(dtype: Any) -> None:
    pixels = sample(dtype, (6, 9))
    content = bytearray(encode_image(Picture(pixels), "tiff"))
    block = Block(bytes(content))
    content[block.directory(block.first)[0][262].at] = 0
    np.testing.assert_array_equal(read_image(bytes(content)).pixels, np.iinfo(dtype).max - pixels)


def test_missing_files_and_folders_are_system_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "none.png")
    with pytest.raises(OSError, match="directory"):
        read_image(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_image(tmp_path / "none" / "a.png", Picture(np.zeros((2, 2), np.uint8)))


def test_errors_survive_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ImageError("a.png", "the file is truncated")))
    assert (str(error), error.name, error.cause) == (
        "a.png: the file is truncated",
        "a.png",
        "the file is truncated",
    )


# Files


def test_unicode_and_long_names(tmp_path: Path) -> None:
    picture = Picture(sample(np.uint8, (5, 6, 3)))
    deep = tmp_path / "données" / ("x" * 120) / ("日本語" * 20) / "🌄 space"
    deep.mkdir(parents=True)
    for name in ["é.png", "n" * 251 + ".png", " lead.png", "a\nb.png"]:
        write_image(deep / name, picture)
        np.testing.assert_array_equal(read_image(str(deep / name)).pixels, picture.pixels)
    assert sorted(os.listdir(deep)) == sorted(["é.png", "n" * 251 + ".png", " lead.png", "a\nb.png"])


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    one, two = (Picture(np.full((2, 2), value, np.uint8)) for value in (1, 2))
    write_image(path, one)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_image(path, two)
    assert read_image(path).pixels[0, 0] == 1
    path.chmod(0o640)
    write_image(path, two, overwrite=True)
    assert read_image(path).pixels[0, 0] == 2
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "real" / "a.png")
    write_image(link, Picture(np.zeros((2, 2), np.uint8)))
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.png").is_file()


def test_of_two_writers_of_one_new_file_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    start, outcomes = threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        try:
            write_file(path, bytes([number]) * 100_000)
            outcomes.append(number)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert path.read_bytes() == bytes(outcomes) * 100_000
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_writer_leaves_no_half_file(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np\n"
        "from imgproc.io import Picture, write_image\n"
        "picture = Picture(np.zeros((1500, 1500, 3), np.uint8))\n"
        "for number in range(100000):\n"
        "    write_image(f'{sys.argv[1]}/{number % 4}.bmp', picture, overwrite=True)\n"
        "    number or print('ready', flush=True)\n"
    )
    whole = len(encode_image(Picture(np.zeros((1500, 1500, 3), np.uint8)), "bmp"))
    for attempt in range(4):
        child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.031 * attempt)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        for path in tmp_path.iterdir():
            if path.name.startswith(".imgproc-") and path.name.endswith(".part"):
                continue
            assert path.stat().st_size == whole
    assert (tmp_path / "0.bmp").is_file()


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    for function in ("replace", "link"):
        monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="no space"):
        write_image(tmp_path / "a.png", Picture(np.zeros((2, 2), np.uint8)))
    assert list(tmp_path.iterdir()) == []


def test_importing_loads_no_codecs() -> None:
    program = "import sys, imgproc.io; assert not {'cv2', 'PIL'} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_codecs_stay_silent_and_the_log_level_is_left_as_it_was() -> None:
    program = (
        "import io, sys, threading\n"
        "import cv2, numpy as np\n"
        "from imgproc.io import ImageError, Picture, encode_image, read_image\n"
        "log = cv2.utils.logging\n"
        "before = log.getLogLevel()\n"
        "good = encode_image(Picture(np.zeros((9, 9, 4), np.uint8)), 'tiff')\n"
        "bad = bytearray(good); bad[10:40] = b'x' * 30\n"
        "def work():\n"
        "    for _ in range(20):\n"
        "        read_image(good)\n"
        "        try: read_image(bytes(bad))\n"
        "        except ImageError: pass\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert log.getLogLevel() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
