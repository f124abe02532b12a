"""Motion capture: where the joints of a moving skeleton are, read from BVH or ASF with AMC files."""

from __future__ import annotations

import gzip
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array

MAX_BYTES = 256 * 2**20
MAX_JOINTS = 1024
MAX_DEPTH = 256
MAX_FRAMES = 10_000_000


@dataclass(frozen=True, eq=False)
class Motion:
    """The positions of a skeleton's joints over time.

    Attributes
    ----------
    names : tuple of str
        Of the joints, as in the file. The end of a chain in a BVH file is called as its joint with ``_end`` appended.
    parents : (J,) array of int32
        The joint that each hangs on, an earlier one; -1 for the root.
    positions : (F, J, 3) array of float64
        Where the joints are in each frame, in metres, y up. For BVH a joint is where its bone begins; for ASF where it
        ends, as the formats name them.
    frame_time : float
        Seconds from one frame to the next.
    """

    names: tuple[str, ...]
    parents: Array
    positions: Array
    frame_time: float

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return f"Motion({len(self)} frames of {len(self.names)} joints, {self.frame_time:.4g} s each)"


def read_motion(
    path: str | os.PathLike[str],
    skeleton: str | os.PathLike[str] | None = None,
    *,
    metres_per_unit: float | None = None,
) -> Motion:
    """Read a motion from a BVH file, or from an AMC file and the ASF file of its skeleton.

    Parameters
    ----------
    path : path
        A ``.bvh`` or ``.amc`` file; one that ends in ``.gz`` is unpacked while it is read.
    skeleton : path, optional
        The ``.asf`` file that an AMC file needs; by default the only one in its folder whose name begins the motion's
        (``02.asf`` for ``02_01.amc``).
    metres_per_unit : float, optional
        Length of the file's unit. By default 0.01 (centimetres) for BVH, which has no units, and what the ASF file
        says (its lengths are inches divided by ``length``).

    Returns
    -------
    Motion

    Raises
    ------
    OSError
        A file cannot be read.
    ValueError
        It is no such file; the sentence names the line.

    Notes
    -----
    Files are read as text of at most 256 MB, with at most 1,024 joints; every number must be finite. BVH rotations are
    applied in the order of its channels. For ASF each bone turns as ``C M inverse(C)``, C its axes and M its angles,
    and reaches from its parent's end along its direction by its length. AMC files have no clock: 120 frames a second
    are assumed, as in the CMU collection.

    References
    ----------
    M. Meredith, S. Maddock, Motion capture file formats explained, University of Sheffield, 2001. J. Lander, Working
    with motion capture file formats, Game Developer, January 1998.

    Examples
    --------
    >>> motion = imgproc.bodyparts.read_motion("02_01.amc.gz")  # doctest: +SKIP
    >>> motion.positions.shape  # doctest: +SKIP
    (343, 31, 3)
    """
    from .asf import parse_amc, parse_asf
    from .bvh import parse_bvh

    if metres_per_unit is not None and not (
        isinstance(metres_per_unit, int | float) and 0 < metres_per_unit < math.inf
    ):
        raise wrong_value("read_motion", "metres_per_unit", "a finite number above 0", metres_per_unit)
    name = Path(os.fspath(path))
    kind = Path(name.stem if name.suffix.lower() == ".gz" else name.name).suffix.lower()
    if kind == ".bvh":
        return parse_bvh(Text(name), 0.01 if metres_per_unit is None else float(metres_per_unit))
    if kind != ".amc":
        raise wrong_value("read_motion", "path", "a .bvh or .amc file", os.fspath(path))
    rig = parse_asf(Text(Path(os.fspath(skeleton)) if skeleton is not None else _skeleton_of(name)))
    return parse_amc(Text(name), rig, metres_per_unit)


def _skeleton_of(motion: Path) -> Path:
    found = [p for p in motion.parent.glob("*.[aA][sS][fF]") if motion.name.startswith(p.stem)]
    if len(found) != 1:
        must = f"given, as {len(found)} .asf files beside {motion.name} have a name that begins it"
        raise wrong_value("read_motion", "skeleton", must, None)
    return found[0]


class Text:
    """The lines of a file, with a place to say where something is wrong."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        opened = gzip.open if path.suffix.lower() == ".gz" else open
        with opened(path, "rb") as file:
            try:
                content = file.read(MAX_BYTES + 1)
            except (EOFError, gzip.BadGzipFile) as error:
                raise ValueError(f"{self.name}: not a whole gzip file ({error})") from None
        if len(content) > MAX_BYTES:
            raise ValueError(f"{self.name}: must be at most {MAX_BYTES >> 20} MB of text")
        self.lines = content.decode("utf-8", "replace").splitlines()

    def wrong(self, line: int, must: str, got: object) -> ValueError:
        """An error about a line, counted from 0."""
        return ValueError(f"{self.name}: line {line + 1} must be {must}, got {str(got)[:60]!r}")

    def numbers(self, line: int, words: list[str], count: int, what: str) -> list[float]:
        """Exactly so many finite numbers."""
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(map(math.isfinite, values)):
            raise self.wrong(line, f"{what}: {count} finite numbers", " ".join(words))
        return values


def turned(angles: Array, axes: str) -> Array:
    """Rotation matrices (..., 3, 3) of angles (..., len(axes)) in degrees, the first axis outermost."""
    result = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for number, axis in enumerate(axes):
        a = np.deg2rad(angles[..., number])
        first, second = ((1, 2), (2, 0), (0, 1))["XYZ".index(axis)]
        one = np.zeros((*a.shape, 3, 3))
        one[..., range(3), range(3)] = 1.0
        one[..., first, first] = one[..., second, second] = np.cos(a)
        one[..., first, second], one[..., second, first] = -np.sin(a), np.sin(a)
        result = result @ one
    return result


def check_joints(text: Text, count: int) -> None:
    if not 0 < count <= MAX_JOINTS:
        raise ValueError(f"{text.name}: must have 1 to {MAX_JOINTS} joints, got {Got(str(count))}")
