"""Families of networks: what goes before and after each, by a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from .._core.parameters import Choice

TASKS = ("detect", "segment", "depth", "classify")


@dataclass(frozen=True)
class Family:
    """Networks that are fed and read alike.

    Attributes
    ----------
    name, task : str
        What it is called, and what it does.
    summary : str
        Which networks these are.
    preprocess : str
        The preset of `Preprocess`.
    decoder : str
        The function of `imgproc.neural` that reads their outputs.
    parameters : dict
        Of the decoder, where they are not its defaults.
    """

    name: str
    task: str
    summary: str
    preprocess: str
    decoder: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decode(self) -> Callable[..., Any]:
        """The decoder."""
        function: Callable[..., Any] = getattr(import_module(__package__ or ""), self.decoder)
        return function
