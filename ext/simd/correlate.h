/* Correlation with a kernel: directly, tap by tap from a list, or as a sum of separable kernels.

   Each source row is extended and converted once, into a ring of as many rows as four results reach over. With a
   dilation down, the rows that lie `row_step` apart are a problem of their own. */
#ifndef LEVEL
#ifndef IMGPROC_CORRELATE_H
#define IMGPROC_CORRELATE_H
#include "simd/correlate_rows.h"
#include "simd/correlate_vectors.h"

enum { SUMS_F32, SUMS_F64, SUMS_I32 };

#define CORRELATE_STRIP 768 /* sums of a row that stay in the first cache; a multiple of every block */
#define CORRELATE_SLACK 128 /* samples that the last block of a row may read or write behind it */

typedef struct {
    ptrdiff_t stored; /* rows in the ring */
    ptrdiff_t stride; /* samples from row to row, of all buffers but raw */
    void *ring;
    void *columns; /* sums down, of four rows */
    void *sums;    /* of four rows */
    void *raw[2];  /* extended rows in the image's dtype */
    const void **rows;    /* of the ring, in order */
    const void **sources; /* the same rows in the image, or where they are fill in the ring behind the extension */
    ptrdiff_t inside;     /* samples of a row, from the reach on, that read the image; 0 where all read the ring */
} Workspace;

#define SIMD_SOURCE "simd/correlate.h"
#include "simd/levels.h"
DISPATCH(void, correlate_rows,
         (const Correlation *c, int kind, const void *src, ptrdiff_t src_stride, char *dst, ptrdiff_t dst_stride, ptrdiff_t y,
          ptrdiff_t y1, Workspace *work),
         (c, kind, src, src_stride, dst, dst_stride, y, y1, work))

/* Rows [y0, y1) of the result with sums of `kind`. Returns 0, or -1 where there is no memory: the work takes
   O(width (kernel height + 12)) samples. Same bits at every level and for every division in bands. */
static UNUSED int correlate(const Correlation *c, int kind, const void *src, ptrdiff_t src_stride, void *dst,
                            ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t wide = (c->width + 2 * c->reach) * c->channels;
    const size_t size = kind == SUMS_F64 ? 8 : 4, depth = kind == SUMS_I32 ? 2 : 1;
    Workspace work;
    work.stored = (c->kernel_height + 3 + (ptrdiff_t)depth - 1) / (ptrdiff_t)depth;
    work.stride = (wide + CORRELATE_SLACK + 15) / 16 * 16;
    const size_t row = (size_t)work.stride * size, strip = 4 * CORRELATE_STRIP * size;
    const size_t columns = c->terms ? 4 * row : 0, sums = c->terms || c->taps ? 4 * row : strip;
    const size_t raw = (size_t)work.stride * sizeof(f32), list = 2 * (size_t)work.stored * sizeof(void *);
    /* Zeros, because the last block of a row also reads what stands behind it. */
    char *memory = (char *)calloc(1, (size_t)work.stored * row + columns + sums + 2 * raw + list + 64);
    if (!memory) return -1;
    char *next = memory + (64 - (uintptr_t)memory % 64) % 64;
    work.ring = next, next += (size_t)work.stored * row;
    work.columns = next, next += columns;
    work.sums = next, next += sums;
    work.raw[0] = next, next += raw;
    work.raw[1] = next, next += raw;
    work.rows = (const void **)(void *)next;
    work.sources = work.rows + work.stored;
    for (ptrdiff_t first = 0; first < c->row_step && y0 + first < y1; first++)
        correlate_rows(c, kind, src, src_stride, (char *)dst, dst_stride, y0 + first, y1, &work);
    free(memory);
    return 0;
}
#endif

#else

#if LEVEL == LEVEL_AVX512
#define LANES_32 16
#define WIDE_32 4
#elif LEVEL == LEVEL_AVX2
#define LANES_32 8
#define WIDE_32 3
#else
#define LANES_32 2
#define WIDE_32 8
#endif

#define OF(name) FN(name##_f32)
#define STORED f32
#define DEPTH 1
#define SUM f32
#define WEIGHT f32
#define LANES (LEVEL == LEVEL_BASELINE ? 1 : LANES_32)
#define WIDE WIDE_32
#define BROAD 8
#define IN_PLACE 1
#include "simd/correlate_bands.h"

#define OF(name) FN(name##_f64)
#define STORED f64
#define DEPTH 1
#define SUM f64
#define WEIGHT f64
#define LANES (LANES_32 / 2)
#define WIDE WIDE_32
#define BROAD 8
#define IN_PLACE 0
#include "simd/correlate_bands.h"

#define OF(name) FN(name##_i32)
#define STORED u32
#define DEPTH 2
#define SUM i32
#define WEIGHT u32
#define LANES (LEVEL == LEVEL_BASELINE ? 1 : LANES_32)
#define WIDE (LEVEL == LEVEL_AVX2 ? 2 : WIDE_32)
#define BROAD 8
#define IN_PLACE 0
#include "simd/correlate_bands.h"

static void FN(correlate_rows)(const Correlation *c, int kind, const void *src, ptrdiff_t src_stride, char *dst,
                               ptrdiff_t dst_stride, ptrdiff_t y, ptrdiff_t y1, Workspace *work) {
    switch (kind) {
    case SUMS_F32: FN(correlate_rows_f32)(c, src, src_stride, dst, dst_stride, y, y1, work); break;
    case SUMS_F64: FN(correlate_rows_f64)(c, src, src_stride, dst, dst_stride, y, y1, work); break;
    default: FN(correlate_rows_i32)(c, src, src_stride, dst, dst_stride, y, y1, work);
    }
}

#undef LANES_32
#undef WIDE_32
#endif
