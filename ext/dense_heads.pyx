"""Dense heads: the logits that are worth a box, best first; -1 instead of a number where one is not finite."""

from libc.stdint cimport int64_t

include "level.pxi"

cdef extern from "simd/dense_top.h" nogil:
    Py_ssize_t top_numbers(const float *, Py_ssize_t, float, Py_ssize_t, int64_t *, float *)
    Py_ssize_t top_weighted(
        const float *, const float *, Py_ssize_t, Py_ssize_t, float, float, Py_ssize_t, int64_t *, float *
    )
    Py_ssize_t columns_above(const float *, Py_ssize_t, Py_ssize_t, float, int64_t *, float *, int64_t *)
    Py_ssize_t rows_above(const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, float, int64_t *, float *, int64_t *)
    Py_ssize_t softmax_above(const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, float, int64_t *, float *)


cdef Py_ssize_t counted(Py_ssize_t found) except -2:
    if found == -2:
        raise MemoryError
    return found


def top(const float[::1] logits, float least, int64_t[::1] indices, float[::1] values):
    """The best logits that are at least `least`, at most as many as there is room for; of equal ones the lower index."""
    cdef Py_ssize_t found
    if logits.shape[0] == 0 or indices.shape[0] == 0:
        return 0
    with nogil:
        found = top_numbers(&logits[0], logits.shape[0], least, indices.shape[0], &indices[0], &values[0])
    return counted(found)


def top_beside(
    const float[:, ::1] logits, const float[::1] beside, float least, float bar, int64_t[::1] indices, float[::1] values,
):
    """The best roots of sigmoid(logit) · sigmoid(the row's own) that are at least `bar`, of logits at least `least`."""
    cdef Py_ssize_t found
    if logits.shape[0] == 0 or logits.shape[1] == 0 or indices.shape[0] == 0:
        return 0
    with nogil:
        found = top_weighted(
            &logits[0, 0], &beside[0], logits.shape[0], logits.shape[1], least, bar, indices.shape[0], &indices[0],
            &values[0],
        )
    return counted(found)


def best_of_columns(
    const float[:, ::1] scores, float limit, int64_t[::1] picks, float[::1] values, int64_t[::1] labels,
):
    """Columns whose best score is above `limit`, that score and its row, the first among equals. At least one row."""
    cdef Py_ssize_t found
    if scores.shape[1] == 0:
        return 0
    with nogil:
        found = columns_above(
            &scores[0, 0], scores.shape[0], scores.shape[1], limit, &picks[0], &values[0], &labels[0]
        )
    return counted(found)


def best_of_rows(
    const float[:, ::1] rows, Py_ssize_t classes, float limit, int64_t[::1] picks, float[::1] values,
    int64_t[::1] labels,
):
    """Rows whose objectness, at 4, times the best of the `classes` >= 1 scores from 5 on is above `limit`."""
    cdef Py_ssize_t found
    if rows.shape[0] == 0:
        return 0
    with nogil:
        found = rows_above(
            &rows[0, 0], rows.shape[0], rows.shape[1], classes, limit, &picks[0], &values[0], &labels[0]
        )
    return counted(found)


def softmax(
    const float[:, ::1] logits, Py_ssize_t background, float limit, int64_t[::1] picks, float[::1] values,
):
    """Flat indices and values above `limit` >= 0 after a softmax over each row, without the column `background`.

    There is room for all.
    """
    cdef Py_ssize_t found
    if logits.shape[0] == 0 or logits.shape[1] == 0:
        return 0
    with nogil:
        found = softmax_above(
            &logits[0, 0], logits.shape[0], logits.shape[1], background, limit, &picks[0], &values[0]
        )
    return counted(found)
