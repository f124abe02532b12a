"""Tone: histograms, tables, equalisation, contrast stretching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, another_rule, case, equal, photograph, within
from .rivals import PILLOW, SKIMAGE, cv2


def cases(size: str) -> Iterator[Case]:
    yield from _gamma(size)
    yield from _histogram(size)
    yield from _equalize(size)
    yield from _clahe(size)
    yield from _autocontrast(size)


def _gamma(size: str) -> Iterator[Case]:
    for dtype in (np.uint8, np.uint16):
        top = np.iinfo(dtype).max
        for channels, label in ((1, "gray"), (3, "RGB")):
            image = photograph(size, channels=channels, dtype=dtype)
            out = np.empty_like(image)

            def peer(image: Array = image, out: Array = out, top: int = top, dtype: Any = dtype) -> Array:
                table = np.rint(top * (np.arange(top + 1) / top) ** 0.8).astype(dtype)
                return cv2.LUT(image, table, dst=out)

            yield case(
                f"gamma {np.dtype(dtype)} {label}",
                size,
                image,
                out,
                lambda image=image, out=out: imgproc.gamma_correct(image, 0.8, out=out),
                equal,
                opencv=peer,
            )
    image = photograph(size, channels=1, dtype=np.float32)
    out = np.empty_like(image)
    yield case(
        "gamma float32 gray",
        size,
        image,
        out,
        lambda: imgproc.gamma_correct(image, 0.8, out=out),
        within(1e-6),
        opencv=lambda: cv2.pow(image, 0.8, dst=out),
        numpy=lambda: np.power(image, np.float32(0.8), out=out),
    )
    yield from _tables(size)


def _tables(size: str) -> Iterator[Case]:
    """The pass that applies tables, without the statistics: curved ones and straight ones."""
    from imgproc._core.tables import apply_tables, quantize

    value = np.arange(256.0)
    curved = [quantize(255 * (value / 255) ** power, np.dtype(np.uint8)) for power in (0.6, 0.8, 1.3)]
    straight = [
        quantize((value - low) * 255 / (high - low), np.dtype(np.uint8))
        for low, high in ((9, 240), (20, 200), (3, 250))
    ]
    for label, three in (("curved", curved), ("straight", straight)):
        image = photograph(size)
        out = np.empty_like(image)
        tables = np.stack(three)
        interleaved = np.ascontiguousarray(tables.T)[None]
        yield case(
            f"three tables uint8 RGB, {label}",
            size,
            image,
            out,
            lambda image=image, out=out, tables=tables: apply_tables(image, tables, out),
            equal,
            opencv=lambda image=image, out=out, table=interleaved: cv2.LUT(image, table, dst=out),
        )
        gray = photograph(size, channels=1)
        gray_out = np.empty_like(gray)
        yield case(
            f"one table uint8 gray, {label}",
            size,
            gray,
            gray_out,
            lambda image=gray, out=gray_out, table=tables[:1]: apply_tables(image, table, out),
            equal,
            opencv=lambda image=gray, out=gray_out, table=tables[0]: cv2.LUT(image, table, dst=out),
            numpy=lambda image=gray, out=gray_out, table=tables[0]: np.take(
                table, image, out=out, mode="clip"
            ),
        )


def _histogram(size: str) -> Iterator[Case]:
    height, width = SIZES[size]
    noise = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    for label, image in (
        ("photo", photograph(size, channels=1)),
        ("noise", noise),
        ("constant", np.full((height, width), 99, np.uint8)),
    ):
        yield case(
            f"histogram uint8 {label}",
            size,
            image,
            None,
            lambda image=image: imgproc.histogram(image),
            equal,
            opencv=lambda image=image: cv2.calcHist([image], [0], None, [256], [0, 256]).ravel(),
            numpy=lambda image=image: np.bincount(image.ravel(), minlength=256),
        )
    image = photograph(size)
    yield case(
        "histogram uint8 RGB",
        size,
        image,
        None,
        lambda: imgproc.histogram(image),
        equal,
        opencv=lambda: np.stack(
            [cv2.calcHist([image], [c], None, [256], [0, 256]).ravel() for c in range(3)]
        ),
    )
    deep = photograph(size, channels=1, dtype=np.uint16)
    yield case(
        "histogram uint16 photo",
        size,
        deep,
        None,
        lambda: imgproc.histogram(deep, bins=None),
        equal,
        opencv=lambda: cv2.calcHist([deep], [0], None, [65536], [0, 65536]).ravel(),
        numpy=lambda: np.bincount(deep.ravel(), minlength=65536),
    )


def _equalize(size: str) -> Iterator[Case]:
    image = photograph(size, channels=1)
    out = np.empty_like(image)
    yield case(
        "equalize uint8 gray",
        size,
        image,
        out,
        lambda: imgproc.equalize_histogram(image, out=out),
        equal,
        opencv=lambda: cv2.equalizeHist(image, dst=out),
    )
    deep = photograph(size, channels=1, dtype=np.uint16)
    deep_out = np.empty_like(deep)

    def parts() -> Array:
        counts = cv2.calcHist([deep], [0], None, [65536], [0, 65536]).ravel().astype(np.int64)
        cdf = np.cumsum(counts)
        smallest = cdf[np.flatnonzero(counts)[0]]
        table = np.rint(np.maximum(cdf - smallest, 0) * 65535 / (cdf[-1] - smallest)).astype(np.uint16)
        return cv2.LUT(deep, table, dst=deep_out)

    yield case(
        "equalize uint16 gray",
        size,
        deep,
        deep_out,
        lambda: imgproc.equalize_histogram(deep, out=deep_out),
        equal,
        opencv=parts,
    )
    if SKIMAGE:
        from skimage.exposure import equalize_hist

        yield case(
            "equalize uint16 gray (scikit-image's definition)",
            size,
            deep,
            deep_out,
            lambda: imgproc.equalize_histogram(deep, out=deep_out),
            # Its result is float64 from bin centres with the first bin not subtracted: another rule by design.
            lambda ours, rival: another_rule(ours, np.uint16(np.rint(65535 * rival))),
            skimage=lambda: equalize_hist(deep, nbins=65536),
        )


def _clahe(size: str) -> Iterator[Case]:
    # cv2's interpolation weights are float32; ours are fixed-point: one level apart at most.
    for dtype, share in ((np.uint8, 0.02), (np.uint16, 1.0)):
        image = photograph(size, channels=1, dtype=dtype)
        out = np.empty_like(image)
        filter_ = cv2.createCLAHE(2.0, (8, 8)) if cv2 else None
        yield case(
            f"CLAHE {np.dtype(dtype)} gray 8x8",
            size,
            image,
            out,
            lambda image=image, out=out: imgproc.clahe(image, clip_limit=2.0, tiles=(8, 8), out=out),
            within(1, share),
            opencv=lambda image=image, out=out, filter_=filter_: filter_.apply(image, dst=out),
        )


def _autocontrast(size: str) -> Iterator[Case]:
    gray = photograph(size, channels=1)
    gray_out = np.empty_like(gray)
    image = photograph(size)
    out = np.empty_like(image)

    def stretch_table(channel: Array, index: int) -> Array:
        counts = cv2.calcHist([channel], [index], None, [256], [0, 256]).ravel().astype(np.int64)
        cut = int(counts.sum()) // 100
        low = int(np.searchsorted(np.cumsum(counts), cut, side="right"))
        high = 255 - int(np.searchsorted(np.cumsum(counts[::-1]), cut, side="right"))
        return np.clip(np.rint((np.arange(256) - low) * 255 / (high - low)), 0, 255).astype(np.uint8)

    def by_pillow(array: Array) -> Callable[[], Array] | None:
        if not PILLOW:
            return None
        from PIL import Image, ImageOps

        picture = Image.fromarray(array)
        return lambda: np.asarray(ImageOps.autocontrast(picture, cutoff=1))

    # Pillow truncates where we round: one level.
    yield case(
        "autocontrast uint8 gray, cutoff 1",
        size,
        gray,
        gray_out,
        lambda: imgproc.autocontrast(gray, cutoff=1, out=gray_out),
        within(1),
        opencv=lambda: cv2.LUT(gray, stretch_table(gray, 0), dst=gray_out),
        pillow=by_pillow(gray),
    )

    def each() -> Array:
        tables = np.stack([stretch_table(image, c) for c in range(3)], axis=-1)[None]
        return cv2.LUT(image, tables, dst=out)

    yield case(
        "autocontrast uint8 RGB each, cutoff 1",
        size,
        image,
        out,
        lambda: imgproc.autocontrast(image, cutoff=1, channel="each", out=out),
        within(1),
        opencv=each,
        pillow=by_pillow(image),
    )

    def by_yuv() -> Array:
        yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV)
        y = cv2.extractChannel(yuv, 0)
        cv2.insertChannel(cv2.LUT(y, stretch_table(y, 0)), yuv, 0)
        return cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB, dst=out)

    yield case(
        "autocontrast uint8 RGB luma, cutoff 1",
        size,
        image,
        out,
        lambda: imgproc.autocontrast(image, cutoff=1, out=out),
        # The way through 8-bit U and V rounds three times.
        within(9),
        opencv=by_yuv,
    )
