"""RoIAlign and RoIPool: bins of boxes of a feature map, sixteen channels at a time."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uintptr_t
from libc.stdlib cimport free, malloc

include "level.pxi"

cdef extern from "simd/roi_plan.h" nogil:
    ctypedef struct RoiPart:
        int64_t places
        int64_t taps
        int64_t starts
        int32_t n
    ctypedef struct RoiPlan:
        RoiPart *parts
        int32_t *places
        int32_t *taps
        float *weights
        int64_t *starts
        int64_t most_pixels
        int64_t most_across
        int64_t pixels
    int roi_plan(
        const int64_t *, Py_ssize_t, const float *, const float *, const int64_t *, const Py_ssize_t *,
        const Py_ssize_t *, RoiPlan *,
    )
    void roi_plan_free(RoiPlan *)

cdef extern from "simd/roi.h" nogil:
    enum:
        BLOCK
    void planes_to_blocks(const float *, Py_ssize_t, int, Py_ssize_t, float *)
    void blocks_to_planes(const float *, Py_ssize_t, int, float *, Py_ssize_t)
    ctypedef struct AlignAxis:
        const int32_t *places
        const int32_t *taps
        const float *weights
        const int64_t *starts
        Py_ssize_t bins
        Py_ssize_t n
    ctypedef struct PoolAxis:
        const int32_t *low
        const int32_t *high
        Py_ssize_t bins
    void align_box(const AlignAxis *, const AlignAxis *, const float *, Py_ssize_t, float, float *, float *)
    void pool_box(
        const PoolAxis *, const PoolAxis *, const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int32_t, float *,
        float *, int32_t *,
    )


cdef struct Room:
    # What a band works in; `memory` is what to free.
    float *pixels
    float *mixed
    float *made
    int32_t *numbers
    float *memory


cdef bint room_for(int64_t pixels, int64_t mixed, int64_t made, int64_t numbers, Room *room) noexcept nogil:
    """Room for blocks that begin at lines of the cache, and for as many numbers."""
    free_room(room)
    room.memory = <float *>malloc((pixels + mixed + made + 1) * BLOCK * sizeof(float))
    room.numbers = <int32_t *>malloc(numbers * sizeof(int32_t) + 1)
    if room.memory == NULL or room.numbers == NULL:
        return False
    room.pixels = <float *>((<uintptr_t>room.memory + 63) & ~<uintptr_t>63)
    room.mixed = room.pixels + pixels * BLOCK
    room.made = room.mixed + mixed * BLOCK
    return True


cdef void free_room(Room *room) noexcept nogil:
    free(room.memory)
    free(room.numbers)
    room.memory, room.numbers = NULL, NULL


cdef AlignAxis axis_of(const RoiPlan *plan, Py_ssize_t part, Py_ssize_t bins) noexcept nogil:
    cdef AlignAxis axis
    axis.places, axis.n = plan.places + plan.parts[part].places, plan.parts[part].n
    axis.taps, axis.weights = plan.taps + plan.parts[part].taps, plan.weights + plan.parts[part].taps
    axis.starts, axis.bins = plan.starts + plan.parts[part].starts, bins
    return axis


cdef void read_places(
    AlignAxis *down, AlignAxis *across, const float *planes, Py_ssize_t plane, Py_ssize_t width, int lanes, Room *room
) noexcept nogil:
    """Turn the pixels that one box reads to blocks, and its places to their rows and columns."""
    cdef Py_ssize_t i, j, n = across.n
    cdef bint together = n > 0 and across.places[n - 1] - across.places[0] == n - 1
    cdef const float *line
    for i in range(down.n):
        line = planes + down.places[i] * width
        if together:
            planes_to_blocks(line + across.places[0], plane, lanes, n, room.pixels + i * n * BLOCK)
        else:
            for j in range(n):
                planes_to_blocks(line + across.places[j], plane, lanes, 1, room.pixels + (i * n + j) * BLOCK)
    for i in range(max(down.n, across.n)):
        room.numbers[i] = <int32_t>i
    down.places, across.places = room.numbers, room.numbers


def align(
    const float[:, :, :, ::1] features, const int64_t[::1] order, const int64_t[::1] image_starts,
    const float[:, ::1] origins, const float[:, ::1] sizes, const int64_t[:, ::1] grids, const float[::1] scales,
    float[:, :, :, ::1] out, Py_ssize_t n0, Py_ssize_t n1,
):
    """RoIAlign of units [n0, n1), one for each block of channels of each image; `order` has the boxes image by image.

    Of an image whose boxes read as many pixels as it has, the whole is turned to blocks, of others what each box reads.
    """
    cdef Py_ssize_t channels = features.shape[1], height = features.shape[2], width = features.shape[3]
    cdef Py_ssize_t blocks = (channels + BLOCK - 1) // BLOCK, plane = height * width
    cdef Py_ssize_t unit, image, planned = -1, first, i, k, row, n, start
    cdef Py_ssize_t[2] bins = [out.shape[2], out.shape[3]]
    cdef Py_ssize_t[2] extent = [height, width]
    cdef int lanes
    cdef bint done = True, whole = False
    cdef const float *planes
    cdef AlignAxis down, across
    cdef RoiPlan plan
    cdef Room room
    plan.parts, plan.places, plan.taps, plan.weights, plan.starts = NULL, NULL, NULL, NULL, NULL
    room.pixels = room.mixed = room.made = room.memory = NULL
    room.numbers = NULL
    with nogil:
        for unit in range(n0, n1):
            image, first = unit // blocks, unit % blocks * BLOCK
            start, n = image_starts[image], image_starts[image + 1] - image_starts[image]
            if n == 0:
                continue
            if image != planned:
                roi_plan_free(&plan)
                done = roi_plan(
                    &order[start], n, &origins[0, 0], &sizes[0, 0], &grids[0, 0], bins, extent, &plan
                )
                if not done:
                    break
                planned, whole = image, plan.pixels >= plane
                done = room_for(
                    plane if whole else plan.most_pixels, plan.most_across, bins[0] * bins[1], height + width, &room
                )
                if not done:
                    break
            lanes = <int>min(BLOCK, channels - first)
            planes = &features[image, first, 0, 0]
            if whole:
                planes_to_blocks(planes, plane, lanes, plane, room.pixels)
            for i in range(n):
                k = order[start + i]
                down, across = axis_of(&plan, 2 * i, bins[0]), axis_of(&plan, 2 * i + 1, bins[1])
                row = width if whole else across.n
                if not whole:
                    read_places(&down, &across, planes, plane, width, lanes, &room)
                align_box(&down, &across, room.pixels, row, scales[k], room.mixed, room.made)
                blocks_to_planes(room.made, bins[0] * bins[1], lanes, &out[k, first, 0, 0], bins[0] * bins[1])
    roi_plan_free(&plan)
    free_room(&room)
    if not done:
        raise MemoryError


def pool(
    const float[:, :, :, ::1] features, const int64_t[::1] order, const int64_t[::1] image_starts,
    const int32_t[:, :, ::1] down_bins, const int32_t[:, :, ::1] across_bins, float[:, :, :, ::1] out,
    int32_t[:, :, :, ::1] arg, Py_ssize_t n0, Py_ssize_t n1,
):
    """RoIPool of units [n0, n1), as for `align`, of the firsts and the ends of the bins of each box, clipped to the map.

    `arg` is empty where it is not wanted.
    """
    cdef Py_ssize_t channels = features.shape[1], height = features.shape[2], width = features.shape[3]
    cdef Py_ssize_t blocks = (channels + BLOCK - 1) // BLOCK, plane = height * width
    cdef Py_ssize_t bins = out.shape[2] * out.shape[3], last_down = out.shape[2] - 1, last_across = out.shape[3] - 1
    cdef Py_ssize_t unit, image, planned = -1, first, i, k, y, row, y0, x0, rows
    cdef int64_t most, total
    cdef int lanes
    cdef bint done = True, whole = False, with_arg = arg.shape[0] > 0
    cdef const float *planes
    cdef int32_t *args = NULL
    cdef PoolAxis down, across
    cdef Room room
    room.pixels = room.mixed = room.made = room.memory = NULL
    room.numbers = NULL
    down.bins, across.bins = out.shape[2], out.shape[3]
    with nogil:
        for unit in range(n0, n1):
            image, first = unit // blocks, unit % blocks * BLOCK
            if image_starts[image] == image_starts[image + 1]:
                continue
            if image != planned:
                most, total = 0, 0
                for i in range(image_starts[image], image_starts[image + 1]):
                    k = order[i]
                    rows = max(0, down_bins[k, 1, last_down] - down_bins[k, 0, 0])
                    row = max(0, across_bins[k, 1, last_across] - across_bins[k, 0, 0])
                    most, total = max(most, rows * row), total + rows * row
                planned, whole = image, total >= plane
                done = room_for(plane if whole else most, 2 * width, 2 * bins, 0, &room)
                if not done:
                    break
            lanes = <int>min(BLOCK, channels - first)
            planes = &features[image, first, 0, 0]
            args = <int32_t *>(room.made + bins * BLOCK) if with_arg else NULL
            if whole:
                planes_to_blocks(planes, plane, lanes, plane, room.pixels)
            for i in range(image_starts[image], image_starts[image + 1]):
                k = order[i]
                down.low, down.high = &down_bins[k, 0, 0], &down_bins[k, 1, 0]
                across.low, across.high = &across_bins[k, 0, 0], &across_bins[k, 1, 0]
                y0 = x0 = 0
                row = width
                if not whole:
                    y0, x0 = down_bins[k, 0, 0], across_bins[k, 0, 0]
                    row = max(0, across_bins[k, 1, last_across] - x0)
                    for y in range(max(0, down_bins[k, 1, last_down] - y0)):
                        planes_to_blocks(
                            planes + (y0 + y) * width + x0, plane, lanes, row, room.pixels + y * row * BLOCK
                        )
                pool_box(
                    &down, &across, room.pixels, row, y0, x0, <int32_t>width, room.mixed, room.made, args
                )
                blocks_to_planes(room.made, bins, lanes, &out[k, first, 0, 0], bins)
                if with_arg:
                    blocks_to_planes(<float *>args, bins, lanes, <float *>&arg[k, first, 0, 0], bins)
    free_room(&room)
    if not done:
        raise MemoryError
