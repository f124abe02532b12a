"""The images that a cascade is trained from: folders, files and arrays alike, read when they are needed."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array, check_image
from .detection import gray_bytes

Skipped = list[tuple[str, str]]
"""Images that are left out, and why."""


class Pictures:
    """Gray images by number. Those of files are read when asked for, and as many are kept as ``budget`` bytes hold.

    Numbers of images that cannot be read are given too: ``get`` gives None for them, and ``skipped`` says why.
    """

    def __init__(
        self, names: Sequence[str], read: Callable[[int], Array], fingerprint: str, budget: int
    ) -> None:
        self.names = list(names)
        self.fingerprint = fingerprint
        self.skipped: dict[int, str] = {}
        self._read = read
        self._kept: OrderedDict[int, Array] = OrderedDict()
        self._room = budget
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.names)

    def get(self, number: int) -> Array | None:
        """The image as contiguous uint8 gray, or None where it cannot be read. For any thread."""
        with self._lock:
            if number in self.skipped:
                return None
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        try:
            image = np.ascontiguousarray(gray_bytes(self._read(number)))
        except (OSError, ValueError) as error:
            with self._lock:
                self.skipped[number] = _cause(error)
            return None
        with self._lock:
            if number not in self._kept:
                self._kept[number] = image
                self._room -= image.nbytes
                while self._room < 0 and len(self._kept) > 1:
                    self._room += self._kept.popitem(last=False)[1].nbytes
        return image

    def left_out(self) -> Skipped:
        """What could not be read so far, by name."""
        return [(self.names[number], why) for number, why in sorted(self.skipped.items())]


def open_pictures(function: str, argument: str, source: Any, budget: int) -> Pictures:
    """Images of a folder, a file or a sequence of arrays; raises where there is none."""
    if isinstance(source, str | os.PathLike):
        return _of_files(function, argument, os.fspath(source), budget)
    return _of_arrays(function, argument, source)


def _of_files(function: str, argument: str, path: str, budget: int) -> Pictures:
    from ..io import read_image
    from ..io.folders import PlanError, find_images

    if not os.path.lexists(path):
        raise FileNotFoundError(f"{function}: {argument}: there is no file or folder {path!r}")
    try:
        found = find_images([path], recursive=True)
    except PlanError:
        raise wrong_value(
            function, argument, "a folder with images in it", Got(f"{path!r} without any")
        ) from None
    files = [source.path for source in found.sources]
    digest = sha256()
    for source in found.sources:
        try:
            size = os.stat(source.path).st_size
        except OSError:
            size = -1
        digest.update(f"{source.relative.as_posix()}\0{size}\0".encode("utf-8", "surrogateescape"))
    return Pictures(
        [source.relative.as_posix() for source in found.sources],
        lambda number: read_image(files[number]).pixels,
        digest.hexdigest(),
        budget,
    )


def _of_arrays(function: str, argument: str, source: Any) -> Pictures:
    must = "a folder, or a sequence of images"
    if isinstance(source, np.ndarray) and source.ndim < 3:
        raise wrong_value(function, argument, must, source)
    if not isinstance(source, Sequence | np.ndarray) or isinstance(source, bytes):
        raise wrong_type(function, argument, must, source)
    if not len(source):
        raise wrong_value(function, argument, "at least one image", Got("none"))
    digest = sha256()
    images = []
    for number, image in enumerate(source):
        gray = gray_bytes(check_image(function, image, argument=f"{argument}[{number}]"))
        images.append(np.ascontiguousarray(gray))
        digest.update(str(gray.shape).encode())
        digest.update(images[-1].tobytes())
    return Pictures(
        [f"image {number}" for number in range(len(images))], images.__getitem__, digest.hexdigest(), 0
    )


def _cause(error: Exception) -> str:
    from ..io import ImageError
    from ..io.folders import cause

    if isinstance(error, ImageError):
        return error.cause
    return cause(error) if isinstance(error, OSError) else str(error)
