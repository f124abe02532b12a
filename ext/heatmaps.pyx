"""Heat maps: their highest local maxima, and the greatest value of one enlarged by cubic convolution."""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc

include "level.pxi"

cdef extern from "simd/peaks.h" nogil:
    ctypedef struct Peak:
        float value
        int64_t at
    ctypedef struct PeakHeap:
        Peak *peaks
        Py_ssize_t n
        Py_ssize_t most
        float least
    void find_peaks(const float *, Py_ssize_t, Py_ssize_t, int64_t, PeakHeap *)
    void sort_peaks(PeakHeap *)

cdef extern from "simd/cubic_peak.h" nogil:
    ctypedef struct CubicTap:
        int32_t at[4]
        float weight[4]
    ctypedef struct CubicMap:
        const float *map
        Py_ssize_t height
        Py_ssize_t width
        Py_ssize_t out_width
        const CubicTap *down
        const CubicTap *across
        const int32_t *down_cells
        const int32_t *across_cells
    ctypedef struct CubicBest:
        float value
        int64_t at
    void cubic_axis(Py_ssize_t, Py_ssize_t, CubicTap *, int32_t *)
    Py_ssize_t cubic_room(Py_ssize_t, Py_ssize_t)
    CubicBest cubic_peak(const CubicMap *, float *)


def peaks(
    const float[:, :, :, ::1] maps, float least, float[:, ::1] values, int64_t[:, ::1] places, int64_t[::1] counts,
    Py_ssize_t n0, Py_ssize_t n1,
):
    """The local maxima above `least` of images [n0, n1), best first: values, places in the image's maps, how many."""
    cdef Py_ssize_t image, i, plane, height = maps.shape[2], width = maps.shape[3]
    cdef PeakHeap heap
    heap.most = values.shape[1]
    heap.peaks = <Peak *>malloc(heap.most * sizeof(Peak) + 1)
    if heap.peaks == NULL:
        raise MemoryError
    with nogil:
        for image in range(n0, n1):
            heap.n, heap.least = 0, least
            for plane in range(maps.shape[1]):
                find_peaks(&maps[image, plane, 0, 0], height, width, plane * height * width, &heap)
            counts[image] = heap.n
            sort_peaks(&heap)
            for i in range(counts[image]):
                values[image, i], places[image, i] = heap.peaks[i].value, heap.peaks[i].at
    free(heap.peaks)


def cubic_peaks(
    const float[:, :, :, ::1] maps, const int64_t[:, ::1] sizes, float[:, ::1] values, int64_t[:, ::1] places,
    Py_ssize_t n0, Py_ssize_t n1,
):
    """Of every map of boxes [n0, n1), enlarged to its box's size: the greatest value, and y * width + x of the first."""
    cdef Py_ssize_t box, point, tallest = 1, widest = 1, height = maps.shape[2], width = maps.shape[3]
    cdef CubicMap job
    cdef CubicBest best
    cdef CubicTap *down
    cdef CubicTap *across
    cdef int32_t *cells
    cdef float *room
    cdef bint done
    for box in range(n0, n1):
        tallest, widest = max(tallest, sizes[box, 0]), max(widest, sizes[box, 1])
    down = <CubicTap *>malloc(tallest * sizeof(CubicTap))
    across = <CubicTap *>malloc(widest * sizeof(CubicTap))
    cells = <int32_t *>malloc((height + width + 4) * sizeof(int32_t))
    room = <float *>malloc(cubic_room(height, width) * sizeof(float))
    done = down != NULL and across != NULL and cells != NULL and room != NULL
    if done:
        job.height, job.width, job.down, job.across = height, width, down, across
        job.down_cells, job.across_cells = cells, cells + height + 2
        with nogil:
            for box in range(n0, n1):
                cubic_axis(height, sizes[box, 0], down, cells)
                cubic_axis(width, sizes[box, 1], across, cells + height + 2)
                job.out_width = sizes[box, 1]
                for point in range(maps.shape[1]):
                    job.map = &maps[box, point, 0, 0]
                    best = cubic_peak(&job, room)
                    values[box, point], places[box, point] = best.value, best.at
    free(down)
    free(across)
    free(cells)
    free(room)
    if not done:
        raise MemoryError
