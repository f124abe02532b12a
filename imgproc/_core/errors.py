"""The one form of every error sentence: ``function: argument must be …, got …``."""

from __future__ import annotations

import numpy as np


def describe(value: object) -> str:
    """What a user handed in, short enough for a sentence."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array of shape {value.shape}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None and not isinstance(value, np.generic | type):
        # An array of another library: its numbers may lie on a device, and take lines to print.
        return f"{dtype} {type(value).__name__} of shape {tuple(shape)}"
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return f"{type(value).__name__} too long to print"
    if not isinstance(value, str):
        text = " ".join(text.split())
    if len(text) > 80:
        text = text[:77] + "..."
    return (
        text
        if isinstance(value, str | int | float | complex | None | tuple)
        else f"{type(value).__name__} {text}"
    )


def wrong_type(function: str, argument: str, must: str, got: object) -> TypeError:
    return TypeError(
        f"{function}: {argument} must be {must}, got {got if type(got) is Got else describe(got)}"
    )


def wrong_value(function: str, argument: str, must: str, got: object) -> ValueError:
    return ValueError(
        f"{function}: {argument} must be {must}, got {got if type(got) is Got else describe(got)}"
    )


class Got(str):
    """A ready description of what was got, printed as it is."""

    __slots__ = ()
