"""Preprocessing from timm's configurations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .._core.errors import wrong_type
from .config_reader import ConfigReader
from .preprocess import Preprocess
from .taps import FILTERS

_WITHOUT_EFFECT = frozenset(
    (
        *(
            "architecture",
            "classifier",
            "custom_load",
            "file",
            "first_conv",
            "fixed_input_size",
            "global_pool",
        ),
        *(
            "hf_hub_filename",
            "hf_hub_id",
            "label_descriptions",
            "label_names",
            "license",
            "min_input_size",
            "notes",
        ),
        *("num_classes", "num_features", "origin_url", "paper_ids", "paper_name", "pool_size", "source"),
        *("state_dict", "tag", "test_crop_pct", "test_input_size", "url"),
    )
)


def from_timm_config(config: Mapping[str, Any], **changes: Any) -> Preprocess:
    """The `Preprocess` that a timm configuration asks for.

    Parameters
    ----------
    config : mapping
        ``model.pretrained_cfg``, what ``timm.data.resolve_data_config`` gives, or the ``pretrained_cfg`` of a
        ``config.json``.
    **changes
        Parameters of `Preprocess` that take the place of the configuration's.

    Returns
    -------
    Preprocess
        That gives what timm's evaluation transform gives for Pillow images.

    Raises
    ------
    TypeError, ValueError
        A missing or unknown key, or a combination that is not supported.

    Notes
    -----
    ``crop_mode`` ``"center"`` brings the shorter side to ``floor(size / crop_pct)`` and takes the middle, for square
    inputs; ``"squash"`` stretches both sides to that. A configuration without ``interpolation`` is bicubic, one without
    ``crop_pct`` 0.875, as timm's defaults are.

    Examples
    --------
    >>> from imgproc.neural import from_timm_config
    >>> made = from_timm_config({"input_size": (3, 224, 224), "crop_pct": 0.9, "mean": (0.5,) * 3, "std": (0.5,) * 3})
    >>> made.policy, made.resize, made.resample
    ('crop', 248, 'pillow_bicubic')
    """
    function = "from_timm_config"
    if not isinstance(config, Mapping):
        raise wrong_type(function, "config", "a mapping", config)
    reader = ConfigReader(
        function, config, {"interpolation": "bicubic", "crop_pct": 0.875, "crop_mode": "center"}
    )
    size = reader.need("input_size")
    if not isinstance(size, list | tuple) or len(size) != 3 or size[0] not in (1, 3):
        raise reader.wrong("input_size", "of three lengths, the first 1 or 3", size)
    height, width = (reader.length("input_size", length) for length in size[1:])
    word, mode, share = reader.get("interpolation"), reader.get("crop_mode"), reader.number("crop_pct")
    names = {
        "nearest": "nearest",
        "bilinear": "pillow",
        **{name.removeprefix("pillow_"): name for name in FILTERS},
    }
    names.pop("pillow")
    if word not in names:
        raise reader.wrong("interpolation", f"one of {', '.join(names)}", word)
    if not 0 < share <= 1:
        raise reader.wrong("crop_pct", "a number > 0 and <= 1", share)
    if mode not in ("center", "squash") or (mode == "center" and height != width):
        raise reader.wrong("crop_mode", '"center", for square inputs, or "squash"', mode)
    grown = math.floor(height / share), math.floor(width / share)
    parameters = {
        "size": (height, width),
        "policy": "crop",
        "resize": grown[0] if mode == "center" else grown,
        "resample": names[word],
        "mean": reader.triple("mean"),
        "std": reader.triple("std"),
        "pad": 0,
        "input_order": "rgb" if size[0] == 3 else "gray",
    }
    reader.finish(_WITHOUT_EFFECT)
    return Preprocess(**{**parameters, **changes})
