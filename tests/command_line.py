"""What the tests of the command line share: pictures to work on, and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import imgproc
from imgproc.io import Picture, write_image

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell leaves it for what runs in the background; processes would inherit it, and not be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)

Run = Callable[..., int]
"""The fixture ``run``: ``imgproc`` in a fresh folder, in this process; gives the exit status."""


def make(
    path: str | Path,
    *,
    shape: tuple[int, ...] = (12, 16, 3),
    dtype: type = np.uint8,
    seed: int = 0,
    **facts: Any,
) -> Path:
    rng = np.random.default_rng(seed)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    top = 0.8 if dtype is np.float32 else np.iinfo(dtype).max * 0.8
    write_image(path, Picture((rng.uniform(0.2, 1, shape) * top).astype(dtype), **facts), overwrite=True)
    return path


def outputs(folder: str | Path = "out") -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if not path.is_dir()
    )


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """``python -m imgproc`` that finds the package this process has found."""
    paths = [str(Path(imgproc.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "imgproc", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        **options,
    )
