"""Depth of one image: decoding through the geometry, flips, measures with and without a ground truth, refusals."""

from __future__ import annotations

import dataclasses
import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from reference import neural_depth as reference
from reference import stereo as stereo_reference

from imgproc.neural import (
    DepthMap,
    Geometry,
    OutputMismatch,
    align_scale_shift,
    decode_depth,
    decode_monodepth,
    depth_scores,
    left_right_difference,
    merge_flipped,
    monodepth_loss,
)
from imgproc.neural import depth_measures as measures
from imgproc.neural.decode import depth as decoding

GEOMETRIES = {
    "stretch": Geometry.stretched((11, 19), (32, 32)),
    "letterbox": Geometry((11, 19), (32, 32), (32 / 19, 32 / 19), (6.7, 0.0)),
    "middle crop": Geometry((11, 19), (8, 8), (8 / 11, 8 / 11), (0.0, -2.9)),
    "mirrored": Geometry((11, 19), (32, 32), (32 / 19, 32 / 19), (6.7, 0.0), flip=True),
    "shrunk": Geometry.stretched((11, 19), (4, 4)),
}


@pytest.mark.parametrize("resample", ["bicubic", "bilinear"])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_twin(name: str, resample: str, threads: int, rng: np.random.Generator) -> None:
    kernel = {"bicubic": reference.cubic, "bilinear": reference.linear}[resample]
    geometry = GEOMETRIES[name]
    for shape in ((8, 8), (1, 1), (3, 16)):
        predicted = rng.uniform(1, 9, (2, *shape)).astype(np.float32)
        found = decode_depth({"predicted_depth": predicted}, geometry, unit="relative", resample=resample)
        for one, values in zip(found, predicted, strict=True):
            expected = reference.over_image(values, geometry, kernel)
            np.testing.assert_allclose(one.depth, expected, rtol=0, atol=2e-5)
            np.testing.assert_array_equal(one.valid, ~np.isnan(expected))
            assert one.depth.dtype == np.float32 and one.unit == "relative" and one.shape == (11, 19)


def test_units(rng: np.random.Generator) -> None:
    predicted = np.array([[[2.0, -1, 0]]], np.float32)
    geometry = Geometry.stretched((1, 3), (1, 3))
    for unit in ("metric", "disparity"):
        (one,) = decode_depth({"depth": predicted}, geometry, unit=unit)
        np.testing.assert_array_equal(one.depth, [[2, np.nan, np.nan]])
        assert one.valid is not None and one.valid.tolist() == [[True, False, False]]
    (one,) = decode_depth({"depth": predicted[:, None]}, geometry, unit="relative")
    np.testing.assert_array_equal(one.depth, predicted[0])
    # A pixel of disparity in an input of half the image's width is two in the image.
    half = Geometry.stretched((1, 6), (1, 3))
    (one,) = decode_depth({"depth": np.full((1, 1, 3), 4, np.float32)}, half, unit="disparity")
    np.testing.assert_array_equal(one.depth, np.full((1, 6), 8))


def test_transformers_stretches(rng: np.random.Generator) -> None:
    predicted = rng.random((1, 6, 7)).astype(np.float32)
    letterbox = GEOMETRIES["letterbox"]
    stretch = Geometry.stretched(letterbox.image_shape, letterbox.input_shape)
    expected = decode_depth({"depth": predicted}, stretch)[0].depth
    found = decode_depth({"depth": predicted}, letterbox, semantics="transformers")[0].depth
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)
    assert not np.allclose(decode_depth({"depth": predicted}, letterbox)[0].depth, expected, atol=1e-2)


def test_the_mirrored_input_is_averaged(rng: np.random.Generator) -> None:
    own, mirrored = rng.random((2, 1, 5, 6), np.float32)
    geometry = GEOMETRIES["stretch"]
    found = decode_depth({"depth": own}, geometry, flipped={"depth": mirrored})[0].depth
    expected = decode_depth({"depth": (own + mirrored[..., ::-1]) / 2}, geometry)[0].depth
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(OutputMismatch, match=r"^decode_depth: predicted_depth must be of one shape for "):
        decode_depth({"depth": own}, geometry, flipped={"depth": mirrored[:, :-1]})


