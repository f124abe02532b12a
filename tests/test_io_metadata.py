"""EXIF, ICC, XMP and resolution survive in every format that has a place for them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from reference.image_files import ICC_GRAY, ICC_RGB, make_exif, sample

from imgproc.io import ImageError, Picture, encode_image, lost_metadata, read_image
from imgproc.io.directories import Block

pytest.importorskip("cv2", "4.13")

CARRIERS = ("jpeg", "png", "tiff", "webp")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'


def thumbnail_at(exif: bytes) -> int:
    block = Block(exif)
    return block.directory(block.first)[2]


def open_exif(block: bytes) -> Any:
    """The block through another reader."""
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif.load(block)
    return exif


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
