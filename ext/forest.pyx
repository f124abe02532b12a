"""Forests of depth probes: values of features, the best split of each node, and what a forest says of pixels."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

include "level.pxi"

cdef extern from "simd/forest_split.h" nogil:
    ctypedef struct Depth:
        const float *pixels
        int32_t height, width
    ctypedef struct ForestNode:
        pass
    void probe_features(const Depth *, int32_t, int32_t, const float *const *, Py_ssize_t, float *)
    void forest_pixels(
        const Depth *, const int32_t *, const int32_t *, Py_ssize_t, const ForestNode *const *, const float *const *, int,
        int, float, float *
    )

cdef extern from "simd/forest_split.h" nogil:
    int SPLIT_FEATURES
    int SPLIT_CLASSES
    ctypedef struct ForestSamples:
        const float *depths
        const int64_t *firsts
        const int32_t *shapes
        const int32_t *image
        const int16_t *row
        const int16_t *column
        const uint8_t *label
    ctypedef struct ForestSplit:
        double gain
        int64_t feature
        float threshold
    ctypedef struct SplitWork:
        pass
    size_t split_work_size(int, int)
    void split_work_init(SplitWork *)
    ForestSplit split_block(
        const ForestSamples *, const int32_t *, Py_ssize_t, const uint32_t *, const float *const *, int, int, int, uint32_t,
        float, SplitWork *
    )
    Py_ssize_t split_apply(const ForestSamples *, int32_t *, Py_ssize_t, const float *, float, int32_t *)

cdef extern from "simd/forest_draw.h" nogil:
    void draw_features(uint64_t, Py_ssize_t, Py_ssize_t, float, float *, float *, float *, float *)

FEATURES_PER_BLOCK = SPLIT_FEATURES
MAX_PARTS = SPLIT_CLASSES


def features(
    const float[::1] prepared, int height, int width, const int32_t[::1] rows, const int32_t[::1] columns,
    const float[:, ::1] offsets, float[:, ::1] values,
):
    """Values (n, F) of features with ``offsets`` (4, F) at n pixels of a prepared image (its constant, then its pixels)."""
    cdef Depth image
    cdef const float *places[4]
    cdef Py_ssize_t i, count = offsets.shape[1]
    if count == 0 or rows.shape[0] == 0:
        return
    image.pixels, image.height, image.width = &prepared[0] + 1, height, width
    for i in range(4):
        places[i] = &offsets[i, 0]
    with nogil:
        for i in range(rows.shape[0]):
            probe_features(&image, rows[i], columns[i], places, count, &values[i, 0])


def drawn(uint64_t key, Py_ssize_t first, Py_ssize_t count, float reach):
    """The features that a node of this key tries, as bytes of float32 (4, count)."""
    cdef bytearray result = bytearray(16 * max(count, 0))
    cdef unsigned char[::1] view = result
    cdef float *at
    if count > 0:
        at = <float *>&view[0]
        draw_features(key, first, count, reach, at, at + count, at + 2 * count, at + 3 * count)
    return bytes(result)


def offsets_of(const uint64_t[::1] keys, const int32_t[::1] features, float reach, float[:, ::1] splits):
    """Put the offsets of one feature of each key into the first four columns of ``splits``; a negative feature is none."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(keys.shape[0]):
            if features[i] >= 0:
                draw_features(
                    keys[i], features[i], 1, reach, &splits[i, 0], &splits[i, 1], &splits[i, 2], &splits[i, 3]
                )


cdef ForestSamples samples_of(
    const float[::1] depths, const int64_t[::1] firsts, const int32_t[:, ::1] shapes, const int32_t[::1] image,
    const int16_t[::1] row, const int16_t[::1] column, const uint8_t[::1] label,
):
    cdef ForestSamples samples
    samples.depths, samples.firsts, samples.shapes = &depths[0], &firsts[0], &shapes[0, 0]
    samples.image, samples.row, samples.column, samples.label = &image[0], &row[0], &column[0], &label[0]
    return samples


