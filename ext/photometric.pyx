"""How far two images are apart at each pixel."""

include "level.pxi"

cdef extern from "simd/photometric.h" nogil:
    ctypedef struct Photometric:
        const float *a
        const float *b
        const float *mean_a
        const float *mean_b
        const float *square_a
        const float *square_b
        const float *both
        float plain
        float structure
    void photometric(const Photometric *, float *, int, Py_ssize_t, Py_ssize_t)


def error(
    const float[::1] a, const float[::1] b, means, float[::1] out, int channels, float plain, float structure,
    Py_ssize_t i0, Py_ssize_t i1,
):
    """Pixels [i0, i1) of out = plain mean(|a - b|) + structure mean((1 - SSIM) / 2); means, of windows of a, b, a a, b b and
    a b, are not read where structure is 0."""
    cdef Photometric images
    cdef const float[::1] mean_a, mean_b, square_a, square_b, both
    if i0 >= i1:
        return
    mean_a, mean_b, square_a, square_b, both = means if structure != 0 else (a, a, a, a, a)
    images.a, images.b, images.mean_a, images.mean_b = &a[0], &b[0], &mean_a[0], &mean_b[0]
    images.square_a, images.square_b, images.both = &square_a[0], &square_b[0], &both[0]
    images.plain, images.structure = plain, structure
    with nogil:
        photometric(&images, &out[0], channels, i0, i1)
