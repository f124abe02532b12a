"""Watershed by flooding: labels, the minima it starts from, and lines between what it finds."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t
    uint32_t

ctypedef fused relief_t:
    uint8_t
    uint16_t
    int32_t
    float
    double

ctypedef fused value_t:
    int32_t
    float
    double

cdef extern from "simd/watershed.h" nogil:
    ctypedef struct Volume:
        Py_ssize_t[3] shape
        Py_ssize_t[3] reach
        const Py_ssize_t *steps
        const Py_ssize_t *near
        Py_ssize_t count
    ctypedef struct Basins:
        const int32_t *markers
        const uint8_t *mask
        int32_t *labels
    enum:
        RELIEF_U8
        RELIEF_U16
        RELIEF_I32
        RELIEF_F32
        RELIEF_F64
    Py_ssize_t framed_width(const Volume *)
    Py_ssize_t framed_slice(const Volume *)
    void count_levels_u8(const uint8_t *, Py_ssize_t, uint32_t *)
    uint32_t count_levels_u16(const uint16_t *, Py_ssize_t, uint32_t *)
    int watershed_u8(const Volume *, const uint8_t *, const uint32_t *, uint32_t, const Basins *)
    int watershed_u16(const Volume *, const uint16_t *, const uint32_t *, uint32_t, const Basins *)
    int watershed_u32(const Volume *, const uint32_t *, const uint32_t *, uint32_t, const Basins *)

cdef extern from "simd/watershed_compact.h" nogil:
    int watershed_compact(const Volume *, const void *, int, double, const Basins *)

cdef extern from "simd/watershed_lines.h" nogil:
    ctypedef struct Lines:
        int32_t *labels
        const int32_t *markers
        const void *relief
        int kind
        Py_ssize_t[3] shape
        const Py_ssize_t *steps
        Py_ssize_t count
        Py_ssize_t half
    void draw_lines(const Lines *, Py_ssize_t *)

cdef extern from "simd/watershed_minima.h" nogil:
    int64_t regional_minima(const Volume *, const void *, int, const uint8_t *, int32_t *)

cdef extern from "simd/watershed_peaks.h" nogil:
    int64_t deep_peaks(const Volume *, const float *, double, int32_t *)

cdef extern from "simd/watershed_ranks.h" nogil:
    enum:
        RANK_I32
        RANK_F32
        RANK_F64
    size_t rank_values(const void *, int, size_t, uint32_t *, uint32_t *)


cdef int _kind(const relief_t *relief) noexcept nogil:
    if relief_t is uint8_t:
        return RELIEF_U8
    elif relief_t is uint16_t:
        return RELIEF_U16
    elif relief_t is int32_t:
        return RELIEF_I32
    elif relief_t is float:
        return RELIEF_F32
    else:
        return RELIEF_F64


cdef class _Frame:
    """A volume of the shape of labels, and the steps to a pixel's neighbours in its frame."""

    cdef Volume volume
    cdef const Py_ssize_t[:, ::1] steps
    cdef Py_ssize_t *near

    def __cinit__(self, const int32_t[:, :, ::1] labels, const Py_ssize_t[:, ::1] steps):
        cdef Py_ssize_t k
        cdef int axis
        self.near = <Py_ssize_t *>malloc(steps.shape[0] * sizeof(Py_ssize_t))
        if self.near == NULL:
            raise MemoryError
        for axis in range(3):
            self.volume.shape[axis] = labels.shape[axis]
            self.volume.reach[axis] = 0
            for k in range(steps.shape[0]):
                self.volume.reach[axis] = max(self.volume.reach[axis], abs(steps[k, axis]))
        for k in range(steps.shape[0]):
            self.near[k] = (
                steps[k, 0] * framed_slice(&self.volume) + steps[k, 1] * framed_width(&self.volume) + steps[k, 2]
            )
        self.steps = steps
        self.volume.steps = &self.steps[0, 0]
        self.volume.near = self.near
        self.volume.count = steps.shape[0]

    def __dealloc__(self):
        free(self.near)


cdef Basins _basins(
    const int32_t[:, :, ::1] markers, const uint8_t[:, :, ::1] mask, int32_t[:, :, ::1] labels
) noexcept:
    cdef Basins basins
    basins.markers = &markers[0, 0, 0]
    basins.mask = NULL
    if mask is not None:
        basins.mask = &mask[0, 0, 0]
    basins.labels = &labels[0, 0, 0]
    return basins


