"""A training's state in one file, which is whole or as it was: NumPy arrays and JSON, nothing that could run code."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.files import write_file

FUNCTION = "train_cascade"
FILE = "checkpoint.npz"
VERSION = 1


def checkpoint_path(folder: str | os.PathLike[str]) -> str:
    """The file of a checkpoint's folder."""
    return os.path.join(os.fspath(folder), FILE)


def save_checkpoint(folder: str, facts: dict[str, Any], state: dict[str, Any]) -> None:
    """Replace the checkpoint in one step. Arrays go in as they are, all else as JSON."""
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    others = {name: value for name, value in state.items() if name not in arrays}
    text = json.dumps({"version": VERSION, "facts": facts, "state": others})
    file = io.BytesIO()
    arrays["json"] = np.frombuffer(text.encode(), np.uint8)
    np.savez(file, **arrays)  # type: ignore[arg-type]
    os.makedirs(folder, exist_ok=True)
    write_file(checkpoint_path(folder), file.getbuffer(), overwrite=True)


def load_checkpoint(folder: str, facts: dict[str, Any], restore: Callable[[dict[str, Any]], None]) -> None:
    """Restore the state that a folder holds, where it holds one.

    Raises ValueError where that is damaged, or of a training with other ``facts``.
    """

    def damaged(error: Exception) -> ValueError:
        return wrong_value(FUNCTION, "checkpoint", must, Got(f"{path!r}, which is damaged: {error}"))

    path = checkpoint_path(folder)
    must = "a folder with a checkpoint of this training, or without any"
    try:
        with open(path, "rb") as content, np.load(content, allow_pickle=False) as file:
            found = json.loads(file["json"].tobytes())
            state: dict[str, Any] = {name: file[name] for name in file.files if name != "json"}
        version, before = found["version"], found["facts"]
        state |= found["state"]
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise damaged(error) from None
    if version != VERSION:
        raise wrong_value(FUNCTION, "checkpoint", must, Got(f"{path!r} of version {version}"))
    for name, value in facts.items():
        if before.get(name) != value:
            got = f"{path!r} of one with {name} {before.get(name)!r}, now {value!r}"
            raise wrong_value(FUNCTION, "checkpoint", must, Got(got))
    try:
        restore(state)
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(error) from None
