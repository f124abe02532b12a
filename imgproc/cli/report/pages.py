"""What all pages share: the templates, how a page is written, and what it says of the machine."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

import imgproc

from ..._core.files import write_file
from ..text import counted, in_bytes, in_time, shown


@cache
def template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("imgproc.cli.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"name": shown, "time": in_time, "bytes": in_bytes}
    environment.globals["counted"] = counted
    return environment.get_template(name)


def write_page(path: Path, page: str) -> None:
    """The page as a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, page.encode("utf-8"), overwrite=True)


def is_report(path: Path) -> bool:
    """Whether a file is a page that this package wrote."""
    with open(path, "rb") as file:
        return b'<meta name="generator" content="imgproc ' in file.read(1000)


def machine(workers: int) -> str:
    return " · ".join(
        [
            f"{platform.system()} {platform.machine()}",
            f"{counted(os.cpu_count() or 1, 'processor')}, {counted(workers, 'worker')}",
            f"instruction set {imgproc.get_cpu_level()}",
            f"Python {platform.python_version()}",
            f"NumPy {np.__version__}",
            f"OpenCV {cv2.__version__}",
        ]
    )
