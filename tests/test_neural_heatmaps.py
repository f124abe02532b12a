"""Heat maps: peaks, CenterNet and keypoints, against slow twins, goldens of torchvision, laws, bad input."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_heatmaps as reference

from imgproc import Detections
from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_centernet,
    decode_keypoint_head,
    heatmap_peaks,
    heatmaps_to_keypoints,
)

GOLDENS = Path(__file__).parent / "goldens" / "torchvision_keypoints.npz"


def rows_of(found: Any) -> list[tuple[int, int, int]]:
    return list(zip(found.labels.tolist(), found.rows.tolist(), found.columns.tolist(), strict=True))


@pytest.mark.parametrize("width", [1, 2, 7, 15, 16, 17, 33, 63, 64, 65, 97, 130])
def test_peaks_equal_twin(width: int, level: str, threads: int, rng: np.random.Generator) -> None:
    """Few different values, so that plateaus and ties abound."""
    for height, top_k in ((1, 5), (5, 40), (4, 1)):
        maps = rng.integers(-5, 6, (2, 3, height, width)).astype(np.float32)
        maps[1] = rng.standard_normal(maps[1].shape, np.float32)
        for image, found in zip(maps, heatmap_peaks(maps, top_k=top_k), strict=True):
            twin = reference.peaks(image, top_k)
            assert rows_of(found) == [tuple(place) for _, *place in twin]
            np.testing.assert_allclose(found.scores, [reference.sigmoid(one[0]) for one in twin], rtol=1e-7)
        for image, found in zip(maps, heatmap_peaks(maps, top_k=top_k, sigmoid=False), strict=True):
            twin = [one for one in reference.peaks(image, top_k) if one[0] > 0]
            assert rows_of(found) == [tuple(place) for _, *place in twin]
            assert found.scores.tolist() == [one[0] for one in twin]


def test_order_of_rising_and_falling_maps(level: str) -> None:
    """A map in which each peak is better than all before, and one in which it is worse."""
    maps = np.zeros((2, 1, 64, 64), np.float32)
    maps[0, 0, ::2, ::2] = np.arange(1, 1025).reshape(32, 32) / 2048
    maps[1, 0, ::2, ::2] = np.arange(1024, 0, -1).reshape(32, 32) / 2048
    up, down = heatmap_peaks(maps, top_k=7, sigmoid=False)
    assert (up.scores == np.arange(1024, 1017, -1) / 2048).all() and (down.scores == up.scores).all()
    assert rows_of(down)[:2] == [(0, 0, 0), (0, 0, 2)] and rows_of(up)[0] == (0, 62, 62)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_the_threshold_cuts_where_the_scores_say(seed: int, threshold: float) -> None:
    maps = np.random.default_rng(seed).normal(0, 6, (1, 2, 6, 7)).astype(np.float32)
    every = heatmap_peaks(maps, top_k=84)[0]
    some = heatmap_peaks(maps, top_k=84, score_threshold=threshold)[0]
    kept = every.scores > np.float32(threshold)
    assert rows_of(some) == [row for row, keep in zip(rows_of(every), kept, strict=True) if keep]
    at = float(every.scores[len(every) // 2])  # a score is not above itself
    assert len(heatmap_peaks(maps, top_k=84, score_threshold=at)[0]) == (every.scores > np.float32(at)).sum()


def test_saturated_logits_stay_apart(level: str) -> None:
    """Where the sigmoid is 1 in float32, max pooling after it makes peaks of both; the logits know better."""
    maps = np.full((1, 1, 3, 4), -50, np.float32)
    maps[0, 0, 1, 1:3] = 40, 41
    found = heatmap_peaks(maps, top_k=3, score_threshold=0.5)[0]
    assert rows_of(found) == [(0, 1, 2)] and found.scores[0] == 1


def test_layouts_and_nothing(rng: np.random.Generator) -> None:
    maps = rng.standard_normal((2, 3, 9, 20), np.float32)
    expected = [rows_of(found) for found in heatmap_peaks(maps)]
    frozen = unaligned(maps)
    frozen.flags.writeable = False
    for other in (frozen, maps[::-1, :, ::-1][::-1, :, ::-1], np.asfortranarray(maps)):
        assert [rows_of(found) for found in heatmap_peaks(other)] == expected
    assert heatmap_peaks(maps[:0]) == []
    assert [len(found) for found in heatmap_peaks(maps[:, :0])] == [0, 0]
    assert [len(found) for found in heatmap_peaks(maps[:, :, :, :0])] == [0, 0]


def heads(rng: np.random.Generator, count: int = 2, names: Any = ("heatmap", "offset", "size")) -> Any:
    shape = (count, 2, 16, 20)
    arrays = (
        rng.normal(-3, 2, (count, 3, 16, 20)),
        rng.random(shape),
        rng.normal(3, 3, shape),
    )
    return dict(zip(names, (array.astype(np.float32) for array in arrays), strict=True))


def test_centernet_boxes_from_the_formula(rng: np.random.Generator) -> None:
    """On an input of 64 x 80 pixels that shows an image of 100 x 200 at two fifths, 12 pixels from the top."""
    outputs = heads(rng)
    geometry = Geometry((100, 200), (64, 80), (0.4, 0.4), (12.0, 0.0))
    for image, found in enumerate(decode_centernet(outputs, geometry, top_k=30, score_threshold=0.2)):
        twin = [
            one for one in reference.peaks(outputs["heatmap"][image], 30) if reference.sigmoid(one[0]) > 0.2
        ]
        assert len(found) == len(twin) > 3
        for box, score, label, (value, c, y, x) in zip(
            found.boxes, found.scores, found.labels, twin, strict=True
        ):
            (ox, oy), (w, h) = (outputs[name][image, :, y, x].tolist() for name in ("offset", "size"))
            cx, cy, w, h = 4 * (x + ox), 4 * (y + oy), 4 * max(w, 0), 4 * max(h, 0)
            expected = [cx - w / 2, cy - h / 2 - 12, cx + w / 2, cy + h / 2 - 12]
            expected = np.clip(np.array(expected) / 0.4, 0, [200, 100, 200, 100])
            np.testing.assert_allclose(box, expected, atol=1e-4)
            assert label == c and abs(score - reference.sigmoid(value)) < 1e-6


def test_centernet_names_scores_and_geometries(rng: np.random.Generator) -> None:
    outputs = heads(rng)
    whole = Geometry.stretched((64, 80), (64, 80))
    expected = decode_centernet(outputs, [whole, whole])
    short = dict(zip(("hm", "reg", "wh"), outputs.values(), strict=True))
    assert decode_centernet(short, whole) == expected
    other = {"a": outputs["heatmap"].astype(np.float64), "offset": outputs["offset"], "size": outputs["size"]}
    assert decode_centernet(other, whole, keys={"heatmap": "a"}) == expected
    scores = outputs | {"heatmap": 1 / (1 + np.exp(-outputs["heatmap"]))}
    for own, theirs in zip(decode_centernet(scores, whole, sigmoid=False), expected, strict=True):
        np.testing.assert_array_equal(own.boxes, theirs.boxes)
        np.testing.assert_allclose(own.scores, theirs.scores, rtol=1e-6)
    assert decode_centernet(heads(rng, 0), whole) == []


@pytest.mark.parametrize("number", range(3))
def test_keypoints_of_torchvision(number: int) -> None:
    with np.load(GOLDENS) as golden:
        maps, boxes, expected = (golden[f"{name}_{number}"] for name in ("maps", "boxes", "found"))
    found = heatmaps_to_keypoints(maps.astype(np.float32), boxes)
    np.testing.assert_array_equal(found[:, :, :2], expected[:, :, :2])
    np.testing.assert_allclose(found[:, :, 2], expected[:, :, 2], rtol=0, atol=127 * 1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 4)])
def test_keypoints_equal_twin(shape: tuple[int, int], threads: int, rng: np.random.Generator) -> None:
    """Noise, where most cells must be looked at; boxes smaller and larger than the map."""
    maps = rng.standard_normal((4, 2, *shape), np.float32)
    corner, side = rng.uniform(-5, 50, (4, 2)), np.exp(rng.uniform(-1, 2.5, (4, 2)))
    boxes = np.concatenate([corner, corner + side], axis=1)
    for planes, box, own in zip(
        maps, boxes.astype(np.float32), heatmaps_to_keypoints(maps, boxes), strict=True
    ):
        for plane, point in zip(planes, own, strict=True):
            x, y, value, apart = reference.keypoint(plane, box)
            assert abs(point[2] - value) < 1e-5
            if apart > 1e-5:
                np.testing.assert_allclose(point[:2], (x, y), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_pixel_of_the_enlarged_map_is_greater(seed: int) -> None:
    """The bound that passes over cells never passes over the best."""
    rng = np.random.default_rng(seed)
    maps = (rng.standard_normal((1, 1, 4, 5)) * 10.0 ** rng.integers(-3, 4)).astype(np.float32)
    maps[rng.random(maps.shape) < 0.3] *= -5
    whole = reference.enlarged(maps[0, 0], (23, 31))
    found = heatmaps_to_keypoints(maps, np.array([[0.0, 0, 31, 23]]))[0, 0]
    assert abs(found[2] - whole.max()) <= 1e-5 * np.abs(maps).max()


def test_keypoints_of_nothing_and_flat_maps() -> None:
    assert heatmaps_to_keypoints(np.zeros((0, 17, 56, 56), np.float32), np.zeros((0, 4))).shape == (0, 17, 3)
    assert heatmaps_to_keypoints(np.zeros((2, 0, 5, 5), np.float32), np.zeros((2, 4))).shape == (2, 0, 3)
    flat = heatmaps_to_keypoints(np.zeros((1, 1, 5, 5), np.float32), np.array([[3.0, 4, 13, 24]]))
    assert flat.tolist() == [[[3.5, 4.5, 0.0]]]


def test_keypoint_heads_of_several_images(rng: np.random.Generator) -> None:
    """In pixels of the input, where torchvision's head looks, and then in those of each image, mirrored in the last."""
    maps = rng.standard_normal((5, 3, 7, 6), np.float32)
    places = (
        Geometry((40, 60), (80, 120), (2.0, 2.0)),
        Geometry((10, 10), (80, 120), (4.0, 4.0), (8.0, 3.0)),
        Geometry((80, 120), (80, 120), flip=True),
    )
    parts = []
    for count in (2, 0, 3):
        corner = rng.uniform(0, 30, (count, 2))
        corners = np.concatenate([corner, corner + rng.uniform(1, 30, (count, 2))], axis=1)
        parts.append(Detections(corners, rng.random(count), np.arange(count)))
    made = decode_keypoint_head({"keypoints": maps}, parts, places)
    rows = iter(maps)
    for part, own, geometry in zip(parts, made, places, strict=True):
        assert own.keypoints.shape == (len(part), 3, 3)
        assert Detections(own.boxes, own.scores, own.labels, own.counts) == part
        for box, points in zip(part.boxes, own.keypoints, strict=True):
            inside = heatmaps_to_keypoints(next(rows)[None], geometry.boxes_to_input(box[None]))[0]
            np.testing.assert_array_equal(points[:, 2], inside[:, 2])
            np.testing.assert_allclose(
                points[:, :2], geometry.points_to_image(inside[:, :2]), rtol=1e-6, atol=1e-5
            )
    assert decode_keypoint_head({"keypoint_logits": maps[:0]}, [], []) == []


