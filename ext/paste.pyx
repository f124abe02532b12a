"""Masks of probabilities, stretched over their boxes, as bits."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

include "level.pxi"

cdef extern from "simd/paste.h" nogil:
    ctypedef struct Paste:
        const float *mask
        Py_ssize_t height
        Py_ssize_t width
        int64_t top
        int64_t left
        int64_t tall
        int64_t wide
        Py_ssize_t y0
        Py_ssize_t y1
        Py_ssize_t x0
        Py_ssize_t x1
        Py_ssize_t w0
        Py_ssize_t w1
        float threshold
    int paste_bits(const Paste *, uint64_t *)

cdef extern from "simd/mask_common.h" nogil:
    int64_t common_pixels(const uint64_t *, Py_ssize_t, const uint64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t)


def paste(
    const float[:, :, ::1] masks, const int64_t[:, ::1] boxes, const int64_t[:, ::1] parts,
    const int64_t[::1] offsets, uint64_t[::1] words, Py_ssize_t padding, float threshold, Py_ssize_t n0, Py_ssize_t n1,
):
    """Masks [n0, n1) with a border of `padding` zeros over boxes left, top, wide, tall; words of parts y0, y1, x0, x1."""
    cdef Py_ssize_t i, y, height = masks.shape[1], width = masks.shape[2]
    cdef bint done = True
    cdef Paste job
    cdef float *padded
    job.height, job.width, job.threshold = height + 2 * padding, width + 2 * padding, threshold
    padded = <float *>calloc(job.height * job.width, sizeof(float))
    if padded == NULL:
        raise MemoryError
    job.mask = padded
    with nogil:
        for i in range(n0, n1):
            if offsets[i] == offsets[i + 1]:
                continue
            for y in range(height):
                memcpy(padded + (y + padding) * job.width + padding, &masks[i, y, 0], width * sizeof(float))
            job.left, job.top, job.wide, job.tall = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
            job.y0, job.y1, job.x0, job.x1 = parts[i, 0], parts[i, 1], parts[i, 2], parts[i, 3]
            job.w0, job.w1 = job.x0 // 64, (job.x1 + 63) // 64
            done = done and paste_bits(&job, &words[offsets[i]])
    free(padded)
    if not done:
        raise MemoryError


def extents(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, int64_t[:, ::1] needed,
    int64_t[::1] areas, Py_ssize_t n0, Py_ssize_t n1,
):
    """needed[i]: of boxes[i], y0, y1, w0, w1, the rows and words with pixels, 0 where there are none; and how many."""
    cdef Py_ssize_t i, y, w, tall, wide
    cdef const uint64_t *mask
    cdef uint64_t some
    cdef int64_t y0, y1, w0, w1
    with nogil:
        for i in range(n0, n1):
            needed[i, 0] = needed[i, 1] = needed[i, 2] = needed[i, 3] = areas[i] = 0
            if offsets[i] == offsets[i + 1]:
                continue
            mask = &words[offsets[i]]
            tall, wide = boxes[i, 1] - boxes[i, 0], boxes[i, 3] - boxes[i, 2]
            y0, y1, w0, w1 = tall, 0, wide, 0
            for y in range(tall):
                some = 0
                for w in range(wide):
                    some |= mask[y * wide + w]
                if some == 0:
                    continue
                y0, y1 = min(y0, y), y + 1
                for w in range(wide):
                    if mask[y * wide + w]:
                        w0 = min(w0, w)
                        break
                for w in range(wide - 1, -1, -1):
                    if mask[y * wide + w]:
                        w1 = max(w1, w + 1)
                        break
            if y1 == 0:
                continue
            needed[i, 0], needed[i, 1] = boxes[i, 0] + y0, boxes[i, 0] + y1
            needed[i, 2], needed[i, 3] = boxes[i, 2] + w0, boxes[i, 2] + w1
            areas[i] = common_pixels(mask, wide, mask, wide, tall, wide)


def crop(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, uint64_t[::1] out,
    const int64_t[::1] out_offsets, const int64_t[:, ::1] out_boxes,
):
    """The words of masks within smaller boxes."""
    cdef Py_ssize_t i, y, wide, out_wide
    cdef const uint64_t *mask
    with nogil:
        for i in range(boxes.shape[0]):
            wide, out_wide = boxes[i, 3] - boxes[i, 2], out_boxes[i, 3] - out_boxes[i, 2]
            for y in range(out_boxes[i, 0], out_boxes[i, 1]):
                mask = &words[offsets[i] + (y - boxes[i, 0]) * wide + (out_boxes[i, 2] - boxes[i, 2])]
                memcpy(
                    &out[out_offsets[i] + (y - out_boxes[i, 0]) * out_wide], mask, out_wide * sizeof(uint64_t)
                )
