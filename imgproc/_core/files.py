"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets


def check_free(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise FileExistsError where a file would be replaced and may not be."""
    if not overwrite and os.path.lexists(os.path.realpath(path)):
        raise FileExistsError(f"{os.fspath(path)}: the file exists; pass overwrite=True to replace it")


def write_file(path: str | os.PathLike[str], *content: bytes | memoryview, overwrite: bool = False) -> None:
    """Give a file its content in one step.

    Parameters
    ----------
    path : path
        The file. Its folder must exist. A symbolic link is followed.
    *content : bytes
        All of it, in one piece or several.
    overwrite : bool, default False
        Whether an existing file may be replaced; its permissions are kept.

    Raises
    ------
    FileExistsError
        The file exists and ``overwrite`` is false, also where another process made it meanwhile.
    OSError
        The file cannot be written.

    Notes
    -----
    The bytes go to a hidden file ``.imgproc-XXXXXXXX.part`` in the same folder, which then takes
    the file's name. A process killed in between leaves such a file behind, which is safe to delete. The data
    are not forced to the disk: after a power failure, unlike after a kill, what the file holds is up to the
    file system.
    """
    target = os.path.realpath(path)
    part = os.path.join(os.path.dirname(target), f".imgproc-{secrets.token_hex(4)}.part")
    try:
        try:
            with open(part, "xb") as file:
                file.writelines(content)
        except OSError as error:
            error.filename = os.fspath(path)  # what the caller named
            raise
        if overwrite:
            with contextlib.suppress(FileNotFoundError):
                os.chmod(part, os.stat(target).st_mode & 0o7777)
            os.replace(part, target)
            return
        try:
            os.link(part, target)  # unlike a rename it never replaces a file that appeared meanwhile
        except FileExistsError:
            check_free(path, overwrite=False)
            raise
        except OSError:  # a file system without hard links
            check_free(path, overwrite=False)
            os.replace(part, target)
    finally:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(part)
