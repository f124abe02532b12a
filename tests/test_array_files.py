"""Files of arrays: what is written comes back, and nothing else is believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imgproc._core.array_files import read_arrays, write_arrays


def test_round_trip(tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(6, dtype=np.int32).reshape(2, 3),
        "b": np.zeros((0, 4), np.float32),
        "c": np.array(3.5, np.float64),
        "d": np.arange(10, dtype=">i8")[::2],
        "e": np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
    }
    path = tmp_path / "a.bin"
    write_arrays(path, "a thing", 2, arrays, {"x": 1, "y": "ü"})
    found, values = read_arrays(path, "a thing", 2)
    assert values == {"x": 1, "y": "ü"}
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert np.array_equal(found[name], array) and found[name].shape == array.shape
        assert not found[name].flags.writeable or found[name].size == 0
        assert found[name].ctypes.data % 64 == 0 or found[name].size == 0
    with pytest.raises(FileExistsError):
        write_arrays(path, "a thing", 2, {}, {})
    write_arrays(path, "a thing", 2, {}, {}, overwrite=True)
    assert read_arrays(path, "a thing", 2) == ({}, {})


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_arrays(path, "a thing", 1, {"a": np.arange(100, dtype=np.int32)}, {})
    good = path.read_bytes()
    for kind, version, says in (("other", 1, "'a thing'"), ("a thing", 2, "version 1")):
        with pytest.raises(ValueError, match=says):
            read_arrays(path, kind, version)
    changes = {
        "begins otherwise": b"x" + good[1:],
        "within its header": good[:40],
        "within array": good[:-100],
        "no JSON": good.replace(b'{"kind"', b'{"kind', 1),
        "wrong dtype": good.replace(b'"i4"', b'"O8"'),
        "wrong dtype, shape": good.replace(b"[100]", b"[-10]"),
        "within array ": good.replace(b"[100]", b"[900]"),
        "shape or offset": good.replace(b'"offset": 0', b'"offset": 9'),
        "lacks arrays": good.replace(b'"arrays"', b'"brrays"'),
    }
    for says, content in changes.items():
        assert content != good
        path.write_bytes(content)
        with pytest.raises(ValueError, match=says.strip()):
            read_arrays(path, "a thing", 1)


def test_mutants_never_do_worse_than_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_arrays(
        path, "a thing", 1, {"a": np.arange(20, dtype=np.float32), "b": np.ones((3, 4))}, {"x": [1, 2]}
    )
    good = bytearray(path.read_bytes())
    random = np.random.default_rng(1)
    for _ in range(400):
        mutant = good.copy()
        for place in random.integers(0, 260, random.integers(1, 4)):
            mutant[place] = random.integers(0, 256)
        path.write_bytes(mutant[: random.integers(1, len(mutant) + 1)] if random.random() < 0.3 else mutant)
        try:
            arrays, _ = read_arrays(path, "a thing", 1)
        except ValueError as error:
            assert "a.bin" in str(error)
        else:
            assert all(np.asarray(array).sum() == array.sum() or array.size for array in arrays.values())
