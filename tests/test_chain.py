"""Chains: how they are read, and that composed tables are the operations one after the other."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cv2")
pytest.importorskip("typer")

import imgproc
from imgproc._core.images import UINT8, UINT16
from imgproc._core.parameters import Range
from imgproc.cli.chain import ChainError, Step, check_chain, nearest, parse_step, run

OPERATIONS = imgproc.operations()
TABLES = [
    "gamma:0.7",
    "gamma:2.2,gain=1.4",
    "autocontrast",
    "autocontrast:cutoff=1/3,channel=pooled",
    "autocontrast:cutoff=5,channel=each",
    "equalize",
    "equalize:channel=each",
    "gray-world",
    "gray-world:saturation=0.5",
    "shades-of-gray:p=3",
    "white-patch:95",
]


def step(text: str) -> Step:
    found = parse_step(text, OPERATIONS)
    assert found is not None
    return found


def one_by_one(steps: list[Step], image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    for each in steps:
        image = each.operation.function(image, **each.arguments)
    return image


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.sampled_from(TABLES), min_size=1, max_size=5),
    channels=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from([UINT8, UINT16]),
    seed=st.integers(0, 2**32),
    low=st.integers(0, 200),
    contrast=st.integers(1, 255),
)
def test_composed_tables_are_the_steps_in_turn(
    texts: list[str], channels: int, dtype: np.dtype[Any], seed: int, low: int, contrast: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = (17, 23) if channels == 1 else (17, 23, channels)
    scale = 1 if dtype == UINT8 else 257
    image = (rng.integers(low, min(256, low + contrast), shape) * scale).astype(dtype)
    steps = [step(text) for text in texts]
    steps = [each for each in steps if channels in each.operation.channels]
    expected = one_by_one(steps, image)
    image.flags.writeable = False
    before = image.copy()
    np.testing.assert_array_equal(run(steps, image), expected, strict=True)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(run(steps, image.copy()), expected, strict=True)


def test_consecutive_tables_are_one_pass(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    from imgproc.cli import chain

    passes: list[int] = []
    counted: list[int] = []
    apply_tables, level_counts = chain.apply_tables, chain.level_counts
    monkeypatch.setattr(chain, "apply_tables", lambda *a: passes.append(1) or apply_tables(*a))
    monkeypatch.setattr(chain, "level_counts", lambda *a: counted.append(a[0].size) or level_counts(*a))
    image = rng.integers(20, 90, (40, 50, 3)).astype(np.uint8)
    steps = [
        step(text)
        for text in ("autocontrast:channel=each", "gray-world", "gamma:0.8", "equalize:channel=pooled")
    ]
    expected = one_by_one(steps, image)
    np.testing.assert_array_equal(run(steps, image), expected)
    assert (len(passes), counted.count(image.size)) == (1, 1)
    counted.clear()
    run([step("autocontrast:channel=luma")], image)  # no table for colours
    assert image.size not in counted


def test_float_images_go_through_the_functions(rng: np.random.Generator) -> None:
    image = rng.uniform(0.2, 0.6, (20, 30, 3)).astype(np.float32)
    steps = [step("autocontrast"), step("gamma:0.8")]
    expected = one_by_one(steps, image)
    np.testing.assert_array_equal(run(steps, image.copy()), expected, strict=True)


def test_an_operation_that_does_not_take_the_image_says_so() -> None:
    with pytest.raises(ValueError, match=r"^gray image; rgb-to-yuv takes RGB or RGBA$"):
        run([step("gamma:0.8"), step("rgb-to-yuv")], np.zeros((4, 5), np.uint8))


@pytest.mark.parametrize("text", ["gray-world", "shades-of-gray", "white-patch", "rgb-to-gray"])
def test_a_gray_image_has_no_colour_to_change(text: str, rng: np.random.Generator) -> None:
    image = rng.integers(0, 200, (7, 9)).astype(np.uint8)
    expected = one_by_one([step("gamma:0.8"), step("autocontrast")], image)
    np.testing.assert_array_equal(run([step("gamma:0.8"), step(text), step("autocontrast")], image), expected)


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        ("rgb-to-gray gray-world", "gray image after rgb-to-gray; gray-world takes RGB or RGBA"),
        ("rgb-to-gray gamma:2 rgb-to-yuv", "gray image after gamma; rgb-to-yuv takes RGB or RGBA"),
        ("rgb-to-gray", None),
        ("rgb-to-yuv yuv-to-rgb rgb-to-gray equalize", None),
    ],
)
def test_a_chain_that_can_work_on_no_image_is_refused(chain: str, sentence: str | None) -> None:
    steps = [step(text) for text in chain.split()]
    if sentence is None:
        check_chain(steps)
        return
    with pytest.raises(ChainError, match=f"^this chain can work on no image: {sentence}$"):
        check_chain(steps)


def test_a_chain_that_fails_on_the_small_image_alone_is_not_refused() -> None:
    def large(image: Any) -> Any:
        raise ValueError("large: image must be larger than the one that chains are tried on")

    check_chain([Step(replace(OPERATIONS["gray_world"], function=large), {}), step("gamma:1")])


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("gamma:0.8", {"gamma": 0.8}),
        ("gamma_correct:gamma=0.8, gain=2", {"gamma": 0.8, "gain": 2.0}),
        ("autocontrast", {}),
        ("autocontrast:1", {"cutoff": 1.0}),
        ("autocontrast:cutoff=1/2,channel=each", {"cutoff": (1.0, 2.0), "channel": "each"}),
        ("clahe:tiles=4x8,clip-limit=3", {"tiles": (4, 8), "clip_limit": 3.0}),
    ],
)
def test_steps_are_read(text: str, arguments: dict[str, Any]) -> None:
    parsed = step(text)
    assert parsed.arguments == arguments
    assert step(str(parsed)).arguments == arguments


@pytest.mark.parametrize(
    "name", ["gray-world", "gray_world", "equalize", "equalize-histogram", "gamma_correct:1"]
)
def test_command_and_function_names_both_serve(name: str) -> None:
    assert parse_step(name, OPERATIONS) is not None


@pytest.mark.parametrize("text", ["photos", "gray", "", ":", "gamma/x.jpg"])
def test_other_words_are_no_steps(text: str) -> None:
    assert parse_step(text, OPERATIONS) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gamma:0", "gamma_correct: gamma must be a number > 0, got 0.0"),
        ("gamma:nan", "gamma_correct: gamma must be a number > 0, got nan"),
        ("gamma:abc", "gamma_correct: gamma must be a number > 0, got 'abc'"),
        ("gamma", "gamma needs gamma, a number > 0; write gamma:gamma=VALUE"),
        ("gamma:", "gamma needs gamma"),
        ("gamma:0.8,gain", "'gain' needs a name before it (name=value); it takes gamma, gain"),
        ("gamma:0.8,gamma=2", "gamma: gamma is given twice"),
        ("gamma:0.8,gian=2", "gamma has no parameter 'gian', it takes gamma, gain; did you mean gain?"),
        ("autocontrast:cutoff=1/2/3", "got (1.0, 2.0, 3.0); a pair is written LOW/HIGH"),
        ("autocontrast:cutoff=1:2", "got '1:2'; a pair is written LOW/HIGH"),
        ("autocontrast:channel=Luma", 'autocontrast: channel must be one of "luma"'),
        ("clahe:tiles=0x8", "clahe: tiles"),
        ("clahe:tiles=1.5", "clahe: tiles must be"),
        (
            "estimate-illuminant",
            "estimate-illuminant gives values, not an image, so it cannot stand in a chain",
        ),
    ],
)
def test_what_is_wrong_with_a_step_is_said(text: str, sentence: str) -> None:
    with pytest.raises(ChainError, match=re.escape(sentence)):
        parse_step(text, OPERATIONS)


def test_rules_between_parameters_are_met_before_any_image() -> None:
    def fussy(image: Any, low: Annotated[float, Range()] = 0.0, high: Annotated[float, Range()] = 1.0) -> Any:
        if low >= high:
            raise ValueError(f"fussy: high must be above low, got {high}")
        raise ValueError("fussy: image must be larger than the one that steps are tried on")

    operations = {"fussy": replace(OPERATIONS["gamma_correct"], function=fussy, command="fussy")}
    assert parse_step("fussy:low=0.5", operations) is not None
    with pytest.raises(ChainError, match=r"^fussy: high must be above low, got 1\.0$"):
        parse_step("fussy:low=2", operations)


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("gama", "gamma"),
        ("blur", "gaussian-blur"),
        ("grayworld", "gray-world"),
        ("auto_contrast", "autocontrast"),
        ("CLAHE", "clahe"),
        ("xyz", None),
    ],
)
def test_the_nearest_operation_is_suggested(word: str, command: str | None) -> None:
    assert nearest(word, OPERATIONS) == command