def flood(
    const level_t[:, :, ::1] relief, uint32_t[::1] starts, const int32_t[:, :, ::1] markers,
    const uint8_t[:, :, ::1] mask, const Py_ssize_t[:, ::1] steps, int32_t[:, :, ::1] labels,
):
    """Labels by flooding from markers, 0 for none; mask may be None, steps lead to neighbours in the order of flooding.

    Markers of uint8 levels are below 2**24 - 1, of uint16 ones below 2**16 - 1. starts: room for 256 or 65536 words, or
    of uint32 levels the number of pixels below each.
    """
    cdef _Frame frame = _Frame(labels, steps)
    cdef Basins basins = _basins(markers, mask, labels)
    cdef Py_ssize_t size = relief.shape[0] * relief.shape[1] * relief.shape[2]
    cdef uint32_t levels
    cdef int done
    with nogil:
        if level_t is uint8_t:
            count_levels_u8(&relief[0, 0, 0], size, &starts[0])
            done = watershed_u8(&frame.volume, &relief[0, 0, 0], &starts[0], 256, &basins)
        elif level_t is uint16_t:
            levels = count_levels_u16(&relief[0, 0, 0], size, &starts[0])
            done = watershed_u16(&frame.volume, &relief[0, 0, 0], &starts[0], levels, &basins)
        else:
            levels = <uint32_t>starts.shape[0]
            done = watershed_u32(&frame.volume, &relief[0, 0, 0], &starts[0], levels, &basins)
    if not done:
        raise MemoryError


def compact(
    const relief_t[:, :, ::1] relief, const int32_t[:, :, ::1] markers, const uint8_t[:, :, ::1] mask,
    const Py_ssize_t[:, ::1] steps, double compactness, int32_t[:, :, ::1] labels,
):
    """The same where the distance from the marker's pixel times compactness is added to each level."""
    cdef _Frame frame = _Frame(labels, steps)
    cdef Basins basins = _basins(markers, mask, labels)
    cdef int done
    with nogil:
        done = watershed_compact(
            &frame.volume, &relief[0, 0, 0], _kind(&relief[0, 0, 0]), compactness, &basins
        )
    if not done:
        raise MemoryError


def ranks(const value_t[::1] values, uint32_t[::1] out, uint32_t[::1] starts):
    """For each of below 2**32 values, none of them NaN, how many different ones are less.

    Gives how many ranks there are; starts, one longer than the values, gets the number of values below each.
    """
    cdef size_t count
    cdef int kind = RANK_I32 if value_t is int32_t else RANK_F32 if value_t is float else RANK_F64
    with nogil:
        count = rank_values(&values[0], kind, values.shape[0], &out[0], &starts[0])
    if count == 0:
        raise MemoryError
    return count


def minima(
    const relief_t[:, :, ::1] relief, const uint8_t[:, :, ::1] mask, const Py_ssize_t[:, ::1] steps,
    int32_t[:, :, ::1] labels,
):
    """Numbers the regional minima, of them what the mask leaves, and gives how many; steps lead both ways."""
    cdef _Frame frame = _Frame(labels, steps)
    cdef Basins basins = _basins(labels, mask, labels)
    cdef int64_t count
    with nogil:
        count = regional_minima(
            &frame.volume, &relief[0, 0, 0], _kind(&relief[0, 0, 0]), basins.mask, basins.labels
        )
    if count < 0:
        raise MemoryError
    return count


def peaks(const float[:, :, ::1] heights, const Py_ssize_t[:, ::1] steps, double depth, int32_t[:, :, ::1] labels):
    """Numbers the peaks above 0 that are separated by depth from higher ones, and gives how many; steps lead both ways."""
    cdef _Frame frame = _Frame(labels, steps)
    cdef int64_t count
    with nogil:
        count = deep_peaks(&frame.volume, &heights[0, 0, 0], depth, &labels[0, 0, 0])
    if count < 0:
        raise MemoryError
    return count


def lines(
    const relief_t[:, :, ::1] relief, const int32_t[:, :, ::1] markers, const Py_ssize_t[:, ::1] steps,
    Py_ssize_t half, int32_t[:, :, ::1] labels,
):
    """Sets labels to 0 along the borders between them; steps lead both ways, the first half of them on in memory."""
    cdef Lines job
    cdef int axis
    cdef Py_ssize_t *near = <Py_ssize_t *>malloc(steps.shape[0] * sizeof(Py_ssize_t))
    if near == NULL:
        raise MemoryError
    job.labels = &labels[0, 0, 0]
    job.markers = &markers[0, 0, 0]
    job.relief = &relief[0, 0, 0]
    job.kind = _kind(&relief[0, 0, 0])
    for axis in range(3):
        job.shape[axis] = labels.shape[axis]
    job.steps = &steps[0, 0]
    job.count = steps.shape[0]
    job.half = half
    with nogil:
        draw_lines(&job, near)
    free(near)
