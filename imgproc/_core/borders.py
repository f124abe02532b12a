"""What lies outside an image: the words of `numpy.pad`, and the source index behind each padded one.

============  ==============  =================
here          OpenCV          scipy.ndimage
============  ==============  =================
reflect       REFLECT_101     mirror
symmetric     REFLECT         reflect
edge          REPLICATE       nearest
wrap          WRAP            grid-wrap
constant      CONSTANT        constant
============  ==============  =================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .parameters import Choice

BORDER = Choice(("reflect", "symmetric", "edge", "wrap", "constant"))


def border_indices(n: int, before: int, after: int, border: str) -> npt.NDArray[np.intp]:
    """Index into an axis of length ``n`` for each position from ``-before`` to ``n + after - 1``.

    Positions that ``"constant"`` fills are -1. Padding may be longer than the axis: reflections repeat.
    """
    around = outside_indices(n, before, after, border)
    return np.concatenate([around[:before], np.arange(n, dtype=np.intp), around[before:]])


def outside_indices(n: int, before: int, after: int, border: str) -> npt.NDArray[np.intp]:
    """The ``before + after`` of them that lie outside the axis. Cost free of ``n``."""
    position = np.arange(-before, after, dtype=np.intp)
    position[before:] += n
    if border == "edge":
        return np.clip(position, 0, n - 1)
    if border == "wrap":
        return position % n
    if border == "constant":
        return np.full_like(position, -1)
    if border == "symmetric":
        position %= 2 * n
        return np.minimum(position, 2 * n - 1 - position)
    if n == 1:
        return np.zeros_like(position)
    position %= 2 * n - 2
    return np.minimum(position, 2 * n - 2 - position)
