"""``imgproc bodyparts``: bodies rendered, forests trained, parts and joints found and judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .. import bodyparts as bodies
from .._core.files import check_free
from .._core.images import Array
from ..io.folders import PlanError, cause
from .bodyparts_demo import demo
from .bodyparts_evaluate import evaluate
from .bodyparts_folder import DEPTH, LABELS, SCENES, Labelled, LabelledFolder, write_scene, write_scenes
from .bodyparts_predict import predict
from .bodyparts_training import ForestMonitor
from .options import Quiet
from .progress import loudness
from .runs import make_folder
from .text import counted, in_time, shown
from .verbs import refuse

app = typer.Typer(
    help="Body parts and joints from depth images.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Motions = Annotated[
    list[str] | None,
    typer.Option(
        "--motion",
        metavar="FILE",
        help="Poses from a BVH or AMC file; may be repeated. By default poses are drawn within the limits of joints.",
        show_default=False,
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="The same seed gives the same results.")
]


@app.command()
def render(
    out: Annotated[str, typer.Option("-o", "--out", help="Folder for the images.", show_default=False)],
    count: Annotated[int, typer.Option("--count", min=1, max=10_000_000, help="How many scenes.")] = 100,
    motion: Motions = None,
    size: Annotated[str, typer.Option("--size", metavar="WIDTHxHEIGHT", help="Of the images.")] = "320x240",
    noise: Annotated[float, typer.Option("--noise", min=0, max=10, help="Of the sensor; 0 for none.")] = 1.0,
    turn: Annotated[
        float, typer.Option("--turn", min=0, max=180, help="Degrees that bodies turn away, to either side.")
    ] = 120.0,
    seed: Seed = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write into a folder that has images.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Render labelled depth images of bodies of random shapes, to train and to judge with.

    \b
    imgproc bodyparts render -o train/ --count 1000 --motion walk.bvh --motion dance.bvh
    imgproc bodyparts render -o test/ --count 100 --seed 1

    OUT/depth has 16-bit PNGs in millimetres, 0 off the body; OUT/labels the parts, 255 off the body; OUT/scenes.json
    the camera and the joints. The camera is the first Kinect's, at any size.
    Exit status: 0 all done, 2 wrong usage or files that cannot be read or written.
    """
    try:
        camera = kinect(size)
        poses = motion_poses(motion, count, seed)
        folder = Path(out)
        if (folder / DEPTH).exists() and any((folder / DEPTH).iterdir()) and not overwrite:
            raise PlanError(
                f"{str(folder / DEPTH)!r} has images already; name another folder, or say --overwrite"
            )
        scenes = bodies.Scenes(poses, count, camera=camera, seed=seed, turn=turn, noise=noise)
        make_folder(folder / DEPTH)
        make_folder(folder / LABELS)
        joints: dict[str, Array] = {}
        with ForestMonitor(loudness(quiet, False)) as monitor:
            for number in range(count):
                name = f"{number:06}.png"
                scene = scenes[number]
                write_scene(folder, name, scene)
                joints[name] = scene.joints
                monitor.count("rendering", number + 1, count)
        write_scenes(folder, camera, joints)
    except (PlanError, ValueError) as error:
        refuse("bodyparts render", str(error))
    except OSError as error:
        refuse("bodyparts render", f"{error.filename}: {cause(error)}")
    if not quiet:
        print(f"{counted(count, 'scene')} in {shown(out)}: {DEPTH}, {LABELS}, {SCENES}", file=sys.stderr)


@app.command()
def train(
    data: Labelled,
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="MODEL", help="Where the forest goes.", show_default=False)
    ],
    trees: Annotated[int, typer.Option("--trees", min=1, max=1000)] = 3,
    depth: Annotated[int, typer.Option("--depth", min=0, max=40, help="Splits on the way to a leaf.")] = 20,
    features: Annotated[
        int, typer.Option("--features", min=1, max=1_000_000, help="Tried by each node.")
    ] = 2000,
    thresholds: Annotated[
        int, typer.Option("--thresholds", min=1, max=250, help="Tried for each feature.")
    ] = 50,
    pixels: Annotated[
        int, typer.Option("--pixels", min=1, help="Of an image that a tree sees, at most.")
    ] = 2000,
    max_offset: Annotated[
        float | None,
        typer.Option(
            "--max-offset",
            help="Reach of probes in pixels times metres; 0.45 m by default.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            metavar="FOLDER",
            help="Keep the state there, and go on from it.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace MODEL where it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a forest on labelled depth images.

    \b
    imgproc bodyparts train train/ -o body.forest --checkpoint state/

    A run that was killed goes on from its checkpoint when the same command is given again.
    Exit status: 0 trained, 2 wrong usage or files that cannot be read or written.
    """
    try:
        check_free(out, overwrite=overwrite)
        images = LabelledFolder(Path(data))
        focal = images.camera.focal if images.camera else bodies.Camera().focal
        forest = bodies.DepthForest(
            trees,
            depth,
            features,
            thresholds,
            pixels,
            max_offset=0.45 * focal if max_offset is None else max_offset,
            seed=seed,
            checkpoint=checkpoint,
        )
        with ForestMonitor(loudness(quiet, False)) as monitor:
            forest.fit(images.depths, images.labels, n_parts=len(bodies.PARTS), progress=monitor.show)
        forest.save(out, overwrite=overwrite)
    except FileExistsError:
        refuse("bodyparts train", f"{out!r} exists already; say --overwrite to replace it")
    except (PlanError, ValueError) as error:
        refuse("bodyparts train", str(error))
    except OSError as error:
        refuse("bodyparts train", f"{error.filename}: {cause(error)}")
    if not quiet:
        note = f", {counted(images.without, 'image')} without labels left out" if images.without else ""
        took = in_time(monitor.seconds)
        print(
            f"{forest} from {counted(len(images.names), 'image')}{note} in {took} -> {shown(out)}",
            file=sys.stderr,
        )


app.command()(predict)
app.command()(evaluate)
app.command()(demo)


def kinect(size: str) -> bodies.Camera:
    """The first Kinect's camera at a size, "WIDTHxHEIGHT"."""
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise PlanError(f"--size must be WIDTHxHEIGHT in pixels, got {size!r}")
    return bodies.Camera((int(height), int(width)), bodies.Camera().focal * int(width) / 320)


def motion_poses(files: list[str] | None, count: int, seed: int) -> Array:
    """Poses of motions that differ by at least 5 cm, shuffled; or drawn ones."""
    if not files:
        return bodies.sample_poses(count, seed=seed)
    poses = np.concatenate([bodies.motion_poses(bodies.read_motion(file)) for file in files])
    poses = poses[bodies.distinct_poses(np.stack([bodies.Body().joints(pose) for pose in poses]))]
    return np.asarray(np.random.default_rng(seed).permutation(poses))
