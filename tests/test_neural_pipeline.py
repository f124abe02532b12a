"""Pipelines: what goes before and after a network, in batches, for lists and streams, and what is wrong usage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgproc import Detections
from imgproc.io import Picture, write_image
from imgproc.neural import (
    Classifier,
    Detector,
    Geometry,
    InputMismatch,
    NeuralError,
    Preprocess,
    Segmenter,
    TensorSpec,
    decode_given_boxes,
    detect_tiles,
    load,
)
from imgproc.neural.families import families

BOX = np.array([[[8, 16, 24, 32]]], np.float32)


def images(count: int, height: int = 40, width: int = 60) -> list[np.ndarray]:
    return [np.full((height, width, 3), 10 * number, np.uint8) for number in range(count)]


class Recorder:
    """A network of one box whose score is the mean of the image, and what it was fed."""

    def __init__(self) -> None:
        self.fed: list[dict[str, np.ndarray]] = []

    def __call__(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.fed.append(dict(feeds))
        batch = feeds["images"]
        return {
            "boxes": np.repeat(BOX, len(batch), axis=0),
            "scores": batch.mean(axis=(1, 2, 3), dtype=np.float32)[:, None],
        }


def scores(found: list[Detections]) -> list[float]:
    return [round(255 * float(one.scores[0])) for one in found]


def test_one_image_or_many() -> None:
    network = Recorder()
    detector = Detector.from_preset(network, "boxes", size=64, score_threshold=-1.0)
    alone = detector(images(1)[0])
    assert isinstance(alone, Detections)
    np.testing.assert_allclose(alone.boxes, [[7.5, 10, 22.5, 20]])
    found = detector(images(19), batch=8)
    assert scores(found) == [10 * number for number in range(19)]
    assert [len(feeds["images"]) for feeds in network.fed] == [1, 8, 8, 3]
    assert network.fed[0]["images"].shape == (1, 3, 64, 64)
    assert detector([]) == []


def test_a_fixed_size_of_batch_is_filled_up() -> None:
    network = Recorder()
    inputs = (TensorSpec("images", (4, 3, 64, 64), "float32"),)
    with load(network, inputs=inputs) as model:
        detector = Detector.from_preset(model, "boxes", score_threshold=-1.0)
        assert scores(detector(images(6))) == [0, 10, 20, 30, 40, 50]
        assert scores(detector(images(3), batch=2)) == [0, 10, 20]
        # The size of the model, not of the preset.
        assert {feeds["images"].shape for feeds in network.fed} == {(4, 3, 64, 64)}
        assert [one.get().scores[0] > 0 for one in detector.stream(images(6))] == [False] + 5 * [True]


def test_stream_of_files_arrays_and_a_folder(tmp_path: Path) -> None:
    for number, pixels in enumerate(images(5)):
        write_image(tmp_path / f"{number}.png", Picture(pixels))
    (tmp_path / "3.png").write_bytes(b"no image")
    detector = Detector.from_preset(Recorder(), "boxes", size=64, score_threshold=-1.0)
    found = list(detector.stream(tmp_path, batch=2))
    assert [Path(one.source).name for one in found] == [f"{number}.png" for number in range(5)]
    assert [one.error is None for one in found] == [True, True, True, False, True]
    assert scores([one.get() for one in found if one.error is None]) == [0, 10, 20, 40]
    with pytest.raises(Exception, match=r"3\.png"):
        found[3].get()
    mixed = [tmp_path / "1.png", images(3)[2], str(tmp_path / "4.png"), np.zeros((0, 4, 3), np.uint8)]
    found = list(detector.stream(mixed))
    assert scores([one.get() for one in found[:3]]) == [10, 20, 40]
    assert "at least one pixel" in str(found[3].error)
    with pytest.raises(NeuralError, match=r"Detector: there is no file or folder"):
        detector.stream(tmp_path / "missing")


def test_keys_of_outputs_that_the_decoder_does_not_read() -> None:
    must = r"keys must be a mapping from 'boxes' or 'scores' or 'labels' to names of outputs, got 'logits'"
    decode = partial(decode_given_boxes, keys={"boxes": "a", "logits": "b"})
    with pytest.raises(ValueError, match=f"^Detector: {must}$"):
        Detector.from_preset(Recorder(), "boxes", size=64, keys={"logits": "b"})
    with pytest.raises(ValueError, match=f"^Detector: {must}$"):
        Detector(Recorder(), Preprocess(size=64), decode)
    with pytest.raises(TypeError, match=r"^Detector: keys must be None or a mapping .*, got 'boxes'$"):
        Detector.from_preset(Recorder(), "boxes", size=64, keys="boxes")
    detector = Detector(
        Recorder(), Preprocess(size=64), decode, keys={"scores": "scores"}, score_threshold=-1.0
    )
    assert len(detector(images(1))) == 1


def test_parameters_that_the_decoder_does_not_have() -> None:
    def decode(outputs: Any, geometries: Any, *, level: float = 0) -> list[Any]:
        return [level] * len(geometries)

    with pytest.raises(
        ValueError, match=r"^Detector: iou must be a parameter of decode_given_boxes \(.*score_t"
    ):
        Detector.from_preset(Recorder(), "boxes", size=64, iou=0.5)
    with pytest.raises(ValueError, match=r"^Detector: levels must be a parameter of decode \(level\), got 3"):
        Detector(Recorder(), Preprocess(64), decode, levels=3)
    assert Detector(Recorder(), Preprocess(64), decode, level=3)(images(2)) == [3, 3]
    assert Detector(Recorder(), Preprocess(64), lambda *_, **more: [more], size=3)(images(1)) == [{"size": 3}]


def test_tiles_of_a_pipeline() -> None:
    detector = Detector.from_preset(Recorder(), "boxes", size=32, score_threshold=0.5)
    image = np.zeros((64, 96, 3), np.uint8)
    image[32:, 64:] = 255
    found = detect_tiles(detector, image, 32, overlap=0)
    assert found.boxes.tolist() == [[72, 48, 88, 64]]


def test_further_inputs_are_filled_in() -> None:
    fed: list[Any] = []

    def network(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        fed.append(feeds)
        return {"boxes": BOX.repeat(2, axis=0), "scores": np.ones((2, 1), np.float32)}

    names = ("pixel_values", "pixel_mask", "orig_target_sizes", "temperature")
    detector = Detector.from_preset(
        load(network, inputs=names),
        "boxes",
        size=(32, 64),
        feeds=lambda batch, geometries: {"temperature": np.array(len(geometries))},
    )
    detector(images(2))
    assert fed[0]["pixel_values"].shape == (2, 3, 32, 64)
    assert fed[0]["pixel_mask"].shape == (2, 32, 64) and fed[0]["pixel_mask"].all()
    assert fed[0]["orig_target_sizes"].tolist() == [[60, 40], [60, 40]]
    assert int(fed[0]["temperature"]) == 2
    letterboxed = Preprocess(64, policy="letterbox")
    detector = Detector(load(network, inputs=names[:2]), letterboxed, lambda outputs, geometries: [1, 2])
    detector(images(2))
    mask = fed[1]["pixel_mask"][0]
    assert mask[11:53].all() and not mask[:10].any() and not mask[54:].any()  # 64 × 42.67 in the middle


def test_sizes_of_a_preset() -> None:
    by_name = {family.name: family for family in families("classify")}
    free = load(lambda feeds: feeds)
    assert by_name["imagenet"].sized(free, None).size == (224, 224)
    larger = by_name["imagenet"].sized(free, 448)
    assert (larger.size, larger.resize) == ((448, 448), 512)
    fixed = load(lambda feeds: feeds, inputs=[TensorSpec("x", (None, 3, 112, 112))])
    smaller = by_name["imagenet"].sized(fixed, None)
    assert (smaller.size, smaller.resize) == ((112, 112), 128)
    odd = load(lambda feeds: feeds, inputs=[TensorSpec("x", (None, "channels"))])
    assert by_name["vit"].sized(odd, None).size == (224, 224)
    (square,) = (family for family in families("segment") if family.name == "eomt-panoptic")
    for size in (640, 512):
        assert square.sized(free, size).geometries([(300, 400)])[0].input_shape == (size, size)


@pytest.mark.parametrize("task", ["detect", "segment", "depth", "classify"])
def test_every_family_has_its_parts(task: str) -> None:
    """A name that is missing would be found by the first user of the family."""
    import inspect

    for family in families(task):
        known = inspect.signature(family.decode).parameters
        assert set(family.parameters) <= set(known), family.name
        assert list(known)[:2] == ["outputs", "geometries"]
        assert family.summary and not family.summary.endswith(".")
        batch, geometries = family.sized(load(lambda feeds: feeds), None)(images(1, 96, 128))
        assert batch.ndim == 4 and isinstance(geometries[0], Geometry)


def test_results_of_another_number() -> None:
    segmenter = Segmenter(lambda feeds: feeds, Preprocess(8), lambda outputs, geometries: [])
    with pytest.raises(TypeError, match="Segmenter: decode must be a function that gives 1 results"):
        segmenter(images(1)[0])


def test_names() -> None:
    detector = Detector.from_preset(Recorder(), "boxes", names=["cat", "dog"])
    assert detector.names == {0: "cat", 1: "dog"}
    assert Detector.from_preset(Recorder(), "boxes", names={7: "cat"}).names == {7: "cat"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"preset": "nonsense"}, 'Detector.from_preset: preset must be one of "boxes"'),
        ({"preset": "imagenet"}, "Detector.from_preset: preset must be one of"),
        ({"model": 3}, "load: source must be a path, a torch module or a callable, got 3"),
        ({"names": "cat"}, "Detector: names must be a sequence of names"),
        ({"names": [1]}, "Detector: names must be a sequence of names"),
        ({"input_name": 3}, "Detector: input_name must be a name, got 3"),
        ({"feeds": 3}, "Detector: feeds must be a function, got 3"),
        ({"size": 0}, "Preprocess: size must be an integer >= 1"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], sentence: str) -> None:
    arguments: dict[str, Any] = {"model": Recorder(), "preset": "boxes"} | options
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        Detector.from_preset(arguments.pop("model"), arguments.pop("preset"), **arguments)


def test_wrong_calls() -> None:
    detector = Detector.from_preset(Recorder(), "boxes", size=32)
    for wrong in ("photo.jpg", 3, None):
        with pytest.raises(TypeError, match="Detector: images must be an image or a sequence of images"):
            detector(wrong)
    with pytest.raises(ValueError, match="Detector: batch must be"):
        detector(images(1), batch=0)
    with pytest.raises(ValueError, match="image"):
        detector(np.zeros((4, 4, 7), np.uint8))
    with pytest.raises(ValueError, match="input_name must be one of the model's inputs x"):
        Classifier(load(lambda feeds: feeds, inputs="x"), Preprocess(8), list, input_name="y")
    sized = load(lambda feeds: feeds, inputs=[TensorSpec("x", (None, 3, 64, 64), "float32")])
    with pytest.raises(
        InputMismatch, match=r"x must be of shape \(any, 3, 64, 64\), got shape \(1, 3, 32, 32\)"
    ):
        Detector.from_preset(sized, "boxes", size=32)(images(1)[0])
    with detector as entered:
        assert entered is detector
    with pytest.raises(NeuralError, match="closed"):
        detector(images(1))
