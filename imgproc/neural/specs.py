"""What a model takes and gives: named tensors, checked once for each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .arrays import host_array, model_array
from .errors import InputMismatch, OutputMismatch

Shape = tuple[int | str | None, ...]


@dataclass(frozen=True)
class TensorSpec:
    """One tensor that a model takes or gives.

    Attributes
    ----------
    name : str
        As the model calls it.
    shape : tuple or None
        A number for a size that is fixed, a name or None for one that is free. None where even the rank is.
        Equal names need not be equal sizes: exporters are careless with them.
    dtype : dtype or None
        Any that NumPy reads, such as "float32"; None where it is free.

    Examples
    --------
    >>> from imgproc.neural import TensorSpec
    >>> print(TensorSpec("pixel_values", ("batch", 3, 480, 640), "float32"))
    pixel_values: float32 (batch, 3, 480, 640)
    """

    name: str
    shape: Shape | None = None
    dtype: npt.DTypeLike | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise wrong_type("TensorSpec", "name", "a name", self.name)
        if self.shape is not None:
            sizes = self.shape
            if not isinstance(sizes, tuple | list):
                raise wrong_type("TensorSpec", "shape", "None or a tuple of sizes", sizes)
            for size in sizes:
                if size is not None and (
                    not isinstance(size, int | str | np.integer) or isinstance(size, bool)
                ):
                    raise wrong_type("TensorSpec", "shape", "a tuple of integers, names and None", sizes)
                if isinstance(size, int | np.integer) and size < 0:
                    raise wrong_value("TensorSpec", "shape", "of sizes >= 0", tuple(sizes))
            shape = tuple(int(size) if isinstance(size, np.integer) else size for size in sizes)
            object.__setattr__(self, "shape", shape)
        if self.dtype is not None:
            try:
                object.__setattr__(self, "dtype", np.dtype(self.dtype).newbyteorder("="))
            except TypeError:
                raise wrong_type("TensorSpec", "dtype", "a dtype", self.dtype) from None

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype or 'any dtype'} {_shape(self.shape)}"

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of a shape is one of these."""
        wanted = self.shape
        if wanted is None or wanted == shape:
            return True
        return len(shape) == len(wanted) and all(
            not isinstance(want, int) or want == got for want, got in zip(wanted, shape, strict=True)
        )


Specs = tuple[TensorSpec, ...]


def check_specs(function: str, argument: str, specs: object) -> Specs:
    """The declared tensors as a tuple, () for None; a name alone stands for one that is free."""
    if specs is None:
        return ()
    if isinstance(specs, str | TensorSpec):
        specs = (specs,)
    must = "None or a sequence of TensorSpec or names, no two alike"
    if not isinstance(specs, tuple | list):
        raise wrong_type(function, argument, must, specs)
    for spec in specs:
        if not isinstance(spec, str | TensorSpec):
            raise wrong_type(function, argument, must, spec)
    found = tuple(TensorSpec(spec) if isinstance(spec, str) else spec for spec in specs)
    if len({spec.name for spec in found}) < len(found):
        raise wrong_value(function, argument, must, Got(", ".join(spec.name for spec in found)))
    return found


def check_feeds(
    specs: Specs, feeds: object, *, finite: bool = True, keep: Any = None, writeable: bool = False
) -> dict[str, Any]:
    """The feeds as backends read them, by name in the order of the specs; anything where none are declared.

    ``keep`` says of an array whether it goes to the backend as it is: one on the backend's own device.
    """
    if not isinstance(feeds, Mapping):
        raise wrong_type("run", "feeds", "a mapping from names to arrays", feeds)
    names = [spec.name for spec in specs] if specs else list(feeds)
    if len(feeds) != len(names) or any(name not in feeds for name in names):
        _refuse_names(names, feeds)
    checked = {}
    for name, spec in zip(names, specs or (None,) * len(names), strict=True):
        value = feeds[name]
        if keep is not None and keep(value):
            checked[name] = value
            if spec is not None and not spec.fits(tuple(value.shape)):
                raise InputMismatch(
                    "run", name, f"of shape {_shape(spec.shape)}", Got(f"shape {tuple(value.shape)}")
                )
            continue
        array = host_array("run", name, value)
        if spec is not None:
            if spec.dtype is not None and array.dtype != spec.dtype:
                hint = f"; array.astype({str(spec.dtype)!r}) makes it so"
                raise InputMismatch("run", name, f"of dtype {spec.dtype}{hint}", Got(f"dtype {array.dtype}"))
            if not spec.fits(array.shape):
                raise InputMismatch(
                    "run", name, f"of shape {_shape(spec.shape)}", Got(f"shape {array.shape}")
                )
        if finite:
            where = first_not_finite(array)
            if where is not None:
                raise InputMismatch("run", name, "finite", Got(f"{array[where]} at {where}"))
        checked[name] = model_array(array, writeable=writeable)
    return checked


