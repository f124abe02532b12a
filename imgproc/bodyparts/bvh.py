"""Biovision's format: a tree of joints with their channels, then a line of numbers for each frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._core.images import Array
from .motion import MAX_DEPTH, MAX_FRAMES, Motion, Text, check_joints, turned

_CHANNELS = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}


@dataclass
class _Joint:
    name: str
    parent: int
    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[str] = field(default_factory=list)


def parse_bvh(text: Text, metres_per_unit: float) -> Motion:
    joints, line = _hierarchy(text)
    frame_time, values = _frames(text, line, sum(len(joint.channels) for joint in joints))
    count = len(values)
    positions = np.empty((count, len(joints), 3))
    rotations = np.empty((count, len(joints), 3, 3))
    column = 0
    for number, joint in enumerate(joints):
        channels = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        offset = np.broadcast_to(np.array(joint.offset), (count, 3)).copy()
        turns = [i for i, name in enumerate(joint.channels) if name.endswith("rotation")]
        for i, name in enumerate(joint.channels):
            if name.endswith("position"):
                # A root's position replaces its offset in the files of most programs, which then is zero; where
                # both are given they add up.
                offset[:, "XYZ".index(name[0])] += channels[:, i]
        local = turned(channels[:, turns], "".join(joint.channels[i][0] for i in turns))
        if joint.parent < 0:
            positions[:, number], rotations[:, number] = offset, local
        else:
            above = rotations[:, joint.parent]
            positions[:, number] = positions[:, joint.parent] + (above @ offset[..., None])[..., 0]
            rotations[:, number] = above @ local
    return Motion(
        tuple(joint.name for joint in joints),
        np.array([joint.parent for joint in joints], np.int32),
        positions * metres_per_unit,
        frame_time,
    )


def _hierarchy(text: Text) -> tuple[list[_Joint], int]:
    """The joints, parents before children, and the line after them."""
    joints: list[_Joint] = []
    path: list[int] = []
    opening = -1  # the joint whose brace comes next
    for number, line in enumerate(text.lines):
        words = line.split()
        if not words or (number == 0 and words == ["HIERARCHY"]):
            continue
        head = words[0].upper()
        if head in ("ROOT", "JOINT", "END"):
            if (head == "ROOT") != (not joints) or opening >= 0 or (head != "ROOT" and not path):
                raise text.wrong(number, "one ROOT, and JOINT or End Site inside a joint", line.strip())
            parent = path[-1] if path else -1
            name = f"{joints[parent].name}_end" if head == "END" else " ".join(words[1:])
            if not name:
                raise text.wrong(number, "a joint with a name", line.strip())
            joints.append(_Joint(name, parent))
            check_joints(text, len(joints))
            opening = len(joints) - 1
        elif head == "{":
            if opening < 0 or len(path) >= MAX_DEPTH:
                raise text.wrong(number, "a brace after a joint", line.strip())
            path.append(opening)
            opening = -1
        elif head == "}":
            if not path or opening >= 0:
                raise text.wrong(number, "inside a joint", line.strip())
            path.pop()
        elif head == "OFFSET" and path:
            joints[path[-1]].offset = text.numbers(number, words[1:], 3, "an offset")
        elif head == "CHANNELS" and path:
            names = words[2:]
            if not words[1:2] == [str(len(names))] or not set(names) <= _CHANNELS or len(names) > 6:
                raise text.wrong(number, "CHANNELS, their number and their names", line.strip())
            joints[path[-1]].channels = names
        elif head == "MOTION":
            if path or not joints:
                raise text.wrong(number, "after all joints are closed", line.strip())
            return joints, number + 1
        else:
            raise text.wrong(number, "a part of a BVH hierarchy", line.strip())
    raise ValueError(f"{text.name}: must have a HIERARCHY and a MOTION, got {len(text.lines)} lines without")


def _frames(text: Text, line: int, channels: int) -> tuple[float, Array]:
    """Seconds a frame, and the values (F, channels)."""
    rest = [
        (number, text.lines[number].split())
        for number in range(line, len(text.lines))
        if text.lines[number].strip()
    ]
    try:
        (at, frames), (at_time, time) = rest[0], rest[1]
        count, seconds = int(frames[1]), float(time[2])
        good = frames[0] == "Frames:" and time[:2] == ["Frame", "Time:"]
    except (IndexError, ValueError):
        raise text.wrong(
            line, "'Frames: n', then 'Frame Time: seconds'", " ".join(text.lines[line : line + 1])
        ) from None
    if not (good and 0 <= count <= MAX_FRAMES):
        raise text.wrong(at, "'Frames: n', then 'Frame Time: seconds'", " ".join(frames))
    if not 0 < seconds < 1e6:
        raise text.wrong(at_time, "a time above 0", " ".join(time))
    if len(rest) - 2 != count:
        raise ValueError(f"{text.name}: must have {count} frames as it says, got {len(rest) - 2}")
    values = [text.numbers(number, words, channels, "a frame") for number, words in rest[2:]]
    return seconds, np.array(values, np.float64).reshape(count, channels)
