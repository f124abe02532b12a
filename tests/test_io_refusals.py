"""Files that cannot be read and pictures that cannot be written are named, with the cause and the way out."""

from __future__ import annotations

import copy
import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.image_files import make_exif, make_png, sample

from imgproc.io import ImageError, Picture, encode_image, read_image, write_image
from imgproc.io.directories import Block

pytest.importorskip("cv2", "4.13")


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


@pytest.mark.parametrize("format", ["jpeg", "png", "tiff", "webp", "bmp", "ppm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_truncated_file_is_an_error_wherever_it_ends(format: str, channels: int, tmp_path: Path) -> None:
    pixels = sample(np.uint8, (31, 17) if channels == 1 else (31, 17, 3))
    picture = Picture(pixels, exif=make_exif(), xmp=b"<x/>", dpi=(72.0, 72.0))
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
    error = copy.deepcopy(ImageError("a.png", "the file is truncated"))
    assert (str(error), error.name, error.cause) == (
        "a.png: the file is truncated",
        "a.png",
        "the file is truncated",
    )


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageError, match="it is not a file"):
        read_image(tmp_path / "a.png")


def _jpeg(*options: int) -> bytes:
    import cv2

    return bytes(cv2.imencode(".jpg", sample(np.uint8, (90, 130, 3)), list(options))[1])


def test_a_cut_jpeg_before_a_whole_one_is_truncated() -> None:
    import cv2

    for content in (_jpeg(), _jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1), _jpeg(cv2.IMWRITE_JPEG_RST_INTERVAL, 2)):
        scan = content.index(b"\xff\xda") + 20
        for end in (*range(scan, scan + 60), *range(scan, len(content) - 1, 97), len(content) - 2):
            for following in (content, content[:2] + content[20:]):  # as well without its JFIF segment
                with pytest.raises(ImageError, match="truncated"):
                    read_image(content[:end] + following)


def test_whole_jpegs_of_every_layout_are_read() -> None:
    import cv2

    for options in (
        (),
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
    ):
        content = _jpeg(*options)
        expected = read_image(content).pixels
        comment = b"\xff\xfe\0\x06a\xff\xd9b"
        table = content.index(b"\xff\xda")
        thumbnail = b"\xff\xe1" + struct.pack(">H", len(content) + 8) + b"Other\0" + content
        for whole in (
            content + b"trailing \xff\xd8\xff data",
            content + content[: len(content) // 2],
            content[:-2] + b"\xff\xff\xff\xd9",
            content[:-2] + comment + b"\xff\xd9",
            content[:table] + comment + content[table:],
            content[:2] + thumbnail + content[2:],
        ):
            np.testing.assert_array_equal(read_image(whole).pixels, expected)
