"""The cascade itself: stages of boosted trees over rectangle features, checked when it is made."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import numpy as np

from .._core.images import Array
from .._core.parameters import Choice
from .arrays import check_cascade
from .detection import MIN_NEIGHBORS, SCALE_FACTOR, SIZE, STEP, Size, find_objects

if TYPE_CHECKING:
    from ..detections import Detections

DEFAULT = Choice(("frontalface",))
"""The cascades that ship with the package, as `data/NAME.xml`."""

STAGE_ALLOWANCE = np.float32(1e-5)
"""By how much a sum of votes may miss its stage's threshold, in OpenCV as here."""


@dataclass(frozen=True, eq=False)
class Cascade:
    """A boosted cascade of rectangle features (Viola, Jones): a window passes where it passes every stage.

    Made by `load`, or from its arrays; they are read-only, and one object serves any number of threads.

    Attributes
    ----------
    features : {"haar", "lbp"}
        Weighted sums of 2 or 3 upright or tilted rectangles, or local binary patterns of 3 by 3 blocks.
    window : (int, int)
        Height and width of the window in pixels.
    boxes : (F, 3, 4) or (F, 1, 4) array of int32
        ``x, y, width, height`` of each feature's rectangles (zeros where there is no third), or of the first block
        of an LBP feature. A tilted rectangle has its topmost corner at (x, y) and extends down to both sides.
    weights : (F, 3) array of float32
        Of the rectangles; empty for LBP.
    tilted : (F,) array of bool
        Whether a feature is turned by 45 degrees; empty for LBP.
    node_feature, node_left, node_right : (N,) arrays of int32
        The feature that a node of a tree tests, and where it goes: to a later node of the tree if > 0, else to the leaf
        with that number, negated.
    node_thresholds : (N,) array of float32
        Haar features below it go left; empty for LBP.
    subsets : (N, 8) array of uint32
        LBP codes go left whose bit is set; empty for Haar.
    leaves : (L,) array of float32
        Values of the trees, one more than nodes for each tree.
    first_node, first_tree : (T + 1,) and (S + 1,) arrays of int32
        Where the nodes of each tree and the trees of each stage begin.
    thresholds : (S,) array of float32
        A stage passes where its leaves sum to this, less the 1e-5 that OpenCV allows.
    """

    features: Literal["haar", "lbp"]
    window: tuple[int, int]
    boxes: Array
    weights: Array
    tilted: Array
    node_feature: Array
    node_left: Array
    node_right: Array
    node_thresholds: Array
    subsets: Array
    leaves: Array
    first_node: Array
    first_tree: Array
    thresholds: Array
    source: str = field(default="Cascade", repr=False)
    stage_limits: Array = field(init=False, repr=False)
    stage_slack: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            array = np.array(getattr(self, name), dtype, order="C")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        check_cascade(self)
        # OpenCV's allowance, in its arithmetic; and how far a float32 sum of a stage's leaves may be off.
        largest = np.maximum.reduceat(
            np.abs(self.leaves), self.first_node[:-1] + np.arange(len(self.first_node) - 1)
        )
        total = np.add.reduceat(largest.astype(np.float64), self.first_tree[:-1])
        limits = self.thresholds - STAGE_ALLOWANCE
        slack = (total + np.abs(limits)) * (np.diff(self.first_tree) + 2) * 2.0**-23
        object.__setattr__(self, "stage_limits", limits)
        object.__setattr__(self, "stage_slack", np.nextafter(slack.astype(np.float32), np.float32(np.inf)))

    @staticmethod
    def load(source: str | os.PathLike[str] | bytes | BinaryIO) -> Cascade:
        """Read a cascade from OpenCV's XML, of either format.

        Parameters
        ----------
        source : path, bytes or binary file object
            What ``opencv_traincascade`` or the older ``opencv_haartraining`` wrote: Haar features, upright and tilted,
            in stumps or trees, and LBP features. Gzipped files are not read.

        Returns
        -------
        Cascade

        Raises
        ------
        OSError
            The file cannot be read.
        ValueError
            What was read is no such cascade; the sentence names the line and the element.

        Notes
        -----
        Every index and every rectangle is checked, and document types and entities are refused, so a file from a
        stranger can do no harm. Cascades of HOG features and old files whose stages form a tree are refused: OpenCV 4
        reads neither rightly.

        Examples
        --------
        >>> import imgproc
        >>> cascade = imgproc.cascade.Cascade.load("haarcascade_frontalface_default.xml")  # doctest: +SKIP
        >>> cascade.window, cascade.stages  # doctest: +SKIP
        ((24, 24), 25)
        """
        from .opencv_xml import read_cascade

        return read_cascade(source)

    @staticmethod
    def default(name: str) -> Cascade:
        """Read a cascade that ships with the package.

        Parameters
        ----------
        name : {"frontalface"}
            Upright faces that look at the camera, from 20 pixels; what it was trained from and how well it does is told
            in ``MODEL_CARD.md`` beside its file.

        Returns
        -------
        Cascade

        Raises
        ------
        TypeError
            The name is no string.
        ValueError
            There is no such cascade; the sentence lists those there are.

        Notes
        -----
        Most faces are found with ``min_neighbors=1`` and a threshold on the score: about 5.5 for one false positive in
        ten photographs, 7 for one in thirty.

        Examples
        --------
        >>> import numpy as np, imgproc
        >>> faces = imgproc.cascade.Cascade.default("frontalface")
        >>> found = faces.detect(np.zeros((480, 640), np.uint8), min_neighbors=1).filter(min_score=5.5)
        >>> len(found)
        0
        """
        from importlib import resources

        name = DEFAULT.check("Cascade.default", "name", name)
        return Cascade.load(resources.files("imgproc.cascade").joinpath(f"data/{name}.xml").read_bytes())

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the cascade as XML that OpenCV 2.4 to 4 load, and that gives the same detections there.

        The file appears whole or not at all. Numbers are written with the digits that give the same float32 back.

        Parameters
        ----------
        path : path
            Where to write.
        overwrite : bool, default False
            Whether an existing file may be replaced.

        Raises
        ------
        FileExistsError
            The file exists and ``overwrite`` is false.
        OSError
            It cannot be written; what was there before is then untouched.
        """
        from .opencv_xml import write_cascade

        write_cascade(self, path, overwrite)

    def detect(
        self,
        image: Array,
        *,
        scale_factor: Annotated[float, SCALE_FACTOR] = 1.1,
        min_neighbors: Annotated[int, MIN_NEIGHBORS] = 3,
        min_size: Annotated[Size, SIZE] = None,
        max_size: Annotated[Size, SIZE] = None,
        step: Annotated[int | None, STEP] = None,
        mask: Array | None = None,
        stage_counts: Array | None = None,
    ) -> Detections:
        """Find the objects in an image, with a score for each.

        Parameters
        ----------
        image : (H, W[, C]) array of uint8, uint16 or float32
            Gray, RGB or RGBA. Cascades look at 8-bit luma: colours are turned into it, 16 bits and the range [0, 1] of
            float32 rounded to it; NaN counts as 0.
        scale_factor : float, default 1.1
            From one size of window to the next, > 1. Smaller finds more and takes longer.
        min_neighbors : int, default 3
            Groups of more windows than this are objects, >= 0. With 0 every window is given as it was found.
        min_size, max_size : int or (int, int), optional
            Height and width of the smallest and largest objects, in pixels. Where no size of window lies between them,
            the one nearest to ``min_size`` is looked for.
        step : int, optional
            From one window to the next, 1 to 64, in pixels of the image at the size at which it is searched. By
            default 2, and 1 where windows are at least twice the cascade's, as in OpenCV.
        mask : (H, W) array of bool or uint8, optional
            Only windows whose middle lies where it is true are looked at.
        stage_counts : (stages + 1,) array of int64, optional
            How early windows drop out: to each entry the number of windows that enter that stage is added, to the last
            the number that pass all of them, before grouping. Zeros at first; of several images the counts add up.

        Returns
        -------
        Detections
            Highest score first. ``counts`` are the numbers of windows merged; labels are 0. Empty where the image is
            smaller than the window; one that is as large as the window is looked at once.

        Raises
        ------
        TypeError
            Wrong kind of array or number.
        ValueError
            Wrong shape, or a number out of range.

        Notes
        -----
        The image is made smaller step by step (bilinear, weights of 8 bits), and the cascade's window laid over it
        everywhere; windows that pass every stage are grouped by `group_boxes` and clipped to the image. The windows are
        those of ``cv2.CascadeClassifier`` of OpenCV 4, bit for bit: the same scaled images, sums, float32 products and
        comparisons, and like it, the window after one that fails the first stage is not looked at. The one difference
        is the last row of windows at scales below 2, which OpenCV leaves out where the number of rows is odd.

        The score is ``m + ln(n)``, m the greatest margin by which one of the group's n windows passes the last stage
        (its sum of votes minus the threshold) and n their number: both grow with the odds that there is an object.
        Scores are comparable between images for one cascade and one choice of parameters; a threshold on them gives
        the detector's ROC.

        Time is about that of 3 to 5 tests of rectangle features for each window; memory a few MB for each thread,
        whatever the size of the image. Results are the same bits for any number of threads and instruction set, and
        one cascade may be used by many threads at once.

        References
        ----------
        P. Viola, M. Jones, Rapid object detection using a boosted cascade of simple features, CVPR 2001. R. Lienhart,
        J. Maydt, An extended set of Haar-like features for rapid object detection, ICIP 2002. S. Liao, X. Zhu, Z. Lei,
        L. Zhang, S. Z. Li, Learning multi-scale block local binary patterns for face recognition, ICB 2007.

        Examples
        --------
        >>> faces = imgproc.cascade.Cascade.load("haarcascade_frontalface_alt2.xml")  # doctest: +SKIP
        >>> found = faces.detect(photo, min_size=40)  # doctest: +SKIP
        >>> counts = np.zeros(faces.stages + 1, np.int64)  # doctest: +SKIP
        >>> found = faces.detect(photo, stage_counts=counts)  # doctest: +SKIP
        """
        from ..detections import Detections

        boxes, counts, margins = find_objects(
            self,
            image,
            scale_factor=scale_factor,
            min_neighbors=min_neighbors,
            min_size=min_size,
            max_size=max_size,
            step=step,
            mask=mask,
            stage_counts=stage_counts,
        )
        scores = margins + np.log(counts).astype(np.float32)
        order = np.argsort(-scores, kind="stable")
        return Detections(boxes[order], scores[order], counts=counts[order])

    @property
    def stages(self) -> int:
        """How many stages there are."""
        return len(self.thresholds)

    def __repr__(self) -> str:
        height, width = self.window
        return (
            f"Cascade({self.features}, window {height}x{width}, {self.stages} stages, "
            f"{len(self.first_node) - 1} trees, {len(self.boxes)} features{', tilted' * bool(self.tilted.any())})"
        )


_DTYPES: dict[str, Any] = {
    "boxes": np.int32,
    "weights": np.float32,
    "tilted": np.bool_,
    "node_feature": np.int32,
    "node_left": np.int32,
    "node_right": np.int32,
    "node_thresholds": np.float32,
    "subsets": np.uint32,
    "leaves": np.float32,
    "first_node": np.int32,
    "first_tree": np.int32,
    "thresholds": np.float32,
}
