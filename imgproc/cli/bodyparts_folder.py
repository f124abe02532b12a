"""A folder of labelled depth images: OUT/depth and OUT/labels with the same names, and OUT/scenes.json."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, overload

import numpy as np
import typer

from .._core.files import write_file
from .._core.images import Array
from ..bodyparts import BACKGROUND, JOINTS, PARTS, Camera, Rendering
from ..io import ImageError, Picture, read_image, write_image
from ..io.folders import PlanError, cause

FORMAT, VERSION = "imgproc bodies", 1
DEPTH, LABELS, SCENES = "depth", "labels", "scenes.json"
NO_PART = 255

Labelled = Annotated[
    str,
    typer.Argument(metavar="FOLDER", help="As 'imgproc bodyparts render' writes it.", show_default=False),
]


def millimetres(depth: Array) -> Array:
    """Depth in metres as files keep it: 0 where there is no body."""
    return np.where(depth < BACKGROUND, np.rint(depth * 1000), 0).astype(np.uint16)


def write_scene(folder: Path, name: str, scene: Rendering) -> None:
    """The depth and label images of one scene."""
    labels = np.where(scene.labels < 0, NO_PART, scene.labels).astype(np.uint8)
    write_image(folder / DEPTH / name, Picture(millimetres(scene.depth)), overwrite=True)
    write_image(folder / LABELS / name, Picture(labels), overwrite=True)


def write_scenes(folder: Path, camera: Camera, joints: dict[str, Array]) -> None:
    """What the images do not hold: the camera, the names of parts, where the joints are."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "camera": {"shape": list(camera.shape), "focal": camera.focal, "center": list(camera.axis)},
        "parts": list(PARTS),
        "joints": list(JOINTS),
        "scenes": {name: np.round(points, 5).tolist() for name, points in joints.items()},
    }
    write_file(folder / SCENES, json.dumps(content).encode(), overwrite=True)


class LabelledFolder:
    """The images of a folder, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            names = sorted(entry.name for entry in os.scandir(folder / DEPTH) if entry.name.endswith(".png"))
            there = {entry.name for entry in os.scandir(folder / LABELS)}
        except OSError as error:
            must = f"needs the folders {DEPTH} and {LABELS}"
            raise PlanError(
                f"{str(folder)!r} {must}, as 'imgproc bodyparts render' writes them: {cause(error)}"
            ) from None
        self.names = [name for name in names if name in there]
        if not self.names:
            raise PlanError(f"{str(folder)!r} has no depth image with a label image of the same name")
        self.without = len(names) - len(self.names)
        self.camera, self.joints = _scenes(folder)

    @property
    def depths(self) -> Sequence[Array]:
        return _Files([self.folder / DEPTH / name for name in self.names], read_depth)

    @property
    def labels(self) -> Sequence[Array]:
        return _Files([self.folder / LABELS / name for name in self.names], read_labels)


def read_depth(path: Path) -> Array:
    """(H, W) uint16 of a depth image."""
    pixels = read_image(path).pixels
    if pixels.dtype != np.uint16 or pixels.ndim != 2:
        raise ValueError(
            f"{path}: must be a gray image of 16 bits (millimetres), got {pixels.dtype} of {pixels.shape}"
        )
    return pixels


def read_labels(path: Path) -> Array:
    """(H, W) int32 of a label image, -1 where there is no part."""
    pixels = read_image(path).pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise ValueError(
            f"{path}: must be a gray image of 8 bits (parts), got {pixels.dtype} of {pixels.shape}"
        )
    return np.where(pixels == NO_PART, -1, pixels.astype(np.int32))


class _Files(Sequence[Array]):
    def __init__(self, paths: list[Path], read: Any) -> None:
        self.paths, self.read = paths, read

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self.read(path) for path in self.paths[index]]
        try:
            image: Array = self.read(self.paths[index])
        except ImageError as error:
            raise ValueError(f"{self.paths[index]}: {error.cause}") from None
        return image


def _scenes(folder: Path) -> tuple[Camera | None, dict[str, Array]]:
    """The camera, and the joints by name of image; nothing where the file is not there."""
    path = folder / SCENES
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None, {}
    except (OSError, ValueError) as error:
        raise PlanError(f"{str(path)!r} cannot be read: {error}") from None
    try:
        if content["format"] != FORMAT or content["version"] != VERSION or content["joints"] != list(JOINTS):
            raise ValueError("other format, version or joints")
        view = content["camera"]
        camera = Camera(tuple(view["shape"]), view["focal"], tuple(view["center"]))
        joints = {str(name): np.array(points, np.float64) for name, points in content["scenes"].items()}
        if not all(points.shape == (len(JOINTS), 3) for points in joints.values()):
            raise ValueError("joints of another number")
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(f"{str(path)!r} is no file of {FORMAT}, version {VERSION}: {error}") from None
    return camera, joints
