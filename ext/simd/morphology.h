/* Flat morphology: the least (erosion) or the greatest (dilation) of the samples under a rectangle or any footprint. */
#ifndef LEVEL
#ifndef IMGPROC_MORPHOLOGY_H
#define IMGPROC_MORPHOLOGY_H
#include "simd/borders.h"
#include "simd/lanes.h"

/* One erosion or dilation of an image: where its samples are, what stands around them, and the neighbourhood. */
typedef struct {
    const void *src;
    ptrdiff_t stride; /* bytes between rows */
    ptrdiff_t width;
    int channels;
    int most;         /* greatest instead of least */
    ptrdiff_t ry, rx; /* reach of the neighbourhood */
    const i64 *rows, *columns; /* see borders.h */
    const void *fill_row;      /* `width` pixels of fill */
    /* For what is no rectangle, its runs of pixels as (row, first column, length), sorted by length, and how many. */
    const i64 *runs;
    ptrdiff_t run_count;
} Flat;

/* Rows found at once, and taken together as a group. */
#define RECTANGLE_BLOCK 8
#if defined(__GNUC__)
#define UNROLL_BLOCK _Pragma("GCC unroll 8")
#else
#define UNROLL_BLOCK
#endif

/* Output rows that share rows of the source: all are in every window of these rows. */
INLINE int rectangle_block(ptrdiff_t height) {
    return height == 1 ? 1 : height == 3 ? 2 : height < 9 ? 4 : RECTANGLE_BLOCK;
}

/* Groups inside every window of a block. One shared row at least is left beside them. */
INLINE ptrdiff_t rectangle_groups(ptrdiff_t height) {
    return height < 33 ? 0 : (height - 1 - RECTANGLE_BLOCK) / RECTANGLE_BLOCK;
}

/* A row of keys begins at a multiple of 64 bytes, with its margins and room for two vectors behind them. Rows are an odd
   number of cache lines apart: in images 3840 bytes wide it would be 4096 bytes else, and the rows of a block would push
   each other out of the one set of the first cache that they share (squares of 51 take 1.24 ms in place of 0.97). */
INLINE ptrdiff_t flat_margin_bytes(const Flat *f, size_t size) {
    return (f->rx * f->channels * (ptrdiff_t)size + 63) / 64 * 64;
}
INLINE ptrdiff_t flat_row_bytes(const Flat *f, size_t size) {
    return (2 * flat_margin_bytes(f, size) + (f->width * f->channels * (ptrdiff_t)size + 63) / 64 * 64 + 128) | 64;
}

/* How the rows of runs are kept: for every length that occurs, as many rows as the footprint is high, of a strip of the
   image that lets them stay in the second-level cache where it can, and what is found from one row in the first. */
typedef struct {
    ptrdiff_t lengths, strip /* pixels */, row_bytes;
} Footprint;

#define FOOTPRINT_BYTES (384 << 10)
#define FOOTPRINT_ROW_BYTES 2048

static UNUSED Footprint footprint_plan(const Flat *f, size_t size) {
    Footprint p = {0, f->width, 0};
    for (ptrdiff_t r = 0; r < f->run_count; r++) p.lengths += r == 0 || f->runs[3 * r + 2] != f->runs[3 * r - 1];
    const ptrdiff_t pixel = f->channels * (ptrdiff_t)size, rows = (2 * f->ry + 1) * p.lengths;
    const ptrdiff_t kept = FOOTPRINT_BYTES / (rows * pixel) - 2 * f->rx, row = FOOTPRINT_ROW_BYTES / pixel;
    const ptrdiff_t fits = kept < row ? kept : row, least = 2 * f->rx + 256, widest = fits > least ? fits : least;
    if (widest < f->width) {
        const ptrdiff_t strips = (f->width + widest - 1) / widest;
        p.strip = ((f->width + strips - 1) / strips + 63) / 64 * 64;
    }
    p.row_bytes = (((p.strip + 2 * f->rx) * pixel + 63) / 64 * 64 + 192) | 64;
    return p;
}

#define SIMD_SOURCE "simd/morphology.h"
#include "simd/levels.h"

/* Rows [y0, y1) of the result into rows y modulo `ring` of dst, which do not overlap the source. `scratch` holds
   flat_scratch(f, sizeof(sample)) bytes, aligned as malloc does. */
#define FLAT_PARAMETERS (const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t stride, ptrdiff_t ring, void *scratch)
DISPATCH(void, flat_u8, FLAT_PARAMETERS, (f, y0, y1, dst, stride, ring, scratch))
DISPATCH(void, flat_u16, FLAT_PARAMETERS, (f, y0, y1, dst, stride, ring, scratch))
DISPATCH(void, flat_f32, FLAT_PARAMETERS, (f, y0, y1, dst, stride, ring, scratch))

static UNUSED size_t flat_scratch(const Flat *f, size_t size) {
    if (f->runs != NULL) {
        const Footprint p = footprint_plan(f, size);
        const size_t numbers = (size_t)(2 * f->run_count + 3 * p.lengths) * 8;
        return numbers + 64 + (size_t)((2 * f->ry + 1) * p.lengths + 3) * (size_t)p.row_bytes;
    }
    const ptrdiff_t height = 2 * f->ry + 1, groups = rectangle_groups(height);
    const size_t pointers = (size_t)(height + RECTANGLE_BLOCK) * sizeof(void *);
    return pointers + 64 + (size_t)(RECTANGLE_BLOCK + 1 + groups) * (size_t)flat_row_bytes(f, size);
}
#endif

#else

#define SAMPLE u8
#define KEY u8
#define FLOATS_AS_KEYS 0
#define ID(name) FN(name##_u8)
#define RUN_SHAPES RUNS(1, 3) RUNS(1, 4) RUNS(1, 5) RUNS(3, 3) RUNS(4, 3)
#define NEAR_SHAPES NEAR(1, 1) NEAR(1, 2) NEAR(1, 3) NEAR(3, 1) NEAR(3, 2) NEAR(4, 1)
#define LEAST min_epu8
#define MOST max_epu8
#include "simd/morphology_samples.h"

#define SAMPLE u16
#define KEY u16
#define FLOATS_AS_KEYS 0
#define ID(name) FN(name##_u16)
#define RUN_SHAPES RUNS(2, 3) RUNS(2, 4) RUNS(6, 2) RUNS(8, 2)
#define NEAR_SHAPES NEAR(2, 1) NEAR(2, 2) NEAR(2, 3) NEAR(6, 1) NEAR(8, 1)
#define LEAST min_epu16
#define MOST max_epu16
#include "simd/morphology_samples.h"

#define SAMPLE f32
#define KEY i32
#define FLOATS_AS_KEYS 1
#define ID(name) FN(name##_f32)
#define RUN_SHAPES RUNS(4, 3)
#define NEAR_SHAPES NEAR(4, 1) NEAR(4, 2) NEAR(4, 3) NEAR(12, 1) NEAR(16, 1)
#define LEAST min_epi32
#define MOST max_epi32
#include "simd/morphology_samples.h"

#endif
