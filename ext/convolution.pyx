"""Correlation of rows with a kernel, by sums of float32, float64 or whole numbers."""

from libc.stdint cimport int64_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/correlate.h" nogil:
    enum:
        SUMS_F32
        SUMS_F64
        SUMS_I32
        SAMPLES_U8
        SAMPLES_U16
        SAMPLES_F32
    ctypedef struct Correlation:
        Py_ssize_t width
        Py_ssize_t positions
        const int64_t *rows
        const int64_t *columns
        Py_ssize_t reach
        Py_ssize_t row_step
        Py_ssize_t column_step
        Py_ssize_t kernel_height
        Py_ssize_t kernel_width
        Py_ssize_t terms
        Py_ssize_t taps
        const int64_t *tap_rows
        const int64_t *tap_offsets
        const void *weights
        double fill
        int channels
        int samples
        int shift
    int c_correlate "correlate"(
        const Correlation *, int, const void *, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t, Py_ssize_t
    )

cdef extern from "simd/spectrum.h" nogil:
    ctypedef struct Spectrum:
        Correlation c
        Py_ssize_t length
        const void *twiddles
        const void *factors
    int spectrum_f32(
        const Spectrum *, const void *, Py_ssize_t, char *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t
    )
    int spectrum_f64(
        const Spectrum *, const void *, Py_ssize_t, char *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t
    )

SUMS = {"float32": SUMS_F32, "float64": SUMS_F64, "int32": SUMS_I32}


def correlate(
    const sample_t[:, :] src, sample_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    double fill, tuple dilation, tuple shape, int terms, const int64_t[:, ::1] taps, const uint8_t[::1] weights, int kind,
    int shift, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst; rows are packed samples, interleaved ``channels`` deep, rounded and clipped for integers.

    ``shape`` is the kernel's. ``terms`` is 0 where ``weights`` are those of the kernel, else they are so many columns,
    then rows, of separable kernels. ``taps`` is None, or (2, n) row and column in the kernel of n ``weights``.
    ``weights`` are the bytes of float32, float64, or with int32 sums of pairs of 16-bit numbers, ``2**shift`` times
    the kernel: row q of (kernel height + 1) rows holds kernel rows q - 1 and q, zero outside.
    """
    cdef Correlation c
    cdef int status
    if y1 <= y0:
        return
    c.width = src.shape[1] // channels
    c.positions = rows.shape[0]
    c.rows = &rows[0]
    c.columns = &columns[0] if columns.shape[0] else NULL
    c.reach = columns.shape[0] // 2
    c.row_step = dilation[0]
    c.column_step = dilation[1] * channels
    c.kernel_height = shape[0]
    c.kernel_width = shape[1]
    c.terms = terms
    c.taps = 0
    c.weights = &weights[0]
    c.fill = fill
    c.channels = channels
    c.samples = SAMPLES_U8 if sample_t is uint8_t else SAMPLES_U16 if sample_t is uint16_t else SAMPLES_F32
    c.shift = shift
    if taps is not None:
        c.taps = taps.shape[1]
        c.tap_rows = &taps[0, 0]
        c.tap_offsets = &taps[1, 0]
    with nogil:
        status = c_correlate(&c, kind, &src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1)
    if status:
        raise MemoryError(f"no memory for {shape[0]} rows of the image, as the kernel is high")


def correlate_block(
    const sample_t[:, :] src, sample_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    double fill, tuple shape, Py_ssize_t length, const uint8_t[::1] twiddles, const uint8_t[::1] factors, int kind,
    Py_ssize_t y0, Py_ssize_t y1, Py_ssize_t x0, Py_ssize_t x1,
):
    """Pixels [x0, x1) of rows [y0, y1) of dst, at most ``length - shape[0] + 1`` rows, by transforms of ``length`` rows.

    ``twiddles`` and ``factors`` are the bytes that spectrum.h describes, of the precision that ``kind`` says. False where
    sums are not finite, and the block is to be made otherwise.
    """
    cdef Spectrum s
    cdef int status
    s.c.width = src.shape[1] // channels
    s.c.positions = rows.shape[0]
    s.c.rows = &rows[0]
    s.c.columns = &columns[0] if columns.shape[0] else NULL
    s.c.reach = columns.shape[0] // 2
    s.c.kernel_height = shape[0]
    s.c.kernel_width = shape[1]
    s.c.fill = fill
    s.c.channels = channels
    s.c.samples = SAMPLES_U8 if sample_t is uint8_t else SAMPLES_U16 if sample_t is uint16_t else SAMPLES_F32
    s.c.shift = 0
    s.length = length
    s.twiddles = &twiddles[0]
    s.factors = &factors[0]
    with nogil:
        if kind == SUMS_F32:
            status = spectrum_f32(&s, &src[0, 0], src.strides[0], <char *>&dst[0, 0], dst.strides[0], y0, y1, x0, x1)
        else:
            status = spectrum_f64(&s, &src[0, 0], src.strides[0], <char *>&dst[0, 0], dst.strides[0], y0, y1, x0, x1)
    if status < 0:
        raise MemoryError(f"no memory for {length} rows of the image, as the kernel is high")
    return status == 0