MAPS, BOX = np.zeros((1, 2, 4, 4), np.float32), np.array([[0.0, 0, 9, 9]])
HEADS = {"heatmap": MAPS, "offset": MAPS, "size": MAPS}
WHOLE = Geometry.stretched((16, 16), (16, 16))
FOUND = Detections(BOX)


@pytest.mark.parametrize(
    ("function", "args", "options", "error", "sentence"),
    [
        (
            decode_keypoint_head,
            ({"keypoints": MAPS}, [], []),
            {},
            OutputMismatch,
            "decode_keypoint_head: keypoints must",
        ),
        (
            decode_keypoint_head,
            ({}, [FOUND], WHOLE),
            {},
            OutputMismatch,
            "decode_keypoint_head: keypoints must be among",
        ),
        (
            decode_keypoint_head,
            ({"keypoints": MAPS[:, :, :0]}, [FOUND], WHOLE),
            {},
            OutputMismatch,
            "decode_keypoint_h",
        ),
        (
            decode_keypoint_head,
            ({"keypoints": MAPS}, FOUND, WHOLE),
            {},
            TypeError,
            "decode_keypoint_head: detections mu",
        ),
        (
            decode_keypoint_head,
            ({"keypoints": MAPS}, [FOUND], None),
            {},
            TypeError,
            "decode_keypoint_head: geometries m",
        ),
        (
            heatmap_peaks,
            ([[1]],),
            {},
            TypeError,
            "heatmap_peaks: heatmaps must be a float32 array of shape (N, C,",
        ),
        (
            heatmap_peaks,
            (MAPS.astype(float),),
            {},
            TypeError,
            "heatmap_peaks: heatmaps must be of dtype float32",
        ),
        (heatmap_peaks, (MAPS[0],), {}, ValueError, "heatmap_peaks: heatmaps must be of shape (N, C, H, W)"),
        (heatmap_peaks, (MAPS + np.nan,), {}, ValueError, "heatmap_peaks: heatmaps must be finite"),
        (heatmap_peaks, (MAPS - np.inf,), {}, ValueError, "heatmap_peaks: heatmaps must be finite"),
        (heatmap_peaks, (MAPS,), {"top_k": 0}, ValueError, "heatmap_peaks: top_k must be an integer >= 1"),
        (
            heatmap_peaks,
            (MAPS,),
            {"score_threshold": 2},
            ValueError,
            "heatmap_peaks: score_threshold must be",
        ),
        (heatmap_peaks, (MAPS,), {"sigmoid": 1}, TypeError, "heatmap_peaks: sigmoid must be True or False"),
        (decode_centernet, (MAPS, WHOLE), {}, TypeError, "decode_centernet: outputs must be a mapping"),
        (
            decode_centernet,
            ({"size": MAPS}, WHOLE),
            {},
            OutputMismatch,
            "decode_centernet: heatmap must be among the",
        ),
        (
            decode_centernet,
            (HEADS | {"size": MAPS[:, :1]}, WHOLE),
            {},
            OutputMismatch,
            "decode_centernet: size must be",
        ),
        (
            decode_centernet,
            (HEADS | {"offset": MAPS[..., :3]}, WHOLE),
            {},
            OutputMismatch,
            "decode_centernet: offset",
        ),
        (
            decode_centernet,
            (HEADS | {"offset": MAPS + np.inf}, WHOLE),
            {},
            OutputMismatch,
            "decode_centernet: offset",
        ),
        (
            decode_centernet,
            (HEADS, [WHOLE] * 2),
            {},
            ValueError,
            "decode_centernet: geometries must be a Geometry",
        ),
        (decode_centernet, (HEADS, None), {}, TypeError, "decode_centernet: geometries must be a Geometry"),
        (
            heatmaps_to_keypoints,
            (MAPS[0], BOX),
            {},
            ValueError,
            "heatmaps_to_keypoints: heatmaps must be of shape",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS[:, :, :0], BOX),
            {},
            ValueError,
            "heatmaps_to_keypoints: heatmaps must be of sh",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS + np.nan, BOX),
            {},
            ValueError,
            "heatmaps_to_keypoints: heatmaps must be finite",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS, BOX[:0]),
            {},
            ValueError,
            "heatmaps_to_keypoints: boxes must be of shape (1, 4)",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS, BOX * 1e4),
            {},
            ValueError,
            "heatmaps_to_keypoints: boxes must be less than",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS, BOX * 1e300),
            {},
            ValueError,
            "heatmaps_to_keypoints: boxes must be less than",
        ),
        (
            heatmaps_to_keypoints,
            (MAPS, -BOX),
            {},
            ValueError,
            "heatmaps_to_keypoints: boxes must be x1, y1, x2, y2",
        ),
    ],
)
def test_what_is_refused(
    function: Any, args: Any, options: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "function", [heatmap_peaks, decode_centernet, heatmaps_to_keypoints, decode_keypoint_head]
)
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    check_documentation(SimpleNamespace(function=function, name=function.__name__, arguments=names))  # type: ignore[arg-type]
