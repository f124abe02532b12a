"""Features of windows, their values, and AdaBoost over all of them: the slow twin, laws, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cascades import image
from reference import boosting as reference

import imgproc
from imgproc.cascade import (
    Cascade,
    FeatureSet,
    Samples,
    StageBooster,
    Stump,
    haar_features,
    lbp_features,
)
from imgproc.cascade.detection import find_windows

SETS: dict[str, Callable[[tuple[int, int]], FeatureSet]] = {
    "haar": haar_features,
    "tilted": lambda window: haar_features(window, tilted=True),
    "lbp": lbp_features,
}
sets = pytest.mark.parametrize("kind", SETS)
algorithms = pytest.mark.parametrize("algorithm", ["discrete", "gentle"])


def windows(seed: int, count: int, shape: tuple[int, int] = (7, 6)) -> tuple[np.ndarray, np.ndarray]:
    """Crops of a picture of blobs with noise, half of the objects brighter at their left; the last one is flat."""
    rng = np.random.default_rng(seed)
    picture = image(seed, 60, 70)
    corners = zip(rng.integers(0, 60 - shape[0], count), rng.integers(0, 70 - shape[1], count), strict=True)
    found = np.array([picture[y : y + shape[0], x : x + shape[1]] for y, x in corners]) // 2
    found += rng.integers(0, 100, found.shape, np.uint8)
    is_object = np.arange(count) % 3 == 0
    found[is_object, :, :2] += (
        np.uint8(27) * rng.integers(0, 2, np.count_nonzero(is_object), np.uint8)[:, None, None]
    )
    found[-1] = 100
    return found, is_object


def plain(stump: Stump) -> tuple[Any, ...]:
    """A stump as the twin gives it."""
    test: Any = stump.threshold
    if stump.subset is not None:
        test = {code for code in range(256) if int(stump.subset[code // 32]) >> code % 32 & 1}
    return stump.feature, test, stump.left, stump.right, stump.error


@pytest.mark.parametrize("window", [(3, 3), (5, 9), (8, 7)])
@pytest.mark.parametrize("tilted", [False, True])
def test_haar_features_are_all_that_fit(window: tuple[int, int], tilted: bool) -> None:
    features = haar_features(window, tilted=tilted)
    found = {
        (bool(turned), *((*box, weight) for box, weight in zip(boxes, weights, strict=True) if weight))
        for boxes, weights, turned in zip(
            features.boxes.tolist(), features.weights.tolist(), features.tilted, strict=True
        )
    }
    expected = reference.haar_features(*window, tilted)
    assert found == {(turned, *map(tuple, boxes)) for turned, *boxes in expected}
    assert len(features) == len(expected)


def test_numbers_of_features() -> None:
    assert len(haar_features()) == 162_336, "Viola and Jones count 160,000 and more"
    assert len(lbp_features()) == 8464
    assert len(lbp_features((3, 3))) == 1


@sets
def test_features_can_stand_in_a_cascade(kind: str) -> None:
    """Every check of `Cascade` holds for all of them, and they are balanced."""
    features = SETS[kind]((9, 10))
    count = len(features)
    haar = kind != "lbp"
    Cascade(
        features=features.kind,
        window=features.window,
        boxes=features.boxes,
        weights=features.weights,
        tilted=features.tilted,
        node_feature=np.arange(count),
        node_left=np.zeros(count),
        node_right=np.full(count, -1),
        node_thresholds=np.zeros(count if haar else 0),
        subsets=np.zeros((0 if haar else count, 8)),
        leaves=np.ones(2 * count),
        first_node=np.arange(count + 1),
        first_tree=np.array([0, count]),
        thresholds=np.zeros(1),
    )
    if haar:
        areas = features.boxes[:, :, 2] * features.boxes[:, :, 3]
        assert not (areas * features.weights).sum(axis=1).any()


@sets
def test_values_are_those_of_the_detector(kind: str, level: str) -> None:
    features = SETS[kind]((7, 6))
    crops, _ = windows(1, 131)
    chosen = list(range(0, len(features), 1 + len(features) // 40))
    found = Samples(crops).values(features, np.array(chosen))
    some = [*range(3), 126, 127, 128, 129, 130]
    np.testing.assert_array_equal(found[:, some], reference.values(features, chosen, crops[some]))
    assert found.dtype == (np.uint8 if kind == "lbp" else np.float32)
    assert Samples(crops).flat[130] and not Samples(crops).flat[:130].any()


@pytest.mark.parametrize("count", [5, 64, 129])
@algorithms
@sets
def test_stumps_are_those_of_the_twin(kind: str, algorithm: Any, count: int) -> None:
    features = SETS[kind]((5, 6))
    features = features.take(np.arange(0, len(features), 1 + len(features) // 60))
    crops, is_object = windows(count, count, features.window)
    samples = Samples(crops)
    values = samples.values(features, np.arange(len(features)))
    gentle = algorithm == "gentle"
    expected, weights = reference.boost(values, is_object, 5, gini=gentle, gentle=gentle)
    booster = StageBooster(features, samples, is_object, algorithm=algorithm)
    for feature, test, *votes in expected:
        found = plain(booster.next_stump())
        assert found[:2] == (feature, test)
        # The twin's weights are floats all along, ours are rounded to units of 2^-48.
        np.testing.assert_allclose(found[2:], votes, rtol=1e-6)
    np.testing.assert_allclose(booster.weights, weights, rtol=1e-9)
    votes = np.zeros(count)
    for feature, test, left, right, _ in expected:
        goes = np.isin(values[feature], list(test)) if kind == "lbp" else values[feature] < test
        votes += np.where(goes, float(left), float(right))
    np.testing.assert_allclose(booster.votes, votes, rtol=1e-6, atol=1e-6)


def rounds(booster: StageBooster, count: int) -> list[Any]:
    stumps = [booster.next_stump() for _ in range(count)]
    return [*(plain(stump) for stump in stumps if stump), booster.weights.tolist(), booster.votes.tolist()]


@algorithms
@sets
def test_same_bits_at_every_level_thread_count_and_budget(
    kind: str, algorithm: Any, level: str, threads: int
) -> None:
    features = SETS[kind]((8, 8))
    crops, is_object = windows(5, 300, (8, 8))
    samples = Samples(crops)
    found = rounds(StageBooster(features, samples, is_object, algorithm=algorithm), 4)
    places = 128 + 256
    used = places * 81 * (8 if kind == "tilted" else 4) + len(features) * (88 + 128)
    before = imgproc.get_cpu_level()
    imgproc.set_cpu_level("baseline")
    for budget in (used, used + places * len(features) // 3):
        small = StageBooster(
            features, samples, is_object, algorithm=algorithm, memory_budget=budget, n_threads=1
        )
        assert rounds(small, 4) == found
    imgproc.set_cpu_level(before)
    with pytest.raises(ValueError, match=f"memory_budget must be at least {used:,} bytes"):
        StageBooster(features, samples, is_object, memory_budget=used - 1)


@algorithms
def test_bounds_rule_out_no_winner(algorithm: Any, level: str) -> None:
    """More windows than one group, weights of many sizes: the best of all features, found one by one."""
    features = haar_features((6, 6))
    crops, is_object = windows(8, 700, (6, 6))
    samples = Samples(crops)
    values = samples.values(features, np.arange(len(features)))
    order = np.argsort(values, axis=1, kind="stable")
    rows = np.arange(len(features))[:, None]
    ranked = values[rows, order]
    booster = StageBooster(features, samples, is_object, algorithm=algorithm)
    for _ in range(12):
        whole = np.rint(booster.weights * 2.0**48).astype(np.int64)
        left = [
            np.cumsum(np.where(is_object == side, whole, 0)[order], axis=1)[:, :-1] for side in (True, False)
        ]
        every = [int(whole[is_object == side].sum()) for side in (True, False)]
        if algorithm == "discrete":
            scores = np.abs((left[0] - left[1]) - 0.5 * (every[0] - every[1]))
        else:
            sums, edges = left[0] + left[1], left[0] - left[1]
            right = sum(every) - sums, every[0] - every[1] - edges
            scores = edges.astype(float) ** 2 / sums + right[1].astype(float) ** 2 / right[0]
        scores[ranked[:, 1:] == ranked[:, :-1]] = -1
        best = int(scores.max(axis=1).argmax())
        place = int(scores[best].argmax())
        stump = booster.next_stump()
        assert stump is not None
        assert stump.feature == best
        assert ranked[best, place] < stump.threshold <= ranked[best, place + 1]


@algorithms
@sets
def test_a_cascade_sums_the_same_votes(kind: str, algorithm: Any) -> None:
    """The windows one below the other, each looked at once: margins are votes."""
    features = SETS[kind]((8, 7))
    crops, is_object = windows(3, 90, (8, 7))
    booster = StageBooster(features, Samples(crops), is_object, algorithm=algorithm)
    stumps = [stump for stump in (booster.next_stump() for _ in range(6)) if stump]
    chosen = features.take(np.array([stump.feature for stump in stumps]))
    count = len(stumps)
    haar = kind != "lbp"
    cascade = Cascade(
        features=chosen.kind,
        window=chosen.window,
        boxes=chosen.boxes,
        weights=chosen.weights,
        tilted=chosen.tilted,
        node_feature=np.arange(count),
        node_left=np.zeros(count),
        node_right=np.full(count, -1),
        node_thresholds=np.array([stump.threshold for stump in stumps] if haar else []),
        subsets=np.empty((0, 8)) if haar else np.array([stump.subset for stump in stumps]),
        leaves=np.array([[stump.left, stump.right] for stump in stumps]).ravel(),
        first_node=np.arange(count + 1),
        first_tree=np.array([0, count]),
        thresholds=np.float32([-1000]),
    )
    found = find_windows(cascade, crops.reshape(-1, 7), [np.float32(1)], step=8)
    usable = ~Samples(crops).flat if haar else np.ones(90, bool)
    np.testing.assert_array_equal(found["y"] // 8, np.flatnonzero(usable))
    limit = float(np.float32(-1000) - np.float32(1e-5))
    np.testing.assert_array_equal(found["margin"], np.float32(booster.votes[usable] - limit))


def test_discrete_rounds_follow_the_lecture() -> None:
    """Wrong samples' weights times beta, then a sum of 1, of which each stump has half wrong."""
    features = haar_features((8, 8))
    crops, is_object = windows(4, 200, (8, 8))
    booster = StageBooster(features, Samples(crops), is_object)
    for _ in range(8):
        before, votes = booster.weights, booster.votes
        stump = booster.next_stump()
        assert stump is not None
        answer = booster.votes - votes
        wrong = (answer > 0) != is_object
        assert stump.error == pytest.approx(before[wrong].sum(), abs=1e-12)
        beta = (1 - stump.error) / stump.error
        assert np.float32(np.log(beta)) == max(stump.left, stump.right) == -min(stump.left, stump.right)
        after = np.where(wrong, before * beta, before)
        np.testing.assert_allclose(booster.weights, after / after.sum(), rtol=1e-10)
        assert booster.weights[wrong].sum() == pytest.approx(0.5, abs=1e-10)


