"""Model files of torch: weights alone are read, and nothing runs code unless that is allowed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgproc.neural import BackendUnavailable, InputMismatch, ModelFormatError, UntrustedModelError, load

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)
X = np.random.default_rng(8).standard_normal((2, 3, 5, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def net() -> Any:
    from torch_nets import make

    torch.manual_seed(8)
    return make().eval()


@pytest.fixture(scope="module")
def wanted(net: Any) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = net(torch.from_numpy(X)).numpy()
    return found


@pytest.fixture(scope="module")
def files(net: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same module in every kind of file."""
    folder = tmp_path_factory.mktemp("files")
    torch.save(net.state_dict(), folder / "state.pt")
    torch.save(net.state_dict(), folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(net, folder / "whole.pt")
    torch.save({"state_dict": net.state_dict(), "epoch": 3}, folder / "checkpoint.ckpt")
    sizes = {"x": {0: torch.export.Dim("batch", min=1, max=64)}}
    torch.export.save(
        torch.export.export(net, (torch.from_numpy(X),), dynamic_shapes=sizes), folder / "program.pt2"
    )
    (folder / "renamed.pt").write_bytes((folder / "program.pt2").read_bytes())
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["state", "old"])
def test_weights_for_a_module(name: str, files: dict[str, Path], net: Any, wanted: np.ndarray) -> None:
    from torch_nets import Small, make

    for module in (make, Small, Small()):
        with load(files[name], module=module) as model:
            np.testing.assert_array_equal(model.run({"x": X})["output"], wanted)


def test_old_versions_are_not_trusted_with_pickles(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch_nets import make

    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(BackendUnavailable, match=r"torch must be 2\.6 or newer.*got 2\.5\.1"):
        load(files["state"], module=make)


def test_safetensors(net: Any, wanted: np.ndarray, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    from torch_nets import make

    path = tmp_path / "weights.safetensors"
    safetensors.save_file(net.state_dict(), path)
    with load(path, module=make) as model:
        np.testing.assert_array_equal(model.run({"x": X})["output"], wanted)
    with pytest.raises(TypeError, match="load: module must be the module that the weights fit"):
        load(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelFormatError, match=r"weights\.safetensors: not a file of safetensors"):
        load(path, module=make)


def test_a_module_in_a_worker(files: dict[str, Path], wanted: np.ndarray) -> None:
    from torch_nets import make

    with load(files["state"], module=make, worker=True, threads=1) as model:
        np.testing.assert_array_equal(model.run({"x": X})["output"], wanted)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("whole", "pickle"),
        ("state", "pickle"),
        ("program", r"program of torch\.export"),
        ("renamed", r"program of torch\.export"),
    ],
)
def test_what_could_run_code_is_refused(name: str, kind: str, files: dict[str, Path]) -> None:
    with pytest.raises(
        UntrustedModelError, match=f"a {kind} runs code as it is loaded; trust=True allows it"
    ):
        load(files[name])


def test_what_is_trusted_is_loaded(files: dict[str, Path], wanted: np.ndarray) -> None:
    for name in ("whole", "program", "renamed"):
        with load(files[name], trust=True) as model:
            np.testing.assert_allclose(model.run({"x": X})["output"], wanted, atol=1e-6)
            np.testing.assert_allclose(model.run({"x": X[:1]})["output"], wanted[:1], atol=1e-6)
    with pytest.raises(
        TypeError, match="load: module must be the module that the weights fit: the file has no more"
    ):
        load(files["state"], trust=True)


