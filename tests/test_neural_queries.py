"""Decoders of queries: against their slow twins, their laws, and known faults of others."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from query_scenes import scene
from reference import neural_queries as reference

import imgproc
from imgproc._ext import query_masks as kernels
from imgproc.neural import (
    Geometry,
    decode_detr,
    decode_query_instances,
    decode_query_panoptic,
    decode_query_semantic,
)
from imgproc.neural.decode import sampling

MASK_DECODERS = (decode_query_panoptic, decode_query_semantic, decode_query_instances)

GEOMETRIES = {
    "stretched": Geometry.stretched((23, 37), (32, 32)),
    "same": Geometry.stretched((8, 12), (8, 12)),
    "letterbox": Geometry((20, 40), (32, 32), (0.8, 0.8), (8.0, 0.0)),
    "crop": Geometry((40, 40), (32, 32), (1.0, 1.0), (-4.0, -4.0)),
    "flip": Geometry((16, 33), (32, 32), (2.0, 32 / 33), flip=True),
    "smaller": Geometry.stretched((3, 5), (32, 32)),
    "large": Geometry.stretched((40, 97), (32, 32)),
}


def arrays(outputs: dict[str, Any]) -> tuple[Any, Any]:
    return outputs["class_queries_logits"][0], outputs["masks_queries_logits"][0]


SHAPES = ((8, 8), (5, 17), (1, 1), (16, 3))
THRESHOLDS = (0.5, 0.3, 0.7, 0.5)


@cache
def panoptic_case(name: str, number: int) -> Any:
    """Outputs, options and what the twin makes of them."""
    outputs = scene(np.random.default_rng(number), (7, 3, 2, 1)[number], 4, SHAPES[number])
    options = {"score_threshold": 0.4, "mask_threshold": THRESHOLDS[number], "overlap_threshold": 0.3}
    return outputs, options, reference.panoptic(*arrays(outputs), GEOMETRIES[name], {0, 2}, *options.values())


@cache
def semantic_case(name: str, number: int) -> Any:
    outputs = scene(
        np.random.default_rng(number), (7, 3, 2, 1)[number], (4, 40, 3, 1)[number], SHAPES[number]
    )
    return outputs, reference.semantic(*arrays(outputs), GEOMETRIES[name])


@cache
def instances_case(name: str, number: int) -> Any:
    outputs = scene(np.random.default_rng(number), 5, 3, SHAPES[number])
    return outputs, reference.instances(*arrays(outputs), GEOMETRIES[name], 9, THRESHOLDS[number])


@pytest.mark.parametrize("name", GEOMETRIES)
def test_panoptic_twin(name: str, level: str, threads: int) -> None:
    for number in range(4):
        outputs, options, (ids, segments, doubtful) = panoptic_case(name, number)
        found = decode_query_panoptic(outputs, GEOMETRIES[name], stuff_labels={0, 2}, **options)[0]
        assert found.ids.dtype == np.int32 and doubtful.mean() < 0.01
        np.testing.assert_array_equal(found.ids[~doubtful], ids[~doubtful])
        assert len(found.segments) == len(segments)
        for own, row in zip(found.segments, segments, strict=True):
            assert (own.id, own.label, own.is_thing, own.index) == (row[0], row[1], row[3], row[5])
            assert own.score == pytest.approx(row[4], abs=1e-9) and abs(own.area - row[2]) <= doubtful.sum()
            assert own.area == (found.ids == own.id).sum()


@pytest.mark.parametrize("name", GEOMETRIES)
def test_semantic_twin(name: str, level: str, threads: int) -> None:
    for number in range(4):
        outputs, (expected, doubtful) = semantic_case(name, number)
        labels = decode_query_semantic(outputs, GEOMETRIES[name])[0]
        assert labels.dtype == np.int32 and doubtful.mean() < 0.01
        np.testing.assert_array_equal(labels[~doubtful], expected[~doubtful])


@pytest.mark.parametrize("first", [0.0012, 0.5])
def test_many_small_chances_add_up(first: float, level: str) -> None:
    """Class 1 has a little more than class 0, in parts that would not matter one by one."""
    parts = 10 if first < 0.1 else 100
    chances = np.full((parts + 2, 3), 1e-9)
    chances[0, 0], chances[1, 1] = first, 0.998 * first
    chances[2:, 1] = 0.004 * first / parts
    chances[:, 2] = 1 - chances[:, :2].sum(axis=1)
    masks = np.random.default_rng(4).uniform(7, 9, (len(chances), 3, 4))
    masks[2:] += 3
    outputs = {"logits": np.log(chances)[None], "pred_masks": masks[None]}
    assert (decode_query_semantic(outputs, Geometry.stretched((9, 10), (8, 8)))[0] == 1).mean() > 0.9
    chances[0], chances[1] = [0.7 * first, 1e-9, 1 - 0.7 * first], [1e-9, 1e-9, 1.0]
    chances[2:, 1] = first / parts
    chances[2:, 2] = 1 - chances[2:, :2].sum(axis=1)
    outputs["logits"] = np.log(chances)[None]
    assert (decode_query_semantic(outputs, Geometry.stretched((9, 10), (8, 8)))[0] == 1).all()


@pytest.mark.parametrize("name", GEOMETRIES)
def test_instances_twin(name: str, level: str, threads: int) -> None:
    for number in range(4):
        outputs, expected = instances_case(name, number)
        found = decode_query_instances(
            outputs, GEOMETRIES[name], mask_threshold=THRESHOLDS[number], max_output=9
        )[0]
        assert len(found) == len(expected) and isinstance(found.masks, imgproc.PackedMasks)
        masks = imgproc.unpack_masks(found.masks)
        for at, (score, _, label, mask) in enumerate(expected):
            assert found.scores[at] == pytest.approx(score, rel=2e-3) and found.labels[at] == label
            assert (masks[at] != mask).sum() <= mask.size // 500
            rows, columns = np.flatnonzero(masks[at].any(axis=1)), np.flatnonzero(masks[at].any(axis=0))
            np.testing.assert_array_equal(
                found.boxes[at], [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            )


@pytest.mark.parametrize("decoder", MASK_DECODERS)
def test_levels_give_the_same_bits(decoder: Any, rng: np.random.Generator) -> None:
    outputs, results = scene(rng, 20, 9, (24, 31), 4.0), []
    before = imgproc.get_cpu_level()
    for level in imgproc.cpu_levels():
        imgproc.set_cpu_level(level)
        results.append(decoder(outputs, Geometry.stretched((61, 97), (96, 96)), keys={})[0])
    imgproc.set_cpu_level(before)
    for result in results[1:]:
        for name in ("ids", "segments", "scores", "boxes", "masks"):
            if hasattr(result, name):
                one, other = getattr(result, name), getattr(results[0], name)
                assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
        if isinstance(result, np.ndarray):
            np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("decoder", MASK_DECODERS)
@pytest.mark.parametrize("semantics", ["paper", "transformers"])
def test_resampled_in_parts(
    decoder: Any, semantics: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """Masks resized before are those of twins of their resized logits, however many rows are resized at a time."""
    outputs, geometry = scene(rng, 6, 3, (6, 9), 1.0), Geometry.stretched((45, 50), (64, 64))
    whole = decoder(outputs, geometry, resample_to=(20, 22), semantics=semantics)[0]
    monkeypatch.setattr("imgproc.neural.decode.query_masks._PART_BYTES", 1)
    parts = decoder(outputs, geometry, resample_to=(20, 22), semantics=semantics)[0]
    large = reference.resized(outputs["masks_queries_logits"][0].astype(np.float64), (20, 22))
    before = decoder(
        outputs | {"masks_queries_logits": large.astype(np.float32)[None]}, geometry, semantics=semantics
    )[0]
    for found in (whole, parts):
        if decoder is decode_query_panoptic:
            assert (found.ids != before.ids).mean() < 0.01 and len(found.segments) == len(before.segments)
        elif decoder is decode_query_semantic:
            assert (found != before).mean() < 0.01
        else:
            np.testing.assert_allclose(found.scores, before.scores, rtol=1e-2)


def test_runs_are_cut_to_what_kernels_take() -> None:
    assert sampling._LONGEST[0] * sampling._LONGEST[1] <= kernels.MOST_PIXELS
    down, across = sampling.sampling(Geometry.stretched((500, 900), (9, 9)), (2, 3))
    assert (np.diff(down.runs[:, 1:]) <= 16).all() and (np.diff(across.runs[:, 1:]) <= 64).all()
    assert down.covers_all and across.covers_all


def test_image_beside_the_input() -> None:
    outputs = scene(np.random.default_rng(1), 4, 2, (4, 4))
    geometry = Geometry((5, 6), (8, 8), (1.0, 1.0), (0.0, -100.0))
    assert not decode_query_panoptic(outputs, geometry, score_threshold=0)[0].ids.any()
    assert (decode_query_semantic(outputs, geometry)[0] == -1).all()
    assert len(decode_query_instances(outputs, geometry)[0]) == 0


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", ["stretched", "letterbox", "crop", "flip"])
def test_detr_twin(scores: str, name: str, rng: np.random.Generator) -> None:
    geometry = GEOMETRIES[name]
    logits = rng.normal(0, 3, (2, 30, 6)).astype(np.float32)
    boxes = rng.uniform(0, 1, (2, 30, 4)).astype(np.float32)
    for threshold, most in ((0.5, None), (0.0, 10), (0.9, 200), (1.0, None)):
        found = decode_detr(
            {"logits": logits, "pred_boxes": boxes},
            geometry,
            scores=scores,
            score_threshold=threshold,
            max_output=most,
        )
        for i in range(2):
            rows = reference.detr(logits[i], boxes[i], geometry, scores, threshold, most)
            assert found[i].labels.tolist() == [row[1] for row in rows]
            np.testing.assert_allclose(found[i].scores, [row[0] for row in rows], rtol=1e-6)
            np.testing.assert_allclose(
                found[i].boxes, np.reshape([row[2:] for row in rows], (-1, 4)), rtol=1e-6, atol=1e-5
            )


def test_saturated_logits_keep_their_order() -> None:
    logits = np.array([[[20.0, 40], [30, -5]]], np.float32)
    outputs = {"logits": logits, "pred_boxes": np.full((1, 2, 4), 0.5, np.float32)}
    found = decode_detr(outputs, Geometry.stretched((4, 4), (4, 4)), scores="sigmoid", max_output=2)[0]
    assert found.labels.tolist() == [1, 0] and found.scores.tolist() == [1.0, 1.0]


# Faults of others, named by what they do.


def colliding() -> dict[str, Any]:
    """Four queries of a column each: thing, stuff, thing, the same stuff, thing."""
    classes = np.full((1, 5, 4), -9.0, np.float32)
    classes[0, range(5), [0, 2, 1, 2, 1]] = 9
    masks = np.full((1, 5, 2, 5), -9.0, np.float32)
    for query in range(5):
        masks[0, query, :, query] = 9
    return {"class_queries_logits": classes, "masks_queries_logits": masks}


def test_segment_ids_do_not_collide_after_fused_stuff() -> None:
    outputs, geometry = colliding(), Geometry.stretched((2, 5), (2, 5))
    found = decode_query_panoptic(outputs, geometry, stuff_labels=[2])[0]
    assert found.ids[0].tolist() == [1, 2, 3, 2, 4]
    assert found.classes == {1: 0, 2: 2, 3: 1, 4: 1}
    theirs = decode_query_panoptic(outputs, geometry, stuff_labels=[2], semantics="transformers")[0]
    assert theirs.ids[0].tolist() == [1, 2, 3, 2, 3]


def test_mask_threshold_is_not_of_weighted_probabilities() -> None:
    """A score of .6 and a mask of .8 everywhere: the mask is there."""
    classes = np.log(np.array([[[0.6, 0.2, 0.2]]], np.float32))
    masks = np.full((1, 1, 3, 3), np.log(4), np.float32)
    outputs, geometry = {"logits": classes, "pred_masks": masks}, Geometry.stretched((6, 6), (3, 3))
    assert (decode_query_panoptic(outputs, geometry, score_threshold=0.5)[0].ids == 1).all()
    theirs = decode_query_panoptic(outputs, geometry, score_threshold=0.5, semantics="transformers")[0]
    assert not theirs.ids.any()


def test_nothing_found_is_void_and_int32() -> None:
    outputs = scene(np.random.default_rng(2), 5, 3, (4, 4))
    found = decode_query_panoptic(outputs, GEOMETRIES["same"], score_threshold=1.0)[0]
    assert found.ids.dtype == np.int32 and not found.ids.any() and found.segments == ()
    theirs = decode_query_panoptic(outputs, GEOMETRIES["same"], score_threshold=1.0, semantics="transformers")
    assert theirs[0].ids.dtype == np.int32 and (theirs[0].ids == -1).all()


def test_softmax_is_not_taken_over_the_batch(rng: np.random.Generator) -> None:
    logits, boxes = rng.normal(0, 3, (3, 5, 4)), rng.random((3, 5, 4))
    outputs = {"logits": logits, "pred_boxes": boxes}
    together = decode_detr(outputs, Geometry.stretched((9, 9), (9, 9)), score_threshold=0)
    for i in range(3):
        alone = {name: array[i : i + 1] for name, array in outputs.items()}
        assert decode_detr(alone, Geometry.stretched((9, 9), (9, 9)), score_threshold=0)[0] == together[i]


# What is handed in.


@pytest.mark.parametrize("decoder", MASK_DECODERS)
def test_empty_batches_queries_and_single_classes(decoder: Any, rng: np.random.Generator) -> None:
    geometry = Geometry.stretched((6, 7), (4, 4))
    outputs = scene(rng, 3, 1, (4, 4))
    assert len(decoder(outputs, geometry)) == 1
    assert decoder({name: array[:0] for name, array in outputs.items()}, geometry) == []
    found = decoder({name: array[:, :0] for name, array in outputs.items()}, geometry)[0]
    if decoder is decode_query_semantic:
        assert (found == -1).all()
    elif decoder is decode_query_panoptic:
        assert not found.ids.any()
    else:
        assert len(found) == 0 and found.masks.shape == (0, 6, 7)


@pytest.mark.parametrize("decoder", MASK_DECODERS)
def test_extreme_logits(decoder: Any, level: str) -> None:
    rng = np.random.default_rng(3)
    outputs = scene(rng, 6, 3, (5, 6))
    masks = outputs["masks_queries_logits"]
    masks[...] = rng.choice(np.float32([-3e38, -1e5, -1e-45, 0, 1e-45, 80, 3e38]), masks.shape)
    outputs["class_queries_logits"][0, 0] = [3e38, -3e38, 0, 0]
    result = decoder(outputs, Geometry.stretched((33, 34), (8, 8)))[0]
    assert result is not None


MEMORY = """
import resource
import numpy as np, imgproc
from imgproc import neural

