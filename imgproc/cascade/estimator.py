"""AdaBoost over any matrix of features, as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Range
from .._ext import boosting as kernels
from .rounds import Rounds
from .stumps import StumpSearch, places

N_ESTIMATORS = Range(low=1, high=10**6, integer=True)
CRITERION = Choice(("error", "gini"))
_NAME = "AdaBoostStumps"


class AdaBoostStumps:
    """AdaBoost on decision stumps for two classes.

    The boosting behind `StageBooster` over a plain matrix. It follows scikit-learn's conventions for classifiers, and
    works in its pipelines and searches; scikit-learn itself is not needed.

    Parameters
    ----------
    n_estimators : int, default 50
        Rounds, at most: fewer where a stump makes no error, or none beats chance.
    criterion : {"error", "gini"}, default "error"
        What makes a stump the best: its weighted error, or the Gini impurity of its sides, as in scikit-learn's trees.

    Attributes
    ----------
    classes_ : (2,) array
        The labels in rising order; the second one counts as the object.
    n_features_in_ : int
        Columns of the matrix.
    stumps_ : list of Stump
        One for each round. Values below its threshold go left.
    feature_importances_ : (F,) array of float64
        The share of each feature in the sum of absolute votes.

    Notes
    -----
    Values are rounded to float32. Each round takes the best stump for the present weights, exactly and the same for any
    number of threads; of equally good ones the first feature, then its lowest threshold. With its weighted error ε it
    votes ± ln β, β = (1 − ε)/ε, and the weights of the samples it gets wrong are multiplied by β. A stump of the
    criterion "error" votes for different classes on its two sides; one of "gini" for the heavier class of each.

    Memory is 5 bytes for each value of the matrix.

    References
    ----------
    Y. Freund, R. Schapire, A decision-theoretic generalization of on-line learning and an application to boosting,
    Journal of Computer and System Sciences 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.cascade import AdaBoostStumps
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> model = AdaBoostStumps(n_estimators=20).fit(X, X[:, 0] + X[:, 1] > 0)
    >>> model.score(X, X[:, 0] + X[:, 1] > 0) > 0.9
    True
    """

    def __init__(
        self,
        n_estimators: Annotated[int, N_ESTIMATORS] = 50,
        *,
        criterion: Annotated[Literal["error", "gini"], CRITERION] = "error",
    ) -> None:
        # As scikit-learn wants it: kept as they are, and checked when they are used.
        self.n_estimators = n_estimators
        self.criterion = criterion

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> AdaBoostStumps:
        """Train on a matrix.

        Parameters
        ----------
        X : (N, F) array of numbers
            Samples in rows; finite, also as float32.
        y : (N,) array
            Labels of two kinds.
        sample_weight : (N,) array of float, optional
            Not negative, by default all equal.

        Returns
        -------
        AdaBoostStumps
            This object.

        Raises
        ------
        TypeError, ValueError
            Matrices, labels, weights or parameters of another kind.
        """
        rounds_left = N_ESTIMATORS.check(_NAME, "n_estimators", self.n_estimators)
        gini = CRITERION.check(_NAME, "criterion", self.criterion) == "gini"
        values = _matrix(X)
        self.classes_, is_object = _two_classes(y, len(values))
        weights = _weights(sample_weight, len(values), is_object)
        self.n_features_in_ = values.shape[1]
        place, order = places(is_object)
        matrix = np.zeros((values.shape[1], len(order)), np.float32)
        matrix[:, place] = values.T
        table = np.zeros((len(matrix), kernels.FEATURE_BYTES), np.uint8)
        kernels.columns(table)
        objects = int(np.count_nonzero(is_object))
        source = kernels.Source(None, None, matrix, objects, len(values) - objects)
        search = StumpSearch(source, table, order, objects, lbp=False, memory=matrix.size, threads=None)
        rounds = Rounds(search, place, is_object, weights, gini=gini, gentle=False)
        self.stumps_ = []
        importances = np.zeros(self.n_features_in_)
        while rounds_left and (stump := rounds.next_stump()) is not None:
            self.stumps_.append(stump)
            importances[stump.feature] += abs(float(stump.left))
            rounds_left = rounds_left - 1 if stump.error else 0
        total = importances.sum()
        self.feature_importances_ = importances / total if total else importances
        return self

    def decision_function(self, X: Any) -> Array:
        """The sum of the votes of each row, (N,) float64: above 0 for the second class."""
        if not hasattr(self, "stumps_"):
            error = _of_sklearn("NotFittedError", ValueError)
            raise error(f"{_NAME}: it must be fitted before it predicts, call fit")
        values = _matrix(X)
        if values.shape[1] != self.n_features_in_:
            got = f"X has {values.shape[1]} features, but {_NAME} is expecting {self.n_features_in_} features as input"
            raise wrong_value(_NAME, "X", f"of {self.n_features_in_} columns", Got(got))
        votes = np.zeros(len(values))
        for stump in self.stumps_:
            votes += np.where(
                stump.goes_left(values[:, stump.feature]), float(stump.left), float(stump.right)
            )
        return votes

    def predict(self, X: Any) -> Array:
        """The class of each row, (N,)."""
        votes = self.decision_function(X)
        return np.asarray(self.classes_[(votes > 0).astype(np.intp)])

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of both classes, (N, 2) float64: 1 / (1 + exp(-votes)) for the second one."""
        votes = self.decision_function(X)
        second = 0.5 + 0.5 * np.tanh(0.5 * votes)
        return np.stack([1.0 - second, second], axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows, or of their weights, whose class is predicted rightly."""
        right = self.predict(X) == np.asarray(y)
        return float(np.average(right, weights=sample_weight))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; ``deep`` makes no difference."""
        return {"n_estimators": self.n_estimators, "criterion": self.criterion}

    def set_params(self, **params: Any) -> AdaBoostStumps:
        """Change parameters by name.

        Raises
        ------
        ValueError
            A name that is no parameter.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise wrong_value(_NAME, "parameter", "one of n_estimators, criterion", name)
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"{_NAME}(n_estimators={self.n_estimators!r}, criterion={self.criterion!r})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(),
        )


# scikit-learn's `check_estimator` looks for words of its own in some of these sentences.


def _matrix(X: Any) -> Array:
    """(N, F) float32, finite."""
    if hasattr(X, "toarray"):
        raise wrong_type(_NAME, "X", "a dense array, not a sparse one", X)
    raw = np.asarray(X)
    if raw.dtype.kind == "c":
        raise wrong_value(_NAME, "X", "real", Got("complex numbers. Complex data not supported"))
    if raw.ndim != 2:
        raise wrong_value(_NAME, "X", "of 2 dimensions (Reshape your data)", raw)
    for axis, what in enumerate(("sample(s)", "feature(s)")):
        if not raw.shape[axis]:
            got = f"0 {what} (shape={raw.shape}) while a minimum of 1 is required."
            raise wrong_value(_NAME, "X", "not empty", Got(got))
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.ascontiguousarray(raw, np.float32)
    except (TypeError, ValueError):
        got = f"{raw.dtype}: each argument must be a string that reads as a number, or a number"
        raise wrong_type(_NAME, "X", "an array of numbers", Got(got)) from None
    if not np.isfinite(values).all():
        raise wrong_value(_NAME, "X", "finite as float32", Got("NaN or infinity"))
    return values


def _two_classes(y: Any, count: int) -> tuple[Array, Array]:
    """The labels of both classes, and which samples have the second one."""
    if y is None:
        raise wrong_value(_NAME, "y", "labels: it requires y to be passed, but the target y is None", None)
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        text = "A column-vector y was passed when a 1d array was expected"
        warnings.warn(text, _of_sklearn("DataConversionWarning", UserWarning), stacklevel=3)
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise wrong_value(_NAME, "y", f"one label for each of {count} rows", labels)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise wrong_value(_NAME, "y", "finite", Got("NaN or infinity"))
    classes, number = np.unique(labels, return_inverse=True)
    if labels.dtype.kind == "f" and (classes != np.rint(classes)).any():
        raise wrong_value(_NAME, "y", "labels of two classes", Got("continuous numbers"))
    if len(classes) != 2:
        got = f"{len(classes)} class(es). Only binary classification is supported."
        raise wrong_value(_NAME, "y", "labels of two classes", Got(got))
    return classes, np.asarray(number == 1)


def _weights(sample_weight: Any, count: int, is_object: Array) -> Array:
    """Weights that sum to 1."""
    if sample_weight is None:
        return np.full(count, 1.0 / count)
    weights = np.asarray(sample_weight, np.float64)
    if weights.ndim == 0:
        weights = np.full(count, float(weights))
    if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise wrong_value(_NAME, "sample_weight", f"{count} finite numbers that are not negative", weights)
    if not (weights[is_object].any() and weights[~is_object].any()):
        must = "above 0 for samples of both classes"
        raise wrong_value(_NAME, "sample_weight", must, Got("a class whose weights are all zero"))
    weights = weights / weights.max()
    return np.asarray(weights / weights.sum())


def _of_sklearn(name: str, otherwise: Any) -> Any:
    """One of scikit-learn's exceptions, where it is installed."""
    try:
        from sklearn import exceptions
    except ImportError:
        return otherwise
    return getattr(exceptions, name)
