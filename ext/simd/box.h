/* What the kernels of the box filter share: the job, and exact division by the area of the window.

   Rows and columns of the padded image are counted from its first one, so the window of output (y, x) covers padded
   rows y ... y + 2 ry and padded columns x ... x + 2 rx. */
#ifndef IMGPROC_BOX_H
#define IMGPROC_BOX_H

#include "simd/borders.h"

typedef struct {
    const void *src;
    ptrdiff_t src_step; /* bytes */
    void *dst;
    ptrdiff_t dst_step;
    ptrdiff_t width; /* pixels */
    int channels;    /* 1, 3 or 4 */
    ptrdiff_t ry, rx;
    const i64 *rows, *columns; /* see borders.h */
    f64 fill;
    int normalize;
} Box;

/* floor((sum + half) / area), which is the rounded mean: the area is odd, so there are no ties. */
typedef struct {
    u32 multiplier, half;
    int shift;   /* of the high half of the product */
    f32 inverse; /* 0 where float32 does not separate the sums next to a half */
} Division;

/* A multiplier of `bits` bits that is exact for all sums up to area * top, if there is one.
   With e = multiplier * area - 2^p the quotient is exact while (sum + half) * e < 2^p. */
static UNUSED int plan_division(u64 area, u64 top, int bits, Division *division) {
    const u64 largest = area * top + area / 2, one = (u64)1 << bits;
    int log = 0;
    if (area > (u64)1 << 32 || largest >= one) return 0;
    while (area >> (log + 1)) log++;
    for (int shift = log; shift >= 0; shift--) {
        const u64 power = one << shift, multiplier = (power + area - 1) / area, excess = multiplier * area - power;
        if (multiplier >= one || (excess && largest > (power - 1) / excess)) continue;
        division->multiplier = (u32)multiplier;
        division->half = (u32)(area / 2);
        division->shift = shift;
        /* A mean below 256 gets an error below 2^-15 from inverse and product; sums keep 1 / (2 area) from a half. */
        division->inverse = top == 255 && area < 16384 ? 1.0f / (f32)area : 0;
        return 1;
    }
    return 0;
}

INLINE ptrdiff_t box_samples(const Box *box) { return box->width * box->channels; }
INLINE u64 box_area(const Box *box) { return (u64)(2 * box->ry + 1) * (u64)(2 * box->rx + 1); }

/* `dst` rows are as long as `src` rows; steps are in bytes. */
INLINE void *box_output(const Box *box, ptrdiff_t y) { return (char *)box->dst + y * box->dst_step; }

/* One row of `fill`. */
static UNUSED void fill_samples(void *row, ptrdiff_t n, f64 fill, size_t size) {
    for (ptrdiff_t i = 0; i < n; i++) {
        if (size == 1) ((u8 *)row)[i] = (u8)fill;
        if (size == 2) ((u16 *)row)[i] = (u16)fill;
        if (size == 4) ((f32 *)row)[i] = (f32)fill;
    }
}

/* Memory of a call in 64-byte aligned pieces: first every piece is counted with base NULL, then handed out. */
typedef struct {
    char *base;
    size_t used;
} Scratch;

INLINE void *scratch_piece(Scratch *scratch, size_t bytes) {
    void *piece = scratch->base ? scratch->base + scratch->used : NULL;
    scratch->used += (bytes + 63) & ~(size_t)63;
    return piece;
}

#endif