imgproc.set_num_threads(2)
rng = np.random.default_rng(1)
waves = np.sin(np.arange(192, dtype=np.float32) * rng.uniform(0.01, 0.1, (50, 1)).astype(np.float32))
masks = np.empty((1, 50, 192, 192), np.float32)
np.multiply(waves[:, :, None], 6 * waves[:, None, :], out=masks[0])
classes = rng.standard_normal((1, 50, 151), np.float32)
classes[0, np.arange(50), np.arange(50)] += 12
outputs = {"class_queries_logits": classes, "masks_queries_logits": masks}
own = 0


def run(outputs, size, side):
    for name in ("panoptic", "semantic", "instances"):
        for semantics, resample_to in (("paper", None), ("transformers", (side, side))):
            decode = getattr(neural, "decode_query_" + name)
            geometry = neural.Geometry.stretched(size, (768, 768))
            yield decode(outputs, geometry, semantics=semantics, resample_to=resample_to)[0]


all(map(type, run({"logits": classes[:, :9], "pred_masks": masks[:, :9, :9, :9]}, (8, 8), 12)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for found in run(outputs, (1080, 1920), 384):
    array = getattr(found, "ids", found)
    own = max(own, array.nbytes if isinstance(array, np.ndarray) else found.masks.words.nbytes)
    del found, array
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) / 1024 - own / 2**20)
"""


@pytest.mark.heavy  # and a sanitizer keeps what was freed
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told in other units elsewhere")
def test_memory_beside_the_result() -> None:
    """Of all decoders and both rules; an array of all queries at the size of the image would be 415 MB."""
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(ran.stdout) < 64


def test_things_alone(rng: np.random.Generator) -> None:
    outputs, geometry = scene(rng, 8, 4, (8, 8)), GEOMETRIES["stretched"]
    found = decode_query_instances(outputs, geometry, thing_labels=[1, 3])[0]
    assert set(found.labels.tolist()) == {1, 3}
    everything = decode_query_instances(outputs, geometry)[0]
    assert found == everything[np.isin(everything.labels, [1, 3])]


def test_half_and_double_precision_and_strides(rng: np.random.Generator) -> None:
    outputs, geometry = scene(rng, 8, 4, (8, 8)), GEOMETRIES["stretched"]
    halves = {name: array.astype(np.float16) for name, array in outputs.items()}
    for decoder in MASK_DECODERS:
        expected = decoder({name: array.astype(np.float32) for name, array in halves.items()}, geometry)[0]
        for kind in (np.float16, np.float64, ">f4"):
            cast = {name: np.asfortranarray(array.astype(kind)) for name, array in halves.items()}
            found = decoder(cast, geometry)[0]
            if decoder is decode_query_panoptic:
                assert found.segments == expected.segments
            elif decoder is decode_query_semantic:
                np.testing.assert_array_equal(found, expected)
            else:
                assert found == expected
