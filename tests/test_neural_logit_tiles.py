"""Blended tiles: against sums over the whole map, row by row, and labels made of them."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation

from imgproc.neural import OutputMismatch, blend_logits, label_map, label_tiles
from imgproc.neural.logit_tiles import FLAG, SHAPE, WINDOW


def plan(shape: tuple[int, int], tile: tuple[int, int], step: tuple[int, int]) -> Any:
    """Tiles from left to right and from top to bottom, the last ones moved in."""
    starts = [
        sorted({min(start, length - side) for start in range(0, length, jump)})
        for length, side, jump in zip(shape, tile, step, strict=True)
    ]
    return np.array([(x, y, x + tile[1], y + tile[0]) for y in starts[0] for x in starts[1]])


def blended(tiles: Any, places: Any, shape: tuple[int, int], window: Any) -> Any:
    """The whole map, in float64."""
    sums, weights = np.zeros((len(tiles[0]), *shape)), np.zeros(shape)
    for tile, (x1, y1, x2, y2) in zip(tiles, places, strict=True):
        sums[:, y1:y2, x1:x2] += tile * window
        weights[y1:y2, x1:x2] += window
    return sums / weights


def windows(height: int, width: int, rng: np.random.Generator) -> dict[str, Any]:
    def outer(function: Any) -> Any:
        return np.array(
            [
                [function((y + 0.5) / height) * function((x + 0.5) / width) for x in range(width)]
                for y in range(height)
            ]
        )

    return {
        "flat": np.ones((height, width)),
        "hann": outer(lambda u: np.sin(np.pi * u) ** 2),
        "gaussian": outer(lambda u: np.exp(-0.5 * ((u - 0.5) * 8) ** 2)),
        "own": (0.1 + rng.random((height, width))).astype(np.float32),
    }


@pytest.mark.parametrize("name", ["flat", "hann", "gaussian", "own"])
@pytest.mark.parametrize(
    "shape, tile, step",
    [
        ((9, 14), (4, 6), (3, 4)),
        ((4, 6), (4, 6), (4, 6)),
        ((12, 5), (3, 5), (3, 1)),
        ((7, 9), (5, 4), (1, 1)),
    ],
)
def test_rows_are_those_of_the_whole_map(
    name: str, shape: tuple[int, int], tile: tuple[int, int], step: tuple[int, int], rng: np.random.Generator
) -> None:
    places = plan(shape, tile, step)
    tiles = rng.normal(size=(len(places), 3, *tile)).astype(np.float32)
    window = windows(*tile, rng)[name]
    expected = blended(tiles, places, shape, window)
    parts = list(blend_logits(iter(tiles), places, shape, window=window if name == "own" else name))
    at = 0
    for start, rows in parts:
        assert start == at and rows.dtype == np.float32
        at += rows.shape[1]
    np.testing.assert_allclose(np.concatenate([rows for _, rows in parts], axis=1), expected, atol=2e-6)
    # Rows come as soon as the next tile lies below them: never more of them than a tile is high.
    assert max(rows.shape[1] for _, rows in parts) <= tile[0]
    labels = label_tiles(tiles, places, shape, (31, 40), window=window if name == "own" else name)
    whole = np.concatenate([rows for _, rows in parts], axis=1)
    np.testing.assert_array_equal(labels, label_map(np.ascontiguousarray(whole), (31, 40)))


def test_tiles_are_taken_when_they_are_needed() -> None:
    taken = []

    def tiles() -> Any:
        for number in range(4):
            taken.append(number)
            yield np.ones((1, 2, 3), np.float32)

    places = np.array([[0, 2 * row, 3, 2 * row + 2] for row in range(4)])
    rows = blend_logits(tiles(), places, (8, 3))
    assert taken == []
    assert next(rows)[0] == 0 and taken == [0, 1]
    assert next(rows)[0] == 2 and taken == [0, 1, 2]


def test_tiles_of_several_sizes(rng: np.random.Generator) -> None:
    places = np.array([[0, 0, 3, 5], [2, 0, 7, 2], [3, 2, 7, 4], [1, 4, 7, 6], [0, 5, 3, 6]])
    tiles = [rng.normal(size=(2, y2 - y1, x2 - x1)).astype(np.float32) for x1, y1, x2, y2 in places]
    sums, counts = np.zeros((2, 6, 7)), np.zeros((6, 7))
    for tile, (x1, y1, x2, y2) in zip(tiles, places, strict=True):
        sums[:, y1:y2, x1:x2] += tile
        counts[y1:y2, x1:x2] += 1
    found = np.concatenate([rows for _, rows in blend_logits(tiles, places, (6, 7))], axis=1)
    np.testing.assert_allclose(found, sums / counts, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (9, 14), (27, 41), (100, 14)])
@pytest.mark.parametrize("align_corners", [False, True])
def test_labels_of_any_shape(
    shape: tuple[int, int], align_corners: bool, level: str, rng: np.random.Generator
) -> None:
    places = plan((9, 14), (4, 6), (2, 4))
    tiles = rng.normal(size=(len(places), 3, 4, 6)).astype(np.float32)
    whole = np.concatenate([rows for _, rows in blend_logits(tiles, places, (9, 14))], axis=1)
    out = np.empty(shape, np.uint8)
    labels = label_tiles(tiles, places, (9, 14), shape, align_corners=align_corners, out=out)
    assert labels is out
    np.testing.assert_array_equal(labels, label_map(whole, shape, align_corners=align_corners))


@pytest.mark.parametrize("function", [blend_logits, label_tiles], ids=lambda function: function.__name__)
def test_documentation(function: Any) -> None:
    documented = inspect.getdoc(function) or ""
    for name in inspect.signature(function).parameters:
        assert f"{name} : " in documented or f"{name}, " in documented or f", {name}\n" in documented, name
    doc = SimpleNamespace(__doc__=documented.replace("\nYields\n---", "\nReturns\n---"))
    operation = SimpleNamespace(function=doc, name=function.__name__, arguments=())
    check_documentation(operation)  # type: ignore[arg-type]


def test_refusals() -> None:
    places = np.array([[0, 0, 2, 2], [2, 0, 4, 2]])
    tiles = list(np.zeros((2, 3, 2, 2), np.float32))

    def blend(tiles: Any = tiles, places: Any = places, shape: Any = (2, 4), **options: Any) -> Any:
        return list(blend_logits(tiles, places, shape, **options))

    def label(
        tiles: Any = tiles, places: Any = places, grid: Any = (2, 4), shape: Any = (4, 8), **options: Any
    ) -> Any:
        return label_tiles(tiles, places, grid, shape, **options)

    for function, name in ((blend, "blend_logits"), (label, "label_tiles")):
        for bad in (
            places.tolist(),
            places.astype(float),
            places[0],
            places[:, :3],
            places[:0],
            places - 1,
            places + 1,
            places[:, ::-1],
            places[:1],
            np.array([[2, 0, 4, 2], [0, 1, 2, 2]]),
            np.array([[0, 1, 4, 2], [0, 0, 4, 2]]),
        ):
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: places must be .*, got "):
                function(places=bad)
        for few in (tiles[:1], [], tiles * 2):
            with pytest.raises(ValueError, match=rf"^{name}: tiles must be 2, one for each place, got "):
                function(tiles=few)
        for wrong in (tiles[1][0], tiles[1][:2], tiles[1][:, :1], tiles[1].astype(float), None):
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: tiles\[1\] must be .*, got "):
                function(tiles=[tiles[0], wrong])
        for value in WINDOW.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: window must be .*, got "):
                function(window=value)
        with pytest.raises(ValueError, match=rf"^{name}: window must be of shape \(2, 2\), as the tiles are"):
            function(window=np.ones((2, 3), np.float32))
        for value in SHAPE.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^{name}: \S+ must be .*, got "):
                function(**{"shape" if function is blend else "grid": value})
    for name, constraint in (("shape", SHAPE), ("align_corners", FLAG)):
        for value in constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^label_tiles: {name}\S* must be .*, got "):
                label(**{name: value})
    with pytest.raises(ValueError, match=r"^label_tiles: out must be "):
        label(out=np.zeros((4, 9), np.int32))
    with pytest.raises(OutputMismatch, match=r"^label_tiles: tiles must be finite, got nan"):
        label(tiles=[tiles[0], np.full_like(tiles[0], np.nan)])
