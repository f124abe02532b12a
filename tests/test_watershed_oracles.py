"""Watershed against scikit-image: the cases of its own test suite, real photographs, and each difference explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

segmentation = pytest.importorskip("skimage.segmentation", reason="scikit-image is not installed")
extrema = pytest.importorskip("skimage.morphology", reason="scikit-image is not installed")
ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")
cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")


def theirs(image: np.ndarray, markers: Any = None, **arguments: Any) -> np.ndarray:
    return segmentation.watershed(image, markers, **arguments)


def array(*rows: str) -> np.ndarray:
    return np.array([list(map(int, row)) for row in rows], np.uint8)


def points(shape: tuple[int, ...], *places: tuple[int, ...]) -> np.ndarray:
    """Labels 1, 2, … at single pixels."""
    markers = np.zeros(shape, np.int32)
    for label, place in enumerate(places, 1):
        markers[place] = label
    return markers


RING = array(*3 * ["0000000"], "0111110", *3 * ["0100010"], "0111110", *2 * ["0000000"])
LOW_RING = array(*4 * ["0000000"], "0111110", *3 * ["0100010"], "0111110", *2 * ["0000000"])
CHAMBERS = array("0000000", "0111110", *3 * ["0101010"], "0111110", *4 * ["0000000"])
OPEN_RING = array(*3 * ["0100010"], "0111110", *5 * ["0000000"])
EIGHT = np.ones((3, 3), bool)

# Its markers of -1 are the last labels here: labels below 0 are refused.
SMALL = [
    (RING, points(RING.shape, (5, 3), (0, 0)), EIGHT),
    (LOW_RING, points(LOW_RING.shape, (6, 3), (0, 0)), 1),
    (CHAMBERS, points(CHAMBERS.shape, (3, 2), (3, 4), (9, 6)), 1),
    (CHAMBERS, points(CHAMBERS.shape, (3, 2), (3, 4), (9, 6)), EIGHT),
    (CHAMBERS, points(CHAMBERS.shape, (3, 4), (3, 2), (9, 6)), EIGHT),
    (OPEN_RING, points(OPEN_RING.shape, (1, 3), (8, 0)), EIGHT),
    (np.ones((4, 4), np.uint8), points((4, 4), (0, 0), (0, 3), (3, 0), (3, 3)), EIGHT),
    (np.zeros((21, 21)), points((21, 21), (5, 5), (5, 10), (10, 5), (10, 10)), 1),
    # Floods that run over into another basin share it out.
    (array("654303012", "654303012"), points((2, 9), (0, 1), (0, 7)), 1),
    (-np.array([[1, 2, 2, 2, 2, 2, 3]], np.int32), points((1, 7), (0, 0), (0, 6)), 1),
    (array("0211111120"), points((1, 10), (0, 0), (0, 9)), 1),
    (array("2211111120"), points((1, 10), (0, 0), (0, 9)), 1),
    # A marker on a summit conquers nothing.
    (array("0123454", "0123444"), points((2, 7), (0, 0), (0, 5)), 1),
]


@pytest.mark.parametrize("case", range(len(SMALL)))
def test_small_cases_of_its_suite(case: int) -> None:
    image, markers, connectivity = SMALL[case]
    kinds = (
        (np.int32, np.float32, np.float64) if image.min() < 0 else (np.uint8, np.uint16, np.int32, np.float64)
    )
    for kind in kinds:
        found = imgproc.watershed(image.astype(kind), markers, connectivity=connectivity)
        np.testing.assert_array_equal(found, theirs(image, markers, connectivity=connectivity))


def test_what_these_cases_are_to_show() -> None:
    """Some of the results that its suite writes down."""
    np.testing.assert_array_equal(imgproc.watershed(*SMALL[8][:2]), array("112222222", "222222222"))
    np.testing.assert_array_equal(imgproc.watershed(*SMALL[9][:2]), array("1222222"))
    for case in (10, 11):
        np.testing.assert_array_equal(imgproc.watershed(*SMALL[case][:2]), array("1111122222"))
    np.testing.assert_array_equal(imgproc.watershed(*SMALL[12][:2]), array("1111121", "1111111"))
    np.testing.assert_array_equal(
        imgproc.watershed(*SMALL[6][:2], connectivity=EIGHT), array("1122", "1122", "3344", "3344")
    )


def blob() -> np.ndarray:
    """Two pits that meet at a pass, on a plain: a letter for each of its levels."""
    heights = dict(zip("ZYXWVUTSRQPA", (255, 204, 183, 153, 141, 111, 103, 94, 72, 52, 39, 1), strict=True))
    half = (
        "ZZZZZZZZ ZZZZZZZZ ZZZZZYYY ZZZYYXWW ZZYXWVUT ZZYWUSRQ ZZYWURPA ZZYXVURP ZZZYXVUR ZZZZYXVS ZZZZZYWT"
    )
    rows = [[heights[letter] for letter in row + row[::-1]] for row in half.split(" ")]
    return np.array([*rows, *rows[-2:0:-1], rows[1]], np.int32)


@pytest.mark.parametrize("blocked", [False, True])
def test_two_pits(blocked: bool) -> None:
    image = blob()
    if blocked:
        image[10, 7:9] = 141
    mask, markers = image != 255, points(image.shape, (6, 7), (14, 7))
    for connectivity in (1, 2, EIGHT):
        found = imgproc.watershed(image, markers, mask=mask, connectivity=connectivity)
        np.testing.assert_array_equal(found, theirs(image, markers, mask=mask, connectivity=connectivity))
        assert abs(int((found == 1).sum()) - int((found == 2).sum())) <= 6
    found = imgproc.watershed(image, 25, mask=mask, connectivity=2)
    np.testing.assert_array_equal(found, theirs(image, 25, mask=mask, connectivity=2))
    assert imgproc.watershed(image, mask=mask).max() == 2 and not found[~mask].any()


def test_compact_cases_of_its_suite() -> None:
    image = array(*5 * ["000211"])
    seeds = points(image.shape, (2, 0), (2, 5))
    np.testing.assert_array_equal(imgproc.watershed(image, seeds, compactness=0.01), array(*5 * ["111222"]))
    np.testing.assert_array_equal(imgproc.watershed(image, seeds), array(*5 * ["111122"]))
    image = array(*5 * ["000111"])
    np.testing.assert_array_equal(imgproc.watershed(image, 2, compactness=0.01), array(*5 * ["111122"]))


def test_steps_of_distance_in_its_suite() -> None:
    """Discs that overlap, their distances in steps of 12, with a cost and without markers."""
    y, x = np.ogrid[:406, :270]
    discs = ((200, 208, 100), (300, 120, 50), (100, 100, 40), (340, 208, 80))
    inside = np.any([(y - cy) ** 2 + (x - cx) ** 2 < r**2 for cy, cx, r in discs], axis=0)
    steps = np.round(imgproc.distance_transform(inside) / 12) * 12
    image, mask = 200 - steps, steps != 0
    areas = {1: [61824, 3653, 20467, 11097, 1301, 11278], 2: [61824, 3653, 20466, 12386, 11291]}
    for connectivity, expected in areas.items():
        found = imgproc.watershed(image, mask=mask, connectivity=connectivity, compactness=0.01)
        assert np.bincount(found.ravel()).tolist() == expected
        np.testing.assert_array_equal(
            found, theirs(image, mask=mask, connectivity=connectivity, compactness=0.01)
        )


def test_markers_beside_the_summits_in_its_suite() -> None:
    """Two discs, markers moved off the middle of each: one of them gets a thin line of 10 pixels only."""
    y, x = np.indices((80, 80))
    inside = ((y - 28) ** 2 + (x - 28) ** 2 < 16**2) | ((y - 44) ** 2 + (x - 52) ** 2 < 20**2)
    distance = imgproc.distance_transform(inside)
    peaks = (imgproc.dilate(distance) == distance) & inside
    markers = ndimage.label(np.roll(peaks, 6, axis=0) & inside)[0]
    found = imgproc.watershed(-distance, markers, mask=inside)
    np.testing.assert_array_equal(found, theirs(-distance, markers, mask=inside))


def photographs(data: Path) -> list[np.ndarray]:
    names = ("coins.png", "camera.png", "cell.png")
    return [
        cv2.imread(str(data / "images_samples" / name), cv2.IMREAD_GRAYSCALE)[:256, :300] for name in names
    ]


def gradients(gray: np.ndarray) -> dict[str, np.ndarray]:
    """The same relief in each dtype, with more or fewer pixels of one level."""
    magnitude = np.hypot(*(ndimage.sobel(gray.astype(np.float64), axis) for axis in (0, 1)))
    return {
        "uint8": np.minimum(magnitude / 4, 255).astype(np.uint8),
        "uint16": np.minimum(magnitude * 40, 65535).astype(np.uint16),
        "int32": (magnitude * 1000).astype(np.int32) - 5000,
        "float32": magnitude.astype(np.float32),
        "float64": magnitude,
    }


KINDS = ("uint8", "uint16", "int32", "float32", "float64")


def in_order(image: np.ndarray, markers: np.ndarray) -> np.ndarray:
    """The relief in which markers are lower than their level, by less than to the next: the first in memory the most.

    It makes scikit-image's heap take markers of one level in the order of memory. Nothing else changes as long as no
    marker has a lower neighbour, which would be flooded from below its level.
    """
    ordered = np.unique(image, return_inverse=True)[1].reshape(image.shape).astype(np.float64)
    first = np.flatnonzero(markers)
    ordered.flat[first] -= np.linspace(0.5, 0, len(first), endpoint=False)
    return ordered


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("connectivity", [1, 2])
def test_photographs_from_their_minima(kind: str, connectivity: int, data: Path) -> None:
    """Equal to the last pixel, once its heap has been told the order of the markers."""
    for gray in photographs(data):
        image = gradients(gray)[kind]
        lowest = extrema.local_minima(image, connectivity=connectivity)
        minima = ndimage.label(lowest, ndimage.generate_binary_structure(2, connectivity))[0]
        found = imgproc.watershed(image, connectivity=connectivity)
        np.testing.assert_array_equal(
            found, theirs(in_order(image, minima), minima, connectivity=connectivity)
        )
        # As it is, its heap takes markers of one level in an order of its own: from thousands of minima on a few levels
        # up to 4 pixels in 100 go to a neighbour.
        assert (found != theirs(image, connectivity=connectivity)).mean() < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_photographs_from_markers_of_different_levels(kind: str, data: Path) -> None:
    """Where no two markers are of one level, there is nothing for the heap to choose."""
    for gray in photographs(data):
        image = gradients(gray)[kind]
        places = np.unique(image, return_index=True)[1][::5]
        markers = np.zeros(image.shape, np.int32)
        markers.flat[places] = 1 + np.arange(len(places))
        mask = (gray > 20) | (markers > 0)
        for arguments in (
            {},
            {"mask": mask},
            {"connectivity": 2},
            {"connectivity": [[1, 0, 0], [0, 1, 1], [0, 1, 0]]},
        ):
            np.testing.assert_array_equal(
                imgproc.watershed(image, markers, **arguments), theirs(image, markers, **arguments)
            )


def test_coins_from_two_markers(data: Path) -> None:
    """The usual example, background and coins from two thresholds: most ties have the same label on both sides."""
    gray = cv2.imread(str(data / "images_samples" / "coins.png"), cv2.IMREAD_GRAYSCALE)
    markers = np.where(gray < 30, 1, np.where(gray > 150, 2, 0)).astype(np.int32)
    for kind, image in gradients(gray).items():
        np.testing.assert_array_equal(imgproc.watershed(image, markers), theirs(image, markers), kind)


def test_compact_photographs(data: Path) -> None:
    """The same heap, and so the same labels whatever is tied."""
    for gray in photographs(data):
        image = gradients(gray)["uint8"][:128, :128]
        for compactness in (0.1, 10.0):
            np.testing.assert_array_equal(
                imgproc.watershed(image, 60, compactness=compactness),
                theirs(image, 60, compactness=compactness),
            )


def test_volumes() -> None:
    rng = np.random.default_rng(5)
    noise = rng.random((24, 25, 26), np.float32)
    image = ndimage.gaussian_filter(noise, 2)
    for connectivity in (1, 2, 3):
        for markers in (None, 40):
            np.testing.assert_array_equal(
                imgproc.watershed(image, markers, connectivity=connectivity),
                theirs(image, markers, connectivity=connectivity),
            )


def test_lines_do_not_move_borders(data: Path) -> None:
    """scikit-image leaves line pixels out of its flood: what lies behind them may get another label."""
    image = array("1100", "1010", "0110", "1001")
    markers = points(image.shape, (0, 3), (2, 1), (1, 0))
    plain, lined = theirs(image, markers), theirs(image, markers, watershed_line=True)
    np.testing.assert_array_equal(imgproc.watershed(image, markers), plain)
    assert (lined[lined > 0] != plain[lined > 0]).sum() == 1
    lined = imgproc.watershed(image, markers, lines=True)
    np.testing.assert_array_equal(lined[lined > 0], plain[lined > 0])
    for gray in photographs(data):
        image = gradients(gray)["uint8"]
        plain, lined = imgproc.watershed(image, 300), imgproc.watershed(image, 300, lines=True)
        np.testing.assert_array_equal(lined[lined > 0], plain[lined > 0])
        other = theirs(image, 300, watershed_line=True)
        # The lines are about as many pixels.
        assert abs((lined == 0).mean() - (other == 0).mean()) < 0.01
    # Markers that touch are not divided there.
    pair = np.array([[1, 1, 2, 2]], np.int32)
    assert (theirs(pair * 0, pair, watershed_line=True) > 0).all()
    np.testing.assert_array_equal(imgproc.watershed(pair * 0, pair, lines=True), [[1, 1, 0, 2]])


def test_a_footprint_without_its_middle(data: Path) -> None:
    """scikit-image drops the first of the footprint's pixels, taking it for the middle, even where that is not set."""
    gray = photographs(data)[0]
    image = gradients(gray)["float32"]
    markers = points(image.shape, (30, 40), (100, 200))
    around = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    found = imgproc.watershed(image, markers, connectivity=around)
    np.testing.assert_array_equal(found, imgproc.watershed(image, markers, connectivity=1))
    assert (theirs(image, markers, connectivity=around) != found).any()
