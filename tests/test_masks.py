"""Bit-packed masks against their slow twins, and the laws they obey."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import masks as reference
from reference.rotated import greedy

import imgproc

WIDTHS = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 127, 128, 129, 520, 600]


def draw(rng: np.random.Generator, count: int, height: int, width: int) -> Any:
    """Noise in rectangles, among them empty and full masks."""
    masks = np.zeros((count, height, width), bool)
    for mask in masks[: count - 2]:
        y, x = np.sort(rng.integers(0, height + 1, 2)), np.sort(rng.integers(0, width + 1, 2))
        mask[y[0] : y[1], x[0] : x[1]] = rng.random((y[1] - y[0], x[1] - x[0])) < 0.7
    masks[count - 1 :] = True
    return masks


def overlaps(a: Any, b: Any, over_own: bool = False) -> Any:
    return np.array([[reference.mask_iou(p, q, over_own) for q in b] for p in a]).reshape(len(a), len(b))


@pytest.mark.parametrize("width", WIDTHS)
def test_packing_equals_twin(width: int, level: str, rng: np.random.Generator) -> None:
    masks = draw(rng, 6, 3, width)
    packed = imgproc.pack_masks(masks)
    assert packed.shape == masks.shape and len(packed) == 6
    for i, mask in enumerate(masks):
        words, box = reference.words(mask)
        assert packed.words[packed.offsets[i] : packed.offsets[i + 1]].tolist() == words
        assert packed.boxes[i].tolist() == list(box)
    assert packed.areas.tolist() == masks.sum(axis=(1, 2)).tolist()
    assert [str(array.dtype) for array in (packed.words, packed.offsets, packed.boxes, packed.areas)] == [
        "uint64",
        "int64",
        "int64",
        "int64",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_matrix_equals_twin(width: int, level: str, rng: np.random.Generator) -> None:
    a, b = draw(rng, 6, 5, width), draw(rng, 5, 5, width)
    expected, own = overlaps(a, b), overlaps(a, b, True)
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b), expected)
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b, kind="ioa"), own)
    crowd = np.array([True, False, False, True, True])
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b, crowd=crowd), np.where(crowd, own, expected))
    np.testing.assert_array_equal(
        imgproc.mask_iou_matrix(imgproc.pack_masks(a), imgproc.pack_masks(b)), expected
    )


def test_large_masks_are_counted_exactly(level: str, rng: np.random.Generator) -> None:
    """Many more words than fit one counter of a byte, whole masks and parts of them."""
    masks = rng.random((3, 130, 1300)) < [[[0.9]], [[0.5]], [[1.0]]]
    masks[1, :, :200] = masks[1, :, 1111:] = masks[1, :9] = False
    common = np.einsum("ayx,byx->ab", masks.astype(int), masks.astype(int))
    areas = np.diag(common)
    expected = common / (areas[:, None] + areas - common)
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(masks, masks), expected)


def test_any_strides_and_bytes(threads: int, level: str, rng: np.random.Generator) -> None:
    masks = draw(rng, 7, 20, 140)
    expected = imgproc.mask_iou_matrix(masks, masks)
    layouts = [
        np.asfortranarray(masks),
        np.repeat(masks, 2, axis=2)[:, :, ::2],
        np.ascontiguousarray(masks[:, ::-1])[:, ::-1],
        np.ascontiguousarray(masks[..., ::-1])[..., ::-1],
        np.pad(masks, ((0, 0), (3, 2), (5, 9)), constant_values=True)[:, 3:-2, 5:-9],
        (masks * np.uint8(254)).view(bool),
    ]
    for layout in layouts:
        layout.flags.writeable = False
        np.testing.assert_array_equal(imgproc.mask_iou_matrix(layout, masks), expected)
    shared = np.broadcast_to(masks[:1], masks.shape)
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(shared, masks), np.tile(expected[:1], (7, 1)))


@pytest.mark.parametrize("shape", [(0, 5, 5), (3, 0, 5), (3, 5, 0), (0, 0, 0)])
def test_nothing(shape: tuple[int, int, int]) -> None:
    masks = np.zeros(shape, bool)
    assert imgproc.pack_masks(masks).areas.tolist() == [0] * shape[0]
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(masks, masks), np.zeros((shape[0], shape[0])))
    kept = imgproc.mask_nms(masks, np.ones(shape[0]))
    assert kept.dtype == np.int64
    assert kept.tolist() == list(range(shape[0]))


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5, 0.8, 1.0])
def test_nms_equals_twin(threshold: float, level: str, rng: np.random.Generator) -> None:
    for count, height, width in ((1, 4, 5), (12, 9, 70), (40, 12, 33)):
        masks = draw(rng, count, height, width) if count > 2 else np.ones((count, height, width), bool)
        masks[count // 2] = masks[0]
        scores, labels = rng.integers(0, 9, count) / 8, rng.integers(0, 3, count)
        table = imgproc.mask_iou_matrix(masks, masks)
        for those in (None, labels):
            same = np.zeros(count, int) if those is None else those
            for options in ({}, {"score_threshold": 0.4, "max_output": 3}):
                kept = imgproc.mask_nms(masks, scores, threshold, labels=those, **options)
                twin = greedy(lambda i, j: table[i, j], scores, same, threshold, **options)  # noqa: B023
                assert kept.tolist() == twin
                packed = imgproc.mask_nms(
                    imgproc.pack_masks(masks), scores, threshold, labels=those, **options
                )
                assert packed.tolist() == twin


def test_nms_stops_counting_in_time(level: str) -> None:
    """Pairs decided in the first rows, in the last, and on the threshold itself."""
    base = np.zeros((1200, 640), bool)
    base[:, :320] = True
    others = [base.copy() for _ in range(4)]
    others[0][:400] = False  # IoU 2/3
    others[1][800:] = False
    others[2][600:] = False  # exactly 1/2
    others[3][601:] = False
    for other, above in zip(others, (True, True, False, True), strict=True):
        kept = imgproc.mask_nms(np.stack([base, other]), np.array([1.0, 0.5]), 0.5)
        assert kept.tolist() == ([0] if above else [0, 1])
        assert (imgproc.mask_iou_matrix(base[None], other[None])[0, 0] > 0.5) == above


@settings(max_examples=60, deadline=None)
@given(stn.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 70))))
def test_laws(masks: Any) -> None:
    table = imgproc.mask_iou_matrix(masks, masks)
    np.testing.assert_array_equal(table, table.T)
    np.testing.assert_array_equal(np.diag(table), masks.any(axis=(1, 2)).astype(float))
    assert ((table >= 0) & (table <= 1)).all()
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(masks[..., ::-1], masks[..., ::-1]), table)
    kept = imgproc.mask_nms(masks, np.ones(len(masks)), 0.3)
    np.testing.assert_array_equal(
        imgproc.mask_nms(masks[kept], np.ones(len(kept)), 0.3), np.arange(len(kept))
    )


def test_refusals() -> None:
    good = np.zeros((2, 4, 5), bool)
    masked = np.ma.masked_array(good)
    for bad in (good.tolist(), good.astype(np.uint8), good[0], good[None], None, masked):
        for name, call in (
            ("pack_masks: masks", imgproc.pack_masks),
            ("mask_iou_matrix: a", lambda bad: imgproc.mask_iou_matrix(bad, good)),
            ("mask_iou_matrix: b", lambda bad: imgproc.mask_iou_matrix(good, bad)),
            ("mask_nms: masks", lambda bad: imgproc.mask_nms(bad, np.zeros(2))),
        ):
            with pytest.raises((TypeError, ValueError), match=rf"^{name} must be .*, got "):
                call(bad)
    with pytest.raises(
        ValueError, match=r"^mask_iou_matrix: b must be masks of 4 × 5 pixels, as a, got 4 × 6$"
    ):
        imgproc.mask_iou_matrix(good, np.zeros((2, 4, 6), bool))
    for crowd in ([True, False], np.zeros(2, int), np.zeros(3, bool), "all"):
        with pytest.raises((TypeError, ValueError), match=r"^mask_iou_matrix: crowd must be .*, got "):
            imgproc.mask_iou_matrix(good, good, crowd=crowd)
    for scores in (np.zeros(3), [0, 0], np.array([0, np.nan])):
        with pytest.raises((TypeError, ValueError), match=r"^mask_nms: scores must be .*, got "):
            imgproc.mask_nms(good, scores)
    for labels in (np.zeros(3, int), np.zeros(2), [0, 0]):
        with pytest.raises((TypeError, ValueError), match=r"^mask_nms: labels must be .*, got "):
            imgproc.mask_nms(good, np.zeros(2), labels=labels)
    calls: dict[str, Any] = {
        "mask_nms": lambda **options: imgproc.mask_nms(good, np.zeros(2), **options),
        "mask_iou_matrix": lambda **options: imgproc.mask_iou_matrix(good, good, **options),
    }
    for function, call in calls.items():
        for name, parameter in imgproc.operations("masks")[function].parameters.items():
            for value in parameter.constraint.wrong_values():
                with pytest.raises((TypeError, ValueError), match=rf"^{function}: {name} must be .*, got "):
                    call(**{name: value})


def test_packed_masks_made_by_hand_are_checked(rng: np.random.Generator) -> None:
    """Kernels read words by the other fields, so that these must fit."""
    packed = imgproc.pack_masks(draw(rng, 4, 6, 130))
    assert not any(
        array.flags.writeable for array in (packed.words, packed.offsets, packed.boxes, packed.areas)
    )
    assert np.array_equal(dataclasses.replace(packed).words, packed.words)
    wrong: list[dict[str, Any]] = [
        {"words": packed.words[:-1]},
        {"words": packed.words.astype(np.int64)},
        {"offsets": packed.offsets + 1},
        {"offsets": packed.offsets[::-1]},
        {"boxes": packed.boxes + 1},
        {"boxes": packed.boxes - 1},
        {"boxes": packed.boxes[:, :3]},
        {"areas": packed.areas[1:]},
        {"shape": (4, 5, 130)},
        {"shape": (4, 6, 64)},
        {"shape": (5, 6, 130)},
        # Rows times words, and pixels of a row, beyond 64 bits.
        {
            "shape": (1, 64, 2**65),
            "words": packed.words[:0],
            "offsets": np.zeros(2, np.int64),
            "boxes": np.array([[0, 64, 0, 2**58]]),
            "areas": np.ones(1, np.int64),
        },
    ]
    for fields in wrong:
        with pytest.raises(
            ValueError, match=r"^PackedMasks: fields must be those that pack_masks makes, got "
        ):
            dataclasses.replace(packed, **fields)
