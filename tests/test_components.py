"""Connected components: against their slow twin, their laws, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import components as reference

import imgproc

WIDTHS = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 129]
NAMES = {2: {1: (1, 4), 2: (2, 8, None)}, 3: {1: (1, 6), 2: (2, 18), 3: (3, 26, None)}}


def check(mask: Any, steps: int, connectivity: Any = "any") -> None:
    labels, count = reference.connected_components(mask, steps)
    names = NAMES[mask.ndim][steps] if connectivity == "any" else (connectivity,)
    for name in names:
        found = imgproc.connected_components(mask, name, statistics=True)
        assert found.labels.dtype == np.int32 and found.count == count
        np.testing.assert_array_equal(found.labels, labels)
    areas, boxes, centroids = reference.region_statistics(labels, count)
    np.testing.assert_array_equal(found.statistics.areas, areas)
    np.testing.assert_array_equal(found.statistics.boxes, boxes)
    np.testing.assert_array_equal(found.statistics.centroids, centroids)
    assert imgproc.connected_components(mask, names[0]).statistics is None


@pytest.mark.parametrize("steps", [1, 2])
def test_twin(steps: int, level: str, threads: int, rng: np.random.Generator) -> None:
    for number, width in enumerate(WIDTHS):
        share = (0.2, 0.5, 0.7, 0.95)[number % 4]
        check(rng.random((5 + number % 2, width)) < share, steps)
    for shape in ((1, 1), (1, 70), (70, 1), (2, 2)):
        check(rng.random(shape) < 0.6, steps)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_twin_of_volumes(steps: int, level: str, threads: int, rng: np.random.Generator) -> None:
    for number, shape in enumerate(((1, 3, 9), (4, 1, 33), (3, 4, 1), (3, 5, 66), (4, 4, 17))):
        check(rng.random(shape) < (0.3, 0.15, 0.5)[number % 3], steps)


def test_shapes_that_join_late(level: str, threads: int) -> None:
    """Combs, spirals and stairs, whose arms meet in the last rows; and upper rows that come first by their number."""
    comb = np.zeros((40, 131), bool)
    comb[:, ::2] = comb[-1] = True
    check(comb, 1)
    check(comb[::-1], 2)
    spiral = np.zeros((41, 41), bool)
    y = x = 0
    spiral[0, 0] = True
    for turn, length in enumerate(n for n in range(40, 0, -2) for _ in range(2)):
        for _ in range(length):
            y, x = y + (0, 1, 0, -1)[turn % 4], x + (1, 0, -1, 0)[turn % 4]
            spiral[y, x] = True
    check(spiral, 1)
    check(spiral, 2)
    late = np.zeros((4, 9), bool)
    late[1, 0] = late[0, 4] = late[1, 8] = late[1:3, 2] = True
    check(late, 2)
    late[2, 1] = late[3, 2:8] = late[2, 8] = True
    check(late, 2)
    check(np.eye(70, dtype=bool), 1)
    check(np.eye(70, dtype=bool)[:, ::-1], 2)


def test_masks_of_one_kind(level: str) -> None:
    for shape in ((1, 1), (5, 9), (3, 64), (6, 130), (2, 3, 70)):
        for value in (False, True):
            check(np.full(shape, value), 1)
            check(np.full(shape, value), len(shape))


def test_any_strides_and_bytes(threads: int, level: str, rng: np.random.Generator) -> None:
    mask = rng.random((21, 140)) < 0.5
    expected = imgproc.connected_components(mask).labels
    layouts = [
        np.asfortranarray(mask),
        mask[:, ::-1].copy()[:, ::-1],
        mask[::-1].copy()[::-1],
        np.repeat(mask, 3, axis=1)[:, 1::3],
        np.pad(mask, ((3, 2), (5, 9)), constant_values=True)[3:-2, 5:-9],
        mask * np.uint8(130),
        (mask * np.uint8(254)).view(bool),
        unaligned(mask.view(np.uint8)),
    ]
    for layout in layouts:
        layout.flags.writeable = False
        np.testing.assert_array_equal(imgproc.connected_components(layout).labels, expected)
    volume = rng.random((6, 7, 50)) < 0.2
    np.testing.assert_array_equal(
        imgproc.connected_components(np.asfortranarray(volume)).labels,
        imgproc.connected_components(volume).labels,
    )
    out = np.empty(mask.shape, np.int32)
    assert imgproc.connected_components(mask, out=out).labels is out
    np.testing.assert_array_equal(out, expected)


@settings(max_examples=60, deadline=None)
@given(stn.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 70))), st.sampled_from([4, 8]))
def test_laws(mask: Any, connectivity: int) -> None:
    found = imgproc.connected_components(mask, connectivity, statistics=True)
    labels, statistics = found.labels, found.statistics
    assert statistics is not None
    np.testing.assert_array_equal(labels > 0, mask)
    assert statistics.areas.sum() == mask.size and (statistics.areas[1:] > 0).all()
    # Labels appear in order, and each component alone is one.
    seen = labels[mask]
    assert list(dict.fromkeys(seen.tolist())) == list(range(1, found.count + 1))
    for label in range(1, min(found.count, 4) + 1):
        assert imgproc.connected_components(labels == label, connectivity).count == 1
        x1, y1, x2, y2 = statistics.boxes[label]
        assert np.count_nonzero(labels[y1:y2, x1:x2] == label) == statistics.areas[label]
    # Mirrored, the parts are the same ones.
    mirrored = imgproc.connected_components(mask[:, ::-1], connectivity).labels[:, ::-1]
    pairs = np.unique(np.stack([labels.ravel(), mirrored.ravel()]), axis=1)
    assert pairs.shape[1] == found.count + (not mask.all())
    # Diagonal neighbours can only join.
    assert imgproc.connected_components(mask, 8).count <= imgproc.connected_components(mask, 4).count


def test_refusals() -> None:
    good = np.ones((4, 5), bool)
    for bad in (
        good.tolist(),
        None,
        "mask",
        good.astype(np.float32),
        good.astype(np.int32),
        np.ma.array(good),
    ):
        with pytest.raises(TypeError, match=r"^connected_components: image must be .*, got "):
            imgproc.connected_components(bad)  # type: ignore[arg-type]
    for bad in (good[0], good[None, None], good[:0], good[:, :0]):
        with pytest.raises(ValueError, match=r"^connected_components: image must be .*, got shape "):
            imgproc.connected_components(bad)
    for out in (np.empty((4, 5)), np.empty((5, 4), np.int32), np.empty((4, 10), np.int32)[:, ::2]):
        with pytest.raises(ValueError, match=r"^connected_components: out must be .*, got "):
            imgproc.connected_components(good, out=out)
    op = imgproc.operations("masks")["connected_components"]
    for name, parameter in op.parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises(
                (TypeError, ValueError), match=rf"^connected_components: {name} must be .*, got "
            ):
                imgproc.connected_components(good, **{name: value})
    for image, wrong in ((good, (3, 6, 18, 26)), (good[None], (4, 8))):
        for value in wrong:
            with pytest.raises(
                ValueError, match=rf"^connected_components: connectivity must be .*, got {value} for an? "
            ):
                imgproc.connected_components(image, value)
    check_documentation(op)
