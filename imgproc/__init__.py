"""imgproc: classical image processing and detection on NumPy arrays.

Public names are listed in ``__init__.pyi`` and loaded when first used.
"""

import re as _re
from importlib import import_module as _import_module


def _public_names(package, file):  # type: ignore[no-untyped-def]
    """The names in the stub beside a package's file, and what loads one of them."""
    # Without pathlib, which would be most of the import time.
    with open(file.removesuffix("c").removesuffix(".py") + ".pyi", encoding="utf-8") as stub:
        text = stub.read()
    packages = _re.findall(r"^from \. import (\w+) as \1$", text, _re.MULTILINE)
    modules = {
        name: module
        for module, name in _re.findall(r"^from \.([\w.]+) import (\w+) as \2$", text, _re.MULTILINE)
    }

    def load(name):  # type: ignore[no-untyped-def]
        if name in packages:
            return _import_module("." + name, package)
        if name in modules:
            return getattr(_import_module("." + modules[name], package), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return [*packages, *modules], load


_NAMES, _load = _public_names(__name__, __file__)

__all__ = ["__version__", "operations", *_NAMES]


def __getattr__(name):  # type: ignore[no-untyped-def]
    value = globals()[name] = _version() if name == "__version__" else _load(name)
    return value


def _version():  # type: ignore[no-untyped-def]
    return _import_module("._core.config", __name__).VERSION


def __dir__():  # type: ignore[no-untyped-def]
    return sorted(__all__)


def operations(takes="image"):  # type: ignore[no-untyped-def]
    """Every operation on images, boxes, masks or labels by name, as declared where it is defined."""
    for name in _NAMES:
        __getattr__(name)
    registry = _import_module("._core.operations", __name__).REGISTRY
    return {name: registry[name] for name in _NAMES if name in registry and registry[name].takes == takes}
