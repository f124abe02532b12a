"""What became of each image, as batch, summary and report share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .text import shown

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
    note: str = ""
    """What the report tells of the result in a few words."""
    error: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of each stage that was reached, without what the report takes for itself."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    before: Preview | None = None
    after: Preview | None = None

    def line(self) -> str:
        """What came of it, after the name of the source."""
        return "" if self.target is None else f" -> {shown(self.target)}"

    def to_dict(self) -> dict[str, Any]:
        """As the summary tells it."""
        result: dict[str, Any] = {
            "input": str(self.source),
            "output": None if self.target is None else str(self.target),
            "status": self.status,
        }
        if self.error is not None:
            result["error"] = self.error
        if self.status == "done":
            result["shape"] = list(self.shape)
            result["dtype"] = self.dtype
            result["seconds"] = {stage: round(seconds, 4) for stage, seconds in self.seconds.items()}
        return result
