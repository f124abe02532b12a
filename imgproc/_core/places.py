"""Places in nested data, for the sentences that name what is wrong there."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from .errors import Got, wrong_value


class Place(NamedTuple):
    """An entry or field of what was handed in, for error sentences: ``detections[3]["score"] in results.json``."""

    function: str
    argument: str
    file: str | None = None
    keys: tuple[Any, ...] = ()

    def at(self, *keys: Any) -> Self:
        return self._replace(keys=(*self.keys, *keys))

    def wrong(self, must: str, got: object) -> ValueError:
        path = self.argument + "".join(
            f'["{key}"]' if isinstance(key, str) else f"[{key!r}]" for key in self.keys
        )
        place = path if self.file is None else f"{path} in {self.file}"
        return wrong_value(self.function, place, must, got)

    def missing(self) -> ValueError:
        return self.wrong("given", Got("an entry without it"))
