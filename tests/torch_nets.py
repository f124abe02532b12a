"""A torch module that tests load by name, also in other processes: importing this imports torch."""

from __future__ import annotations

from typing import Any

import torch


class Small(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.convolution(x)


def make() -> Any:
    return Small()
