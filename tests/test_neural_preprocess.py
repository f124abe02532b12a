"""Images as the input of a model: the kernel against its twin, and the contract."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest
from reference import neural_preprocess as reference
from remembered import remembered

from imgproc.neural import Preprocess, preset

DTYPES = [np.uint8, np.uint16, np.float32]
FILTERS = list(reference.SUPPORT)
RESAMPLE = ["cv2", "exact", "nearest", *FILTERS]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

twin = remembered(reference.resized)
whole_twin = remembered(reference.preprocessed)


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, int(np.iinfo(dtype).max) + 1, shape, dtype)


def levels(dtype: Any) -> float:
    return {np.uint8: 1.0, np.uint16: 1 / 257, np.float32: 255.0}[dtype]


# Widths around vectors, with windows of one vector, of two, and beyond; growing and shrinking, and either order of
# Pillow's passes.
SHAPES = [
    ((7, width), (5, max(1, width * 2 // 3)))
    for width in (1, 2, 3, 5, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)
]
SHAPES += [((9, width), (4, width * 2 + 1)) for width in (1, 4, 7, 16, 33)]
SHAPES += [((40, width), (3, width - 1)) for width in (9, 33, 65)]
SHAPES += [
    ((5, 300), (5, 17)),
    ((5, 300), (6, 40)),
    ((60, 8), (3, 8)),
    ((6, 64), (12, 64)),
    ((6, 34), (3, 17)),
    ((1, 1), (3, 3)),
]


@pytest.mark.parametrize("resample", RESAMPLE)
def test_resampling_is_the_twins(level: str, resample: str, rng: np.random.Generator) -> None:
    # uint8 is exact, and so is what is rounded to samples but for sums of other order in the twins of linear.
    bounds = {np.uint8: 0.0, np.uint16: 0.6 if resample == "cv2" else 0.0, np.float32: 4 * 2.0**-24}
    for number, (before, after) in enumerate(SHAPES):
        dtype = DTYPES[number % 3] if number % 2 else np.uint8
        channels = ((), (3,), (4,))[number // 2 % 3]
        image = make(rng, (*before, *channels), dtype)
        expected = twin(image, after, resample).astype(np.float64)
        bound = (
            bounds[dtype]
            if resample != "exact"
            else 4 * 2.0**-24 * (1 if dtype == np.float32 else np.iinfo(dtype).max)
        )
        batch, _ = Preprocess(after, resample=resample, scale=1)(image)
        result = batch[0].transpose(1, 2, 0) / levels(dtype)
        expected = np.broadcast_to(expected[..., None], (*after, 3)) if not channels else expected[..., :3]
        error = np.abs(result - expected).max()
        assert error <= bound + np.abs(expected).max() * 2.0**-22, (
            f"{before} {after} {dtype.__name__}: {error}"
        )


CASES: list[dict[str, Any]] = [
    {"size": (12, 17)},
    {"size": (33, 20), "policy": "letterbox", "pad": 114},
    {"size": (20, 33), "policy": "letterbox", "pad": [1, 2, 3], "align": "top_left", "rounding": "down"},
    {"size": 16, "policy": "crop", "resize": 25, "pad": 0},
    {"size": (9, 70), "policy": "crop", "resize": (14, 31), "rounding": "transformers"},
    {"size": 13, "policy": "shortest_edge", "longest": 20, "multiple": 8},
    {"policy": "pad_multiple", "multiple": 16, "pad": 7},
    {"size": (64, 64), "policy": "crop", "resize": (3, 3)},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.get("policy", "stretch"))
def test_input_is_the_twins(level: str, threads: int, case: dict[str, Any], rng: np.random.Generator) -> None:
    number = 0
    for resample in ("cv2", "exact", "pillow_bicubic"):
        for dtype in DTYPES:
            number += 1
            image = make(rng, (19, 27, *((), (3,), (4,))[number % 3]), dtype)
            image_order, input_order = ("rgb", "bgr")[number % 2], ("rgb", "bgr")[number // 2 % 2]
            layout, kind = ("nchw", "nhwc")[number % 2], ("float32", "float16")[number // 2 % 2]
            made = Preprocess(
                **case,
                resample=resample,
                mean=MEAN,
                std=STD,
                image_order=image_order,
                input_order=input_order,
                layout=layout,
                dtype=kind,
            )
            batch, (geometry,) = made(image)
            offset = int(geometry.offset[0]), int(geometry.offset[1])
            size = round(geometry.scale[0] * 19), round(geometry.scale[1] * 27)
            pad = case.get("pad")
            placed = geometry.input_shape, size, offset
            levels = 1 / 255, MEAN, STD, [pad] * 3 if isinstance(pad, int) else pad
            expected = whole_twin(image, *placed, resample, image_order != input_order, *levels)
            result = batch[0] if layout == "nhwc" else batch[0].transpose(1, 2, 0)
            assert result.dtype == kind
            # Half a step of uint16 in "cv2", which the twin does not round.
            bound = 0.6 / 65535 / 0.22 if dtype == np.uint16 and resample == "cv2" else 4e-6
            np.testing.assert_allclose(
                result, expected, atol=bound, rtol=2.0**-10 if kind == "float16" else 0
            )


def test_float16_rounds_half_to_even(level: str) -> None:
    values = [
        0.0,
        1.0,
        65504,
        65519.9,
        65520,
        1e30,
        2.0**-24,
        2.0**-25,
        1.5 * 2.0**-24,
        2.0**-14,
        2.0**-14 - 2.0**-26,
    ]
    values += [1 + 2.0**-11, 1 + 3 * 2.0**-11, 0.1, 3e-6, np.inf, np.nan, 1e-9]
    row = np.array(values + [-value for value in values], np.float32)
    image = np.tile(row, 3)[None, :]
    batch, _ = Preprocess(policy="pad_multiple", scale=1 / 255, dtype="float16")(image)
    with np.errstate(over="ignore"):
        expected = image.astype(np.float16)
    for plane in batch[0]:
        np.testing.assert_array_equal(plane, expected)
        np.testing.assert_array_equal(np.signbit(plane), np.signbit(expected))


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_uint8_input_is_the_image(level: str, layout: str, rng: np.random.Generator) -> None:
    image = make(rng, (5, 40, 3), np.uint8)
    made = Preprocess(
        (8, 40), policy="letterbox", pad=(1, 2, 3), scale=1, dtype="uint8", layout=layout, input_order="bgr"
    )
    batch, _ = made(image)
    result = batch[0] if layout == "nhwc" else batch[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(result[1:6], image[..., ::-1])
    np.testing.assert_array_equal(result[[0, 6, 7]], np.broadcast_to(np.uint8([1, 2, 3]), (3, 40, 3)))


def test_normalisation_is_as_near_as_it_says(level: str) -> None:
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    batch, _ = Preprocess(policy="pad_multiple", mean=MEAN, std=STD)(image)
    mean, std = np.array(MEAN)[:, None], np.array(STD)[:, None]
    exact = (np.arange(256) / 255 - mean) / std
    larger = np.maximum(np.arange(256) / 255, mean) / std
    assert (np.abs(batch[0, :, 0] - exact) <= 3 * np.spacing(larger.astype(np.float32))).all()


def test_padding_is_what_an_image_of_that_level_becomes() -> None:
    for image in (
        np.full((4, 8, 3), 114, np.uint8),
        np.full((4, 8), 114 * 257, np.uint16),
        np.full((4, 8), 114 / 255, np.float32),
    ):
        batch, _ = Preprocess(8, policy="letterbox", pad=114, mean=MEAN, std=STD)(image)
        for plane in batch[0]:
            np.testing.assert_array_equal(plane, plane[0, 0])


def test_views_are_what_their_copies_are(level: str, rng: np.random.Generator) -> None:
    image = make(rng, (40, 60, 3), np.uint8)
    made = Preprocess(24, resample="pillow", mean=MEAN, std=STD)
    for view in (
        image[..., ::-1],
        image[::-2, 5:50],
        image[:, ::-1],
        image[:, ::2, ::-1],
        image.transpose(1, 0, 2),
        image[:, :1],
    ):
        view = view.view()
        view.flags.writeable = False
        np.testing.assert_array_equal(made(view)[0], made(view.copy())[0])
    # The order of channels turned round and turned back is the image.
    np.testing.assert_array_equal(
        dataclasses.replace(made, image_order="bgr")(image[..., ::-1])[0], made(image)[0]
    )


def test_alpha_has_no_part(rng: np.random.Generator) -> None:
    image = make(rng, (20, 30, 4), np.uint8)
    made = Preprocess(16, resample="pillow")
    np.testing.assert_array_equal(made(image)[0], made(image[..., :3].copy())[0])


def test_batches_share_one_shape(level: str, threads: int, rng: np.random.Generator) -> None:
    images = [make(rng, shape, np.uint8) for shape in ((20, 30, 3), (44, 21, 3), (32, 32))]
    made = Preprocess(
        24, policy="shortest_edge", longest=40, multiple=16, resample="pillow", mean=MEAN, std=STD
    )
    batch, geometries = made(images)
    assert (
        batch.shape == (3, 3, 48, 48) and made.geometries([image.shape[:2] for image in images]) == geometries
    )
    for image, one, geometry in zip(images, batch, geometries, strict=True):
        alone, (own,) = made(image)
        height, width = own.input_shape
        np.testing.assert_array_equal(one[:, :height, :width], alone[0])
        assert not one[:, height:].any() and not one[:, :, width:].any()
        assert geometry == dataclasses.replace(own, input_shape=(48, 48))


def test_out_is_filled_whole(level: str, rng: np.random.Generator) -> None:
    image = make(rng, (20, 30, 3), np.uint8)
    made = Preprocess(32, policy="letterbox")
    out = np.full((1, 3, 32, 32), np.nan, np.float32)
    assert made(image, out=out)[0] is out
    np.testing.assert_array_equal(out, made(image)[0])


def test_stores_past_the_caches(level: str, rng: np.random.Generator) -> None:
    image = make(rng, (1501, 1403, 3), np.uint8)
    made = Preprocess(policy="pad_multiple", multiple=4, mean=MEAN, std=STD)
    out = np.empty((1, 3, 1504, 1404), np.float32)
    np.testing.assert_array_equal(made(image, out=out)[0], made(image)[0])


@pytest.mark.parametrize("resample", ["cv2", "exact", "pillow_lanczos"])
def test_memory_is_a_few_rows(resample: str, rng: np.random.Generator) -> None:
    image = make(rng, (1000, 1400, 3), np.uint8)
    out = np.empty((1, 3, 700, 900), np.float32)
    made = Preprocess((700, 900), resample=resample)
    made(image, out=out)
    tracemalloc.start()
    made(image[..., ::-1], out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


def test_nan_stays_where_it_has_a_weight(level: str) -> None:
    image = np.ones((20, 40, 3), np.float32)
    image[7, 21] = np.nan
    for resample, reach in (("exact", 3), ("pillow", 3), ("pillow_bicubic", 6)):
        batch, _ = Preprocess((10, 20), resample=resample)(image)
        wrong = np.argwhere(np.isnan(batch[0, 0]))
        assert 1 <= len(wrong) <= reach**2 and (np.abs(wrong - [3.5, 10.5]) <= reach / 2 + 0.5).all()


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"size": None}, ValueError, "size must be an integer or a pair"),
    ({"size": 0}, ValueError, "size must be an integer >= 1"),
    ({"size": (1, 2, 3)}, ValueError, "size must be a pair"),
    ({"size": 2.5}, TypeError, "size must be an integer"),
    ({"size": (8, 9), "policy": "shortest_edge"}, ValueError, "size must be one length for the policy"),
    ({"policy": "zoom"}, ValueError, "policy must be one of"),
    ({"policy": "pad_multiple"}, ValueError, "size must be None for the policy 'pad_multiple'"),
    ({"resample": "cubic"}, ValueError, "resample must be one of"),
    ({"resize": 3}, ValueError, "resize must be left at its default unless policy is 'crop'"),
    ({"longest": 3}, ValueError, "longest must be left at its default"),
    ({"multiple": 3}, ValueError, "multiple must be left at its default"),
    ({"align": "top_left"}, ValueError, "align must be left at its default"),
    ({"rounding": "down"}, ValueError, "rounding must be None for the policy 'stretch'"),
    ({"policy": "letterbox", "rounding": "detr"}, ValueError, "rounding must be one of"),
    ({"scale": 0}, ValueError, "scale must be a number > 0"),
    ({"mean": (0.5, 0.5)}, ValueError, "mean must be a number or a sequence of 3"),
    ({"mean": "gray"}, TypeError, "mean must be a number"),
    ({"std": (1, 1, 0)}, ValueError, r"std\[2\] must be a number > 0"),
    ({"std": np.nan}, ValueError, "std must be a number"),
    ({"pad": [0, 0, None]}, TypeError, r"pad\[2\] must be a number"),
    ({"image_order": "gray"}, ValueError, "image_order must be one of"),
    ({"layout": "chw"}, ValueError, "layout must be one of"),
    ({"dtype": np.float32}, TypeError, "dtype must be one of"),
    ({"dtype": "uint8"}, ValueError, "scale must be 1 for uint8 input"),
    ({"dtype": "uint8", "scale": 1, "std": (1, 2, 1)}, ValueError, "std must be 1 for uint8 input"),
    (
        {"dtype": "uint8", "scale": 1, "pad": 256},
        ValueError,
        "pad must be integers from 0 to 255 for uint8 input",
    ),
]


@pytest.mark.parametrize(("parameters", "error", "sentence"), WRONG, ids=lambda value: str(value)[:30])
def test_wrong_parameters(parameters: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=f"^Preprocess: {sentence}"):
        Preprocess(**{"size": 8, **parameters})


def test_wrong_images() -> None:
    made = Preprocess(8)
    good = np.zeros((4, 4, 3), np.uint8)
    for images, error, sentence in (
        (good.astype(np.float64), TypeError, "image must be of dtype"),
        (good.astype(">u2"), TypeError, "image must be of dtype"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, "image must be of shape"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, "image must be at least one pixel"),
        ([good, good[..., :2]], ValueError, r"images\[1\] must be of shape"),
        ([], ValueError, "images must be at least one, got none"),
        ("photo.png", TypeError, "images must be an image or a sequence"),
        (7, TypeError, "images must be an image or a sequence"),
    ):
        with pytest.raises(error, match=f"^Preprocess: {sentence}"):
            made(images)
    with pytest.raises(ValueError, match=r"^Preprocess: image must be of shape \(H, W\)"):
        Preprocess(8, input_order="gray")(good)
    with pytest.raises(TypeError, match=r"^Preprocess: image must be of dtype uint8,"):
        Preprocess(8, scale=1, dtype="uint8")(good.astype(np.uint16))
    with pytest.raises(ValueError, match=r"^Preprocess: image must be at least 32 pixels high and wide"):
        preset("glpn")(good)
    with pytest.raises(ValueError, match=r"^Preprocess: out must be a float32 array of shape"):
        made(good, out=np.zeros((1, 3, 8, 9), np.float32))
    shared = np.zeros((1, 3, 8, 8), np.float32)
    with pytest.raises(ValueError, match=r"^Preprocess: out must be free of overlap"):
        made(shared[0, 0], out=shared)
