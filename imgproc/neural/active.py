"""Active learning: which unlabelled items a person should look at next. Scores are higher for what is less sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .training_checks import Axes, check_array, check_classes, check_shares
from .votes import count_votes

COUNT = Range(low=0, high=2**31 - 1, integer=True)
CLASSES = Range(low=1, high=2**31 - 1, integer=True)


def entropy(probabilities: Array) -> Array:
    """Entropy of the class probabilities of each item.

    Parameters
    ----------
    probabilities : (N, K) array of float32 or float64
        Rows that sum to 1.

    Returns
    -------
    (N,) array of float64
        0 where one class is sure, ln K where all are alike.

    Raises
    ------
    TypeError
        Not a float array.
    ValueError
        Wrong shape, numbers outside [0, 1], or rows whose sum is not 1 within 0.001.

    Notes
    -----
    ``-sum(p ln p)`` in nats, with 0 ln 0 = 0.

    References
    ----------
    C. E. Shannon, A mathematical theory of communication, Bell System Technical Journal 27 (1948).
    B. Settles, Active learning literature survey, University of Wisconsin–Madison, 2009, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.entropy(np.array([[1.0, 0.0], [0.5, 0.5]])).round(4)
    array([0.    , 0.6931])
    """
    return _entropy(_probabilities("entropy", probabilities, ("N", "K")))


def margin(probabilities: Array) -> Array:
    """How close the two likeliest classes of each item are.

    Parameters
    ----------
    probabilities : (N, K) array of float32 or float64
        Rows that sum to 1, K at least 2.

    Returns
    -------
    (N,) array of float64
        0 where one class is sure, 1 where two are alike.

    Raises
    ------
    TypeError
        Not a float array.
    ValueError
        Wrong shape, numbers outside [0, 1], or rows whose sum is not 1 within 0.001.

    Notes
    -----
    ``1 - (p_first - p_second)``. Papers call the difference the margin and look for the smallest; here, as in all
    scores of this module, the highest is to be asked for.

    References
    ----------
    T. Scheffer, C. Decomain, S. Wrobel, Active hidden Markov models for information extraction, IDA 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.margin(np.array([[0.75, 0.25, 0.0], [0.5, 0.5, 0.0]]))
    array([0.5, 1. ])
    """
    p = _probabilities("margin", probabilities, ("N", "K"), least=2)
    first, second = np.moveaxis(np.partition(p, (-2, -1), axis=1)[:, :-3:-1], 1, 0)
    scores: Array = 1 - (first - second)
    return scores


def least_confidence(probabilities: Array) -> Array:
    """How unlikely the likeliest class of each item is.

    Parameters
    ----------
    probabilities : (N, K) array of float32 or float64
        Rows that sum to 1.

    Returns
    -------
    (N,) array of float64
        0 where one class is sure, 1 - 1 / K where all are alike.

    Raises
    ------
    TypeError
        Not a float array.
    ValueError
        Wrong shape, numbers outside [0, 1], or rows whose sum is not 1 within 0.001.

    Notes
    -----
    ``1 - max(p)``.

    References
    ----------
    D. D. Lewis, W. A. Gale, A sequential algorithm for training text classifiers, SIGIR 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.least_confidence(np.array([[1.0, 0.0], [0.5, 0.5]]))
    array([0. , 0.5])
    """
    p = _probabilities("least_confidence", probabilities, ("N", "K"))
    scores: Array = 1 - p.max(axis=1)
    return scores


def vote_entropy(votes: Array, classes: Annotated[int, CLASSES]) -> Array:
    """How far a committee of models disagrees on the class of each item, by their votes.

    Parameters
    ----------
    votes : (M, N) integer array
        The class that each of M >= 1 models gives each item, 0 to ``classes - 1``.
    classes : int
        How many classes, 1 or more.

    Returns
    -------
    (N,) array of float64
        0 where all agree.

    Raises
    ------
    TypeError
        Not an integer array, or wrong kind of number.
    ValueError
        Wrong shape, no model, or a class out of range.

    Notes
    -----
    ``-sum over k of V_k / M ln(V_k / M)`` with V_k the votes for class k, in nats.

    References
    ----------
    I. Dagan, S. P. Engelson, Committee-based sampling for training probabilistic classifiers, ICML 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.vote_entropy(np.array([[0, 0], [0, 1]]), 2).round(4)
    array([0.    , 0.6931])
    """
    classes = CLASSES.check("vote_entropy", "classes", classes)
    given = check_classes("vote_entropy", "votes", votes, ("M", "N"), classes)
    if not len(given):
        raise wrong_value("vote_entropy", "votes", "of one model or more", Got(f"shape {given.shape}"))
    return _entropy(count_votes(given, classes, np.ones(len(given))) / len(given))


def committee_divergence(probabilities: Array) -> Array:
    """How far a committee of models disagrees on each item, by their probabilities.

    Parameters
    ----------
    probabilities : (M, N, K) array of float32 or float64
        Class probabilities of M >= 1 models, rows that sum to 1.

    Returns
    -------
    (N,) array of float64
        0 where all models agree, up to ln M.

    Raises
    ------
    TypeError
        Not a float array.
    ValueError
        Wrong shape, no model, numbers outside [0, 1], or rows whose sum is not 1 within 0.001.

    Notes
    -----
    The mean of the Kullback–Leibler divergences of the models from their mean c:
    ``1 / M sum over m, k of p_mk ln(p_mk / c_k)``, in nats, with 0 ln 0 = 0. That is the entropy of the mean less the
    mean of the entropies: what is left of the uncertainty when that within each model is taken away.

    References
    ----------
    A. McCallum, K. Nigam, Employing EM and pool-based active learning for text classification, ICML 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.committee_divergence(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).round(4)
    array([0.6931])
    """
    name = "committee_divergence"
    p = _probabilities(name, probabilities, ("M", "N", "K"))
    if not len(p):
        raise wrong_value(name, "probabilities", "of one model or more", Got(f"shape {p.shape}"))
    mean = p.mean(axis=0)
    # Where a model's probability is above 0 the mean is too, but for the rounding of subnormal numbers.
    quotient = np.divide(p, mean, out=np.ones(p.shape), where=(p > 0) & (mean > 0))
    scores: Array = np.maximum((p * np.log(quotient)).sum(axis=2).mean(axis=0), 0)
    return scores


def greedy_k_centre(points: Array, count: Annotated[int, COUNT], chosen: Sequence[int] | Array = ()) -> Array:
    """Choose items so that none is far from a chosen one: each next is the one farthest from those before.

    Parameters
    ----------
    points : (N, D) array of float32 or float64
        A place for each item, such as the features that a network gives it; finite.
    count : int
        How many to choose, at least 0 and at most those that are left.
    chosen : sequence of int, default ()
        Items that are chosen (labelled) already.

    Returns
    -------
    (count,) array of int64
        Rows, in the order of choice.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, numbers that are not finite, rows that there are not, or a count beyond what is left.

    Notes
    -----
    Euclidean distances; of equally far items the lower row, and without any chosen before row 0 first. The largest
    distance of an item from its nearest chosen one is at most twice the least possible. O(N D) for each choice, memory
    O(N).

    References
    ----------
    T. F. Gonzalez, Clustering to minimize the maximum intercluster distance, Theoretical Computer Science 38 (1985).
    O. Sener, S. Savarese, Active learning for convolutional neural networks: a core-set approach, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import active
    >>> active.greedy_k_centre(np.array([[0.0], [1.0], [9.0], [5.0]]), 3)
    array([0, 2, 3])
    """
    name = "greedy_k_centre"
    places = check_array(name, "points", points, ("N", "D"))
    before = _rows(name, chosen, len(places))
    count = COUNT.check(name, "count", count)
    left = len(places) - len(np.unique(before))
    if count > left:
        raise wrong_value(name, "count", f"at most the {left} items that are left", count)
    distances = np.full(len(places), np.inf)
    for row in before:
        _shorten(distances, places, row)
    picked = np.empty(count, INT64)
    for turn in range(count):
        row = picked[turn] = int(distances.argmax())
        _shorten(distances, places, row)
    return picked


def _shorten(distances: Array, places: Array, row: int) -> None:
    """Distances to the nearest chosen, now that ``row`` is; -1 for the chosen, so that none is met twice."""
    gone = distances < 0
    steps = places - places[row]
    np.minimum(distances, np.einsum("nd,nd->n", steps, steps), out=distances)
    distances[gone] = -1
    distances[row] = -1


def _rows(function: str, chosen: Any, count: int) -> Array:
    must = f"a sequence of integers from 0 to {count - 1}"
    if isinstance(chosen, str) or not isinstance(chosen, Sequence | np.ndarray):
        raise wrong_type(function, "chosen", must, chosen)
    try:
        rows = np.asarray(chosen)
    except ValueError:
        raise wrong_type(function, "chosen", must, chosen) from None
    if rows.size == 0:
        return np.empty(0, INT64)
    if rows.dtype.kind not in "iu" or rows.ndim != 1:
        raise wrong_type(function, "chosen", must, chosen)
    if ((rows < 0) | (rows >= count)).any():
        raise wrong_value(function, "chosen", must, Got(f"{rows[(rows < 0) | (rows >= count)][0]}"))
    return rows.astype(INT64)


def _probabilities(function: str, probabilities: Array, shape: Axes, least: int = 1) -> Array:
    check_array(function, "probabilities", probabilities, shape)
    p = check_shares(function, "probabilities", probabilities, shape)
    if p.shape[-1] < least:
        raise wrong_value(function, "probabilities", f"of {least} or more classes", Got(f"shape {p.shape}"))
    sums = p.sum(axis=-1)
    wrong = np.abs(sums - 1) > 1e-3
    if wrong.any():
        raise wrong_value(
            function, "probabilities", "of rows that sum to 1", Got(f"a sum of {sums[wrong][0]}")
        )
    return p


def _entropy(p: Array) -> Array:
    logs = np.log(p, out=np.zeros(p.shape), where=p > 0)
    scores: Array = np.maximum(-(p * logs).sum(axis=-1), 0)
    return scores
