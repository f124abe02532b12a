"""The command line: ``imgproc VERB``. One file per verb; what the verbs need beyond NumPy is the extra ``[cli]``."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

_EXTRA = {"cv2", "jinja2", "rich", "typer"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb and exit: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name that the terminal cannot show is no failure
    try:
        import imgproc

        from ..io.codecs import opencv

        opencv()
        imgproc.get_num_threads()
        from .app import start
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        print(
            f'imgproc: the command line needs {error.name}; pip install "imgproc-toolkit[cli]"',
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    except (
        ImportError,
        ValueError,
    ) as error:  # environment variables with wrong values, libraries that do not load
        print(f"imgproc: {str(error).removeprefix('imgproc: ')}", file=sys.stderr)
        raise SystemExit(2) from None
    start(list(sys.argv[1:] if arguments is None else arguments))
