"""The arrows between the parts, read from the imports: nothing below knows what stands above it."""

from __future__ import annotations

import ast
from pathlib import Path

import imgproc

PACKAGE = Path(imgproc.__file__).parent
SUBJECT_ARROWS = {
    "tone": {"color"},
    "color": set(),
    "filters": set(),
    "gradients": {"filters"},
    "morphology": set(),
    "boxes": set(),
    "detections": set(),
    "metrics": {"boxes", "detections"},
    "cascade": {"color", "filters", "boxes", "detections", "io"},
    "segmentation": {"color", "filters", "boxes", "detections"},
    "bodyparts": {"metrics"},
    "stereo": {"filters"},
    "io": set(),
}
EDGE = {"cli", "report", "distributed", "neural", "compat", "__main__"}
OPTIONAL = {
    "cv2",
    "PIL",
    "typer",
    "rich",
    "jinja2",
    "matplotlib",
    "torch",
    "onnx",
    "transformers",
    "safetensors",
    "onnxruntime",
    "dask",
    "scipy",
    "skimage",
    "supervision",
    "sklearn",
}


def imports(path: Path) -> set[tuple[str, bool]]:
    """Dotted names that a file imports, and whether at import time of the file."""
    tree = ast.parse(path.read_text("utf-8"))
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    lazy = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    typing_only = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found = set()
    for node in ast.walk(tree):
        eager = node not in lazy and node not in typing_only
        if isinstance(node, ast.Import):
            found |= {(alias.name, eager) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {(f"{module}.{alias.name}", eager) for alias in node.names}
    return found


def part_of(dotted: str) -> str | None:
    names = dotted.split(".")
    return names[1] if names[0] == "imgproc" and len(names) > 1 else None


def test_arrows() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).with_suffix("").parts
        part = relative[0]
        if part in EDGE or part == "__init__":
            continue
        allowed = {"_core", "_ext", part}
        if part in SUBJECT_ARROWS:
            allowed |= SUBJECT_ARROWS[part]
        else:
            assert part in ("_core", "_ext"), f"{path.name}: say in this test which arrows {part} may have"
        for name, _ in imports(path):
            target = part_of(name)
            if target is not None and target not in allowed and not target.startswith("__"):
                wrong.append(f"{'/'.join(relative)} imports {name}")
    assert not wrong, wrong


def test_optional_packages_are_imported_where_they_are_used() -> None:
    eager = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for name, at_import in imports(path)
        if at_import and name.split(".")[0] in OPTIONAL and path.relative_to(PACKAGE).parts[0] != "cli"
    ]
    assert not eager, eager
