"""OpenCV's XML of cascades: the format of ``opencv_traincascade``, and the older one of ``opencv_haartraining``."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.files import write_file
from .._core.xml import MAX_BYTES, XmlElement, parse_xml
from .model import Cascade

FUNCTION = "Cascade.load"
_INT = range(-(2**31), 2**31)


class _Reader:
    """Values of elements, with sentences that name the file, the line and the element."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.misspelt = False

    def refuse(self, element: Element, must: str, got: object) -> ValueError:
        return wrong_value(
            FUNCTION, f"{self.name}: line {getattr(element, 'line', 0)}: <{element.tag}>", must, Got(str(got))
        )

    def child(self, element: XmlElement, *tags: str) -> XmlElement:
        for tag in tags:
            found = element.find(tag)
            if isinstance(found, XmlElement):
                return found
        raise self.refuse(element, f"an element with <{tags[0]}> in it", f"{len(element)} others")

    def children(self, element: XmlElement, tag: str = "_") -> list[XmlElement]:
        for child in element:
            if child.tag != tag:
                raise self.refuse(child, f"<{tag}>", f"<{child.tag}>")
        if not len(element):
            raise self.refuse(element, "at least one element long", "none")
        return list(element)  # type: ignore[arg-type]

    def words(self, element: XmlElement) -> list[str]:
        return (element.text or "").split()

    def number(self, element: XmlElement, word: str) -> float:
        try:
            value = float(word) if "_" not in word else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(np.float32(value)) if abs(value) <= 3.4028235677973366e38 else True:
            raise self.refuse(element, "finite numbers of float32's range", repr(word[:40]))
        return value

    def integer(self, element: XmlElement, word: str) -> int:
        # OpenCV writes some integers as "12." and truncates what is no integer: we take the first only.
        text = word.removesuffix(".")
        digits = text[1:] if text[:1] in ("-", "+") else text
        if not (digits.isascii() and digits.isdigit() and len(digits) < 12 and int(text) in _INT):
            raise self.refuse(element, "32-bit integers", repr(word[:40]))
        return int(text)

    def integers(self, element: XmlElement, count: int) -> list[int]:
        words = self.words(element)
        if len(words) != count:
            raise self.refuse(element, f"{count} integers", f"{len(words)} words")
        return [self.integer(element, word) for word in words]


@dataclass(frozen=True)
class CascadeFile:
    """A cascade, and what its file says of itself."""

    cascade: Cascade
    old: bool
    """Written by ``opencv_haartraining``."""
    misspelt: bool
    """With the misspelt tag of scikit-image's file, for which OpenCV refuses it."""


def read_cascade(source: str | os.PathLike[str] | bytes | BinaryIO) -> Cascade:
    """See `Cascade.load`."""
    return read_cascade_file(source).cascade


