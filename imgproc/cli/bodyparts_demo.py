"""``imgproc bodyparts demo``: the whole way on bodies that it renders, in a minute."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

import imgproc

from .. import bodyparts as bodies
from ..io.folders import cause
from .batch import interruptible, run_jobs
from .bodyparts_folder import LabelledFolder, write_scene, write_scenes
from .bodyparts_predict import PARTS, PICTURES, BodyJob, Seeking, process
from .bodyparts_training import ForestMonitor
from .demo import claim
from .options import Quiet
from .progress import QUIET, Monitor, loudness
from .report.bodyparts import BodyRun, write_bodyparts_page
from .text import counted, in_time, shown

_SCENES, _TESTS = 300, 12


def demo(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder to fill; a new one, or an earlier demo's.")
    ] = Path("imgproc-bodyparts-demo"),
    quiet: Quiet = False,
) -> None:
    """Render bodies, train a small forest on them, find parts and joints of others, write a page that shows them."""
    volume = loudness(quiet, False)
    start = perf_counter()
    try:
        claim(out)
        camera = bodies.Camera((120, 160), bodies.Camera().focal / 2)
        scenes = bodies.Scenes(bodies.sample_poses(_SCENES, seed=1), camera=camera, seed=1, turn=60)
        tests = bodies.Scenes(bodies.sample_poses(_TESTS, seed=2), camera=camera, seed=2, turn=60)
        folder = out / "scenes"
        for part in ("depth", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        joints = {}
        for number, scene in enumerate(tests):
            name = f"{number:02}.png"
            write_scene(folder, name, scene)
            joints[name] = scene.joints
        write_scenes(folder, camera, joints)
        forest = bodies.DepthForest(2, 16, 150, 30, 800, max_offset=0.45 * camera.focal)
        with ForestMonitor(volume) as monitor:
            forest.fit(scenes.depths, scenes.labels, n_parts=len(bodies.PARTS), progress=monitor.show)
        forest.save(out / "demo.forest", overwrite=True)
        images = LabelledFolder(folder)
    except OSError as error:
        print(f"imgproc bodyparts demo: {shown(out)} cannot be filled: {cause(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    seeking = Seeking(forest, None, 0.4, 8.0, None, True)
    jobs = [
        BodyJob(
            folder / "depth" / name, out / PICTURES / name, name=name, parts=out / PARTS / name, preview=480
        )
        for name in images.names
    ]
    workers = min(imgproc.get_num_threads(), len(jobs))
    outcomes = []
    with interruptible() as stop, Monitor(len(jobs), volume) as progress:
        for outcome in run_jobs(
            jobs, partial(process, seeking=seeking), workers=workers, fail_fast=False, stop=stop
        ):
            outcomes.append(outcome)
            progress.show(outcome)
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)
    seconds = perf_counter() - start
    page = out / "report.html"
    facts = BodyRun(f"imgproc bodyparts demo -o {out}", seconds, workers, model="demo.forest")
    write_bodyparts_page(page, outcomes, facts)
    right = [
        np.mean(forest.predict(scene.depth)[scene.labels >= 0] == scene.labels[scene.labels >= 0])
        for scene in tests
    ]
    if volume > QUIET:
        print(
            f"a forest from {counted(_SCENES, 'scene')} tells {np.mean(right):.0%} of the pixels of "
            f"{counted(_TESTS, 'other')}, in {in_time(seconds)}: {shown(out / PICTURES)}"
        )
    print(f"Report: {shown(page.resolve())}")
    raise typer.Exit(0 if all(outcome.status == "done" for outcome in outcomes) else 1)
