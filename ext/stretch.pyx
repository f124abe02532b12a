"""Maps of float32 numbers stretched by taps: a few samples and weights for each row and each column."""

from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc


def stretch(
    const float[:, ::1] src, const int32_t[:, ::1] down, const float[:, ::1] down_weights,
    const int32_t[:, ::1] across, const float[:, ::1] across_weights, float[:, ::1] dst, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst. Of each row and column `(taps, length)`: samples, all inside of src, and weights."""
    cdef Py_ssize_t width = src.shape[1], x, y, k, taps = down.shape[0]
    cdef float *mixed
    cdef const float *row
    cdef float weight
    if y0 >= y1:
        return
    mixed = <float *>malloc(width * sizeof(float))
    if mixed == NULL:
        raise MemoryError
    with nogil:
        for y in range(y0, y1):
            for k in range(taps):
                row, weight = &src[down[k, y], 0], down_weights[k, y]
                if k == 0:
                    for x in range(width):
                        mixed[x] = row[x] * weight
                else:
                    for x in range(width):
                        mixed[x] += row[x] * weight
            if taps == 4:
                for x in range(dst.shape[1]):
                    dst[y, x] = (
                        mixed[across[0, x]] * across_weights[0, x] + mixed[across[1, x]] * across_weights[1, x]
                        + mixed[across[2, x]] * across_weights[2, x] + mixed[across[3, x]] * across_weights[3, x]
                    )
            else:
                for x in range(dst.shape[1]):
                    dst[y, x] = mixed[across[0, x]] * across_weights[0, x] + mixed[across[1, x]] * across_weights[1, x]
    free(mixed)
