"""Boosting: feature values of many windows, and the search for the best stump over all features."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc

include "level.pxi"

cdef extern from "simd/boost_exact.h" nogil:
    enum:
        BOOST_GROUP
        BOOST_HAAR
        BOOST_LBP
        BOOST_MATRIX
    ctypedef struct BoostFeature:
        int32_t corners[16]
        float weights[3]
        int32_t rectangles
        Py_ssize_t row
    ctypedef struct BoostSource:
        const uint32_t *sums
        const float *norms
        const float *matrix
        Py_ssize_t planes
        Py_ssize_t groups
        Py_ssize_t object_groups
        Py_ssize_t objects
        Py_ssize_t others
        int kind
    ctypedef struct BoostScore:
        double objects
        double others
        int gini
    ctypedef struct BoostDigits:
        BoostScore score
        const int8_t *high
        const int8_t *low
        double unit
        double rest
        Py_ssize_t groups
        Py_ssize_t object_groups
    ctypedef struct BoostWeights:
        BoostScore score
        const int64_t *weights
    ctypedef struct BoostSplit:
        double score
        int64_t objects
        int64_t others
        float below
        float above
    ctypedef struct BoostItem:
        pass
    void boost_values(const BoostSource *, const BoostFeature *, Py_ssize_t, float *)
    void boost_encode(const BoostSource *, const BoostFeature *, Py_ssize_t, float *, uint8_t *, Py_ssize_t)
    void boost_coarse(const BoostDigits *, const uint8_t *, Py_ssize_t, Py_ssize_t, double *, double *)
    void boost_fine(const BoostSource *, const BoostWeights *, const uint8_t *, double *, double *)
    void boost_exact(const BoostSource *, const BoostWeights *, const BoostFeature *, BoostItem *, BoostSplit *)

cdef extern from "simd/boost_subsets.h" nogil:
    void boost_subset(const BoostSource *, const BoostWeights *, const uint8_t *, double, BoostSplit *, uint32_t *)

cdef extern from "simd/boost_windows.h" nogil:
    float window_norm(const uint8_t *, Py_ssize_t, Py_ssize_t)
    void boost_feature(const int32_t *, const float *, int, int, int, int, BoostFeature *)
    int boost_sums(const uint8_t *, const int64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, uint32_t *)

GROUP = BOOST_GROUP
FEATURE_BYTES = sizeof(BoostFeature)


def norms(const uint8_t[:, :, ::1] windows, float[::1] out):
    """What a cascade multiplies the sums of each window by: 0 where the window is flat."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(windows.shape[0]):
            out[i] = window_norm(&windows[i, 0, 0], windows.shape[1], windows.shape[2])


def features(
    const int32_t[:, :, ::1] boxes, const float[:, ::1] weights, const uint8_t[::1] tilted, int height, int width, bint lbp,
    uint8_t[:, ::1] out,
):
    """The features in the form that the other functions take: FEATURE_BYTES for each."""
    cdef Py_ssize_t f
    with nogil:
        for f in range(boxes.shape[0]):
            boost_feature(
                &boxes[f, 0, 0], NULL if lbp else &weights[f, 0], 0 if lbp else tilted[f], height, width, lbp,
                <BoostFeature *>&out[f, 0]
            )


def columns(Py_ssize_t first, uint8_t[:, ::1] out):
    """The columns of a matrix as features, from number `first`."""
    cdef Py_ssize_t f
    for f in range(out.shape[0]):
        (<BoostFeature *>&out[f, 0]).row = first + f


def sums(
    const uint8_t[:, :, ::1] windows, const int64_t[::1] order, bint tilted, Py_ssize_t first, Py_ssize_t last,
    uint32_t[:, :, ::1] out,
):
    """Integral images of groups `first` to `last`; `order` names the window for each place, or -1."""
    cdef int enough = 1
    cdef Py_ssize_t g
    with nogil:
        for g in range(first, last):
            enough = enough and boost_sums(
                &windows[0, 0, 0], &order[g * BOOST_GROUP], windows.shape[1], windows.shape[2], out.shape[1], tilted,
                &out[g, 0, 0]
            )
    if not enough:
        raise MemoryError


