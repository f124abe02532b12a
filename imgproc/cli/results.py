"""The detections of a batch in files: what is done is there even where the run is killed later."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from time import perf_counter
from typing import Any

from ..detections import Detections, DetectionSet, read_detections, write_detections
from ..detections.files import SUFFIXES, check_image_names
from ..detections.folders import file_names
from ..detections.yolo import CLASSES
from ..io.folders import Pair, PlanError, cause, refuse_meeting

FORMATS = ("jsonl", "json", "csv", "coco", "yolo", "voc")
"""As ``--format`` takes them; "json" is COCO's, as the suffix is for `write_detections`."""

FILES = {"jsonl": "detections.jsonl", "csv": "detections.csv", "coco": "detections.json"}
"""Formats of one file for all images; the others have a folder with a file for each."""

PARTS = {"yolo": ".txt", "voc": ".xml"}
LABELS = "labels"

_SECONDS = 30.0
"""Between two times of writing, of which each writes a file of all images anew."""


class ResultFiles:
    """Where detections are written, and what of them is there already.

    Parameters
    ----------
    out : path
        Folder of all results.
    format : str
        One of FORMATS.
    class_names : mapping from int to str
        What the objects of each label are called; a label without a name goes by its number.
    params : mapping
        How they are found.
    """

    def __init__(
        self, out: Path, format: str, class_names: Mapping[int, str], params: Mapping[str, Any]
    ) -> None:
        if format not in FORMATS:
            raise PlanError(f"--format must be one of {', '.join(FORMATS)}, got {format!r}")
        self.kind = SUFFIXES[".json"] if format == "json" else format
        self.path = out / FILES.get(self.kind, LABELS)
        self.class_names = dict(class_names)
        self.params = dict(params)
        self._done: dict[str, Detections] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._order: list[str] = []
        self._new = False
        self._saved = perf_counter()

    def check(self, names: Sequence[PurePath], sources: Sequence[Path]) -> None:
        """Raise where the format cannot hold images of such names, or two in different files."""
        if self.kind in PARTS:
            targets = [self.path / name.with_suffix(PARTS[self.kind]) for name in names]
            refuse_meeting(map(Pair, sources, targets))
        try:
            check_image_names([name.as_posix() for name in names], self.kind)
        except ValueError as error:
            raise PlanError(
                f"{self.kind}: {str(error).partition(': ')[2]}; choose another --format"
            ) from None

    def existing(self, names: Sequence[PurePath]) -> list[Path]:
        """Files that are there already and would be written."""
        paths = [self.path]
        if self.kind in PARTS:
            each = file_names("detect", [name.as_posix() for name in names], PARTS[self.kind])
            paths = [self.path / name for name in each]
            if self.path.exists() and not self.path.is_dir():
                raise PlanError(f"{str(self.path)!r} is a file; the detections need a folder there")
        elif self.path.is_dir():
            raise PlanError(f"{str(self.path)!r} is a folder; the detections need a file there")
        return [path for path in paths if os.path.lexists(path)]

    def take_over(self, names: Sequence[PurePath]) -> dict[str, Detections | None]:
        """What an earlier run has found in which images; None where the file need not be read.

        Raises PlanError where that run looked for something else, so that the two do not belong together.
        """
        there = self.existing(names)
        if self.kind in PARTS:
            self._check_classes()
            paths = set(there)
            suffix = PARTS[self.kind]
            return {name.as_posix(): None for name in names if self.path / name.with_suffix(suffix) in paths}
        if not there:
            return {}
        try:
            before = read_detections(self.path, format=self.kind)
        except OSError as error:
            raise PlanError(f"{str(self.path)!r} cannot be read: {cause(error)}") from None
        except ValueError as error:
            raise PlanError(f"{str(error).partition(': ')[2]}; say --overwrite to replace it") from None
        self._check_same(before)
        for position, name in enumerate(before.image_names):
            height, width = before.image_sizes[position].tolist()
            self._keep(name, before.detections(name), (height, width))
        return dict(self._done)

    def order(self, names: Sequence[PurePath]) -> None:
        """The order that images have in the file, whenever they are done; others that it holds come first."""
        wanted = [name.as_posix() for name in names]
        self._order = [*(name for name in self._done if name not in set(wanted)), *wanted]

    def add(self, name: str, found: Detections, size: tuple[int, int]) -> None:
        """Take what was found in one image, and write it now or later."""
        self._keep(name, found, size)
        self._new = True
        if perf_counter() - self._saved > _SECONDS:
            self.save()

    def save(self) -> None:
        """Write what is new; every file is whole or as it was."""
        if not self._new:
            return
        images = {name: self._done[name] for name in self._order if name in self._done}
        found = DetectionSet.of(
            images, image_sizes=self._sizes, class_names=self.class_names, params=self.params
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_detections(self.path, found, format=self.kind, overwrite=True)
        if self.kind in PARTS:
            self._done.clear()
        self._new = False
        self._saved = perf_counter()

    def _keep(self, name: str, found: Detections, size: tuple[int, int]) -> None:
        self._done[name] = found
        self._sizes[name] = size

    def _check_same(self, before: DetectionSet) -> None:
        hint = "say --overwrite to replace it, or name another folder"
        names = before.class_names or self.class_names
        if names != self.class_names or (before.scores is None and len(before.boxes)):
            raise PlanError(f"{str(self.path)!r} holds other detections than of {self._classes}; {hint}")
        for key, value in before.params.items() if before.params else ():
            if key not in self.params or self.params[key] != value:
                now = f", now {self.params[key]!r}" if key in self.params else ""
                raise PlanError(f"{str(self.path)!r} was made with {key} {value!r}{now}; {hint}")

    @property
    def _classes(self) -> str:
        """The first names, for a sentence."""
        names = list(self.class_names.values())
        return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "") or "classes without names"

    def _check_classes(self) -> None:
        path = self.path / CLASSES
        if self.kind == "yolo" and path.is_file():
            text = path.read_text("utf-8", "replace")
            # After those with a name come numbers, of classes that had none.
            if text.split("\n")[:-1][: len(self.class_names)] != list(self.class_names.values()):
                raise PlanError(
                    f"{str(path)!r} names other classes than {self._classes}; "
                    "say --overwrite to replace it, or name another folder"
                )
