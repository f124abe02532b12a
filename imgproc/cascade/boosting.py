"""AdaBoost over the features of windows: samples, and stumps one after the other."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Choice, OrNone, Range
from .._ext import boosting as kernels
from .haar import MAX_SIDE, FeatureSet, check_chosen
from .rounds import Rounds, Stump
from .stumps import GROUP, SUM_BYTES, StumpSearch, places

ALGORITHM = Choice(("discrete", "gentle"))
MEMORY = Range(low=1, high=2**50, integer=True)
THREADS = OrNone(Range(low=1, high=1024, integer=True))
MAX_SAMPLES = 2**24


def check_windows(function: str, windows: object, window: tuple[int, int] | None = None) -> Array:
    """(N, h, w) uint8 windows in rows without gaps."""
    if not isinstance(windows, np.ndarray):
        raise wrong_type(function, "windows", "an (N, h, w) array of uint8", windows)
    if windows.dtype != np.uint8 or windows.ndim != 3:
        raise wrong_value(function, "windows", "an (N, h, w) array of uint8", windows)
    if window is not None and windows.shape[1:] != window:
        raise wrong_value(function, "windows", f"of {window[0]} x {window[1]} pixels", windows)
    if not all(3 <= side <= MAX_SIDE for side in windows.shape[1:]):
        raise wrong_value(function, "windows", f"from 3 to {MAX_SIDE} pixels high and wide", windows)
    if len(windows) > MAX_SAMPLES:
        raise wrong_value(function, "windows", f"at most {MAX_SAMPLES:,}", windows)
    return np.ascontiguousarray(windows)


class Samples:
    """Windows to train on, and what a cascade would compute of them.

    Parameters
    ----------
    windows : (N, h, w) array of uint8
        Gray windows, all of one size from 3 to 255 pixels; they are copied.

    Notes
    -----
    Memory: h · w bytes for each window, and 4 · (h + 1) · (w + 1) more after the first call of `values` (twice that
    with tilted features): 0.6 and 2.5 kB at 24 by 24.
    """

    def __init__(self, windows: Array) -> None:
        self._windows = check_windows("Samples", windows).copy()
        self._sources: dict[tuple[bool, bool], kernels.Source] = {}

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def windows(self) -> Array:
        """The windows, (N, h, w) uint8, read-only."""
        view = self._windows.view()
        view.flags.writeable = False
        return view

    @property
    def window(self) -> tuple[int, int]:
        """Height and width."""
        return self._windows.shape[1], self._windows.shape[2]

    @property
    def flat(self) -> Array:
        """Which windows have too little contrast for Haar features, (N,) bool: no cascade of those ever passes them."""
        return np.asarray(norms(self._windows) == 0)

    def append(self, windows: Array) -> None:
        """Add (M, h, w) windows behind the others."""
        more = check_windows("Samples.append", windows, self.window)
        self._windows = np.concatenate([self._windows, more])
        self._sources.clear()

    def keep(self, which: Array) -> None:
        """Keep the windows that an (N,) array of bool names."""
        if not isinstance(which, np.ndarray) or which.dtype != bool or which.shape != (len(self),):
            raise wrong_value("Samples.keep", "which", f"a bool array of shape ({len(self)},)", which)
        self._windows = self._windows[which]
        self._sources.clear()

    def values(self, features: FeatureSet, chosen: Array) -> Array:
        """Values of some features, as a cascade computes them for these windows.

        Parameters
        ----------
        features : FeatureSet
            Of the same window.
        chosen : (K,) array of int
            Numbers of features.

        Returns
        -------
        (K, N) array of float32, or of uint8 for LBP
        """
        check_features("Samples.values", features, self.window)
        numbers = check_chosen("Samples.values", chosen, len(features))
        key = (features.kind == "lbp", bool(features.tilted.any()))
        if key not in self._sources:
            _, order = places(np.ones(len(self), bool))
            self._sources[key] = window_source(self._windows, order, len(self), 0, *key)
        table = feature_table(features.take(numbers))
        count = -(-len(self) // GROUP) * GROUP
        out = np.empty((len(numbers), count), np.float32)
        if out.size:
            self._sources[key].values(table, np.arange(len(numbers)), out)
        return out[:, : len(self)].astype(np.uint8) if key[0] else out[:, : len(self)]


def check_features(function: str, features: object, window: tuple[int, int]) -> FeatureSet:
    """A feature set of the given window."""
    if not isinstance(features, FeatureSet):
        raise wrong_type(function, "features", "a FeatureSet", features)
    if features.window != window:
        raise wrong_value(
            function,
            "features",
            f"of a window of {window[0]} x {window[1]}",
            Got("x".join(map(str, features.window))),
        )
    if not len(features):
        raise wrong_value(function, "features", "at least one", Got("none"))
    return features


def norms(windows: Array) -> Array:
    """What a cascade multiplies rectangle sums by, (N,) float32; 0 for flat windows."""
    out = np.empty(len(windows), np.float32)
    if len(windows):
        kernels.norms(windows, out)
    return out


def feature_table(features: FeatureSet) -> Array:
    """The features as kernels take them."""
    table = np.empty((len(features), kernels.FEATURE_BYTES), np.uint8)
    if len(features):
        kernels.features(
            features.boxes,
            features.weights,
            features.tilted.view(np.uint8),
            *features.window,
            features.kind == "lbp",
            table,
        )
    return table


def window_source(
    windows: Array, order: Array, objects: int, others: int, lbp: bool, tilted: bool
) -> kernels.Source:
    """Integral images and norms of windows in places."""
    height, width = windows.shape[1:]
    sums = np.empty(
        (len(order) // GROUP, (2 if tilted else 1) * (height + 1) * (width + 1), GROUP), np.uint32
    )
    if sums.size:
        kernels.sums(windows, order, tilted, 0, len(sums), sums)
    placed = np.zeros(len(order), np.float32)
    placed[order >= 0] = norms(windows)[order[order >= 0]]
    return kernels.Source(sums, None if lbp else placed, None, objects, others)


def _checked_votes(votes: object, count: int) -> Array:
    """(N,) finite float64."""
    must = f"finite, a float64 array of shape ({count},)"
    if not isinstance(votes, np.ndarray) or votes.dtype != np.float64:
        raise wrong_type("StageBooster", "votes", must, votes)
    if votes.shape != (count,) or not np.isfinite(votes).all():
        raise wrong_value("StageBooster", "votes", must, votes)
    return votes


def _weights_after(votes: Array, is_object: Array) -> Array:
    """Weights that boosting would have come to with these sums of votes, half of their sum on each class."""
    weights = np.empty(len(votes))
    for rows, sign in ((is_object, -1), (~is_object, 1)):
        powers = sign * votes[rows]
        # Shifted so that none overflows; what underflows has no weight beside the others.
        part = np.exp(powers - powers.max())
        weights[rows] = part / (2 * part.sum())
    return weights


class StageBooster:
    """AdaBoost over all features of a set, one stump at a time.

    Parameters
    ----------
    features : FeatureSet
        What stumps are made of.
    samples : Samples
        The windows, N of them.
    is_object : (N,) array of bool
        Which windows show the object; some must, and some must not.
    algorithm : {"discrete", "gentle"}, default "discrete"
        See Notes.
    votes : (N,) array of float64, optional
        Sums of votes that the samples have already, to go on from: weights start as exp(-label · vote), those of each
        class brought to one half. By default none.
    memory_budget : int, default 4 GiB
        Bytes that may be used for the samples' integral images and the features' codes, N for each feature. Codes that
        do not fit are computed anew in each round, with the same result.
    n_threads : int, optional
        By default as many as `imgproc.get_num_threads` says.
    after : StageBooster, optional
        One of the stage before, whose memory is taken over: where an operating system hands out memory slowly, that
        saves as much time as some rounds. It makes its codes anew should it be used again.

    Raises
    ------
    TypeError, ValueError
        Wrong kinds, sizes that differ, samples of one class alone, or a budget too small for the integral images.

    Notes
    -----
    Discrete AdaBoost: weights start as 1/N; each round takes the stump of the least weighted error ε, multiplies the
    weights of wrong samples by β = (1 − ε)/ε, brings their sum back to 1, and votes ± ln β. Gentle AdaBoost takes the
    stump that least squares fit best to labels ±1, votes the weighted mean of each side, and multiplies weights by
    exp(−label · vote).

    Weights are summed as integers in units of 2^-48, so that sums are exact: the stump is the best one over all
    features and thresholds, not nearly so, and the same for any number of threads, budget and instruction set. Of
    equally good stumps the lowest feature and its lowest threshold is taken. A threshold leaves weight on both sides.

    References
    ----------
    P. Viola, M. Jones, Rapid object detection using a boosted cascade of simple features, CVPR 2001. J. Friedman,
    T. Hastie, R. Tibshirani, Additive logistic regression: a statistical view of boosting, Annals of Statistics 2000.
    R. Appel, T. Fuchs, P. Dollár, P. Perona, Quickly boosting decision trees: pruning underachieving features early,
    ICML 2013.
    """

    def __init__(
        self,
        features: FeatureSet,
        samples: Samples,
        is_object: Array,
        *,
        algorithm: Annotated[Literal["discrete", "gentle"], ALGORITHM] = "discrete",
        votes: Array | None = None,
        memory_budget: Annotated[int, MEMORY] = 4 << 30,
        n_threads: Annotated[int | None, THREADS] = None,
        after: StageBooster | None = None,
    ) -> None:
        name = "StageBooster"
        if not isinstance(samples, Samples):
            raise wrong_type(name, "samples", "Samples", samples)
        self.features = check_features(name, features, samples.window)
        self.algorithm = ALGORITHM.check(name, "algorithm", algorithm)
        memory = MEMORY.check(name, "memory_budget", memory_budget)
        threads = THREADS.check(name, "n_threads", n_threads)
        if after is not None and not isinstance(after, StageBooster):
            raise wrong_type(name, "after", "None or a StageBooster", after)
        count = len(samples)
        if not isinstance(is_object, np.ndarray) or is_object.dtype != bool or is_object.shape != (count,):
            raise wrong_value(name, "is_object", f"a bool array of shape ({count},)", is_object)
        objects = int(np.count_nonzero(is_object))
        if not 0 < objects < count:
            must = "true for some samples and false for others"
            raise wrong_value(name, "is_object", must, Got(f"{objects} of {count}"))
        place, order = places(is_object)
        lbp, tilted = features.kind == "lbp", bool(features.tilted.any())
        height, width = samples.window
        used = len(order) * (height + 1) * (width + 1) * (8 if tilted else 4)
        used += len(features) * (kernels.FEATURE_BYTES + SUM_BYTES)
        if memory < used:
            must = f"at least {used:,} bytes for {count:,} samples"
            raise wrong_value(name, "memory_budget", must, memory_budget)
        source = window_source(samples.windows, order, objects, count - objects, lbp, tilted)
        search = StumpSearch(
            source,
            feature_table(features),
            order,
            objects,
            lbp=lbp,
            memory=memory - used,
            threads=threads,
            spare=None if after is None else after._rounds.search.give_memory(),
        )
        self._rounds: Rounds = Rounds(
            search,
            place,
            is_object.copy(),
            np.full(count, 1.0 / count),
            gini=self.algorithm == "gentle",
            gentle=self.algorithm == "gentle",
        )
        if votes is not None:
            self._rounds.votes = _checked_votes(votes, count).astype(np.float64)
            self._rounds.weights = _weights_after(self._rounds.votes, is_object)

    @property
    def weights(self) -> Array:
        """Of the samples, (N,) float64; they sum to 1."""
        return self._rounds.weights.copy()

    @property
    def votes(self) -> Array:
        """The sum of all stumps' votes for each sample, (N,) float64, as a cascade sums its float32 leaves."""
        return self._rounds.votes.copy()

    def next_stump(self) -> Stump | None:
        """One round: the best stump for the present weights, which then change; None where none beats chance."""
        return self._rounds.next_stump()
