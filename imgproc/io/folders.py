"""Folders of images: what the arguments name, where each result goes, and why a plan is refused.

Nothing here opens an image. Order is deterministic: arguments as given, names inside a folder sorted.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path, PurePath

from .formats import FORMATS, suffix_format

_MAGIC = re.compile(r"[*?\[]")


class PlanError(ValueError):
    """The arguments cannot be carried out; the sentence says what to do."""


@dataclass(frozen=True)
class Source:
    """An input file, and where it stands below the argument that named it."""

    path: Path
    relative: PurePath


@dataclass(frozen=True)
class Pair:
    """An input file and the file that its result is written to."""

    source: Path
    target: Path


@dataclass
class Found:
    """Everything that the arguments name."""

    sources: list[Source] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    """Folders that a second run would read again, outputs included."""
    ignored: int = 0
    """Files in folders that are not images by their suffix."""
    only_file: bool = False
    """The arguments are a single file, so that the output may be a single file too."""


def is_image_name(name: str) -> bool:
    return suffix_format(name) is not None


def is_pattern(text: str) -> bool:
    return _MAGIC.search(text) is not None


def find_images(arguments: Sequence[str], *, recursive: bool = False) -> Found:
    """Input files of the arguments: files, folders and glob patterns (``*``, ``?``, ``[...]``, ``**``).

    Folders give the files with an image's suffix, in any letter case, their subfolders' too where
    ``recursive``; patterns likewise. A file that is named is taken whatever it is called. Hidden names
    and, so that no loop is possible, symbolic links to folders are only followed where they are named.
    A file named twice counts where it was named first.
    """
    found = Found()
    seen: set[str] = set()
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            found.folders.append(path)
            below: Iterable[Source] = (
                Source(file, file.relative_to(path)) for file in _images(path, recursive, found)
            )
        elif os.path.lexists(path):
            below = [Source(path, PurePath(path.name))]
        elif is_pattern(argument):
            below = _matches(argument, found)
        else:
            raise PlanError(
                f"there is no file or folder {argument!r}; check the path, or quote a pattern such as '*.jpg'"
            )
        before = len(seen)
        for source in below:
            key = os.path.abspath(source.path)
            if key not in seen:
                seen.add(key)
                found.sources.append(source)
        if len(seen) == before and is_pattern(argument) and not os.path.lexists(path):
            raise PlanError(f"no image matches {argument!r}; check the pattern, ** reaches into subfolders")
    found.only_file = (
        len(arguments) == 1
        and len(found.sources) == 1
        and not found.folders
        and os.path.lexists(arguments[0])
    )
    if not found.sources and not found.unreadable:
        hint = "" if recursive else "; -r reaches into subfolders"
        raise PlanError(f"no image found in {', '.join(arguments)}{hint}")
    return found


def plan(
    found: Found,
    out: Path | None,
    *,
    suffix: str = "",
    extension: str | None = None,
    folder: bool = False,
) -> list[Pair]:
    """Where each result goes: below ``out`` as the input stands below its argument, or over the input itself.

    ``out`` is a file's name where it reads as one and the input is a single file, unless ``folder``.
    ``suffix`` is appended to each stem, ``extension`` (``".png"``) replaces the input's. ``out`` is None
    for results in the place of the inputs; the file a symbolic link points to is then replaced, not the link.
    """
    if out is None:
        pairs = [Pair(source.path, Path(os.path.realpath(source.path))) for source in found.sources]
        refuse_meeting(pairs)
        return pairs
    single = found.only_file and not folder and not out.is_dir()
    if single and out.suffix and not is_image_name(out.name):
        known = ", ".join(suffixes for form in FORMATS.values() for suffixes in form.suffixes)
        raise PlanError(
            f"the suffix {out.suffix!r} of the output {str(out)!r} belongs to no format that is written "
            f"({known}); for a folder of that name write {str(out) + '/'!r}"
        )
    if single and is_image_name(out.name):
        if suffix or extension is not None:
            raise PlanError(
                f"the output {str(out)!r} is a file name already; leave out --suffix and --format"
            )
        pairs = [Pair(found.sources[0].path, out)]
    else:
        _refuse_file(out)
        _refuse_nesting(found.folders, out)
        pairs = [
            Pair(source.path, out / _renamed(source.relative, suffix, extension)) for source in found.sources
        ]
    refuse_meeting(pairs)
    _refuse_overwriting(pairs)
    return pairs


def plan_names(found: Found, out: Path) -> list[PurePath]:
    """What each input is called in results that are kept together below ``out``: its path below its argument."""
    _refuse_file(out)
    _refuse_nesting(found.folders, out, "")
    refuse_meeting([Pair(source.path, Path(source.relative)) for source in found.sources], "called")
    return [source.relative for source in found.sources]


def refuse_results(found: Found, folders: Iterable[Path]) -> None:
    """Raise where an input stands in a folder that results go to, and could be overwritten by one."""
    roots = [Path(os.path.realpath(folder)) for folder in folders if folder.exists()]
    for source in found.sources if roots else []:
        path = Path(os.path.realpath(source.path))
        if any(path.is_relative_to(root) for root in roots):
            raise PlanError(f"the input {str(source.path)!r} lies where the results go; name another folder")


def existing(pairs: Iterable[Pair]) -> list[Pair]:
    """Those whose output is there already."""
    return [pair for pair in pairs if os.path.lexists(pair.target)]


def cause(error: OSError) -> str:
    """What the system says, without number and path."""
    if error.errno == errno.ELOOP:
        return "the symbolic link leads back to itself"
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def _entries(folder: Path, found: Found) -> list[os.DirEntry[str]]:
    """A folder's visible entries by name; one that cannot be listed is noted and empty."""
    try:
        with os.scandir(folder) as listing:
            return sorted(
                (entry for entry in listing if not entry.name.startswith(".")), key=lambda entry: entry.name
            )
    except OSError as error:
        note = (folder, cause(error))
        if note not in found.unreadable:
            found.unreadable.append(note)
        return []


