"""Run lengths and polygons: against their slow twins, their laws, and what they refuse."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis.extra import numpy as stn
from reference.coco import mask_of_counts, text_of_counts

import imgproc

SIDES = [1, 2, 7, 8, 9, 31, 33, 63, 64, 65, 97, 127, 128, 129, 200]


def counts_of(mask: Any) -> list[int]:
    """Lengths of runs down the columns, background first."""
    runs = [(value, len(list(group))) for value, group in itertools.groupby(mask.T.ravel().tolist())]
    lengths = [length for _, length in runs]
    return [0, *lengths] if runs and runs[0][0] else lengths or [0]


def draw(rng: np.random.Generator, count: int, height: int, width: int) -> Any:
    """Noise in rectangles, among them empty and full masks, and columns that run into one another."""
    masks = np.zeros((count, height, width), bool)
    for number, mask in enumerate(masks[: count - 2]):
        y, x = np.sort(rng.integers(0, height + 1, 2)), np.sort(rng.integers(0, width + 1, 2))
        y = y if number % 2 else np.array([0, height])
        mask[y[0] : y[1], x[0] : x[1]] = rng.random((y[1] - y[0], x[1] - x[0])) < 0.8
    masks[count - 1 :] = True
    return masks


def check(masks: Any) -> None:
    codes = imgproc.encode_rle(masks)
    plain = imgproc.encode_rle(masks, compressed=False)
    for mask, code, lengths in zip(masks, codes, plain, strict=True):
        counts = counts_of(mask)
        assert lengths == {"size": list(mask.shape), "counts": counts}
        assert code == {"size": list(mask.shape), "counts": text_of_counts(counts)}
        np.testing.assert_array_equal(mask_of_counts(counts, *mask.shape), mask)
    assert json.loads(json.dumps(codes)) == codes
    for form in (codes, plain, [{**code, "counts": code["counts"].encode()} for code in codes]):
        np.testing.assert_array_equal(imgproc.decode_rle(form), masks)
    packed, expected = imgproc.decode_rle(codes, packed=True), imgproc.pack_masks(masks)
    assert packed.shape == expected.shape
    for name in ("words", "offsets", "boxes", "areas"):
        np.testing.assert_array_equal(getattr(packed, name), getattr(expected, name))
    assert imgproc.encode_rle(packed) == codes


@pytest.mark.parametrize("side", SIDES)
def test_twins(side: int, level: str, threads: int, rng: np.random.Generator) -> None:
    for other in (1, 5, 70):
        check(draw(rng, 5, side, other))
        check(draw(rng, 5, other, side))


def test_one_mask_none_and_no_pixels(level: str) -> None:
    mask = np.eye(5, 70, dtype=bool)
    code = imgproc.encode_rle(mask)
    assert isinstance(code, dict) and imgproc.encode_rle(mask[None]) == [code]
    found = imgproc.decode_rle(code)
    assert found.shape == mask.shape and found.dtype == bool and found.flags.writeable
    assert imgproc.encode_rle(np.zeros((0, 4, 5), bool)) == []
    assert imgproc.decode_rle([]).shape == (0, 0, 0)
    for shape in ((0, 5), (5, 0)):
        empty = imgproc.encode_rle(np.zeros(shape, bool))
        assert empty == {"size": list(shape), "counts": "0"}
        assert imgproc.decode_rle(empty).shape == shape


def test_any_strides_and_bytes(level: str, rng: np.random.Generator) -> None:
    masks = draw(rng, 5, 33, 140)
    expected = imgproc.encode_rle(masks)
    layouts = [np.asfortranarray(masks), masks[..., ::-1].copy()[..., ::-1], np.repeat(masks, 2, 1)[:, ::2]]
    layouts.append((masks * np.uint8(254)).view(bool))
    for layout in layouts:
        layout.flags.writeable = False
        assert imgproc.encode_rle(layout) == expected


def test_counts_of_nothing_between_others_join(level: str) -> None:
    """Runs that touch are one, in decoded masks as in codes made of them again."""
    for counts in ([2, 3, 0, 4, 3], [0, 0, 0, 5, 7], [12], [0, 12], [0, 12, 0], [3, 0, 9], [0, 0, 12]):
        mask = imgproc.decode_rle({"size": [4, 3], "counts": counts})
        np.testing.assert_array_equal(mask, mask_of_counts(counts, 4, 3))
        assert imgproc.encode_rle(mask, compressed=False)["counts"] == counts_of(mask)


@settings(max_examples=60, deadline=None)
@given(stn.arrays(bool, stn.array_shapes(min_dims=2, max_dims=2, max_side=70)))
def test_laws(mask: Any) -> None:
    code = imgproc.encode_rle(mask, compressed=False)
    assert sum(code["counts"]) == mask.size and sum(code["counts"][1::2]) == mask.sum()
    assert all(count > 0 for count in code["counts"][1:])
    np.testing.assert_array_equal(imgproc.decode_rle(imgproc.encode_rle(mask)), mask)
    # The opposite mask has the same runs.
    opposite = imgproc.encode_rle(~mask, compressed=False)["counts"]
    strip = [counts[1:] if counts[0] == 0 else counts for counts in (code["counts"], opposite)]
    assert strip[0] == strip[1]


def test_unpacking_is_the_way_back(level: str, threads: int, rng: np.random.Generator) -> None:
    for side in SIDES:
        masks = draw(rng, 5, 6, side)
        found = imgproc.unpack_masks(imgproc.pack_masks(masks))
        assert found.dtype == bool and found.flags.writeable
        np.testing.assert_array_equal(found, masks)
        assert set(np.unique(found.view(np.uint8)).tolist()) <= {0, 1}
    with pytest.raises(
        TypeError, match=r"^unpack_masks: masks must be what pack_masks gives, got bool array"
    ):
        imgproc.unpack_masks(masks)


def test_polygons_of_whole_pixels(level: str) -> None:
    for x, y, width, height in ((2, 3, 4, 5), (0, 0, 12, 10), (11, 9, 1, 1), (-3, -2, 6, 7), (9, 5, 20, 20)):
        expected = np.zeros((10, 12), bool)
        expected[max(y, 0) : y + height, max(x, 0) : x + width] = True
        corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
        forms: list[Any] = [corners, corners[::-1], corners.ravel().tolist(), tuple(corners.ravel() * 1.0)]
        for form in forms:
            np.testing.assert_array_equal(imgproc.polygons_to_mask([form], (10, 12)), expected)
        halves = [corners[:3], corners[[0, 2, 3]]]
        np.testing.assert_array_equal(imgproc.polygons_to_mask(halves, (10, 12)), expected)
    assert not imgproc.polygons_to_mask([[50, 50, 60, 50, 60, 60]], (10, 12)).any()


@settings(max_examples=80, deadline=None)
@given(stn.arrays(bool, stn.array_shapes(min_dims=2, max_dims=2, max_side=14)))
def test_outlines_fill_the_mask_again(mask: Any) -> None:
    """Parts that touch at corners, holes, and parts in holes; one polygon for each part, of turns alone."""
    polygons = imgproc.mask_to_polygons(mask)
    assert len(polygons) == imgproc.connected_components(mask, 4).count
    if polygons:
        np.testing.assert_array_equal(imgproc.polygons_to_mask(polygons, mask.shape), mask)
    turned = np.asfortranarray(mask)
    turned.flags.writeable = False
    assert [p.tolist() for p in imgproc.mask_to_polygons(turned)] == [p.tolist() for p in polygons]


def test_outlines_of_wide_masks_are_those_of_their_pieces(rng: np.random.Generator) -> None:
    """Words of eight corners are passed over at once: shapes at every place of one, with bytes other than 1."""
    for width in (7, 8, 9, 15, 16, 17, 40):
        for x in range(width):
            mask = np.zeros((5, width), np.uint8)
            mask[1:3, x : x + 2] = rng.integers(1, 256)
            mask[4, max(x - 1, 0)] = 2
            end = min(x + 2, width)
            polygons = [p.tolist() for p in imgproc.mask_to_polygons(mask.view(bool))]
            square = [[x, 1], [end, 1], [end, 3], [x, 3]]
            low = max(x - 1, 0)
            assert polygons == [square, [[low, 4], [low + 1, 4], [low + 1, 5], [low, 5]]]


def test_outlines_of_known_shapes() -> None:
    ring = np.ones((5, 6), bool)
    ring[2, 2:4] = False
    (polygon,) = imgproc.mask_to_polygons(ring)
    assert polygon.dtype == np.int64
    outer, hole = [[0, 0], [6, 0], [6, 5], [0, 5]], [[2, 3], [4, 3], [4, 2], [2, 2]]
    assert polygon.tolist() == [*outer, [0, 0], *hole, [2, 3]]
    corner = np.eye(2, dtype=bool)
    squares = [[[x, x], [x + 1, x], [x + 1, x + 1], [x, x + 1]] for x in (0, 1)]
    assert [part.tolist() for part in imgproc.mask_to_polygons(corner)] == squares
    assert imgproc.mask_to_polygons(np.zeros((3, 3), bool)) == []
    for bad in (ring.tolist(), ring.astype(np.uint8), ring[0], ring[None], ring[:0], None, np.ma.array(ring)):
        with pytest.raises((TypeError, ValueError), match=r"^mask_to_polygons: mask must be .*, got "):
            imgproc.mask_to_polygons(bad)
    check_documentation(imgproc.operations("masks")["mask_to_polygons"])


SIZES: list[Any] = [None, 3, [4], [4, 5, 6], [4, -5], [4.0, 5], [True, 5], "45", [2**32, 1], [2**31, 2**31]]
COUNTS: list[Any] = [
    "a\0",
    "é",
    "4",
    [20, 1],
    [21],
    [-1, 21],
    [2**70],
    [1.0],
    "4210\x7f",
    7,
    None,
    "P",
    [[20]],
]


def test_refusals() -> None:
    good = np.zeros((2, 4, 5), bool)
    code = imgproc.encode_rle(good[0])
    for bad in (good.tolist(), good.astype(np.uint8), good[0, 0], good[None], None, np.ma.masked_array(good)):
        with pytest.raises((TypeError, ValueError), match=r"^encode_rle: masks must be .*, got "):
            imgproc.encode_rle(bad)
    for bad in (None, 3, "20", {4, 5}, good):
        with pytest.raises(TypeError, match=r"^decode_rle: rle must be a dict .*, got "):
            imgproc.decode_rle(bad)
    for bad in ([3], [None], [code, "20"]):
        with pytest.raises(ValueError, match=r"^decode_rle: rle\[\d\] must be a dict .*, got "):
            imgproc.decode_rle(bad)
    for bad in ({}, {"size": [4, 5]}, {"counts": "d0"}, *({"size": s, "counts": "d0"} for s in SIZES)):
        with pytest.raises(ValueError, match=r'^decode_rle: rle\["(size|counts)"\] must be .*, got '):
            imgproc.decode_rle(bad)
    for counts in COUNTS:
        with pytest.raises(ValueError, match=r'^decode_rle: rle\[1\]\["counts"\] must be .*, got '):
            imgproc.decode_rle([code, {"size": [4, 5], "counts": counts}])
    with pytest.raises(
        ValueError, match=r'^decode_rle: rle\[1\]\["size"\] must be \[4, 5\], as that of the first'
    ):
        imgproc.decode_rle([code, imgproc.encode_rle(good[0].T)])
    polygon = [0, 0, 3, 0, 3, 3]
    for bad in (None, 3, "polygon", np.zeros((1, 6))):
        with pytest.raises(TypeError, match=r"^polygons_to_mask: polygons must be a list of polygons, got "):
            imgproc.polygons_to_mask(bad, (4, 5))
    for bad in ([], [[]], [polygon[:4]], [[*polygon, 1]], [[[1], 2]], [[*polygon[:5], np.nan]], [[1e7] * 6]):
        with pytest.raises(ValueError, match=r"^polygons_to_mask: polygons\S* must be .*, got "):
            imgproc.polygons_to_mask(bad, (4, 5))
    calls = {
        "encode_rle": lambda **options: imgproc.encode_rle(good, **options),
        "decode_rle": lambda **options: imgproc.decode_rle(code, **options),
        "polygons_to_mask": lambda **options: imgproc.polygons_to_mask([polygon], **options),
    }
    for function, call in calls.items():
        op = imgproc.operations("masks")[function]
        check_documentation(op)
        for name, parameter in op.parameters.items():
            for value in parameter.constraint.wrong_values():
                with pytest.raises(
                    (TypeError, ValueError), match=rf"^{function}: {name}\S* must be .*, got "
                ):
                    call(**{name: value})
    check_documentation(imgproc.operations("masks")["unpack_masks"])


def test_random_texts_never_crash(rng: np.random.Generator) -> None:
    """Characters that stand for bits, in any order: a mask of that size, or a sentence."""
    decoded = 0
    for _ in range(3000):
        text = bytes(rng.integers(48, 112, rng.integers(0, 12)).astype(np.uint8)).decode()
        try:
            mask = imgproc.decode_rle({"size": [3, 3], "counts": text})
        except ValueError as error:
            assert str(error).startswith('decode_rle: rle["counts"] must be ')
        else:
            decoded += 1
            assert mask.shape == (3, 3)
    assert decoded > 0
