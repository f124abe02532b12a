"""Colour conversions against OpenCV and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def every_color():
    axis = np.arange(256, dtype=np.uint8)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(4096, 4096, 3)


@pytest.mark.parametrize("name", ["rgb_to_gray", "rgb_to_yuv", "yuv_to_rgb"])
def test_every_uint8_color_equals_opencv(name, every_color, level):
    code = {
        "rgb_to_gray": cv2.COLOR_RGB2GRAY,
        "rgb_to_yuv": cv2.COLOR_RGB2YUV,
        "yuv_to_rgb": cv2.COLOR_YUV2RGB,
    }[name]
    assert np.array_equal(getattr(imgproc, name)(every_color), cv2.cvtColor(every_color, code))


def test_rgba_to_gray_equals_opencv(rng):
    image = rng.integers(0, 256, (300, 301, 4), dtype=np.uint8)
    assert np.array_equal(imgproc.rgb_to_gray(image), cv2.cvtColor(image, cv2.COLOR_RGBA2GRAY))


def test_uint16_near_opencv(rng):
    """Ours is exact; OpenCV's 14-bit and 15-bit weights are up to 2^-15 off each."""
    image = rng.integers(0, 65536, (500, 500, 3), dtype=np.uint16)
    image[:100] = image[:100] // 32768 * 65535
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(int)
    assert np.abs(imgproc.rgb_to_gray(image) - gray).max() <= 2
    yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV)
    assert np.abs(imgproc.rgb_to_yuv(image).astype(int) - yuv).max() <= 2
    # Its inverse rounds 1 / 0.492 to 2.032 and the like: up to 3e-4 of a colour difference of half the range.
    rgb = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)
    assert np.abs(imgproc.yuv_to_rgb(yuv).astype(int) - rgb).max() <= 3e-4 * 65535


def test_float32_near_opencv(rng):
    image = rng.random((300, 300, 3), dtype=np.float32)
    # The same formula with fused multiply-adds: a few roundings of 2^-24 differ.
    assert np.abs(imgproc.rgb_to_gray(image) - cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).max() <= 3e-7
    yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV)
    assert np.abs(imgproc.rgb_to_yuv(image) - yuv).max() <= 3e-7
    # Its inverse has weights of three decimals.
    assert np.abs(imgproc.yuv_to_rgb(yuv) - cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)).max() <= 3e-4


def test_yiq_equals_scikit_image(rng):
    color = pytest.importorskip("skimage.color")
    image = rng.random((100, 101, 3), dtype=np.float32)
    expected = color.rgb2yiq(image.astype(np.float64)) + (0, 0.5, 0.5)
    # Seven float32 roundings of values below 1.1.
    assert np.abs(imgproc.rgb_to_yiq(image) - expected).max() <= 5e-7
    assert np.abs(imgproc.yiq_to_rgb(expected.astype(np.float32)) - image).max() <= 1e-6
    levels = rng.integers(0, 256, (100, 101, 3), dtype=np.uint8)
    ideal = color.rgb2yiq(levels.astype(np.float64)) + (0, 128, 128)
    # Its sum has another order in float64, which can turn a tie: never more than half a level and a bit.
    assert np.abs(imgproc.rgb_to_yiq(levels) - np.clip(ideal, 0, 255)).max() <= 0.5 + 1e-9
