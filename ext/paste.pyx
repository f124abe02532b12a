"""Masks of probabilities, stretched over their boxes or mixed from prototypes, as bits."""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

include "level.pxi"

cdef extern from "simd/paste.h" nogil:
    ctypedef struct Tap:
        int32_t low
        int32_t high
        float weight
    ctypedef struct Paste:
        const float *mask
        Py_ssize_t width
        const Tap *down
        const Tap *across
        Py_ssize_t y0
        Py_ssize_t y1
        Py_ssize_t x0
        Py_ssize_t x1
        Py_ssize_t w0
        Py_ssize_t w1
        float threshold
    Tap tap_of(float, Py_ssize_t)
    Tap tap_at(int64_t, int64_t, Py_ssize_t)
    int paste_bits(const Paste *, uint64_t *)

cdef extern from "simd/prototypes.h" nogil:
    void mix_prototypes(
        const float *, const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t,
        Py_ssize_t, float *,
    )
    void logistic(float *, Py_ssize_t)

cdef extern from "simd/mask_common.h" nogil:
    int64_t common_pixels(const uint64_t *, Py_ssize_t, const uint64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t)


def paste(
    const float[:, :, ::1] masks, const int64_t[:, ::1] boxes, const int64_t[:, ::1] parts,
    const int64_t[::1] offsets, uint64_t[::1] words, Py_ssize_t padding, float threshold, Py_ssize_t n0, Py_ssize_t n1,
):
    """Masks [n0, n1) with a border of `padding` zeros over boxes left, top, wide, tall; words of parts y0, y1, x0, x1."""
    cdef Py_ssize_t i, y, height = masks.shape[1], width = masks.shape[2]
    cdef Py_ssize_t tall = height + 2 * padding, wide = width + 2 * padding, most_down = 1, most_across = 1
    cdef bint done = True
    cdef Paste job
    cdef float *padded = <float *>calloc(tall * wide, sizeof(float))
    cdef Tap *down
    cdef Tap *across
    for i in range(n0, n1):
        most_down, most_across = max(most_down, parts[i, 1] - parts[i, 0]), max(most_across, parts[i, 3] - parts[i, 2])
    down, across = <Tap *>malloc(most_down * sizeof(Tap)), <Tap *>malloc(most_across * sizeof(Tap))
    done = padded != NULL and down != NULL and across != NULL
    job.mask, job.width, job.down, job.across, job.threshold = padded, wide, down, across, threshold
    with nogil:
        for i in range(n0, n1):
            if not done:
                break
            if offsets[i] == offsets[i + 1]:
                continue
            for y in range(height):
                memcpy(padded + (y + padding) * wide + padding, &masks[i, y, 0], width * sizeof(float))
            set_part(&job, parts[i, 0], parts[i, 1], parts[i, 2], parts[i, 3])
            for y in range(job.y1 - job.y0):
                down[y] = tap_at(job.y0 + y - boxes[i, 1], boxes[i, 3], tall)
            for y in range(job.x1 - job.x0):
                across[y] = tap_at(job.x0 + y - boxes[i, 0], boxes[i, 2], wide)
            done = paste_bits(&job, &words[offsets[i]])
    free(padded)
    free(down)
    free(across)
    if not done:
        raise MemoryError


def prototypes(
    const float[:, ::1] coefficients, const float[:, :, ::1] maps, const double[::1] down_places,
    const double[::1] across_places, const int64_t[:, ::1] parts, const int64_t[::1] offsets, uint64_t[::1] words,
    bint probabilities, float threshold, Py_ssize_t n0, Py_ssize_t n1,
):
    """Masks [n0, n1), each a sum of maps, within parts y0, y1, x0, x1 of the image, whose rows and columns lie at places
    of the maps; of its logistic function if `probabilities`."""
    cdef Py_ssize_t i, p, y, x, y0, y1, x0, x1, count = maps.shape[0], height = maps.shape[1], width = maps.shape[2]
    cdef Py_ssize_t image_height = down_places.shape[0], image_width = across_places.shape[0]
    cdef bint done
    cdef Paste job
    cdef float *mixed = <float *>malloc(height * width * sizeof(float))
    cdef Tap *down = <Tap *>malloc(image_height * sizeof(Tap))
    cdef Tap *across = <Tap *>malloc(image_width * sizeof(Tap))
    done = mixed != NULL and down != NULL and across != NULL
    with nogil:
        if done:
            for y in range(image_height):
                down[y] = tap_of(<float>down_places[y], height)
            for x in range(image_width):
                across[x] = tap_of(<float>across_places[x], width)
        job.mask, job.width, job.threshold = mixed, width, threshold
        for i in range(n0, n1):
            if not done:
                break
            if offsets[i] == offsets[i + 1]:
                continue
            set_part(&job, parts[i, 0], parts[i, 1], parts[i, 2], parts[i, 3])
            job.down, job.across = down + job.y0, across + job.x0
            y0, y1, x0, x1 = height, 0, width, 0
            for y in range(job.y0, job.y1):
                y0, y1 = min(y0, down[y].low), max(y1, down[y].high + 1)
            for x in range(job.x0, job.x1):
                x0, x1 = min(x0, across[x].low), max(x1, across[x].high + 1)
            mix_prototypes(
                &coefficients[i, 0], &maps[0, 0, 0], count, height * width, width, y0, y1, x0, x1, mixed
            )
            if probabilities:
                for y in range(y0, y1):
                    logistic(mixed + y * width + x0, x1 - x0)
            done = paste_bits(&job, &words[offsets[i]])
    free(mixed)
    free(down)
    free(across)
    if not done:
        raise MemoryError


cdef void set_part(Paste *job, Py_ssize_t y0, Py_ssize_t y1, Py_ssize_t x0, Py_ssize_t x1) noexcept nogil:
    job.y0, job.y1, job.x0, job.x1 = y0, y1, x0, x1
    job.w0, job.w1 = x0 // 64, (x1 + 63) // 64


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
