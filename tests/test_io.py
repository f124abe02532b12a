"""Reading and writing image files: every bit of the pixels."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference.image_files import make_png, sample

from imgproc.io import Picture, encode_image, read_image, write_image

cv2 = pytest.importorskip("cv2", "4.13")

LOSSLESS = {
    "png": (np.uint8, np.uint16),
    "tiff": (np.uint8, np.uint16, np.float32),
    "bmp": (np.uint8,),
    "ppm": (np.uint8, np.uint16),
    "webp": (np.uint8,),
}
CHANNELS = {"png": (1, 3, 4), "tiff": (1, 3, 4), "bmp": (1, 3, 4), "ppm": (1, 3), "webp": (3, 4)}
QUALITY = {"webp": 101}


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
