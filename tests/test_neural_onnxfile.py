"""Looking through ONNX files: what is found, what is refused, and a thousand damaged ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_files as write
import pytest

from imgproc.neural import ModelFormatError, TensorSpec, UntrustedModelError, scan_onnx
from imgproc.neural.onnxfile import scan_bytes

WEIGHTS = np.arange(6, dtype=np.float32).reshape(3, 2)
LINKS = pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")


def scan(content: bytes, path: str | Path = "model.onnx", **options: bool):  # type: ignore[no-untyped-def]
    return scan_bytes(memoryview(content), Path(path), **options)


def rich_model() -> bytes:
    """A bit of everything that is looked through."""
    inner = write.graph([write.node("Custom", ["a"], ["b"], domain="org.example")])
    nodes = [
        write.node("Constant", [], ["c"], write.attribute("value", t=write.tensor("", WEIGHTS))),
        write.node("If", ["p"], ["q"], write.attribute("then_branch", g=inner)),
        write.node("Local", ["q"], ["y"], domain="local"),
    ]
    content = write.graph(
        nodes,
        [
            write.value_info("pixels", ("batch", 3, 480, None)),
            write.value_info("w", (3, 2)),
            write.value_info("n", (), "int64"),
            write.value_info("b", (1, -1), 16),
            write.value_info("any", None, "float64"),
        ],
        [write.value_info("y", (1, 300, 6))],
        [write.tensor("w", WEIGHTS)],
    )
    function = (
        write.field(1, "Local") + write.field(7, write.node("Relu", ["a"], ["b"])) + write.field(10, "local")
    )
    return write.model(content, write.field(25, function), write.field(6, "words"), opset=20)


def test_what_a_file_says(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(rich_model())
    found = scan_onnx(path)
    assert found == scan_onnx(str(path)) == scan(rich_model())
    assert (found.ir_version, found.opset, found.producer, found.size) == (8, 20, "tests", len(rich_model()))
    assert found.inputs == (
        TensorSpec("pixels", ("batch", 3, 480, None), "float32"),
        TensorSpec("n", (), "int64"),
        TensorSpec("b", (1, None)),  # bfloat16, and a size of -1
        TensorSpec("any", None, "float64"),
    )
    assert found.outputs == (TensorSpec("y", (1, 300, 6), "float32"),)
    assert found.domains == ("org.example",)
    assert found.operators == {"Constant", "If", "Local", "Custom", "Relu"}
    assert found.external == ()


@pytest.mark.parametrize("dtype", write.DTYPES)
def test_dtypes(dtype: str) -> None:
    found = scan(write.model(write.graph([], [write.value_info("x", (2,), dtype)])))
    assert found.inputs == (TensorSpec("x", (2,), dtype),)


EXTERNAL: dict[str, Callable[[bytes], bytes]] = {
    "initializer": lambda t: write.graph([], tensors=[t]),
    "sparse initializer": lambda t: write.graph([], sparse=[write.field(1, t)]),
    "indices": lambda t: write.graph([], sparse=[write.field(2, t)]),
    "constant": lambda t: write.graph([write.node("Constant", [], ["c"], write.attribute("value", t=t))]),
    "tensors": lambda t: write.graph([write.node("Op", [], [], write.attribute("v", tensors=t))]),
    "sparse constant": lambda t: write.graph(
        [write.node("Op", [], [], write.attribute("v", sparse_tensor=write.field(1, t)))]
    ),
    "sparse constants": lambda t: write.graph(
        [write.node("Op", [], [], write.attribute("v", sparse_tensors=write.field(2, t)))]
    ),
    "branch": lambda t: write.graph(
        [write.node("If", [], [], write.attribute("v", g=write.graph([], tensors=[t])))]
    ),
    "branches": lambda t: write.graph(
        [write.node("If", [], [], write.attribute("v", graphs=write.graph([], tensors=[t])))]
    ),
}


def placed(where: str, external: dict[str, str]) -> bytes:
    """A model with a tensor elsewhere, at each of the places where tensors may be."""
    tensor = write.tensor("w", WEIGHTS, external)
    if where in EXTERNAL:
        return write.model(EXTERNAL[where](tensor))
    constant = write.node("Constant", [], ["c"], write.attribute("value", t=tensor))
    if where == "function":
        return write.model(write.graph([]), write.field(25, write.field(1, "F") + write.field(7, constant)))
    if where == "default of a function":
        return write.model(write.graph([]), write.field(25, write.field(11, write.attribute("v", t=tensor))))
    return write.model(write.graph([]), write.field(20, write.field(2, write.graph([constant]))))  # training


PLACES = (*EXTERNAL, "function", "default of a function", "training")


@pytest.mark.parametrize("where", PLACES)
def test_external_weights_are_found_wherever_they_hide(where: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/w.bin").write_bytes(WEIGHTS.tobytes())
    content = placed(where, {"location": "sub/w.bin", "offset": "8", "length": "16"})
    found = scan(content, tmp_path / "m.onnx")
    assert found.external == (tmp_path / "sub/w.bin",)
    assert found.size == len(content) + WEIGHTS.nbytes
    with pytest.raises(UntrustedModelError, match=r"lie in '\.\./w\.bin'.*trust=True"):
        scan(placed(where, {"location": "../w.bin"}), tmp_path / "m.onnx")


@pytest.mark.parametrize(
    "location",
    [
        "../w",
        "sub/../../w",
        "/etc/passwd",
        "",
        ".",
        "..",
        "./w",
        "sub//w",
        "sub/",
        "C:w",
        "C:\\w",
        "..\\w",
        "a\0b",
    ],
)
def test_locations_that_are_no_plain_path_are_refused(location: str, tmp_path: Path) -> None:
    with pytest.raises(UntrustedModelError, match="not a plain path within its folder"):
        scan(placed("initializer", {"location": location}), tmp_path / "m.onnx")


@LINKS
def test_links_are_refused_and_followed_for_those_who_are_trusted(tmp_path: Path) -> None:
    away, folder = tmp_path / "away", tmp_path / "folder"
    away.mkdir()
    folder.mkdir()
    (away / "w.bin").write_bytes(WEIGHTS.tobytes())
    (folder / "w.bin").symlink_to(away / "w.bin")
    (folder / "sub").symlink_to(away)
    for location in ("w.bin", "sub/w.bin"):
        content = placed("initializer", {"location": location})
        with pytest.raises(UntrustedModelError, match="behind a link"):
            scan(content, folder / "m.onnx")
        assert scan(content, folder / "m.onnx", trust=True).external == (folder / location,)
    (away / "m.onnx").write_bytes(placed("initializer", {"location": "w.bin"}))
    (folder / "m.onnx").symlink_to(away / "m.onnx")
    assert scan_onnx(away / "m.onnx").external
    with pytest.raises(UntrustedModelError, match="it is a link"):
        scan_onnx(folder / "m.onnx")
    assert scan_onnx(folder / "m.onnx", trust=True).external
    content = placed("initializer", {"location": "../away/w.bin"})
    assert scan(content, folder / "m.onnx", trust=True).external == (folder / "../away/w.bin",)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "gone"}, "cannot be read"),
        ({"location": "folder"}, "not a file"),
        ({"location": "w.bin", "offset": "1"}, None),
        ({"location": "w.bin", "length": "25"}, "end before"),
        ({"location": "w.bin", "offset": "20", "length": "5"}, "end before"),
        ({"location": "w.bin", "offset": "-1"}, "offset or length.*'-1'"),
        ({"location": "w.bin", "length": "1e3"}, "offset or length"),
        ({"location": "w.bin", "length": "9" * 19}, "offset or length"),
    ],
)
def test_weights_that_are_not_there(entries: dict[str, str], message: str | None, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "folder").mkdir()
    content = placed("initializer", entries)
    if message is None:
        assert scan(content, tmp_path / "m.onnx").external
        return
    with pytest.raises(ModelFormatError, match=message):
        scan(content, tmp_path / "m.onnx")


def test_two_locations_of_one_tensor_are_refused(tmp_path: Path) -> None:
    """Readers differ in which they take."""
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    twice = write.tensor("w", WEIGHTS, {"location": "w.bin"})
    twice += write.field(13, write.field(1, "location") + write.field(2, "../w.bin"))
    with pytest.raises(ModelFormatError, match="two locations"):
        scan(write.model(write.graph([], tensors=[twice])), tmp_path / "m.onnx")


def test_compiled_contexts_are_refused() -> None:
    content = write.model(write.graph([write.node("EPContext", [], [], domain="com.microsoft")]))
    with pytest.raises(UntrustedModelError, match="compiled context"):
        scan(content)
    assert scan(content, trust=True).domains == ("com.microsoft",)


def nested(depth: int) -> bytes:
    content = write.graph([])
    for _ in range(depth):
        content = write.graph([write.node("If", [], [], write.attribute("then_branch", g=content))])
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no graph"),
        (b"\x00", "field number 0"),
        (b"\x0b", "wire type 3"),
        (b"\x08", "within a field"),
        (b"\x08" + b"\xff" * 11, "without an end"),
        (b"\x3a\xff\x01ab", "longer than what is left"),
        (b"\x09\x00", "longer than what is left"),
        (write.field(1, 8), "no graph"),
        (write.field(7, b""), "not those of a model"),
        (write.model(b"", write.field(7, b"")), "not those of a model"),
        (write.field(1, 8) + write.field(7, 3), "wire type 0 where 2"),
        (write.model(write.field(1, b"\x22\x02\xff\xfe")), "not UTF-8"),
        (write.model(write.graph([], [write.field(2, b"")])), "without a name"),
        (write.model(write.graph([], [write.value_info("x", ())] * 2)), "one name"),
        (write.model(write.graph([write.node("O" * 70000, [], [])])), "64 kB"),
        (write.model(nested(17)), "without end"),
        (b"PK\x03\x04 a zip file, or so", "not an ONNX file"),
    ],
)
def test_damaged_files_are_named(content: bytes, message: str) -> None:
    with pytest.raises(ModelFormatError, match=rf"^model\.onnx: .*{message}"):
        scan(content)


def test_graphs_within_graphs_are_read() -> None:
    assert scan(write.model(nested(16))).operators == {"If"}


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan_onnx(tmp_path / "gone.onnx")
    with pytest.raises(ModelFormatError, match="not a file"):
        scan_onnx(tmp_path)
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(ModelFormatError, match="empty"):
        scan_onnx(tmp_path / "empty.onnx")
    with pytest.raises(TypeError, match="scan_onnx: path must be a path"):
        scan_onnx(3)  # type: ignore[arg-type]
    with (tmp_path / "vast.onnx").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(ModelFormatError, match="more than an ONNX file can have"):
        scan_onnx(tmp_path / "vast.onnx")


def test_the_work_is_bounded() -> None:
    """Sixteen million fields of two bytes would take half a minute."""
    from imgproc.neural.protobuf import Reader

    reader = Reader(memoryview(b"\x08\x01" * 100), "m.onnx", fields=50)
    with pytest.raises(ModelFormatError, match="more fields than a model has"):
        list(reader.fields(0, 200))


def test_fuzz(tmp_path: Path) -> None:
    """Bytes changed, cut, doubled and inserted: found right, or one of the two errors."""
    rng = np.random.default_rng(8)
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    whole = (rich_model(), placed("branch", {"location": "w.bin", "length": "24"}), write.dense(WEIGHTS))
    outcomes = {ModelFormatError: 0, UntrustedModelError: 0, None: 0}
    for _ in range(3000):
        content = bytearray(whole[rng.integers(len(whole))])
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(content) + 1))
            kind = rng.choice(4, p=(0.94, 0.02, 0.02, 0.02))
            if kind == 0 and at < len(content):
                content[at] = rng.integers(256)
            elif kind == 1:
                del content[at : at + int(rng.integers(1, 9))]
            elif kind == 2:
                content[at:at] = content[at : at + 40]
            else:
                content[at:at] = rng.bytes(int(rng.integers(1, 9)))
        try:
            scan(bytes(content), tmp_path / "m.onnx")
            outcomes[None] += 1
        except (ModelFormatError, UntrustedModelError) as error:
            outcomes[type(error)] += 1
    assert all(count > 10 for count in outcomes.values()), outcomes
