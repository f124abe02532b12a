"""Fixtures of all tests: the shared data, and every CPU level and thread count in turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

try:
    import imgproc._ext.cpu  # the source folder alone has no kernels

    import imgproc
except ImportError as error:
    raise pytest.UsageError(
        f"the tests need the installed package: pip install, then `pytest` and not `python -m pytest` ({error})"
    ) from error

# Processes that tests start must not find the source folder before the installed package either.
os.environ["PYTHONSAFEPATH"] = "1"

_DATA = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real images; tests that need it skip where it is absent."""
    if not _DATA.is_dir():
        pytest.skip("the data sets are not on this machine (set IMGPROC_DATA to their folder)")
    return _DATA


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test at each instruction-set level that this machine has."""
    if request.param not in imgproc.cpu_levels():
        pytest.skip(f"this machine or build has no {request.param}")
    before = imgproc.get_cpu_level()
    imgproc.set_cpu_level(request.param)
    yield request.param
    imgproc.set_cpu_level(before)


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Runs the test on one thread and on two, with bands even for the smallest image."""
    before = imgproc.get_num_threads()
    imgproc.set_num_threads(request.param)
    monkeypatch.setattr("imgproc._core.threads._SHORTEST_BAND_NS", 1e-9)
    monkeypatch.setattr("imgproc._core.threads._SHORTEST_SURE_BAND_NS", 1e-9)
    yield request.param
    imgproc.set_num_threads(before)


@pytest.fixture(params=["cpu", pytest.param("cuda:0", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """Runs the test on torch's processor, and on its GPU where there is one."""
    import torch

    if request.param != "cpu" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU here")
    return str(request.param)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``imgproc`` in a fresh folder, in this process; gives the exit status."""
    from imgproc.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        return int(ending.value.code or 0)

    return call
