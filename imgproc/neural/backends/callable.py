"""Any function as a model: always there, and the way to a library that has no backend here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._core.errors import wrong_type, wrong_value
from ..._core.images import Array
from ..arrays import host_array
from ..model import BackendModel
from ..specs import check_specs, named


class CallableModel(BackendModel):
    """Runs a function of a dict of arrays; `load` makes one."""

    def __init__(
        self,
        function: object,
        *,
        device: str = "cpu",
        threads: int | None = None,
        inputs: object = None,
        outputs: object = None,
    ) -> None:
        if not callable(function):
            raise wrong_type("load", "source", "a function of a dict of arrays", function)
        if threads is not None:
            raise wrong_value("load", "threads", "None for a function, which has its own", threads)
        self._function: Callable[[dict[str, Array]], Any] | None = function
        self.device = device
        self.inputs = check_specs("load", "inputs", inputs)
        self.outputs = check_specs("load", "outputs", outputs)

    def _run(self, feeds: dict[str, Any]) -> dict[str, Array]:
        assert self._function is not None
        return named(self.outputs, self._function(feeds), lambda name, value: host_array("run", name, value))

    def _close(self) -> None:
        self._function = None
