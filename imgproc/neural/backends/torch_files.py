"""Model files of torch: weights alone are read, and what could run code only from those who are trusted.

``.pt2`` archives, TorchScript and pickled modules run code as they are loaded (a ``.pt2`` holds pickles beside its
graph), whatever the suffix says; a state dict is read with ``weights_only=True``, and ``.safetensors`` holds no code.
"""

from __future__ import annotations

import pickle  # for the name of an error of torch alone: nothing is read by it
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..._core.errors import wrong_type
from ..errors import BackendUnavailable, ModelFormatError, UntrustedModelError
from .torch import TorchModel, from_program, import_torch, quietly

_SAFE = (2, 6)  # before, weights_only=True could be made to run code (CVE-2025-32434)


def load_torch(source: object, *, trust: bool = False, module: Any = None, **options: Any) -> TorchModel:
    """The model of a module, an exported program, a function that makes a module, or a file."""
    torch = import_torch()
    if not isinstance(source, Path):
        if module is not None:
            raise wrong_type("load", "module", "None where the source is no file", module)
        if isinstance(source, torch.nn.Module):
            return TorchModel(source, **options)
        if hasattr(source, "graph_signature") and hasattr(source, "module"):
            return from_program(source, **options)
        return TorchModel(_made(torch, "source", source), **options)
    if module is not None:
        made = _made(torch, "module", module)
        _fill(source, made, _weights(torch, source))
        return TorchModel(made, **options)
    kind = _kind(source)
    if kind == "safetensors":
        raise wrong_type(
            "load", "module", "the module that the weights fit, or a function that makes it", None
        )
    if not trust:
        why = f"{source}: a {kind} runs code as it is loaded; trust=True allows it"
        if kind == "pickle":
            why += ", and module=... reads weights alone without it"
        raise UntrustedModelError(why)
    try:
        if kind == "program of torch.export":
            whole = quietly(lambda: torch.export.load(str(source)))
        elif kind == "TorchScript archive":
            whole = quietly(lambda: torch.jit.load(str(source), map_location="cpu"))
        else:
            whole = torch.load(source, map_location="cpu", weights_only=False)
    except (ImportError, AttributeError) as error:  # the classes of a pickle
        raise ModelFormatError(f"{source}: its code is not here: {error}") from error
    except Exception as error:  # a damaged file raises whatever its last words ask for
        raise ModelFormatError(f"{source}: torch does not read it: {_short(error)}") from error
    if kind == "program of torch.export":
        return from_program(whole, **options)
    if not isinstance(whole, torch.nn.Module):
        if isinstance(whole, Mapping):
            raise wrong_type("load", "module", "the module that the weights fit: the file has no more", None)
        raise ModelFormatError(f"{source}: it holds a {type(whole).__name__}, not a torch module")
    return TorchModel(whole, **options)


def _made(torch: Any, argument: str, module: Any) -> Any:
    must = "a torch module, or a function without arguments that makes one"
    if isinstance(module, torch.nn.Module):
        return module
    if not callable(module):
        raise wrong_type("load", argument, must, module)
    made = module()
    if not isinstance(made, torch.nn.Module):
        raise wrong_type("load", argument, must, made)
    return made


def _kind(path: Path) -> str:
    """What a file is, by what is in it."""
    if path.suffix.lower() == ".safetensors":
        return "safetensors"
    if path.suffix.lower() == ".pt2":
        return "program of torch.export"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return "pickle"
    if any(name.endswith(("/constants.pkl", "/archive_format")) for name in names):
        scripted = any(name.endswith("/constants.pkl") for name in names)
        return "TorchScript archive" if scripted else "program of torch.export"
    return "pickle"


def _weights(torch: Any, path: Path) -> Mapping[str, Any]:
    kind = _kind(path)
    if kind == "safetensors":
        try:
            from safetensors.torch import load_file
        except ImportError as error:
            hint = "pip install safetensors"
            raise BackendUnavailable(f"load: safetensors must be installed ({hint}), got {error}") from error
        try:
            weights: Mapping[str, Any] = load_file(path)
        except Exception as error:  # SafetensorError and what torch makes of odd dtypes
            raise ModelFormatError(f"{path}: not a file of safetensors: {_short(error)}") from error
        return weights
    if kind != "pickle":
        raise UntrustedModelError(f"{path}: a {kind} is no file of weights alone")
    version = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if version is None or (int(version[1]), int(version[2])) < _SAFE:
        least = ".".join(map(str, _SAFE))
        raise BackendUnavailable(
            f"load: torch must be {least} or newer to read weights alone safely, got {torch.__version__}"
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        why = f"{path}: it holds more than weights, or is damaged"
        raise UntrustedModelError(f"{why}: {_short(error)}") from error
    except Exception as error:
        raise ModelFormatError(
            f"{path}: torch does not read it: {type(error).__name__} {_short(error)}"
        ) from error
    if not isinstance(found, Mapping) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        has = ", ".join(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
        raise ModelFormatError(f"{path}: it is no dict of tensors alone, but holds {has[:200]}")
    return found


def _fill(path: Path, module: Any, weights: Mapping[str, Any]) -> None:
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ModelFormatError(f"{path}: its weights do not fit the module: {_short(error)}") from error


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
