"""What goes wrong with one image file, in one sentence that names it."""

from __future__ import annotations


class ImageError(ValueError):
    """A file that cannot be read as a picture, or a picture that cannot be written as asked.

    Attributes
    ----------
    name : str
        The file as the caller named it, or ``"<bytes>"``.
    cause : str
        What is wrong and, where there is one, the way out. ``str(error)`` is ``"name: cause"``.
    """

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name, cause)  # both in args, so that the error survives pickling between processes
        self.name = name
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.name}: {self.cause}"


class Defect(Exception):
    """The cause alone, raised where the file's name is not known; never leaves this package."""
