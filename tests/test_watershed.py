"""Watershed: against its slow twin, its laws, and what it refuses."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import watershed as reference

import imgproc
from imgproc._ext import watershed as kernels
from imgproc.segmentation.neighbors import both_ways, check_connectivity

DTYPES = (np.uint8, np.uint16, np.int32, np.float32, np.float64)
WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
BOTTOM = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]])
KNIGHT = np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], bool)


def relief(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, levels: int = 5) -> np.ndarray:
    """Few levels, so that plateaus, and floods that run over, are everywhere."""
    values = rng.integers(0, levels, shape)
    if np.dtype(dtype) == np.int32:
        return ((values - 2) * 1_000_000_000 // levels).astype(dtype)
    if np.dtype(dtype).kind == "f":
        return ((values - 2) / 3).astype(dtype)
    return (values * (np.iinfo(dtype).max // (levels - 1))).astype(dtype)


def marks(rng: np.random.Generator, shape: tuple[int, ...], share: float = 0.05, most: int = 4) -> np.ndarray:
    markers = np.where(rng.random(shape) < share, rng.integers(1, most + 1, shape), 0)
    markers.flat[rng.integers(markers.size)] = most
    return markers.astype(np.int32)


def check(image: np.ndarray, markers: np.ndarray, **arguments: Any) -> None:
    found = imgproc.watershed(image, markers, **arguments)
    assert found.dtype == np.int32 and found.shape == image.shape and found.flags.c_contiguous
    np.testing.assert_array_equal(found, reference.watershed(image, markers, **arguments))


@pytest.mark.parametrize("dtype", DTYPES)
def test_twin(dtype: Any, rng: np.random.Generator) -> None:
    for width in WIDTHS:
        for levels in (2, 5, 100):
            image = relief(rng, (4, width), dtype, levels)
            check(image, marks(rng, image.shape))
        check(image.T, marks(rng, image.T.shape), connectivity=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("connectivity", [1, 2, BOTTOM, KNIGHT, [[0, 0, 1]], [[1], [0], [0]]])
def test_twin_with_every_neighbourhood(dtype: Any, connectivity: Any, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (1, 9), (9, 1), (13, 11)):
        image, mask = relief(rng, shape, dtype), rng.random(shape) < 0.8
        mask.flat[0] = True
        check(image, marks(rng, shape), connectivity=connectivity)
        check(image, marks(rng, shape) * mask, mask=mask, connectivity=connectivity)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("connectivity", [1, 2, 3, np.ones((3, 1, 5), int)])
def test_twin_of_volumes(dtype: Any, connectivity: Any, rng: np.random.Generator) -> None:
    for shape in ((1, 1, 1), (3, 4, 5), (1, 6, 7), (6, 1, 7), (6, 7, 1), (5, 3, 9)):
        image, mask = relief(rng, shape, dtype), (rng.random(shape) < 0.8).astype(np.uint8) * 7
        mask.flat[0] = 1
        check(image, marks(rng, shape) * (mask > 0), mask=mask, connectivity=connectivity)


@pytest.mark.parametrize("dtype", DTYPES)
def test_twin_with_compactness(dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (9, 8), (3, 17), (3, 4, 5)):
        for compactness in (1e-3, 0.3, 50):
            image, mask = relief(rng, shape, dtype), rng.random(shape) < 0.9
            mask.flat[0] = True
            for connectivity in (1, 2):
                markers = marks(rng, shape) * mask
                check(image, markers, mask=mask, connectivity=connectivity, compactness=compactness)


@pytest.mark.parametrize("dtype", DTYPES)
def test_twin_with_lines(dtype: Any, level: str, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (1, 70), (70, 1), (9, 8), (5, 66), (6, 129), (3, 4, 5), (2, 3, 65)):
        for connectivity in (1, 2, KNIGHT if len(shape) == 2 else 3):
            image, mask = relief(rng, shape, dtype), rng.random(shape) < 0.9
            mask.flat[0] = True
            markers = marks(rng, shape, 0.2) * mask
            labels = imgproc.watershed(image, markers, mask=mask, connectivity=connectivity)
            found = imgproc.watershed(image, markers, mask=mask, connectivity=connectivity, lines=True)
            np.testing.assert_array_equal(
                found, reference.lines(image, markers, labels, connectivity), f"{shape} {connectivity}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_minima_of_the_twin(dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (1, 9), (8, 9), (3, 4, 5)):
        for connectivity in (1, 2, np.ones((1,) * (len(shape) - 1) + (5,), bool)):
            image, mask = relief(rng, shape, dtype, 3), rng.random(shape) < 0.7
            mask.flat[0] = True
            for some in (None, mask):
                markers = reference.minima(image, some, connectivity)
                np.testing.assert_array_equal(
                    imgproc.watershed(image, mask=some, connectivity=connectivity),
                    reference.watershed(image, markers, some, connectivity),
                )


def test_a_number_of_markers(rng: np.random.Generator) -> None:
    for shape in ((1, 1), (7, 9), (20, 3), (1, 40), (4, 5, 30), (9, 9, 9)):
        for count in (1, 2, 3, 5, 10, 17, 100, 10**9):
            image = relief(rng, shape, np.uint8)
            markers = reference.grid(shape, count)
            np.testing.assert_array_equal(
                imgproc.watershed(image, count), imgproc.watershed(image, markers), f"{shape} {count}"
            )
    mask = rng.random((30, 40)) < 0.5
    image = relief(rng, mask.shape, np.float32)
    markers = reference.grid(mask.shape, int(20 / (mask.sum() / mask.size))) * mask
    np.testing.assert_array_equal(
        imgproc.watershed(image, np.int64(20), mask=mask), imgproc.watershed(image, markers, mask=mask)
    )


@pytest.mark.parametrize("largest", [2**16 - 2, 2**16 - 1, 2**24 - 2, 2**24 - 1, 2**31 - 1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_at_the_edge_of_each_cell(largest: int, dtype: Any, rng: np.random.Generator) -> None:
    image, markers = relief(rng, (12, 13), dtype), marks(rng, (12, 13))
    for kind in (np.int32, np.uint32, np.int64, np.uint64):
        large = np.where(markers == 4, largest, markers).astype(kind)
        mask = markers + rng.integers(0, 2, markers.shape) != 0
        check(image, large, mask=mask)


def test_ranges_at_the_edge_of_16_bits(rng: np.random.Generator) -> None:
    """int32 of up to 65536 levels are counted, of more sorted; floats of as many values have as many levels."""
    markers = marks(rng, (9, 10))
    for low in (-(2**31), -5, 2**31 - 1 - 2**16):
        for span in (2**16 - 1, 2**16):
            image = rng.integers(low, low + span, (9, 10), dtype=np.int32)
            image[0, 0], image[-1, -1] = low, low + span
            check(image, markers)
    steps = check_connectivity("watershed", 1, 2)
    for values in (2**16, 2**16 + 1):
        image = rng.permutation(values).astype(np.float32).reshape(1, 1, -1)
        wide, labels = np.zeros(image.shape, np.int32), np.empty(image.shape, np.int32)
        wide[..., ::997] = 1 + np.arange(wide[..., ::997].size)
        kernels.compact(image, wide, None, steps, 0.0, labels)
        np.testing.assert_array_equal(imgproc.watershed(image, wide), labels)


def test_doubles_that_differ_in_their_last_bits(rng: np.random.Generator) -> None:
    """The sort takes the upper half of each first: few and many that share it, also among others."""
    for height in (10, 500):
        fine = 1 + rng.integers(0, 50, (height, 10)) * 2.0**-52
        mixed = np.where(rng.random(fine.shape) < 0.5, fine, rng.integers(-3, 3, fine.shape))
        for image in (fine, -fine, mixed):
            check(image, marks(rng, image.shape))


def test_zeros_and_infinities_are_levels(rng: np.random.Generator) -> None:
    values = np.array([0.0, -0.0, np.inf, -np.inf, 1.0, -1.0, 5e-324])
    for dtype in (np.float32, np.float64):
        image = rng.choice(values, (20, 20)).astype(dtype)
        check(image, marks(rng, image.shape))
        check(image, marks(rng, image.shape), compactness=0.1)
        np.testing.assert_array_equal(imgproc.watershed(image), imgproc.watershed(image + 0.0))


def test_nan_that_the_mask_leaves_out(rng: np.random.Generator) -> None:
    for dtype in (np.float32, np.float64):
        image, mask = relief(rng, (9, 10), dtype), rng.random((9, 10)) < 0.7
        expected = imgproc.watershed(image, 6, mask=mask)
        image[~mask] = np.nan
        np.testing.assert_array_equal(imgproc.watershed(image, 6, mask=mask), expected)
        assert imgproc.watershed(image, mask=mask).any()


def test_any_layout_and_read_only(rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        image, mask, markers = relief(rng, (22, 30), dtype), rng.random((22, 30)) < 0.9, marks(rng, (22, 30))
        markers *= mask
        for change in (
            lambda a: a[::-1, ::2],
            np.asfortranarray,
            lambda a: a.T,
            unaligned,
            lambda a: np.broadcast_to(a[:1], a.shape),
        ):
            given = [change(array) for array in (image, markers, mask)]
            plain = [np.array(array, order="C") for array in given]
            for array in given:
                array.flags.writeable = False
            np.testing.assert_array_equal(
                imgproc.watershed(given[0], given[1], mask=given[2], lines=True),
                imgproc.watershed(plain[0], plain[1], mask=plain[2], lines=True),
            )


def test_numbers_of_neighbours(rng: np.random.Generator) -> None:
    for shape, names in (((9, 10), {4: 1, 8: 2}), ((4, 5, 6), {6: 1, 18: 2, 26: 3})):
        image, markers = relief(rng, shape, np.uint8), marks(rng, shape)
        for number, axes in names.items():
            np.testing.assert_array_equal(
                imgproc.watershed(image, markers, connectivity=number),
                imgproc.watershed(image, markers, connectivity=axes),
            )


def test_many_user_threads(rng: np.random.Generator) -> None:
    image, markers = relief(rng, (60, 70), np.float32), marks(rng, (60, 70))
    expected = imgproc.watershed(image, markers, lines=True)
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(imgproc.watershed(image, markers, lines=True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and all(np.array_equal(result, expected) for result in results)


def test_without_a_cost_the_heap_gives_the_same(rng: np.random.Generator) -> None:
    """What volumes of 2**32 pixels and more go through."""
    steps = check_connectivity("watershed", 2, 3)
    for dtype in DTYPES:
        image, markers = relief(rng, (4, 9, 10), dtype), marks(rng, (4, 9, 10))
        labels = np.empty(image.shape, np.int32)
        kernels.compact(image, markers, None, steps, 0.0, labels)
        np.testing.assert_array_equal(labels, imgproc.watershed(image, markers, connectivity=2))


small = stn.arrays(np.uint8, stn.array_shapes(min_dims=2, max_dims=3, max_side=9), elements=st.integers(0, 5))


@settings(max_examples=40, deadline=None)
@given(image=small, seed=st.integers(0, 2**32), connectivity=st.integers(1, 2), lines=st.booleans())
def test_laws(image: np.ndarray, seed: int, connectivity: int, lines: bool) -> None:
    rng = np.random.default_rng(seed)
    markers = marks(rng, image.shape, 0.1)
    labels = imgproc.watershed(image, markers, connectivity=connectivity, lines=lines)
    arguments: dict[str, Any] = {"connectivity": connectivity, "lines": lines}
    # Markers keep their labels, but for the lines between markers that touch.
    kept = (markers != 0) & (labels != 0)
    assert (labels[kept] == markers[kept]).all()
    assert lines or (labels[markers != 0] == markers[markers != 0]).all()
    # Everything is reached, and no label is made up.
    assert lines or labels.all()
    assert set(np.unique(labels)) <= {0, *np.unique(markers)}
    # Only the order of heights counts, in any dtype.
    stretched = image.astype(np.int32) * 1000 - 7
    np.testing.assert_array_equal(imgproc.watershed(stretched, markers, **arguments), labels)
    for dtype in (np.uint16, np.float32, np.float64):
        np.testing.assert_array_equal(imgproc.watershed(image.astype(dtype), markers, **arguments), labels)
    # Labels are names.
    np.testing.assert_array_equal(imgproc.watershed(image, markers * 9, **arguments), labels * 9)
    # Flooding from the result changes nothing.
    if not lines:
        np.testing.assert_array_equal(imgproc.watershed(image, labels, **arguments), labels)


@settings(max_examples=40, deadline=None)
@given(
    image=small,
    seed=st.integers(0, 2**32),
    connectivity=st.integers(1, 2),
    share=st.sampled_from([0.1, 0.5, 1]),
)
def test_laws_of_lines(image: np.ndarray, seed: int, connectivity: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    markers = marks(rng, image.shape, share)
    labels = imgproc.watershed(image, markers, connectivity=connectivity)
    found = imgproc.watershed(image, markers, connectivity=connectivity, lines=True)
    drawn = found == 0
    np.testing.assert_array_equal(found[~drawn], labels[~drawn])
    steps = [tuple(s) for s in both_ways(check_connectivity("watershed", connectivity, image.ndim)).tolist()]
    steps = [step[3 - image.ndim :] for step in steps]
    for pixel in np.ndindex(image.shape):
        beside = {int(found[n]) for n in reference.around(pixel, steps, image.shape)} - {0}
        if drawn[pixel]:
            assert beside - {int(labels[pixel])}, "a line pixel that divides nothing"
        else:
            assert beside <= {int(found[pixel])}, "labels that touch"


def test_single_markers_are_no_lines(rng: np.random.Generator) -> None:
    """Even on top of a hill that another flood has gone round."""
    image = np.zeros((9, 9), np.uint8)
    image[4, 4] = 200
    markers = np.zeros(image.shape, np.int32)
    markers[0, 0], markers[4, 4] = 1, 2
    labels = imgproc.watershed(image, markers, lines=True)
    assert labels[4, 4] == 2 and (labels == 0).sum() == 4


def test_no_marker_gives_no_label() -> None:
    for dtype in DTYPES:
        flat = np.full((4, 5), 3, dtype)
        for markers in (None, np.zeros((4, 5), np.int32)):
            for lines in (False, True):
                assert not imgproc.watershed(flat, markers, lines=lines).any()


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (
            {"markers": np.zeros((4, 6), int)},
            ValueError,
            r"markers must be of the image's shape \(4, 5\), got shape",
        ),
        ({"markers": np.zeros((4, 5))}, TypeError, "markers must be an array of integers, got dtype float64"),
        (
            {"markers": np.zeros((4, 5), bool)},
            TypeError,
            "markers must be an array of integers, got dtype bool",
        ),
        ({"markers": np.full((4, 5), -1)}, ValueError, "markers must be labels of 0 to .*, got the label -1"),
        (
            {"markers": np.full((4, 5), 2**31)},
            ValueError,
            "markers must be labels .*, got the label 2147483648",
        ),
        ({"markers": 0}, ValueError, "markers must be an integer >= 1, got 0"),
        ({"markers": -3}, ValueError, "markers must be an integer >= 1, got -3"),
        (
            {"markers": 2.5},
            TypeError,
            "markers must be None, a number of markers or an integer array .*, got 2.5",
        ),
        ({"markers": True}, TypeError, "markers must be None, a number .*, got True"),
        ({"markers": [[1]]}, TypeError, "markers must be None, a number .*, got list"),
        (
            {"mask": np.zeros((4, 5), bool)},
            ValueError,
            "mask must be true for at least one pixel, got a mask without",
        ),
        (
            {"mask": np.ones((5, 4), bool)},
            ValueError,
            r"mask must be of the image's shape \(4, 5\), got shape \(5, 4\)",
        ),
        ({"mask": np.ones((4, 5))}, TypeError, "mask must be of dtype bool, uint8, got dtype float64"),
        ({"mask": "all"}, TypeError, "mask must be a NumPy array"),
        (
            {"markers": np.eye(4, 5, dtype=int) * 3, "mask": np.eye(4, 5, 1, bool)},
            ValueError,
            r"markers must be 0 where the mask is false \(.*\), got the label 3 at \(0, 0\)",
        ),
        ({"connectivity": 0}, ValueError, "connectivity must be 1 or 4, .* in a volume, got 0"),
        ({"connectivity": 3}, ValueError, "connectivity must be 1 or 4, .*, got 3 for an image of 2 axes"),
        ({"connectivity": "all"}, TypeError, "connectivity must be 1 or 4, .*; or a footprint, got 'all'"),
        (
            {"connectivity": np.ones((2, 3), bool)},
            ValueError,
            r"connectivity must be a bool .*, got shape \(2, 3\)",
        ),
        ({"connectivity": np.ones((3, 3, 3), bool)}, ValueError, "connectivity must be a bool .*, got shape"),
        ({"connectivity": np.ones((3, 3))}, TypeError, "connectivity must be a bool .*, got dtype float64"),
        ({"connectivity": [[1, 1, 1], [1]]}, ValueError, "connectivity must be a bool"),
        ({"connectivity": [[0, 1, 0]]}, ValueError, "connectivity must be a bool .*, got one without any"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=rf"^watershed: {sentence}"):
        imgproc.watershed(np.zeros((4, 5), np.uint8), **arguments)


def test_wrong_images() -> None:
    for kind in ("f2", "i1", "i2", "u4", "i8", "?", "c8", "O", ">f4", ">u2"):
        with pytest.raises(TypeError, match=r"^watershed: image must be of dtype uint8, .*, got dtype"):
            imgproc.watershed(np.zeros((4, 5), kind))
    for shape in ((), (4,), (2, 3, 4, 5), (0, 5), (4, 0), (2, 0, 3)):
        with pytest.raises(ValueError, match=r"^watershed: image must be .*, got shape"):
            imgproc.watershed(np.zeros(shape, np.uint8))
    for value in (None, 3, [[1]], np.ma.masked_array(np.zeros((4, 5)))):
        with pytest.raises(TypeError, match=r"^watershed: image must be a NumPy array"):
            imgproc.watershed(value)


def test_nan_is_named() -> None:
    for dtype in (np.float32, np.float64):
        image = np.zeros((4, 5), dtype)
        image[2, 3] = np.nan
        with pytest.raises(ValueError, match=r"^watershed: image must be free of NaN, got NaN at \(2, 3\)$"):
            imgproc.watershed(image, 2, compactness=1.0)
        with pytest.raises(
            ValueError, match=r"^watershed: image must be free of NaN where the mask is true, got"
        ):
            imgproc.watershed(image, mask=np.ones((4, 5), bool))


def test_wrong_parameters_are_named() -> None:
    op = imgproc.operations("relief")["watershed"]
    check_documentation(op)
    image = np.zeros((4, 5), np.uint8)
    for name, parameter in op.parameters.items():
        assert parameter.text
        for value in parameter.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^watershed: {name} must be .*, got "):
                imgproc.watershed(image, **{name: value})