def search(
    const float[::1] depths, const int64_t[::1] firsts, const int32_t[:, ::1] shapes, const int32_t[::1] image,
    const int16_t[::1] row, const int16_t[::1] column, const uint8_t[::1] label, const int32_t[::1] order,
    const int64_t[::1] begins, const uint64_t[::1] keys, const uint32_t[:, ::1] totals, int features, int thresholds,
    uint32_t smallest, float offset_reach, float value_reach, const int64_t[::1] tasks, Py_ssize_t task0, Py_ssize_t task1,
    double[:, ::1] gains, int32_t[:, ::1] chosen, float[:, ::1] cuts,
):
    """The best feature and threshold of each task in ``tasks[task0:task1]``: of a node and a block of features.

    Task t is node ``t // blocks`` and block ``t % blocks``. Node i has the pixels ``order[begins[i]:begins[i + 1]]``, whose labels ``totals[i]`` counts.
    """
    cdef ForestSamples samples = samples_of(depths, firsts, shapes, image, row, column, label)
    cdef int blocks = (features + SPLIT_FEATURES - 1) // SPLIT_FEATURES, classes = <int>totals.shape[1], some
    cdef SplitWork *work = <SplitWork *>malloc(split_work_size(thresholds, classes))
    cdef float *offsets = <float *>malloc(4 * <size_t>SPLIT_FEATURES * sizeof(float))
    cdef const float *places[4]
    cdef ForestSplit best
    cdef Py_ssize_t number, node, block, i
    try:
        if work == NULL or offsets == NULL:
            raise MemoryError
        with nogil:
            split_work_init(work)
            for number in range(task0, task1):
                node, block = tasks[number] // blocks, tasks[number] % blocks
                some = min(SPLIT_FEATURES, features - <int>block * SPLIT_FEATURES)
                for i in range(4):
                    places[i] = offsets + i * SPLIT_FEATURES
                draw_features(
                    keys[node], block * SPLIT_FEATURES, some, offset_reach, offsets, offsets + SPLIT_FEATURES,
                    offsets + 2 * SPLIT_FEATURES, offsets + 3 * SPLIT_FEATURES,
                )
                best = split_block(
                    &samples, &order[begins[node]], begins[node + 1] - begins[node], &totals[node, 0], places, some,
                    thresholds, classes, smallest, value_reach, work,
                )
                gains[node, block], cuts[node, block] = best.gain, best.threshold
                chosen[node, block] = <int32_t>(block * SPLIT_FEATURES + best.feature) if best.feature >= 0 else -1
    finally:
        free(work)
        free(offsets)


def count_labels(
    const uint8_t[::1] label, const int32_t[::1] order, const int64_t[::1] begins, Py_ssize_t node0, Py_ssize_t node1,
    uint32_t[:, ::1] totals,
):
    """How many pixels of each label the nodes [node0, node1) have."""
    cdef Py_ssize_t node, k
    with nogil:
        for node in range(node0, node1):
            memset(&totals[node, 0], 0, <size_t>totals.shape[1] * sizeof(uint32_t))
            for k in range(begins[node], begins[node + 1]):
                totals[node, label[order[k]]] += 1


def part(
    const float[::1] depths, const int64_t[::1] firsts, const int32_t[:, ::1] shapes, const int32_t[::1] image,
    const int16_t[::1] row, const int16_t[::1] column, const uint8_t[::1] label, int32_t[::1] order,
    const int64_t[::1] begins, const float[:, ::1] splits, Py_ssize_t node0, Py_ssize_t node1, int64_t[::1] below,
):
    """Part the pixels of nodes [node0, node1) by rows (u, v, threshold) of ``splits``; ``below`` tells how many go left."""
    cdef ForestSamples samples = samples_of(depths, firsts, shapes, image, row, column, label)
    cdef Py_ssize_t node, most = 1
    for node in range(node0, node1):
        most = max(most, begins[node + 1] - begins[node])
    cdef int32_t *spare = <int32_t *>malloc(<size_t>most * sizeof(int32_t))
    if spare == NULL:
        raise MemoryError
    with nogil:
        for node in range(node0, node1):
            below[node] = split_apply(
                &samples, &order[begins[node]], begins[node + 1] - begins[node], &splits[node, 0], splits[node, 4], spare
            )
    free(spare)


def predict(
    const float[::1] prepared, int height, int width, const int32_t[::1] rows, const int32_t[::1] columns,
    const unsigned char[:, ::1] nodes, const int64_t[::1] first_node, const float[:, ::1] leaves,
    const int64_t[::1] first_leaf, Py_ssize_t i0, Py_ssize_t i1, float[:, ::1] out,
):
    """Rows [i0, i1) of the mean probabilities of trees at pixels of a prepared image.

    ``nodes`` are rows of (u, v: float32 pairs, threshold: float32, left: int32), checked: children are later nodes of their
    tree, leaves rows of their tree's part of ``leaves``.
    """
    cdef int count = <int>first_node.shape[0] - 1, parts = <int>leaves.shape[1], t
    cdef Depth image
    cdef const ForestNode **trees = <const ForestNode **>malloc(<size_t>count * sizeof(void *))
    cdef const float **tables = <const float **>malloc(<size_t>count * sizeof(void *))
    cdef Py_ssize_t i, n
    image.pixels, image.height, image.width = &prepared[0] + 1, height, width
    try:
        if trees == NULL or tables == NULL:
            raise MemoryError
        for t in range(count):
            trees[t] = <const ForestNode *>&nodes[first_node[t], 0]
            tables[t] = &leaves[first_leaf[t], 0]
        with nogil:
            for i in range(i0, i1, 64):
                n = min(64, i1 - i)
                forest_pixels(&image, &rows[i], &columns[i], n, trees, tables, count, parts, <float>1.0 / <float>count, &out[i, 0])
    finally:
        free(trees)
        free(tables)
