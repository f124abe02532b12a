"""Tone maps against OpenCV, Pillow and scikit-image; where they differ, by how much and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")


def photographs(data: Path, mode: int) -> list[np.ndarray]:
    files = sorted((data / "photos_kodak").rglob("*.png"))
    assert files
    return [cv2.imread(str(file), mode) for file in files]


def test_equalize_is_opencv_on_photographs(data: Path, level: str) -> None:
    for image in photographs(data, cv2.IMREAD_GRAYSCALE):
        for odd in (image, image[:-7, 3:-2]):
            assert np.array_equal(
                imgproc.equalize_histogram(odd), cv2.equalizeHist(np.ascontiguousarray(odd))
            )


def test_equalize_is_opencv_on_random_images(level: str, rng: np.random.Generator) -> None:
    for _ in range(500):
        shape = rng.integers(1, 40, 2)
        image = rng.integers(0, rng.integers(2, 257), shape).astype(np.uint8)
        assert np.array_equal(imgproc.equalize_histogram(image), cv2.equalizeHist(image))


def test_gamma_is_a_table_through_opencv(data: Path, level: str) -> None:
    table = np.rint(255 * (np.arange(256) / 255) ** 0.7).astype(np.uint8)
    for image in photographs(data, cv2.IMREAD_COLOR)[:3]:
        assert np.array_equal(imgproc.gamma_correct(image, 0.7), cv2.LUT(image, table))


@pytest.mark.parametrize("cutoff", [0, 0.5, 1, (2, 5), 20])
def test_autocontrast_is_pillow_within_its_truncation(data: Path, level: str, cutoff: object) -> None:
    """Pillow cuts off the fraction of (v − lo) · 255 / (hi − lo), we round it: equal or one higher."""
    image_module = pytest.importorskip("PIL.Image")
    ops = pytest.importorskip("PIL.ImageOps")
    for image in photographs(data, cv2.IMREAD_COLOR)[:4]:
        for picture in (image, np.ascontiguousarray(image[..., 0])):
            pillow = np.asarray(ops.autocontrast(image_module.fromarray(picture), cutoff=cutoff)).astype(int)
            ours = imgproc.autocontrast(picture, cutoff=cutoff, channel="each").astype(int)
            assert set(np.unique(ours - pillow)) <= {0, 1}


def test_gamma_uint16_and_float_are_scikit_image(data: Path, level: str) -> None:
    exposure = pytest.importorskip("skimage.exposure")
    image = photographs(data, cv2.IMREAD_GRAYSCALE)[0]
    deep = image.astype(np.uint16) * 257
    # scikit-image truncates the table to integers.
    difference = imgproc.gamma_correct(deep, 0.6).astype(int) - exposure.adjust_gamma(deep, 0.6)
    assert set(np.unique(difference)) <= {0, 1}
    real = (image / np.float32(255)).astype(np.float32)
    np.testing.assert_allclose(imgproc.gamma_correct(real, 0.6), exposure.adjust_gamma(real, 0.6), rtol=3e-7)
