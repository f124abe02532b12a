"""Colour constancy against OpenCV, Pillow and scikit-image, and against measured lights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.color import means
from imgproc.color.constancy import estimate_illuminant, gray_world, white_patch


def photo_like(rng: np.random.Generator, shape: tuple[int, int], dtype: Any = np.uint8) -> Any:
    """Smooth coloured regions with noise, so that saturations and levels of all sizes occur."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] / max(shape)
    waves = [np.sin(a * x + b * y) for a, b in ((9, 4), (5, 11), (13, 2))]
    surface = 0.5 + 0.35 * np.stack(waves, axis=-1) + rng.normal(0, 0.03, (*shape, 3))
    return np.rint(np.clip(surface * [0.9, 0.7, 0.5], 0, 1) * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("masked", [False, True])
def test_sums_are_those_of_opencv(rng, dtype, masked):
    cv2 = pytest.importorskip("cv2")
    image = photo_like(rng, (120, 97), dtype)
    mask = (rng.random((120, 97)) < 0.5).view(np.uint8) if masked else None
    count = int(mask.sum()) if masked else 120 * 97
    # cv2.mean gives float64 means of exact sums.
    np.testing.assert_allclose(
        means.colour_sums(image, mask), np.array(cv2.mean(image, mask)[:3]) * count, rtol=4 * 2.0**-53
    )


def test_sums_are_those_of_pillow(rng):
    image_stat = pytest.importorskip("PIL.ImageStat")
    from PIL import Image

    image = photo_like(rng, (120, 97))
    mask = rng.random((120, 97)) < 0.5
    assert list(means.colour_sums(image, None)) == image_stat.Stat(Image.fromarray(image)).sum
    stat = image_stat.Stat(Image.fromarray(image), Image.fromarray(mask.view(np.uint8) * 255))
    assert list(means.colour_sums(image, mask.view(np.uint8))) == stat.sum


@pytest.mark.parametrize("threshold", [255, 230, 128, 51])
def test_gains_are_proportional_to_those_of_opencv(rng, threshold):
    """xphoto takes the same means and scales to the weakest channel, by whole 256ths, cut off.

    Its threshold is a whole 255th as well; at such a saturation both leave the same pixels out.
    """
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2, "xphoto"):
        pytest.skip("this OpenCV has no xphoto module")
    balance = cv2.xphoto.createGrayworldWB()
    balance.setSaturationThreshold(threshold / 255)
    image = photo_like(rng, (128, 96))
    sums = np.array(means.colour_sums(image, None, threshold / 255), np.float64)
    gains = np.rint(256 * sums.min() / sums).astype(np.int64)
    expected = image * gains >> 8
    np.testing.assert_array_equal(balance.balanceWhite(image), expected)
    # Ours times one factor is theirs: their gain is off by 1/512, their cut by 1, our rounding by 1/2.
    factor = 3 * sums.min() / sums.sum()
    ours = gray_world(image, saturation=threshold / 255)
    unclipped = ours < 255
    difference = np.abs(ours * factor - expected)[unclipped]
    assert difference.max() <= 255 / 512 + 1 + 0.5


def test_white_patch_is_the_rescaling_of_scikit_image(rng):
    exposure = pytest.importorskip("skimage.exposure")
    image = photo_like(rng, (120, 97)).astype(np.float32) / np.float32(255)
    expected = np.empty_like(image)
    for c in range(3):
        white = np.percentile(image[..., c].astype(np.float64), 97)
        expected[..., c] = exposure.rescale_intensity(image[..., c], (0, white), (0, 1))
    # scikit-image divides in float32 and clips.
    np.testing.assert_allclose(np.clip(white_patch(image, 97), 0, 1), expected, rtol=4 * 2.0**-24)


def angular_errors(folder: Any, method: str, **parameters: float) -> Any:
    """Degrees between estimated and measured light, for each photograph."""
    with np.load(folder / "colour_constancy_cc" / "images.npz", allow_pickle=False) as archive:
        images, lights = archive["images"], archive["illuminant"].astype(np.float64)
    lights /= np.linalg.norm(lights, axis=1, keepdims=True)
    estimates = np.array([estimate_illuminant(image, method, **parameters) for image in images])
    return np.degrees(np.arccos(np.clip((estimates * lights).sum(axis=1), -1, 1)))


@pytest.fixture
def color_checker(data):
    if not (data / "colour_constancy_cc" / "images.npz").is_file():
        pytest.skip("the ColorChecker images are not on this machine")
    return data


def test_errors_are_those_that_come_with_the_data(color_checker):
    """The data set's description gives these, computed by others on the same images."""
    gray = angular_errors(color_checker, "gray_world")
    assert round(float(np.median(gray)), 2) == 4.41
    assert round(float(gray.mean()), 2) == 5.37
    assert round(float(np.median(angular_errors(color_checker, "white_patch", percentile=100))), 2) == 3.76


@pytest.mark.parametrize(
    ("method", "mean", "median"),
    [("gray_world", 6.4, 6.3), ("shades_of_gray", 4.9, 4.0), ("white_patch", 7.5, 5.7)],
)
def test_errors_are_of_the_published_size(color_checker, method, mean, median):
    """Gijsenij, Gevers and van de Weijer 2011 on all 568 photographs of the ColorChecker set.

    These are 94 thumbnails with lights measured anew, so only the size can agree: at most a third above.
    """
    errors = angular_errors(color_checker, method)
    assert 1 < errors.mean() < 4 / 3 * mean
    assert 1 < np.median(errors) < 4 / 3 * median


@pytest.mark.parametrize("method", ["gray_world", "shades_of_gray", "white_patch"])
def test_an_estimate_beats_none(color_checker, method):
    # The description of the data: a neutral guess is off by 16.31 degrees in the median.
    assert np.median(angular_errors(color_checker, method)) < 16.31 / 3
