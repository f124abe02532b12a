"""``imgproc neural``: networks on files and folders of images."""

from __future__ import annotations

import typer

from .neural_classify import classify
from .neural_depth import depth
from .neural_detect import detect
from .neural_segment import segment

app = typer.Typer(
    help="Objects, labels, depth and classes of images, by a network of your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (detect, segment, depth, classify):
    app.command()(verb)
