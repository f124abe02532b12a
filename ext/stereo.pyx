"""Disparities of rectified pairs: features, block matching, semi-global matching, speckles."""

from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memcpy

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused slope_t:
    uint8_t
    float

cdef extern from "simd/stereo_features.h" nogil:
    enum:
        CENSUS_PLANES
    ctypedef struct Features:
        const void *src
        Py_ssize_t src_step
        Py_ssize_t height
        Py_ssize_t width
        uint8_t *dst
        Py_ssize_t dst_width
        int reversed
    int census_u8(const Features *, Py_ssize_t, Py_ssize_t)
    int census_u16(const Features *, Py_ssize_t, Py_ssize_t)
    int census_f32(const Features *, Py_ssize_t, Py_ssize_t)
    int sobel_u8(const Features *, Py_ssize_t, Py_ssize_t)
    int sobel_f32(const Features *, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/stereo_paths.h" nogil:
    enum:
        STEREO_ALIGN
    ctypedef struct Stereo:
        const uint8_t *left
        const uint8_t *right
        Py_ssize_t left_width
        Py_ssize_t right_width
        int planes
        Py_ssize_t height
        Py_ssize_t width
        Py_ssize_t count
        Py_ssize_t padded
        int radius
        int unique
        int check
        float *out
        Py_ssize_t out_step
    ctypedef struct Paths:
        Stereo match
        uint8_t p1
        uint8_t p2
        uint16_t paths
    ctypedef struct Fronts:
        int count
        uint8_t *states
        uint8_t *leasts
        uint8_t *next_states
        uint8_t *next_leasts
    int stereo_block(const Stereo *, Py_ssize_t, Py_ssize_t)
    int stereo_costs(const Paths *, Py_ssize_t, Py_ssize_t, uint8_t *)
    int stereo_along(const Paths *, Py_ssize_t, const uint8_t *, uint8_t *)
    void stereo_fronts(const Paths *, const uint8_t *, Fronts *, uint16_t *)
    int stereo_down(
        const Paths *, Py_ssize_t, Py_ssize_t, const uint8_t *, const uint8_t *, const uint16_t *, Fronts *
    )

cdef extern from "simd/stereo_speckles.h" nogil:
    int c_remove_speckles "remove_speckles"(float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, float)

PLANES = CENSUS_PLANES
ALIGN = STEREO_ALIGN


cdef void describe_features(Features *job, uint8_t[:, :, ::1] dst, Py_ssize_t height, Py_ssize_t width, bint reversed) noexcept nogil:
    job.height = height
    job.width = width
    job.dst = &dst[0, 0, 0]
    job.dst_width = dst.shape[2]
    job.reversed = reversed


def census(const sample_t[:, :] src, uint8_t[:, :, ::1] dst, bint reversed, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the codes of a gray image with packed rows: dst is (H, PLANES, >= W)."""
    cdef Features job
    cdef int done
    describe_features(&job, dst, src.shape[0], src.shape[1], reversed)
    job.src = &src[0, 0]
    job.src_step = src.strides[0]
    with nogil:
        if sample_t is uint8_t:
            done = census_u8(&job, y0, y1)
        elif sample_t is uint16_t:
            done = census_u16(&job, y0, y1)
        else:
            done = census_f32(&job, y0, y1)
    if not done:
        raise MemoryError


def slopes(const slope_t[:, :] src, uint8_t[:, :, ::1] dst, bint reversed, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the clipped derivatives of a gray image with packed rows: dst is (H, 1, >= W)."""
    cdef Features job
    cdef int done
    describe_features(&job, dst, src.shape[0], src.shape[1], reversed)
    job.src = &src[0, 0]
    job.src_step = src.strides[0]
    with nogil:
        if slope_t is uint8_t:
            done = sobel_u8(&job, y0, y1)
        else:
            done = sobel_f32(&job, y0, y1)
    if not done:
        raise MemoryError


def remove_speckles(float[:, ::1] disparities, Py_ssize_t least, float apart):
    """Regions of fewer than `least` pixels, neighbours at most `apart` from each other, become NaN."""
    cdef int done
    with nogil:
        done = c_remove_speckles(&disparities[0, 0], disparities.shape[0], disparities.shape[1], least, apart)
    if not done:
        raise MemoryError


cdef class Matching:
    """A pair of features and how they are matched; holds what the kernels need beside rows."""

    cdef Paths job
    cdef const uint8_t[:, :, ::1] left
    cdef const uint8_t[:, :, ::1] right
    cdef float[:, ::1] out
    cdef readonly Py_ssize_t padded

    def __cinit__(
        self, const uint8_t[:, :, ::1] left, const uint8_t[:, :, ::1] right, Py_ssize_t count, int radius, int unique,
        bint check, float[:, ::1] out, int p1=0, int p2=0, int paths=0,
    ):
        """right is reversed and (H, planes, W + padded); out is (H, W)."""
        self.left, self.right, self.out = left, right, out
        self.padded = right.shape[2] - left.shape[2]
        self.job.match.left = &left[0, 0, 0]
        self.job.match.right = &right[0, 0, 0]
        self.job.match.left_width = left.shape[2]
        self.job.match.right_width = right.shape[2]
        self.job.match.planes = <int>left.shape[1]
        self.job.match.height = left.shape[0]
        self.job.match.width = left.shape[2]
        self.job.match.count = count
        self.job.match.padded = self.padded
        self.job.match.radius = radius
        self.job.match.unique = unique
        self.job.match.check = check
        self.job.match.out = &out[0, 0]
        self.job.match.out_step = out.shape[1]
        self.job.p1, self.job.p2, self.job.paths = p1, p2, paths

    def block(self, Py_ssize_t y0, Py_ssize_t y1):
        """Rows [y0, y1) of the disparities by sums over blocks."""
        cdef int done
        with nogil:
            done = stereo_block(&self.job.match, y0, y1)
        if not done:
            raise MemoryError

    def along(self, Py_ssize_t y0, Py_ssize_t y1, uint8_t[:, ::1] costs, uint8_t[:, ::1] paid):
        """Costs of rows [y0, y1), and what both paths along each row pay: a row of width * padded for each."""
        cdef int done
        with nogil:
            done = (stereo_costs(&self.job, y0, y1, &costs[0, 0])
                    and stereo_along(&self.job, y1 - y0, &costs[0, 0], &paid[0, 0]))
        if not done:
            raise MemoryError

    def down(
        self, Py_ssize_t y0, Py_ssize_t y1, const uint8_t[:, ::1] costs, const uint8_t[:, ::1] along,
        const uint16_t[:, ::1] more, FrontStates fronts,
    ):
        """Rows [y0, y1) of the disparities; more, or None, is what the paths from below pay."""
        cdef int done
        cdef const uint16_t *other = &more[0, 0] if more is not None else NULL
        with nogil:
            done = stereo_down(&self.job, y0, y1, &costs[0, 0], &along[0, 0], other, &fronts.fronts)
        if not done:
            raise MemoryError

    def up(self, Py_ssize_t n, const uint8_t[:, ::1] costs, uint16_t[:, ::1] paid, FrontStates fronts):
        """What the paths from below pay at n rows, from the last one up; with paid None they only move on."""
        cdef Py_ssize_t y
        with nogil:
            for y in range(n - 1, -1, -1):
                stereo_fronts(&self.job, &costs[y, 0], &fronts.fronts, &paid[y, 0] if paid is not None else NULL)

    def costs(self, Py_ssize_t y0, Py_ssize_t y1, uint8_t[:, ::1] costs):
        """Costs of rows [y0, y1)."""
        cdef int done
        with nogil:
            done = stereo_costs(&self.job, y0, y1, &costs[0, 0])
        if not done:
            raise MemoryError


cdef class FrontStates:
    """Where the 1 or 3 paths from the row before stand: (1 or 2, count * W, padded) and (1 or 2, count * W).

    The first of both arrays is where they begin, zero for no row before; three paths need the second as room.
    """

    cdef Fronts fronts
    cdef uint8_t[:, :, ::1] states
    cdef uint8_t[:, ::1] leasts

    def __cinit__(self, uint8_t[:, :, ::1] states, uint8_t[:, ::1] leasts, int count):
        self.states, self.leasts = states, leasts
        self.fronts.count = count
        self.fronts.states = &states[0, 0, 0]
        self.fronts.leasts = &leasts[0, 0]
        self.fronts.next_states = &states[states.shape[0] - 1, 0, 0]
        self.fronts.next_leasts = &leasts[leasts.shape[0] - 1, 0]

    def save(self, uint8_t[:, ::1] states, uint8_t[::1] leasts):
        """Copy where they stand now."""
        with nogil:
            memcpy(&states[0, 0], self.fronts.states, <size_t>(states.shape[0] * states.shape[1]))
            memcpy(&leasts[0], self.fronts.leasts, <size_t>leasts.shape[0])