def test_of_equal_features_the_first_and_of_equal_thresholds_the_lowest() -> None:
    crops, is_object = windows(6, 60, (6, 6))
    features = haar_features((6, 6))
    twice = features.take(np.r_[np.arange(len(features)), np.arange(len(features))])
    one = StageBooster(features, Samples(crops), is_object)
    two = StageBooster(twice, Samples(crops), is_object)
    assert rounds(one, 4) == rounds(two, 4)


def test_pure_and_hopeless_samples() -> None:
    features = haar_features((5, 5))
    rng = np.random.default_rng(1)
    crops = rng.integers(0, 256, (20, 5, 5), np.uint8)
    is_object = np.arange(20) < 10
    crops[is_object, :, :2], crops[~is_object, :, :2] = 255, 0
    booster = StageBooster(features, Samples(crops), is_object)
    stump = booster.next_stump()
    assert stump is not None
    assert stump.error == 0
    assert max(stump.left, stump.right) == np.float32(np.log(2.0**40 - 1))
    np.testing.assert_array_equal(booster.votes > 0, is_object)
    same = StageBooster(features, Samples(np.repeat(crops[:1], 6, axis=0)), np.arange(6) < 3)
    assert same.next_stump() is None
    for algorithm in ("discrete", "gentle"):
        mirrored = StageBooster(
            features, Samples(np.concatenate([crops, crops])), np.arange(40) < 20, algorithm=algorithm
        )
        assert mirrored.next_stump() is None, "every window is an object and is none"


