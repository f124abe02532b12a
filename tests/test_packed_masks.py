"""Packed masks as a record: what indexing, joining and copying give, alone and within detections."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from detection_records import BOXES, three

import imgproc
from imgproc import Detections, DetectionSet, PackedMasks, merge_panoptic, pack_masks, unpack_masks

INDICES: list[Any] = [
    0,
    -1,
    np.int64(2),
    slice(None),
    slice(1, 4),
    slice(4, 1),
    slice(None, None, -2),
    [4, 0, 0, 2],
    [],
    range(1, 3),
    np.array([-1, 1], np.int8),
    np.array([True, False, True, True, False, False]),
    [False] * 6,
]


@pytest.fixture
def masks(rng: np.random.Generator) -> Any:
    """Rectangles of noise, one of them empty and one full."""
    out = np.zeros((6, 9, 150), bool)
    for mask in out[:4]:
        y, x = np.sort(rng.integers(0, 10, 2)), np.sort(rng.integers(0, 151, 2))
        mask[y[0] : y[1], x[0] : x[1]] = rng.random((y[1] - y[0], x[1] - x[0])) < 0.7
    out[5] = True
    return out


def rows_of(index: Any) -> Any:
    if isinstance(index, int | np.integer):
        return [index]
    return np.asarray(index, bool if index[:1] == [False] else int) if isinstance(index, list) else index


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing_gives_what_packing_the_rows_gives(index: Any, masks: Any) -> None:
    packed = pack_masks(masks)
    expected = masks[rows_of(index)]
    part = packed[index]
    assert isinstance(part, PackedMasks)
    np.testing.assert_array_equal(unpack_masks(part), expected)
    assert part == pack_masks(expected)


def test_as_an_array(masks: Any) -> None:
    packed = pack_masks(masks)
    for array in (np.asarray(packed), np.array(packed), np.asarray(packed, bool)):
        assert array.dtype == bool and array.flags.writeable
        np.testing.assert_array_equal(array, masks)
    counts = np.asarray(packed, dtype=np.uint8)
    assert counts.dtype == np.uint8 and np.array_equal(counts, masks.astype(np.uint8))
    assert np.asarray(packed[1]).shape == (1, 9, 150) and np.asarray(packed[:0]).shape == (0, 9, 150)
    with pytest.raises(ValueError, match=r"^PackedMasks: copy must be None or True, .*, got False$"):
        np.array(packed, copy=False)


def test_slices_in_order_share_memory(masks: Any) -> None:
    packed = pack_masks(masks)
    assert np.shares_memory(packed[2:].words, packed.words)
    assert [single.areas.tolist() for single in packed] == [[area] for area in packed.areas]


@pytest.mark.parametrize("index", ["a", 1.0, None, np.zeros((1, 1), int), np.zeros(3), (0, 1), True])
def test_indices_of_other_kinds(index: object, masks: Any) -> None:
    with pytest.raises(TypeError, match=r"^PackedMasks: index must be an integer, a slice, or a bool or int"):
        pack_masks(masks)[index]


@pytest.mark.parametrize("index", [6, -7, [6], np.zeros(4, bool)])
def test_indices_out_of_range(index: object, masks: Any) -> None:
    with pytest.raises(IndexError, match=r"^PackedMasks: .* 6"):
        pack_masks(masks)[index]


def test_joining(masks: Any) -> None:
    packed = pack_masks(masks)
    assert PackedMasks.concat([packed[:2], packed[2:2], packed[2:]]) == packed
    for wrong in ([], [packed, pack_masks(np.zeros((1, 9, 151), bool))]):
        with pytest.raises(ValueError, match=r"^PackedMasks\.concat: parts must be masks of one size"):
            PackedMasks.concat(wrong)


def test_equality_and_copies(masks: Any) -> None:
    packed = pack_masks(masks)
    other = masks.copy()
    other[3, 0, 149] ^= True
    assert packed != pack_masks(other)
    assert packed != pack_masks(masks[:, :, :149])
    assert packed != masks.tolist()
    with pytest.raises(TypeError, match="unhashable"):
        hash(packed)
    for made in (pickle.loads(pickle.dumps(packed)), copy.deepcopy(packed), copy.copy(packed)):
        assert made == packed
        assert not any(getattr(made, name).flags.writeable for name in ("words", "offsets", "boxes", "areas"))


def test_what_others_can_write_to_is_copied(masks: Any) -> None:
    packed = pack_masks(masks)
    boxes = packed.boxes.copy()
    made = PackedMasks(packed.shape, packed.words, packed.offsets, boxes, packed.areas)
    boxes[:] = 10**6
    assert made == packed
    assert made.words is packed.words


def test_detections_keep_them_packed() -> None:
    plain = three()
    packed = pack_masks(plain.masks)
    found = three(masks=packed)
    assert found.masks is packed
    assert found == plain and plain == found
    assert found != three(masks=~plain.masks)
    for index in ([2, 0], slice(1, None), plain.scores > 0.3, 1):
        assert isinstance(found[index].masks, PackedMasks)
        assert found[index] == plain[index]
    assert isinstance(found.filter(min_score=0.5).masks, PackedMasks)
    assert found.filter(min_score=0.5) == plain.filter(min_score=0.5)
    assert isinstance(pickle.loads(pickle.dumps(found)).masks, PackedMasks)
    assert repr(found) == repr(plain)
    for parts in ([found, plain], [plain, found], [found, found]):
        joined = Detections.concat(parts)
        assert isinstance(joined.masks, PackedMasks)
        assert joined == Detections.concat([plain, plain])
    with pytest.raises(ValueError, match=r"^Detections\.concat: parts must be all with masks of one size"):
        Detections.concat([found, three(masks=pack_masks(np.zeros((3, 5, 5), bool)))])


@pytest.mark.parametrize("size", [(4, 5), (70, 130), (0, 3), (3, 0)])
def test_what_is_written_of_them_is_the_same(size: tuple[int, int], rng: np.random.Generator) -> None:
    masks = rng.random((3, *size)) < 0.5
    masks[1] = False
    plain, found = Detections(BOXES, masks=masks), Detections(BOXES, masks=pack_masks(masks))
    assert found.to_dict() == plain.to_dict()
    assert DetectionSet.of({"a": found, "b": plain}) == DetectionSet.of({"a": plain, "b": found})


def test_things_of_panoptic_merging_may_be_packed(rng: np.random.Generator) -> None:
    plain = three(masks=rng.random((3, 20, 70)) < 0.4)
    found = three(masks=pack_masks(plain.masks))
    stuff = np.zeros((20, 70), np.int32)
    ours, theirs = merge_panoptic(found, stuff), merge_panoptic(plain, stuff)
    np.testing.assert_array_equal(ours.ids, theirs.ids)


def test_masks_too_large_for_run_lengths_are_named() -> None:
    height = 2**31
    arrays = (
        np.empty(0, np.uint64),
        np.zeros(2, np.int64),
        np.zeros((1, 4), np.int64),
        np.zeros(1, np.int64),
    )
    found = Detections(BOXES[:1], masks=PackedMasks((1, height, 2), *arrays))
    with pytest.raises(ValueError, match=r"^Detections\.to_dict: masks must be of less than 2\*\*32 pixels"):
        found.to_dict()
    with pytest.raises(ValueError, match=r"^encode_rle: masks must be of less than 2\*\*32 pixels"):
        imgproc.encode_rle(found.masks)
