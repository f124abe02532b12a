"""AdaBoost on stumps: scikit-learn's on the same matrix of rectangle features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from imgproc.cascade import AdaBoostStumps, Samples, haar_features

from .harness import Array, Case, photograph
from .rivals import SKLEARN, sklearn

WINDOWS, FEATURES = 4000, 1000


def _matrix() -> tuple[Array, Array]:
    """Values of some of all features in windows of a photograph; those with a bright left half are the objects."""
    image, rng = photograph("512", channels=1), np.random.default_rng(0)
    places = zip(*(rng.integers(0, side - 24, WINDOWS) for side in image.shape), strict=True)
    windows = np.array([image[y : y + 24, x : x + 24] for y, x in places])
    edge = windows[:, :, :12].mean(axis=(1, 2)) - windows[:, :, 12:].mean(axis=(1, 2))
    features = haar_features()
    chosen = rng.choice(len(features), FEATURES, replace=False)
    return Samples(windows).values(features, chosen).T.copy(), edge + rng.normal(0, 5, WINDOWS) > 3


def cases(size: str) -> Iterator[Case]:
    if size != "512" or sklearn is None:
        return
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    X, y = _matrix()

    def same(ours: Any, rival: Any) -> None:
        """The same splits; see the tests for why."""
        trees = [tree.tree_ for tree in rival.estimators_]
        assert [stump.feature for stump in ours.stumps_] == [tree.feature[0] for tree in trees]
        thresholds = np.float32([tree.threshold[0] for tree in trees])
        np.testing.assert_array_equal([stump.threshold for stump in ours.stumps_], thresholds)

    for rounds in (1, 5):
        yield Case(
            f"AdaBoost, {FEATURES} features of {WINDOWS} windows, rounds: {rounds}",
            size,
            X.size * rounds,
            lambda rounds=rounds: AdaBoostStumps(rounds, criterion="gini").fit(X, y),
            {
                SKLEARN: lambda rounds=rounds: AdaBoostClassifier(
                    DecisionTreeClassifier(max_depth=1), n_estimators=rounds, random_state=0
                ).fit(X, y)
            },
            same,
            X.nbytes * rounds,
        )