def test_memory_is_taken_over() -> None:
    features = haar_features((8, 8))
    crops, is_object = windows(9, 200, (8, 8))
    first = StageBooster(features, Samples(crops), is_object)
    expected = [rounds(first, 2), rounds(first, 2)]
    again = StageBooster(features, Samples(crops), is_object)
    assert rounds(again, 2) == expected[0]
    memory = again._rounds.search.memory
    second = StageBooster(features, Samples(crops[:150]), is_object[:150], after=again)
    assert second._rounds.search.memory is memory
    assert rounds(again, 2) == expected[1], "it makes its codes anew"
    fresh = StageBooster(features, Samples(crops[:150]), is_object[:150])
    assert rounds(second, 3) == rounds(fresh, 3)


def test_samples_grow_and_shrink() -> None:
    crops, _ = windows(2, 40)
    features = haar_features((7, 6))
    chosen = np.array([0, 17, 5])
    samples = Samples(crops[:10])
    crops[0] = 0
    assert samples.windows[0].any(), "a copy was kept"
    samples.append(crops[10:])
    which = np.arange(40) % 3 == 1
    samples.keep(which)
    assert len(samples) == np.count_nonzero(which)
    np.testing.assert_array_equal(
        samples.values(features, chosen), Samples(crops[which]).values(features, chosen)
    )
    with pytest.raises(ValueError, match="read-only"):
        samples.windows[0] = 0


