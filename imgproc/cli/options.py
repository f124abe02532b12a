"""Options that verbs over many images share."""

from __future__ import annotations

from typing import Annotated

import typer

INPUTS = (
    "files, folders, quoted patterns ('photos/**/*.jpg') or @LIST, a file with one of these a line "
    "(@- for standard input)."
)

Recursive = Annotated[bool, typer.Option("-r", "--recursive", help="Reach into subfolders.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave out what has its output.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
Quality = Annotated[int, typer.Option("--quality", min=1, max=100, help="Of JPEG and WebP outputs.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        min=1,
        help="Images worked on at a time; the processors by default.",
        show_default=False,
    ),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")]
Json = Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")]
Report = Annotated[
    str | None,
    typer.Option(
        "--report",
        metavar="[FILE.html]",
        help="Write a page with all results; report.html in OUT.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but failures.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what becomes of each image.")]
