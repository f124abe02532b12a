"""Matching of detections with truths, and COCO's evaluation of all images and classes."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cdef extern from "simd/match.h" nogil:
    ctypedef struct Matching:
        Py_ssize_t detections
        Py_ssize_t truths
        Py_ssize_t thresholds
        const double *boxes
        const double *truth_boxes
        const int64_t *labels
        const int64_t *truth_labels
        const int64_t *order
        const uint8_t *crowd
        const uint8_t *ignore
        const double *threshold
        int64_t *truth_of
        uint8_t *ignored
        int64_t *detection_of
    int match_coco(const Matching *)
    int match_voc(const Matching *)

cdef extern from "simd/coco.h" nogil:
    enum: LANES
    ctypedef struct Interval:
        uint32_t first
        uint32_t end
    ctypedef struct Items:
        size_t n
        const int32_t *image
        const int32_t *label
        const double *box
        const double *area
        const Interval *runs
        const int64_t *first_run
        const int64_t *mask_area
    ctypedef struct Coco:
        Items detections
        Items truths
        const double *score
        const uint8_t *crowd
        const uint8_t *ignored
        size_t images
        size_t classes
        int thresholds
        int areas
        int limits
        int points
        const double *threshold
        const double *area_range
        const double *recall
        const int64_t *limit
        double *precision
        double *scores
        double *recalls
    int coco_evaluate(const Coco *)


def match(
    const double[:, ::1] boxes, const int64_t[::1] order, const double[:, ::1] truth, const int64_t[::1] labels,
    const int64_t[::1] truth_labels, const uint8_t[::1] crowd, const uint8_t[::1] ignore,
    const double[::1] thresholds, bint voc, int64_t[:, ::1] truth_of, uint8_t[:, ::1] ignored,
    int64_t[:, ::1] detection_of,
):
    """Matches of one image at each threshold; the outputs hold -1, 0 and -1. Empty `labels`: all alike."""
    cdef Matching m
    cdef int done
    m.detections, m.truths, m.thresholds = boxes.shape[0], truth.shape[0], thresholds.shape[0]
    if not (m.detections and m.truths and m.thresholds):
        return
    m.boxes, m.truth_boxes = &boxes[0, 0], &truth[0, 0]
    m.labels = m.truth_labels = NULL
    if labels.shape[0]:
        m.labels, m.truth_labels = &labels[0], &truth_labels[0]
    m.order, m.crowd, m.ignore = &order[0], &crowd[0], &ignore[0]
    m.threshold = &thresholds[0]
    m.truth_of, m.ignored, m.detection_of = &truth_of[0, 0], &ignored[0, 0], &detection_of[0, 0]
    with nogil:
        done = match_voc(&m) if voc else match_coco(&m)
    if not done:
        raise MemoryError


cdef int fill(Items *items, tuple columns) except -1:
    """Pointers to the columns, which the caller keeps alive; none is read where there are no items."""
    cdef const int32_t[::1] image = columns[0], label = columns[1]
    cdef const double[:, ::1] box = columns[2]
    cdef const double[::1] area = columns[3]
    cdef const uint32_t[:, ::1] runs = columns[4]
    cdef const int64_t[::1] first_run = columns[5], mask_area = columns[6]
    items.n = image.shape[0]
    items.image = items.label = NULL
    items.box = items.area = NULL
    items.runs = NULL
    items.first_run = items.mask_area = NULL
    if items.n >= 2**31:
        raise ValueError("coco_evaluate: at most 2**31 boxes can be evaluated")
    if items.n:
        items.image, items.label, items.box, items.area = &image[0], &label[0], &box[0, 0], &area[0]
        if first_run.shape[0]:
            items.runs, items.first_run, items.mask_area = <const Interval *>&runs[0, 0], &first_run[0], &mask_area[0]
    return 0


def evaluate(
    tuple detections, tuple truths, const double[::1] score, const uint8_t[::1] crowd, const uint8_t[::1] ignored,
    Py_ssize_t images, const double[::1] thresholds, const double[:, ::1] area_ranges, const double[::1] recall,
    const int64_t[::1] limits, double[:, :, :, :, ::1] precision, double[:, :, :, :, ::1] scores,
    double[:, :, :, ::1] recalls,
):
    """Precisions and scores per class, area range, limit, threshold and point of recall; recalls without the last.

    `detections` and `truths` are (image, label, box, area, runs, first_run, mask_area); without any first_run, boxes
    are compared, else `runs` has at least one row. Thresholds times area ranges must be at most 64, `recall` begins
    with 0, `limits` rise from 1.
    """
    cdef Coco c
    cdef int done
    fill(&c.detections, detections)
    fill(&c.truths, truths)
    c.images, c.classes = images, precision.shape[0]
    if not c.classes or not c.truths.n:
        precision[...] = -1
        scores[...] = -1
        recalls[...] = -1
        return
    c.score = &score[0] if c.detections.n else NULL
    c.crowd, c.ignored = &crowd[0], &ignored[0]
    c.thresholds, c.areas = <int>thresholds.shape[0], <int>area_ranges.shape[0]
    c.limits, c.points = <int>limits.shape[0], <int>recall.shape[0]
    assert c.thresholds < LANES and c.thresholds * c.areas <= LANES
    c.threshold, c.area_range, c.recall, c.limit = &thresholds[0], &area_ranges[0, 0], &recall[0], &limits[0]
    c.precision, c.scores, c.recalls = &precision[0, 0, 0, 0, 0], &scores[0, 0, 0, 0, 0], &recalls[0, 0, 0, 0]
    with nogil:
        done = coco_evaluate(&c)
    if not done:
        raise MemoryError