cdef class Source:
    """Where values come from: the sums of windows and their norms (None for LBP), or a matrix (features, places)."""

    cdef BoostSource source
    cdef object held

    def __init__(
        self, const uint32_t[:, :, ::1] sums, const float[::1] norms, const float[:, ::1] matrix, Py_ssize_t objects,
        Py_ssize_t others,
    ):
        cdef BoostSource *s = &self.source
        self.held = (sums, norms, matrix)
        s.sums, s.norms, s.matrix, s.planes = NULL, NULL, NULL, 0
        s.object_groups = (objects + BOOST_GROUP - 1) // BOOST_GROUP
        s.groups = s.object_groups + (others + BOOST_GROUP - 1) // BOOST_GROUP
        s.objects, s.others = objects, others
        if matrix is not None:
            s.kind, s.matrix = BOOST_MATRIX, &matrix[0, 0]
        else:
            s.sums, s.planes = &sums[0, 0, 0], sums.shape[1]
            s.kind = BOOST_LBP if norms is None else BOOST_HAAR
            if norms is not None:
                s.norms = &norms[0]

    def values(self, const uint8_t[:, ::1] features, const int64_t[::1] chosen, float[:, ::1] out):
        """The values of the chosen features at all places."""
        cdef Py_ssize_t k, g
        with nogil:
            for k in range(chosen.shape[0]):
                for g in range(self.source.groups):
                    boost_values(
                        &self.source, <const BoostFeature *>&features[chosen[k], 0], g, &out[k, g * BOOST_GROUP]
                    )

    def encode(self, const uint8_t[:, ::1] features, Py_ssize_t first, Py_ssize_t last, uint8_t[:, ::1] rows):
        """Codes of features `first` to `last`, from row 0 on."""
        cdef float *maps = <float *>malloc((last - first) * 2 * sizeof(float) + 1)
        if maps == NULL:
            raise MemoryError
        with nogil:
            if last > first:
                boost_encode(
                    &self.source, <const BoostFeature *>&features[first, 0], last - first, maps, &rows[0, 0], rows.shape[1]
                )
        free(maps)

    def coarse(
        self, const uint8_t[:, ::1] rows, const int8_t[::1] high, const int8_t[::1] low, double unit, double rest,
        double objects, double others, bint gini, double[::1] lower, double[::1] upper,
    ):
        """Bounds of the best score of each row."""
        cdef BoostDigits d
        d.score.objects, d.score.others, d.score.gini = objects, others, gini
        d.high, d.low, d.unit, d.rest = &high[0], &low[0], unit, rest
        d.groups, d.object_groups = self.source.groups, self.source.object_groups
        with nogil:
            if rows.shape[0]:
                boost_coarse(&d, &rows[0, 0], rows.shape[1], rows.shape[0], &lower[0], &upper[0])

    def fine(
        self, const uint8_t[:, ::1] rows, const int64_t[::1] chosen, const int64_t[::1] weights, double objects,
        double others, bint gini, double[::1] lower, double[::1] upper,
    ):
        """Closer bounds of the best score of the chosen rows; the lower ones are reached."""
        cdef BoostWeights b
        cdef Py_ssize_t k
        b.score.objects, b.score.others, b.score.gini = objects, others, gini
        b.weights = &weights[0]
        with nogil:
            for k in range(chosen.shape[0]):
                boost_fine(&self.source, &b, &rows[chosen[k], 0], &lower[k], &upper[k])

    def exact(
        self, const uint8_t[:, ::1] features, const int64_t[::1] chosen, const int64_t[::1] weights, double objects,
        double others, bint gini,
    ):
        """The best split of all chosen features: (score, feature, objects, others, below, above).

        The lowest of equally good features, and the lowest of its thresholds; a score below 0 where there is none.
        """
        cdef BoostWeights b
        cdef BoostSplit split, best
        cdef Py_ssize_t k, at = -1
        b.score.objects, b.score.others, b.score.gini = objects, others, gini
        b.weights = &weights[0]
        best.score, best.objects, best.others, best.below, best.above = -1, 0, 0, 0, 0
        cdef BoostItem *items = <BoostItem *>malloc(self.source.groups * BOOST_GROUP * 2 * sizeof(BoostItem))
        if items == NULL:
            raise MemoryError
        with nogil:
            for k in range(chosen.shape[0]):
                boost_exact(&self.source, &b, <const BoostFeature *>&features[chosen[k], 0], items, &split)
                if split.score > best.score or (split.score == best.score and at >= 0 and chosen[k] < at):
                    best, at = split, chosen[k]
        free(items)
        return best.score, at, best.objects, best.others, best.below, best.above

    def subsets(
        self, const uint8_t[:, ::1] rows, const int64_t[::1] weights, double objects, double others, bint gini,
        uint32_t[::1] subset,
    ):
        """The best subset of codes over all rows: (score, row, objects, others); the lowest of equally good rows."""
        cdef BoostWeights b
        cdef BoostSplit split, best
        cdef Py_ssize_t f, at = -1
        cdef uint32_t words[8]
        cdef int i
        b.score.objects, b.score.others, b.score.gini = objects, others, gini
        b.weights = &weights[0]
        best.score, best.objects, best.others = -1, 0, 0
        with nogil:
            for f in range(rows.shape[0]):
                boost_subset(&self.source, &b, &rows[f, 0], best.score, &split, words)
                if split.score > best.score:
                    best, at = split, f
                    for i in range(8):
                        subset[i] = words[i]
        return best.score, at, best.objects, best.others
