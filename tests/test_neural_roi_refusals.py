"""RoIAlign, RoIPool, the levels of pyramids and crops: what they refuse, and their documentation."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation

from imgproc.neural import crop_and_resize, multiscale_roi_align, roi_align, roi_levels, roi_pool

FUNCTIONS = (roi_align, roi_pool, roi_levels, multiscale_roi_align, crop_and_resize)

WHOLE, BOX = np.zeros((1, 2, 4, 4), np.float32), [np.array([[0.0, 0, 2, 2]])]
PICTURE = np.zeros((8, 8), np.uint8)
WRONG: list[tuple[Any, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    (
        roi_align,
        ([1], BOX, 7),
        {},
        TypeError,
        "roi_align: features must be a float32 array of shape (N, C, H, W)",
    ),
    (roi_align, (WHOLE.astype(float), BOX, 7), {}, TypeError, "roi_align: features must be of dtype float32"),
    (roi_align, (WHOLE.astype(">f4"), BOX, 7), {}, TypeError, "roi_align: features must be of dtype float32"),
    (roi_align, (WHOLE[0], BOX, 7), {}, ValueError, "roi_align: features must be of shape (N, C, H, W)"),
    (roi_align, (WHOLE[:, :0], BOX, 7), {}, ValueError, "roi_align: features must be of shape (N, C, H, W)"),
    (
        roi_align,
        (WHOLE, BOX[0], 7),
        {},
        ValueError,
        "roi_align: boxes must be a list of 1 arrays of shape (K, 4)",
    ),
    (roi_align, (WHOLE, BOX * 2, 7), {}, ValueError, "roi_align: boxes must be a list of 1 arrays"),
    (roi_align, (WHOLE, "box", 7), {}, TypeError, "roi_align: boxes must be a list of 1 arrays"),
    (
        roi_align,
        (WHOLE, [[0, 0, 1, 1]], 7),
        {},
        TypeError,
        "roi_align: boxes[0] must be a float32 or float64 array",
    ),
    (roi_align, (WHOLE, [BOX[0] * np.nan], 7), {}, ValueError, "roi_align: boxes[0] must be finite"),
    (
        roi_align,
        (WHOLE, [-BOX[0]], 7),
        {},
        ValueError,
        "roi_align: boxes[0] must be x1, y1, x2, y2 with x1 <= x2",
    ),
    (
        roi_align,
        (WHOLE, [BOX[0] * 1e300], 7),
        {},
        ValueError,
        "roi_align: boxes[0] must be finite in float32",
    ),
    (
        roi_align,
        (WHOLE, [BOX[0] * 1e9], 7),
        {},
        ValueError,
        "roi_align: boxes must be within 2**24 pixels of the map",
    ),
    (
        roi_align,
        (WHOLE, np.array([[1.0, 0, 0, 2, 2]]), 7),
        {},
        ValueError,
        "roi_align: boxes must be rows that begin",
    ),
    (
        roi_align,
        (WHOLE, np.array([[0.5, 0, 0, 2, 2]]), 7),
        {},
        ValueError,
        "roi_align: boxes must be rows that begin",
    ),
    (
        roi_align,
        (WHOLE, np.array([[np.nan, 0, 0, 2, 2]]), 7),
        {},
        ValueError,
        "roi_align: boxes must be rows that",
    ),
    (roi_align, (WHOLE, BOX, 0), {}, ValueError, "roi_align: output_size must be"),
    (roi_align, (WHOLE, BOX, (7, 7, 7)), {}, ValueError, "roi_align: output_size must be"),
    (roi_align, (WHOLE, BOX, "7"), {}, TypeError, "roi_align: output_size must be"),
    (
        roi_align,
        (WHOLE, BOX, 7),
        {"spatial_scale": 0},
        ValueError,
        "roi_align: spatial_scale must be a number > 0",
    ),
    (roi_align, (WHOLE, BOX, 7), {"sampling_ratio": -1}, ValueError, "roi_align: sampling_ratio must be"),
    (roi_align, (WHOLE, BOX, 7), {"sampling_ratio": 1.5}, TypeError, "roi_align: sampling_ratio must be"),
    (roi_align, (WHOLE, BOX, 7), {"aligned": 1}, TypeError, "roi_align: aligned must be True or False"),
    (
        roi_pool,
        (WHOLE, [BOX[0] * 1e9], 7),
        {},
        ValueError,
        "roi_pool: boxes must be within 2**24 pixels of the map",
    ),
    (
        roi_pool,
        (WHOLE, BOX, 7),
        {"return_argmax": None},
        TypeError,
        "roi_pool: return_argmax must be True or False",
    ),
    (
        roi_levels,
        (BOX[0],),
        {"lowest": 3, "highest": 2},
        ValueError,
        "roi_levels: highest must be an integer >= 3",
    ),
    (
        roi_levels,
        (BOX,),
        {"lowest": 3, "highest": 4},
        TypeError,
        "roi_levels: boxes must be a float32 or float64",
    ),
    (
        multiscale_roi_align,
        (WHOLE, BOX, 7),
        {"strides": [4]},
        TypeError,
        "multiscale_roi_align: levels must be a seq",
    ),
    (
        multiscale_roi_align,
        ([], BOX, 7),
        {"strides": []},
        TypeError,
        "multiscale_roi_align: levels must be a sequence",
    ),
    (
        multiscale_roi_align,
        ([WHOLE, WHOLE[:, :1]], BOX, 7),
        {"strides": [4, 8]},
        ValueError,
        "multiscale_roi_align: levels[1] must be of 1 images and 2 channels",
    ),
    *(
        (
            multiscale_roi_align,
            ([WHOLE, WHOLE], BOX, 7),
            {"strides": strides},
            ValueError,
            "multiscale_roi_align: str",
        )
        for strides in ([4], [4, 16], [3, 6], [8, 4], [0, 0], [4, np.nan])
    ),
    (
        multiscale_roi_align,
        ([WHOLE], BOX, 7),
        {"strides": 4},
        TypeError,
        "multiscale_roi_align: strides must be",
    ),
    (
        crop_and_resize,
        (PICTURE, BOX, (2, 2)),
        {},
        TypeError,
        "crop_and_resize: boxes must be a float32 or float64",
    ),
    (crop_and_resize, (WHOLE, BOX[0], (2, 2)), {}, ValueError, "crop_and_resize: image must be"),
    (crop_and_resize, (PICTURE, BOX[0], 2), {}, TypeError, "crop_and_resize: size must be a pair"),
    (
        crop_and_resize,
        (PICTURE, BOX[0], (4, 9)),
        {"context": 2},
        ValueError,
        "crop_and_resize: context must be an int",
    ),
    (
        crop_and_resize,
        (PICTURE, BOX[0], (4, 9)),
        {"fill": 256},
        ValueError,
        "crop_and_resize: fill must be an integer",
    ),
    (
        crop_and_resize,
        (PICTURE, BOX[0], (4, 9)),
        {"method": "cubic"},
        ValueError,
        "crop_and_resize: method must be",
    ),
    (
        crop_and_resize,
        (PICTURE, BOX[0] * 2e9, (4, 9)),
        {},
        ValueError,
        "crop_and_resize: boxes must be of corners wit",
    ),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "sentence"), WRONG)
def test_what_is_refused(
    function: Any, args: Any, options: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    check_documentation(SimpleNamespace(function=function, name=function.__name__, arguments=names))  # type: ignore[arg-type]
