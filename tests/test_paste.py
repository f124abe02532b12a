"""Pasting masks: against its slow twin and torchvision's goldens, its laws, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import paste as reference

import imgproc

GOLDENS = Path(__file__).parent / "goldens" / "torchvision_paste.npz"


def places(rng: np.random.Generator, count: int, shape: tuple[int, int], dtype: Any) -> Any:
    """Boxes of all sizes, some beyond the image or wholly outside of it, some without extent."""
    middle = rng.uniform((-10, -10), (shape[1] + 10, shape[0] + 10), (count, 2))
    half = np.exp(rng.normal(1.5, 1, (count, 2))) * (rng.random((count, 1)) < 0.9)
    return np.concatenate([middle - half, middle + half], 1).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_twin(dtype: Any, level: str, threads: int, rng: np.random.Generator) -> None:
    for number, width in enumerate((1, 8, 31, 64, 65, 97)):
        shape, padding, threshold = (9, width), number % 3, (0.5, 0.3, 0.8)[number % 3]
        masks = rng.random((4, *((3, 5), (7, 2), (1, 1))[number % 3]), np.float32)
        boxes = places(rng, 4, shape, dtype)
        found = imgproc.paste_mask(masks, boxes, shape, padding=padding, threshold=threshold)
        assert found.shape == (4, *shape) and found.dtype == bool
        for own, mask, box in zip(found, masks, boxes, strict=True):
            np.testing.assert_array_equal(own, reference.paste_mask(mask, box, shape, threshold, padding))
        packed = imgproc.paste_mask(masks, boxes, shape, padding=padding, threshold=threshold, packed=True)
        expected = imgproc.pack_masks(found)
        for name in ("words", "offsets", "boxes", "areas"):
            np.testing.assert_array_equal(getattr(packed, name), getattr(expected, name))


def test_torchvision_equal(level: str) -> None:
    """Its masks compared with 0.5, made by tests/goldens/torchvision_paste.py: all pixels, also those nearest to it."""
    with np.load(GOLDENS) as golden:
        shape = tuple(golden["shape"].tolist())
        for number in range(4):
            masks = golden[f"masks_{number}"].astype(np.float32) / np.float32(255)
            found = imgproc.paste_mask(masks, golden[f"boxes_{number}"], shape)
            expected = np.unpackbits(golden[f"pasted_{number}"], axis=2, count=shape[1])
            np.testing.assert_array_equal(found, expected.astype(bool))


def test_thresholds_that_all_or_no_pixels_reach(level: str, rng: np.random.Generator) -> None:
    """Outside of the box nothing is in the mask, whatever the threshold; NaN is not either."""
    masks, boxes = rng.random((1, 4, 4), np.float32), np.array([[3.0, 2, 69, 5]])
    whole = imgproc.paste_mask(masks, boxes, (9, 80), threshold=-1, padding=0)[0]
    expected = np.zeros((9, 80), bool)
    expected[2:6, 3:70] = True
    np.testing.assert_array_equal(whole, expected)
    assert not imgproc.paste_mask(masks, boxes, (9, 80), threshold=1.5).any()
    assert not imgproc.paste_mask(np.full_like(masks, np.nan), boxes, (9, 80), padding=0).any()
    one = imgproc.paste_mask(masks[0], boxes[0], (9, 80), threshold=-1, padding=0)
    np.testing.assert_array_equal(one, expected)


def test_nothing(level: str) -> None:
    none = imgproc.paste_mask(np.zeros((0, 4, 4), np.float32), np.zeros((0, 4)), (5, 6))
    assert none.shape == (0, 5, 6)
    outside = np.array([[50.0, 0, 60, 5], [0, 50, 5, 60], [-60, 0, -50, 5], [0, -60, 5, -50]])
    packed = imgproc.paste_mask(np.ones((4, 4, 4), np.float32), outside, (5, 6), packed=True)
    assert packed.areas.tolist() == [0] * 4 and packed.words.size == 0


def test_any_strides(level: str, rng: np.random.Generator) -> None:
    masks, boxes = rng.random((3, 6, 6), np.float32), places(rng, 3, (20, 90), np.float32)
    expected = imgproc.paste_mask(masks, boxes, (20, 90))
    for layout in (np.asfortranarray(masks), masks[::-1].copy()[::-1], unaligned(masks)):
        layout.flags.writeable = False
        np.testing.assert_array_equal(imgproc.paste_mask(layout, boxes, (20, 90)), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 90))
def test_laws(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    masks, boxes = rng.random((3, 5, 5), np.float32), places(rng, 3, (height, width), np.float64)
    low, high = (
        imgproc.paste_mask(masks, boxes, (height, width), threshold=threshold) for threshold in (0.3, 0.6)
    )
    assert not (high & ~low).any()
    # A larger image shows the same where both are.
    larger = imgproc.paste_mask(masks, boxes, (height + 7, width + 70), threshold=0.3)
    np.testing.assert_array_equal(larger[:, :height, :width], low)


def test_refusals() -> None:
    masks, boxes, shape = np.zeros((2, 4, 4), np.float32), np.zeros((2, 4)), (5, 6)
    for bad in (masks.tolist(), masks.astype(np.float64), masks.astype(bool), None, np.ma.array(masks)):
        with pytest.raises(TypeError, match=r"^paste_mask: masks must be .*, got "):
            imgproc.paste_mask(bad, boxes, shape)  # type: ignore[arg-type]
    for bad in (masks[0, 0], masks[None], masks[:, :0], masks[:, :, :0]):
        with pytest.raises(ValueError, match=r"^paste_mask: masks must be of shape .*, got shape "):
            imgproc.paste_mask(bad, boxes, shape)
    far = np.array([[0, 0, 1, 1], [0, 0, 3e9, 1]])
    turned, missing = np.array([[0.0, 0, 1, 1], [3, 0, 1, 1]]), np.array([[0.0, 0, 1, 1], [0, 0, np.nan, 1]])
    huge = np.array([[-1e308, 0, 1e308, 1]] * 2)
    for bad in (
        boxes[:1],
        boxes[0],
        boxes[:, :3],
        boxes.astype(int),
        boxes.tolist(),
        far,
        turned,
        missing,
        huge,
    ):
        with pytest.raises((TypeError, ValueError), match=r"^paste_mask: boxes must be .*, got "):
            imgproc.paste_mask(masks, bad, shape)
    op = imgproc.operations("masks")["paste_mask"]
    check_documentation(op)
    for name, parameter in op.parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^paste_mask: {name}\S* must be .*, got "):
                imgproc.paste_mask(masks, boxes, **({"shape": shape} | {name: value}))
