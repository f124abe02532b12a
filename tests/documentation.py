"""What the docstring of every operation must hold, whatever it takes."""

from __future__ import annotations

import inspect
import re

from imgproc._core.operations import Operation


def check_documentation(op: Operation) -> None:
    doc = inspect.getdoc(op.function) or ""
    assert re.match(r"^[A-Z].*[.:]", doc.splitlines()[0])
    for section in ("Parameters", "Returns", "Raises", "Notes", "References", "Examples"):
        assert f"\n{section}\n---" in doc, f"{op.name} lacks {section}"
    for name in op.arguments:
        assert re.search(rf"^(\w+, )*{name}(, \w+)* : ", doc, re.MULTILINE), (
            f"{op.name}: {name} is not described"
        )
