"""What formats of one file for each image share: which file belongs to which image, and writing them all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from .._core.errors import Got, wrong_value
from .._core.files import check_free, write_file
from .fields import Place


def files_below(function: str, folder: str, suffix: str) -> list[tuple[str, str]]:
    """Files with a suffix below a folder as (path, path from the folder with ``/``), sorted.

    What is hidden, and links to folders, are passed over.
    """
    if not os.path.isdir(folder):
        os.stat(folder)  # says in its own words that there is nothing
        raise Place(function, folder).wrong("", "a folder", Got("a file"))
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(suffix) and not name.startswith("."):
                path = Path(root, name)
                found.append((str(path), path.relative_to(folder).as_posix()))
    return sorted(found, key=lambda pair: pair[1])


def file_names(function: str, image_names: Sequence[str], suffix: str) -> list[str]:
    """The file of each image, ``a/b.jpg`` in ``a/b.txt``; no two images in one, none outside of the folder."""
    names: list[str] = []
    owners: dict[str, str] = {}
    for image in image_names:
        path = PurePosixPath(image)
        hidden = any(part.startswith(".") for part in path.parts)  # and so is ".."; reading passes over such
        if path.is_absolute() or hidden or "\0" in image or not path.name:
            raise wrong_value(function, "image names", "below one folder, and not hidden", image)
        name = str(path.with_suffix(suffix))
        if name in owners:
            must = f"different but for their suffix, as both belong in {name}"
            raise wrong_value(function, "image names", must, Got(f"{owners[name]!r} and {image!r}"))
        owners[name] = image
        names.append(name)
    return names


def write_all(folder: str, contents: Mapping[str, bytes], *, overwrite: bool) -> None:
    """Every file whole or not at all; refused before the first one where one exists and may not be replaced."""
    paths = {os.path.join(folder, name): content for name, content in contents.items()}
    for path in paths:
        check_free(path, overwrite=overwrite)
    os.makedirs(folder, exist_ok=True)
    for path, content in paths.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, content, overwrite=overwrite)


def by_stem(image_names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name without suffix, name) of each image."""
    for name in image_names:
        yield str(PurePosixPath(name).with_suffix("")), name