def read_cascade_file(source: str | os.PathLike[str] | bytes | BinaryIO) -> CascadeFile:
    """The cascade as `Cascade.load` reads it, with the format that it was in."""
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        with open(source, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    elif isinstance(source, bytes | bytearray | memoryview):
        name, data = "the bytes given", bytes(source)
    elif hasattr(source, "read"):
        name, data = str(getattr(source, "name", "the file given")), source.read(MAX_BYTES + 1)
        if not isinstance(data, bytes):
            raise wrong_type(
                FUNCTION, "source", "a path, bytes or a binary file object", Got("a text file object")
            )
    else:
        raise wrong_type(FUNCTION, "source", "a path, bytes or a binary file object", source)
    root = parse_xml(FUNCTION, name, data)
    reader = _Reader(f"file {name}")
    if root.tag != "opencv_storage" or not len(root):
        raise reader.refuse(
            root, "<opencv_storage> with a cascade in it", f"<{root.tag}> of {len(root)} elements"
        )
    cascade = root[0]
    assert isinstance(cascade, XmlElement)
    kind = cascade.get("type_id")
    # Some of OpenCV's own files lack the type.
    if kind == "opencv-cascade-classifier" or (kind is None and cascade.find("stageType") is not None):
        return CascadeFile(_read_new(reader, cascade), False, reader.misspelt)
    if kind == "opencv-haar-classifier":
        return CascadeFile(_read_old(reader, cascade), True, False)
    raise reader.refuse(
        cascade, 'of type_id "opencv-cascade-classifier" or "opencv-haar-classifier"', repr(kind)
    )


class _Trees:
    """What both formats are read into."""

    def __init__(self) -> None:
        self.feature: list[int] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.node_thresholds: list[float] = []
        self.subsets: list[list[int]] = []
        self.leaves: list[float] = []
        self.first_node = [0]
        self.first_tree = [0]
        self.thresholds: list[float] = []

    def end_tree(self) -> None:
        self.first_node.append(len(self.feature))

    def end_stage(self, threshold: float) -> None:
        self.first_tree.append(len(self.first_node) - 1)
        self.thresholds.append(threshold)

    def cascade(self, reader: _Reader, features: Any, window: tuple[int, int], **arrays: Any) -> Cascade:
        return Cascade(
            features=features,
            window=window,
            node_feature=np.array(self.feature, np.int32),
            node_left=np.array(self.left, np.int32),
            node_right=np.array(self.right, np.int32),
            node_thresholds=np.array(self.node_thresholds if features == "haar" else [], np.float32),
            subsets=np.array(self.subsets, np.int64).astype(np.uint32).reshape(-1, 8),
            leaves=np.array(self.leaves, np.float32),
            first_node=np.array(self.first_node, np.int32),
            first_tree=np.array(self.first_tree, np.int32),
            thresholds=np.array(self.thresholds, np.float32),
            source=f"{FUNCTION}: {reader.name}",
            **arrays,
        )


def _read_new(reader: _Reader, cascade: XmlElement) -> Cascade:
    def word(tag: str) -> tuple[XmlElement, str]:
        element = reader.child(cascade, tag)
        return element, (element.text or "").strip()

    element, kind = word("stageType")
    if kind != "BOOST":
        raise reader.refuse(element, "BOOST", repr(kind[:40]))
    element, kind = word("featureType")
    if kind not in ("HAAR", "LBP"):
        raise reader.refuse(element, "HAAR or LBP", repr(kind[:40]))
    height, width = (reader.integers(reader.child(cascade, tag), 1)[0] for tag in ("height", "width"))
    # scikit-image ships a file with this tag misspelt.
    parameters = reader.child(cascade, "featureParams", "featuhreParams")
    reader.misspelt = parameters.tag != "featureParams"
    element = reader.child(parameters, "maxCatCount")
    categories = reader.integers(element, 1)[0]
    if categories != (256 if kind == "LBP" else 0):
        raise reader.refuse(element, "256 for LBP, 0 for HAAR", categories)
    trees = _Trees()
    stages = reader.children(reader.child(cascade, "stages"))
    number = cascade.find("stageNum")
    if isinstance(number, XmlElement) and reader.integers(number, 1)[0] != len(stages):
        raise reader.refuse(number, f"{len(stages)}, the number of stages", (number.text or "").strip()[:40])
    for stage in stages:
        for weak in reader.children(reader.child(stage, "weakClassifiers")):
            _read_tree(reader, weak, trees, kind == "LBP")
        element = reader.child(stage, "stageThreshold")
        trees.end_stage(reader.number(element, " ".join(reader.words(element))))
    features = reader.children(reader.child(cascade, "features"))
    if kind == "LBP":
        boxes = np.array([[reader.integers(reader.child(f, "rect"), 4)] for f in features], np.int32)
        return trees.cascade(
            reader, "lbp", (height, width), boxes=boxes, weights=np.empty((0, 3)), tilted=np.empty(0, bool)
        )
    return trees.cascade(reader, "haar", (height, width), **_haar_arrays(reader, features))


def _read_tree(reader: _Reader, weak: XmlElement, trees: _Trees, lbp: bool) -> None:
    element = reader.child(weak, "internalNodes")
    words, step = reader.words(element), 11 if lbp else 4
    if not words or len(words) % step:
        raise reader.refuse(element, f"nodes of {step} numbers", f"{len(words)} words")
    for at in range(0, len(words), step):
        left, right, feature = (reader.integer(element, word) for word in words[at : at + 3])
        trees.left.append(left)
        trees.right.append(right)
        trees.feature.append(feature)
        if lbp:
            trees.subsets.append([reader.integer(element, word) for word in words[at + 3 : at + 11]])
        else:
            trees.node_thresholds.append(reader.number(element, words[at + 3]))
    element = reader.child(weak, "leafValues")
    leaves = reader.words(element)
    if len(leaves) != len(words) // step + 1:
        raise reader.refuse(
            element, f"{len(words) // step + 1} values, one more than nodes", f"{len(leaves)}"
        )
    trees.leaves += [reader.number(element, word) for word in leaves]
    trees.end_tree()


def _haar_arrays(reader: _Reader, features: list[XmlElement]) -> dict[str, Any]:
    boxes = np.zeros((len(features), 3, 4), np.int32)
    weights = np.zeros((len(features), 3), np.float32)
    tilted = np.zeros(len(features), bool)
    for number, feature in enumerate(features):
        rectangles = reader.children(reader.child(feature, "rects"))
        if not 2 <= len(rectangles) <= 3:
            raise reader.refuse(feature, "a feature of 2 or 3 rectangles", f"{len(rectangles)}")
        for i, rectangle in enumerate(rectangles):
            words = reader.words(rectangle)
            if len(words) != 5:
                raise reader.refuse(rectangle, "x, y, width, height and weight", f"{len(words)} words")
            boxes[number, i] = [reader.integer(rectangle, word) for word in words[:4]]
            weights[number, i] = reader.number(rectangle, words[4])
            if weights[number, i] == 0:
                raise reader.refuse(rectangle, "of a weight other than 0", words[4][:40])
        element = feature.find("tilted")
        if isinstance(element, XmlElement):
            tilted[number] = reader.integers(element, 1)[0] != 0
    return {"boxes": boxes, "weights": weights, "tilted": tilted}


def _read_old(reader: _Reader, cascade: XmlElement) -> Cascade:
    width, height = reader.integers(reader.child(cascade, "size"), 2)
    trees = _Trees()
    features: list[XmlElement] = []
    for number, stage in enumerate(reader.children(reader.child(cascade, "stages"))):
        for tag, wanted in (("parent", number - 1), ("next", -1)):
            element = stage.find(tag)
            if isinstance(element, XmlElement) and reader.integers(element, 1)[0] != wanted:
                raise reader.refuse(
                    element,
                    f"{wanted}: stages in a row, no tree of stages",
                    (element.text or "").strip()[:40],
                )
        for tree in reader.children(reader.child(stage, "trees")):
            leaves = 0
            for node in reader.children(tree):
                features.append(reader.child(node, "feature"))
                trees.feature.append(len(features) - 1)
                element = reader.child(node, "threshold")
                trees.node_thresholds.append(reader.number(element, " ".join(reader.words(element))))
                for side, ways in (("left", trees.left), ("right", trees.right)):
                    element = reader.child(node, f"{side}_val", f"{side}_node")
                    if element.tag.endswith("_val"):
                        trees.leaves.append(reader.number(element, " ".join(reader.words(element))))
                        ways.append(-leaves)
                        leaves += 1
                    else:
                        ways.append(reader.integers(element, 1)[0])
                        if ways[-1] < 1:
                            raise reader.refuse(element, "a later node of the tree", ways[-1])
            if leaves != len(tree) + 1:
                raise reader.refuse(
                    tree, f"a tree of {len(tree)} nodes and {len(tree) + 1} leaves", f"{leaves} leaves"
                )
            trees.end_tree()
        element = reader.child(stage, "stage_threshold")
        trees.end_stage(reader.number(element, " ".join(reader.words(element))))
    return trees.cascade(reader, "haar", (height, width), **_haar_arrays(reader, features))


def _lines(c: Cascade) -> Iterator[str]:
    """The newer format. Nine digits give every float32 back."""
    lbp = c.features == "lbp"
    height, width = c.window
    weak = int(np.diff(c.first_tree).max())
    depth = 1 if len(c.first_node) - 1 == len(c.node_feature) else int(np.diff(c.first_node).max())
    yield '<?xml version="1.0"?>\n<opencv_storage>\n<cascade type_id="opencv-cascade-classifier">'
    yield f"  <stageType>BOOST</stageType>\n  <featureType>{'LBP' if lbp else 'HAAR'}</featureType>"
    yield f"  <height>{height}</height>\n  <width>{width}</width>"
    yield f"  <stageParams>\n    <maxDepth>{depth}</maxDepth>\n    <maxWeakCount>{weak}</maxWeakCount></stageParams>"
    yield f"  <featureParams>\n    <maxCatCount>{256 if lbp else 0}</maxCatCount></featureParams>"
    yield f"  <stageNum>{c.stages}</stageNum>\n  <stages>"
    for stage in range(c.stages):
        first, last = c.first_tree[stage : stage + 2]
        yield f"    <_>\n      <maxWeakCount>{last - first}</maxWeakCount>"
        yield f"      <stageThreshold>{c.thresholds[stage]:.9g}</stageThreshold>\n      <weakClassifiers>"
        for tree in range(first, last):
            nodes = []
            for n in range(c.first_node[tree], c.first_node[tree + 1]):
                test = (
                    " ".join(map(str, c.subsets[n].view(np.int32).tolist()))
                    if lbp
                    else f"{c.node_thresholds[n]:.9g}"
                )
                nodes.append(f"{c.node_left[n]} {c.node_right[n]} {c.node_feature[n]} {test}")
            leaves = c.leaves[c.first_node[tree] + tree : c.first_node[tree + 1] + tree + 1]
            yield f"        <_>\n          <internalNodes>\n            {' '.join(nodes)}</internalNodes>"
            yield f"          <leafValues>\n            {' '.join(f'{v:.9g}' for v in leaves)}</leafValues></_>"
        yield "      </weakClassifiers></_>"
    yield "  </stages>\n  <features>"
    for number, boxes in enumerate(c.boxes.tolist()):
        if lbp:
            yield f"    <_>\n      <rect>\n        {' '.join(map(str, boxes[0]))}</rect></_>"
            continue
        yield "    <_>\n      <rects>"
        for box, weight in zip(boxes, c.weights[number], strict=True):
            if weight:
                yield f"        <_>\n          {' '.join(map(str, box))} {weight:.9g}</_>"
        yield f"      </rects>\n      <tilted>{int(c.tilted[number])}</tilted></_>"
    yield "  </features></cascade>\n</opencv_storage>"


def cascade_text(cascade: Cascade) -> str:
    """The cascade as XML."""
    return "\n".join(_lines(cascade)) + "\n"


def write_cascade(cascade: Cascade, path: str | os.PathLike[str], overwrite: bool) -> None:
    """See `Cascade.save`."""
    write_file(path, cascade_text(cascade).encode(), overwrite=overwrite)
