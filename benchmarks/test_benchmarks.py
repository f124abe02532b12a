"""The same cases for pytest-benchmark: ``pytest benchmarks``; peers and we are one group."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import imgproc

from . import SUBJECTS, rivals
from .harness import Case, compare


def all_cases() -> Iterator[Case]:
    for subject in SUBJECTS:
        yield from import_module(f"benchmarks.{subject}").cases("512")


@pytest.mark.parametrize("case", list(all_cases()), ids=lambda case: f"{case.name} {case.size}")
@pytest.mark.parametrize("who", ["imgproc", "peer"])
def test_speed(case: Case, who: str, benchmark: Any) -> None:
    imgproc.set_num_threads(1)
    rivals.set_threads(1)
    compare(case)
    benchmark.group = f"{case.name} {case.size}"
    if who == "imgproc":
        benchmark(case.ours)
    elif case.rivals:
        name, rival = next(iter(case.rivals.items()))
        benchmark.name = name
        benchmark(rival)
    else:
        pytest.skip("no peer installed")
