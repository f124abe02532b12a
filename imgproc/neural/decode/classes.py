"""Classes of an image: the likeliest of what a classifier gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..._core.errors import Got
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, Range
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from ..stable import sigmoid, softmax

TOP = Range(low=1, integer=True)
ACTIVATION = Choice(("softmax", "sigmoid", "none"))
LEAST = Range()
TEMPERATURE = Range(above=0)
CROPS = Range(low=1, integer=True)

_ALIASES = ("output", "output0", "scores", "probabilities")


@dataclass(frozen=True, eq=False)
class Classes:
    """The likeliest classes of an image; made by `decode_classes`.

    Attributes
    ----------
    labels : (K,) int64 array
        Numbers of the classes, the likeliest first.
    scores : (K,) float32 array
        How likely each is.
    """

    labels: Array
    scores: Array

    def __len__(self) -> int:
        return len(self.labels)


@reads("logits")
def decode_classes(
    outputs: Outputs,
    geometries: Geometries,
    *,
    top_k: Annotated[int, TOP] = 5,
    activation: Annotated[str, ACTIVATION] = "softmax",
    temperature: Annotated[float, TEMPERATURE] = 1.0,
    crops: Annotated[int, CROPS] = 1,
    score_threshold: Annotated[float, LEAST] = 0.0,
    keys: Keys = None,
) -> list[Classes]:
    """Find the likeliest classes of each image of a batch.

    Parameters
    ----------
    outputs : mapping from str to array
        ``logits``, (N, C): one number for each class; or ``output``, ``output0``, ``scores`` or ``probabilities`` where
        that name is missing.
    geometries : Geometry or sequence of Geometry
        One for each image, or one for all; classes have no place, so only their number counts.
    top_k : int, default 5
        How many are given at most.
    activation : {"softmax", "sigmoid", "none"}, default "softmax"
        What makes scores of the numbers: one class of all, each class by itself, or nothing where they are scores.
    temperature : float, default 1
        What the numbers are divided by before: above 1 for a network that is too sure of itself.
    crops : int, default 1
        How many rows in succession are of one image: views or crops of it, whose scores are averaged.
    score_threshold : float, default 0
        Classes of a lower score are left out, as float32.
    keys : mapping, optional
        ``{"logits": name}`` where the output is called otherwise.

    Returns
    -------
    list of Classes
        One for each image: highest score first, ties by lower number.

    Raises
    ------
    OutputMismatch
        The output is missing, of another rank, not finite, or of a number of rows that ``crops`` does not divide.
    TypeError, ValueError
        Another argument is of the wrong kind or out of range.

    Notes
    -----
    ``softmax(z)_c = exp(z_c - max z) / sum_k exp(z_k - max z)`` and ``sigmoid(z) = 1 / (1 + exp(-z))``, in float64 and
    rounded to float32 once, of ``z / temperature``; crops are averaged in between. Time is O(C log C) for each image.

    References
    ----------
    J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, Neurocomputing, 1990:
    softmax. A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet classification with deep convolutional neural networks,
    NIPS 2012: crops. C. Guo et al., On calibration of modern neural networks, ICML 2017: temperature.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_classes
    >>> seen = Geometry.stretched((480, 640), (224, 224))
    >>> (found,) = decode_classes({"logits": np.array([[0.0, 2.0, 1.0]], np.float32)}, seen, top_k=2)
    >>> found.labels, found.scores.round(3)
    (array([1, 2]), array([0.665, 0.245], dtype=float32))
    """
    name = "decode_classes"
    top_k = TOP.check(name, "top_k", top_k)
    activation = ACTIVATION.check(name, "activation", activation)
    temperature = TEMPERATURE.check(name, "temperature", temperature)
    crops = CROPS.check(name, "crops", crops)
    least = LEAST.check(name, "score_threshold", score_threshold)
    logits = tensor(name, outputs, "logits", ("N", "C"), aliases=_ALIASES, keys=keys).astype(np.float64)
    if not logits.shape[1]:
        raise OutputMismatch(name, "logits", "of at least one class", Got(f"shape {logits.shape}"))
    if len(logits) % crops:
        raise OutputMismatch(name, "logits", f"of {crops} rows for each image", Got(f"{len(logits)} rows"))
    geometry_of_each(name, geometries, len(logits) // crops)
    logits /= temperature
    if activation == "softmax":
        scores = softmax(logits, axis=1)
    else:
        scores = sigmoid(logits) if activation == "sigmoid" else logits
    scores = scores.reshape(-1, crops, scores.shape[1]).mean(axis=1)
    found = []
    for row in scores.astype(FLOAT32):
        likeliest = np.argsort(-row, kind="stable")[:top_k]
        likeliest = likeliest[row[likeliest] >= np.float32(least)]
        found.append(Classes(likeliest, row[likeliest]))
    return found
