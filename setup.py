"""The kernels and their flags; all metadata is in pyproject.toml.

IMGPROC_BUILD chooses the flavour, each with its own build folder:
  release   (default) optimised, stripped, one abi3 module per kernel
  debug     Cython bounds checks and C asserts on
  sanitize  as debug, with AddressSanitizer and UndefinedBehaviorSanitizer
"""

import os
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# Named, never globbed: a missing source must fail the build, not shrink the wheel.
KERNELS = (
    "box",
    "canny",
    "clahe",
    "codes",
    "color",
    "convolution",
    "cpu",
    "float_maps",
    "frames",
    "gaussian",
    "gradients",
    "histogram",
    "integral",
    "luma",
    "means",
    "median",
    "morphology",
    "neighbors",
    "resize",
    "tables",
    "warp",
)
HEADERS = (
    "alpha.h",
    "borders.h",
    "box.h",
    "box_columns.h",
    "box_eight.h",
    "box_running.h",
    "box_sliding.h",
    "box_small.h",
    "box_wide.h",
    "box_wide_columns.h",
    "box_wide_rows.h",
    "canny.h",
    "canny_edges.h",
    "canny_rows.h",
    "canny_suppress.h",
    "channels.h",
    "clahe.h",
    "clahe_tables.h",
    "codes.h",
    "common.h",
    "correlate.h",
    "correlate_bands.h",
    "correlate_rows.h",
    "correlate_vectors.h",
    "cpuid.h",
    "float_maps.h",
    "float_means.h",
    "frames.h",
    "gaussian.h",
    "gaussian_f32.h",
    "gaussian_u8.h",
    "gradient_polar.h",
    "gradient_rows.h",
    "gradients.h",
    "gray.h",
    "histogram.h",
    "histogram_float.h",
    "histogram_rows.h",
    "integral.h",
    "integral_tilted.h",
    "lanes.h",
    "levels.h",
    "lines.h",
    "luma.h",
    "means.h",
    "median_histogram.h",
    "median_keys.h",
    "median_networks.h",
    "median_ranks.h",
    "median_strips.h",
    "median_sweep.h",
    "median_three.h",
    "median_windows.h",
    "morphology.h",
    "morphology_footprint.h",
    "morphology_rectangle.h",
    "morphology_samples.h",
    "morphology_steps.h",
    "morphology_vectors.h",
    "planes.h",
    "resize_area.h",
    "resize_halve.h",
    "resize_linear.h",
    "resize_nearest.h",
    "spectrum.h",
    "spectrum_sums.h",
    "tables_u16.h",
    "tables_u8.h",
    "warp.h",
    "wide_lanes.h",
    "yiq.h",
    "yuv.h",
    "yuv_u8.h",
)

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
    compile_args += ["-O1", "-g"] if checked else ["-O3", "-g0"]
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
        depends=[f"ext/{name}.pyx", "ext/level.pxi", *(f"ext/simd/{header}" for header in HEADERS)],
        define_macros=macros,
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
