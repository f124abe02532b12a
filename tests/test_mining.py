"""Hard negatives: windows as the detector sees them, each once, whatever the number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from cascades import image, random_cascade
from reference import cascade as twin
from training_sets import WINDOW, scenes

from imgproc.cascade.boosting import Samples, StageBooster
from imgproc.cascade.detection import find_windows
from imgproc.cascade.growing import GrownStage, grown_cascade, lowered_threshold, open_cascade
from imgproc.cascade.haar import FeatureSet, haar_features, lbp_features
from imgproc.cascade.negatives import KEY, LADDER, Miner
from imgproc.cascade.pictures import open_pictures
from imgproc.cascade.sampling import sample_windows

FEATURES = {
    "haar": haar_features(WINDOW),
    "tilted": haar_features(WINDOW, tilted=True),
    "lbp": lbp_features(WINDOW),
}


def everything(windows: np.ndarray) -> np.ndarray:
    return np.ones(len(windows), bool)


def miner(images: list[np.ndarray], *, jobs: int = 1, seed: int = 5) -> Miner:
    pictures = open_pictures("test", "negatives", images, 0)
    return Miner(pictures, np.arange(len(images)), WINDOW, 1.25, seed, jobs)


def grown(kind: str, stages: int = 3) -> tuple[FeatureSet, list[GrownStage]]:
    """Stages that learned to tell windows that are brighter to the left from others."""
    features = FEATURES[kind]
    _, windows, _ = miner([image(3, 50, 61)]).mine(
        open_cascade(features), 80 * stages, np.empty(0, KEY), everything
    )
    found = []
    for part in np.split(windows, stages):
        bright = part[:, :, :6].mean(axis=(1, 2)) > part[:, :, 6:].mean(axis=(1, 2))
        booster = StageBooster(features, Samples(part), bright, algorithm="gentle")
        stumps = [booster.next_stump() for _ in range(3)]
        threshold = lowered_threshold(booster.votes[bright], 0.9)
        found.append(GrownStage.of([s for s in stumps if s], threshold, kind == "lbp"))
    return features, found


@pytest.mark.parametrize("shape", [(12, 12), (13, 30), (40, 31), (97, 65)])
def test_samples_are_those_of_the_scaled_image(shape: tuple[int, int], rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, shape).astype(np.uint8)
    for scale in (1.0, 1.3, 2.6):
        height, width = (round(side / scale) for side in shape)
        if min(height, width) < 12:
            continue
        scaled = twin.scaled(pixels, height, width)
        x, y = rng.integers(0, width - 11, 9), rng.integers(0, height - 11, 9)
        ratios = [np.full(9, 1.0 / (new / old)) for new, old in zip((height, width), shape, strict=True)]
        found = sample_windows(pixels, x.astype(float), y.astype(float), (ratios[0], ratios[1]), WINDOW)
        for window, left, top in zip(found, x, y, strict=True):
            np.testing.assert_array_equal(window, scaled[top : top + 12, left : left + 12])


@pytest.mark.parametrize("kind", FEATURES)
@pytest.mark.parametrize("step", [1, None])
def test_what_passes_by_votes_is_what_the_detector_finds(kind: str, step: int | None) -> None:
    """Every window of an image: the same pass, with the same margins, but for those that the detector leaves out as
    the next ones after a failure in the first stage."""
    features, stages = grown(kind)
    source = miner([image(3, 50, 61)])
    sizes = list(source._sizes((50, 61)))
    scales = [source._scale(size) for size in sizes]
    picture = source.pictures.get(0)
    assert picture is not None
    every = find_windows(open_cascade(features), picture, scales, step=step)
    keys = np.zeros(len(every), KEY)
    keys["size"], keys["x"], keys["y"] = np.array(sizes)[every["scale"]], every["x"], every["y"]
    samples = Samples(source.cut(keys))
    votes = np.array([stage.votes(features, samples) for stage in stages])
    limits = np.array([stage.limit for stage in stages])[:, None]
    visited, skip, row = [], False, None
    for place, (key, first) in enumerate(zip(every, votes[0] >= limits[0], strict=True)):
        stride = step or (1 if scales[key["scale"]] >= 2 else 2)
        here = (key["scale"], key["y"])
        neighbour = row == here and key["x"] == every[place - 1]["x"] + stride
        skip = skip and neighbour
        visited.append(not skip)
        skip, row = not skip and not first, here
    wanted = np.array(visited) & (votes >= limits).all(axis=0)
    found = find_windows(grown_cascade(features, stages), picture, scales, step=step)
    assert 10 < len(found) < 0.6 * len(every)
    for name in ("scale", "x", "y"):
        np.testing.assert_array_equal(found[name], every[name][wanted])
    np.testing.assert_array_equal(found["margin"], (votes[-1] - limits[-1])[wanted].astype(np.float32))


def test_no_window_is_given_twice_and_all_are_in_the_end() -> None:
    features, stages = grown("haar")
    cascade = grown_cascade(features, stages)
    small = scenes(3, height=19, width=22)
    source = miner(small)
    given = np.empty(0, KEY)
    while True:
        keys, windows, searched = source.mine(cascade, 900, given, everything)
        assert len(keys) == len(windows)
        given = np.concatenate([given, keys])
        if len(keys) < 900:
            break
    assert searched.rungs == len(LADDER)
    assert len(np.unique(source.hashes(given))) == len(given) == len(source.used)
    places = given[["view", "size", "image", "x", "y"]]
    assert len(np.unique(places)) == len(given)
    # Another pass over the whole ladder finds nothing new.
    again = miner(small)
    every = np.concatenate(
        [again._search(cascade, rung, 10**9, np.empty(0, np.uint64))[0] for rung in range(len(LADDER))]
    )
    assert set(again.hashes(every).tolist()) == set(source.hashes(given).tolist())
    assert (given["view"] < 8).all() and set(given["view"].tolist()) == set(range(8))


@pytest.mark.parametrize("jobs", [2, 5])
def test_threads_change_nothing(jobs: int) -> None:
    features, stages = grown("haar")
    cascade = grown_cascade(features, stages)
    results = []
    for count in (1, jobs):
        source = miner(scenes(5), jobs=count)
        results.append([source.mine(cascade, 300, np.empty(0, KEY), everything) for _ in range(3)])
    for (keys, windows, searched), (other, pixels, found) in zip(*results, strict=True):
        np.testing.assert_array_equal(keys, other)
        np.testing.assert_array_equal(windows, pixels)
        assert searched == found


def test_a_rung_that_is_held_gives_what_a_new_search_would() -> None:
    features, stages = grown("haar")
    source = miner(scenes(4))
    first, _, _ = source.mine(grown_cascade(features, stages[:2]), 600, np.empty(0, KEY), everything)
    assert source.held and len(source.pool)

    def still(windows: np.ndarray) -> np.ndarray:
        return stages[2].votes(features, Samples(windows)) >= stages[2].limit

    kept = first[still(source.cut(first))]
    keys, windows, searched = source.mine(grown_cascade(features, stages), 100, kept, still)
    fresh = miner(scenes(4))
    fresh.used = np.sort(source.hashes(first))
    wanted, pixels, found = fresh.mine(grown_cascade(features, stages), 100, kept, still)
    np.testing.assert_array_equal(keys, wanted)
    np.testing.assert_array_equal(windows, pixels)
    assert (searched.passed, searched.rungs) == (found.passed, found.rungs)


def test_windows_come_from_all_images() -> None:
    source = miner(scenes(10))
    keys, _, searched = source.mine(open_cascade(FEATURES["haar"]), 100, np.empty(0, KEY), everything)
    assert searched.images == 10 == len(np.unique(keys["image"]))
    assert searched.scanned == searched.passed > 1000
    assert np.bincount(keys["image"]).min() >= 3


def test_images_too_small_or_unreadable_give_nothing() -> None:
    source = miner([*scenes(1), np.zeros((5, 40), np.uint8)])
    keys, _, _ = source.mine(random_cascade(2, window=WINDOW), 50, np.empty(0, KEY), everything)
    assert set(keys["image"].tolist()) <= {0}
