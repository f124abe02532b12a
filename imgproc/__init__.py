"""imgproc: classical image processing and detection on NumPy arrays.

Public names are listed in ``__init__.pyi`` and loaded when first used.
"""

import re as _re
from importlib import import_module as _import_module

# Without pathlib, which would be most of the import time.
with open(__file__.removesuffix("c").removesuffix(".py") + ".pyi", encoding="utf-8") as _file:
    _STUB = _file.read()
_MODULES = {
    name: module
    for module, name in _re.findall(
        r"^from \.([\w.]+) import (\w+) as \2$",
        _STUB,
        _re.MULTILINE,
    )
}

_PACKAGES = _re.findall(r"^from \. import (\w+) as \1$", _STUB, _re.MULTILINE)

__all__ = ["__version__", "operations", *_PACKAGES, *_MODULES]


def __getattr__(name):  # type: ignore[no-untyped-def]
    if name == "__version__":
        value = _import_module("._core.config", __name__).VERSION
    elif name in _PACKAGES:
        value = _import_module("." + name, __name__)
    elif name in _MODULES:
        value = getattr(_import_module("." + _MODULES[name], __name__), name)
    else:
        raise AttributeError(f"module 'imgproc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():  # type: ignore[no-untyped-def]
    return sorted(__all__)


def operations(takes="image"):  # type: ignore[no-untyped-def]
    """Every operation on images, boxes, masks or labels by name, as declared where it is defined."""
    for name in _MODULES:
        __getattr__(name)
    registry = _import_module("._core.operations", __name__).REGISTRY
    return {name: registry[name] for name in _MODULES if name in registry and registry[name].takes == takes}
