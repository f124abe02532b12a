"""The build: every named kernel is there, the wheel is not pure, and the sdist holds all that it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import imgproc._ext.cpu
import pytest

ROOT = Path(__file__).parents[1]
SETUP = (ROOT / "setup.py").read_text("utf-8")
KERNELS = re.findall(r'^    "(\w+)",$', SETUP, re.MULTILINE)
FLAVOUR = os.environ.get("IMGPROC_BUILD", "release")


def test_kernels_were_found_in_setup() -> None:
    assert "tables" in KERNELS and len(KERNELS) >= 5


@pytest.mark.parametrize("kernel", KERNELS)
def test_named_kernel_imports(kernel: str) -> None:
    module = import_module(f"imgproc._ext.{kernel}")
    assert not module.__file__.endswith(".py")


def test_every_source_is_named() -> None:
    assert sorted(path.stem for path in (ROOT / "ext").glob("*.pyx")) == sorted(KERNELS)
    found = [ROOT / "ext" / f"{kernel}.pyx" for kernel in KERNELS]
    for path in found:
        named = re.findall(r'"(simd/\w+\.h)"', path.read_text("utf-8"))
        found += {ROOT / "ext" / header for header in named} - set(found)
    assert set((ROOT / "ext" / "simd").glob("*.h")) < set(found), "a header that no kernel includes"


def test_forbidden_flags_are_absent() -> None:
    for path in [ROOT / "setup.py", *(ROOT / "ext").rglob("*.*")]:
        text = path.read_text("utf-8")
        assert "fast" + "-math" not in text and "march" + "=" not in text, path.name


def test_clang_takes_every_kernel(tmp_path: Path) -> None:
    """The headers of each kernel, at all levels, as clang checks them; the other tests run what one compiler made."""
    clang = shutil.which("clang") or next(map(str, sorted(Path("/usr/lib").glob("llvm-*/bin/clang"))), None)
    if clang is None:
        pytest.skip("clang is not installed")

    def refused(kernel: str) -> str:
        text = (ROOT / "ext" / f"{kernel}.pyx").read_text("utf-8")
        unit = tmp_path / f"{kernel}.c"
        headers = ["simd/common.h", *re.findall(r'"(simd/\w+\.h)"', text)]
        unit.write_text("".join(f'#include "{header}"\n' for header in headers), "utf-8")
        command = [clang, "-std=c11", "-fsyntax-only", "-w", "-I", ROOT / "ext", unit]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr

    with ThreadPoolExecutor() as pool:
        assert [message for message in pool.map(refused, KERNELS) if message] == []


@pytest.mark.skipif(FLAVOUR != "release", reason="one flavour proves that the sources are whole")
def test_sdist_to_wheel_to_clean_environment(tmp_path: Path) -> None:
    """sdist, wheel from the sdist, wheel in an environment of its own, kernels run there."""
    build = [sys.executable, "-m", "build", "--no-isolation"]
    source = tmp_path / "source"
    copy = ["git", "ls-files", "-z"]
    listed = subprocess.run(copy, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to the source")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    # The debug flavour compiles in half the time; the installed package shows what the release flavour is like.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"IMGPROC_BUILD": "debug"}
    subprocess.run(
        [*build, "--sdist", "-o", tmp_path, source], check=True, env=environment, capture_output=True
    )
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
        assert {"tests/conftest.py", "tests/reference/tone.py", "benchmarks/rivals.py"} <= held
        assert not [name for name in held if name.startswith("build/")]
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    subprocess.run(
        [*build, "--wheel", "-o", tmp_path, unpacked], check=True, env=environment, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    if "IMGPROC_KEEP_WHEEL" in os.environ:  # the next step of CI tests this one further
        shutil.copy(wheel, os.environ["IMGPROC_KEEP_WHEEL"])

    assert not wheel.name.endswith("-any.whl"), "a wheel without kernels"
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert "-cp311-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for kernel in KERNELS:
        assert any(re.match(rf"imgproc/_ext/{kernel}\.", name) for name in names), (
            f"{kernel} is not in the wheel"
        )
    assert {f"imgproc/cascade/data/{name}" for name in ("frontalface.xml", "MODEL_CARD.md")} <= set(names)
    assert {"imgproc/__init__.pyi", "imgproc/neural/__init__.pyi", "imgproc/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "ext"))]

    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        "import imgproc, numpy; imgproc.gamma_correct(numpy.zeros((2, 2), 'u1'), 2); print(imgproc.__file__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(site)},
    )
    assert Path(ran.stdout.strip()).is_relative_to(site)


@pytest.mark.skipif(FLAVOUR != "release", reason="the flavour under test is not the one that ships")
def test_kernels_are_small() -> None:
    kernels = [
        path for path in Path(imgproc._ext.cpu.__file__).parent.iterdir() if path.suffix in (".so", ".pyd")
    ]
    assert len(kernels) == len(KERNELS)
    sizes = [path.stat().st_size for path in kernels]
    # A third of it in the wheel: a few MB.
    assert max(sizes) < 900_000 and sum(sizes) < 340_000 * len(KERNELS)


def test_every_package_is_listed() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = {path.parent for path in (ROOT / "imgproc").rglob("__init__.py")}
    found = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(metadata["tool"]["setuptools"]["packages"]) == found
