"""Float maps: what is written is read, and damaged files are refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imgproc.io import ImageError, read_pfm, write_pfm

SAMPLES = np.arange(6, dtype="<f4").tobytes()
SOUND = b"Pf\n3 2\n-1.0\n" + SAMPLES


def test_what_is_written_is_read(tmp_path: Path, rng: np.random.Generator) -> None:
    for shape in ((1, 1), (5, 7), (4, 3, 3)):
        image = rng.normal(size=shape).astype(np.float32)
        image.flat[0] = np.inf
        write_pfm(tmp_path / "map.pfm", image[:, ::-1], overwrite=True)
        back = read_pfm(tmp_path / "map.pfm")
        assert back.dtype == np.float32 and back.dtype.isnative and np.array_equal(back, image[:, ::-1])
    with pytest.raises(FileExistsError):
        write_pfm(tmp_path / "map.pfm", image)


def test_the_lowest_row_comes_first_and_the_sign_tells_the_order_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "map.pfm"
    for content in (SOUND, b"Pf 3 2 1.0\n" + np.arange(6, dtype=">f4").tobytes()):
        path.write_bytes(content)
        assert np.array_equal(read_pfm(path), [[3, 4, 5], [0, 1, 2]])


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "no portable float map"),
        (b"P6\n3 2\n255\n", "no portable float map"),
        (b"Pf\n3 -2\n-1.0\n" + SAMPLES, "no portable float map"),
        (b"Pf\n3 2\n" + b" " * 200 + b"-1.0\n" + SAMPLES, "no portable float map"),
        (b"Pf\n0 2\n-1.0\n", "the header is damaged"),
        (b"Pf\n3 2\n0\n" + SAMPLES, "the header is damaged"),
        (b"Pf\n3 2\n1e999\n" + SAMPLES, "the header is damaged"),
        (b"Pf\n3 2\n-1-1\n" + SAMPLES, "the header is damaged"),
        (b"Pf\n999999999 999999999\n-1\n" + SAMPLES, "more than the limit"),
        (SOUND[:-1], "cut off"),
        (SOUND + b"\0", "longer than its header says"),
        (b"PF" + SOUND[2:], "cut off"),
    ],
)
def test_damaged_files(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "map.pfm"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=rf"map\.pfm: .*{sentence}"):
        read_pfm(path)


def test_every_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.pfm"
    for length in range(len(SOUND)):
        path.write_bytes(SOUND[:length])
        with pytest.raises(ImageError):
            read_pfm(path)


def test_what_is_no_map_or_no_path(tmp_path: Path) -> None:
    for image in (np.zeros((2, 2)), [[1.0]], np.zeros(3, np.float32), np.zeros((2, 2, 4), np.float32)):
        with pytest.raises((TypeError, ValueError), match=r"^write_pfm: image must be .*, got "):
            write_pfm(tmp_path / "map.pfm", image)
    with pytest.raises(TypeError, match=r"^read_pfm: path must be a path, got 3"):
        read_pfm(3)
    with pytest.raises(ImageError, match="it is not a file"):
        read_pfm(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        read_pfm(tmp_path / "none.pfm")
    (tmp_path / "map.pfm").write_bytes(SOUND)
    with pytest.raises(ImageError, match="more than the limit of 5"):
        read_pfm(tmp_path / "map.pfm", max_pixels=5)
