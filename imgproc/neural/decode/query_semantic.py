"""Label maps from mask queries: the classes that all of them together speak for."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.images import FLOAT32, Array
from ..._core.threads import run_bands
from ..._ext import query_masks as kernels
from ..geometry import Geometries
from ..outputs import Keys, Outputs, reads
from ..stable import sigmoid
from .label_axes import Rows as LabelRows
from .label_axes import columns_at, resized_places
from .label_map import map_labels
from .query_masks import (
    QUERIES,
    RESAMPLE,
    SEMANTICS,
    Queries,
    Rows,
    map_parts,
    new_codes,
    read_queries,
    whole_map,
)

# Chances up to that are bounded all together: a query has many, that hardly matter.
_SMALL = np.float32(1e-3)

# Nanoseconds for a pixel, and for a query at a sample of the map: only an estimate for the choice of threads.
_PIXEL_COST = 10.0
_SAMPLE_COST = 3.0


@reads(*QUERIES)
def decode_query_semantic(
    outputs: Outputs,
    geometries: Geometries,
    *,
    resample_to: Annotated[tuple[int, int] | None, RESAMPLE] = None,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Array]:
    """Label each pixel with the class for which the masks of all queries speak most.

    Parameters
    ----------
    outputs : mapping of str to array
        ``class_queries_logits`` ``(B, Q, C + 1)``, the last class none of them, and ``masks_queries_logits``
        ``(B, Q, h, w)``; also found as ``logits`` and ``pred_masks``. Floats.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    resample_to : (int, int), optional
        Height and width to which masks are resized before all else. transformers has 384, 384 for Mask2Former, and the
        size of the input for EoMT.
    semantics : {"paper", "transformers"}, default "paper"
        Where masks are stretched over the image; see Notes.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of (H, W) arrays of int32
        Class of each pixel, 0 to C - 1; -1 in no part of the input, and everywhere where there are no queries.

    Raises
    ------
    OutputMismatch
        A tensor is missing, of another shape or no float array, or has a number that is not finite.
    TypeError, ValueError
        A parameter of the wrong kind or out of range, or another number of geometries than of images.

    Notes
    -----
    With p(q, c) the probability of class c for query q, and x(q) the logit of the query's mask, a pixel has the class
    with the greatest sum over q of p(q, c) / (1 + exp(-x(q))), ties to the lower class. "paper": x is interpolated to
    the pixel, as the code of MaskFormer does it. "transformers": sums are made at the samples, and stretched over the
    image, whatever the geometry.

    No map of floats is made for a class. Sums are of float32, and in "paper" without queries that may add 1e-6 of
    them all together, so that of classes closer together either may win. Where the corners of the cell between
    samples leave one class alone, nothing is computed. Memory beside the result is below 64 MB, but for copies of
    outputs that are not float32.

    References
    ----------
    B. Cheng, A. G. Schwing, A. Kirillov, Per-pixel classification is not all you need for semantic segmentation,
    NeurIPS 2021, section 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_query_semantic
    >>> classes = np.array([[[9.0, 0, 0], [0, 9, 0]]], np.float32)
    >>> masks = np.array([[[[5.0, 5, -5, -5]], [[-5, -5, 5, 5]]]], np.float32)
    >>> outputs = {"class_queries_logits": classes, "masks_queries_logits": masks}
    >>> decode_query_semantic(outputs, Geometry((1, 8), (1, 4), (1, 0.5)))[0]
    array([[0, 0, 0, 0, 1, 1, 1, 1]], dtype=int32)
    """
    name = "decode_query_semantic"
    resample_to = RESAMPLE.check(name, "resample_to", resample_to)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    label = _paper if semantics == "paper" else _transformers
    return [label(queries, resample_to) for queries in read_queries(name, outputs, geometries, keys)]


def _paper(queries: Queries, resample_to: tuple[int, int] | None) -> Array:
    chances = np.ascontiguousarray(queries.chances[:, :-1].T, FLOAT32)
    if not chances.shape[1]:
        return np.full(queries.geometry.image_shape, -1, np.int32)
    if resample_to is None:
        rows = whole_map(queries.masks, queries.geometry)
        labels = new_codes(rows)
        _label(rows, chances, labels)
        return labels
    labels = np.full(queries.geometry.image_shape, -1, np.int32)
    for rows in map_parts(queries.masks, queries.geometry, resample_to):
        _label(rows, chances, labels)
    return labels


def _label(rows: Rows, chances: Array, labels: Array) -> None:
    large = chances > _SMALL
    starts = np.concatenate([[0], np.cumsum(large.sum(axis=1))])
    greater, smaller = np.nonzero(large)[1].astype(np.int32), np.where(large, 0, chances).max(axis=0)

    def band(n0: int, n1: int) -> None:
        kernels.classes(
            rows.values,
            rows.down.runs,
            rows.down.weights,
            rows.across.runs,
            rows.across.weights,
            chances,
            starts,
            greater,
            smaller,
            labels,
            n0,
            n1,
        )

    if len(rows.down.runs) and len(rows.across.runs):
        samples = chances.shape[1] * len(rows.down.runs) * rows.values.shape[2]
        run_bands(band, len(rows.down.runs), _PIXEL_COST * labels.size + _SAMPLE_COST * samples)


def _transformers(queries: Queries, resample_to: tuple[int, int] | None) -> Array:
    chances = np.ascontiguousarray(queries.chances[:, :-1].T, FLOAT32)
    height, width = queries.geometry.image_shape
    labels = np.full((height, width), -1, np.int32)
    if not chances.shape[1]:
        return labels
    parts = map_parts(queries.masks, queries.geometry, resample_to, stretched=True, more=len(chances))
    for rows in parts:
        samples = rows.values.shape[1:]
        sums = (chances @ sigmoid(rows.values).reshape(len(rows.values), -1)).reshape(-1, *samples)
        y0, y1 = int(rows.down.runs[0, 1]), int(rows.down.runs[-1, 2])
        low = np.repeat(rows.down.runs[:, 0], np.diff(rows.down.runs[:, 1:])[:, 0])
        down = LabelRows(np.stack([low, np.minimum(low + 1, samples[0] - 1)]), rows.down.weights[y0:y1])
        across = columns_at(resized_places(samples[1], width, False), samples[1])
        map_labels("decode_query_semantic", sums, down, across, labels[y0:y1])
    return labels
