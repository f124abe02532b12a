"""What an ONNX file says about itself, read in milliseconds without onnx, before any library that runs it sees it.

A runtime that opens a file believes it: it allocates what the file names and reads the files it points to. So a file is
looked through first, and what could reach outside its folder is refused.
"""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .._core.errors import wrong_type
from .errors import ModelFormatError, UntrustedModelError
from .protobuf import BYTES, VARINT, Reader, signed
from .specs import Shape, Specs, TensorSpec

LARGEST_FILE = 2**31 - 1  # protobuf's own limit
LARGEST_MODEL = 16 * 2**30  # with its external data
_DEEPEST = 16  # graphs within graphs
DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128",
}  # fmt: skip
_STANDARD = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"}


@dataclass(frozen=True)
class OnnxFile:
    """What `scan_onnx` found.

    Attributes
    ----------
    ir_version : int
        The version of the file format.
    opset : int
        The version of the standard operators, 0 where none is named.
    producer : str
        What wrote the file.
    inputs, outputs : tuple of TensorSpec
        Of the graph, without initializers; a dtype that NumPy lacks is None.
    domains : tuple of str
        Of operators that are neither standard nor defined in the file: they need a runtime that knows them.
    operators : frozenset of str
        All that are used.
    external : tuple of Path
        The files that weights lie in, all within the model's folder.
    size : int
        Bytes of the file and of those.
    """

    ir_version: int
    opset: int
    producer: str
    inputs: Specs
    outputs: Specs
    domains: tuple[str, ...]
    operators: frozenset[str]
    external: tuple[Path, ...]
    size: int


def scan_onnx(path: str | os.PathLike[str], *, trust: bool = False) -> OnnxFile:
    """Look through an ONNX file without running or loading anything.

    Parameters
    ----------
    path : path
        The file.
    trust : bool, default False
        Whether its weights may lie in files outside its folder or behind links.

    Returns
    -------
    OnnxFile

    Raises
    ------
    ModelFormatError
        Damaged, not ONNX, larger than 2 GiB or than 16 GiB with its weights, or weights that are not there.
    UntrustedModelError
        Weights outside the model's folder or behind a link, or an operator that loads a compiled context.
    OSError
        The file cannot be read.

    Notes
    -----
    Weights inside the file are passed over by their lengths; the time goes with the number of nodes, some 10 µs each.
    All subgraphs, functions and attributes are looked through. What is checked here may be changed on the disk before
    it is loaded; `load` reads a file without external weights once and hands on the same bytes.
    """
    function = "scan_onnx"
    if not isinstance(path, str | os.PathLike):
        raise wrong_type(function, "path", "a path", path)
    with _mapped(Path(path)) as data:
        return scan_bytes(data, Path(path), trust=trust)


def read_onnx(path: Path, *, trust: bool = False) -> tuple[OnnxFile, bytes | Path]:
    """What a file says, and what a runtime may read: the bytes looked at, or the path where weights lie beside."""
    size = _size(path)
    if size > LARGEST_FILE:
        raise ModelFormatError(f"{path}: {size} bytes are more than an ONNX file can have")
    content = path.read_bytes()
    found = scan_bytes(memoryview(content), path, trust=trust)
    return found, path if found.external else content


def scan_bytes(data: memoryview, path: Path, *, trust: bool = False) -> OnnxFile:
    """`scan_onnx` of what is in memory; the path serves messages and external data."""
    if len(data) > LARGEST_FILE:
        raise ModelFormatError(f"{path}: {len(data)} bytes are more than an ONNX file can have")
    scan = _Scan(Reader(data, str(path)))
    scan.model(len(data))
    if "EPContext" in scan.operators and not trust:
        raise UntrustedModelError(f"{path}: it loads a compiled context from elsewhere; trust=True allows it")
    external, size = _external(scan.locations, path, trust)
    if len(data) + size > LARGEST_MODEL:
        raise ModelFormatError(
            f"{path}: {len(data) + size} bytes with its weights, more than {LARGEST_MODEL}"
        )
    domains = sorted(scan.used - _STANDARD - scan.defined)
    return OnnxFile(
        scan.ir_version,
        scan.opset,
        scan.producer,
        tuple(spec for spec in scan.inputs if spec.name not in scan.initializers),
        tuple(scan.outputs),
        tuple(domains),
        frozenset(scan.operators),
        external,
        len(data) + size,
    )


