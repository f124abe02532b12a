"""What a training is given: folders, files, arrays and boxes; what is left out of them, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import make
from training_sets import OPTIONS, WINDOW, objects, scenes

pytest.importorskip("cv2")

from imgproc import Detections, DetectionSet, write_detections
from imgproc.cascade import Training, train_cascade
from imgproc.cascade.opencv_xml import cascade_text
from imgproc.cascade.pictures import open_pictures
from imgproc.cascade.positives import Positives, Variety, collect_positives
from imgproc.io import Picture, write_image

POSITIVES, NEGATIVES = objects(60), scenes(6)
SHORT = OPTIONS | {"stages": 1, "n_negatives": 60}


def train(positives: Any = POSITIVES, negatives: Any = NEGATIVES, **options: Any) -> Training:
    return train_cascade(positives, negatives, **SHORT | options)


def collect(source: Any, **options: Any) -> Positives:
    defaults: dict[str, Any] = {
        "images": None,
        "groups": None,
        "window": WINDOW,
        "variety": Variety(),
        "budget": 10**9,
    }
    return collect_positives(source, "positives", **defaults | options)


def folder(path: Path, images: Any) -> Path:
    path.mkdir()
    for number, image in enumerate(images):
        write_image(path / f"{number:03}.png", Picture(image))
    return path


def boxes_of(count: int, *, at: tuple[int, int] = (20, 10), side: int = 24) -> dict[str, Detections]:
    x, y = at
    return {
        f"{n:03}.png": Detections(np.array([[x, y, x + side, y + side]], np.float32)) for n in range(count)
    }


def test_folders_train_as_arrays_do(tmp_path: Path) -> None:
    positives, negatives = folder(tmp_path / "p", POSITIVES), folder(tmp_path / "n", NEGATIVES)
    assert cascade_text(train(positives, str(negatives)).cascade) == cascade_text(train().cascade)
    assert cascade_text(train(list(POSITIVES), tuple(NEGATIVES)).cascade) == cascade_text(train().cascade)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "coco", "set"])
def test_boxes_are_cut_out_of_their_images(tmp_path: Path, kind: str) -> None:
    shown = scenes(40, seed=3)
    for number, scene in enumerate(shown):
        scene[10:34, 20:44] = objects(1, seed=number, side=24)[0]
    images = folder(tmp_path / "images", shown)
    found = DetectionSet.of(
        boxes_of(40), truth=True, image_sizes={f"{n:03}.png": (46, 58) for n in range(40)}
    )
    source: Any = found
    if kind != "set":
        source = tmp_path / f"boxes.{kind if kind != 'coco' else 'json'}"
        write_detections(source, found, format=kind)
    got = collect(source, images=images)
    wanted = collect([scene[10:34, 20:44] for scene in shown])
    np.testing.assert_array_equal(got.windows, wanted.windows)
    if kind != "set":  # the folder "images" beside the file is found by itself
        np.testing.assert_array_equal(collect(source).windows, wanted.windows)
    assert train(source, images=images).facts["positives"]["trained_on"] == 40


def test_regions_not_counted_are_no_positives(tmp_path: Path) -> None:
    images = folder(tmp_path / "images", scenes(2))
    found = DetectionSet(
        ["000.png", "001.png"],
        np.array([0, 0, 1]),
        np.array([[0, 0, 20, 20], [5, 5, 30, 30], [2, 2, 30, 30.0]]),
        crowd=np.array([False, True, True]),
    )
    assert len(collect(found, images=images)) == 1


def test_proportions_other_than_the_windows(tmp_path: Path) -> None:
    scene = scenes(1)[0]
    images = folder(tmp_path / "images", [scene])
    tall = DetectionSet(["000.png"], np.array([0]), np.array([[20.0, 6, 32, 40]]))
    got = collect(tall, images=images)
    np.testing.assert_array_equal(got.windows, collect([scene[6:40, 9:43]]).windows)
    assert got.notes == [
        "1 positives have other proportions than the window of 12 x 12: their boxes are widened to them, around the "
        "middle"
    ]
    assert collect([scene[6:40, 20:32]]).notes == [
        "1 positives have other proportions than the window of 12 x 12: they are stretched"
    ]
    # Beyond the image its edge goes on.
    edge = DetectionSet(["000.png"], np.array([0]), np.array([[0.0, 6, 12, 40]]))
    padded = np.pad(scene, ((0, 0), (20, 0)), mode="edge")
    np.testing.assert_array_equal(collect(edge, images=images).windows, collect([padded[6:40, 9:43]]).windows)


def test_copies_are_mirrored_moved_and_lit(rng: np.random.Generator) -> None:
    crop = rng.integers(40, 200, (12, 12)).astype(np.uint8)
    plain = collect([crop]).windows
    np.testing.assert_array_equal(plain, crop[None, None])
    mirrored = collect([crop], variety=Variety(mirror=True)).windows
    np.testing.assert_array_equal(mirrored[:, 0], [crop, crop[:, ::-1]])
    lit = collect([crop], variety=Variety(copies=8, shift=0.0, brightness=0.5)).windows[1:, 0].astype(float)
    rank = np.argsort(crop, axis=None, kind="stable")
    assert (np.diff(lit.reshape(8, -1)[:, rank], axis=1) >= 0).all()
    gamma = np.log(lit / 255).mean(axis=(1, 2)) / np.log(crop / 255).mean()
    assert len(np.unique(gamma)) == 8 and (gamma > 1 / 1.52).all() and (gamma < 1.52).all()
    y, x = np.mgrid[:40, :40]
    ramp = (3 * y + 2 * x).astype(np.uint8)
    moved = (
        collect([ramp], variety=Variety(copies=30, shift=0.1, brightness=0.0)).windows[1:, 0].astype(float)
    )
    middle = moved[:, 5:7, 5:7].mean(axis=(1, 2)) - ramp[18:22, 18:22].mean()
    assert np.abs(middle).max() <= 0.1 * 40 * 5 + 1 and np.abs(middle).max() > 4
    slope = (moved[:, 8, 6] - moved[:, 3, 6]) / 5 / 3 / (40 / 12)
    assert slope.min() >= 0.87 and slope.max() <= 1.13 and np.ptp(slope) > 0.05


def test_groups_are_not_parted() -> None:
    groups = np.repeat(np.arange(30), 5)
    windows = np.broadcast_to(groups[:, None, None], (150, 12, 12)).astype(np.uint8)
    windows = windows + objects(1)[0] // 2
    from imgproc.cascade.training_data import collect_data

    data = collect_data(windows, NEGATIVES, None, groups, 0.2, WINDOW, Variety(), 0)
    assert len(data.rows) == 120 and len(data.judged) == 30
    assert not set(groups[data.rows].tolist()) & {
        int(np.flatnonzero((windows == one).all(axis=(1, 2)))[0]) // 5 for one in data.judged
    }
    with pytest.raises(ValueError, match=r"^train_cascade: groups must be 60 integers"):
        train(groups=[1, 2])
    with pytest.raises(TypeError, match=r"^train_cascade: groups must be 60 integers"):
        train(groups=["a"] * 60)


def test_small_validation_parts_are_told() -> None:
    trained = train(validation=0.1)
    assert trained.roc is None
    assert trained.facts["notes"] == [
        "too few positives or negatives to hold a share of 0.1 back: there is no validation"
    ]


def test_unreadable_images_are_named_and_left_out(tmp_path: Path) -> None:
    positives, negatives = folder(tmp_path / "p", POSITIVES), folder(tmp_path / "n", NEGATIVES)
    (positives / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    (positives / "notes.txt").write_text("no image")
    (negatives / "empty.jpg").write_bytes(b"")
    facts = train(positives, negatives).facts
    assert [one["name"] for one in facts["positives"]["skipped"]] == ["bad.png"]
    assert [one["name"] for one in facts["negatives"]["skipped"]] == ["empty.jpg"]
    assert all(one["cause"] for one in facts["positives"]["skipped"])
    assert facts["positives"]["trained_on"] == 60


def test_negatives_smaller_than_the_window_are_counted() -> None:
    small = [np.zeros((11, 30), np.uint8), np.zeros((40, 5), np.uint8)]
    assert train(negatives=[*NEGATIVES, *small]).facts["negatives"]["too_small"] == 2


def test_positives_smaller_than_the_window_are_left_out() -> None:
    small = [np.zeros((11, 30), np.uint8), *POSITIVES, np.zeros((30, 8), np.uint8)]
    trained = train(small)
    assert trained.facts["positives"]["trained_on"] == 60
    assert trained.facts["notes"] == ["2 positives are smaller than the window and left out"]
    must = (
        r"^train_cascade: positives must be at least one of 13 x 12 pixels, the window, got 60 smaller ones$"
    )
    with pytest.raises(ValueError, match=must):
        train(window=(13, 12))


def test_what_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"")
    for argument in ("positives", "negatives"):
        with pytest.raises(
            FileNotFoundError, match=rf"^train_cascade: {argument}: there is no file or folder"
        ):
            train(**{argument: tmp_path / "none"})
        must = rf"^train_cascade: {argument} must be a folder with images in it, got '.*empty' without any$"
        with pytest.raises(ValueError, match=must):
            train(**{argument: tmp_path / "empty"})
        with pytest.raises(
            ValueError, match=rf"^train_cascade: {argument} must be at least one image, got none"
        ):
            train(**{argument: []})
        with pytest.raises(TypeError, match=rf"^train_cascade: {argument} must be a folder, or a sequence"):
            train(**{argument: 5})
        with pytest.raises(TypeError, match=rf"^train_cascade: {argument}\[0\] must be"):
            train(**{argument: ["a.png"]})
        with pytest.raises(ValueError, match=rf"^train_cascade: {argument} must be at least one .*'a\.png'"):
            train(**{argument: tmp_path / "bad"})
    with pytest.raises(
        ValueError, match=r"^train_cascade: negatives must be at least one image that can be read"
    ):
        train(negatives=[np.zeros((11, 90), np.uint8)])
    write_detections(tmp_path / "a.csv", DetectionSet.of(boxes_of(2), truth=True))
    with pytest.raises(ValueError, match=r"^train_cascade: positives must be .*'000\.png' first: "):
        train(tmp_path / "a.csv")
    with pytest.raises(FileNotFoundError, match=r"^train_cascade: images: there is no folder"):
        train(tmp_path / "a.csv", images=tmp_path / "none")
    with pytest.raises(TypeError, match=r"^train_cascade: images must be the folder"):
        train(DetectionSet.of(boxes_of(2)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"min_detection_rate": 0.4},
            "min_detection_rate must be greater than max_false_alarm, 0.4, or a stage would gain nothing, got 0.4",
        ),
        (
            {"copies": 2, "shift": 0.0, "brightness": 0.0},
            "shift must be greater than 0 where brightness is 0 too, or all copies would be the same, got 0.0",
        ),
        (
            {"validation": 0.7},
            "validation must be None, a number > 0 and <= 0.5 (a share to hold back) or a pair",
        ),
        ({"validation": (1, 2, 3)}, "validation must be None, a number > 0 and <= 0.5"),
        ({"features": "hog"}, 'features must be one of "haar", "haar+tilted", "lbp", got'),
        ({"window": 4}, "window must be an integer >= 8 and <= 128"),
        ({"stages": 0}, "stages must be an integer >= 1"),
        ({"max_false_alarm": 1.0}, "max_false_alarm must be a number > 0 and < 1"),
        ({"min_detection_rate": float("nan")}, "min_detection_rate must be a number > 0 and <= 1"),
        ({"memory": 1000}, "memory must be a number >= "),
        ({"scale_factor": 1.0}, "scale_factor must be a number > 1"),
        ({"n_negatives": 0}, "n_negatives must be None or an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"algorithm": "real"}, 'algorithm must be one of "discrete", "gentle"'),
    ],
)
def test_wrong_values_are_refused_before_anything_is_read(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        train(positives="nowhere", **options)
    assert str(caught.value).startswith(f"train_cascade: {sentence}")


@pytest.mark.parametrize(
    "options", [{"stages": "3"}, {"mirror": 1}, {"validation": "half"}, {"progress": 1}, {"n_jobs": 1.5}]
)
def test_wrong_kinds_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"^train_cascade: {next(iter(options))} must be"):
        train(positives="nowhere", **options)


def test_too_little_memory_is_told() -> None:
    must = r"^train_cascade: memory must leave the boosting at least [\d,]+ bytes for 6,000 samples, got \d+$"
    with pytest.raises(ValueError, match=must):
        train(objects(3000, side=24), window=24, n_negatives=3000, memory=64 * 2**20)


def test_pictures_keep_what_fits(tmp_path: Path) -> None:
    images = folder(tmp_path / "a", scenes(5))
    size = 46 * 58
    pictures = open_pictures("f", "negatives", images, 2 * size)
    for number in (0, 1, 2, 0, 4):
        picture = pictures.get(number)
        assert picture is not None
        np.testing.assert_array_equal(picture, scenes(5)[number])
        assert sum(one.nbytes for one in pictures._kept.values()) <= 2 * size
    assert list(pictures._kept) == [0, 4]
    make(tmp_path / "b" / "c" / "color.png", shape=(20, 30, 3))
    below = open_pictures("f", "negatives", tmp_path / "b", 0)
    assert below.names == ["c/color.png"] and below.get(0).shape == (20, 30)  # type: ignore[union-attr]
