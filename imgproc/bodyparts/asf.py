"""Acclaim's formats: a skeleton (ASF), and its angles over time (AMC)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .motion import MAX_FRAMES, Motion, Text, check_joints, turned

_FRAME_TIME = 1.0 / 120.0
_INCH = 0.0254


@dataclass
class _Bone:
    name: str = ""
    direction: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    length: float = 0.0
    axis: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    axis_order: str = "XYZ"
    dof: list[str] = field(default_factory=list)


@dataclass
class Rig:
    """A skeleton: bones by name with their parents, parents first; the first is the root."""

    bones: list[_Bone]
    parents: list[int]
    metres_per_unit: float
    degrees: bool


def parse_asf(text: Text) -> Rig:
    bones = {"root": _Bone("root")}
    parent_of: dict[str, str] = {}
    unit, degrees, section, bone = 1.0, True, "", None
    for number, line in enumerate(text.lines):
        words = line.split("#")[0].split()
        if not words:
            continue
        head = words[0].lower()
        if head.startswith(":"):
            section, bone = head, None
        elif section == ":units":
            if head == "length":
                unit = text.numbers(number, words[1:], 1, "a length")[0]
                if unit <= 0:
                    raise text.wrong(number, "a length above 0", line.strip())
            elif head == "angle":
                degrees = words[1:] != ["rad"]
        elif section == ":root":
            root = bones["root"]
            if head == "order":
                root.dof = [word.lower() for word in words[1:]]
            elif head == "axis":
                root.axis_order = _order(text, number, words[1:])
            elif head == "orientation":
                root.axis = text.numbers(number, words[1:], 3, "an orientation")
        elif section == ":bonedata":
            if head == "begin":
                bone = _Bone()
            elif bone is None:
                raise text.wrong(number, "between begin and end", line.strip())
            elif head == "end":
                if not bone.name or bone.name in bones:
                    raise text.wrong(number, "the end of a bone with a new name", bone.name)
                bones[bone.name] = bone
                check_joints(text, len(bones))
                bone = None
            else:
                _property(text, number, words, bone)
        elif section == ":hierarchy" and head not in ("begin", "end"):
            for child in words[1:]:
                if child not in bones or words[0] not in bones or child in parent_of or child == "root":
                    raise text.wrong(number, "bones of the file, each below one parent", line.strip())
                parent_of[child] = words[0]
    return _ordered(text, bones, parent_of, Rig([], [], _INCH / unit, degrees))


def _property(text: Text, number: int, words: list[str], bone: _Bone) -> None:
    head, rest = words[0].lower(), words[1:]
    if head == "name":
        bone.name = " ".join(rest)
    elif head == "direction":
        bone.direction = text.numbers(number, rest, 3, "a direction")
    elif head == "length":
        bone.length = text.numbers(number, rest, 1, "a length")[0]
    elif head == "axis":
        bone.axis = text.numbers(number, rest[:3], 3, "an axis")
        bone.axis_order = _order(text, number, rest[3:] or ["XYZ"])
    elif head == "dof":
        bone.dof = [word.lower() for word in rest]
        if not set(bone.dof) <= {"rx", "ry", "rz"} or len(set(bone.dof)) != len(bone.dof):
            raise text.wrong(number, "dof with rx, ry, rz, each at most once", " ".join(words))


def _order(text: Text, number: int, words: list[str]) -> str:
    order = "".join(words).upper()
    if sorted(order) != ["X", "Y", "Z"]:
        raise text.wrong(number, "an order of X, Y and Z", " ".join(words))
    return order


def _ordered(text: Text, bones: dict[str, _Bone], parent_of: dict[str, str], rig: Rig) -> Rig:
    """Parents first; bones that hang on nothing are an error, and so is a ring."""
    children: dict[str, list[str]] = {}
    for child, above in parent_of.items():
        children.setdefault(above, []).append(child)
    waiting = [("root", -1)]
    while waiting:
        name, parent = waiting.pop(0)
        rig.bones.append(bones[name])
        rig.parents.append(parent)
        waiting += [(child, len(rig.bones) - 1) for child in children.get(name, [])]
    if len(rig.bones) != len(bones):
        lost = sorted(set(bones) - {bone.name for bone in rig.bones})
        raise ValueError(f"{text.name}: every bone must hang on the root, got {', '.join(lost)[:60]!r} apart")
    return rig


def parse_amc(text: Text, rig: Rig, metres_per_unit: float | None) -> Motion:
    place = {bone.name: number for number, bone in enumerate(rig.bones)}
    frames: list[list[list[float] | None]] = []
    for number, line in enumerate(text.lines):
        words = line.split("#")[0].split()
        if not words or words[0].startswith(":"):
            continue
        if len(words) == 1 and words[0].isdigit():
            if len(frames) >= MAX_FRAMES:
                raise ValueError(f"{text.name}: must have at most {MAX_FRAMES:,} frames")
            frames.append([None] * len(rig.bones))
        elif not frames or words[0] not in place:
            raise text.wrong(
                number, "a frame's number, or a bone of the skeleton with its angles", line.strip()
            )
        else:
            index = place[words[0]]
            angles_of = len(rig.bones[index].dof)
            frames[-1][index] = text.numbers(number, words[1:], angles_of, f"angles of {words[0]}")
    count = len(frames)
    positions = np.empty((count, len(rig.bones), 3))
    rotations = np.empty((count, len(rig.bones), 3, 3))
    for number, (bone, parent) in enumerate(zip(rig.bones, rig.parents, strict=True)):
        # A bone that a frame leaves out stays as the skeleton has it.
        still = [0.0] * len(bone.dof)
        values = np.array([frame[number] or still for frame in frames], np.float64).reshape(
            count, len(bone.dof)
        )
        angles = np.zeros((count, 3))
        moved = np.zeros((count, 3))
        for column, name in enumerate(bone.dof):
            if name in ("rx", "ry", "rz"):
                angles[:, "xyz".index(name[1])] = values[:, column]
            elif name in ("tx", "ty", "tz"):
                moved[:, "xyz".index(name[1])] = values[:, column]
        axis = np.array(bone.axis)
        if not rig.degrees:
            angles, axis = np.rad2deg(angles), np.rad2deg(axis)
        # The last axis named is applied last.
        order = [("xyz".index(letter.lower()), letter) for letter in reversed(bone.axis_order)]
        letters, columns = "".join(letter for _, letter in order), [column for column, _ in order]
        own = turned(axis[columns], letters)
        turn = own @ turned(angles[:, [2, 1, 0]], "ZYX") @ np.swapaxes(own, -1, -2)
        if parent < 0:
            positions[:, number], rotations[:, number] = moved, turn
        else:
            rotations[:, number] = rotations[:, parent] @ turn
            reach = np.array(bone.direction) * bone.length
            positions[:, number] = positions[:, parent] + rotations[:, number] @ reach
    scale = rig.metres_per_unit if metres_per_unit is None else metres_per_unit
    return Motion(
        tuple(bone.name for bone in rig.bones),
        np.array(rig.parents, np.int32),
        positions * scale,
        _FRAME_TIME,
    )