@pytest.mark.parametrize("ramp", [0.0, 0.05, 0.3])
def test_merge_flipped(ramp: float, rng: np.random.Generator) -> None:
    for shape in ((3, 41), (2, 1), (1, 2)):
        own, mirrored = rng.random((2, *shape), np.float32)
        found = merge_flipped(own, mirrored, ramp=ramp)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, reference.merged(own, mirrored, ramp), atol=1e-6)
    # A map and its own mirror image are the map.
    np.testing.assert_allclose(merge_flipped(own, own[:, ::-1], ramp=ramp), own, rtol=1e-6)


def test_monodepth(rng: np.random.Generator) -> None:
    raw, other = rng.normal(size=(2, 2, 2, 4, 8)).astype(np.float32)
    geometry = Geometry.stretched((11, 19), (16, 32))
    found = decode_monodepth({"disparities": raw}, geometry)
    for one, values in zip(found, raw, strict=True):
        fraction = 0.3 / (1 + np.exp(-values[0].astype(np.float64)))
        expected = reference.over_image(fraction, geometry, reference.linear) * 19
        np.testing.assert_allclose(one.depth, expected, rtol=1e-5)
        assert one.unit == "disparity"
    activated = (0.3 / (1 + np.exp(-raw))).astype(np.float32)
    again = decode_monodepth({"disp": activated[:, :1]}, geometry, activated=True)
    np.testing.assert_allclose(again[1].depth, found[1].depth, rtol=1e-5)
    metric = decode_monodepth({"disp": raw}, geometry, baseline=0.54, focal=721.0)
    np.testing.assert_allclose(metric[0].depth, 0.54 * 721 / found[0].depth, rtol=1e-5)
    assert metric[0].unit == "metric"
    both = decode_monodepth({"disp": raw}, geometry, flipped={"disp": other}, ramp=0.1)
    flat = [0.3 / (1 + np.exp(-values[0, 0].astype(np.float64))) for values in (raw, other)]
    expected = reference.over_image(reference.merged(*flat, 0.1), geometry, reference.linear) * 19
    np.testing.assert_allclose(both[0].depth, expected, rtol=1e-5)
    # A sigmoid that is 0 in float32 says nothing.
    nothing = decode_monodepth({"disp": np.full((1, 1, 2, 2), -200, np.float32)}, geometry)[0]
    assert nothing.valid is not None and not nothing.valid.any()


def test_left_right_difference(rng: np.random.Generator) -> None:
    left, right = (6 * rng.random((2, 7, 33)) - 1).astype(np.float32)
    left[2, 3] = right[4, 9] = np.nan
    found = left_right_difference(left, right)
    np.testing.assert_allclose(found, reference.left_right_difference(left, right), atol=1e-5)
    assert np.isnan(found[2, 3]) and np.isnan(found[:, 0]).any()


def test_monodepth_loss(rng: np.random.Generator) -> None:
    left, right = rng.random((2, 6, 17), np.float32)
    disparities = (3 * rng.random((2, 6, 17))).astype(np.float32)
    found = monodepth_loss(left, right, *disparities, ssim=0.6, smoothness=0.2, consistency=0.7)
    expected = np.zeros(3)
    mirrored = [array[:, ::-1] for array in (right, left, disparities[1], disparities[0])]
    for own, other, disparity, across in ((left, right, *disparities), mirrored):
        expected[0] += np.nanmean(stereo_reference.photometric_error(own, other, disparity, 0.6))
        expected[1] += reference.roughness(disparity / 17, own)
        expected[2] += np.nanmean(reference.left_right_difference(disparity, across)) / 17
    np.testing.assert_allclose(dataclasses.astuple(found)[:3], expected, rtol=1e-3)
    np.testing.assert_allclose(found.total, expected @ (1, 0.2, 0.7), rtol=1e-3)
    assert dataclasses.astuple(found)[1] == pytest.approx(expected[1], rel=1e-6)
    color = np.stack([left] * 3, axis=2), np.stack([right] * 3, axis=2)
    again = monodepth_loss(*color, *disparities, ssim=0.6, smoothness=0.2, consistency=0.7)
    np.testing.assert_allclose(dataclasses.astuple(again), dataclasses.astuple(found), rtol=1e-4)