def test_stumps_do_not_see_samples_that_come_later() -> None:
    crops, is_object = windows(2, 40)
    features = haar_features((7, 6))
    samples = Samples(crops)
    booster = StageBooster(features, samples, is_object)
    samples.append(crops)
    assert rounds(booster, 3) == rounds(StageBooster(features, Samples(crops), is_object), 3)


def test_refusals() -> None:
    crops, is_object = windows(2, 40)
    features = haar_features((7, 6))
    samples = Samples(crops)
    for bad, error in (
        (crops.tolist(), TypeError),
        (crops.astype(np.int16), ValueError),
        (crops[0], ValueError),
        (np.zeros((2, 2, 8), np.uint8), ValueError),
        (np.zeros((2, 256, 8), np.uint8), ValueError),
    ):
        with pytest.raises(error, match=r"^Samples: windows must be"):
            Samples(bad)
    with pytest.raises(ValueError, match=r"^Samples\.append: windows must be of 7 x 6"):
        samples.append(np.zeros((2, 6, 7), np.uint8))
    with pytest.raises(ValueError, match=r"^Samples\.keep: which must be a bool array of shape \(40,\)"):
        samples.keep(np.zeros(39, bool))
    for chosen in ([-1], [len(features)], [0.5], [[0]]):
        with pytest.raises(ValueError, match=r"^Samples\.values: chosen must be"):
            samples.values(features, chosen)
    with pytest.raises(ValueError, match=r"^Samples\.values: features must be of a window of 7 x 6"):
        samples.values(haar_features((6, 7)), [0])
    for window in ((2, 5), (5, 256), (5.0, 5), 300, "24"):
        for make in (haar_features, lbp_features):
            with pytest.raises((TypeError, ValueError), match=r"_features: window"):
                make(window)
    for kind in (
        is_object[:-1],
        np.zeros(40, bool),
        np.ones(40, bool),
        is_object.astype(np.uint8),
        is_object.tolist(),
    ):
        with pytest.raises(ValueError, match=r"^StageBooster: is_object must be"):
            StageBooster(features, samples, kind)
    for options in ({"algorithm": "real"}, {"memory_budget": 0}, {"n_threads": 0}, {"after": samples}):
        with pytest.raises((TypeError, ValueError), match=f"^StageBooster: {next(iter(options))} must be"):
            StageBooster(features, samples, is_object, **options)
    with pytest.raises(TypeError, match=r"^StageBooster: samples must be Samples"):
        StageBooster(features, crops, is_object)
    with pytest.raises(TypeError, match=r"^StageBooster: features must be a FeatureSet"):
        StageBooster(features.boxes, samples, is_object)
