"""The bridge to neural models: everything around the network, from pixels to tensors and from tensors to results.

Public names are listed in ``__init__.pyi`` and loaded when first used: running a network needs nothing of training one.
Nothing here loads torch, onnxruntime or cv2 before a model of theirs is used.
"""

from .. import _public_names

__all__, _load = _public_names(__name__, __file__)


def __getattr__(name):  # type: ignore[no-untyped-def]
    value = globals()[name] = _load(name)
    return value


def __dir__():  # type: ignore[no-untyped-def]
    return sorted(__all__)