class _Scan:
    """One walk over a file; where a field comes twice protobuf merges, so nothing found is forgotten."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.ir_version = self.opset = 0
        self.producer = ""
        self.inputs: list[TensorSpec] = []
        self.outputs: list[TensorSpec] = []
        self.initializers: set[str] = set()
        self.operators: set[str] = set()
        self.used: set[str] = set()
        self.defined: set[str] = set()
        self.locations: list[dict[str, str]] = []

    def model(self, size: int) -> None:
        graphs = 0
        for number, wire, start, end in self.reader.fields(0, size):
            if number == 1:
                self.reader.need(wire, VARINT)
                self.ir_version = start
            elif number == 2:
                self.producer = self.reader.text(wire, start, end)
            elif number == 7:
                self.reader.need(wire, BYTES)
                graphs += 1
                self.graph(start, end, 0)
            elif number == 8:
                self.opset_import(wire, start, end)
            elif number == 20:  # training: a graph to start from and one to step with
                self.parts(wire, start, end, {1: self.graph, 2: self.graph}, 1)
            elif number == 25:
                self.function(wire, start, end)
        if graphs != 1 or self.ir_version < 1:
            raise self.reader.wrong("it has no graph" if graphs < 1 else "its parts are not those of a model")
        for specs in (self.inputs, self.outputs):
            if len({spec.name for spec in specs}) < len(specs):
                raise self.reader.wrong("two inputs or outputs of one name")

    def parts(self, wire: int, start: int, end: int, readers, depth: int) -> None:  # type: ignore[no-untyped-def]
        """Reads the messages within a message whose numbers matter."""
        self.reader.need(wire, BYTES)
        for number, inner, first, last in self.reader.fields(start, end):
            if number in readers:
                self.reader.need(inner, BYTES)
                readers[number](first, last, depth)

    def opset_import(self, wire: int, start: int, end: int) -> None:
        self.reader.need(wire, BYTES)
        domain, version = "", 0
        for number, inner, first, last in self.reader.fields(start, end):
            if number == 1:
                domain = self.reader.text(inner, first, last)
            elif number == 2:
                self.reader.need(inner, VARINT)
                version = first
        if domain in ("", "ai.onnx"):
            self.opset = max(self.opset, version)

    def function(self, wire: int, start: int, end: int) -> None:
        self.reader.need(wire, BYTES)
        for number, inner, first, last in self.reader.fields(start, end):
            if number == 7:
                self.reader.need(inner, BYTES)
                self.node(first, last, 1)
            elif number == 10:
                self.defined.add(self.reader.text(inner, first, last))
            elif number == 11:
                self.reader.need(inner, BYTES)
                self.attribute(first, last, 1)

    def graph(self, start: int, end: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise self.reader.wrong("graphs within graphs without end")
        for number, wire, first, last in self.reader.fields(start, end):
            if number in (1, 5, 11, 12, 15):
                self.reader.need(wire, BYTES)
            if number == 1:
                self.node(first, last, depth)
            elif number == 5:
                name = self.tensor(first, last)
                if depth == 0:
                    self.initializers.add(name)
            elif number == 15:
                self.parts(wire, first, last, {1: self.sparse_part, 2: self.sparse_part}, depth)
            elif depth == 0 and number in (11, 12):
                (self.inputs if number == 11 else self.outputs).append(self.value(first, last))

    def node(self, start: int, end: int, depth: int) -> None:
        domain = operator = ""
        for number, wire, first, last in self.reader.fields(start, end):
            if number == 4:
                operator = self.reader.text(wire, first, last)
            elif number == 5:
                self.reader.need(wire, BYTES)
                self.attribute(first, last, depth)
            elif number == 7:
                domain = self.reader.text(wire, first, last)
        self.operators.add(operator)
        self.used.add(domain)

    def attribute(self, start: int, end: int, depth: int) -> None:
        for number, wire, first, last in self.reader.fields(start, end):
            if number in (5, 6, 10, 11, 22, 23):
                self.reader.need(wire, BYTES)
            if number in (5, 10):
                self.tensor(first, last)
            elif number in (6, 11):
                self.graph(first, last, depth + 1)
            elif number in (22, 23):
                self.parts(wire, first, last, {1: self.sparse_part, 2: self.sparse_part}, depth)

    def sparse_part(self, start: int, end: int, depth: int) -> None:
        self.initializers.add(self.tensor(start, end))

    def tensor(self, start: int, end: int) -> str:
        name, external = "", False
        entries: dict[str, str] = {}
        for number, wire, first, last in self.reader.fields(start, end):
            if number == 8:
                name = self.reader.text(wire, first, last)
            elif number == 13:
                key, value = self.entry(wire, first, last)
                if entries.setdefault(key, value) != value:
                    raise self.reader.wrong(f"a tensor of two {key}s")
            elif number == 14:
                self.reader.need(wire, VARINT)
                external |= start != end and first != 0
        if external or "location" in entries:
            self.locations.append(entries)
        return name

    def entry(self, wire: int, start: int, end: int) -> tuple[str, str]:
        self.reader.need(wire, BYTES)
        key = value = ""
        for number, inner, first, last in self.reader.fields(start, end):
            if number == 1:
                key = self.reader.text(inner, first, last)
            elif number == 2:
                value = self.reader.text(inner, first, last)
        return key, value

    def value(self, start: int, end: int) -> TensorSpec:
        name, dtype, shape = "", None, None
        for number, wire, first, last in self.reader.fields(start, end):
            if number == 1:
                name = self.reader.text(wire, first, last)
            elif number == 2:
                self.reader.need(wire, BYTES)
                dtype, shape = self.type(first, last)
        if not name:
            raise self.reader.wrong("an input or output without a name")
        return TensorSpec(name, shape, dtype)

    def type(self, start: int, end: int) -> tuple[str | None, Shape | None]:
        dtype, shape = None, None
        for number, wire, first, last in self.reader.fields(start, end):
            if number != 1:  # a sequence, a map: any
                continue
            self.reader.need(wire, BYTES)
            for part, inner, low, high in self.reader.fields(first, last):
                if part == 1:
                    self.reader.need(inner, VARINT)
                    dtype = DTYPES.get(low)
                elif part == 2:
                    self.reader.need(inner, BYTES)
                    shape = tuple(self.sizes(low, high))
        return dtype, shape

    def sizes(self, start: int, end: int) -> Iterator[int | str | None]:
        for number, wire, first, last in self.reader.fields(start, end):
            if number != 1:
                continue
            self.reader.need(wire, BYTES)
            size: int | str | None = None
            for part, inner, low, high in self.reader.fields(first, last):
                if part == 1:
                    self.reader.need(inner, VARINT)
                    size = signed(low) if signed(low) >= 0 else None  # exporters write -1 for a free one
                elif part == 2:
                    size = self.reader.text(inner, low, high) or None
            yield size


def _external(locations: list[dict[str, str]], path: Path, trust: bool) -> tuple[tuple[Path, ...], int]:
    """The files that tensors lie in, each once, and how many bytes they have."""
    sizes: dict[Path, int] = {}
    if locations and not trust and path.is_symlink():  # runtimes differ in whose folder is meant
        raise UntrustedModelError(f"{path}: it is a link, and has weights beside it; trust=True allows it")
    for entries in locations:
        location = entries.get("location", "")
        file = path.parent / location
        if file not in sizes:
            if not trust:
                _check_inside(location, path)
            sizes[file] = _size(file, f"{path}: its weights {location!r}")
        first, length = (_number(entries.get(key, "0"), path) for key in ("offset", "length"))
        if first + length > sizes[file]:
            raise ModelFormatError(f"{path}: its weights {location!r} end before what it says")
    return tuple(sorted(sizes)), sum(sizes.values())


def _check_inside(location: str, path: Path) -> None:
    parts = location.split("/")
    if not location or any(part in ("", ".", "..") for part in parts) or any(c in location for c in "\\:\0"):
        why = f"{path}: its weights lie in {location!r}, which is not a plain path within its folder"
        raise UntrustedModelError(f"{why}; trust=True allows it")
    file = path.parent
    for part in parts:
        file = file / part
        if os.path.islink(file) or getattr(os.path, "isjunction", lambda _: False)(file):
            why = f"{path}: its weights {location!r} lie behind a link"
            raise UntrustedModelError(f"{why}; trust=True allows it")


def _number(text: str, path: Path) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ModelFormatError(f"{path}: an offset or length of its weights is {text[:30]!r}")
    return int(text)


def _size(file: Path, what: str = "") -> int:
    try:
        found = os.stat(file)
    except (OSError, ValueError) as error:
        if not what and isinstance(error, OSError):
            raise
        raise ModelFormatError(f"{what} cannot be read: {error}") from None
    if not stat.S_ISREG(found.st_mode):
        raise ModelFormatError(f"{what or file}: not a file")
    return found.st_size


@contextmanager
def _mapped(path: Path) -> Iterator[memoryview]:
    """The bytes of a file, read only where they are looked at."""
    if _size(path) == 0:
        raise ModelFormatError(f"{path}: the file is empty")
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        yield data
