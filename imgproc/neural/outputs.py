"""The tensors that decoders read: found by name, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .._core.box_arrays import packed
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .errors import OutputMismatch

Outputs = Mapping[str, Any]
Keys = Mapping[str, str] | None

Given = ParamSpec("Given")
Result = TypeVar("Result")


def reads(*names: str) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Declare the outputs that a decoder reads: ``keys`` may speak of these alone."""

    def declare(decoder: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(decoder)
        def checked(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            check_keys(decoder.__name__, kwargs.get("keys"), names)
            return decoder(*args, **kwargs)

        checked.reads = names  # type: ignore[attr-defined]
        return checked

    return declare


def check_keys(function: str, keys: object, names: tuple[str, ...]) -> None:
    """That ``keys`` says for some of these names under which others they are found."""
    if keys is None:
        return
    if not isinstance(keys, Mapping) or not all(isinstance(one, str) for one in keys.values()):
        raise wrong_type(function, "keys", "None or a mapping from names to names of outputs", keys)
    unknown = [key for key in keys if key not in names]
    if unknown:
        must = f"a mapping from {' or '.join(map(repr, names))} to names of outputs"
        raise wrong_value(function, "keys", must, Got(" and ".join(map(repr, unknown))))


def name_among(function: str, outputs: Outputs, name: str, aliases: tuple[str, ...], keys: Keys) -> str:
    """Under which name an output is found."""
    if not isinstance(outputs, Mapping):
        raise wrong_type(function, "outputs", "a mapping from names to arrays", outputs)
    known = (keys[name],) if keys and name in keys else (name, *aliases)
    found = next((key for key in known if key in outputs), None)
    if found is None:
        have = ", ".join(map(str, outputs)) or "no tensors"
        wanted = f"among the outputs as {' or '.join(known)}; keys={{{name!r}: ...}} names another"
        raise OutputMismatch(function, name, wanted, Got(have))
    return found


def tensor(
    function: str,
    outputs: Outputs,
    name: str,
    shape: tuple[int | str, ...],
    *,
    aliases: tuple[str, ...] = (),
    keys: Keys = None,
    finite: bool = True,
) -> Array:
    """One output as a C-contiguous float32 array of a shape.

    ``shape`` holds numbers, and letters for sizes that are free; ``keys`` of the caller says under which name an output
    is found, where it is neither ``name`` nor one of the ``aliases``. float16 and float64 are converted.
    """
    found = name_among(function, outputs, name, aliases, keys)
    array = outputs[found]
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray) or array.dtype.kind != "f":
        raise OutputMismatch(function, found, "a float array; to_host makes one of a tensor", array)
    if array.ndim != len(shape) or any(
        isinstance(want, int) and want != got for want, got in zip(shape, array.shape, strict=True)
    ):
        wanted = f"of shape ({', '.join(map(str, shape))})"
        raise OutputMismatch(function, found, wanted, Got(f"shape {array.shape}"))
    with np.errstate(over="ignore"):  # of float64; what becomes infinite is refused as such
        narrow = packed(array.astype(FLOAT32, copy=False).view(np.ndarray))
    if finite and not np.isfinite(narrow).all():
        where = np.unravel_index(int(np.argmin(np.isfinite(narrow))), array.shape)
        place = tuple(map(int, where))
        wanted = "finite in float32" if np.isfinite(array[where]) else "finite"
        raise OutputMismatch(function, found, wanted, Got(f"{array[where]} at {place}"))
    return narrow
