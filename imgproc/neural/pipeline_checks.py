"""What pipelines are told of their classes and of their decoder, checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from .._core.errors import Got, wrong_type, wrong_value
from .outputs import check_keys


def check_parameters(function: str, decode: Any, parameters: Mapping[str, Any]) -> None:
    """What would be refused, or not be looked at, once the first image is decoded."""
    given = {**decode.keywords, **parameters} if isinstance(decode, partial) else parameters
    decoder = getattr(decode, "func", decode)
    names = getattr(decoder, "reads", None)
    if names is not None:
        check_keys(function, given.get("keys"), names)
    try:
        known = signature(decoder).parameters.values() if parameters else ()
    except (TypeError, ValueError):  # of those written in C
        return
    taken = [one.name for one in known if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if known and not any(one.kind is one.VAR_KEYWORD for one in known):
        for parameter, value in parameters.items():
            if parameter not in taken:
                own = ", ".join(taken[2:]) or "none"
                called = getattr(decoder, "__name__", "decode")
                raise wrong_value(function, parameter, f"a parameter of {called} ({own})", value)


def check_names(function: str, names: object) -> dict[int, str]:
    """Class names by number."""
    must = "a sequence of names, or a mapping from integers to names"
    if names is None:
        return {}
    if isinstance(names, Sequence) and not isinstance(names, str):
        names = dict(enumerate(names))
    if not isinstance(names, Mapping):
        raise wrong_type(function, "names", must, names)
    for number, name in names.items():
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(name, str):
            raise wrong_type(function, "names", must, Got(f"{number!r}: {name!r}"))
    return dict(names)