def test_an_exported_program_says_what_it_takes(files: dict[str, Path]) -> None:
    with load(torch.export.load(files["program"])) as model:
        (spec,) = model.inputs
        assert spec.name == "x" and spec.dtype == np.float32
        assert spec.shape is not None and spec.shape[1:] == (3, 5, 4) and isinstance(spec.shape[0], str)
        with pytest.raises(InputMismatch, match="x must be of shape"):
            model.run({"x": X[..., :3]})


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*TorchScript:UserWarning")
def test_torchscript(net: Any, wanted: np.ndarray, tmp_path: Path) -> None:
    from torch_nets import make

    path = tmp_path / "scripted.pt"
    torch.jit.trace(net, torch.from_numpy(X)).save(str(path))
    with pytest.raises(UntrustedModelError, match="a TorchScript archive runs code"):
        load(path)
    with pytest.raises(UntrustedModelError, match="is no file of weights alone"):
        load(path, module=make)
    with load(path, trust=True) as model:
        np.testing.assert_allclose(model.run({"x": X})["output"], wanted, atol=1e-6)


def test_files_that_hold_something_else(files: dict[str, Path], tmp_path: Path) -> None:
    from torch_nets import make

    with pytest.raises(ModelFormatError, match="no dict of tensors alone, but holds state_dict, epoch"):
        load(files["checkpoint"], module=make)
    with pytest.raises(ModelFormatError, match="its weights do not fit the module"):
        load(files["state"], module=torch.nn.Linear(2, 2))
    with pytest.raises(UntrustedModelError, match=r"a program of torch\.export is no file of weights alone"):
        load(files["program"], module=make)
    with pytest.raises(UntrustedModelError, match="it holds more than weights"):
        load(files["whole"], module=make)
    torch.save(3, tmp_path / "number.pt")
    with pytest.raises(ModelFormatError, match="it is no dict of tensors alone, but holds int"):
        load(tmp_path / "number.pt", module=make)
    with pytest.raises(ModelFormatError, match="it holds a int, not a torch module"):
        load(tmp_path / "number.pt", trust=True)


def test_damaged_files_are_named(files: dict[str, Path], tmp_path: Path) -> None:
    from torch_nets import make

    rng, path = np.random.default_rng(3), tmp_path / "damaged.pt"
    contents = [b"", b"junk" * 20, b"PK\x03\x04" + bytes(40)]
    for name in ("state", "old"):
        whole = files[name].read_bytes()
        contents += [whole[: len(whole) // 2]]
        for _ in range(20):
            content = bytearray(whole)
            for at in rng.integers(len(whole), size=4):
                content[at] = rng.integers(256)
            contents.append(bytes(content))
    refused = 0
    for content in contents:
        path.write_bytes(content)
        try:
            load(path, module=make).close()
        except (ModelFormatError, UntrustedModelError):
            refused += 1
    assert refused >= 5


class Payload:
    """Makes a file of the name as it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


HOSTILE = """
import os, sys, torch_nets
from imgproc.neural import NeuralError, load
folder, *paths = sys.argv[1:]
def outcome(path, **options):
    try:
        load(path, **options)
        return "loaded"
    except NeuralError as error:
        return type(error).__name__
print(*{outcome(path, **options) for path in paths for options in ({}, {"module": torch_nets.make})})
print(len(os.listdir(folder)))
print(outcome(paths[0], trust=True), len(os.listdir(folder)))
"""


def test_hostile_files_run_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    """torch.export.load runs the pickles in a .pt2, also in torch 2.13: it is not asked to."""
    marks = tmp_path / "marks"
    marks.mkdir()
    torch.save(Payload(marks / "zip"), tmp_path / "zip.pt")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Payload(marks / "plain")))
    with zipfile.ZipFile(files["program"]) as old, zipfile.ZipFile(tmp_path / "program.pt2", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sample_inputs/model.pt"):
                torch.save(Payload(marks / "program"), tmp_path / "inner")
                content = (tmp_path / "inner").read_bytes()
            new.writestr(name, content)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            HOSTILE,
            *(tmp_path / name for name in ("marks", "zip.pt", "plain.pth", "program.pt2")),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    # The last line says that the payloads are live: for those who trust them they run.
    assert ran.stdout.splitlines() == ["UntrustedModelError", "0", "ModelFormatError 1"], ran.stderr
