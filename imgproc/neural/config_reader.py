"""Configurations of which nothing is ignored."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._core.errors import Got, wrong_type, wrong_value
from .errors import ModelFormatError

_LARGEST = 1 << 20
"""Bytes of a file; such configurations have some hundreds."""

Config = Mapping[str, Any] | str | os.PathLike[str]


class ConfigReader:
    """The keys of a configuration, of which every one must have been asked for in the end."""

    def __init__(self, function: str, config: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self.function = function
        self.values = {**defaults, **{key: value for key, value in config.items() if value is not None}}
        self.unread = set(self.values)

    def wrong(self, key: str, must: str, got: object) -> ValueError:
        return wrong_value(self.function, f"config[{key!r}]", must, got)

    def get(self, key: str, default: Any = None) -> Any:
        self.unread.discard(key)
        return self.values.get(key, default)

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise wrong_value(self.function, "config", f"one with the key {key!r}", Got("none"))
        return value

    def flag(self, key: str) -> bool:
        value = self.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def length(self, key: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1 << 20:
            raise self.wrong(key, "of integers from 1 to 2**20", value)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self.need(key) if default is None else self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key, "a finite number", value)
        return float(value)

    def triple(self, key: str) -> Any:
        value = self.need(key)
        return tuple(value) if isinstance(value, list | tuple) else value

    def sides(self, key: str, square: bool) -> dict[str, int]:
        """A size in any of its forms, as one of names and lengths."""
        value = self.need(key)
        if isinstance(value, int):
            length = self.length(key, value)
            return {"height": length, "width": length} if square else {"shortest_edge": length}
        if isinstance(value, list | tuple) and len(value) == 2:
            value = dict(zip(("height", "width"), value, strict=True))
        if not isinstance(value, Mapping):
            raise self.wrong(key, "a length, a pair, or an object of lengths by name", value)
        return {name: self.length(key, length) for name, length in value.items() if length is not None}

    def off(self, key: str, why: str) -> None:
        """A switch that is supported switched off alone."""
        if self.get(key):
            raise self.wrong(key, f"off, for {why}", self.values[key])

    def finish(self, without_effect: frozenset[str]) -> None:
        left = sorted(map(str, self.unread - without_effect))
        if left:
            raise wrong_value(self.function, "config", "one of known keys alone", Got(", ".join(left)))


def read_config(function: str, config: Config) -> Mapping[str, Any]:
    if isinstance(config, Mapping):
        return config
    if not isinstance(config, str | os.PathLike):
        raise wrong_type(function, "config", "a mapping or a path", config)
    path = Path(config)
    if path.is_dir():
        path /= "preprocessor_config.json"
    with open(path, "rb") as file:
        data = file.read(_LARGEST + 1)
    must = f"a JSON object of at most 1 MB: {path} is none"
    if len(data) > _LARGEST:
        raise ModelFormatError(str(wrong_value(function, "config", must, Got("a larger file"))))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(str(wrong_value(function, "config", must, Got(str(error))))) from None
    if not isinstance(found, dict):
        raise ModelFormatError(str(wrong_value(function, "config", must, Got(type(found).__name__))))
    return found
