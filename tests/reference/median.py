"""Slow twins of the median filter: a sort for each window, and the construction of the comparator networks.

The median of n samples, n odd, is number n // 2 in ascending order; -0.0 stands before 0.0 and NaN last.
Batcher's odd-even merge: D. E. Knuth, The Art of Computer Programming 3, section 5.3.4. What the networks share
between neighbours: A. Adams, Fast median filters using separable sorting networks, ACM TOG 40 (2021).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Image = np.ndarray[Any, np.dtype[Any]]
Comparator = tuple[str, int, int]


def _order(value: Any) -> tuple[bool, float, bool]:
    number = float(value)
    return math.isnan(number), 0.0 if math.isnan(number) else number, math.copysign(1.0, number) > 0


def median_filter(image: Image, ry: int, rx: int, border: str = "reflect", fill: float = 0.0) -> Image:
    """Every channel on its own, alpha too."""
    pads = [(ry, ry), (rx, rx)] + [(0, 0)] * (image.ndim - 2)
    constant: dict[str, Any] = {"constant_values": fill} if border == "constant" else {}
    padded = np.pad(image, pads, border, **constant)  # type: ignore[call-overload]
    out = np.empty_like(image)
    for place in np.ndindex(image.shape):
        y, x, *channel = place
        window = padded[(slice(y, y + 2 * ry + 1), slice(x, x + 2 * rx + 1), *channel)]
        ordered = sorted(window.ravel(), key=_order)
        out[place] = ordered[len(ordered) // 2]
    return out


class Network:
    """Comparators (kind, i, j) on wires: "S" leaves the smaller on i and the larger on j."""

    def __init__(self) -> None:
        self.comparators: list[Comparator] = []

    def merge(self, a: list[int], b: list[int]) -> list[int]:
        """Batcher's merge of two sorted lists of wires; the wires in order."""
        if not a or not b:
            return a or b
        if len(a) == len(b) == 1:
            self.comparators.append(("S", a[0], b[0]))
            return a + b
        even, odd = self.merge(a[0::2], b[0::2]), self.merge(a[1::2], b[1::2])
        order = [even[0]]
        for low, high in zip(odd, even[1:], strict=False):
            self.comparators.append(("S", low, high))
            order += [low, high]
        return order + odd[len(even) - 1 :] + even[len(odd) + 1 :]

    def sort(self, wires: list[int]) -> list[int]:
        if len(wires) == 1:
            return wires
        half = len(wires) // 2
        return self.merge(self.sort(wires[:half]), self.sort(wires[half:]))

    def select(self, a: list[int], b: list[int], k: int) -> int:
        """Number k, from 1, of two sorted lists: the least of the larger of all pairs of numbers i and k - i."""
        candidates = []
        for i in range(max(0, k - len(b)), min(k, len(a)) + 1):
            if i and k - i:
                self.comparators.append(("S", a[i - 1], b[k - i - 1]))
            candidates.append(b[k - i - 1] if k - i else a[i - 1])
        for other in candidates[1:]:
            self.comparators.append(("S", candidates[0], other))
        return candidates[0]

    def needed(self, outputs: list[int]) -> list[Comparator]:
        """Without what no output reads: "L" keeps the smaller alone, "H" the larger."""
        live, kept = set(outputs), []
        for _, i, j in reversed(self.comparators):
            if i in live or j in live:
                kept.append(("S" if i in live and j in live else "L" if i in live else "H", i, j))
                live |= {i, j}
        return kept[::-1]


def networks() -> dict[str, tuple[list[Comparator], list[int]]]:
    """All networks of the kernel by name: comparators, and the wires of the outputs."""
    found: dict[str, tuple[list[Comparator], list[int]]] = {}

    def define(name: str, network: Network, outputs: list[int]) -> None:
        found[name] = network.needed(outputs), outputs

    # Rows are sorted; of 5 x 5 samples pairs of rows are merged, and two pairs to the six that can be the median.
    for side in (3, 5):
        network = Network()
        define(f"SORT_{side}", network, network.sort(list(range(side))))
    network = Network()
    define("MERGE_5_5", network, network.merge(list(range(5)), list(range(5, 10))))
    network = Network()
    define("MIDDLE_10_10", network, network.merge(list(range(10)), list(range(10, 20)))[7:13])
    network = Network()
    define("MEDIAN_6_5", network, [network.select(list(range(6)), list(range(6, 11)), 6)])
    # 7 x 7 and 9 x 9 samples: sorted columns without the one row, merged to pairs and to pairs of pairs.
    for radius, parts in ((3, (24, 12, 6)), (4, (32, 32, 8))):
        side, count = 2 * radius + 1, 2 * radius
        wires = list(range(8 * count))
        network = Network()
        define(f"SORT_{count}", network, network.sort(wires[:count]))
        for n in (count, 2 * count):
            network = Network()
            define(f"MERGE_{n}_{n}", network, network.merge(wires[:n], wires[n : 2 * n]))
        network, number, merged, dropped = Network(), side * side // 2 + 1, 0, 0
        order: list[int] = []
        wires = list(range(sum(parts)))
        for part in parts:
            order = network.merge(order, wires[merged : merged + part])
            merged += part
            # Of these, those below number - rest or above number cannot be the median of side² samples.
            rest = side * side - merged
            low, high = max(0, number - 1 - rest - dropped), number - dropped
            order, dropped = order[low:high], dropped + low
        define("MIDDLE_" + "_".join(map(str, parts)), network, order)
        network = Network()
        middle = len(order)
        row = network.sort(list(range(middle, middle + side)))
        define(f"MEDIAN_{middle}_{side}", network, [network.select(list(range(middle)), row, side + 1)])
    return found
