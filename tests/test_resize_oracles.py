"""Resampling against OpenCV, Pillow and scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest

import imgproc

DTYPES = [np.uint8, np.uint16, np.float32]


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, int(np.iinfo(dtype).max) + 1, shape, dtype)


def shapes(
    rng: np.random.Generator, count: int, longest: int
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Any lengths, and among them halves, doubles and one axis kept."""
    found = []
    for number in range(count):
        height, width, new_height, new_width = (int(n) for n in rng.integers(1, longest, 4))
        kinds = {0: (2 * height, 2 * width), 1: (height, 2 * width), 2: (-(-height // 2), width)}
        found.append(((height, width), kinds.get(number % 7, (new_height, new_width))))
        if number % 7 == 3:
            found[-1] = (2 * new_height, 2 * new_width), (new_height, new_width)
    return found


def test_linear_uint8_is_opencv(level: str, rng: np.random.Generator) -> None:
    """Bit for bit. OpenCV 4.14 and 5.0 agree with each other on all of these sizes, with and without IPP."""
    cv2 = pytest.importorskip("cv2")
    for before, after in [*shapes(rng, 400, 90), *shapes(rng, 40, 600), ((1080, 1920), (640, 640))]:
        for channels in ((), (3,), (4,)):
            image = make(rng, (*before, *channels), np.uint8)
            expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_LINEAR)
            np.testing.assert_array_equal(imgproc.resize(image, after), expected, err_msg=f"{before} {after}")


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_linear_is_near_opencv(level: str, dtype: type, rng: np.random.Generator) -> None:
    """OpenCV's positions are float32: at 600 pixels a weight is wrong by up to 2**-15, along either axis."""
    cv2 = pytest.importorskip("cv2")
    scale = 1 if dtype == np.float32 else 65535
    bound = 2 * 2.0**-15 * scale + (2**-21 if dtype == np.float32 else 1)
    for before, after in [*shapes(rng, 100, 90), *shapes(rng, 20, 600)]:
        for channels in ((), (3,), (4,)):
            image = make(rng, (*before, *channels), dtype)
            expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_LINEAR)
            result = imgproc.resize(image, after)
            assert np.abs(result.astype(np.float64) - expected).max() <= bound


def no_ties(before: tuple[int, int], after: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """The new pixels whose centres do not fall between two old ones."""
    return np.ix_(*((2 * np.arange(m) + 1) * n % (2 * m) != 0 for n, m in zip(before, after, strict=True)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_is_opencv(level: str, dtype: type, rng: np.random.Generator) -> None:
    """INTER_NEAREST_EXACT has our rule, by steps that are rounded: centres between two pixels may go to either."""
    cv2 = pytest.importorskip("cv2")
    for before, after in shapes(rng, 200, 120):
        for channels in ((), (3,), (4,)):
            image = make(rng, (*before, *channels), dtype)
            expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            result = imgproc.resize(image, after, method="nearest")
            clear = no_ties(before, after)
            np.testing.assert_array_equal(result[clear], expected[clear], err_msg=f"{before} {after}")


def test_nearest_is_pillow(rng: np.random.Generator) -> None:
    Image = pytest.importorskip("PIL.Image")
    for before, after in shapes(rng, 200, 300):
        image = make(rng, (*before, 3), np.uint8)
        expected = np.asarray(Image.fromarray(image).resize(after[::-1], Image.Resampling.NEAREST))
        clear = no_ties(before, after)  # its steps are rounded too
        np.testing.assert_array_equal(imgproc.resize(image, after, method="nearest")[clear], expected[clear])


@pytest.mark.parametrize("dtype", DTYPES)
def test_area_is_opencv(level: str, dtype: type, rng: np.random.Generator) -> None:
    """Where images shrink; the next test has growing ones.

    uint8 and uint16 may differ by a level: OpenCV sums rounded float32 weights, and rounds the
    halves of 2 × 2 means up; we round the exact mean to even."""
    cv2 = pytest.importorskip("cv2")
    for (height, width), (new_height, new_width) in shapes(rng, 150, 120):
        after = min(height, new_height), min(width, new_width)
        for channels in ((), (3,), (4,)):
            image = make(rng, (height, width, *channels), dtype)
            expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_AREA)
            result = imgproc.resize(image, after, method="area").astype(np.float64)
            # OpenCV leaves out cells of less than 1e-3 of a pixel: 1e-3 of the sum at the most.
            bound = {np.uint8: 1, np.uint16: 2e-3 * 65535, np.float32: 2e-3}[dtype]
            assert np.abs(result - expected).max() <= bound, f"{(height, width)} {after}"


def opencv_enlarged(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """INTER_AREA where both axes grow, in float64.

    A new pixel covers at most two old ones, so that OpenCV interpolates between pixel ``floor(d n / m)`` and the next,
    whose share is what lies behind the border: ``(d + 1) - (s + 1) m / n`` less its floor. That is the mean over the
    area, but where a new pixel begins at a border: rounded down, the product gives the pixel before, the share comes
    out as 1, and its floor takes that away: the old pixel before is all there is.
    Source: ``resize()`` in modules/imgproc/src/resize.cpp, the branch of ``interpolation == INTER_AREA`` for enlarging.
    """
    result = image.astype(np.float64)
    for axis, m in enumerate(shape):
        n = result.shape[axis]
        source = np.moveaxis(result, axis, 0)
        inverse = m / n
        lines = []
        for d in range(m):
            s = math.floor(d * (1 / inverse))
            share = float(np.float32((d + 1) - (s + 1) * inverse))
            share = share - math.floor(share) if share > 0 else 0.0
            lines.append(source[s] * (1 - share) + source[min(s + 1, n - 1)] * share)
        result = np.moveaxis(np.stack(lines), 0, axis)
    return result


def test_area_of_growing_images_is_opencv_but_at_borders(level: str, rng: np.random.Generator) -> None:
    """Where a new pixel begins at the border of an old one OpenCV may take the pixel before: up to the whole range."""
    cv2 = pytest.importorskip("cv2")
    strayed = 0
    for before, more in [*shapes(rng, 60, 60), ((44, 52), (54, 28)), ((21, 36), (54, 6))]:
        after = before[0] + more[0], before[1] + more[1]
        image = make(rng, before, np.float32)
        result = imgproc.resize(image, after, method="area")
        expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(expected, opencv_enlarged(image, after), atol=2**-20)
        clear = np.ix_(
            *((np.arange(m) * n % m != 0) | (np.arange(m) == 0) for n, m in zip(before, after, strict=True))
        )
        np.testing.assert_allclose(result[clear], expected[clear], atol=2**-20)
        strayed += np.abs(result - expected).max() > 2**-10
        codes = make(rng, before, np.uint8)
        result = imgproc.resize(codes, after, method="area").astype(np.int64)
        expected = cv2.resize(codes, after[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(result - expected)[clear].max() <= 1
    assert strayed >= 2  # else OpenCV has mended it, and the exception can go


def test_area_is_pillow(rng: np.random.Generator) -> None:
    """Pillow's reduce() by whole factors: fixed-point quotients, halves rounded up, hence a level apart."""
    Image = pytest.importorskip("PIL.Image")
    image = make(rng, (60, 90, 3), np.uint8)
    for factor in (2, 3, 5):
        expected = np.asarray(Image.fromarray(image).reduce(factor)).astype(np.int64)
        result = imgproc.resize(image, (60 // factor, 90 // factor), method="area")
        assert np.abs(result - expected).max() <= 1


def test_linear_is_scikit_image(rng: np.random.Generator) -> None:
    """``order=1, mode="edge"`` without anti-aliasing, in float64; our weights are float32."""
    transform = pytest.importorskip("skimage.transform")
    for before, after in shapes(rng, 40, 80):
        image = make(rng, before, np.float32)
        expected = transform.resize(
            image.astype(np.float64), after, order=1, mode="edge", anti_aliasing=False, clip=False
        )
        np.testing.assert_allclose(imgproc.resize(image, after), expected, atol=2**-21)
