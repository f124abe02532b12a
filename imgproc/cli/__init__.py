"""The command line: ``imgproc VERB``. One file per verb; what the verbs need beyond NumPy is the extra ``[cli]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_EXTRA = {"cv2", "jinja2", "rich", "typer"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb and exit: 0 all done, 1 some failed, 2 wrong usage, 130 interrupted."""
    try:
        from .app import start
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        print(
            f'imgproc: the command line needs {error.name}; pip install "imgproc-toolkit[cli]"',
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    start(list(sys.argv[1:] if arguments is None else arguments))
