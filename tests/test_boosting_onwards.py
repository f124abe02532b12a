"""Boosting that goes on from votes of stumps before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.cascade import Samples, StageBooster, haar_features

FEATURES = haar_features((8, 8))


@pytest.fixture
def samples(rng: np.random.Generator) -> tuple[Samples, np.ndarray]:
    """Noise with a bright left half for the first 60 of 150 windows."""
    windows = rng.integers(0, 256, (150, 8, 8))
    is_object = np.arange(150) < 60
    windows[is_object, :, :4] += 40
    return Samples(np.uint8(np.minimum(windows, 255))), is_object


@pytest.mark.parametrize("algorithm", ["discrete", "gentle"])
def test_zero_votes_are_equal_shares_of_both_classes(
    samples: tuple[Samples, np.ndarray], algorithm: Any
) -> None:
    booster = StageBooster(FEATURES, *samples, algorithm=algorithm, votes=np.zeros(150))
    np.testing.assert_allclose(booster.weights, np.where(samples[1], 0.5 / 60, 0.5 / 90))
    assert booster.next_stump() is not None


def test_going_on_gives_the_stumps_of_never_having_stopped(samples: tuple[Samples, np.ndarray]) -> None:
    """Gentle boosting's weights are those of the sum of votes; where the classes weigh the same, as they do from the
    start here and about so after, a second booster chooses the same stumps."""
    whole = StageBooster(FEATURES, *samples, algorithm="gentle", votes=np.zeros(150))
    first = [whole.next_stump() for _ in range(3)]
    after = StageBooster(FEATURES, *samples, algorithm="gentle", votes=whole.votes)
    for is_class in (samples[1], ~samples[1]):
        inside = whole.weights[is_class]
        np.testing.assert_allclose(after.weights[is_class], 0.5 * inside / inside.sum(), rtol=1e-9)
    np.testing.assert_array_equal(after.votes, whole.votes)
    assert None not in first
    after.next_stump()
    assert (after.votes != whole.votes).all()


def test_votes_far_apart_overflow_nowhere(samples: tuple[Samples, np.ndarray]) -> None:
    votes = np.linspace(-2000, 2000, 150)
    booster = StageBooster(FEATURES, *samples, algorithm="gentle", votes=votes)
    assert np.isfinite(booster.weights).all()
    assert booster.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "votes",
    [
        [0.0] * 150,
        np.zeros(150, np.float32),
        np.zeros(149),
        np.zeros((150, 1)),
        np.full(150, np.nan),
        np.full(150, np.inf),
    ],
)
def test_bad_votes_are_named(samples: tuple[Samples, np.ndarray], votes: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^StageBooster: votes must be finite, .*, got "):
        StageBooster(FEATURES, *samples, votes=votes)
