"""Panoptic maps from mask queries: MaskFormer, Mask2Former, OneFormer, EoMT, DETR."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import numpy as np

from ..._core.images import Array
from ...segmentation import PanopticSegments, Segment
from ..geometry import Geometries
from ..outputs import Keys, Outputs, reads
from .query_masks import (
    PROBABILITY,
    QUERIES,
    RESAMPLE,
    SEMANTICS,
    SHARE,
    Queries,
    chance_rules,
    check_classes,
    logit_rules,
    map_parts,
    new_codes,
    read_queries,
    recode,
    whole_map,
    win_pixels,
)


@reads(*QUERIES)
def decode_query_panoptic(
    outputs: Outputs,
    geometries: Geometries,
    *,
    stuff_labels: Collection[int] | None = None,
    score_threshold: Annotated[float, SHARE] = 0.8,
    mask_threshold: Annotated[float, PROBABILITY] = 0.5,
    overlap_threshold: Annotated[float, SHARE] = 0.8,
    resample_to: Annotated[tuple[int, int] | None, RESAMPLE] = None,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[PanopticSegments]:
    """Merge the masks of queries into a panoptic map of each image.

    Parameters
    ----------
    outputs : mapping of str to array
        ``class_queries_logits`` ``(B, Q, C + 1)``, the last class none of them, and ``masks_queries_logits``
        ``(B, Q, h, w)``; also found as ``logits`` and ``pred_masks``. Floats.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    stuff_labels : collection of int, optional
        Classes of which all queries make one segment; none by default.
    score_threshold : float, default 0.8
        Queries whose best class has a probability above this take part; 0 to 1.
    mask_threshold : float, default 0.5
        A pixel is in the mask of a query from that probability on; above 0, below 1.
    overlap_threshold : float, default 0.8
        A query goes where the pixels that it wins are a smaller share of those in its mask; 0 to 1.
    resample_to : (int, int), optional
        Height and width to which masks are resized, before they are to the image. transformers has 384, 384 for
        Mask2Former, and the size of the input for EoMT.
    semantics : {"paper", "transformers"}, default "paper"
        Which rule; see Notes.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of PanopticSegments
        For each image ``ids``, int32 from 1 without gaps and 0 where there is no segment, and the ``segments`` in the
        order of their queries. A segment's ``score`` is the highest of its queries, its ``index`` the first of them.

    Raises
    ------
    OutputMismatch
        A tensor is missing, of another shape or no float array, or has a number that is not finite.
    TypeError, ValueError
        A parameter of the wrong kind or out of range, or another number of geometries than of images.

    Notes
    -----
    "paper": with p the probability of a query's best class and x its mask's logit at the pixel, interpolated linearly
    between samples, a pixel goes to the query with the greatest p / (1 + exp(-x)), ties to the lower query, if 1 / (1
    + exp(-x)) reaches ``mask_threshold`` there. Queries are left out whole as ``overlap_threshold`` says. Pixels in
    no part of the input have no segment. This is the rule of Mask2Former's code, and but for ``>`` in place of ``>=``
    at ``overlap_threshold`` of EoMT in transformers.

    "transformers": as its ``post_process_panoptic_segmentation`` of MaskFormer, Mask2Former, OneFormer and DETR does
    it, for comparison: probabilities are stretched over the image whatever the geometry, and multiplied by p before
    they are compared with ``mask_threshold``; pixels won go to the query whether in its mask or not; after stuff that
    is fused, ids of other segments are given again, so that ``segments`` may hold several of one id; -1 everywhere
    where no query takes part.

    No image of floats is made for a query. Logits beyond ±60 count as ±60. Costs are 1 / p + exp(-x) / p in float32,
    good to 1e-6 of themselves, so that of queries closer together either may win; corners of the cells between
    samples bound them, and most pixels need none. Memory beside the result is below 64 MB, but for copies of outputs
    that are not float32.

    References
    ----------
    B. Cheng, A. G. Schwing, A. Kirillov, Per-pixel classification is not all you need for semantic segmentation,
    NeurIPS 2021, section 3.4. B. Cheng et al., Masked-attention mask transformer for universal image segmentation,
    CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_query_panoptic
    >>> classes = np.array([[[9.0, 0, 0], [0, 9, 0]]], np.float32)
    >>> masks = np.array([[[[5.0, 5, -5, -5]], [[-5, -5, 5, 5]]]], np.float32)
    >>> outputs = {"class_queries_logits": classes, "masks_queries_logits": masks}
    >>> merged = decode_query_panoptic(outputs, Geometry((1, 8), (1, 4), (1, 0.5)))[0]
    >>> merged.ids
    array([[1, 1, 1, 1, 2, 2, 2, 2]], dtype=int32)
    >>> merged.classes
    {1: 0, 2: 1}
    """
    name = "decode_query_panoptic"
    stuff = check_classes(name, "stuff_labels", stuff_labels) or set()
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    mask_threshold = PROBABILITY.check(name, "mask_threshold", mask_threshold)
    overlap_threshold = SHARE.check(name, "overlap_threshold", overlap_threshold)
    resample_to = RESAMPLE.check(name, "resample_to", resample_to)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    merge = _paper if semantics == "paper" else _transformers
    return [
        merge(queries, stuff, score_threshold, mask_threshold, overlap_threshold, resample_to)
        for queries in read_queries(name, outputs, geometries, keys)
    ]


def _kept(queries: Queries, score_threshold: float) -> tuple[Array, Array, Array]:
    """Which queries take part, with scores and labels."""
    scores, labels = queries.chances.max(axis=1), queries.chances.argmax(axis=1)
    kept = np.flatnonzero((labels < queries.chances.shape[1] - 1) & (scores > score_threshold))
    return kept, scores[kept], labels[kept]


def _merged(
    queries: Queries, kept: Array, rules: Array, resample_to: tuple[int, int] | None, *, chances: bool
) -> tuple[Array, Array]:
    """Codes of the winners, and what they won; of ``chances`` that are stretched over the image, or of logits."""
    kind, geometry = "chances" if chances else "logits", queries.geometry
    if resample_to is None:
        rows = whole_map(queries.masks, geometry, stretched=chances)
        codes = new_codes(rows)
        return codes, win_pixels(rows, kept, rules, kind, codes)
    codes, counts = np.full(geometry.image_shape, -1, np.int32), np.zeros((len(kept), 3), np.int64)
    for rows in map_parts(queries.masks[kept], geometry, resample_to, stretched=chances):
        counts += win_pixels(rows, np.arange(len(kept)), rules, kind, codes)
    return codes, counts


def _paper(
    queries: Queries,
    stuff: set[int],
    score_threshold: float,
    mask_threshold: float,
    overlap_threshold: float,
    resample_to: tuple[int, int] | None,
) -> PanopticSegments:
    kept, scores, labels = _kept(queries, score_threshold)
    if not len(kept):
        return PanopticSegments(np.zeros(queries.geometry.image_shape, np.int32), ())
    codes, counts = _merged(queries, kept, logit_rules(scores, mask_threshold), resample_to, chances=False)
    table = np.zeros(2 * len(kept), np.int32)
    segments: list[Segment] = []
    fused: dict[int, int] = {}
    for at, (won, held, whole) in enumerate(counts.tolist()):
        if not held or won / whole < overlap_threshold:
            continue
        label, score = int(labels[at]), float(scores[at])
        number = fused.get(label)
        if number is not None:
            old = segments[number - 1]
            assert old.score is not None
            segments[number - 1] = Segment(
                number, label, old.area + held, False, max(old.score, score), old.index
            )
        else:
            number = len(segments) + 1
            if label in stuff:
                fused[label] = number
            segments.append(Segment(number, label, held, label not in stuff, score, int(kept[at])))
        table[2 * at + 1] = number
    recode(codes, table, 0)
    return PanopticSegments(codes, tuple(segments))


def _transformers(
    queries: Queries,
    stuff: set[int],
    score_threshold: float,
    mask_threshold: float,
    overlap_threshold: float,
    resample_to: tuple[int, int] | None,
) -> PanopticSegments:
    """compute_segments of transformers, its faults and all."""
    kept, scores, labels = _kept(queries, score_threshold)
    if not len(kept):
        return PanopticSegments(np.full(queries.geometry.image_shape, -1, np.int32), ())
    codes, counts = _merged(queries, kept, chance_rules(scores, mask_threshold), resample_to, chances=True)
    table = np.zeros(2 * len(kept), np.int32)
    segments: list[Segment] = []
    fused: dict[int, int] = {}
    current = 0
    for at, (won, _, whole) in enumerate(counts.tolist()):
        if not won or not whole or not np.float32(won) / np.float32(whole) > overlap_threshold:
            continue
        label = int(labels[at])
        current = fused.get(label, current + 1)
        if label in stuff:
            fused[label] = current
        table[2 * at : 2 * at + 2] = current
        segments.append(Segment(current, label, won, label not in stuff, float(scores[at]), int(kept[at])))
    recode(codes, table, 0)
    return PanopticSegments(codes, tuple(segments))
