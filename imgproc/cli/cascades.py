"""Cascade files as verbs are given them."""

from __future__ import annotations

from ..cascade import Cascade
from ..cascade.opencv_xml import CascadeFile, read_cascade_file
from ..io.folders import PlanError, cause

DEFAULT = "frontalface"
"""What verbs look for where no file is named, and what that is called."""
DEFAULT_CLASS = "face"
DEFAULT_NEIGHBORS = 1
DEFAULT_SCORE = 5.5
"""Finds most of the faces with one false positive in ten images, says the cascade's model card."""

NEIGHBORS = 3
"""Of other cascades, of whose scores nothing is known."""


def default_cascade() -> Cascade:
    """The one that ships with the package."""
    return Cascade.default(DEFAULT)


def open_cascade(path: str) -> CascadeFile:
    """What a file holds; PlanError where that is no cascade."""
    try:
        return read_cascade_file(path)
    except OSError as error:
        raise PlanError(f"the cascade {path!r} cannot be read: {cause(error)}") from None
    except ValueError as error:  # of the reader: without its name
        raise PlanError(str(error).partition(": ")[2]) from None