def _is_folder(entry: os.DirEntry[str], *, follow_symlinks: bool = False) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:
        return False


def _subfolders(folder: Path, found: Found) -> Iterator[Path]:
    """The folder and all below it, each before its own; by a stack, as folders nest deeper than calls may."""
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        yield folder
        waiting += [folder / entry.name for entry in reversed(_entries(folder, found)) if _is_folder(entry)]


def _images(folder: Path, recursive: bool, found: Found) -> Iterator[Path]:
    for below in _subfolders(folder, found) if recursive else [folder]:
        for entry in _entries(below, found):
            if _is_folder(entry, follow_symlinks=True):
                continue
            if is_image_name(entry.name):
                yield below / entry.name
            else:
                found.ignored += 1


def _matches(pattern: str, found: Found) -> Iterator[Source]:
    """Images that a pattern names, relative to its part before the first special character.

    Not ``glob``: that follows links to folders below ``**``, which takes exponential time around loops.
    """
    parts = PurePath(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if is_pattern(part))
    root = Path(*parts[:fixed])
    if "**" in parts:
        found.folders.append(root)
    files = dict.fromkeys(_expand(root, parts[fixed:], found))
    for path in sorted(files, key=lambda path: path.parts):
        if is_image_name(path.name):
            yield Source(path, path.relative_to(root))
        else:
            found.ignored += 1


def _expand(folder: Path, parts: Sequence[str], found: Found) -> Iterator[Path]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        for below in _subfolders(folder, found):
            yield from _expand(below, rest or ["*"], found)
        return
    names = re.compile(translate(_plain_suffix(head)))
    for entry in _entries(folder, found):
        if names.match(_plain_suffix(entry.name)) is None:
            continue
        is_folder = _is_folder(entry, follow_symlinks=True)
        if rest and is_folder:
            yield from _expand(folder / entry.name, rest, found)
        elif not rest and not is_folder:
            yield folder / entry.name


def _plain_suffix(name: str) -> str:
    """The name with its suffix in lower case, so that *.jpg matches A.JPG."""
    stem, suffix = os.path.splitext(name)
    return stem + suffix.lower()


def _renamed(relative: PurePath, suffix: str, extension: str | None) -> PurePath:
    return relative.with_name(relative.stem + suffix + (relative.suffix if extension is None else extension))


def _refuse_file(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise PlanError(f"the output {str(out)!r} is a file; name a folder for the results of these inputs")
    if not out.exists() and is_image_name(out.name):
        raise PlanError(
            f"the output {str(out)!r} reads as an image file; name a folder for the results of these inputs"
        )


def _refuse_nesting(
    folders: Iterable[Path], out: Path, hint: str = ", or say --in-place to replace the inputs"
) -> None:
    inner = Path(os.path.realpath(out))
    for folder in folders:
        outer = Path(os.path.realpath(folder))
        if inner == outer:
            raise PlanError(f"the output folder {str(out)!r} is the input folder; name another{hint}")
        if inner.is_relative_to(outer):
            raise PlanError(
                f"the output folder {str(out)!r} lies inside the input folder {str(folder)!r}, "
                "where the next run would read it; name one outside"
            )


def refuse_meeting(pairs: Iterable[Pair], verb: str = "written to") -> None:
    """Raise where two inputs have one result."""
    taken: dict[str, Path] = {}
    for pair in pairs:
        key = os.path.normcase(os.path.abspath(pair.target))
        if key in taken:
            raise PlanError(
                f"{str(taken[key])!r} and {str(pair.source)!r} would both be {verb} {str(pair.target)!r}; "
                "process them into separate folders, or their common parent folder with -r"
            )
        taken[key] = pair.source


def _refuse_overwriting(pairs: Sequence[Pair]) -> None:
    """Targets are compared with inputs as files, so that links and hard links are seen through."""
    inputs = {identity: pair.source for pair in pairs if (identity := _identity(pair.source)) is not None}
    for pair in pairs:
        identity = _identity(pair.target)
        if identity is not None and identity in inputs:
            raise PlanError(
                f"writing {str(pair.target)!r} would overwrite the input {str(inputs[identity])!r}; "
                "name another output, or say --in-place to replace the inputs"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
