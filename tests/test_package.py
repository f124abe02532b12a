"""The package as installed: names, import cost, configuration, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import imgproc


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_public_names_exist_and_are_listed() -> None:
    for name in imgproc.__all__:
        assert getattr(imgproc, name) is not None
    assert set(imgproc.__all__) <= set(dir(imgproc))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        imgproc.nonsense  # noqa: B018


def test_running_a_network_loads_nothing_of_training_one() -> None:
    code = """
import sys
from imgproc.neural import Classifier, DepthEstimator, Detector, Segmenter, decode_yolo, load, preset
training = ("active", "augment", "losses", "matching", "optim", "schedules", "targets", "training_checks")
print([name for name in sys.modules if name.startswith("imgproc.neural.") and name.split(".")[2] in training])
"""
    assert run(code).stdout == "[]\n"
    assert run("import sys, imgproc.neural; print('numpy' in sys.modules)").stdout == "False\n"


def test_neural_names_are_those_of_its_stub() -> None:
    from imgproc import neural

    lines = Path(neural.__file__).with_suffix(".pyi").read_text("utf-8").splitlines()
    assert len(lines) == len(neural.__all__) == len(set(neural.__all__))
    assert set(neural.__all__) <= set(dir(neural))
    modules = {path.stem for path in Path(neural.__file__).parent.glob("*.py")}
    own = {"active", "ensemble", "matching", "optim", "schedules", "views"}
    assert modules & set(neural.__all__) == own, "a module hides the function of its name once it is loaded"
    with pytest.raises(AttributeError, match=r"module 'imgproc\.neural' has no attribute 'nonsense'"):
        neural.nonsense  # noqa: B018


def test_subject_packages_offer_the_same_functions() -> None:
    for name, op in imgproc.operations().items():
        subject = import_module(".".join(op.function.__module__.split(".")[:2]))
        assert getattr(subject, name) is getattr(imgproc, name)


def test_import_loads_no_optional_package_and_not_even_numpy() -> None:
    loaded = run("import sys, json, imgproc; print(json.dumps(sorted(sys.modules)))")
    names = {name.split(".")[0] for name in json.loads(loaded.stdout)}
    assert not names & {
        "numpy",
        "cv2",
        "PIL",
        "typer",
        "rich",
        "jinja2",
        "torch",
        "onnxruntime",
        "scipy",
        "matplotlib",
        "sklearn",
    }


def test_using_operations_loads_numpy_alone() -> None:
    loaded = run("import sys, json, imgproc; imgproc.operations(); print(json.dumps(sorted(sys.modules)))")
    names = {name.split(".")[0] for name in json.loads(loaded.stdout)}
    assert "numpy" in names
    assert not names & {
        "cv2",
        "PIL",
        "typer",
        "rich",
        "jinja2",
        "torch",
        "onnxruntime",
        "scipy",
        "matplotlib",
        "sklearn",
    }


def test_show_config(capsys: pytest.CaptureFixture[str]) -> None:
    imgproc.show_config()
    text = capsys.readouterr().out
    for part in (imgproc.__version__, "compiler", "levels built", imgproc.get_cpu_level(), "threads"):
        assert part in text


def test_level_and_threads_from_the_environment() -> None:
    code = "import imgproc; print(imgproc.get_cpu_level(), imgproc.get_num_threads())"
    assert run(code, IMGPROC_CPU_LEVEL="baseline", IMGPROC_NUM_THREADS="3").stdout == "baseline 3\n"
    bad = run(code, IMGPROC_CPU_LEVEL="sse9")
    assert bad.returncode != 0
    assert 'imgproc: IMGPROC_CPU_LEVEL must be one of "baseline"' in bad.stderr
    bad = run(code, IMGPROC_NUM_THREADS="many")
    assert bad.returncode != 0
    assert "imgproc: IMGPROC_NUM_THREADS must be an integer" in bad.stderr


def test_set_cpu_level_refuses_what_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^set_cpu_level: level must be one of"):
        imgproc.set_cpu_level("sse9")
    for level in ("avx2", "avx512"):
        if level not in imgproc.cpu_levels():
            with pytest.raises(ValueError, match=r"^set_cpu_level: level must be one this machine has"):
                imgproc.set_cpu_level(level)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True, 100_000])
def test_set_num_threads_refuses(value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^set_num_threads: n must be an integer >= 1"):
        imgproc.set_num_threads(value)  # type: ignore[arg-type]


def test_doctests() -> None:
    import doctest

    failed = attempted = 0
    root = Path(imgproc.__file__).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        if "cli" in parts or parts[-1] in ("__init__", "__main__"):
            continue
        result = doctest.testmod(import_module(".".join(parts)))
        failed += result.failed
        attempted += result.attempted
    assert failed == 0
    assert attempted >= len(imgproc.operations())
