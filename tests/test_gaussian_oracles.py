"""Gaussian filters against SciPy and OpenCV; where they differ, by how much and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference.gaussian import blur, kernel, rounded

import imgproc

cv2 = pytest.importorskip("cv2")

SIGMAS = [0.8, 1.0, 5.0, 20.0]
OPENCV_BORDERS = {
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
    "edge": cv2.BORDER_REPLICATE,
}
SCIPY_MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "constant",
}


def photograph(data: Path, dtype: str) -> np.ndarray:
    image = cv2.imread(str(sorted((data / "photos_kodak").rglob("*.png"))[0]), cv2.IMREAD_GRAYSCALE)[
        :301, :411
    ]
    if dtype == "uint16":
        return image.astype(np.uint16) * 257
    return image / np.float32(255) if dtype == "float32" else image


def opencv(image: np.ndarray, sigma: float, border: str = "reflect") -> np.ndarray:
    size = len(kernel(sigma))
    return cv2.GaussianBlur(image, (size, size), sigma, borderType=OPENCV_BORDERS[border])


@pytest.mark.parametrize("border", SCIPY_MODES)
@pytest.mark.parametrize("sigma", [0.8, 3.0, (1.0, 4.0)])
def test_scipy(level: str, border: str, sigma: float | tuple[float, float], rng: np.random.Generator) -> None:
    """SciPy truncates at ``int(4σ + 0.5)``: the same radius where 4σ is whole, else it is handed in. It computes in
    float64, so what differs is our float32."""
    ndimage = pytest.importorskip("scipy.ndimage")
    image = rng.random((40, 61), np.float32)
    pair = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    exact = image.astype(np.float64)
    for axis, one in enumerate(pair):
        exact = ndimage.gaussian_filter1d(
            exact, one, axis, mode=SCIPY_MODES[border], cval=0.3, radius=len(kernel(one)) // 2
        )
    result = imgproc.gaussian_blur(image, sigma, border=border, fill=0.3)
    # The weights of float32 and ten or so roundings; fill 0.3 is rounded to float32 too.
    np.testing.assert_allclose(result, exact, atol=1e-6)


@pytest.mark.parametrize("border", OPENCV_BORDERS)
@pytest.mark.parametrize("sigma", SIGMAS)
def test_opencv_float(data: Path, level: str, border: str, sigma: float) -> None:
    image = photograph(data, "float32")
    # Both sum in float32, in another order.
    np.testing.assert_allclose(
        imgproc.gaussian_blur(image, sigma, border=border), opencv(image, sigma, border), atol=2e-6
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_opencv_integers_round_worse(data: Path, level: str, dtype: str, sigma: float) -> None:
    """OpenCV rounds weights and rows to 8 bits for uint8, to 16 for uint16: its results are up to 2 levels from
    ours, and more of them differ from the exact value rounded."""
    image = photograph(data, dtype)
    ours, theirs = imgproc.gaussian_blur(image, sigma), opencv(image, sigma)
    assert np.abs(ours.astype(int) - theirs).max() <= (2 if dtype == "uint8" else 4)
    wanted = rounded(blur(image, sigma), image.dtype)
    wrong, wrong_theirs = (np.count_nonzero(result != wanted) / wanted.size for result in (ours, theirs))
    assert wrong <= 0.002
    assert wrong <= wrong_theirs


def test_opencv_unsharp_mask(data: Path, level: str) -> None:
    """GaussianBlur and addWeighted round twice, hence about a fifth of the values are 1 off; we round once."""
    image = photograph(data, "uint8")
    theirs = cv2.addWeighted(image, 2, opencv(image, 2.0), -1, 0)
    ours = imgproc.sharpen(image, 1.0, sigma=2.0)
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 2
    assert 0.05 < np.count_nonzero(difference) / difference.size < 0.4
    wanted = rounded(image + (image - blur(image, 2.0)), image.dtype)
    assert np.count_nonzero(ours != wanted) <= 0.002 * wanted.size
