"""``imgproc convert``: a cascade of any format that is read, in the newer format of OpenCV."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ..io.folders import PlanError, cause
from .cascades import open_cascade
from .text import counted, shown
from .verbs import refuse


def convert(
    old: Annotated[
        str, typer.Argument(metavar="OLD.xml", help="A cascade that is read.", show_default=False)
    ],
    new: Annotated[str, typer.Argument(metavar="NEW.xml", help="Where it is written.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace NEW.xml where it exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but failures.")] = False,
) -> None:
    """Write a cascade in OpenCV's newer format, which OpenCV 2.4 to 4 load.

    \b
    imgproc convert haarcascade_license_plate_rus_16stages.xml plates.xml

    Old files of opencv_haartraining become readable from memory in OpenCV, and scikit-image's face cascade, whose
    misspelt tag OpenCV refuses, readable at all. Detections stay the same.
    Exit status: 0 written, 2 wrong usage or files that cannot be read or written.
    """
    try:
        file = open_cascade(old)
        if os.path.exists(new) and os.path.samefile(old, new):
            raise PlanError(f"{new!r} is the file that is read; name another")
        file.cascade.save(new, overwrite=overwrite)
    except PlanError as error:
        refuse("convert", str(error))
    except FileExistsError:
        refuse("convert", f"{new!r} exists already; say --overwrite to replace it")
    except OSError as error:
        refuse("convert", f"{new!r} cannot be written: {cause(error)}")
    if not quiet:
        made = f"{file.cascade.features} cascade of {counted(file.cascade.stages, 'stage')}"
        print(f"{made}: {shown(old)} -> {shown(new)}", file=sys.stderr)
