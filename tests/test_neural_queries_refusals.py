"""Decoders of queries: what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from query_scenes import scene

from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_detr,
    decode_query_instances,
    decode_query_panoptic,
    decode_query_semantic,
)

MASK_DECODERS = (decode_query_panoptic, decode_query_semantic, decode_query_instances)


@pytest.mark.parametrize("decoder", MASK_DECODERS)
def test_refusals(decoder: Any, rng: np.random.Generator) -> None:
    geometry, good = Geometry.stretched((6, 7), (4, 4)), scene(rng, 3, 2, (4, 4))
    classes, masks = good["class_queries_logits"], good["masks_queries_logits"]
    nan = masks.copy()
    nan[0, 1, 2, 3] = np.nan
    infinite = classes.copy()
    infinite[0, 1, 0] = np.inf
    name = decoder.__name__
    for bad in (
        {"class_queries_logits": classes},
        {"masks_queries_logits": masks},
        good | {"class_queries_logits": classes[0]},
        good | {"class_queries_logits": classes[..., :1]},
        good | {"class_queries_logits": infinite},
        good | {"class_queries_logits": classes.astype(int)},
        good | {"masks_queries_logits": masks[:, :2]},
        good | {"masks_queries_logits": masks[..., None]},
        good | {"masks_queries_logits": masks[..., :0]},
        good | {"masks_queries_logits": nan},
    ):
        with pytest.raises(OutputMismatch, match=rf"^{name}: \w+ must be .*, got "):
            decoder(bad, geometry)
    with pytest.raises(OutputMismatch, match="nan at \\(0, 1, 2, 3\\)"):
        decoder(good | {"masks_queries_logits": nan}, geometry)
    for options in (
        {"semantics": "torch"},
        {"resample_to": (0, 3)},
        {"resample_to": 4},
        {"keys": {"class_queries_logits": "classes"}},
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^{name}: "):
            decoder(good, geometry, **options)
    with pytest.raises(ValueError, match=rf"^{name}: geometries must be .*, got 2"):
        decoder(good, [geometry] * 2)


def test_refused_parameters(rng: np.random.Generator) -> None:
    geometry, good = Geometry.stretched((6, 7), (4, 4)), scene(rng, 3, 2, (4, 4))
    for decoder, options in (
        (decode_query_panoptic, ("stuff_labels", "score_threshold", "mask_threshold", "overlap_threshold")),
        (decode_query_instances, ("thing_labels", "max_output", "score_threshold", "mask_threshold")),
    ):
        for option in options:
            for value in (-1, "half", 1.5, np.nan, [0.5]):
                with pytest.raises(
                    (TypeError, ValueError), match=rf"^{decoder.__name__}: {option} must be .*, got "
                ):
                    decoder(good, geometry, **{option: value})
    boxes = {"logits": np.zeros((1, 3, 4), np.float32), "pred_boxes": np.full((1, 3, 4), 0.5, np.float32)}
    for option in ("scores", "score_threshold", "max_output"):
        for value in (-1, "half", 1.5, np.nan, [0.5]):
            with pytest.raises((TypeError, ValueError), match=rf"^decode_detr: {option} must be .*, got "):
                decode_detr(boxes, geometry, **{option: value})
    negative = boxes["pred_boxes"].copy()
    negative[0, 2, 3] = -0.25
    for bad in (
        {"logits": boxes["logits"]},
        boxes | {"logits": boxes["logits"][..., :1]},
        boxes | {"pred_boxes": boxes["pred_boxes"][:, :2]},
        boxes | {"pred_boxes": negative},
        boxes | {"logits": np.full((1, 3, 4), np.nan, np.float32)},
    ):
        with pytest.raises(OutputMismatch, match=r"^decode_detr: \w+ must be .*, got "):
            decode_detr(bad, geometry)
    assert decode_detr({name: array[:, :0] for name, array in boxes.items()}, geometry)[0].boxes.shape == (
        0,
        4,
    )
