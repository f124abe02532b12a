"""The kernels and their flags; all metadata is in pyproject.toml.

IMGPROC_BUILD chooses the flavour, each with its own build folder:
  release   (default) optimised, stripped, one abi3 module per kernel
  debug     Cython bounds checks and C asserts on
  sanitize  as debug, with AddressSanitizer and UndefinedBehaviorSanitizer
"""

import os
import re
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# Named, never globbed: a missing kernel must fail the build, not shrink the wheel.
KERNELS = (
    "anchors",
    "boosting",
    "box",
    "box_checks",
    "canny",
    "cascade",
    "clahe",
    "coco",
    "coco_files",
    "codes",
    "color",
    "components",
    "convolution",
    "cpu",
    "dense_heads",
    "distance",
    "entries",
    "felzenszwalb",
    "float_maps",
    "forest",
    "frames",
    "fusion",
    "gaussian",
    "gradients",
    "heatmaps",
    "histogram",
    "integral",
    "iou",
    "label_map",
    "label_pairs",
    "luma",
    "masks",
    "means",
    "median",
    "mirror",
    "morphology",
    "neighbors",
    "nms",
    "outlines",
    "panoptic",
    "paste",
    "photometric",
    "preprocess",
    "query_masks",
    "render",
    "resize",
    "rle",
    "roi",
    "rotated",
    "selective_search",
    "stereo",
    "stretch",
    "tables",
    "warp",
    "watershed",
)

# Of these a checked build would compile the same checks many times over, wherever a function is inlined: three times
# the seconds for tests that run no faster.
LARGE = ("box", "convolution", "gaussian", "morphology", "resize", "warp")


def sources(name: str) -> list[str]:
    """A file below ext/ and all that it includes, directly or not."""
    found = [name]
    for file in found:
        named = re.findall(r'"(simd/\w+\.h)"', Path("ext", file).read_text("utf-8"))
        found += [header for header in dict.fromkeys(named) if header not in found]
    return found


flavour = os.environ.get("IMGPROC_BUILD", "release")
if flavour not in ("release", "debug", "sanitize"):
    raise SystemExit(f"IMGPROC_BUILD must be release, debug or sanitize, got {flavour!r}")
checked = flavour != "release"
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))  # has no stable ABI
compile_args: list[str] = []
link_args: list[str] = []
macros: list[tuple[str, str | None]] = []

if os.name != "nt":
    # no-math-errno and no-trapping-math let sqrtf and rint vectorise; contraction is off so that every
    # instruction set rounds alike.
    compile_args = ["-std=c11", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
    compile_args += ["-O1", "-g1"] if checked else ["-O3", "-g0"]
    if flavour == "release" and sys.platform == "linux":
        link_args = ["-Wl,-s"]
if checked:
    macros.append(("IMGPROC_CHECKED", "1"))
    compile_args += [] if os.name == "nt" else ["-UNDEBUG"]
if flavour == "sanitize":
    sanitizers = [
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
        "-fno-omit-frame-pointer",
    ]
    compile_args += sanitizers
    link_args += sanitizers
if not free_threaded:
    macros.append(("Py_LIMITED_API", "0x030B0000"))

extensions = [
    Extension(
        f"imgproc._ext.{name}",
        [f"ext/{name}.pyx"],
        include_dirs=["ext"],
        # `depends` also carries these files into the sdist.
        depends=["ext/level.pxi", *(f"ext/{source}" for source in sources(f"{name}.pyx"))],
        define_macros=macros + ([("always_inline", "unused")] if checked and name in LARGE else []),
        extra_compile_args=compile_args,
        extra_link_args=link_args,
        py_limited_api=not free_threaded,
    )
    for name in KERNELS
]

if __name__ == "__main__":
    Path("build").mkdir(exist_ok=True)
    setup(
        ext_modules=cythonize(
            extensions,
            nthreads=os.cpu_count() or 1,
            # Changed directives do not make Cython translate again, so each flavour has its own folder.
            build_dir=f"build/cython-{flavour}",
            compiler_directives={
                "language_level": 3,
                "boundscheck": checked,
                "initializedcheck": checked,
                "wraparound": False,
                "cdivision": True,
                "embedsignature": True,
                "freethreading_compatible": True,
            },
        ),
        options={
            "build": {"build_base": f"build/{flavour}"},
            "build_ext": {"parallel": os.cpu_count()},
            "bdist_wheel": {} if free_threaded else {"py_limited_api": "cp311"},
        },
    )
