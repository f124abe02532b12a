"""Arrays that cross the boundary: tensors of any library to NumPy, by rules that lose and pull nothing silently.

NumPy in, NumPy out is the contract of everything here. torch and its kin are recognised, never imported: who holds a
tensor of theirs has imported them.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._core.box_arrays import packed
from .._core.errors import Got, wrong_type
from .._core.images import FLOAT32, Array
from .._core.parameters import Flag

_CPU = 1  # DLPack's number for memory that the processor reads
_MUST = "a NumPy array, a torch tensor or an array with __dlpack__; numpy.asarray makes one of other things"
_ON_HOST = "in the processor's memory (to_host=True copies it there)"
_KINDS = "biufc"


def to_host(x: object, *, to_host: bool = False) -> Array:
    """A NumPy array of what a library holds: the same memory where it can be.

    Parameters
    ----------
    x : array
        A NumPy array or number; a torch tensor, whether it needs a gradient or has its conjugate or negative bit set;
        or anything that speaks DLPack (JAX, CuPy, an ``OrtValue``).
    to_host : bool, default False
        Whether an array in the memory of a GPU may be copied to the processor's; that waits for the device.

    Returns
    -------
    ndarray
        Of native byte order, any strides, of the dtype of ``x``; bfloat16 and the 8-bit floats, which NumPy lacks, as
        float32. It may be read-only.

    Raises
    ------
    TypeError
        Not an array; one on a device while ``to_host`` is false; a sparse or quantised tensor; a masked array; strings
        or objects.

    Notes
    -----
    A few µs where no copy is made. NumPy reads a tensor's bytes as they lie, so a lazy negative or conjugate is
    resolved before; through DLPack the sign of such a tensor would be lost.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import to_host
    >>> to_host(np.array([1, 2], ">i2")).dtype.isnative
    True
    """
    return host_array("to_host", "x", x, Flag().check("to_host", "to_host", to_host))


def to_model(x: object, *, to_host: bool = False, writeable: bool = False) -> Array:
    """The same as backends read it: native byte order, C-contiguous, aligned; a copy where that is not so.

    Parameters
    ----------
    x : array
        As in `to_host`.
    to_host : bool, default False
        As in `to_host`.
    writeable : bool, default False
        Whether a read-only array is copied, as torch asks for.

    Returns
    -------
    ndarray
        `x` itself where nothing stands against it.

    Raises
    ------
    TypeError
        As `to_host`.

    Notes
    -----
    Negative strides abort ``torch.from_dlpack``, big-endian numbers are misread by ONNX Runtime, and torch writes into
    read-only memory: hence the copies.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import to_model
    >>> to_model(np.arange(3.0)[::-1]).flags.c_contiguous
    True
    """
    array = host_array("to_model", "x", x, Flag().check("to_model", "to_host", to_host))
    return model_array(array, writeable=Flag().check("to_model", "writeable", writeable))


def host_array(function: str, name: str, x: object, allowed: bool = False) -> Array:
    """`to_host` for a caller of its own name."""
    if isinstance(x, np.generic):  # what NumPy's own functions give for an array of no axes
        x = np.asarray(x)
    if not isinstance(x, np.ndarray):
        x = _foreign(function, name, x, allowed)
    if isinstance(x, np.ma.MaskedArray):
        raise wrong_type(function, name, "an array without a mask of its own", Got("a MaskedArray"))
    if type(x) is not np.ndarray:
        x = x.view(np.ndarray)
    if x.dtype.kind not in _KINDS:
        if x.dtype.name == "bfloat16" or x.dtype.name.startswith("float8"):  # of the package ml_dtypes
            return x.astype(FLOAT32)
        raise wrong_type(function, name, "an array of numbers", x)
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def model_array(array: Array, *, writeable: bool = False) -> Array:
    """`to_model` of what `to_host` gave."""
    array = packed(array) if array.ndim else array  # ascontiguousarray would make a row of a number
    return array.copy() if writeable and not array.flags.writeable else array


def on_device(x: object) -> bool:
    """Whether an array lies where the processor does not read it."""
    if isinstance(x, np.ndarray):
        return False
    if is_tensor(x):
        return bool(x.device.type != "cpu")  # type: ignore[attr-defined]
    if hasattr(x, "__dlpack_device__"):
        return bool(x.__dlpack_device__()[0] != _CPU)
    return hasattr(x, "__cuda_array_interface__")


def is_tensor(x: object) -> bool:
    """Whether it is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, getattr(torch, "Tensor", ()))


def _foreign(function: str, name: str, x: Any, allowed: bool) -> Array:
    if is_tensor(x):
        return _from_torch(function, name, x, allowed)
    if on_device(x):
        if not allowed:
            raise wrong_type(function, name, _ON_HOST, Got(f"{type(x).__name__} on a device"))
        if not hasattr(x, "get"):  # CuPy's way
            raise wrong_type(function, name, "an array that its library copies: hand in that copy", x)
        x = x.get()
        return host_array(function, name, x)
    if not hasattr(x, "__dlpack__") or not hasattr(x, "__dlpack_device__"):
        raise wrong_type(function, name, _MUST, x)
    try:
        return np.from_dlpack(x)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise wrong_type(
            function, name, "an array that NumPy reads", Got(f"{type(x).__name__}: {error}")
        ) from None


def _from_torch(function: str, name: str, x: Any, allowed: bool) -> Array:
    torch = sys.modules["torch"]
    if x.layout is not torch.strided or x.is_quantized or x.device.type == "meta":
        kind = "quantised" if x.is_quantized else "meta" if x.device.type == "meta" else str(x.layout)
        raise wrong_type(function, name, "a dense tensor", Got(f"a {kind} tensor"))
    if x.device.type != "cpu":
        if not allowed:
            raise wrong_type(function, name, _ON_HOST, Got(f"a torch tensor on {x.device}"))
        x = x.cpu()
    x = x.detach().resolve_conj().resolve_neg()
    if x.dtype is torch.bfloat16 or (x.dtype.is_floating_point and x.dtype.itemsize == 1):
        x = x.float()
    try:
        array: Array = x.numpy()
    except (RuntimeError, TypeError) as error:
        raise wrong_type(function, name, "a tensor that NumPy reads", Got(f"{x.dtype}: {error}")) from None
    return array
