"""Graph-based segmentation: planes of float32 samples, and the regions of them."""

from libc.stdint cimport int32_t, int64_t

include "level.pxi"

cdef extern from "simd/pixel_graph.h" nogil:
    ctypedef struct PixelGraph:
        const float *planes
        Py_ssize_t height
        Py_ssize_t width
        int channels
        double scale
        int64_t min_size
    int64_t MOST_PIXELS
    int32_t segment_graph(PixelGraph *, int32_t *)

most_pixels = MOST_PIXELS


def segment(const float[:, :, ::1] planes, double scale, int64_t min_size, int32_t[:, ::1] labels):
    """Labels of the regions of one or three planes, numbered by their first pixels; gives how many there are."""
    cdef PixelGraph graph
    cdef int32_t count
    graph.planes = &planes[0, 0, 0]
    graph.channels, graph.height, graph.width = <int>planes.shape[0], planes.shape[1], planes.shape[2]
    graph.scale, graph.min_size = scale, min_size
    with nogil:
        count = segment_graph(&graph, &labels[0, 0])
    if count < 0:
        raise MemoryError
    return count