def test_depth_scores(rng: np.random.Generator) -> None:
    truth, prediction = rng.uniform(-2, 90, (2, 9, 11)), rng.uniform(-2, 90, (9, 11))
    found = depth_scores(prediction, truth[0], minimum=0.5, maximum=80)
    expected = reference.scores(prediction, truth[0], 0.5, 80)
    np.testing.assert_allclose(dataclasses.astuple(found), expected, rtol=1e-12)
    valid = rng.random((9, 11)) < 0.5
    cut = depth_scores(prediction, truth[0], valid=valid, minimum=0.5)
    assert cut == depth_scores(prediction, np.where(valid, truth[0], np.nan), minimum=0.5)
    assert cut.count < found.count


def test_depth_scores_know_no_scale_if_asked() -> None:
    truth = np.linspace(1, 30, 24).reshape(4, 6)
    for scale in (0.01, 1, 700):
        scores = depth_scores(scale * truth, truth, median_scale=True)
        np.testing.assert_allclose(dataclasses.astuple(scores), (24, 0, 0, 0, 0, 1, 1, 1), atol=1e-12)
    missing = np.where(truth < 9, np.nan, truth)
    assert depth_scores(missing, truth, median_scale=True).count == 24
    assert depth_scores(np.full_like(truth, np.nan), truth, median_scale=True).abs_rel > 1
    assert depth_scores(missing, truth, maximum=None).delta3 < 1


def test_depth_scores_of_nothing() -> None:
    scores = depth_scores(np.ones((2, 2)), np.zeros((2, 2)))
    assert scores.count == 0 and np.isnan(dataclasses.astuple(scores)[1:]).all()


def test_align_scale_shift(rng: np.random.Generator) -> None:
    prediction = rng.random((8, 9))
    truth = 2.5 * prediction - 0.75
    truth[rng.random((8, 9)) < 0.3] = np.nan
    assert align_scale_shift(prediction, truth) == pytest.approx((2.5, -0.75))
    noisy, valid = rng.random((8, 9)), rng.random((8, 9)) < 0.7
    system = np.stack([prediction[valid], np.ones(valid.sum())], axis=1)
    expected = np.linalg.lstsq(system, noisy[valid])[0]
    assert align_scale_shift(prediction, noisy, valid=valid) == pytest.approx(tuple(expected))
    assert align_scale_shift(np.ones((2, 2)), np.arange(4.0).reshape(2, 2)) == (0, 1.5)


