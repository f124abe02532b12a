"""What can be told of a network's file without running it."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import imgproc

from ..io.folders import PlanError, cause
from .text import aligned, in_bytes, shown
from .verbs import refuse


def inspect_network(file: str, *, json: bool, quiet: bool, drawn: bool) -> None:
    """Print what an ONNX file takes and gives."""
    from ..neural import NeuralError, OnnxFile, TensorSpec, scan_onnx

    def fact(spec: TensorSpec) -> dict[str, Any]:
        shape = None if spec.shape is None else list(spec.shape)
        return {"name": spec.name, "shape": shape, "dtype": None if spec.dtype is None else str(spec.dtype)}

    def facts(found: OnnxFile) -> dict[str, Any]:
        return {
            "ir_version": found.ir_version,
            "opset": found.opset,
            "producer": found.producer,
            "inputs": [fact(spec) for spec in found.inputs],
            "outputs": [fact(spec) for spec in found.outputs],
            "operators": sorted(found.operators),
            "domains": list(found.domains),
            "external": [str(path) for path in found.external],
            "bytes": found.size,
        }

    try:
        if drawn:
            raise PlanError("-o and --on are for cascades; a network has no features to draw")
        found = scan_onnx(file)
    except (PlanError, NeuralError) as error:
        refuse("inspect", str(error))
    except OSError as error:
        refuse("inspect", f"{file!r} cannot be read: {cause(error)}")
    if json:
        print(json_format.dumps({"version": imgproc.__version__, "file": file} | facts(found), indent=1))
    elif not quiet:
        print("\n".join(_told(file, facts(found))))


def _told(file: str, facts: dict[str, Any]) -> list[str]:
    weights = f", weights in {len(facts['external'])} more" if facts["external"] else ""
    lines = [
        f"{shown(Path(file).name)}",
        f"  format    ONNX, opset {facts['opset']}, written by {shown(facts['producer']) or 'nobody'}",
        f"  size      {in_bytes(facts['bytes'])}{weights}",
        f"  operators {shown(', '.join(facts['operators'])) or 'none'}",
    ]
    if facts["domains"]:
        lines.append(f"  needs     a runtime with {shown(', '.join(facts['domains']))}")
    rows = [
        [kind if place == 0 else "", shown(spec["name"]), spec["dtype"] or "any dtype", _shape(spec["shape"])]
        for kind in ("inputs", "outputs")
        for place, spec in enumerate(facts[kind])
    ]
    return [*lines, "", *(f"  {row}" for row in aligned(rows))]


def _shape(shape: list[int | str | None] | None) -> str:
    if shape is None:
        return "of any rank"
    return shown(" × ".join("any" if size is None else str(size) for size in shape)) or "one number"
