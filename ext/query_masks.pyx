"""Masks of queries, interpolated to the pixels of an image: their winners, their classes, and their bits."""

from libc.stdint cimport int32_t, int64_t, uint64_t

include "level.pxi"

cdef extern from "simd/query_cells.h" nogil:
    const int MOST
    const int LOGITS
    const int CHANCES
    ctypedef struct Axis:
        const int32_t *runs
        const float *weights
        Py_ssize_t count
        Py_ssize_t size
    ctypedef struct Grid:
        const float *values
        Py_ssize_t plane
        Py_ssize_t row
        Axis down
        Axis across

cdef extern from "simd/query_merge.h" nogil:
    ctypedef struct Rule:
        pass
    ctypedef struct Merge:
        Grid grid
        const int64_t *chosen
        Py_ssize_t count
        const Rule *rules
        int kind
        int32_t *codes
        Py_ssize_t step
        int64_t *counts
    int merge_queries(const Merge *, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/query_classes.h" nogil:
    ctypedef struct Classes:
        Grid grid
        Py_ssize_t queries
        Py_ssize_t classes
        const float *chances
        const int64_t *starts
        const int32_t *greater
        const float *smaller
        int32_t *labels
        Py_ssize_t step
    int label_pixels(const Classes *, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/query_bits.h" nogil:
    ctypedef struct Bits:
        Grid grid
        Py_ssize_t y0
        Py_ssize_t y1
        Py_ssize_t w0
        Py_ssize_t w1
        float least
    int query_bits(const Bits *, uint64_t *, uint64_t *)

MOST_PIXELS = MOST
KINDS = {"logits": LOGITS, "chances": CHANCES}


cdef Grid grid_of(
    const float[:, :, :] values, const int32_t[:, ::1] rows, const float[::1] down, const int32_t[:, ::1] columns,
    const float[::1] across,
) noexcept:
    """Samples of a row lie side by side."""
    cdef Grid grid
    grid.values = &values[0, 0, 0]
    grid.plane, grid.row = values.strides[0] // <Py_ssize_t>sizeof(float), values.strides[1] // <Py_ssize_t>sizeof(float)
    grid.down.runs, grid.down.weights, grid.down.count, grid.down.size = &rows[0, 0], &down[0], rows.shape[0], values.shape[1]
    grid.across.runs, grid.across.weights = &columns[0, 0], &across[0]
    grid.across.count, grid.across.size = columns.shape[0], values.shape[2]
    return grid


def merge(
    const float[:, :, :] values, const int32_t[:, ::1] rows, const float[::1] down, const int32_t[:, ::1] columns,
    const float[::1] across, const int64_t[::1] chosen, const float[:, ::1] rules, int kind, int32_t[:, ::1] codes,
    int64_t[:, ::1] counts, Py_ssize_t n0, Py_ssize_t n1,
):
    """Codes of the pixels in rows [n0, n1) of cells: twice the place of the query of the lowest cost among the chosen,
    + 1 where its mask holds the pixel. rules: base, gain, cut, scale, least of each; counts: pixels that each wins, those
    in its mask, all in its mask, added up."""
    cdef Merge job
    cdef bint done
    job.grid = grid_of(values, rows, down, columns, across)
    job.chosen, job.count, job.rules, job.kind = &chosen[0], chosen.shape[0], <const Rule *>&rules[0, 0], kind
    job.codes, job.step, job.counts = &codes[0, 0], codes.shape[1], &counts[0, 0]
    with nogil:
        done = merge_queries(&job, n0, n1)
    if not done:
        raise MemoryError


def recode(int32_t[:, ::1] codes, const int32_t[::1] table, int32_t outside, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of codes, in place, by the table; those below 0 become `outside`."""
    cdef Py_ssize_t y, x
    with nogil:
        for y in range(y0, y1):
            for x in range(codes.shape[1]):
                codes[y, x] = table[codes[y, x]] if codes[y, x] >= 0 else outside


def classes(
    const float[:, :, :] values, const int32_t[:, ::1] rows, const float[::1] down, const int32_t[:, ::1] columns,
    const float[::1] across, const float[:, ::1] chances, const int64_t[::1] starts, const int32_t[::1] greater,
    const float[::1] smaller, int32_t[:, ::1] labels, Py_ssize_t n0, Py_ssize_t n1,
):
    """Labels of the pixels in rows [n0, n1) of cells; chances[c, q]: of class c for query q; greater[starts[c] :
    starts[c + 1]]: queries with chances that count for themselves, smaller[q]: the highest of the others."""
    cdef Classes job
    cdef bint done
    job.grid = grid_of(values, rows, down, columns, across)
    job.classes, job.queries, job.chances, job.starts = chances.shape[0], chances.shape[1], &chances[0, 0], &starts[0]
    job.greater, job.smaller = &greater[0] if greater.shape[0] else NULL, &smaller[0]
    job.labels, job.step = &labels[0, 0], labels.shape[1]
    with nogil:
        done = label_pixels(&job, n0, n1)
    if not done:
        raise MemoryError


def extents(const float[:, :, ::1] values, const int64_t[::1] chosen, float least, int64_t[:, ::1] out):
    """out[i]: rows y0, y1 and columns x0, x1 of the samples of a chosen query that reach `least`; 0 where none does."""
    cdef Py_ssize_t i, y, x, width = values.shape[2]
    cdef const float *row
    cdef int64_t y0, y1, x0, x1
    cdef int some
    with nogil:
        for i in range(chosen.shape[0]):
            y0, y1, x0, x1 = values.shape[1], 0, width, 0
            for y in range(values.shape[1]):
                row = &values[chosen[i], y, 0]
                some = 0
                for x in range(width):
                    some |= row[x] >= least
                if not some:
                    continue
                y0, y1 = min(y0, y), y + 1
                for x in range(x0):
                    if row[x] >= least:
                        x0 = x
                        break
                for x in range(width - 1, x1 - 1, -1):
                    if row[x] >= least:
                        x1 = x + 1
                        break
            out[i, 0], out[i, 1], out[i, 2], out[i, 3] = (y0 if y1 else 0), y1, (x0 if y1 else 0), x1


def bits(
    const float[:, :, :] values, const int32_t[:, ::1] rows, const float[::1] down, const int32_t[:, ::1] columns,
    const float[::1] across, const int64_t[::1] chosen, float least, const int64_t[:, ::1] boxes,
    const int64_t[::1] offsets, uint64_t[::1] words, uint64_t[::1] sums,
):
    """Words of the masks of the chosen within boxes y0, y1, w0, w1, and the sums of their probabilities in 2^-24, or
    None."""
    cdef Bits job
    cdef Py_ssize_t i
    cdef bint done = True
    job.grid, job.least = grid_of(values, rows, down, columns, across), least
    cdef const float *first = job.grid.values
    cdef uint64_t *sum = &sums[0] if sums is not None else NULL
    with nogil:
        for i in range(chosen.shape[0]):
            if offsets[i] == offsets[i + 1]:
                continue
            job.grid.values = first + chosen[i] * job.grid.plane
            job.y0, job.y1, job.w0, job.w1 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
            done = done and query_bits(&job, &words[offsets[i]], sum + i if sum != NULL else NULL)
    if not done:
        raise MemoryError
