"""Files are whole or not there; nothing is replaced unasked; names of any kind; silent, lazy codecs."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from reference.image_files import sample

from imgproc._core.files import write_file
from imgproc.io import Picture, read_image, write_image

pytest.importorskip("cv2", "4.13")


def test_unicode_and_long_names(tmp_path: Path) -> None:
    picture = Picture(sample(np.uint8, (5, 6, 3)))
    deep = tmp_path / "données" / ("x" * 120) / ("日本語" * 20) / "🌄 space"
    deep.mkdir(parents=True)
    for name in ["é.png", "n" * 251 + ".png", " lead.png", "a\nb.png"]:
        write_image(deep / name, picture)
        np.testing.assert_array_equal(read_image(str(deep / name)).pixels, picture.pixels)
    assert sorted(os.listdir(deep)) == sorted(["é.png", "n" * 251 + ".png", " lead.png", "a\nb.png"])


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    one, two = (Picture(np.full((2, 2), value, np.uint8)) for value in (1, 2))
    write_image(path, one)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_image(path, two)
    assert read_image(path).pixels[0, 0] == 1
    path.chmod(0o640)
    write_image(path, two, overwrite=True)
    assert read_image(path).pixels[0, 0] == 2
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "real" / "a.png")
    write_image(link, Picture(np.zeros((2, 2), np.uint8)))
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.png").is_file()


def test_of_two_writers_of_one_new_file_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    start, outcomes = threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        try:
            write_file(path, bytes([number]) * 100_000)
            outcomes.append(number)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert path.read_bytes() == bytes(outcomes) * 100_000
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("moment", ["half written", "written", "named"])
def test_a_killed_writer_leaves_no_half_file(tmp_path: Path, moment: str, overwrite: bool) -> None:
    program = (
        "import builtins, os, signal, sys\n"
        "from imgproc._core import files\n"
        "path, moment, overwrite = sys.argv[1:]\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "def pieces():\n"
        "    yield b'new' * 100_000\n"
        "    if moment == 'half written': die()\n"
        "    yield b'new' * 100_000\n"
        "if moment == 'written': os.replace = os.link = die\n"
        "if moment == 'named': os.unlink = die\n"
        "real = builtins.open\n"
        "class File:\n"
        "    def __init__(self, *a): self.file = real(*a)\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *_): self.file.close()\n"
        "    def writelines(self, _):\n"
        "        for piece in pieces(): self.file.write(piece); self.file.flush()\n"
        "files.open = File\n"
        "files.write_file(path, overwrite=overwrite == 'True')\n"
    )
    path = tmp_path / "a.bmp"
    if overwrite:
        path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", program, path, moment, str(overwrite)], check=False)
    assert done.returncode == -signal.SIGKILL
    new = b"new" * 200_000
    after = new if moment == "named" else b"old" if overwrite else None
    assert (path.read_bytes() if path.exists() else None) == after
    parts = [other for other in tmp_path.iterdir() if other != path]
    assert all(part.name.startswith(".imgproc-") and part.suffix == ".part" for part in parts)
    if moment == "half written":
        assert [part.stat().st_size for part in parts] == [len(new) // 2]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    for function in ("replace", "link"):
        monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="no space"):
        write_image(tmp_path / "a.png", Picture(np.zeros((2, 2), np.uint8)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["missing", "file.txt"])
def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file.txt").touch()
    path = tmp_path / folder / "a.png"
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
        write_image(path, Picture(np.zeros((2, 2), np.uint8)))
    assert caught.value.filename == str(path)


def test_importing_loads_no_codecs() -> None:
    program = "import sys, imgproc.io; assert not {'cv2', 'PIL'} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_codecs_stay_silent_and_the_log_level_is_left_as_it_was() -> None:
    program = (
        "import io, sys, threading\n"
        "import cv2, numpy as np\n"
        "from imgproc.io import ImageError, Picture, encode_image, read_image\n"
        "log = cv2.utils.logging\n"
        "before = log.getLogLevel()\n"
        "good = encode_image(Picture(np.zeros((9, 9, 4), np.uint8)), 'tiff')\n"
        "bad = bytearray(good); bad[10:40] = b'x' * 30\n"
        "def work():\n"
        "    for _ in range(20):\n"
        "        read_image(good)\n"
        "        try: read_image(bytes(bad))\n"
        "        except ImageError: pass\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert log.getLogLevel() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
