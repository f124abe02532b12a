"""What became of each image, as batch, summary and report share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .report.previews import Preview

Status = Literal["done", "skipped", "failed", "planned"]

STAGES = ("read", "operations", "write")


@dataclass
class Outcome:
    """One image's end."""

    source: Path
    target: Path | None
    status: Status
    chain: str = ""
    error: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of each of STAGES that was reached, without what the report takes for itself."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    before: Preview | None = None
    after: Preview | None = None
