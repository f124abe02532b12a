"""The instruction-set level of the kernels: chosen once at import, forced by name."""

from __future__ import annotations

import os

from .._ext import cpu as _cpu
from .parameters import Choice

LEVELS = ("baseline", "avx2", "avx512")
_LEVEL = Choice(LEVELS)


def cpu_levels() -> tuple[str, ...]:
    """The levels that this build holds and this machine runs, lowest first."""
    return LEVELS[: 1 + min(_cpu.DETECTED, _cpu.BUILT)]


def get_cpu_level() -> str:
    """The level in use: ``"baseline"``, ``"avx2"`` or ``"avx512"``."""
    return LEVELS[_cpu.get_level()]


def set_cpu_level(level: str) -> None:
    """Make every kernel use one instruction-set level, for tests and measurements.

    Parameters
    ----------
    level : {"baseline", "avx2", "avx512"}
        Results do not depend on it, only speed does. The environment variable ``IMGPROC_CPU_LEVEL``
        sets it at import.

    Raises
    ------
    ValueError
        Unknown level, or one that this machine or build does not have.

    Examples
    --------
    >>> import imgproc
    >>> before = imgproc.get_cpu_level()
    >>> imgproc.set_cpu_level("baseline")
    >>> imgproc.set_cpu_level(before)
    """
    _force("set_cpu_level", "level", level)


def _force(function: str, argument: str, level: object) -> None:
    word = _LEVEL.check(function, argument, level)
    if word not in cpu_levels():
        raise ValueError(
            f"{function}: {argument} must be one this machine has ({', '.join(cpu_levels())}), got {word!r}"
        )
    _cpu.set_level(LEVELS.index(word))


if os.environ.get("IMGPROC_CPU_LEVEL"):
    _force("imgproc", "IMGPROC_CPU_LEVEL", os.environ["IMGPROC_CPU_LEVEL"])
