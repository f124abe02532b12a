"""Portable float maps (.pfm): float32 images, in which stereo sets keep their disparities."""

from __future__ import annotations

import math
import os
import re
from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.files import check_free, write_file
from .._core.images import FLOAT32, Array
from .errors import Defect, ImageError
from .images import PIXELS

# Kind, width, height, and a number whose sign tells the order of bytes; one white space before the samples.
_HEAD = re.compile(rb"(P[fF])\s{1,8}(\d{1,9})\s{1,8}(\d{1,9})\s{1,8}([-+.0-9eE]{1,24})\s")
_HEAD_BYTES = 128


def read_pfm(path: str | os.PathLike[str], *, max_pixels: Annotated[int, PIXELS] = 2**28) -> Array:
    """Read a portable float map.

    Parameters
    ----------
    path : path
        The file.
    max_pixels : int, default 2**28
        Largest height · width that is read.

    Returns
    -------
    (H, W) or (H, W, 3) array of float32
        Top row first, though the file begins with the lowest one. Samples as they are, NaN and infinities too: in
        disparities of Middlebury, infinity is what is not known.

    Raises
    ------
    ImageError
        No such file, cut off, longer than it says, or larger than ``max_pixels``. The sentence names the file.
    OSError
        The file cannot be opened.

    Notes
    -----
    The size of the scale in the header, which most files set to 1, is not applied. The file's length is checked against
    its header before anything of its size is allocated.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> from imgproc.io import read_pfm, write_pfm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_pfm(os.path.join(folder, "d.pfm"), np.float32([[1, 2], [3, np.inf]]))
    ...     read_pfm(os.path.join(folder, "d.pfm"))
    array([[ 1.,  2.],
           [ 3., inf]], dtype=float32)
    """
    max_pixels = PIXELS.check("read_pfm", "max_pixels", max_pixels)
    if not isinstance(path, str | os.PathLike):
        raise wrong_type("read_pfm", "path", "a path", path)
    name = os.fsdecode(path)
    if os.path.exists(name) and not os.path.isfile(name):  # opening a pipe would wait for ever
        raise ImageError(name, "it is not a file")
    try:
        with open(name, "rb") as file:
            head = file.read(_HEAD_BYTES)
            shape, order, start = _header(head, max_pixels)
            size = os.fstat(file.fileno()).st_size - start
            wanted = 4 * math.prod(shape)
            if size != wanted:
                kind = "cut off" if size < wanted else "longer than its header says"
                raise Defect(
                    f"the file is {kind}: {size} bytes of samples for {shape[1]} × {shape[0]} pixels"
                )
            file.seek(start)
            samples = np.frombuffer(file.read(wanted), order)
    except Defect as defect:
        raise ImageError(name, str(defect)) from None
    if samples.size != math.prod(shape):
        raise ImageError(name, "the file changed while it was read")
    return samples.reshape(shape)[::-1].astype(np.float32)


def write_pfm(path: str | os.PathLike[str], image: Array, *, overwrite: bool = False) -> None:
    """Write a portable float map.

    Parameters
    ----------
    path : path
        The file; it appears whole or not at all.
    image : (H, W) or (H, W, 3) array of float32
        Top row first.
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Raises
    ------
    TypeError, ValueError
        Another dtype or shape.
    FileExistsError
        The file exists and ``overwrite`` is false.
    OSError
        The file cannot be written.

    Examples
    --------
    See `read_pfm`.
    """
    must = "a float32 array of shape (H, W) or (H, W, 3)"
    if not isinstance(image, np.ndarray):
        raise wrong_type("write_pfm", "image", must, image)
    if image.dtype != FLOAT32:
        raise wrong_type("write_pfm", "image", must, Got(f"dtype {image.dtype}"))
    if image.size == 0 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise wrong_value("write_pfm", "image", must, Got(f"shape {image.shape}"))
    check_free(path, overwrite=overwrite)
    kind = "PF" if image.ndim == 3 else "Pf"
    head = f"{kind}\n{image.shape[1]} {image.shape[0]}\n-1.0\n".encode("ascii")
    write_file(path, head, image[::-1].astype("<f4").tobytes(), overwrite=overwrite)


def _header(head: bytes, max_pixels: int) -> tuple[tuple[int, ...], np.dtype[np.float32], int]:
    """Shape, order of bytes, and where the samples begin."""
    match = _HEAD.match(head)
    if match is None:
        raise Defect("no portable float map begins like this")
    width, height = int(match[2]), int(match[3])
    try:
        scale = float(match[4])
    except ValueError:
        scale = 0.0
    if width == 0 or height == 0 or scale == 0 or not math.isfinite(scale):
        raise Defect("the header is damaged: a size or the scale is no number other than 0")
    if width * height > max_pixels:
        raise Defect(f"{width} × {height} pixels are more than the limit of {max_pixels}")
    channels = (3,) if match[1] == b"PF" else ()
    return (height, width, *channels), np.dtype("<f4" if scale < 0 else ">f4"), match.end()
