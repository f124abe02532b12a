"""What is installed and in use."""

from __future__ import annotations

import platform

import numpy as np

from .._ext import cpu as _cpu
from .cpu import LEVELS, cpu_levels, get_cpu_level
from .threads import get_num_threads

VERSION = "0.1.0"


def show_config() -> None:
    """Print version, compiler, instruction-set levels built and in use, and threads."""
    print(f"imgproc      {VERSION}{' (checked build)' if _cpu.CHECKED else ''}")
    print(f"python       {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"numpy        {np.__version__}")
    print(f"compiler     {_cpu.COMPILER}")
    print(f"levels built {', '.join(LEVELS[: _cpu.BUILT + 1])}")
    print(f"levels here  {', '.join(cpu_levels())}")
    print(f"level in use {get_cpu_level()}")
    print(f"threads      {get_num_threads()}")
