"""Reading real and hostile files: PngSuite, orientation flags, sample pictures, fuzzers' finds, mutations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imgproc.io import ImageError, encode_image, read_image

pytest.importorskip("cv2", "4.13")
resource = pytest.importorskip("resource", reason="memory limits need POSIX")

# Reads each file named on stdin within limits that the parent set, one JSON line per file.
READER = """
import json, resource, sys, time
import numpy as np
from imgproc.io import ImageError, read_image
for line in sys.stdin:
    name = line.rstrip("\\n")
    start = time.perf_counter()
    try:
        picture = read_image(name)
        outcome = [picture.format, list(picture.pixels.shape), str(picture.pixels.dtype)]
        assert picture.pixels.size and picture.pixels.dtype in (np.uint8, np.uint16, np.float32)
    except ImageError as error:
        assert name in str(error) and error.cause, error
        outcome = str(error)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([name, outcome, time.perf_counter() - start, memory]), flush=True)
"""


def read_in_child(names: list[Path], *, memory: int = 2**31, seconds: int = 60) -> list[list[object]]:
    """What a child process makes of files under limits of address space and of processor time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run(
        [sys.executable, "-c", READER],
        input="".join(f"{name}\n" for name in names),
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=limit,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    last = names[len(rows)] if len(rows) < len(names) else "the end"
    assert done.returncode == 0, f"the reader ended with {done.returncode} at {last}: {done.stderr[-2000:]}"
    return rows


def test_pngsuite_decodes_to_its_stated_values(data: Path) -> None:
    expected = np.load(data / "pngsuite" / "expected_rgba.npz")
    good = 0
    for path in sorted((data / "pngsuite" / "png").glob("*.png")):
        if path.stem not in expected:
            with pytest.raises(ImageError, match=path.name):
                read_image(path)
            continue
        pixels = read_image(path).pixels
        whole = np.iinfo(pixels.dtype).max
        if pixels.ndim == 2:
            pixels = np.dstack([pixels] * 3)
        if pixels.shape[2] == 3:
            pixels = np.dstack([pixels, np.full(pixels.shape[:2], whole, pixels.dtype)])
        np.testing.assert_array_equal(pixels, expected[path.stem], err_msg=path.name)
        good += 1
    assert good > 40


def test_pngsuite_survives_every_lossless_format(data: Path) -> None:
    for path in sorted((data / "pngsuite" / "png").glob("*.png")):
        if path.name.startswith("x"):
            continue
        picture = read_image(path)
        for format in ("png", "tiff"):
            back = read_image(encode_image(picture, format))
            np.testing.assert_array_equal(back.pixels, picture.pixels, err_msg=f"{path.name} as {format}")
            assert (back.exif, back.icc, back.xmp) == (picture.exif, picture.icc, picture.xmp)


def test_all_orientation_flags_show_one_photograph(data: Path) -> None:
    pictures = {
        path.stem[-1]: read_image(path) for path in sorted((data / "exif_orientation").glob("*_?.jpg"))
    }
    first = pictures["1"].pixels

    def small(pixels: np.ndarray) -> np.ndarray:
        rows, columns = pixels.shape[0] // 60, pixels.shape[1] // 90
        cut = pixels[: rows * 60, : columns * 90].astype(np.float64).mean(axis=2)
        return cut.reshape(60, rows, 90, columns).mean(axis=(1, 3))

    for flag, picture in pictures.items():
        assert picture.pixels.shape == first.shape
        if flag != "0":
            # the files' README states this bound for files compressed one by one
            assert np.abs(small(picture.pixels) - small(first)).mean() < 0.5


def test_sample_pictures_agree_with_another_decoder(data: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    seen = 0
    for path in sorted((data / "images_samples").iterdir()):
        if path.suffix not in (".png", ".jpg", ".tif", ".tiff") or path.name == "truncated.jpg":
            continue
        pixels = read_image(path).pixels
        with image.open(path) as other:
            wanted = np.asarray(other.convert("RGB") if other.mode == "P" else other)
        if path.suffix == ".jpg":
            # both use libjpeg-turbo, whose versions differ by rounding in fancy upsampling
            assert np.abs(pixels.astype(int) - wanted).max() <= 3, path.name
        else:
            np.testing.assert_array_equal(pixels, wanted.astype(pixels.dtype), err_msg=path.name)
        seen += 1
    assert seen >= 10
    with pytest.raises(ImageError, match=r"truncated\.jpg: .*truncated"):
        read_image(data / "images_samples" / "truncated.jpg")


def test_hostile_files_give_a_picture_or_a_sentence(data: Path) -> None:
    names = sorted((data / "robustness_images").iterdir())
    for name, outcome, seconds, memory in read_in_child(names):
        assert seconds < 20, (name, outcome)  # a hang, not a benchmark
        assert memory < 2**20, (name, outcome)  # KiB


def mutations(content: bytes, count: int, generator: np.random.Generator) -> list[bytes]:
    """Copies with a few bytes changed, most of them in the header or the trailer, or cut off."""
    results = []
    for _ in range(count):
        changed = bytearray(content)
        if generator.random() < 0.2:
            results.append(bytes(changed[: generator.integers(len(changed))]))
            continue
        for _ in range(generator.choice([1, 1, 2, 4, 16])):
            places = [len(changed), min(len(changed), 80), len(changed)]
            kind = generator.integers(3)
            at = int(generator.integers(places[kind]))
            if kind == 2:
                at = len(changed) - 1 - at % min(len(changed), 300)
            changed[at] = generator.choice([0, 255, 127, 128, generator.integers(256)])
        results.append(bytes(changed))
    return results


def test_mutated_files_give_a_picture_or_a_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    from imgproc.io import Picture

    exif = b"II*\0\x08\0\0\0\2\0\x0f\1\2\0\4\0\0\0abc\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    gray = rng.integers(0, 256, (23, 31), np.uint8)
    pictures = [
        Picture(gray, exif=exif),
        Picture(np.dstack([gray] * 3), exif=exif, xmp=b"<x/>", dpi=(72.0, 72.0)),
        Picture(np.dstack([gray] * 4).astype(np.uint16) * 257, exif=exif),
        Picture(np.dstack([gray] * 3) / np.float32(255)),
    ]
    names = []
    for format in ("jpeg", "png", "tiff", "webp", "bmp", "ppm"):
        for number, picture in enumerate(pictures):
            try:
                content = encode_image(picture, format)
            except ImageError:
                continue
            for turn, changed in enumerate(mutations(content, 60, rng)):
                names.append(tmp_path / f"{format}-{number}-{turn}")
                names[-1].write_bytes(changed)
    for name, outcome, seconds, memory in read_in_child(names):
        assert seconds < 20, (name, outcome)
        assert memory < 2**20, (name, outcome)
