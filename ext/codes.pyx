"""float32 samples through tables of 65536 codes over [0, 1]."""

include "level.pxi"

cdef extern from "simd/codes.h" nogil:
    void codes_apply(const float *, float *, Py_ssize_t, const float *, int, int)


def apply(
    const float[:, :] src,
    float[:, :] dst,
    const float[:, ::1] table,
    int channels,
    Py_ssize_t y0,
    Py_ssize_t y1,
):
    """Rows [y0, y1) of dst = table[c, code of src]; a table with one row serves all colour channels."""
    cdef Py_ssize_t y
    with nogil:
        for y in range(y0, y1):
            codes_apply(&src[y, 0], &dst[y, 0], src.shape[1], &table[0, 0], channels, <int>table.shape[0])
