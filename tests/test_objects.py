"""Touching objects: against the slow twin, its laws, h-maxima of scikit-image, and nuclei."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from reference import objects as reference

import imgproc


def discs(shape: tuple[int, int], *circles: tuple[float, float, float]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.any([(y - cy) ** 2 + (x - cx) ** 2 <= r * r for cy, cx, r in circles], axis=0)


@pytest.mark.parametrize("depth", [1e-6, 0.4, 1.0])
def test_twin(depth: float, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (1, 12), (12, 1), (8, 9), (3, 4, 5)):
        for share in (0.6, 0.9):
            mask = rng.random(shape) < share
            mask.flat[0] = False
            np.testing.assert_array_equal(
                imgproc.split_touching_objects(mask, depth=depth),
                reference.split_touching_objects(mask, depth),
            )


def test_two_discs_are_divided_at_their_neck() -> None:
    mask = discs((41, 76), (20, 20, 18), (20, 52, 18))
    labels = imgproc.split_touching_objects(mask)
    assert labels.max() == 2
    np.testing.assert_array_equal(labels > 0, mask)
    assert (labels[:, :36][mask[:, :36]] == 1).all() and (labels[:, 37:][mask[:, 37:]] == 2).all()
    neck = 18 - 8  # the halves of the widths of a disc and of the neck
    assert imgproc.split_touching_objects(mask, depth=neck + 1.0).max() == 1
    # Either way round, and in a volume of equal slices that ends in the air.
    np.testing.assert_array_equal(imgproc.split_touching_objects(mask.T) > 0, mask.T)
    volume = np.zeros((5, *mask.shape), bool)
    volume[1:4] = mask
    assert imgproc.split_touching_objects(volume, depth=0.5).max() >= 1


def test_long_objects_stay_whole() -> None:
    """Ridges without a neck have one peak that stands out, where a window of any size finds several."""
    mask = np.zeros((30, 200), bool)
    mask[10:20, 5:195] = True
    assert imgproc.split_touching_objects(mask).max() == 1


def test_laws(rng: np.random.Generator) -> None:
    for shape in ((40, 50), (9, 10, 11)):
        mask = rng.random(shape) < 0.8
        mask.flat[0] = False
        count = imgproc.connected_components(mask).count
        last = None
        for depth in (0.1, 0.5, 1.0, 2.0, 100.0):
            labels = imgproc.split_touching_objects(mask, depth=depth)
            np.testing.assert_array_equal(labels > 0, mask)
            assert last is None or labels.max() <= last, "a greater depth divides more"
            last = labels.max()
        assert last == count, "something is divided, or joined, by the greatest depth"


def test_h_maxima_of_scikit_image(rng: np.random.Generator) -> None:
    """Its h-maxima lie where ours do; it drops objects whose distances do not reach h, which have one peak here."""
    extrema = pytest.importorskip("skimage.morphology")
    ndimage = pytest.importorskip("scipy.ndimage")
    circles = [(*rng.integers(20, 180, 2), rng.integers(8, 16)) for _ in range(40)]
    mask = discs((200, 200), *circles)
    distance = imgproc.distance_transform(mask)
    for depth in (0.5, 1.0, 2.0):
        lowered = extrema.reconstruction(distance.astype(float) - depth, distance.astype(float))
        theirs = ndimage.label(extrema.local_maxima(lowered) & mask, np.ones((3, 3)))[1]
        assert imgproc.split_touching_objects(mask, depth=depth).max() == theirs


def test_nothing_and_everything() -> None:
    for kind in (bool, np.uint8):
        assert not imgproc.split_touching_objects(np.zeros((4, 5), kind)).any()
        assert (imgproc.split_touching_objects(np.full((4, 5), 7).astype(kind)) == 1).all()


def test_layouts(rng: np.random.Generator) -> None:
    mask = rng.random((30, 40)) < 0.9
    expected = imgproc.split_touching_objects(mask)
    for array in (np.asfortranarray(mask), unaligned(mask.astype(np.uint8)), mask.astype(np.uint8) * 255):
        array.flags.writeable = False
        np.testing.assert_array_equal(imgproc.split_touching_objects(array), expected)


@pytest.mark.parametrize(
    ("mask", "error", "sentence"),
    [
        (None, TypeError, "mask must be a NumPy array"),
        (np.zeros((4, 5)), TypeError, "mask must be of dtype bool, uint8, got dtype float64"),
        (
            np.zeros((4, 5, 6, 7), bool),
            ValueError,
            r"mask must be of shape \(H, W\) or \(D, H, W\), got shape",
        ),
        (np.zeros((0, 5), bool), ValueError, "mask must be at least one pixel large, got shape"),
        (np.broadcast_to(np.zeros((), bool), (2**16, 2**16)), ValueError, r"mask must be of below 2\*\*32"),
    ],
)
def test_refusals(mask: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=rf"^split_touching_objects: {sentence}"):
        imgproc.split_touching_objects(mask)


def test_wrong_parameters_are_named() -> None:
    op = imgproc.operations("masks")["split_touching_objects"]
    check_documentation(op)
    for name, parameter in op.parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises(
                (TypeError, ValueError), match=rf"^split_touching_objects: {name} must be .*, got "
            ):
                imgproc.split_touching_objects(np.ones((4, 5), bool), **{name: value})
