"""Label maps: logits stretched over an image, and the class of the largest at each pixel."""

from libc.stdint cimport int32_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused label_t:
    uint8_t
    uint16_t
    int32_t

cdef extern from "simd/label_map.h" nogil:
    enum:
        LM_GROUP
        LM_PHASES
    ctypedef struct LabelMap:
        const float *logits
        Py_ssize_t classes
        Py_ssize_t height
        Py_ssize_t width
        const int32_t *left
        const int32_t *right
        Py_ssize_t slots
        Py_ssize_t first
        Py_ssize_t last
        int together
        const int32_t *begin
        const int32_t *end
        const int32_t *phases
        const float *across
        const int32_t *place
        Py_ssize_t columns
        const int32_t *above
        const int32_t *below
        const float *down
        void *labels
        int label_size
        float *scores
        int score
    int c_label_map "label_map"(const LabelMap *, Py_ssize_t, Py_ssize_t)

GROUP = LM_GROUP
PHASES = LM_PHASES


def label_map(
    const float[:, :, ::1] logits,
    const int32_t[:, ::1] slots, Py_ssize_t first, Py_ssize_t last, bint together,
    const int32_t[:, ::1] groups, const int32_t[::1] phases, const float[:, ::1] across, const int32_t[::1] place,
    const int32_t[:, ::1] rows, const float[::1] down,
    label_t[:, ::1] labels, float[:, ::1] scores, int score, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of labels and, but for score 0, of scores; whether all logits beside them are finite.

    slots: left and right logit of each; groups: first column and last + 1 of each; rows: logits above and below each.
    """
    cdef LabelMap job
    cdef int done
    if y0 >= y1:
        return True
    job.logits = &logits[0, 0, 0]
    job.classes, job.height, job.width = logits.shape[0], logits.shape[1], logits.shape[2]
    job.left, job.right, job.slots = &slots[0, 0], &slots[1, 0], slots.shape[1]
    job.first, job.last, job.together = first, last, together
    job.begin, job.end, job.phases = &groups[0, 0], &groups[1, 0], &phases[0]
    job.across, job.place, job.columns = &across[0, 0], &place[0], labels.shape[1]
    job.above, job.below, job.down = &rows[0, 0], &rows[1, 0], &down[0]
    job.labels, job.label_size = &labels[0, 0], sizeof(label_t)
    job.scores, job.score = &scores[0, 0] if score else NULL, score
    with nogil:
        done = c_label_map(&job, y0, y1)
    if done == 0:
        raise MemoryError
    return done == 1
