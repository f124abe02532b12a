"""Where evaluations read from, and the sentences that name the file, entry and field of what is wrong there."""

from __future__ import annotations

import json
import math
import numbers
import os
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.places import Place as PlainPlace


class Place(PlainPlace):
    """A place in COCO's data, and the values that may stand there."""

    def field(self, entry: Any, key: str) -> Any:
        """The value of a key that must be there, in an entry that must be a dict."""
        if not isinstance(entry, dict):
            raise self.wrong("a dict", entry)
        if key not in entry:
            raise self.at(key).missing()
        return entry[key]

    def number(self, value: Any) -> float:
        must = "a finite number"
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise self.wrong(must, value)
        try:
            result = float(value)
        except OverflowError:
            raise self.wrong(must, value) from None
        if not math.isfinite(result):
            raise self.wrong(must, value)
        return result

    def identity(self, value: Any) -> int | str:
        """An id: an integer or a text."""
        if isinstance(value, str):
            return value
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise self.wrong("an integer or a text", value)
        return int(value)

    def flag(self, value: Any) -> bool:
        if not isinstance(value, numbers.Integral) or value not in (0, 1):
            raise self.wrong("0 or 1", value)
        return bool(value)

    @staticmethod
    def is_listed(value: Any) -> bool:
        """Whether it is a list, tuple or array with a length."""
        return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1)

    def box(self, value: Any) -> list[float]:
        """x, y, width and height."""
        must = "four finite numbers x, y, width, height"
        if not self.is_listed(value) or len(value) != 4:
            raise self.wrong(must, value)
        box = [self.at(i).number(number) for i, number in enumerate(value)]
        if box[2] < 0 or box[3] < 0:
            raise self.wrong(f"{must}, with width and height >= 0", value)
        return box


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def parse_json(function: str, argument: str, path: str | os.PathLike[str], data: bytes) -> Any:
    """The content of a JSON file in UTF-8."""
    must = f"a JSON file: {os.fspath(path)} is none"
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        got = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise wrong_value(function, argument, must, Got(got)) from None
    except UnicodeDecodeError as error:
        raise wrong_value(function, argument, must, Got(f"no UTF-8 at byte {error.start}")) from None
    except RecursionError:
        raise wrong_value(function, argument, must, Got("lists within lists without end")) from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise wrong_value(function, argument, must, Got(str(error))) from None
