"""Graph-based segmentation: regions of images in planes of float32 samples."""

from libc.stdint cimport int32_t, int64_t, uint32_t

include "level.pxi"

cdef extern from "simd/pixel_graph.h" nogil:
    ctypedef struct Node:
        pass
    ctypedef struct Edge:
        pass
    ctypedef struct PixelGraph:
        const float *planes
        Py_ssize_t height
        Py_ssize_t width
        int channels
        double scale
        int64_t min_size
        Node *nodes
        uint32_t *bins
        Edge *edges
        Edge *spare
        Py_ssize_t room
    enum:
        KEY_BINS
    int64_t MOST_PIXELS
    Py_ssize_t edges_beyond(Py_ssize_t)
    int c_count_edges "count_edges"(PixelGraph *)
    int32_t grow_regions(PixelGraph *, int32_t *)

BINS = KEY_BINS
PIXELS = MOST_PIXELS


cdef PixelGraph graph_of(const float[:, :, ::1] planes, double scale, int64_t[::1] nodes, uint32_t[::1] bins):
    cdef PixelGraph graph
    graph.planes = &planes[0, 0, 0]
    graph.channels, graph.height, graph.width = <int>planes.shape[0], planes.shape[1], planes.shape[2]
    graph.scale, graph.min_size = scale, 0
    graph.nodes, graph.bins = <Node *>&nodes[0], &bins[0]
    graph.edges = graph.spare = NULL
    graph.room = 0
    return graph


def count_edges(const float[:, :, ::1] planes, double scale, int64_t[::1] nodes, uint32_t[::1] bins):
    """Counts the edges of one or three planes by weight, and begins a region at each pixel; gives the largest count.

    nodes has one element for each pixel, of which there are PIXELS at most, bins has BINS.
    """
    cdef PixelGraph graph = graph_of(planes, scale, nodes, bins)
    cdef int done
    cdef uint32_t most = 0
    with nogil:
        done = c_count_edges(&graph)
        for k in range(KEY_BINS):
            most = max(most, bins[k])
    if not done:
        raise MemoryError
    return most


def edges_room(Py_ssize_t edges, Py_ssize_t width):
    """How many elements an array of so many edges has."""
    return edges + edges_beyond(width)


def grow(
    const float[:, :, ::1] planes, double scale, int64_t min_size, int64_t[::1] nodes, uint32_t[::1] bins,
    int64_t[:, ::1] edges, int32_t[:, ::1] labels,
):
    """Labels of the regions, numbered by their first pixels, after `count_edges`; gives how many there are.

    edges is (2, edges_room(n)) with n at least what `count_edges` gave.
    """
    cdef PixelGraph graph = graph_of(planes, scale, nodes, bins)
    cdef int32_t count
    graph.min_size = min_size
    graph.edges, graph.spare = <Edge *>&edges[0, 0], <Edge *>&edges[1, 0]
    graph.room = edges.shape[1] - edges_beyond(graph.width)
    with nogil:
        count = grow_regions(&graph, &labels[0, 0])
    if count < 0:
        raise MemoryError
    return count
