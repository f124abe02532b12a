"""How well disparities meet a ground truth, as the benchmarks of stereo matching count it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core.images import Array
from .depth import check_disparities


@dataclass(frozen=True)
class DisparityScores:
    """Of the pixels whose disparity is known.

    Attributes
    ----------
    known : int
        How many these are.
    found : float
        Per cent of them that have a disparity.
    bad2 : float
        Per cent that are off by more than 2 pixels or have none: bad-2.0 of all known pixels.
    bad2_found : float
        Per cent off by more than 2 pixels, of those that have one. NaN where none has.
    mean : float
        Mean absolute error of those that have one, in pixels. NaN where none has.
    """

    known: int
    found: float
    bad2: float
    bad2_found: float
    mean: float

    def __str__(self) -> str:
        return (
            f"bad-2.0 {self.bad2:.2f} % of all, {self.bad2_found:.2f} % of the {self.found:.1f} % found, "
            f"mean error {self.mean:.3f}"
        )


def disparity_scores(disparity: Array, truth: Array) -> DisparityScores:
    """Compare disparities with what they should be.

    Parameters
    ----------
    disparity : (H, W) array of float32
        In pixels; what is not finite counts as not found.
    truth : (H, W) array of float32
        In pixels; what is not finite is not known, and counts nowhere.

    Returns
    -------
    DisparityScores
        All NaN but ``known`` where nothing is known.

    Raises
    ------
    TypeError, ValueError
        Another dtype or shape.

    References
    ----------
    D. Scharstein, R. Szeliski, A taxonomy and evaluation of dense two-frame stereo correspondence algorithms,
    International Journal of Computer Vision 47 (2002) 7-42.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.stereo import disparity_scores
    >>> disparity_scores(np.float32([[5, 9, np.nan, 7]]), np.float32([[5.5, 5, 5, np.inf]]))
    DisparityScores(known=3, found=66.66666666666667, bad2=66.66666666666667, bad2_found=50.0, mean=2.25)
    """
    disparity = check_disparities("disparity_scores", disparity)
    truth = check_disparities("disparity_scores", truth, disparity.shape, argument="truth")
    known = np.isfinite(truth)
    found = known & np.isfinite(disparity)
    total, count = int(known.sum()), int(found.sum())
    apart = np.abs(disparity[found].astype(np.float64) - truth[found])
    off = int((apart > 2).sum())
    return DisparityScores(
        known=total,
        found=_per_cent(count, total),
        bad2=_per_cent(total - count + off, total),
        bad2_found=_per_cent(off, count),
        mean=float(apart.mean()) if count else float("nan"),
    )


def _per_cent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")
