"""Semantic segmentation: from a network's logits to a label for each pixel of the image."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, Flag, Range
from ..errors import OutputMismatch
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from ..stable import logit
from .label_axes import INT32, Columns, Rows, columns_at, placed_places, resized_places, rows_at
from .label_map import SCORE, map_labels

FLAG = Flag()
HEAD = Choice(("classes", "binary", "several"))
SEMANTICS = Choice(("paper", "transformers"))
THRESHOLD = Range(above=0, below=1)
OUTSIDE = Range(low=-(2**31), high=2**31 - 1, integer=True)

LOGIT_NAMES = ("out", "masks")
"""Under which logits are found too."""


@reads("logits")
def decode_semantic(
    outputs: Outputs,
    geometries: Geometries,
    *,
    head: Annotated[str, HEAD] = "classes",
    threshold: Annotated[float, THRESHOLD] = 0.5,
    score: Annotated[str | None, SCORE] = None,
    align_corners: Annotated[bool, FLAG] = False,
    outside: Annotated[int, OUTSIDE] = -1,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Any]:
    """Label each pixel of the images by the logits that FCN, U-Net, DeepLab, SegFormer, UPerNet, DPT … give.

    Parameters
    ----------
    outputs : mapping of str to array
        ``logits`` ``(B, C, h, w)``, also found as ``out`` and ``masks``: over the whole input of the network, at any
        resolution. Floats, finite.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    head : {"classes", "binary", "several"}, default "classes"
        Whether the class of the largest logit is taken; there is one logit, of class 1 against 0; or each class is
        there or not by itself.
    threshold : float, default 0.5
        Probability, the sigmoid of a logit, above which a class is there, for "binary" and "several"; between 0
        and 1.
    score : {"logit", "margin", "probability"}, optional
        What to tell of the labels beside, as `label_map` does; not for "several". For "binary" the logit of class 0
        is that of class 1 with the other sign, the margin is the distance of the logit from that of ``threshold``,
        and the probability is that of the label that was given.
    align_corners : bool, default False
        Whether the outermost logits lie on the middles of the input's outermost pixels, as some networks were trained.
    outside : int, default -1
        Label of pixels that were cropped away, and of which the network saw nothing.
    semantics : {"paper", "transformers"}, default "paper"
        Whether pixels are looked up where they lie in the input, or the logits are stretched over the image whatever
        the geometry, as ``post_process_semantic_segmentation`` does.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of (H, W) array of int32
        Labels of each image. For "several" ``(C, H, W)`` arrays of bool. Where a ``score`` is asked for, a list of
        pairs: labels, and ``(H, W)`` scores of float32.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    ValueError
        An unknown word, a number out of range, a ``score`` for "several", or another number of geometries.
    OutputMismatch
        Logits that are not there, not of this shape or not finite; more than one of them for "binary".

    Notes
    -----
    The middle of a pixel goes through the geometry into the input, padding, crop and mirroring included, and from there
    between the middles of the logits, held at those of the edge. That is one linear interpolation from the logits to
    the image; no map of the input's size is made and cropped, and nothing of C H W numbers is. A padded input is where
    "transformers" goes wrong: it stretches the padding over the image too.

    Where the geometry is a plain stretch both give the same labels, but where the two largest logits lie within the
    rounding of a place. Cost and memory are those of `label_map`.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015.
    O. Ronneberger, P. Fischer, T. Brox, U-Net: convolutional networks for biomedical image segmentation, MICCAI 2015.
    L.-C. Chen et al., Encoder-decoder with atrous separable convolution for semantic image segmentation, ECCV 2018.
    E. Xie et al., SegFormer: simple and efficient design for semantic segmentation with transformers, NeurIPS 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_semantic
    >>> logits = np.zeros((1, 2, 2, 2), np.float32)
    >>> logits[0, 1, :, 1] = 1
    >>> logits[0, 1, :, 0] = -1
    >>> letterboxed = Geometry((2, 4), (4, 4), offset=(1.0, 0.0))
    >>> decode_semantic({"logits": logits}, letterboxed)[0]
    array([[0, 0, 1, 1],
           [0, 0, 1, 1]], dtype=int32)
    """
    name = "decode_semantic"
    head = HEAD.check(name, "head", head)
    logits = tensor(
        name,
        outputs,
        "logits",
        ("B", "C", "h", "w"),
        aliases=LOGIT_NAMES,
        keys=keys,
        finite=head != "classes",  # for these the kernel looks
    )
    each = geometry_of_each(name, geometries, len(logits))
    threshold = THRESHOLD.check(name, "threshold", threshold)
    score = SCORE.check(name, "score", score)
    align_corners = FLAG.check(name, "align_corners", align_corners)
    outside = OUTSIDE.check(name, "outside", outside)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    if 0 in logits.shape[1:]:
        wanted = "of shape (B, C, h, w), with at least one class and logit"
        raise OutputMismatch(name, "logits", wanted, Got(f"shape {logits.shape}"))
    if head == "binary" and logits.shape[1] != 1:
        raise OutputMismatch(name, "logits", "of one class for head binary", Got(f"shape {logits.shape}"))
    if head == "several" and score is not None:
        raise wrong_value(name, "score", "None for head several", score)
    found = []
    for number, geometry in enumerate(each):
        view = _View(name, number, geometry, logits.shape[2:], align_corners, semantics == "transformers")
        if head == "classes":
            found.append(view.labels(logits[number], score, outside))
        elif head == "binary":
            found.append(_binary(view, logits[number, 0], threshold, score, outside))
        else:
            several = [_binary(view, one, threshold, None, 0) for one in logits[number]]
            found.append(np.stack([labels > 0 for labels in several]))
    return found


class _View:
    """One image of the batch: its pixels among the logits."""

    def __init__(
        self,
        function: str,
        number: int,
        geometry: Geometry,
        samples: tuple[int, int],
        align_corners: bool,
        stretched: bool,
    ) -> None:
        self.function, self.number, self.shape = function, number, geometry.image_shape
        places = []
        self.inside = []
        for axis in (0, 1):
            if stretched:
                places.append(resized_places(samples[axis], self.shape[axis], align_corners))
                self.inside.append(slice(0, self.shape[axis]))
            else:
                along, inside = placed_places(geometry, samples[axis], axis, align_corners)
                places.append(along)
                self.inside.append(inside)
        self.rows: Rows = rows_at(places[0], samples[0])
        self.columns: Columns = columns_at(places[1], samples[1])

    def labels(self, logits: Array, score: str | None, outside: int) -> Any:
        labels = np.empty(self.shape, INT32)
        scores = None if score is None else np.empty(self.shape, FLOAT32)
        map_labels(
            self.function, logits, self.rows, self.columns, labels, score, scores, first=(self.number,)
        )
        self.blank(labels, outside)
        if scores is None:
            return labels
        self.blank(scores, 0)
        return labels, scores

    def blank(self, array: Array, value: int) -> None:
        """Where the network saw nothing."""
        down, across = self.inside
        array[: down.start], array[down.stop :] = value, value
        array[:, : across.start], array[:, across.stop :] = value, value


def _binary(view: _View, logits: Array, threshold: float, score: str | None, outside: int) -> Any:
    """Against a class 0 whose logit is that of the threshold everywhere: of equal ones it counts."""
    level = np.float32(logit(threshold))
    planes = np.stack([np.full_like(logits, level), logits])
    if score is None:
        return view.labels(planes, None, outside)
    labels, scores = view.labels(planes, "margin", outside)
    if score == "margin":
        return labels, scores
    sides = np.where(labels == 1, np.float32(1), np.float32(-1))
    own = scores + sides * level  # the logit of the label that was given
    if score == "probability":
        with np.errstate(over="ignore"):
            own = 1 / (1 + np.exp(-own))
    view.blank(own, 0)
    return labels, own
