"""What all readers and writers share: a file's text, values in it that are checked by name, numbers as decimals."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .._core.errors import Got, wrong_type, wrong_value
from .decimals import to_decimal, written
from .sets import MAX_SIDE, DetectionSet

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)


@dataclass(frozen=True)
class Place:
    """The file that a function reads, which begins the sentence of every error."""

    function: str
    file: str

    def wrong(self, element: str, must: str, got: object) -> ValueError:
        where = f"file {self.file}: {element}" if element else f"file {self.file}"
        return wrong_value(self.function, where, must, got)

    def decimal(self, element: str, value: object, must: str = "a finite number") -> Decimal:
        """A JSON number or a text as the decimal it stands for, within float64."""
        number = None
        if isinstance(value, Decimal):
            number = value
        elif isinstance(value, int | str) and not isinstance(value, bool):
            number = to_decimal(value)
        if number is None or not math.isfinite(float(number)):
            raise self.wrong(element, must, printable(value))
        return number

    def number(
        self, element: str, value: object, must: str = "a finite number", least: float = -math.inf
    ) -> float:
        number = float(self.decimal(element, value, must))
        if number < least:
            raise self.wrong(element, must, printable(value))
        return number

    def integer(
        self, element: str, value: object, must: str = "an integer", limits: tuple[int, int] = INT64
    ) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value.strip(" \t\r\n")):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not limits[0] <= value <= limits[1]:
            raise self.wrong(element, must, printable(value))
        return value

    def text(self, element: str, value: object, must: str = "a text that is not empty") -> str:
        if not isinstance(value, str) or not value:
            raise self.wrong(element, must, printable(value))
        return value

    def mapping(self, element: str, value: object, keys: Collection[str] = ()) -> dict[str, Any]:
        must = "an object" + (f" with {', '.join(keys)}" if keys else "")
        if not isinstance(value, dict):
            raise self.wrong(element, must, printable(value))
        missing = [key for key in keys if key not in value]
        if missing:
            raise self.wrong(element, must, Got(f"none of the name {missing[0]}"))
        return value

    def listed(self, element: str, value: object, length: int | None = None, of: str = "values") -> list[Any]:
        if not isinstance(value, list) or (length is not None and len(value) != length):
            raise self.wrong(
                element, f"a list of {'' if length is None else f'{length} '}{of}", printable(value)
            )
        return value

    def size(self, element: str, height: object, width: object) -> tuple[int, int]:
        must = f"an integer from 1 to {MAX_SIDE}"
        limits = (1, MAX_SIDE)
        return (
            self.integer(f"{element}height", height, must, limits),
            self.integer(f"{element}width", width, must, limits),
        )

    def corners(
        self, element: str, corners: tuple[Decimal, Decimal, Decimal, Decimal]
    ) -> tuple[float, float, float, float]:
        """``x1, y1, x2, y2`` as floats, ordered and finite."""
        x1, y1, x2, y2 = map(float, corners)
        if not (x1 <= x2 and y1 <= y2 and math.isfinite(x2 - x1) and math.isfinite(y2 - y1)):
            must = "a box with x1 <= x2 and y1 <= y2, of finite size"
            raise self.wrong(element, must, Got(f"{x1:g}, {y1:g}, {x2:g}, {y2:g}"))
        return x1, y1, x2, y2

    def made(self, make: Callable[[], DetectionSet]) -> DetectionSet:
        """A set, whose own refusals get the file's name."""
        try:
            return make()
        except ValueError as error:
            raise ValueError(
                str(error).replace("DetectionSet:", f"{self.function}: file {self.file}:", 1)
            ) from None


def printable(value: object) -> object:
    """A value from JSON as it stands in the file, for a sentence."""
    return Got(f"{value}") if isinstance(value, Decimal) else value


def plain(value: Any) -> Any:
    """Parsed JSON with floats in the place of decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list) else value


def dumped(value: Any) -> str:
    """JSON of lists, objects, texts, integers and decimals."""
    if isinstance(value, Decimal):
        return written(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dumped(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumped, value)) + "]"
    return json.dumps(value)


def read_text(function: str, path: str | os.PathLike[str]) -> tuple[Place, str]:
    """A text file whole, in UTF-8 with or without a mark; bytes of file names that are no UTF-8 survive."""
    place, data = read_bytes(function, path)
    return place, data.decode("utf-8-sig", "surrogateescape")


def read_bytes(function: str, path: str | os.PathLike[str], limit: int | None = None) -> tuple[Place, bytes]:
    name = path_name(function, path)
    place = Place(function, name)
    mode = os.stat(name).st_mode
    if stat.S_ISDIR(mode) or not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise place.wrong("", "a file", Got("a folder" if stat.S_ISDIR(mode) else "something else"))
    with open(name, "rb") as file:
        data = file.read() if limit is None else file.read(limit + 1)
    return place, data


def path_name(function: str, path: object) -> str:
    if not isinstance(path, str | os.PathLike):
        raise wrong_type(function, "path", "a path", path)
    return os.fsdecode(path)


def check_set(function: str, detections: object, *, argument: str = "detections") -> DetectionSet:
    if not isinstance(detections, DetectionSet):
        raise wrong_type(function, argument, "a DetectionSet", detections)
    return detections


def encoded(function: str, text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        must = "free of signs that UTF-8 cannot hold"
        raise wrong_value(function, "detections", must, error.object[error.start : error.end]) from None


def parse_json(place: Place, text: str, element: str = "") -> Any:
    """JSON with its decimals as Decimal; NaN and Infinity, which JSON does not know, are refused."""

    def constant(word: str) -> Any:
        raise place.wrong(element, "JSON of finite numbers", Got(word))

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=constant)
    except json.JSONDecodeError as error:
        where = element or f"line {error.lineno} column {error.colno}"
        raise place.wrong(where, "JSON", Got(error.msg[:1].lower() + error.msg[1:])) from None
    except RecursionError:
        raise place.wrong(element, "JSON that is not nested so deeply", Got("too many levels")) from None
    except ValueError as error:
        if str(error).startswith(f"{place.function}: "):
            raise
        raise place.wrong(element, "JSON", Got(str(error))) from None  # integers of thousands of digits


def dumped_params(function: str, params: Mapping[str, Any]) -> str:
    """What a set says of how it was made, as JSON."""
    try:
        return json.dumps(params, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise wrong_value(function, "detections.params", "what JSON can hold", Got(str(error))) from None
