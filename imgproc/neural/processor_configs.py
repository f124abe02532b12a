"""Preprocessing from the configurations that transformers' checkpoints come with."""

from __future__ import annotations

from typing import Any

from .._core.errors import wrong_value
from .config_reader import Config, ConfigReader, read_config
from .preprocess import Preprocess
from .processor_kinds import KINDS, WITHOUT_EFFECT
from .processor_sizes import levels, levels_twice, sizes


def from_processor_config(config: Config, **changes: Any) -> Preprocess:
    """The `Preprocess` that a ``preprocessor_config.json`` of transformers asks for.

    Parameters
    ----------
    config : mapping or path
        The configuration, its file, or the folder that holds it under that name. Nothing of transformers is needed.
    **changes
        Parameters of `Preprocess` that take the place of the configuration's, such as ``image_order="bgr"``.

    Returns
    -------
    Preprocess
        That gives what transformers' processor of that kind gives with its Pillow backend, to within float32.

    Raises
    ------
    TypeError, ValueError
        A kind of processor, a key or a combination that is not supported here: nothing is ignored but what has no
        effect on pixels.
    ModelFormatError
        The file is no JSON object, or larger than a configuration.
    OSError
        The file cannot be read.

    Notes
    -----
    Where a key is missing the processor's own default of transformers 5 counts; a configuration without
    ``image_processor_type`` has no defaults. Batches are padded to one shape, also where ``do_pad`` is off, which
    transformers refuses for images of different sizes. float32 images stay floats, which transformers cuts to 8 bits.

    Examples
    --------
    >>> from imgproc.neural import from_processor_config
    >>> config = {"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 400, "longest_edge": 600}}
    >>> made = from_processor_config(config)
    >>> made.policy, made.size, made.longest, made.resample
    ('shortest_edge', (400, 400), 600, 'pillow')
    """
    function = "from_processor_config"
    config = read_config(function, config)
    kind = config.get("image_processor_type", config.get("feature_extractor_type"))
    if kind is not None:
        # Fast ones and those of before version 5 do the same.
        name = (
            str(kind).removesuffix("Fast").removesuffix("Pil").replace("FeatureExtractor", "ImageProcessor")
        )
        if name not in KINDS:
            must = f"one of {', '.join(KINDS)}"
            raise wrong_value(function, "config['image_processor_type']", must, kind)
        defaults, square = KINDS[name]
    else:
        name, defaults, square = "", {}, True
    reader = ConfigReader(function, config, defaults)
    parameters = {**sizes(reader, name, square), **levels(reader)}
    if name == "EfficientNetImageProcessor":
        parameters.update(levels_twice(reader, parameters))
    reader.off("do_split_image", "images are not cut into patches here")
    reader.finish(WITHOUT_EFFECT)
    return Preprocess(**{**parameters, **changes})