def _refuse_names(names: list[str], feeds: Mapping[Any, Any]) -> None:
    listed = ", ".join(names)
    for name in feeds:
        if not isinstance(name, str):
            raise wrong_type("run", "feeds", "a mapping from names to arrays", Got(f"the key {name!r}"))
        if name not in names:
            raise InputMismatch("run", name, f"one of the inputs {listed}", Got("no input of that name"))
    missing = next(name for name in names if name not in feeds)
    raise InputMismatch("run", missing, f"among the feeds (the inputs are {listed})", Got(_names(feeds)))


def check_outputs(specs: Specs, outputs: Mapping[str, Array]) -> dict[str, Array]:
    """What a backend gave, once it is what was declared; all of it where nothing was."""
    for spec in specs:
        array = outputs.get(spec.name)
        if array is None:
            raise OutputMismatch("run", spec.name, "among the outputs", Got(_names(outputs)))
        if spec.dtype is not None and array.dtype != spec.dtype:
            raise OutputMismatch("run", spec.name, f"of dtype {spec.dtype}", Got(f"dtype {array.dtype}"))
        if not spec.fits(array.shape):
            wanted = f"of shape {_shape(spec.shape)}"
            raise OutputMismatch("run", spec.name, wanted, Got(f"shape {array.shape}"))
    return {spec.name: outputs[spec.name] for spec in specs} if specs else dict(outputs)


def first_not_finite(array: Array) -> tuple[int, ...] | None:
    """Where the first NaN or infinity is.

    A sum that is finite has none among its terms, and costs a third of looking at each; one that is not may have
    overflowed.
    """
    if array.dtype.kind not in "fc":
        return None
    if array.dtype.itemsize >= 4:
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(np.add.reduce(array, axis=None)):
                return None
    wrong = ~np.isfinite(array)
    if not wrong.any():
        return None
    return tuple(map(int, np.unravel_index(int(np.argmax(wrong)), array.shape)))


def named(specs: Specs, result: object, convert: Any) -> dict[str, Array]:
    """The outputs of a function or module by name, each made an array by ``convert(name, value)``.

    A mapping has names; members of a tuple or list take the declared ones, or ``output0``, ``output1`` …; an array or
    tensor alone takes the first, or ``output``.
    """
    wanted = {spec.name for spec in specs}
    if isinstance(result, Mapping):
        # What is not declared may be anything: networks of transformers give None and tuples along.
        picked = {
            name: value
            for name, value in result.items()
            if (name in wanted if wanted else hasattr(value, "shape"))
        }
    elif isinstance(result, tuple | list):
        names = [spec.name for spec in specs] or [f"output{i}" for i in range(len(result))]
        if len(names) != len(result):
            got = Got(f"{len(result)}")
            raise OutputMismatch("run", "outputs", f"{len(names)} ({', '.join(names)})", got)
        picked = dict(zip(names, result, strict=True))
    elif hasattr(result, "shape"):
        picked = {specs[0].name if specs else "output": result}
    else:
        must = "a mapping from names to arrays, a sequence of arrays, or an array"
        raise OutputMismatch("run", "the model's result", must, result)
    return {str(name): convert(str(name), value) for name, value in picked.items()}


def _names(things: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, things)) or "nothing"


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return "of any rank"
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"