def test_depth_maps() -> None:
    depth = np.array([[1, np.nan], [np.inf, 2]], np.float32)
    made = DepthMap(depth)
    assert made.unit == "metric" and made.valid is not None
    assert made.valid.tolist() == [[True, False], [False, True]]
    for wrong in (depth.astype(np.float64), depth.tolist(), None, depth[0], depth[:0]):
        with pytest.raises((TypeError, ValueError), match=r"^DepthMap: depth must be .*, got "):
            DepthMap(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^DepthMap: unit must be one of .*, got "):
        DepthMap(depth, "feet")
    for bad in (np.ones((2, 2)), np.ones((1, 2), bool), [[True]]):
        with pytest.raises((TypeError, ValueError), match=r"^DepthMap: valid must be .*, got "):
            DepthMap(depth, valid=bad)  # type: ignore[arg-type]


FUNCTIONS = [
    decode_depth,
    decode_monodepth,
    merge_flipped,
    align_scale_shift,
    depth_scores,
    left_right_difference,
    monodepth_loss,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    operation = SimpleNamespace(function=function, name=function.__name__, arguments=names)
    if "Notes" not in function.__doc__:
        pytest.fail("no Notes")
    check_documentation(operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "function, name", [(decode_depth, "predicted_depth"), (decode_monodepth, "disparities")]
)
def test_refused_outputs(function: Any, name: str) -> None:
    fine, geometry = np.ones((1, 1, 4, 4), np.float32), GEOMETRIES["stretch"]
    nan, infinite = np.full_like(fine, np.nan), np.full_like(fine, np.inf)
    for wrong in (fine[0, 0], fine[:, :0], fine[..., :0], fine.astype(int), fine.tolist(), nan, infinite):
        with pytest.raises(OutputMismatch, match=rf"^{function.__name__}: {name} must be .*, got "):
            function({name: wrong}, geometry)
    with pytest.raises(OutputMismatch, match=rf"^{function.__name__}: {name} must be among the outputs"):
        function({}, geometry)
    with pytest.raises(OutputMismatch, match=rf"^{function.__name__}: other must be .*, got "):
        function({"other": nan}, geometry, keys={name: "other"})
    with pytest.raises(OutputMismatch):
        function({name: fine.repeat(3, axis=1)}, geometry)
    for bad in (None, [fine], 1):
        with pytest.raises(TypeError, match=rf"^{function.__name__}: outputs must be a mapping"):
            function(bad, geometry)
    with pytest.raises(ValueError, match=rf"^{function.__name__}: geometries must be "):
        function({name: fine}, [geometry] * 3)


def test_refusals() -> None:
    depth, geometry = {"depth": np.ones((1, 4, 4), np.float32)}, GEOMETRIES["stretch"]
    disparity = {"disp": np.ones((1, 1, 4, 4), np.float32)}
    flat = np.ones((3, 4), np.float32)
    parameters = [
        (decode_depth, (depth, geometry), "unit", decoding.UNIT),
        (decode_depth, (depth, geometry), "resample", decoding.RESAMPLE),
        (decode_depth, (depth, geometry), "semantics", decoding.SEMANTICS),
        (decode_monodepth, (disparity, geometry), "ramp", decoding.RAMP),
        (decode_monodepth, (disparity, geometry), "activated", decoding.FLAG),
        (decode_monodepth, (disparity, geometry), "limit", decoding.LIMIT),
        (decode_monodepth, (disparity, geometry), "baseline", decoding.LENGTH),
        (decode_monodepth, (disparity, geometry), "focal", decoding.LENGTH),
        (merge_flipped, (flat, flat), "ramp", decoding.RAMP),
        (depth_scores, (flat, flat), "minimum", measures.DISTANCE),
        (depth_scores, (flat, flat), "maximum", measures.DISTANCE_OR_NONE),
        (depth_scores, (flat, flat), "median_scale", measures.FLAG),
        (monodepth_loss, (flat,) * 4, "ssim", measures.SHARE),
        (monodepth_loss, (flat,) * 4, "smoothness", measures.WEIGHT),
        (monodepth_loss, (flat,) * 4, "consistency", measures.WEIGHT),
    ]
    for function, arguments, name, constraint in parameters:
        for value in constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^{function.__name__}: {name} must be "):
                function(*arguments, **{name: value})
    for options in ({"baseline": 1.0}, {"focal": 1.0}):
        with pytest.raises(ValueError, match=r"^decode_monodepth: baseline must be given with focal"):
            decode_monodepth(disparity, geometry, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^depth_scores: maximum must be None or above minimum"):
        depth_scores(flat, flat, minimum=9, maximum=9)
    for function, first, second in (
        (merge_flipped, "own", "mirrored"),
        (align_scale_shift, "prediction", "truth"),
        (depth_scores, "prediction", "truth"),
        (left_right_difference, "left", "right"),
        (monodepth_loss, "left", "right"),
    ):
        more = (flat, flat) if function is monodepth_loss else ()
        for wrong in (flat.astype(int), flat.tolist(), flat[0], None):
            with pytest.raises(
                (TypeError, ValueError), match=rf"(^{function.__name__}|_error): {first}.* must be "
            ):
                function(wrong, flat, *more)
        for wrong in (flat.astype(int), flat.tolist(), flat[:2], None):
            with pytest.raises(
                (TypeError, ValueError), match=rf"(^{function.__name__}|_error): {second} must be "
            ):
                function(flat, wrong, *more)
    for function in (align_scale_shift, depth_scores):
        for wrong in (flat, [True], np.ones((4, 3), bool)):
            with pytest.raises((TypeError, ValueError), match=rf"^{function.__name__}: valid must be "):
                function(flat, flat, valid=wrong)
    with pytest.raises(ValueError, match=r"^align_scale_shift: truth must be finite where "):
        align_scale_shift(flat, np.full_like(flat, np.nan))
