"""The pixels that a tree learns from, drawn from labelled depth images that need not fit in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .features import prepare_depth

MAX_PARTS = 255


@dataclass(eq=False)
class DepthStore:
    """Labelled depth images, cut to the body and kept in a scratch file that is mapped into memory."""

    depths: Array
    firsts: Array
    shapes: Array
    labels: Array
    first_labels: Array

    def __len__(self) -> int:
        return len(self.firsts)


def store_images(
    images: Sequence[Array], labels: Sequence[Array], folder: str | None, tick: Callable[[int, int], None]
) -> DepthStore:
    """Read every image once; bodies without a labelled pixel are kept as images without samples."""
    name = "DepthForest.fit"
    if len(images) != len(labels):
        must = f"as many as images ({len(images)})"
        raise wrong_value(name, "labels", must, Got(str(len(labels))))
    if len(images) == 0:
        raise wrong_value(name, "images", "at least one depth image", Got("none"))
    firsts, shapes, first_labels = [], [], []
    cells = label_bytes = 0
    with (
        tempfile.TemporaryFile(dir=folder, prefix="imgproc-") as depth_file,
        tempfile.TemporaryFile(dir=folder, prefix="imgproc-") as label_file,
    ):
        for number in range(len(images)):
            parts = labels[number]
            if not isinstance(parts, np.ndarray) or parts.dtype.kind not in "iu":
                raise wrong_type(name, f"labels[{number}]", "an (H, W) array of integers", parts)
            image = images[number]
            if not isinstance(image, np.ndarray) or parts.shape != image.shape:
                raise wrong_value(name, f"labels[{number}]", "of the shape of its image", parts)
            body = parts >= 0 if parts.dtype.kind == "i" else np.ones(parts.shape, bool)
            prepared, seen = prepare_depth(name, image, f"images[{number}]", body)
            if seen.any() and int(parts[seen].max()) >= MAX_PARTS:
                must = f"below {MAX_PARTS}"
                raise wrong_value(name, f"labels[{number}]", must, Got(str(int(parts[seen].max()))))
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            y0, y1 = (rows[0], rows[-1] + 1) if len(rows) else (0, 0)
            x0, x1 = (columns[0], columns[-1] + 1) if len(columns) else (0, 0)
            depth = prepared[1:].reshape(image.shape)[y0:y1, x0:x1]
            depth_file.write(prepared[:1].tobytes())
            depth_file.write(np.ascontiguousarray(depth).tobytes())
            cut = np.where(seen[y0:y1, x0:x1], parts[y0:y1, x0:x1], 255).astype(np.uint8)
            label_file.write(cut.tobytes())
            firsts.append(cells + 1)
            first_labels.append(label_bytes)
            shapes.append(depth.shape)
            cells += 1 + depth.size
            label_bytes += cut.size
            tick(number + 1, len(images))
        label_file.write(b"\xff")
        depth_file.flush()
        label_file.flush()
        # The maps keep the data; the names are gone already.
        depths = np.memmap(depth_file, np.float32, "r", 0, (cells,))
        stored = np.memmap(label_file, np.uint8, "r", 0, (label_bytes + 1,))
    return DepthStore(
        depths,
        np.array(firsts, np.int64),
        np.array(shapes, np.int32).reshape(-1, 2),
        stored,
        np.array(first_labels, np.int64),
    )


@dataclass(eq=False)
class Samples:
    """Pixels of a store: the image, place and label of each."""

    image: Array
    row: Array
    column: Array
    label: Array

    def __len__(self) -> int:
        return len(self.label)


def draw_samples(
    store: DepthStore, tree: int, pixels: int, bootstrap: bool, even: bool, seed: int
) -> Samples:
    """The pixels that one tree learns from: of each image of its bag as many as asked, or all that there are.

    With ``even`` the parts of an image get equal shares of its pixels, as far as they have any, so that hands weigh as
    much as the trunk.
    """
    count = len(store)
    bag = np.arange(count)
    if bootstrap:
        bag = np.random.default_rng([seed, tree, 0]).integers(0, count, count)
    times = np.bincount(bag, minlength=count)
    found: list[tuple[Array, Array, Array]] = []
    images: list[Array] = []
    for number in np.flatnonzero(times):
        height, width = store.shapes[number]
        first = store.first_labels[number]
        labels = store.labels[first : first + height * width]
        body = np.flatnonzero(labels != 255)
        wanted = min(int(times[number]) * pixels, len(body))
        if wanted == 0:
            continue
        random = np.random.default_rng([seed, tree, 1, int(number)])
        rank = random.permutation(len(body))
        if even:
            # Each part's pixels in random order; those that come early in their part come first.
            parts = labels[body]
            order = np.lexsort((rank, parts))
            sizes = np.bincount(parts)
            place = np.empty(len(body), np.int64)
            place[order] = np.arange(len(body)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            chosen = np.sort(body[np.lexsort((rank, place))[:wanted]])
        else:
            chosen = np.sort(body[rank[:wanted]])
        rows, columns = np.divmod(chosen, width)
        found.append((rows.astype(np.int16), columns.astype(np.int16), labels[chosen]))
        images.append(np.full(wanted, number, np.int32))
    if not found:
        raise wrong_value("DepthForest.fit", "labels", "of at least one body pixel with a depth", Got("none"))
    rows, columns, labels = (np.concatenate(part) for part in zip(*found, strict=True))
    return Samples(np.concatenate(images), rows, columns, labels)
