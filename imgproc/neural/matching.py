"""Which prediction answers for which true object: the assignment of DETR and its kin."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.box_arrays import FLOAT64
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, Range
from ..boxes.geometry import convert_boxes, iou_matrix
from .errors import BackendUnavailable
from .stable import log_sigmoid, sigmoid, softmax
from .training_checks import check_array, check_classes

WEIGHT = Range(low=0, high=1e12)
SCORES = Choice(("softmax", "focal"))
ALPHA = Range(low=0, high=1)
EXPONENT = Range(low=0, high=100)


def assign(costs: Array) -> tuple[Array, Array]:
    """Pair rows with columns one to one so that the sum of their costs is least.

    Parameters
    ----------
    costs : (N, M) array of float32 or float64
        What each pair costs, finite; either length may be 0.

    Returns
    -------
    rows, columns : (min(N, M),) arrays of int64
        The pairs, by growing row.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, or costs that are not finite.
    BackendUnavailable
        SciPy is not installed.

    Notes
    -----
    The Hungarian assignment, by SciPy's ``linear_sum_assignment``: exact, O(N M min(N, M)). Where several assignments
    cost the same, which one is found is not defined.

    References
    ----------
    H. W. Kuhn, The Hungarian method for the assignment problem, Naval Research Logistics Quarterly 2 (1955).
    D. F. Crouse, On implementing 2D rectangular assignment algorithms, IEEE Transactions on Aerospace and Electronic
    Systems 52 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import matching
    >>> matching.assign(np.array([[1.0, 2.0], [1.0, 5.0], [9.0, 9.0]]))
    (array([0, 1]), array([1, 0]))
    """
    return _assign("assign", check_array("assign", "costs", costs, ("N", "M")))


def _assign(function: str, costs: Array) -> tuple[Array, Array]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise BackendUnavailable(
            f"{function}: SciPy must be installed; pip install imgproc-toolkit[train]"
        ) from None
    rows, columns = linear_sum_assignment(costs)
    return rows.astype(np.int64, copy=False), columns.astype(np.int64, copy=False)


def matching_costs(
    logits: Array,
    boxes: Array,
    true_labels: Array,
    true_boxes: Array,
    *,
    scores: Annotated[str, SCORES] = "softmax",
    class_weight: Annotated[float, WEIGHT] = 1.0,
    l1_weight: Annotated[float, WEIGHT] = 5.0,
    giou_weight: Annotated[float, WEIGHT] = 2.0,
    alpha: Annotated[float, ALPHA] = 0.25,
    gamma: Annotated[float, EXPONENT] = 2.0,
) -> Array:
    """What it costs each query to answer for each true object: class, distance and overlap.

    Parameters
    ----------
    logits : (Q, K) array of float32 or float64
        Scores of the queries for each class before softmax or sigmoid, finite. For "softmax" the last class is "no
        object".
    boxes : (Q, 4) array of float32 or float64
        Their boxes ``cx, cy, w, h``, w and h >= 0, in shares of the image.
    true_labels : (M,) integer array
        Class of each true object, 0 to K - 1 (to K - 2 for "softmax").
    true_boxes : (M, 4) array of float32 or float64
        Their boxes, as ``boxes``.
    scores : {"softmax", "focal"}, default "softmax"
        The cost of a class: of DETR, or of Deformable DETR, whose classes are sigmoids.
    class_weight : float, default 1
        Of the class, 0 to 1e12; Deformable DETR takes 2.
    l1_weight : float, default 5
        Of the distance of the boxes, 0 to 1e12.
    giou_weight : float, default 2
        Of their overlap, 0 to 1e12.
    alpha : float, default 0.25
        Of the focal cost, 0 to 1.
    gamma : float, default 2
        Exponent of the focal cost, 0 to 100.

    Returns
    -------
    (Q, M) array of float64
        The costs, for `assign`.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shapes, numbers that are not finite, boxes of negative size, classes or parameters out of range.

    Notes
    -----
    ``class_weight · C + l1_weight · sum |box - true box| - giou_weight · giou``, with ``C = -softmax(z)[label]``, or
    with ``p = s(z)[label]``: ``C = -alpha (1 - p)**gamma ln p + (1 - alpha) p**gamma ln(1 - p)``. Deformable DETR's
    code adds 1e-8 to the arguments of its logarithms, which bounds the cost of very sure mistakes; here it is exact.

    References
    ----------
    N. Carion, F. Massa, G. Synnaeve, N. Usunier, A. Kirillov, S. Zagoruyko, End-to-end object detection with
    transformers, ECCV 2020, section 3.1.
    X. Zhu, W. Su, L. Lu, B. Li, X. Wang, J. Dai, Deformable DETR, ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import matching
    >>> boxes = np.array([[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2]])
    >>> matching.matching_costs(np.zeros((2, 2)), boxes, np.array([0]), boxes[:1]).round(3)
    array([[-2.5 ],
           [ 3.86]])
    """
    return _costs(
        "matching_costs",
        logits,
        boxes,
        true_labels,
        true_boxes,
        scores,
        class_weight,
        l1_weight,
        giou_weight,
        alpha,
        gamma,
    )


def match_queries(
    logits: Array,
    boxes: Array,
    true_labels: Array,
    true_boxes: Array,
    *,
    scores: Annotated[str, SCORES] = "softmax",
    class_weight: Annotated[float, WEIGHT] = 1.0,
    l1_weight: Annotated[float, WEIGHT] = 5.0,
    giou_weight: Annotated[float, WEIGHT] = 2.0,
    alpha: Annotated[float, ALPHA] = 0.25,
    gamma: Annotated[float, EXPONENT] = 2.0,
) -> tuple[Array, Array]:
    """Pair queries with the true objects of one image, one to one, at the least cost: `assign` of `matching_costs`.

    Parameters
    ----------
    logits : (Q, K) array of float32 or float64
        Scores of the queries for each class before softmax or sigmoid, finite. For "softmax" the last class is "no
        object".
    boxes : (Q, 4) array of float32 or float64
        Their boxes ``cx, cy, w, h``, w and h >= 0, in shares of the image.
    true_labels : (M,) integer array
        Class of each true object, 0 to K - 1 (to K - 2 for "softmax").
    true_boxes : (M, 4) array of float32 or float64
        Their boxes, as ``boxes``.
    scores : {"softmax", "focal"}, default "softmax"
        The cost of a class: of DETR, or of Deformable DETR, whose classes are sigmoids.
    class_weight : float, default 1
        Of the class, 0 to 1e12; Deformable DETR takes 2.
    l1_weight : float, default 5
        Of the distance of the boxes, 0 to 1e12.
    giou_weight : float, default 2
        Of their overlap, 0 to 1e12.
    alpha : float, default 0.25
        Of the focal cost, 0 to 1.
    gamma : float, default 2
        Exponent of the focal cost, 0 to 100.

    Returns
    -------
    queries, objects : (min(Q, M),) arrays of int64
        The pairs, by growing query. All other queries are to say "no object".

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shapes, numbers that are not finite, boxes of negative size, classes or parameters out of range.
    BackendUnavailable
        SciPy is not installed.

    Notes
    -----
    Costs as in `matching_costs`; O(Q M) for them and O(Q M min(Q, M)) for the assignment.

    References
    ----------
    N. Carion, F. Massa, G. Synnaeve, N. Usunier, A. Kirillov, S. Zagoruyko, End-to-end object detection with
    transformers, ECCV 2020, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import matching
    >>> boxes = np.array([[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2]])
    >>> matching.match_queries(np.zeros((2, 2)), boxes, np.array([0]), boxes[1:])
    (array([1]), array([0]))
    """
    return _assign(
        "match_queries",
        _costs(
            "match_queries",
            logits,
            boxes,
            true_labels,
            true_boxes,
            scores,
            class_weight,
            l1_weight,
            giou_weight,
            alpha,
            gamma,
        ),
    )


def _costs(
    function: str,
    logits: Array,
    boxes: Array,
    true_labels: Array,
    true_boxes: Array,
    scores: str,
    class_weight: float,
    l1_weight: float,
    giou_weight: float,
    alpha: float,
    gamma: float,
) -> Array:
    z = check_array(function, "logits", logits, ("Q", "K"))
    focal = SCORES.check(function, "scores", scores) == "focal"
    if z.shape[1] < (1 if focal else 2):
        must = "of at least one class" if focal else 'of at least one class beside "no object"'
        raise wrong_value(function, "logits", must, Got(f"shape {z.shape}"))
    ours = _centred(function, "boxes", boxes, len(z))
    true = _centred(function, "true_boxes", true_boxes, "M")
    labels = check_classes(function, "true_labels", true_labels, (len(true),), z.shape[1] - (not focal))
    of_class, of_l1, of_giou = (
        WEIGHT.check(function, name, weight)
        for name, weight in (
            ("class_weight", class_weight),
            ("l1_weight", l1_weight),
            ("giou_weight", giou_weight),
        )
    )
    alpha = ALPHA.check(function, "alpha", alpha)
    gamma = EXPONENT.check(function, "gamma", gamma)
    if focal:
        chosen = z[:, labels]
        hit = -alpha * sigmoid(-chosen) ** gamma * log_sigmoid(chosen)
        miss = -(1 - alpha) * sigmoid(chosen) ** gamma * log_sigmoid(-chosen)
        costs: Array = of_class * (hit - miss)
    else:
        costs = -of_class * softmax(z, 1)[:, labels]
    costs += of_l1 * np.abs(ours[:, None] - true).sum(axis=2)
    corners = (convert_boxes(array, "cxcywh", "xyxy") for array in (ours, true))
    costs -= of_giou * iou_matrix(*corners, kind="giou")
    return costs


def _centred(function: str, argument: str, boxes: Array, count: int | str) -> Array:
    array = check_array(function, argument, boxes, (count, 4))
    wrong = (array[:, 2:] < 0).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "cx, cy, w, h with w >= 0 and h >= 0"
        raise wrong_value(function, argument, must, Got(f"{array[row].tolist()} in row {row}"))
    return array.astype(FLOAT64, copy=False)
