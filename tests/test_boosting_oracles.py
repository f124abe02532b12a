"""AdaBoostStumps beside scikit-learn, whose conventions it keeps and whose AdaBoost it equals where they agree."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import imgproc
from imgproc.cascade import AdaBoostStumps

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator


def samples(seed: int, count: int = 300, features: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, features)).astype(np.float32)
    return X, X[:, 0] + X[:, 1] ** 2 + rng.normal(size=count) > 1


def boost(X: np.ndarray, y: np.ndarray, rounds: int, sample_weight: Any = None) -> AdaBoostClassifier:
    stump = DecisionTreeClassifier(max_depth=1)
    return AdaBoostClassifier(stump, n_estimators=rounds, random_state=0).fit(X, y, sample_weight)


@pytest.mark.parametrize("criterion", ["error", "gini"])
def test_conventions_of_estimators(criterion: Any) -> None:
    with warnings.catch_warnings():
        # Some checks are left out where pandas is absent, and say so.
        warnings.simplefilter("ignore")
        check_estimator(AdaBoostStumps(20, criterion=criterion))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_gini_gives_the_ensemble_of_scikit_learn(seed: int, weighted: bool, threads: int) -> None:
    """The same trees, weights and votes: criterion, classes of the sides and weights are those of SAMME, and
    no two splits of such data are equally good, for which scikit-learn draws lots."""
    X, y = samples(seed)
    weight = np.random.default_rng(9).random(len(y)) if weighted else None
    theirs = boost(X, y, 40, weight)
    ours = AdaBoostStumps(40, criterion="gini").fit(X, y, weight)
    trees = [tree.tree_ for tree in theirs.estimators_]
    assert [stump.feature for stump in ours.stumps_] == [int(tree.feature[0]) for tree in trees]
    # Halfway between two values in both; there in float64, here the nearest float32.
    np.testing.assert_array_equal(
        [stump.threshold for stump in ours.stumps_], np.float32([tree.threshold[0] for tree in trees])
    )
    errors = [stump.error for stump in ours.stumps_]
    np.testing.assert_allclose(errors, theirs.estimator_errors_, rtol=1e-9)
    fresh, _ = samples(seed + 100)
    # Its decision is that of one class less that of the other, each divided by the sum of the votes; its votes are
    # float64, ours float32 as in a cascade.
    votes = theirs.decision_function(fresh) * theirs.estimator_weights_.sum() / 2
    np.testing.assert_allclose(ours.decision_function(fresh), votes, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(fresh), theirs.predict(fresh))
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, rtol=1e-6)


def test_where_the_algorithms_part() -> None:
    """scikit-learn's trees minimise impurity, the lecture's stumps the weighted error: other first stumps here, whose
    error is the smaller one for ours. With a perfect stump both stop; scikit-learn then lets it vote 1, ours ln β of an
    error of 2^-40."""
    apart = 0
    for seed in range(20):
        X, y = samples(seed, 60, 4)
        ours, theirs = AdaBoostStumps(1).fit(X, y), boost(X, y, 1)
        assert ours.stumps_[0].error <= theirs.estimator_errors_[0] + 1e-12
        apart += ours.stumps_[0].error < theirs.estimator_errors_[0] - 1e-12
    assert apart
    X = np.arange(10.0)[:, None]
    ours, theirs = AdaBoostStumps(5).fit(X, X[:, 0] > 4), boost(X, X[:, 0] > 4, 5)
    assert len(ours.stumps_) == len(theirs.estimators_) == 1
    assert theirs.estimator_weights_[0] == 1
    assert ours.stumps_[0].right == np.float32(np.log(2.0**40 - 1))


def test_in_a_pipeline_and_a_search() -> None:
    X, y = samples(3)
    search = GridSearchCV(AdaBoostStumps(), {"n_estimators": [2, 30], "criterion": ["error", "gini"]}, cv=3)
    assert search.fit(X, y).best_params_["n_estimators"] == 30
    names = np.where(y, "yes", "no")
    pipe = make_pipeline(StandardScaler(), AdaBoostStumps(30)).fit(X, names)
    assert pipe.score(X, names) > 0.8
    proba = pipe.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(np.where(proba[:, 1] > 0.5, "yes", "no"), pipe.predict(X))


def test_same_bits_at_every_level_and_thread_count(level: str, threads: int) -> None:
    X, y = samples(5, 700, 20)
    found = AdaBoostStumps(15).fit(X, y)
    before = imgproc.get_cpu_level(), imgproc.get_num_threads()
    imgproc.set_cpu_level("baseline")
    imgproc.set_num_threads(1)
    plain = AdaBoostStumps(15).fit(X, y)
    imgproc.set_cpu_level(before[0])
    imgproc.set_num_threads(before[1])
    assert found.stumps_ == plain.stumps_


def test_large_and_close_values() -> None:
    """Thresholds between neighbouring float32 numbers, and between the largest ones."""
    one = np.float32(1)
    for low, high in (
        (one, np.nextafter(one, np.float32(2))),
        (np.float32(-3e38), np.float32(3e38)),
        (np.float32(0), np.float32(1e-45)),
        (np.float32(-0.0), np.float32(1)),
    ):
        X = np.array([[low], [high]] * 3)
        model = AdaBoostStumps(2).fit(X, [0, 1] * 3)
        threshold = model.stumps_[0].threshold
        assert threshold is not None and low < threshold <= high
        np.testing.assert_array_equal(model.predict(X), [0, 1] * 3)


def test_refusals() -> None:
    X, y = samples(1, 20, 3)
    for options in ({"n_estimators": 0}, {"n_estimators": 1.5}, {"criterion": "entropy"}):
        with pytest.raises((TypeError, ValueError), match=f"^AdaBoostStumps: {next(iter(options))} must be"):
            AdaBoostStumps(**options).fit(X, y)
    with pytest.raises(ValueError, match=r"^AdaBoostStumps: parameter must be one of"):
        AdaBoostStumps().set_params(depth=2)
    model = AdaBoostStumps()
    for bad in (X[0], X[:0], X[:, :0], X * np.nan, X.astype(float) * 1e39, X.astype(str) + "x"):
        with pytest.raises((TypeError, ValueError), match=r"^AdaBoostStumps: X must be"):
            model.fit(bad, y)
    for labels in (None, y[:-1], np.zeros(20), np.arange(20) % 3, np.arange(20) / 7, np.full(20, np.nan)):
        with pytest.raises(ValueError, match=r"^AdaBoostStumps: y must be"):
            model.fit(X, labels)
    for weight in (np.zeros(20), -np.ones(20), np.ones(19), np.full(20, np.inf), y.astype(float)):
        with pytest.raises(ValueError, match=r"^AdaBoostStumps: sample_weight must be"):
            model.fit(X, y, weight)
    with pytest.raises(ValueError, match=r"must be fitted before"):
        model.predict(X)
    with pytest.raises(ValueError, match=r"X must be of 3 columns"):
        model.fit(X, y).predict(X[:, :2])
